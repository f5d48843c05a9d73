# The schema engine on a hot standby, and when a call is cut short: what is kept of the models answers
# without writing, and a cancelled or killed call leaves no trace.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $primary = PostgreSQL::Test::Cluster->new('primary');
$primary->init(allows_streaming => 1);
$primary->start;
$primary->safe_psql('postgres', q{
	CREATE EXTENSION pqengine;
	CREATE SCHEMA app;
	CREATE TABLE app.t (i int PRIMARY KEY);
});
$primary->backup('base');
my $standby = PostgreSQL::Test::Cluster->new('standby');
$standby->init_from_backup($primary, 'base', has_streaming => 1);
$standby->start;

my $models = 'CREATE SCHEMA app; CREATE TABLE app.t (i int PRIMARY KEY, j text);';
my $drift = "SELECT change, kind, object FROM pqengine.drift('$models')";
my $plan = "SELECT statement FROM pqengine.plan('$models')";

sub refused_on_standby
{
	my ($sql) = @_;
	my ($code, $out, $err) = $standby->psql('postgres', $sql);
	isnt($code, 0, "refused on a standby: $sql");
	return $err;
}

# Nobody has built these models yet, and a standby cannot.
like(refused_on_standby($drift), qr/read-only|recovery/, 'the error says that nothing can be written');
is($standby->safe_psql('postgres', 'SELECT length(pqengine.export()) > 0, pqengine.fingerprint() IS NOT NULL'),
	't|t', 'export and fingerprint need no writing');

# Once the primary has, the standby answers from what was kept.
is($primary->safe_psql('postgres', $drift), 'missing|column|app.t.j', 'drift on the primary');
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', $drift), 'missing|column|app.t.j', 'drift on the standby');
is($standby->safe_psql('postgres', $plan), 'ALTER TABLE app.t ADD COLUMN j text', 'plan on the standby');
like(refused_on_standby("SELECT * FROM pqengine.ensure_tables('$models')"), qr/read-only|recovery/, 'ensure_tables on the standby');

# It follows what the primary does.
$primary->safe_psql('postgres', 'ALTER TABLE app.t ADD COLUMN j text');
is($primary->safe_psql('postgres', $drift), '', 'no drift on the primary');
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', $drift), '', 'no drift on the standby');
$primary->safe_psql('postgres', 'ALTER TABLE app.t ADD COLUMN k text');
$primary->wait_for_catchup($standby);
is($standby->safe_psql('postgres', $drift), 'unexpected|column|app.t.k', 'a change is seen on the standby');
$standby->stop;

# A call that is cut short in the middle of a realization.  The models hold it open: a partition's bound calls a
# function that waits for a lock of another session.
$primary->safe_psql('postgres', q{
	CREATE SCHEMA gate;
	CREATE FUNCTION gate.pass() RETURNS int LANGUAGE plpgsql VOLATILE AS
		'BEGIN PERFORM pg_advisory_lock_shared(44); RETURN 1; END';
});
my $slow = $models . 'CREATE TABLE app.p (i int) PARTITION BY RANGE (i); CREATE TABLE app.p1 PARTITION OF app.p FOR VALUES FROM (gate.pass()) TO (10)';
my $gate = $primary->background_psql('postgres');
$gate->query_safe('SELECT pg_advisory_lock(44)');
my $trace = q{
	SELECT string_agg(nspname, ',' ORDER BY nspname) FROM pg_namespace WHERE nspname ~ 'app|swap'
	UNION ALL SELECT count(*)::text FROM pg_class WHERE relnamespace = 'app'::regnamespace
	UNION ALL SELECT count(*)::text FROM pqengine.snapshot
	UNION ALL SELECT pqengine.fingerprint('{app}')
};
my $before = $primary->safe_psql('postgres', $trace);

for my $end ('pg_cancel_backend', 'pg_terminate_backend')
{
	my ($out, $err) = ('', '');
	my $run = IPC::Run::start([ 'psql', '-XAtq', '-d', $primary->connstr('postgres'), '-c', "SELECT * FROM pqengine.plan('$slow')" ],
		'<', \'', '>', \$out, '2>', \$err);
	$primary->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 44")
	  or die 'the realization does not get to the gate';
	$primary->safe_psql('postgres', "SELECT $end(pid) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 44");
	IPC::Run::finish($run);
	isnt($?, 0, "$end ends the call");
	like($err, qr/canceling statement|terminating connection/, "... and says so");
	is($primary->safe_psql('postgres', $trace), $before, '... which leaves no trace');
	is($primary->safe_psql('postgres', "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND objid <> 44"), '0', '... and no lock');
}
$gate->quit;
is($primary->safe_psql('postgres', $drift), 'unexpected|column|app.t.k', 'the next call goes through');

# The server stops at once in the middle of one.
$gate = $primary->background_psql('postgres');
$gate->query_safe('SELECT pg_advisory_lock(44)');
my ($out, $err) = ('', '');
my $run = IPC::Run::start([ 'psql', '-XAtq', '-d', $primary->connstr('postgres'), '-c', "SELECT * FROM pqengine.plan('$slow')" ],
	'<', \'', '>', \$out, '2>', \$err);
$primary->poll_query_until('postgres', "SELECT count(*) = 1 FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND objid = 44")
  or die 'the realization does not get to the gate';
$primary->stop('immediate');
IPC::Run::finish($run);
$primary->start;
is($primary->safe_psql('postgres', $trace), $before, 'a crash in the middle of a realization leaves no trace');
is($primary->safe_psql('postgres', $drift), 'unexpected|column|app.t.k', '... and the next call goes through');

done_testing();
