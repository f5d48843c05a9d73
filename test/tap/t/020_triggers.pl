# What needs a listener, a dump or a second session to show about the trigger
# behaviours; sql/trigger_behaviours.sql has the rest.

use strict;
use warnings FATAL => 'all';

use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use Test::More;

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;
$node->safe_psql('postgres', 'CREATE EXTENSION pqengine');

# The payloads that a listener on the channels gets from the SQL, in order.
sub notified
{
	my ($channel, $sql) = @_;
	my $out = $node->safe_psql('postgres', qq{LISTEN "$channel";\n$sql});

	return $out =~ /^Asynchronous notification "\Q$channel\E" with payload "(.*)" received/mg;
}

sub install
{
	my ($table, $behaviour, $options) = @_;
	$options //= '{}';
	return $node->safe_psql('postgres',
		"SELECT pqengine.install_trigger('$table', '$behaviour', '$options')");
}

# --- notify ---

$node->safe_psql(
	'postgres', q{
	CREATE TABLE item (id int, gone int, sub text, body text, tags text[],
					   loud text GENERATED ALWAYS AS (upper(body)) STORED, PRIMARY KEY (id, sub));
	ALTER TABLE item DROP COLUMN gone;
});
install('item', 'notify');
is_deeply(
	[ notified('item', q{INSERT INTO item VALUES (1, 'a"b', E'x\ny', '{p,"q r"}');}) ],
	[ '{"schema":"public","table":"item","operation":"INSERT","key":{"id":1,"sub":"a\"b"},'
	  . '"new":{"id":1,"sub":"a\"b","body":"x\ny","tags":["p","q r"],"loud":"X\nY"}}' ],
	'INSERT shows key and row');
is_deeply(
	[ notified('item', q{UPDATE item SET body = NULL;}) ],
	[ '{"schema":"public","table":"item","operation":"UPDATE","key":{"id":1,"sub":"a\"b"},'
	  . '"new":{"id":1,"sub":"a\"b","body":null,"tags":["p","q r"],"loud":null}}' ],
	'UPDATE shows the new row');

install('item', 'notify',
	q({"channel": "it''s", "old_row": true, "exclude": ["tags", "loud"], "skip_unchanged": true}));
is_deeply([ notified('item', q{UPDATE item SET body = 'z';}) ], [], 'the channel has changed');
is_deeply(
	[ notified("it's", q{UPDATE item SET body = body; UPDATE item SET id = 2, body = 'w';}) ],
	[ '{"schema":"public","table":"item","operation":"UPDATE","old_key":{"id":1,"sub":"a\"b"},'
	  . '"key":{"id":2,"sub":"a\"b"},"old":{"id":1,"sub":"a\"b","body":"z"},"new":{"id":2,"sub":"a\"b","body":"w"}}' ],
	'a changed key, the old row, left out columns; nothing for no change');
is_deeply(
	[ notified("it's", q{DELETE FROM item; TRUNCATE item;}) ],
	[ '{"schema":"public","table":"item","operation":"DELETE","key":{"id":2,"sub":"a\"b"},"old":{"id":2,"sub":"a\"b","body":"w"}}',
	  '{"schema":"public","table":"item","operation":"TRUNCATE"}' ],
	'DELETE shows the old row, TRUNCATE only that');

install('item', 'notify', '{"payload": "key"}');
is_deeply(
	[ notified('item', q{INSERT INTO item VALUES (3, 'k');}) ],
	['{"schema":"public","table":"item","operation":"INSERT","key":{"id":3,"sub":"k"}}'],
	'payload key');
is_deeply(
	[ notified('item', q{BEGIN; INSERT INTO item VALUES (4, 'k'); ROLLBACK;}) ],
	[], 'nothing of what is rolled back');
install('item', 'notify', '{"level": "statement"}');
is_deeply(
	[ notified('item', q{INSERT INTO item SELECT i, 's' FROM generate_series(10, 20) i; TRUNCATE item;}) ],
	[ '{"schema":"public","table":"item","operation":"INSERT"}',
	  '{"schema":"public","table":"item","operation":"TRUNCATE"}' ],
	'level statement: one for many rows');

# Around the size that a payload can have: each length once, and the longest
# that came whole; none may fail.
$node->safe_psql('postgres', 'CREATE TABLE size (id int PRIMARY KEY, body text)');
install('size', 'notify');
my @payloads = notified('size',
	q{INSERT INTO size SELECT i, repeat('x', i) FROM generate_series(7800, 8020) i;});
is(scalar @payloads, 221, 'every row is told about');
my @whole = grep { !/"truncated"/ } @payloads;
my @cut = grep { /"truncated"/ } @payloads;
is( $cut[0],
	'{"schema":"public","table":"size","operation":"INSERT","key":{"id":'
	  . (7800 + @whole) . '},"truncated":true}',
	'a row that is too long is left out, its key is not');
ok(length($whole[-1]) <= 7999 && length($whole[-1]) > 7950,
	'the longest payload uses the room there is');
is(scalar(grep { length > 7999 } @payloads), 0, 'none is longer than NOTIFY takes');

# A key that is too long as well.
$node->safe_psql('postgres',
	'CREATE TABLE long_key (k text PRIMARY KEY); ALTER TABLE long_key ALTER COLUMN k SET STORAGE EXTERNAL');
install('long_key', 'notify');
is_deeply(
	[ notified('long_key', q{INSERT INTO long_key VALUES (repeat(chr(1), 2600));}) ],
	['{"schema":"public","table":"long_key","operation":"INSERT","truncated":true}'],
	'a key that is too long is left out');

