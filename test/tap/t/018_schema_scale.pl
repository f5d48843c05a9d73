# The schema engine where the lock table is small, where calls are cut short at any point, and where a
# transaction sees the database as it was.

use strict;
use warnings;

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('small');
$node->init;
$node->append_conf('postgresql.conf', "max_connections = 10\nmax_locks_per_transaction = 10\n");
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION pqengine');
my $capacity = 10 * $node->safe_psql('postgres', "SELECT sum(setting::int) + 1 FROM pg_settings
	WHERE name IN ('max_connections', 'autovacuum_max_workers', 'max_worker_processes', 'max_wal_senders', 'max_prepared_transactions')");

# What a call that fails must not leave behind, in the session that made it and in the database.
my $trace = q{
	SELECT string_agg(nspname, ',' ORDER BY nspname) FROM pg_namespace WHERE nspname !~ '^pg_'
	UNION ALL SELECT count(*)::text FROM pg_locks WHERE locktype = 'advisory'
	UNION ALL SELECT concat_ws(',', current_user, session_user, current_setting('search_path'),
		current_setting('check_function_bodies'), current_setting('client_min_messages'), current_setting('work_mem'))
	UNION ALL SELECT pqengine.fingerprint('{app}')};

my $tables = 300;
my $models = 'CREATE SCHEMA app;' . join('',
	map { "CREATE TABLE app.t$_ (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text UNIQUE, up int REFERENCES app.t"
		  . ($_ > 1 ? $_ - 1 : 1) . ');' . "CREATE VIEW app.v$_ AS SELECT a.id, b.name FROM app.t$_ a, app.t"
		  . ($_ > 1 ? $_ - 1 : 1) . ' b;' } 1 .. $tables);

my ($code, $out, $err) = $node->psql('postgres', "BEGIN; $models COMMIT");
like($err, qr/out of shared memory/, "the server itself cannot make $tables tables in one transaction");

is($node->safe_psql('postgres', "SELECT count(*) > $tables FROM pqengine.plan('$models')"), 't', 'plan can build them');
is($node->safe_psql('postgres', "SELECT count(*) FROM pqengine.ensure_tables('$models')") >= 2 * $tables, 1, 'ensure_tables can create them');
is($node->safe_psql('postgres', "SELECT count(*) FROM pqengine.drift('$models')"), '0', 'there is no drift then');
is($node->safe_psql('postgres', "SELECT bool_and(ok) FROM pqengine.prove('$models CREATE TABLE app.more (i int PRIMARY KEY); ALTER TABLE app.t1 ADD COLUMN added text;')"),
	't', 'prove can copy them');
is($node->safe_psql('postgres', "SELECT length(pqengine.export('{app}')) > 100 * $tables"), 't', 'export can read them');
unlike(slurp_file($node->logfile), qr/you don't own a lock/, 'only locks that were held have been given back');

# What cannot do with the locks that there are is told so, in numbers.
my $before = $node->safe_psql('postgres', $trace);
($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT * FROM pqengine.prove('$models', 5)");
like($err, qr/53200: a rehearsal with rows of $tables tables needs \d+ locks, more than the server has room for/, 'a rehearsal that needs too many');
like($err, qr/room for $capacity locks of all sessions, and \d+ are in use \(max_locks_per_transaction = 10/, '... says how many there are');
like($err, qr/HINT:  Set max_locks_per_transaction to \d+ or more, and restart/, '... and what to set');
is($node->safe_psql('postgres', $trace), $before, '... and leaves no trace');

my $wide = 'CREATE SCHEMA app; CREATE TABLE app.p (i int) PARTITION BY LIST (i);' . join('',
	map { "CREATE TABLE app.p$_ PARTITION OF app.p FOR VALUES IN ($_);" } 1 .. 2000) . 'CREATE INDEX p_i ON app.p (i);';
($code, $out, $err) = $node->psql('postgres', "\\set VERBOSITY verbose\nSELECT * FROM pqengine.plan('$wide')");
like($err, qr/53200: models:1: out of shared memory: the server has room for $capacity locks, and this statement needs more than the \d+/,
	'one statement that needs too many');
like($err, qr/DETAIL:  \d+ locks are in use, \d+ of them by this session.*\n.*HINT:  Set max_locks_per_transaction to \d+ or more/, '... says how many, and what to set');
is($node->safe_psql('postgres', $trace), $before, '... and leaves no trace');
is($node->safe_psql('postgres', "SELECT count(*) FROM pqengine.drift('$models')"), '0', '... and the next call goes through');
$node->stop;

# Calls are cut short at many points, by a timeout that grows until the call comes to its end.
$node = PostgreSQL::Test::Cluster->new('plain');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION pqengine');
$tables = 20;
$models = 'CREATE SCHEMA app;' . join('',
	map { "CREATE TABLE app.t$_ (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text UNIQUE);" } 1 .. $tables);
$node->safe_psql('postgres', $models);
my $changed = $models . 'ALTER TABLE app.t1 ADD COLUMN added text; CREATE TABLE app.other (i int);';
$before = $node->safe_psql('postgres', $trace);
for my $call ("SELECT count(*) FROM pqengine.plan('$changed')", "SELECT count(*) FROM pqengine.drift('$changed')",
	"SELECT count(*) FROM pqengine.prove('$changed', 1)", "SELECT length(pqengine.export('{app}'))",
	"BEGIN; SELECT count(*) FROM pqengine.ensure_tables('$changed'); ROLLBACK")
{
	my ($name) = $call =~ /pqengine\.(\w+)/;
	my ($cut, $done, $traces) = (0, 0, 0);
	for (my $timeout = 2; !$done; $timeout = int($timeout * 1.3) + 1)
	{
		# a session that goes on after the error, as an application's does; nothing is kept from call to call
		($code, $out, $err) = $node->psql('postgres', "DELETE FROM pqengine.snapshot;\nSET statement_timeout = $timeout;\n$call;\nROLLBACK;\nRESET statement_timeout;\n$trace;", on_error_stop => 0);
		$done = $err !~ /ERROR/;
		$cut++ if !$done && $err =~ /canceling statement due to statement timeout/;
		$traces++ if index($out, $before) < 0;
	}
	ok($cut > 0, "$name was cut short ($cut times)");
	is($traces, 0, '... which left no trace');
}

# An old snapshot of the caller's does not make an answer, or what is kept of it, an old one.
is($node->safe_psql('postgres', "SELECT count(*) FROM pqengine.drift('$models')"), '0', 'no drift');
my $old = $node->background_psql('postgres');
$old->query_safe('BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT 1');
$node->safe_psql('postgres', 'ALTER TABLE app.t1 DROP COLUMN name');
is($old->query_safe("SELECT change, object FROM pqengine.drift('$models') WHERE kind = 'column'"), 'missing|app.t1.name', 'a change since the snapshot is seen');
$old->query_safe('COMMIT');
$old->quit;
is($node->safe_psql('postgres', "SELECT count(*) > 0 FROM pqengine.drift('$models')"), 't', '... by others, too');
$node->safe_psql('postgres', 'ALTER TABLE app.t1 ADD COLUMN name text UNIQUE');

# What moves the catalogs' rows about, or ages them, changes no answer.
is($node->safe_psql('postgres', "SELECT count(*) FROM pqengine.drift('$models')"), '0', 'no drift');
for my $upkeep ('VACUUM FULL pg_class', 'VACUUM FULL pg_attribute; VACUUM FULL pg_type; VACUUM FULL pg_constraint; VACUUM FULL pg_depend',
	'VACUUM (FREEZE)', 'REINDEX SYSTEM postgres', 'ANALYZE', 'VACUUM FULL')
{
	$node->safe_psql('postgres', $_) for split /; /, $upkeep;
	is($node->safe_psql('postgres', "SELECT count(*) FROM pqengine.drift('$models')"), '0', "no drift after $upkeep");
	$node->safe_psql('postgres', 'ALTER TABLE app.t2 ALTER COLUMN name SET NOT NULL');
	is($node->safe_psql('postgres', "SELECT object, property FROM pqengine.drift('$models')"), 'app.t2.name|not_null', '... and a change is seen');
	$node->safe_psql('postgres', 'ALTER TABLE app.t2 ALTER COLUMN name DROP NOT NULL');
	is($node->safe_psql('postgres', "SELECT count(*) FROM pqengine.drift('$models')"), '0', '... as is its being taken back');
}
$node->stop;

done_testing();
