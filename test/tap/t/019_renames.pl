# Renames through the command: what is declared is renamed with its rows, there and back; what is not
# is a drop that diff says how to declare.  And the way back of what has no reverse of its own.
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

my $folder = new_folder();
my @on = ($node, 'shop', $folder);

sub newest
{
	my @files = sort glob("$folder/migrations/*.sql");
	return get($files[-1]);
}

sub people
{
	my ($table, $column, $state) = @_;
	return $node->safe_psql('shop', "SELECT string_agg($column || ' ' || $state, ',' ORDER BY id) FROM $table");
}

my $before = <<'SQL';
CREATE TYPE state AS ENUM ('nu', 'old');
CREATE TABLE people (id serial PRIMARY KEY, email text UNIQUE, state state DEFAULT 'nu');
CREATE VIEW addresses AS SELECT id, email FROM people;
SQL
my $after = <<'SQL';
CREATE TYPE status AS ENUM ('new', 'old');
CREATE TABLE users (id serial PRIMARY KEY, mail text UNIQUE, status status DEFAULT 'new', since date);
CREATE VIEW addresses AS SELECT id, mail FROM users;
SQL
my $declared = <<'SQL';
SELECT pqengine.renamed('users', was => 'people');
SELECT pqengine.renamed('users', 'mail', was => 'email');
SELECT pqengine.renamed('users', 'status', was => 'state');
SELECT pqengine.renamed('status', was => 'state');
SELECT pqengine.renamed('status', 'new', was => 'nu');
SQL

succeeds('init', @on, 'init');
put("$folder/models/all.sql", $before);
succeeds('generate', @on, 'generate', 'first');
succeeds('upgrade', @on, 'upgrade');
$node->safe_psql('shop', "INSERT INTO people (email, state) VALUES ('a', 'nu'), ('b', 'old')");

# not declared: a drop, which says what it may have been meant as
put("$folder/models/all.sql", $before =~ s/email/mail/gr);
my $diff = succeeds('diff', @on, 'diff');
like($diff, qr/^-- drop column public\.people\.email \[.*might_be_renamed: public\.people\.mail\]\n-- If .*\n-- (SELECT .*;)$/m, 'diff tells how to declare it');
my ($line) = $diff =~ /^-- (SELECT pqengine\.renamed.*)$/m;
put("$folder/models/rename.sql", "$line\n");
like(succeeds('diff', @on, 'diff'), qr/^ALTER TABLE public\.people RENAME COLUMN email TO mail;$/m, 'and the line is right');

# declared
put("$folder/models/all.sql", $after);
put("$folder/models/rename.sql", $declared);
is((pqengine(@on, 'drift'))[0], 1, 'before, there is drift');
succeeds('generate --prove', @on, 'generate', '--prove', '--sample-rows', '10', 'renames');
unlike(newest(), qr/\bDROP (TABLE|TYPE|VIEW)\b/, 'nothing is dropped');
succeeds('upgrade', @on, 'upgrade');
is(people('users', 'mail', 'status'), 'a new,b old', 'the rows have come along');
is(succeeds('drift', @on, 'drift'), '', 'no drift');
is(succeeds('generate', @on, 'generate', 'again'), "Nothing to do: no file was written.\n", 'the lines may stay');
$node->safe_psql('shop', "INSERT INTO users (mail, status) VALUES ('c', 'new')");
is($node->safe_psql('shop', 'SELECT max(id) FROM users'), '3', 'the sequence goes on');
succeeds('downgrade', @on, 'downgrade');
is(people('people', 'email', 'state'), 'a nu,b old,c nu', 'and back');
put("$folder/models/all.sql", $before);
unlink "$folder/models/rename.sql" or die $!;
is(succeeds('drift', @on, 'drift'), '', 'no drift from the old models');
put("$folder/models/all.sql", $after);
put("$folder/models/rename.sql", $declared);
succeeds('upgrade', @on, 'upgrade');
is(people('users', 'mail', 'status'), 'a new,b old,c new', 'and there again');

# a contradiction is an error with its place
put("$folder/models/rename.sql", "$declared\nSELECT pqengine.renamed('users', 'mail', was => 'letter');\n");
refused('contradiction', 1, qr/models\/rename\.sql:7: .* contradicts models\/rename\.sql:2/, @on, 'diff');
put("$folder/models/rename.sql", $declared);

# an added value has no reverse, but the plan has a way back
put("$folder/models/all.sql", $after =~ s/'old'\)/'old', 'older')/r);
succeeds('generate', @on, 'generate', 'a value');
succeeds('upgrade', @on, 'upgrade');
is($node->safe_psql('shop', 'SELECT enum_last(NULL::status)'), 'older', 'the value is there');
succeeds('downgrade', @on, 'downgrade');
is($node->safe_psql('shop', 'SELECT enum_last(NULL::status)'), 'old', 'it is gone again');
is(people('users', 'mail', 'status'), 'a new,b old,c new', 'the rows are not');
put("$folder/models/all.sql", $after);
is(succeeds('drift', @on, 'drift'), '', 'no drift after the way back');

done_testing();
