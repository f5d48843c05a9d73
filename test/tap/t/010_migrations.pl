# What people do with migrations: write, apply, revert, look; and what goes wrong with the files.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PQEngineTest;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE m');
$node->safe_psql('m', 'CREATE EXTENSION pqengine');

my $folder = new_folder();
my @on = ($node, 'm', $folder);

like(succeeds('init', @on, 'init'), qr/^Migrations initialized at migrations$/m, 'init says where');
ok(-d "$folder/migrations", 'init makes the folder');
like(succeeds('init again', @on, 'init'), qr/^Migrations are at migrations$/m, 'init again finds it');
like(succeeds('status of nothing', @on, 'status'), qr/^No migrations/, 'status of nothing');

# A migration written by hand, of several transactions.
put("$folder/migrations/20250101_000000_first.sql", <<'SQL');
CREATE TABLE t (a int, b text);
INSERT INTO t SELECT i, ';' FROM generate_series(1, 10) i;
CREATE INDEX CONCURRENTLY t_a ON t (a);
CREATE FUNCTION f() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN 1; END; $$;
-- pqengine:down
DROP FUNCTION f();
DROP INDEX CONCURRENTLY t_a;
DROP TABLE t;
SQL
like(succeeds('status', @on, 'status'), qr/^20250101_000000  pending +first/m, 'pending');
my ($code) = pqengine(@on, 'status', '--exit-code');
is($code, 1, 'status --exit-code says that there is something to do');
like(succeeds('dry run', @on, 'upgrade', '--dry-run'), qr/CREATE INDEX CONCURRENTLY t_a/, 'dry run shows the SQL');
is($node->safe_psql('m', 'SELECT count(*) FROM pqengine.migration'), '0', 'a dry run does nothing');
is(succeeds('upgrade', @on, 'upgrade'),
	"applied 20250101_000000 first (4 step(s))\nApplied 1 migration(s)\n", 'upgrade reports');
is($node->safe_psql('m', 'SELECT count(*), f() FROM t'), '10|1', 'all steps were run');
is( $node->safe_psql('m',
		'SELECT status, steps, steps_done, applied_by, late, error FROM pqengine.migration_status'),
	'applied|4|4|' . $node->safe_psql('m', 'SELECT current_user') . '|f|',
	'the record');
is(succeeds('nothing to do', @on, 'upgrade'), "Applied 0 migration(s)\n", 'a second upgrade does nothing');
($code) = pqengine(@on, 'status', '--exit-code');
is($code, 0, 'status --exit-code says that there is nothing to do');

# Line endings are not a change; white space around neither; anything else is.
my $first = get("$folder/migrations/20250101_000000_first.sql");
put("$folder/migrations/20250101_000000_first.sql", $first =~ s/\n/\r\n/gr . "\r\n\r\n");
is(succeeds('line ends', @on, 'verify'), '', 'other line ends are no change');
put("$folder/migrations/20250101_000000_first.sql", $first =~ s/b text/b  text/r);
refused('changed', 5, qr/20250101_000000_first\.sql was changed after it was applied\nDETAIL:.*checksum/,
	@on, 'upgrade');
refused('generate with a changed file', 5, qr/was changed after it was applied/, @on, 'generate', 'x');
my ($verify_code, $verify_out) = pqengine(@on, 'verify');
is($verify_code, 1, 'verify finds the change');
like($verify_out, qr/^20250101_000000  changed/, 'verify names it');
put("$folder/migrations/20250101_000000_first.sql", $first);

