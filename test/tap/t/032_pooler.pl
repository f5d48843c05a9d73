# The same program through PgBouncer in transaction mode, where each transaction may find itself on
# another server connection: with the statement cache on and off, and over a restart of the server.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PQEngineTest;
use Test::More;

my ($pgbouncer) = grep { -x } map { "$_/pgbouncer" } split(/:/, $ENV{PATH}), '/usr/sbin';
die 'PgBouncer is not installed (scripts/lib/install test brings it)' unless defined $pgbouncer;

my $program = build_program('load.c');

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', "fsync = off\nlog_statement = none\n");
$node->start;

# PgBouncer beside it: a socket in a folder of its own, five connections to the server.
my $user = (getpwuid($<))[0];
my $folder = new_folder();
my $port = PostgreSQL::Test::Cluster::get_free_port();
put("$folder/users", qq("$user" ""\n));
put("$folder/pgbouncer.ini", <<"INI");
[databases]
postgres = host=@{[ $node->host ]} port=@{[ $node->port ]} dbname=postgres

[pgbouncer]
listen_addr =
listen_port = $port
unix_socket_dir = $folder
auth_type = trust
auth_file = $folder/users
logfile = $folder/pgbouncer.log
pool_mode = transaction
default_pool_size = 5
server_login_retry = 1
ignore_startup_parameters = extra_float_digits
INI
# it writes a log, and nothing to a pipe that nobody reads
my $pooler = IPC::Run::start([ $pgbouncer, '-q', "$folder/pgbouncer.ini" ], '<', \'', '>', '/dev/null', '2>', '/dev/null');

# The database as seen through PgBouncer.
my $dsn = "host=$folder port=$port dbname=postgres user=$user";
my $there = 0;
for (1 .. 600)
{
	$there = run_log([ 'psql', '-X', '-q', '-d', $dsn, '-c', 'SELECT 1' ], '>', \my $out, '2>', \my $err);
	last if $there;
	select(undef, undef, undef, 0.1);
}
ok($there, 'PgBouncer answers') or diag(-e "$folder/pgbouncer.log" ? get("$folder/pgbouncer.log") : 'no log');

for my $cache (128, 0)
{
	$node->safe_psql('postgres', 'DROP TABLE IF EXISTS load; CREATE TABLE load (id bigint PRIMARY KEY)');
	my $end = new_folder() . '/end';
	my ($out, $err) = ('', '');
	my $run = IPC::Run::start([ $program, $dsn, 8, $end, $cache ], '<', \'', '>', \$out, '2>', \$err);

	ok($node->poll_query_until('postgres', 'SELECT count(*) > 500 FROM load'),
		"rows are written with a statement cache of $cache");
	$node->restart;
	my $count = $node->safe_psql('postgres', 'SELECT count(*) FROM load');
	ok($node->poll_query_until('postgres', "SELECT count(*) > $count + 200 FROM load"),
		'and after a restart of the server');
	is($node->safe_psql('postgres', 'SELECT count(*) BETWEEN 1 AND 5 FROM pg_stat_activity'
			  . " WHERE application_name = 'load'"),
		't', 'over the few connections of PgBouncer');
	put($end, '');
	$run->finish;
	is($run->full_result(0), 0, 'the program ends well') or diag($err);
	is($err, '', 'and without a word on stderr');
	like($out, qr/^done \d+, perhaps \d+, not done \d+, lost 0, ghosts 0, active 0, waiting 0$/,
		'nothing is lost, nothing comes back');
	note($out);
}

$pooler->kill_kill;
done_testing();
