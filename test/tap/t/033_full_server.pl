# A server whose max_connections are taken: the pool does with the connections that it gets, and no
# call fails for it; what it asks for in vain stays few; it grows when there is room.  Where there is
# no connection at all the engine is not made, and says why.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PQEngineTest;
use Test::More;

$| = 1;
my $program = build_program('crowd.c');

# Seven connections are for all, the others for superusers: by these the test itself gets in, while
# those that are about to be refused have one each for a moment.
my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->append_conf('postgresql.conf', <<'CONF');
fsync = off
log_statement = none
max_connections = 27
superuser_reserved_connections = 20
CONF
$node->start;
$node->safe_psql('postgres', <<'SQL');
CREATE ROLE app LOGIN;
CREATE SEQUENCE calls;
GRANT USAGE ON SEQUENCE calls TO app;
SQL
my $dsn = $node->connstr('postgres') . ' user=app';

# Guests take connections and do nothing with them.  One that does not get in tries again: the test's
# own sessions come and go.  Not for ever: a test that dies leaves them behind.
my @guests;
my $gone;

sub take_places
{
	my ($count) = @_;
	$gone = new_folder() . '/gone';
	my $guest = "n=0; until psql -X -q -d '$dsn application_name=guest' -c 'SELECT pg_sleep(3600)'; "
	  . "test -e $gone; do n=\$((n + 1)); test \$n -lt 600 || exit 1; sleep 0.1; done";
	$guest =~ s/dbname='(\w+)'/dbname=$1/;
	push @guests, spawn(new_folder() . '/guest', 'sh', '-c', $guest) for 1 .. $count;
	ok($node->poll_query_until('postgres',
			"SELECT count(*) = $count FROM pg_stat_activity WHERE application_name = 'guest'"),
		"$count connections are taken by others") or BAIL_OUT('the server gives no connections');
	return;
}

sub leave
{
	put($gone, '');
	$node->safe_psql('postgres',
		"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'guest'");
	is_deeply([ map { ended($_) } @guests ], [ (0) x @guests ], 'and leave again');
	@guests = ();
	return;
}

# A session that looks has the place of another while it looks.
sub connections
{
	my ($condition, $what) = @_;
	ok($node->poll_query_until('postgres',
			"SELECT count(*) $condition FROM pg_stat_activity WHERE application_name = 'crowd'"), $what);
	return;
}

sub goes_on
{
	my ($when) = @_;
	my $last = $node->safe_psql('postgres', 'SELECT last_value FROM calls');
	ok($node->poll_query_until('postgres', "SELECT last_value > $last + 500 FROM calls"),
		"calls are made $when");
	return;
}

for my $mode ('sync', 'async')
{
	my $files = new_folder() . '/run';
	my $end = "$files.end";
	my @command = ($program, $dsn, $mode, $end);

	take_places(7);
	is(ended(spawn($files, @command)), 3, "$mode: without any connection no engine is made");
	my $err = get("$files.err");
	like($err, qr/^PQE_ERR_CONNECTION 53300: cannot connect to database .*: /, 'which says why');
	like($err, qr/max_connections/, 'and what may help');
	leave();

	take_places(4);
	my $run = spawn($files, @command);
	goes_on('over the connections there are');
	connections('= 3', 'which are what the others have left');
	goes_on('while the pool asks for more in vain');
	leave();
	connections('> 4', 'the pool grows when there is room');
	goes_on('over all of them');
	put($end, '');
	is(ended($run), 0, 'the program ends well');
	is(get("$files.err"), '', 'and without a word on stderr');
	my $out = get("$files.out");
	like($out, qr/^done \d+, failed 0, attempts \d+, ms \d+$/, 'and no call has failed');
	note($out);

	# Eight at once at first, at a growing distance; then one at a time, each a second after the last,
	# but for jitter, and the rounds that begin anew when there was room.
	my ($attempts, $ms) = $out =~ /attempts (\d+), ms (\d+)/;
	cmp_ok($attempts // 1e9, '<=', 40 + 3 * ($ms // 0) / 1000, 'its attempts to connect were few');
	cmp_ok($attempts // 0, '>', 0, 'though there were some');
}

done_testing();
