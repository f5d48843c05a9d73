# The command on models: the round from models to a database without drift, what is written into
# files, the options of the plan, JSON, the terminal.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use IO::Pty;
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PQEngineTest;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

my $folder = new_folder();
my @on = ($node, 'shop', $folder);

sub migrations
{
	my @files = sort glob("$folder/migrations/*.sql");
	return @files;
}

# init makes the database, too; a dry run only says so
like(succeeds('init --dry-run', @on, 'init', '--dry-run'), qr/would create the database/, 'what init would do');
refused('no database yet', 3, qr/no such database/, @on, 'status');
succeeds('init', @on, 'init');

put("$folder/models/10_users.sql", <<'SQL');
CREATE TABLE orders (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	user_id bigint NOT NULL REFERENCES users,
	total numeric(10,2) NOT NULL CHECK (total >= 0)
);
CREATE TABLE users (
	id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	email text NOT NULL UNIQUE,
	mood mood DEFAULT 'fine'
);
CREATE INDEX orders_user_id ON orders (user_id);
SQL
put("$folder/models/deep/er/20.sql", "CREATE TYPE mood AS ENUM ('fine', 'bad \"mood\"')");

# from nothing
my ($code, $out, $err) = pqengine(@on, 'drift');
is($code, 1, 'there is drift');
like($out, qr/^missing table public\.orders$/m, 'it names the table');
my $drift = decode_json((pqengine(@on, 'drift', '--json'))[1]);
is((grep { $_->{change} eq 'missing' && $_->{kind} eq 'enum' && $_->{object} eq 'public.mood' } @$drift), 1, 'drift as JSON');
my $diff = succeeds('diff', @on, 'diff');
like($diff, qr/^CREATE TYPE public\.mood AS ENUM .*\n(.*\n)*-- create table public\.users\n/m, 'diff is SQL in order');
my $steps = decode_json(succeeds('diff --json', @on, 'diff', '--json'));
ok(scalar(@$steps) > 3, 'diff as JSON');
is(ref $steps->[0]{hazards}, 'ARRAY', 'hazards are an array');
is((pqengine(@on, 'diff', '--exit-code'))[0], 1, 'diff --exit-code');
my $dry = succeeds('generate --dry-run', @on, 'generate', '--dry-run', 'The first: users & orders');
like($dry, qr/^-- pqengine:version \d{8}_\d{6}\n-- pqengine:message The first: users & orders\n-- pqengine:models [0-9a-f]{64}\n-- pqengine:up\n/, 'a file, printed');
is(scalar(migrations()), 0, 'and not written');
like(succeeds('generate', @on, 'generate', 'The first: users & orders'), qr/^migrations\/\d{8}_\d{6}_the_first_users_orders\.sql$/, 'generate says which file');
refused('generate twice', 5, qr/is not applied yet: a new migration would repeat it/, @on, 'generate', 'again');
like(succeeds('upgrade', @on, 'upgrade'), qr/^Applied 1 migration\(s\)$/m, 'upgrade');
is(succeeds('no drift', @on, 'drift'), '', 'drift prints nothing');
is(succeeds('no diff', @on, 'diff'), '', 'diff prints nothing');
is(succeeds('JSON of nothing', @on, 'drift', '--json'), "[]\n", 'no drift as JSON');
is((pqengine(@on, 'diff', '--exit-code'))[0], 0, 'diff --exit-code of nothing');
is(succeeds('generate of nothing', @on, 'generate', 'x'), "Nothing to do: no file was written.\n", 'nothing to generate');
is(decode_json(succeeds('generate --json', @on, 'generate', '--json', 'x'))->{path}, undef, 'in JSON too');
is(scalar(migrations()), 1, 'one file');

# export is a model of the database
put("$folder/exported.sql", succeeds('export', @on, 'export'));
is(succeeds('export is the database', @on, 'drift', '--models', 'exported.sql'), '', 'no drift from what was exported');
succeeds('export --output', @on, 'export', '--output', 'again.sql');
is(get("$folder/again.sql"), get("$folder/exported.sql"), 'export --output writes the same');
refused('export to nowhere', 6, qr/cannot write "no\/where\.sql"/, @on, 'export', '--output', 'no/where.sql');

# a change with rows in the tables; the strong lock is not kept while rows are looked at
$node->safe_psql('shop', "INSERT INTO users (email) SELECT 'u' || i FROM generate_series(1, 50) i;"
	  . 'INSERT INTO orders (user_id, total) SELECT id, 1 FROM users');
my $model = get("$folder/models/10_users.sql");
put("$folder/models/10_users.sql", $model =~ s/mood mood DEFAULT/mood mood NOT NULL DEFAULT/r
	  . "CREATE INDEX users_mood ON users (mood);\n");
succeeds('generate a change', @on, 'generate', 'mood');
my $file = get((migrations())[1]);
like($file, qr/^-- pqengine:no-transaction\nCREATE INDEX CONCURRENTLY users_mood /m, 'the index is built concurrently');
like($file, qr/^-- pqengine:no-transaction\nALTER TABLE .* VALIDATE CONSTRAINT/m, 'the check is validated on its own');
like($file, qr/^-- pqengine:down\n/m, 'there is a way back');
succeeds('upgrade the change', @on, 'upgrade');
is(succeeds('no drift', @on, 'drift'), '', 'no drift after the change');
succeeds('down', @on, 'downgrade');
put("$folder/new.sql", get("$folder/models/10_users.sql"));
put("$folder/models/10_users.sql", $model);
is(succeeds('the old models', @on, 'drift'), '', 'no drift from the old models after a downgrade');
put("$folder/models/10_users.sql", get("$folder/new.sql"));
succeeds('up again', @on, 'upgrade');
is($node->safe_psql('shop', 'SELECT count(*) FROM orders JOIN users ON users.id = user_id'), '50', 'all rows are there');

