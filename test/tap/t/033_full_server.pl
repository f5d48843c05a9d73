# A server that has fewer connections than the pool wants: what it has is used, the others wait, and
# when there is room again the pool takes it.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PQEngineTest;
use Test::More;

my $program = build_program('load.c');

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', <<'CONF');
fsync = off
log_statement = none
max_connections = 12
superuser_reserved_connections = 3
CONF
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE TABLE load (id bigint PRIMARY KEY);
CREATE ROLE app LOGIN CONNECTION LIMIT 4;
GRANT SELECT, INSERT ON load TO app;
SQL

my $end = new_folder() . '/end';
my ($out, $err) = ('', '');
my $run = IPC::Run::start([ $program, $node->connstr('postgres') . ' user=app', 32, $end ],
	'<', \'', '>', \$out, '2>', \$err);

ok($node->poll_query_until('postgres', 'SELECT count(*) > 1000 FROM load'),
	'rows are written over the connections there are');
cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'load'"),
	'<=', 4, 'which are not more than the role may have');
$node->safe_psql('postgres', 'ALTER ROLE app CONNECTION LIMIT -1');
ok($node->poll_query_until('postgres',
		"SELECT count(*) > 6 FROM pg_stat_activity WHERE application_name = 'load'"),
	'the pool grows when there is room');
cmp_ok($node->safe_psql('postgres', "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'load'"),
	'<=', 9, 'up to what the server has, the reserved ones left alone');
put($end, '');
$run->finish;
is($run->full_result(0), 0, 'the program ends well') or diag($err);
is($err, '', 'and without a word on stderr');
like($out, qr/^done \d+, perhaps 0, not done \d+, lost 0, ghosts 0, active 0, waiting 0$/,
	'no call may have run that did not');
note($out);

done_testing();