# A file that is gone, and one that comes before what has been applied.
rename("$folder/migrations/20250101_000000_first.sql", "$folder/aside.sql") or die $!;
put("$folder/migrations/20241231_000000_early.sql", "-- pqengine:message early\n-- pqengine:up\n\nSELECT 1;\n");
($verify_code, $verify_out) = pqengine(@on, 'verify');
is($verify_code, 1, 'verify finds a missing file');
like($verify_out, qr/^20250101_000000  missing/m, 'verify names the version without a file');
like($verify_out, qr/^20241231_000000  late/m, 'verify names the version that the record does not know');
unlink("$folder/migrations/20241231_000000_early.sql") or die $!;
rename("$folder/aside.sql", "$folder/migrations/20250101_000000_first.sql") or die $!;
is(succeeds('files put back', @on, 'verify'), '', 'verify finds nothing when they are back');

# A transactional migration that fails leaves nothing.
put("$folder/migrations/20250102_000000_bad.sql", <<'SQL');
-- pqengine:message it will fail
-- pqengine:up

CREATE TABLE half (a int);
INSERT INTO half
VALUES (1), ('x');
CREATE TABLE never (a int);
SQL
my (undef, $err) = refused('a failing step', 5,
	qr/error: migrations\/20250102_000000_bad\.sql:6: invalid input syntax for type integer: "x"/,
	@on, 'upgrade');
like($err, qr/^SQLSTATE:  22P02$/m, 'with the SQLSTATE');
is( $node->safe_psql('m', "SELECT to_regclass('half'), (SELECT count(*) FROM pqengine.migration)"),
	'|1', 'nothing of it is left');

# A syntax error anywhere is found before anything is run, even outside a transaction.
put("$folder/migrations/20250102_000000_bad.sql", <<'SQL');
-- pqengine:no-transaction
CREATE TABLE half (a int);
-- pqengine:no-transaction
CRATE TABLE never (a int);
SQL
refused('a syntax error', 5, qr/20250102_000000_bad\.sql:4: syntax error at or near "CRATE"/, @on, 'upgrade');
is($node->safe_psql('m', "SELECT to_regclass('half')"), '', 'the step before it was not run');

for my $case (
	[ "SELECT 1;\nCOMMIT;", qr/bad\.sql:\d+: a migration must not begin or end a transaction\nDETAIL:  Line 2/ ],
	[ "COPY t FROM stdin;", qr/bad\.sql:\d+: a migration cannot copy from or to the client/ ],
	[ "-- pqengine:up\n-- pqengine:dwn\n", qr/bad\.sql:2: unknown marker "-- pqengine:dwn"/ ],
	[ "-- pqengine:depends 20991231_000000\nSELECT 1;", qr/bad\.sql:\d+: migration 20250102_000000 depends on migration 20991231_000000, which is not applied/ ],
	[ "SELECT '\xff';", qr/bad\.sql:1: invalid UTF-8: byte 0xff/ ],
	[ "DO \$\$ BEGIN COMMIT; END \$\$;", qr/bad\.sql:1: invalid transaction termination/ ],
  )
{
	put("$folder/migrations/20250102_000000_bad.sql", $case->[0]);
	refused('refused', 5, $case->[1], @on, 'upgrade');
}
is($node->safe_psql('m', 'SELECT count(*) FROM pqengine.migration'), '1', 'none of them is in the record');
unlink "$folder/migrations/20250102_000000_bad.sql";

# What a migration sets does not reach the next one.
put("$folder/migrations/20250103_000000_set.sql", "CREATE SCHEMA s;\nSET search_path = s;\nCREATE TABLE inside ();\n");
put("$folder/migrations/20250104_000000_after.sql", "CREATE TABLE outside ();\n");
succeeds('settings', @on, 'upgrade');
is($node->safe_psql('m', "SELECT to_regclass('s.inside'), to_regclass('public.outside')"),
	's.inside|outside', 'settings end with their migration');

# One that comes late is applied, and reported.
put("$folder/migrations/20250102_120000_late.sql", "CREATE TABLE late ();\n");
($code, my $out, $err) = pqengine(@on, 'upgrade');
is($code, 0, 'a late migration is applied');
like($err, qr/warning: Migration 20250102_120000 comes late: not applied, though 20250104_000000 is/, 'and reported');
is($node->safe_psql('m', "SELECT string_agg(version, ' ') FROM pqengine.migration_status WHERE late"),
	'20250102_120000', 'and marked in the record');

