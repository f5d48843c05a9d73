# A program that writes from eight threads while its server is restarted, crashes, and ends its
# sessions: every call either succeeds or says whether it may have run, and the pool recovers.
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
$node->append_conf('postgresql.conf', "fsync = off\nlog_statement = none\n");
$node->start;
$node->safe_psql('postgres', 'CREATE TABLE load (id bigint PRIMARY KEY)');

my $end = new_folder() . '/end';
my ($out, $err) = ('', '');
my $run = IPC::Run::start([ $program, $node->connstr('postgres'), 8, $end ],
	'<', \'', '>', \$out, '2>', \$err);

# Waits until some more rows have been written: the program works.
sub works
{
	my ($when) = @_;
	my $count = $node->safe_psql('postgres', 'SELECT count(*) FROM load');
	ok($node->poll_query_until('postgres', "SELECT count(*) > $count + 200 FROM load"),
		"rows are written $when");
	return;
}

works('at first');
$node->restart;
works('after a restart');
$node->stop('immediate');
$node->start;
works('after a crash');
for my $round (1 .. 20)
{
	$node->safe_psql('postgres',
		'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid()'
		  . " AND application_name = 'load'");
}
works('after a storm of terminated sessions');
$node->stop('fast');
$node->start;
works('after a pause');

put($end, '');
$run->finish;
is($run->full_result(0), 0, 'the program ends well') or diag($err);
is($err, '', 'and without a word on stderr');
like($out, qr/^done \d+, perhaps \d+, not done \d+, lost 0, ghosts 0, active 0, waiting 0$/,
	'no row that was reported done is lost, none that was reported not done is there');
note($out);

done_testing();
