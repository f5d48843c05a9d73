# A program may start on a hot standby whose primary is up to date: it looks, and writes nothing.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PQEngineTest;
use Test::More;

my $program = build_program('starter.c');
my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
$primary->backup('backup');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'backup', has_streaming => 1);
$standby->start;

my $folder = new_folder();
put("$folder/models/users.sql", "CREATE TABLE users (id int PRIMARY KEY, email text);\nCREATE INDEX users_email ON users (email);\n");

sub start_program
{
	my ($node, @arguments) = @_;
	my $err = '';
	IPC::Run::run([ $program, $node->connstr('shop'), 'models', @arguments ], '<', \'', '2>', \$err,
		init => sub { chdir $folder or die "$folder: $!" });
	return ($? >> 8, $err);
}

my ($code, $err) = start_program($primary, 'migrations');
is($code, 0, 'the primary is migrated') or diag($err);
$primary->wait_for_catchup($standby);

($code, $err) = start_program($standby, 'migrations');
is($code, 0, 'a program with migrations starts on the standby') or diag($err);
unlike($err, qr/differs|Applied|Auto-generated/, 'and finds nothing to do');
($code, $err) = start_program($standby);
is($code, 0, 'one without migrations, too') or diag($err);
unlike($err, qr/differs|Created/, 'and finds nothing to do');

is(succeeds('drift on the standby', $standby, 'shop', $folder, 'drift'), '', 'no drift on the standby');
like(succeeds('status on the standby', $standby, 'shop', $folder, 'status'), qr/^\d{8}_\d{6}  applied/, 'the record is there');

$primary->safe_psql('shop', 'DROP INDEX users_email');
$primary->wait_for_catchup($standby);
($code, $err) = start_program($standby);
is($code, 1, 'where something is missing it does not start');
like($err, qr/read-only transaction\nThe first of 1 missing: index public\.users_email/, 'and says what is missing');
$primary->safe_psql('shop', 'CREATE INDEX users_email ON users (email)');
put("$folder/models/more.sql", "CREATE TABLE later ();\n");
($code, $err) = start_program($standby);
is($code, 1, 'models that the primary has not seen cannot be built');
like($err, qr/read-only transaction/, 'and the message says why');
unlink "$folder/models/more.sql";

# What is to be done cannot be done there, and says so.
put("$folder/migrations/29990101_000000_more.sql", "CREATE TABLE more ();\n");
refused('upgrade on the standby', 5, qr/read-only transaction|during recovery/, $standby, 'shop', $folder, 'upgrade');
succeeds('upgrade on the primary', $primary, 'shop', $folder, 'upgrade');

$standby->stop;
$primary->stop;
done_testing();