# One whose file has gone is reported.
rename "$folder/migrations/20250104_000000_after.sql", "$folder/gone.sql";
($code, $out, $err) = pqengine(@on, 'upgrade');
is($code, 0, 'a missing file is no error');
like($err, qr/warning: Migration 20250104_000000 was applied by .*, but there is no file for it/, 'but reported');
rename "$folder/gone.sql", "$folder/migrations/20250104_000000_after.sql";

# JSON is JSON.
for my $command ([ 'status' ], [ 'history' ], [ 'verify' ], [ 'upgrade' ], [ 'upgrade', '--dry-run' ])
{
	my $json = succeeds("@$command --json", @on, @$command, '--json');
	ok(eval { decode_json($json); 1 }, "@$command --json prints JSON");
}
is(decode_json(succeeds('history', @on, 'history', '--json'))->[0]{steps}, 4, 'numbers are numbers');

# Down: newest first; what has no way back is refused.
refused('no way back', 5, qr/migration 20250104_000000.*has no down direction/, @on, 'downgrade');
$node->safe_psql('m', "DELETE FROM pqengine.migration WHERE version > '20250102'");
unlink glob("$folder/migrations/2025010[234]*");
is(succeeds('downgrade', @on, 'downgrade'),
	"reverted 20250101_000000 first (3 step(s))\nReverted 1 migration(s)\n", 'downgrade reports');
is($node->safe_psql('m', "SELECT to_regclass('t'), status FROM pqengine.migration"), '|rolled_back', 'it is reverted');
is(succeeds('again', @on, 'upgrade'),
	"applied 20250101_000000 first (4 step(s))\nApplied 1 migration(s)\n", 'and can be applied again');
is($node->safe_psql('m', "SELECT to_regclass('t'), status FROM pqengine.migration"), 't|applied', 'it is applied');

# --to
put("$folder/migrations/20250105_000000_a.sql", "CREATE TABLE ta ();\n");
put("$folder/migrations/20250106_000000_b.sql", "CREATE TABLE tb ();\n");
succeeds('--to', @on, 'upgrade', '--to', '20250105_000000');
is($node->safe_psql('m', "SELECT to_regclass('ta'), to_regclass('tb')"), 'ta|', '--to stops there');
refused('--to nowhere', 2, qr/there is no migration 1999/, @on, 'upgrade', '--to', '1999');

# The command line
for my $case (
	[ ['nonsense'], qr/unknown command "nonsense"/ ],
	[ ['generate'], qr/say in a few words/ ],
	[ [ 'status', 'extra' ], qr/unexpected argument "extra"/ ],
	[ [ 'status', '--allow-drop' ], qr/unrecognized option '--allow-drop'/ ],
	[ [ 'downgrade', '--steps', '0' ], qr/invalid value for --steps: "0"/ ],
	[ [ 'diff', '--owners', 'some' ], qr/invalid value for --owners: "some"/ ],
	[ [ 'diff', '--ignore', 'table' ], qr/invalid value for --ignore: "table"/ ],
  )
{
	my ($code, $out, $err) = run_bare(@{ $case->[0] });
	is($code, 2, "@{$case->[0]}: usage error");
	like($err, $case->[1], "@{$case->[0]}: message");
}
for my $command (qw(init status diff drift generate upgrade downgrade history verify prove export))
{
	my ($code, $out, $err) = run_bare($command, '--help');
	is($code, 0, "$command --help");
	like($out, qr/^Usage: pqengine $command /, "$command --help tells its usage");
}

sub run_bare
{
	my @arguments = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ PQEngineTest::command_path(), @arguments ], '<', \'', '>', \$out, '2>', \$err);
	return ($? >> 8, $out, $err);
}

$node->stop;
done_testing();