# what the models no longer hold is not dropped unless asked for
$node->safe_psql('shop', 'CREATE TABLE extra (a int); INSERT INTO extra VALUES (1)');
is(succeeds('only drops', @on, 'generate', 'x'), "Nothing to do: no file was written.\n", 'a plan of drops makes no file');
put("$folder/models/30.sql", 'CREATE TABLE more ();');
succeeds('with a drop', @on, 'generate', 'with a drop');
like(get((migrations())[2]), qr/^-- WARNING: .*\n(--.*\n)*\n-- drop table public\.extra \[.*deletes_data.*\]\n-- DROP TABLE public\.extra;$/m, 'the drop is a comment');
succeeds('upgrade with a drop', @on, 'upgrade');
is($node->safe_psql('shop', 'SELECT count(*) FROM extra'), '1', 'it was not run');
is(succeeds('--ignore', @on, 'drift', '--ignore', 'table=public.extra'), '', 'what is ignored is no drift');
is((pqengine(@on, 'drift'))[0], 1, 'without it, it is');
succeeds('--allow-drop', @on, 'generate', '--allow-drop', 'drop extra');
succeeds('upgrade the drop', @on, 'upgrade');
is($node->safe_psql('shop', "SELECT to_regclass('extra')"), '', 'now it was');
is(succeeds('no drift', @on, 'drift'), '', 'no drift in the end');
like(get((migrations())[3]), qr/^-- WARNING: the next step cannot bring back the data of table public\.extra\n-- create table public\.extra \[not_reversible\]\nCREATE TABLE public\.extra/m,
	'the way back says what it cannot do');
succeeds('down', @on, 'downgrade');
is($node->safe_psql('shop', 'SELECT count(*) FROM extra'), '0', 'the table is back, its row is not');
succeeds('up', @on, 'upgrade');

# prove: what only the rows object to is found before anything is written
put("$folder/models/35.sql", "CREATE TABLE rows (a int);\n");
succeeds('rows', @on, 'generate', 'rows');
succeeds('rows', @on, 'upgrade');
$node->safe_psql('shop', 'INSERT INTO rows VALUES (1), (1), (NULL)');
put("$folder/models/35.sql", "CREATE TABLE rows (a int);\nCREATE UNIQUE INDEX rows_a ON rows (a);\n");
is(succeeds('prove', @on, 'prove'), "Proven.\n", 'without rows the plan is proven');
($code, $out) = pqengine(@on, 'prove', '--sample-rows', '100');
is($code, 1, 'with rows it is not');
like($out, qr/^step \d+: .*(duplicate|unique).*\n  CREATE UNIQUE INDEX/m, 'and the step is named');
is(ref decode_json((pqengine(@on, 'prove', '--sample-rows', '100', '--json'))[1]), 'ARRAY', 'prove as JSON');
my @before = migrations();
refused('generate --prove', 1, qr/the plan is not proven, and no file was written\nstep \d+: /, @on, 'generate', '--prove', '--sample-rows', '100', 'x');
is(scalar(migrations()), scalar @before, 'no file was written');
put("$folder/models/35.sql", "CREATE TABLE rows (a int);\nCREATE INDEX rows_a ON rows (a);\n");
succeeds('generate what is proven', @on, 'generate', '--prove', '--sample-rows', '100', 'x');
succeeds('and apply it', @on, 'upgrade');

# options of the plan
$node->safe_psql('shop', 'CREATE TABLE t2 (a int)');
put("$folder/models/40.sql", "CREATE TABLE t2 (a int);\nCREATE INDEX t2_a ON t2 (a);\n");
unlike(succeeds('--no-concurrently', @on, 'diff', '--no-concurrently'), qr/CONCURRENTLY/, '--no-concurrently');
like(succeeds('concurrently', @on, 'diff'), qr/CONCURRENTLY/, 'and without it');
$node->safe_psql('shop', 'CREATE SCHEMA other; CREATE TABLE other.t (a int)');
unlike((pqengine(@on, 'drift'))[1], qr/other\.t/, 'a schema of no model is left alone');
like((pqengine(@on, 'drift', '--schemas', 'public,other'))[1], qr/^unexpected table other\.t$/m, '--schemas');
like(succeeds('export --schemas', @on, 'export', '--schemas', 'other'), qr/CREATE TABLE other\.t /, 'export --schemas');
refused('--option that is none', 6, qr/option|nosuch/i, @on, 'diff', '--option', 'nosuch=1');
refused('--option that is no JSON', 6, qr/invalid input syntax for type json/, @on, 'diff', '--option', 'ignore=[');

# progress on a terminal, none elsewhere
put("$folder/migrations/29990101_000000_slow.sql", "CREATE TABLE p1 ();\nCREATE TABLE p2 ();\n");
my $pty = IO::Pty->new;
my $slave = $pty->slave;
my ($stdout) = '';
IPC::Run::run([ PQEngineTest::command_path(), 'upgrade', '--dsn', $node->connstr('shop'), '--migrations', 'migrations' ],
	'<', \'', '>', \$stdout, '2>', $slave, init => sub { chdir $folder or die });
close $slave;
my $screen = '';
sysread $pty, $screen, 65536;
like($screen, qr/29990101_000000 1\/2 CREATE TABLE p1 \(\).*29990101_000000 2\/2 CREATE TABLE p2 \(\)/s, 'progress on a terminal');
is($stdout, "applied 29990101_000000 slow (2 step(s))\nApplied 1 migration(s)\n", 'the outcome on stdout');

$node->stop;
done_testing();
