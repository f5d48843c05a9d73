# Models and connections that are at fault: file, line, the server's words, the right exit code, and
# nothing changed.
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
$node->start;
$node->safe_psql('postgres', 'CREATE DATABASE m');
$node->safe_psql('m', 'CREATE EXTENSION pqengine; CREATE TABLE public.here (a int); INSERT INTO here VALUES (1)');

my $folder = new_folder();
my @on = ($node, 'm', $folder);

sub schema_of_database
{
	return $node->safe_psql('m',
		"SELECT string_agg(format('%s %s %s', relname, relkind, xmin), ', ' ORDER BY oid) FROM pg_class WHERE relnamespace = 'public'::regnamespace");
}

my $before = schema_of_database();

# [what, model, pattern of the message]
my @models = (
	[ 'syntax error', "CREATE TABLE a (b int);\n\nCREATE TABEL c ();\n", qr/models\/bad\.sql:3: syntax error at or near "TABEL"/ ],
	[ 'undefined type', "CREATE TABLE a (\n  b nosuch\n);\n", qr/models\/bad\.sql:\d+: type "nosuch" does not exist/ ],
	[ 'undefined table', "CREATE VIEW v AS SELECT * FROM nosuch;\n", qr/models\/bad\.sql:1: relation "nosuch" does not exist/ ],
	[ 'duplicate table', "CREATE TABLE a (b int);\nCREATE TABLE a (b int);\n", qr/models\/bad\.sql:2: relation "a" already exists/ ],
	[ 'DML', "CREATE TABLE a (b int);\nINSERT INTO a VALUES (1);\n", qr/models\/bad\.sql:2: / ],
	[ 'DELETE', "DELETE FROM here;\n", qr/models\/bad\.sql:1: / ],
	[ 'DROP', "\n\n\nDROP TABLE here;\n", qr/models\/bad\.sql:4: / ],
	[ 'DO', "DO \$\$ BEGIN DELETE FROM here; END \$\$;\n", qr/models\/bad\.sql:1: / ],
	[ 'transaction control', "CREATE TABLE a ();\nCOMMIT;\n", qr/models\/bad\.sql:2: / ],
	[ 'COPY', "COPY here TO '/tmp/x';\n", qr/models\/bad\.sql:1: / ],
	[ 'SELECT', "SELECT pg_sleep(1000);\n", qr/models\/bad\.sql:1: / ],
	[ 'unterminated literal', "CREATE TABLE a ();\nCOMMENT ON TABLE a IS 'x;\n", qr/models\/bad\.sql:2: unterminated quoted string/ ],
	[ 'invalid UTF-8', "CREATE TABLE a ();\n-- \xff\n", qr/models\/bad\.sql:2: invalid UTF-8: byte 0xff/ ],
	[ 'NUL', "CREATE TABLE a ();\n\n\n\0", qr/models\/bad\.sql:4: a NUL byte/ ],
);
put("$folder/models/a/good.sql", "CREATE TABLE here (a int);\n");
put("$folder/models/z.sql", "CREATE TABLE z (a int);\n");
for my $model (@models)
{
	my ($what, $text, $pattern) = @$model;
	put("$folder/models/bad.sql", $text);
	for my $command ([ 'drift' ], [ 'diff' ], [ 'generate', 'x' ])
	{
		refused("$what, $command->[0]", 1, qr/^pqengine: error: $pattern/, @on, @$command);
	}
}
is(schema_of_database(), $before, 'nothing changed');
is($node->safe_psql('m', 'SELECT count(*) FROM here'), '1', 'no row either');
ok(!-e "$folder/migrations", 'no file was written');
is($node->safe_psql('m', 'SELECT count(*) FROM pqengine.migration'), '0', 'the record is empty');

# the server's hint reaches the user
put("$folder/models/bad.sql", "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS \$\$ SELECT 1 \$\$;\nCREATE VIEW v AS SELECT f('x'::text);\n");
my (undef, $err) = refused('hint', 1, qr/models\/bad\.sql:2: function f\(text\) does not exist/, @on, 'drift');
like($err, qr/^HINT:  No function matches/m, 'with the hint of the server');
unlink "$folder/models/bad.sql";