# Partitions, and a table without a key.
$node->safe_psql(
	'postgres', q{
	CREATE TABLE log (at int, what text) PARTITION BY RANGE (at);
	CREATE TABLE log_1 PARTITION OF log FOR VALUES FROM (0) TO (10) PARTITION BY RANGE (at);
	CREATE TABLE log_1a PARTITION OF log_1 FOR VALUES FROM (0) TO (10);
});
install('log', 'notify');
is_deeply(
	[ notified('log', q{INSERT INTO log VALUES (1, 'x');}) ],
	['{"schema":"public","table":"log","operation":"INSERT","new":{"at":1,"what":"x"}}'],
	'a partition is named by the table that has the trigger');

# --- dump and restore ---

$node->safe_psql(
	'postgres', q{
	CREATE SCHEMA "odd ""s";
	CREATE TABLE "odd ""s"."t'1" (id int PRIMARY KEY, "c""1" text, version int DEFAULT 1, updated_at timestamptz, deleted_at timestamptz);
	SELECT pqengine.install_trigger('"odd ""s"."t''1"', b, o::jsonb)
	FROM (VALUES ('audit', '{"exclude": ["c\"1"]}'), ('immutable', '{"columns": ["c\"1"]}'), ('notify', '{"channel": "it''s \\\\"}'),
				 ('soft_delete', '{"purge": true}'), ('updated_at', '{}'), ('version', '{"check": true}')) v (b, o);
	SELECT pqengine.many_to_many('"odd ""s"."t''1"', 'item');
});
my $dump = $node->basedir . '/dump.sql';
$node->command_ok([ 'pg_dump', '-f', $dump, '-d', $node->connstr('postgres') ], 'pg_dump');
$node->safe_psql('postgres', 'CREATE DATABASE copy');
$node->command_ok([ 'psql', '-qX', '-v', 'ON_ERROR_STOP=1', '-f', $dump, '-d', $node->connstr('copy') ],
	'restore');
my $definitions = q{SELECT tgrelid::regclass, tgname, tgenabled, pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal ORDER BY tgrelid::regclass::text, tgname};
is( $node->safe_psql('copy', $definitions),
	$node->safe_psql('postgres', $definitions),
	'pg_dump keeps the triggers and their options');
is( $node->safe_psql(
		'copy', q{
	INSERT INTO "odd ""s"."t'1" VALUES (1, 'x'), (2, 'y');
	UPDATE "odd ""s"."t'1" SET version = 1 WHERE id = 1;
	DELETE FROM "odd ""s"."t'1" WHERE id = 1;
	SELECT id, version, updated_at IS NOT NULL, deleted_at IS NOT NULL FROM "odd ""s"."t'1" ORDER BY id;
	SELECT operation, row_key, new_row ? 'c"1' FROM "odd ""s"."t'1_audit" ORDER BY id;
}),
	"1|3|t|t\n2|1|f|f\nINSERT|{\"id\": 1}|f\nINSERT|{\"id\": 2}|f\nUPDATE|{\"id\": 1}|f\nUPDATE|{\"id\": 1}|f",
	'and they work in the copy');

# --- two sessions ---

# A DELETE that waited for another session's UPDATE marks the row as that left it.
$node->safe_psql(
	'postgres', q{
	CREATE TABLE seat (id int PRIMARY KEY, holder text, deleted_at timestamptz, version int DEFAULT 1);
	INSERT INTO seat VALUES (1, 'ann'), (2, 'bob');
});
install('seat', 'soft_delete');
install('seat', 'version', '{"check": true}');

sub waits_for
{
	my ($session, $sql, $meanwhile) = @_;
	$session->query_safe('BEGIN');
	$session->query_safe($meanwhile);
	my $other = $node->background_psql('postgres', on_error_stop => 0);
	my $pid = $other->query_safe('SELECT pg_backend_pid()');
	$other->query_until(qr/started/, "\\echo started\n$sql;\n");
	$node->poll_query_until('postgres',
		"SELECT wait_event_type = 'Lock' FROM pg_stat_activity WHERE pid = $pid")
	  or die 'the second session does not wait';
	$session->query_safe('COMMIT');
	my ($result, $failed) = $other->query('SELECT 1');
	my $stderr = $other->{stderr};
	$other->quit;
	return $stderr;
}

my $first = $node->background_psql('postgres');
is(waits_for($first, 'DELETE FROM seat WHERE id = 1', q{UPDATE seat SET holder = 'eve' WHERE id = 1}),
	'', 'DELETE after a concurrent UPDATE');
is( $node->safe_psql('postgres', 'SELECT holder, deleted_at IS NOT NULL, version FROM seat WHERE id = 1'),
	'eve|t|3', 'the row as the other left it is marked');
like(
	waits_for($first, q{UPDATE seat SET holder = 'mia', version = 1 WHERE id = 2},
		q{UPDATE seat SET holder = 'eve', version = 1 WHERE id = 2}),
	qr/version does not match/,
	'of two updates for one version the second is refused');
is( $node->safe_psql('postgres', 'SELECT holder, version FROM seat WHERE id = 2'),
	'eve|2', 'and the first stands');
is(waits_for($first, 'DELETE FROM seat WHERE id = 2', 'DELETE FROM seat WHERE id = 2'),
	'', 'two concurrent DELETEs');
is($node->safe_psql('postgres', 'SELECT version FROM seat WHERE id = 2'), '3', 'mark the row once');
$first->quit;

$node->stop;
done_testing();
