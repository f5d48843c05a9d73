# A program that writes from eight threads through a DSN of two hosts while the primary dies and its
# standby is promoted, and later while the new primary turns read-only and the other takes over: no
# write that was reported done is lost, and no session stays on a server that takes no writes.  Who
# asked for a standby leaves it when it is promoted.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PQEngineTest;
use Test::More;

my $program = build_program('load.c');
my $sessions = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'load'";

my $one = PostgreSQL::Test::Cluster->new('one');
$one->init(allows_streaming => 1);
$one->append_conf('postgresql.conf', "fsync = off\nlog_statement = none\nwal_log_hints = on\n");
$one->start;
$one->safe_psql('postgres', 'CREATE TABLE load (id bigint PRIMARY KEY)');

# The second server: a standby without which the first reports nothing done.
sub standby_of
{
	my ($primary, $name) = @_;
	my $standby = PostgreSQL::Test::Cluster->new($name);
	$primary->backup($name);
	$standby->init_from_backup($primary, $name, has_streaming => 1);
	$standby->start;
	$primary->safe_psql('postgres', "ALTER SYSTEM SET synchronous_standby_names = '*'");
	$primary->reload;
	$primary->poll_query_until('postgres',
		"SELECT count(*) = 1 FROM pg_stat_replication WHERE sync_state = 'sync'")
	  or die 'no synchronous standby';
	return $standby;
}

sub start_load
{
	my ($end, @nodes) = @_;
	my $dsn = sprintf 'host=%s port=%s dbname=postgres target_session_attrs=read-write',
	  join(',', map { $_->host } @nodes), join(',', map { $_->port } @nodes);
	my $load = { out => '', err => '', end => $end };
	$load->{run} = IPC::Run::start([ $program, $dsn, 8, $end ],
		'<', \'', '>', \$load->{out}, '2>', \$load->{err});
	return $load;
}

sub end_load
{
	my ($load, $where) = @_;
	put($load->{end}, '');
	$load->{run}->finish;
	is($load->{run}->full_result(0), 0, "the program ends well $where") or diag($load->{err});
	is($load->{err}, '', 'and without a word on stderr');
	like($load->{out}, qr/^done \d+, perhaps \d+, not done \d+, lost 0, ghosts 0, active 0, waiting 0$/,
		'no row that was reported done is lost, none that was reported not done is there');
	note($load->{out});
	return;
}

# Waits until some more rows have been written there.
sub works
{
	my ($node, $when) = @_;
	my $count = $node->safe_psql('postgres', 'SELECT count(*) FROM load');
	ok($node->poll_query_until('postgres', "SELECT count(*) > $count + 200 FROM load"),
		"rows are written $when");
	return;
}

# The primary dies.
my $two = standby_of($one, 'two');
my $load = start_load(new_folder() . '/end', $one, $two);
works($one, 'to the primary');
is($two->safe_psql('postgres', $sessions), 0, 'no session is kept on the standby');
my $reader = { out => '', err => '' };
$reader->{run} = IPC::Run::start(
	[ build_program('role.c'), $two->connstr('postgres') . ' target_session_attrs=standby' ],
	'<', \'', '>', \$reader->{out}, '2>', \$reader->{err});
$reader->{run}->pump until $reader->{out} =~ /there/ || !$reader->{run}->pumpable;
$one->stop('immediate');
$two->promote;
works($two, 'to the promoted standby');
$reader->{run}->finish;
is($reader->{out}, "there\nleft 1, broken 0\n", 'who asked for a standby has left it')
  or diag($reader->{err});
end_load($load, 'after the failover');

# The primary is still there, but takes no writes any more; the other one does.
$two->safe_psql('postgres', 'ALTER SYSTEM RESET synchronous_standby_names');
$two->reload;
my $three = standby_of($two, 'three');
$two->safe_psql('postgres', 'TRUNCATE load');
$load = start_load(new_folder() . '/end', $two, $three);
works($two, 'to the second primary');
$two->safe_psql('postgres', 'ALTER SYSTEM SET default_transaction_read_only = on');
$two->reload;
# what is in flight still arrives there, then it is left
ok($two->poll_query_until('postgres', "SELECT ($sessions) = 0"),
	'the sessions on a server that turned read-only are closed');
$two->wait_for_catchup($three, 'replay', $two->lsn('insert'));
$three->promote;
works($three, 'to the third');
is($two->safe_psql('postgres', $sessions), 0, 'and none came back to the read-only one');
end_load($load, 'after the switch');

done_testing();
