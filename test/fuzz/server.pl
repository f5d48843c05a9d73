#!/usr/bin/perl
# server.pl: feeds broken text to the extension's functions; see --help.
use v5.36;

use DBI;
use FindBin;
use Getopt::Long;
use Time::HiRes qw(time);

my $HELP = <<'TEXT';
Usage: server.pl [OPTION]...

Calls the extension's functions with model texts, options and scripts that were put together from
those of the regression tests and then damaged; inside scripts/with-cluster.  An input may be
refused with any error of the user's making.  What may not happen: that the backend ends or stalls,
an internal error (SQLSTATE XX...), or that the call leaves anything behind: schemas, relations,
settings, a role, an advisory lock.

  --seconds N   how long (default 30)
  --seed N      of the random numbers (default: the time)
  --calls N     ends after so many calls, however long they take
  --help        this text

Prints each failure with its input, and a last line "calls: N passed, N failed".
TEXT

my %option = (seconds => 30, seed => time() & 0xffffff);
GetOptions(\%option, 'seconds=i', 'seed=i', 'calls=i', 'help') or die $HELP;
if ($option{help}) { print $HELP; exit; }
srand $option{seed};
$| = 1;

sub any (@of) { return $of[ rand @of ]; }

# Statements and model texts of the regression tests.
sub corpus ()
{
	my @pieces;

	for my $file (sort glob "$FindBin::Bin/../../sql/*.sql")
	{
		open my $handle, '<:raw', $file or die "$file: $!";
		my $text = do { local $/; <$handle> };
		my @quoted = map { s/''/'/gr } $text =~ /'((?:[^']|'')*CREATE(?:[^']|'')*)'/g;
		my @dollar = $text =~ /\$(?:\w*)\$(.*?)\$(?:\w*)\$/gs;

		$text =~ s/^\\.*$//mg;
		for (@quoted, @dollar, $text)
		{
			push @pieces, grep { /\w/ && length($_) < 4000 } split /;\s*\n/;
		}
	}
	return grep { !/pg_sleep/i } @pieces;
}

my @pieces = corpus();
my @words = map { /(\w+|[^\w\s]+)/g } @pieces;

# What tends to upset a reader of SQL.
my @spices = (
	"'", '"', '$$', '$x$', '/*', '*/', '--', "\n", "\r\n", ';', '(', ')', '[', ']', '{', '}', '\\', "\\.\n",
	"\\connect x\n", "\n-- pqengine:file a.sql\n", "\n-- pqengine:no-transaction\n", "E'\\", "U&'\\", '::', ':=', '..', '$1',
	"\xff", "\xc3", "\xf0\x9f\x90\x98", '1e999', '99999999999999999999', 'NULL', '*', 'pg_catalog.', 'pg_temp.',
	'pqengine.', 'information_schema.', 'a' x 70, '"' . 'b' x 200 . '"', '(' x 3000, "CREATE SCHEMA a CREATE TABLE b ()",
	' NOT VALID', ' CONCURRENTLY', ' IF NOT EXISTS', ' OR REPLACE', 'SELECT pqengine.many_to_many(', 'SET search_path = ',
	'ALTER EXTENSION pqengine ', 'COMMENT ON ', 'GRANT ALL ON ', ' PARTITION OF ', ' INHERITS (', ' COLLATE ',
);

sub span ($text)
{
	my $from = int rand(1 + length $text);
	return ($from, int rand(1 + any(3, 20, 200)));
}

my @damages = (
	sub ($t) { my ($at, $n) = span($t); substr($t, $at, $n) = ''; $t },
	sub ($t) { my ($at, $n) = span($t); substr($t, $at, 0) = substr $t, $at, $n; $t },
	sub ($t) { my ($at) = span($t); substr($t, $at, 0) = any(@spices); $t },
	sub ($t) { my ($at) = span($t); substr($t, $at) = ''; $t },
	sub ($t) { my ($at, $n) = span($t); my $o = any(@pieces); my ($b, $m) = span($o); substr($t, $at, $n) = substr $o, $b, $m; $t },
	# a word takes the place of another
	sub ($t) { my @at; push @at, [ $-[0], $+[0] - $-[0] ] while $t =~ /\w+/g; return $t unless @at; my $w = any(@at); substr($t, $w->[0], $w->[1]) = any(@words); $t },
);

sub damaged ($text)
{
	$text = any(@damages)->($text) for 1 .. any(0, 0, 0, 1, 1, 2, 4);
	return $text =~ s/\0//gr;
}

sub models () { return damaged(join ";\n", map { damaged(any(@pieces)) } 1 .. any(1, 1, 2, 4, 10)); }

my @options = (
	'{}', '{"schemas": ["*"]}', '{"schemas": ["public", "app"]}', '{"allow_drop": true}', '{"concurrently": false}',
	'{"owners": "all", "privileges": "all"}', '{"ignore": [{"kind": "table", "name": "public.*"}]}',
	'{"schemas": ["*"], "allow_drop": true, "owners": "all", "privileges": "all"}',
	'{"ignore": [{"name": "%\\\\_*?["}]}', '[]', 'null', '1', '{"schemas": null}', '{"schemas": [1]}', '{"nothing": 1}',
);

sub options () { return rand() < 0.8 ? any(@options) : damaged(any(@options)); }

# Each a name, an SQL text and its arguments.  Those that change the database are rolled back.
my @calls = (
	[ 4, 'SELECT * FROM pqengine.plan(?, ?)', sub { (models(), options()) } ],
	[ 2, 'SELECT * FROM pqengine.drift(?, ?)', sub { (models(), options()) } ],
	[ 2, 'SELECT * FROM pqengine.ensure_tables(?, ?)', sub { (models(), options()) } ],
	[ 1, 'SELECT * FROM pqengine.prove(?, ?, ?)', sub { (models(), any(0, 0, 1, -1, 100), options()) } ],
	[ 1, 'SELECT * FROM pqengine.migration_steps(?)', sub { models() } ],
	[ 1, 'SELECT * FROM pqengine.migration_leftover(?)', sub { damaged(any(@pieces)) } ],
	[ 1, 'SELECT pqengine.export(?)', sub { damaged('{public,app}') } ],
	[ 1, 'SELECT pqengine.fingerprint(?)', sub { damaged('{public,app}') } ],
	[ 1, 'SELECT pqengine.many_to_many(?, ?, ?)', sub { (any('users', 'products', damaged('app.users')), any('users', 'app.items'), any(undef, damaged('a_b'))) } ],
	[ 1, 'SELECT pqengine.install_trigger(?, ?, ?)', sub { (any('users', damaged('users')), any('updated_at', 'audit', 'notify', 'version', 'immutable', 'soft_delete', damaged('audit')), damaged(any('{}', '{"column": "id"}', '{"columns": ["id"], "channel": "x"}'))) } ],
);
my @weighted = map { ($_) x $_->[0] } @calls;

my $database;

sub connect_again ()
{
	for (1 .. 100)
	{
		my $dbh = eval { DBI->connect('dbi:Pg:', undef, undef, { AutoCommit => 1, RaiseError => 1, PrintError => 0, PrintWarn => 0, pg_enable_utf8 => 0 }) };
		if ($dbh)
		{
			$dbh->do('SET client_min_messages = error');
			$dbh->do("SET statement_timeout = '60s'");
			return $dbh;
		}
		select undef, undef, undef, 0.1;
	}
	die "no connection: $DBI::errstr\n";
}

# Everything that a call may not change.
sub surroundings ()
{
	return join '|', map { $_ // '' } $database->selectrow_array(<<~'SQL');
		SELECT current_user, session_user, current_setting('search_path'), current_setting('check_function_bodies'),
		       current_setting('quote_all_identifiers'),
		       (SELECT count(*) FROM pg_locks WHERE pid = pg_backend_pid() AND locktype = 'advisory'),
		       (SELECT md5(string_agg(format('%s %s', oid, nspname), ',' ORDER BY oid)) FROM pg_namespace WHERE nspname !~ '^pg_(toast_)?temp_'),
		       (SELECT md5(string_agg(format('%s %s %s', oid, relnamespace, relname), ',' ORDER BY oid)) FROM pg_class),
		       (SELECT count(*) FROM pg_proc), (SELECT count(*) FROM pg_type)
		SQL
}

sub prepare_database ()
{
	$database->do(<<~'SQL');
		CREATE EXTENSION pqengine;
		CREATE SCHEMA app;
		CREATE TYPE app.mood AS ENUM ('good', 'bad');
		CREATE TABLE users (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, mood app.mood);
		CREATE TABLE products (id serial PRIMARY KEY, price numeric(10, 2) CHECK (price > 0));
		CREATE TABLE app.items (id int, at timestamptz DEFAULT now()) PARTITION BY RANGE (id);
		CREATE TABLE app.items_1 PARTITION OF app.items FOR VALUES FROM (0) TO (1000);
		CREATE INDEX ON app.items (at);
		CREATE VIEW app.happy AS SELECT name FROM users WHERE mood = 'good';
		CREATE FUNCTION app.price_of(int) RETURNS numeric LANGUAGE sql AS 'SELECT price FROM products WHERE id = $1';
		INSERT INTO users (name, mood) VALUES ('a', 'good'), ('b', 'bad');
		INSERT INTO products (price) VALUES (1), (2);
		INSERT INTO app.items SELECT generate_series(1, 20);
		SQL
}

my %outcomes;

# Undef, or what went wrong.
sub one_call ($call)
{
	my (undef, $sql, $arguments) = @$call;
	my @arguments = $arguments->();
	my $before = surroundings();

	eval {
		$database->begin_work;
		$database->selectall_arrayref($sql, undef, @arguments);
	};
	my ($state, $message) = $@ ? ($database->state, $database->errstr) : ('00000', '');
	eval { $database->rollback };
	$outcomes{$state}++;

	my $trouble;
	if (!$database->ping)
	{
		$trouble = "the backend ended: $message";
		$database = connect_again();
	}
	elsif ($state =~ /^XX/) { $trouble = "internal error $state: $message"; }
	elsif ($state eq '57014') { $trouble = "stalled: $message"; }
	elsif (surroundings() ne $before) { $trouble = "left something behind:\n$before\n" . surroundings(); }
	return unless $trouble;
	return "$trouble\n$sql\n" . join "\n--- argument\n", map { $_ // 'NULL' } @arguments;
}

print "seed $option{seed}, ", scalar(@pieces), " pieces\n";
$database = connect_again();
prepare_database();
my ($passed, $failed, $end) = (0, 0, time() + $option{seconds});
while ($option{calls} ? $passed + $failed < $option{calls} : time() < $end)
{
	my $trouble = one_call(any(@weighted));
	if ($trouble) { $failed++; print "\nFAILED: $trouble\n\n"; }
	else { $passed++; }
}
printf "%s %d\n", $_, $outcomes{$_} for sort { $outcomes{$b} <=> $outcomes{$a} } keys %outcomes;
print "calls: $passed passed, $failed failed\n";
exit($failed ? 1 : 0);
