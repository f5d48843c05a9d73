# The drift watch: what migrations do is theirs, what others do is named by drift; dump and restore.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::RealBin/../lib";
use JSON::PP;
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PQEngineTest;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('watch');
$node->init;
$node->start;
$node->safe_psql('postgres', $_)
  for ('CREATE DATABASE shop', 'CREATE DATABASE copy', 'CREATE ROLE ann LOGIN SUPERUSER');
my $folder = new_folder();
my @on = ($node, 'shop', $folder);

put("$folder/models/users.sql", 'CREATE TABLE users (id int PRIMARY KEY, name text);');
succeeds('init', @on, 'init');
$node->safe_psql('shop', 'SELECT pqengine.watch_drift()');
succeeds('generate', @on, 'generate', 'users');
succeeds('upgrade', @on, 'upgrade');
put("$folder/models/index.sql", 'CREATE INDEX by_name ON users (name);');
succeeds('generate an index', @on, 'generate', 'index');
succeeds('upgrade outside a transaction', @on, 'upgrade');
is($node->safe_psql('shop', "SELECT count(*) > 2, count(*) FILTER (WHERE migration IS NULL) FROM pqengine.ddl_log"),
	't|0', 'all that migrations did is theirs');
is($node->safe_psql('shop', "SELECT DISTINCT version = migration FROM pqengine.ddl_log JOIN pqengine.migration ON version = migration WHERE object = 'public.by_name'"),
	't', 'a step outside a transaction too');
is(succeeds('no drift', @on, 'drift'), '', 'no drift');

$node->safe_psql('shop', "SET application_name = 'by hand'; ALTER TABLE users ADD COLUMN note text;",
	extra_params => [ '-U', 'ann' ]);
my ($code, $out) = pqengine(@on, 'drift');
is($code, 1, 'drift');
like($out, qr/^unexpected column public\.users\.note\n  last changed by ann at \d{4}-\d\d-\d\d [^:]+:\d\d:\d\d\S*: ALTER TABLE from by hand\n\z/,
	'and by whom');
($code, $out) = pqengine(@on, 'drift', '--json');
my ($point) = @{ decode_json($out) };
is($point->{changed_by}, 'ann', 'in JSON too');
is($point->{migration}, undef, 'outside a migration');

# dump and restore: the log, its numbering, and the watch itself
my $dump = "$folder/dump.sql";
$node->command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('shop') ], 'pg_dump');
$node->command_ok([ 'psql', '-Xq', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('copy') ],
	'restored');
my $log = 'SELECT array_agg((id, changed_at, changed_by, object) ORDER BY id) FROM pqengine.ddl_log';
is($node->safe_psql('copy', $log), $node->safe_psql('shop', $log), 'the log is the same');
$node->safe_psql('copy', 'CREATE TABLE later ()');
is($node->safe_psql('copy', 'SELECT object FROM pqengine.ddl_log ORDER BY id DESC LIMIT 1'), 'public.later',
	'the watch goes on in the copy');

done_testing();
