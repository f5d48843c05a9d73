# The record of migrations outlives a dump and a restore, and belongs to the owner of the database.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PQEngineTest;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE ROLE owner LOGIN; CREATE ROLE other LOGIN; CREATE ROLE friend LOGIN');
$node->safe_psql('postgres', 'CREATE DATABASE shop OWNER owner');

my $folder = new_folder();
my $as_owner = $node->connstr('shop') . ' user=owner';
my @owner = ($node, 'shop', $folder);
my @login = ('--dsn', $as_owner);

# The owner, who is no superuser, does all of it.
put("$folder/migrations/20250101_000000_first.sql", "CREATE TABLE t (a int);\n-- pqengine:down\nDROP TABLE t;\n");
put("$folder/migrations/20250102_000000_second.sql", "-- pqengine:depends 20250101_000000\nCREATE INDEX CONCURRENTLY t_a ON t (a);\n");
succeeds('init as owner', @owner, 'init', @login);
is($node->safe_psql('shop', "SELECT extowner::regrole FROM pg_extension WHERE extname = 'pqengine'"), 'owner', 'the owner created the extension');
is($node->safe_psql('shop', "SELECT relowner = 10 FROM pg_class WHERE oid = 'pqengine.migration'::regclass"), 't', 'its tables belong to the superuser');
succeeds('upgrade as owner', @owner, 'upgrade', @login);
succeeds('status as owner', @owner, 'status', @login);
succeeds('history as owner', @owner, 'history', @login);
is($node->safe_psql('shop', 'SELECT string_agg(applied_by, \' \') FROM pqengine.migration'), 'owner owner', 'the record says who');

# Nobody else, until the owner says so.
refused('another role', 4, qr/role "other" lacks SELECT/, @owner, 'status', '--dsn', $node->connstr('shop') . ' user=other');
$node->safe_psql('shop', 'GRANT SELECT, INSERT, UPDATE, DELETE ON pqengine.migration, pqengine.migration_step TO friend;'
	  . ' GRANT SELECT ON pqengine.migration_status TO friend', extra_params => [ '-U', 'owner' ]);
succeeds('a role the owner let', @owner, 'status', '--dsn', $node->connstr('shop') . ' user=friend');
succeeds('a role the owner let, history', @owner, 'history', '--dsn', $node->connstr('shop') . ' user=friend');

# A new owner takes over.
$node->safe_psql('postgres', 'ALTER DATABASE shop OWNER TO other');
succeeds('the new owner', @owner, 'status', '--dsn', $node->connstr('shop') . ' user=other');
$node->safe_psql('postgres', 'ALTER DATABASE shop OWNER TO owner');

# Dump and restore, plain and custom, as superuser and as owner.
my $record = 'SELECT m::text FROM pqengine.migration m ORDER BY version';
my $steps = 'SELECT s::text FROM pqengine.migration_step s ORDER BY version, step';
my $record_before = $node->safe_psql('shop', $record);
my $steps_before = $node->safe_psql('shop', $steps);
my $dump = "$folder/dump";
my $number = 0;
for my $user ($node->safe_psql('postgres', 'SELECT current_user'), 'owner')
{
	for my $format ('plain', 'custom')
	{
		my $name = 'restored' . ++$number;
		$node->safe_psql('postgres', "CREATE DATABASE $name OWNER owner");
		$node->command_ok([ 'pg_dump', '-U', $user, '-F', $format, '-f', $dump, 'shop' ], "dump as $user, $format");
		$node->command_ok(
			$format eq 'plain'
			? [ 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-U', $user, '-d', $name, '-f', $dump ]
			: [ 'pg_restore', '--exit-on-error', '-U', $user, '-d', $name, $dump ],
			"restore as $user, $format");
		is($node->safe_psql($name, $record), $record_before, "the record is there, $format");
		is($node->safe_psql($name, $steps), $steps_before, "the steps are there, $format");
		is(succeeds('upgrade of the restored', $node, $name, $folder, 'upgrade', '--dsn', $node->connstr($name) . ' user=owner'),
			"Applied 0 migration(s)\n", 'nothing is applied twice');
	}
}

# The extension goes, and with it the record, but nothing else.
$node->safe_psql('restored1', 'DROP EXTENSION pqengine');
is($node->safe_psql('restored1', "SELECT to_regclass('t'), to_regclass('pqengine.migration')"), 't|', 'dropping the extension leaves the tables');

$node->stop;
done_testing();
