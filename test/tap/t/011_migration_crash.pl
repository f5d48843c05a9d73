# Migrations whose run dies: the client killed, its session terminated, the server gone, a lock not
# to be had.  Each is resumed where it stopped.
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
# dead clients are to be noticed late, as by default
$node->append_conf('postgresql.conf', "max_prepared_transactions = 2\n");
$node->start;

my $number = 0;
my ($database, $folder, @on);

# A fresh database with a table, and a migration to be applied to it.
sub fresh
{
	my ($migration) = @_;
	$number++;
	$database = "crash$number";
	$folder = new_folder();
	@on = ($node, $database, $folder);
	$node->safe_psql('postgres', "CREATE DATABASE $database");
	$node->safe_psql($database, 'CREATE EXTENSION pqengine; CREATE TABLE t (a int); INSERT INTO t SELECT generate_series(1, 100)');
	put("$folder/migrations/20250101_000000_m.sql", $migration);
	return;
}

sub record
{
	return $node->safe_psql($database, 'SELECT status, steps_done FROM pqengine.migration_status');
}

sub index_state
{
	return $node->safe_psql($database,
		"SELECT string_agg(c.relname || ' ' || i.indisvalid, ', ' ORDER BY c.relname)"
		. " FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = 't'::regclass");
}

# Holds a row lock of the table in an open transaction: index builds wait for it.
sub hold_table
{
	my $holder = $node->background_psql($database, on_error_stop => 1);
	$holder->query_safe('BEGIN; UPDATE t SET a = a WHERE a = 1');
	return $holder;
}

sub wait_for_build
{
	$node->poll_query_until($database,
		"SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'CREATE%INDEX CONCURRENTLY%' AND wait_event_type = 'Lock'")
	  or die 'the index build does not come to wait';
	return;
}

my $three = <<'SQL';
CREATE TABLE before (a int);
CREATE INDEX CONCURRENTLY t_a ON t (a);
CREATE TABLE after (a int);
SQL

note 'the client is killed while the server builds an index: the server goes on';
fresh($three);
my $holder = hold_table();
my $run = start_pqengine(@on, 'upgrade');
wait_for_build();
is(record(), 'running|1', 'the first stretch is committed');
kill 'KILL', $run->{handle}->{KIDS}[0]{PID};
my ($code) = finish($run);
is($code, 'signal 9', 'the client is dead');
my $second = start_pqengine(@on, 'upgrade', '--verbose');
$node->poll_query_until($database,
	"SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%migration_leftover%' AND pid <> pg_backend_pid()")
  or die 'the second run does not come to the step';