# Folders
refused('no models folder', 1, qr/there is no models file or folder "nowhere"/, @on, 'drift', '--models', 'nowhere');
mkdir "$folder/empty";
refused('an empty models folder', 1, qr/models folder "empty" has no \.sql file in it/, @on, 'drift', '--models', 'empty');
refused('no migrations folder', 5, qr/there is no migrations folder "migrations"/, @on, 'upgrade');
put("$folder/locked/a.sql", 'CREATE TABLE a ();');
chmod 0, "$folder/locked/a.sql";
refused('an unreadable model', 6, qr/cannot read "locked\/a\.sql": Permission denied/, @on, 'drift', '--models', 'locked');

# Connections
sub with_dsn
{
	my ($dsn) = @_;
	return (@on, 'drift', '--dsn', $dsn);
}
my $host = $node->host;
my $port = $node->port;
refused('no server', 3, qr/cannot connect to database "m" at \Q$folder\E:1: .*No such file/, with_dsn("host=$folder port=1 dbname=m"));
refused('no database', 3, qr/the server has no such database: database "nosuch" does not exist/, with_dsn("host=$host port=$port dbname=nosuch"));
refused('an unparsable DSN', 2, qr/error: .*dsn/i, with_dsn("host=$host nonsense"));
refused('an unknown keyword', 2, qr/nonsense/, with_dsn("host=$host nonsense=1"));

$node->safe_psql('postgres', "CREATE ROLE pw LOGIN PASSWORD 'right'; CREATE ROLE weak LOGIN; GRANT ALL ON DATABASE m TO pw");
my $hba = get($node->data_dir . '/pg_hba.conf');
$node->append_conf('pg_hba.conf', '');
put($node->data_dir . '/pg_hba.conf', "local all pw scram-sha-256\n$hba");
$node->reload;
(undef, $err) = refused('a wrong password', 3, qr/cannot log in to database "m" at .* as user "pw": password authentication failed/,
	with_dsn("host=$host port=$port dbname=m user=pw password=secret-word"));
unlike($err, qr/secret-word/, 'the password is not in the message');
refused('no password', 3, qr/cannot log in to .* as user "pw"/, with_dsn("host=$host port=$port dbname=m user=pw passfile=/dev/null"));

# Rights
my $weak = "host=$host port=$port dbname=m user=weak";
refused('a role without rights on the record', 4,
	qr/permission denied for the record of migrations: role "weak" lacks SELECT\n(.*\n)*HINT:.*GRANT SELECT/, @on, 'status', '--dsn', $weak);
put("$folder/migrations/20250101_000000_m.sql", "CREATE TABLE m ();\n");
refused('a role without rights on the record, upgrade', 4, qr/role "weak" lacks/, @on, 'upgrade', '--dsn', $weak);
refused('a role without rights on the schema', 4, qr/weak|permission denied|must be owner/, @on, 'diff', '--dsn', $weak);
$node->safe_psql('m', 'GRANT SELECT, INSERT, UPDATE, DELETE ON pqengine.migration, pqengine.migration_step TO weak; GRANT SELECT ON pqengine.migration_status TO weak');
refused('a role that may not create in the schema', 5, qr/_m\.sql:1: permission denied for schema public/, @on, 'upgrade', '--dsn', $weak);
is($node->safe_psql('m', "SELECT to_regclass('m'), (SELECT count(*) FROM pqengine.migration)"), '|0', 'nothing is left');

$node->safe_psql('postgres', 'CREATE DATABASE bare');
refused('no extension', 4, qr/the database has no extension "pqengine"/, $node, 'bare', $folder, 'status');
refused('a role that may not create the extension', 4,
	qr/the database "bare" has no extension "pqengine", and role "weak" lacks the right to create it\n(.*\n)*HINT:.*GRANT CREATE ON DATABASE "bare" TO "weak"/,
	$node, 'bare', $folder, 'init', '--dsn', "host=$host port=$port dbname=bare user=weak");
refused('a role that may not create databases', 4,
	qr/the database "fresh" does not exist, and role "weak" lacks the right to create databases/,
	$node, 'fresh', $folder, 'init', '--dsn', "host=$host port=$port dbname=fresh user=weak");

is(schema_of_database(), $before, 'after all this the schema is what it was');

$node->stop;
done_testing();
