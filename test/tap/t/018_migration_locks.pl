# Migrations on a server whose lock table is small: what they make needs few locks, what they drop or
# alter is counted before anything is begun, and what a statement takes beyond that is told.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PQEngineTest;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('small');
$node->init;
$node->append_conf('postgresql.conf', "max_connections = 10\nmax_locks_per_transaction = 10\n");
$node->start;

my $folder = new_folder();
my @on = ($node, 'postgres', $folder);
my $tables = 300;
my $up = join '', map { "CREATE TABLE t$_ (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text UNIQUE);\nCREATE VIEW v$_ AS SELECT name FROM t$_;\n" }
  1 .. $tables;
my $down = join '', map { "DROP TABLE t$_ CASCADE;\n" } 1 .. $tables;

sub migration
{
	my ($version, $message, $there, $back) = @_;
	put("$folder/migrations/${version}_$message.sql",
		"-- pqengine:version $version\n-- pqengine:message $message\n\n-- pqengine:up\n$there\n-- pqengine:down\n$back");
	return;
}

my ($code, $out, $err) = $node->psql('postgres', "BEGIN; $up COMMIT");
like($err, qr/out of shared memory/, "the server itself cannot make $tables tables in one transaction");

succeeds('init', @on, 'init');
migration('20250101_000000', 'tables', $up, $down);
succeeds('upgrade makes them in one', @on, 'upgrade');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'v')}),
	2 * $tables, 'all are there');
unlike(slurp_file($node->logfile), qr/you don't own a lock/, 'only locks that were held have been given back');

# what is there needs its locks
my $needs = qr/migration \d+_\d+ needs \d+ locks, more than the server has room for.*There is room for \d+ locks.*\(max_locks_per_transaction = 10, .*Set max_locks_per_transaction to \d+ or more, and restart the server/s;
refused('downgrade is told that there are too few', 5, $needs, @on, 'downgrade');
migration('20250102_000000', 'alter', join('', map { "ALTER TABLE t$_ ADD n int;\n" } 1 .. $tables), 'SELECT 1;');
refused('so is upgrade', 5, $needs, @on, 'upgrade');
migration('20250102_000000', 'schema', 'DROP SCHEMA public CASCADE;', 'SELECT 1;');
unlink "$folder/migrations/20250102_000000_alter.sql";
refused('... with one statement', 5, $needs, @on, 'upgrade');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_attribute WHERE attname = 'n'}), '0', 'nothing has been begun');
is($node->safe_psql('postgres', q{SELECT string_agg(version || ' ' || status, ',') FROM pqengine.migration_status}), '20250101_000000 applied', '... or recorded');

# steps that stand alone have their locks one after the other
unlink "$folder/migrations/20250102_000000_schema.sql";
migration('20250102_000000', 'alone', join('', map { "-- pqengine:no-transaction\nALTER TABLE t$_ ADD n int;\n" } 1 .. $tables), 'SELECT 1;');
succeeds('what can do with fewer is done', @on, 'upgrade');

# what nobody could know is told by the server, with the place, and undone
migration('20250103_000000', 'wide', "CREATE TABLE before ();\nDO \$\$ BEGIN FOR i IN 1 .. 2000 LOOP EXECUTE format('CREATE TABLE wide_%s ()', i); END LOOP; END \$\$;",
	'SELECT 1;');
refused('one statement that takes too many', 5, qr/20250103_000000_wide\.sql:\d+: out of shared memory.*max_locks_per_transaction/s, @on, 'upgrade');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pg_class WHERE relname ~ '^(before|wide)'}), '0', 'nothing is left of it');
is($node->safe_psql('postgres', q{SELECT count(*) FROM pqengine.migration_status WHERE version LIKE '20250103%'}), '0', '... in the record either');

# within a savepoint all is kept, and nothing is said
is($node->safe_psql('postgres', q{BEGIN; SELECT pqengine.migration_spare_locks(); SAVEPOINT a; CREATE TABLE kept ();
	SELECT pqengine.migration_spare_locks() FROM generate_series(1, 100); RELEASE a; CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
	SELECT pqengine.migration_spare_locks() FROM generate_series(1, 100); INSERT INTO t1 (name) VALUES ('a'); COMMIT; SELECT count(*) FROM t1})
	=~ s/\n//gr, '1', 'savepoints stand against it');
unlike(slurp_file($node->logfile), qr/you don't own a lock/, 'only locks that were held have been given back');
$node->stop;
done_testing();