is($node->safe_psql($database, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND state = 'active'"),
	'1', 'the dead run still builds, the second does not');
$holder->query_safe('COMMIT');
$holder->quit;
($code, my $out, my $err) = finish($second);
is($code, 0, 'the second run ends well');
like($err, qr/goes on where it stopped/, 'it says that it goes on');
like($err, qr/step 2 had been done by the run that died/, 'it finds the index built by the dead run');
is(record(), 'applied|3', 'all is applied');
is(index_state(), 't_a true', 'one valid index');
is($node->safe_psql($database, 'SELECT count(*) FROM after'), '0', 'the last step was run');

note 'the session is terminated in the middle of a build: an invalid index is left';
fresh($three);
$holder = hold_table();
$run = start_pqengine(@on, 'upgrade');
wait_for_build();
$node->safe_psql($database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%'");
($code, $out, $err) = finish($run);
is($code, 3, 'a lost connection is told as such');
like($err, qr/terminating connection/, 'in the words of the server');
is(record(), 'running|1', 'the record knows how far it came');
is(index_state(), 't_a false', 'an invalid index is left');
$holder->query_safe('COMMIT');
$holder->quit;
like((pqengine(@on, 'status'))[1], qr/^20250101_000000  running .*its run began at .* and did not end$/m, 'status tells');
($code, $out, $err) = pqengine(@on, 'upgrade', '--verbose');
is($code, 0, 'the next run ends well');
like($err, qr/drops an invalid index .*: DROP INDEX CONCURRENTLY public\.t_a$/m, 'it drops the invalid index first');
is(record(), 'applied|3', 'all is applied');
is(index_state(), 't_a true', 'the index is valid now');

note 'a build that fails on the data: mended, it goes on';
fresh("INSERT INTO t VALUES (1);\nCREATE UNIQUE INDEX CONCURRENTLY t_u ON t (a);\nCREATE TABLE after ();\n");
refused('duplicates', 5, qr/_m\.sql:2: could not create unique index "t_u"\nDETAIL:  Key \(a\)=\(1\) is duplicated/, @on, 'upgrade');
is(record(), 'failed|1', 'failed, with one step done');
like($node->safe_psql($database, 'SELECT error FROM pqengine.migration'), qr/could not create unique index/, 'the record has the cause');
refused('still', 5, qr/could not create unique index/, @on, 'upgrade');
is(index_state(), 't_u false', 'never more than one invalid index');
is($node->safe_psql($database, 'SELECT count(*) FROM t WHERE a = 1'), '2', 'what is done is not done again');
refused('a done step is changed', 5, qr/step 1 of migration 20250101_000000 has been changed after it was run/,
	changed("INSERT INTO t VALUES (7);\nCREATE UNIQUE INDEX CONCURRENTLY t_u ON t (a);\n"));
put("$folder/migrations/20250101_000000_m.sql",
	"INSERT INTO t VALUES (1);\nDELETE FROM t WHERE ctid IN (SELECT min(ctid) FROM t WHERE a = 1);\n"
	. "CREATE UNIQUE INDEX CONCURRENTLY t_u ON t (a);\nCREATE TABLE after ();\n");
succeeds('mended', @on, 'upgrade');
is(record(), 'applied|4', 'all is applied');
is(index_state(), 't_u true', 'the index is valid');

sub changed
{
	my ($text) = @_;
	put("$folder/migrations/20250101_000000_m.sql", $text);
	return (@on, 'upgrade');
}

note 'the server dies in a transaction: nothing is left of it';
fresh("CREATE TABLE before ();\nSELECT pg_sleep(1000);\n");
$run = start_pqengine(@on, 'upgrade');
$node->poll_query_until($database, "SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep%'")
  or die 'the step does not begin';
$node->stop('immediate');
($code, $out, $err) = finish($run);
is($code, 3, 'a lost server is a lost connection');
$node->start;
is($node->safe_psql($database, "SELECT to_regclass('before'), (SELECT count(*) FROM pqengine.migration)"), '|0',
	'neither table nor record');
put("$folder/migrations/20250101_000000_m.sql", "CREATE TABLE before ();\n");
succeeds('after the crash', @on, 'upgrade');
is(record(), 'applied|1', 'it is applied');

note 'the client is killed in a transaction: the next waits for the server to notice, and does it';
fresh("CREATE TABLE before ();\nLOCK TABLE t;\n");
$holder = hold_table();
$run = start_pqengine(@on, 'upgrade', '--lock-timeout', '0');
$node->poll_query_until($database,
	"SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE 'LOCK TABLE%' AND wait_event_type = 'Lock'")
  or die 'the step does not come to wait';
kill 'KILL', $run->{handle}->{KIDS}[0]{PID};
finish($run);
$second = start_pqengine(@on, 'upgrade', '--lock-timeout', '0');
$node->poll_query_until($database,
	"SELECT count(*) = 1 FROM pg_stat_activity WHERE query LIKE '%migration_begin%' AND wait_event_type = 'Lock'")
  or die 'the second run does not come to wait for the first';
$holder->query_safe('COMMIT');
$holder->quit;
($code, $out, $err) = finish($second);
is("$code: $err", '0: ', 'the second run ends well');
is(record(), 'applied|2', 'it is applied once');

note 'a lock that is not to be had: gives way, tries again';
fresh("ALTER TABLE t ADD COLUMN b int;\n");
$holder = hold_table();
$run = start_pqengine(@on, 'upgrade', '--lock-timeout', '50', '--verbose');
$run->{handle}->pump until $run->{err} =~ /gives way and tries again .*attempt 2 of/;
is($node->safe_psql($database, 'SELECT count(*) FROM pqengine.migration'), '0', 'between attempts nothing is held');
$holder->query_safe('COMMIT');
$holder->quit;
($code, $out, $err) = finish($run);
is($code, 0, 'it ends well once the lock is free');
is(record(), 'applied|1', 'it is applied');

note 'a lock that never comes free';
fresh("ALTER TABLE t ADD COLUMN b int;\n");
$holder = hold_table();
refused('gives up', 5, qr/_m\.sql:1: canceling statement due to lock timeout/, @on, 'upgrade', '--lock-timeout', '1', '--lock-attempts', '3');
$holder->quit;
is($node->safe_psql($database, 'SELECT count(*) FROM pqengine.migration'), '0', 'nothing is left');

note 'Ctrl-C cancels the statement, and ends in order';
fresh($three);
$holder = hold_table();
$run = start_pqengine(@on, 'upgrade');
wait_for_build();
kill 'INT', $run->{handle}->{KIDS}[0]{PID};
($code, $out, $err) = finish($run);
is($code, 5, 'it ends as a migration that failed');
like($err, qr/_m\.sql:2: canceling statement due to user request/, 'and says why');
is($node->safe_psql($database, "SELECT count(*) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%' AND state = 'active'"),
	'0', 'the server builds no more');
$holder->query_safe('COMMIT');
$holder->quit;
is(record(), 'failed|1', 'the record knows');
succeeds('afterwards', @on, 'upgrade');
is(record(), 'applied|3', 'it goes on afterwards');
is(index_state(), 't_a true', 'with a valid index');

note 'a timeout for statements is not one for migrations';
my $check = "DO \$\$ BEGIN ASSERT current_setting('statement_timeout') = '0'; END \$\$;\n";
fresh("$check-- pqengine:no-transaction\n$check");
$node->safe_psql('postgres', "ALTER DATABASE $database SET statement_timeout = '1h'");
succeeds('long steps', @on, 'upgrade');

note 'a program waits for the lock of another, and neither stops an index build';
fresh("CREATE INDEX CONCURRENTLY t_a ON t (a);\n");
$holder = hold_table();
$run = start_pqengine(@on, 'upgrade');
wait_for_build();
my @waiting = map { start_pqengine(@on, 'upgrade', '--verbose') } 1 .. 3;
for my $waiter (@waiting)
{
	$waiter->{handle}->pump until $waiter->{err} =~ /Waiting for another program that migrates/;
}
$holder->query_safe('COMMIT');
$holder->quit;
($code, $out) = finish($run);
is("$code $out", "0 applied 20250101_000000 m (1 step(s))\nApplied 1 migration(s)\n", 'the first applies it');
for my $waiter (@waiting)
{
	($code, $out) = finish($waiter);
	is("$code $out", "0 Applied 0 migration(s)\n", 'those that waited find nothing to do');
}

note 'a downgrade that dies is finished by the next';
fresh("CREATE TABLE x (a int);\n-- pqengine:down\nDROP TABLE x;\n-- pqengine:no-transaction\nCREATE INDEX CONCURRENTLY back ON t (a);\nINSERT INTO t VALUES (-1);\n");
succeeds('up', @on, 'upgrade');
$holder = hold_table();
$run = start_pqengine(@on, 'downgrade');
wait_for_build();
$node->safe_psql($database, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'CREATE INDEX CONCURRENTLY%'");
($code) = finish($run);
is($code, 3, 'it dies');
$holder->query_safe('COMMIT');
$holder->quit;
is(record(), 'reverting|1', 'half reverted');
refused('upgrade', 5, qr/migration 20250101_000000 is half reverted/, @on, 'upgrade');
succeeds('downgrade again', @on, 'downgrade');
is(record(), 'rolled_back|3', 'reverted');
is($node->safe_psql($database, "SELECT to_regclass('x'), (SELECT count(*) FROM t WHERE a = -1)"), '|1', 'each step once');

$node->stop;
done_testing();
