# Ten programs started at once on an empty server: the database is made once, one migration is
# written and applied, none fails.  With one migrations folder for all, with one for each, and without
# migrations.
use strict;
use warnings;

use FindBin;
use lib "$FindBin::Bin/../lib";
use PostgreSQL::Test::Cluster;
use PostgreSQL::Test::Utils;
use PQEngineTest;
use Test::More;

my $program = build_program('starter.c');

my $node = PostgreSQL::Test::Cluster->new('main');
$node->init;
$node->start;

my $folder = new_folder();
put("$folder/models/users.sql", "CREATE TABLE users (id int PRIMARY KEY, email text);\n");
put("$folder/models/orders.sql",
	"CREATE TABLE orders (id int PRIMARY KEY, user_id int REFERENCES users);\nCREATE INDEX orders_user ON orders (user_id);\n");

# Starts them all, lets them go at one moment; their exit codes and stderr.
sub start_ten
{
	my ($database, $migrations) = @_;
	my @runs;
	for my $i (1 .. 10)
	{
		my $run = { in => '', err => '' };
		$run->{handle} = IPC::Run::start(
			[ $program, $node->connstr(ref $database ? $database->($i) : $database), 'models', $migrations->($i) // () ],
			'<', \$run->{in}, '>', \my $out, '2>', \$run->{err},
			init => sub { chdir $folder or die "$folder: $!" });
		push @runs, $run;
	}
	$_->{handle}->pump_nb for @runs;
	my @results;
	for my $run (@runs)
	{
		IPC::Run::finish($run->{handle});
		push @results, [ $run->{handle}->full_result(0) >> 8, $run->{err} ];
	}
	return @results;
}

sub check_ten
{
	my ($name, $database, $applied, @results) = @_;
	my $log = join '', map { $_->[1] } @results;
	my $count = () = $log =~ /^\[ENGINE\] Applied 1 migration\(s\)$/mg;
	my $generated = () = $log =~ /^\[ENGINE\] Auto-generated migration: \d{8}_\d{6}$/mg;
	is(join(' ', map { $_->[0] } @results), join(' ', (0) x 10), "$name: none fails");
	is($count, $applied, "$name: $applied applied a migration");
	is($generated, $applied, "$name: $applied wrote a migration");
	unlike($log, qr/differs from/, "$name: nobody finds drift");
	is($node->safe_psql($database, "SELECT count(*), min(status), min(message) FROM pqengine.migration"),
		'1|applied|auto', "$name: the record");
	diag($log) unless $count == $applied && $generated == $applied;
	return $log;
}

my $log = check_ten('one folder', 'shop', 1, start_ten('shop', sub { 'shared' }));
my $made = () = $log =~ /^\[ENGINE\] Database "shop" created$/mg;
is($made, 1, 'the database is made once');
my $initialized = () = $log =~ /^\[ENGINE\] Migrations initialized at shared$/mg;
is($initialized, 10, 'each says where its migrations are');
my @files = glob("$folder/shared/*");
is(scalar @files, 1, 'one file');
is($node->safe_psql('shop', "SELECT to_regclass('orders_user')"), 'orders_user', 'the models are there');

$log = check_ten('a folder each', 'own', 1, start_ten('own', sub { "own$_[0]" }));
my %contents = map { get($_) => 1 } glob("$folder/own*/*.sql");
is(scalar(my @own = glob("$folder/own*/*.sql")), 10, 'every folder has the file');
is(scalar keys %contents, 1, 'and all the same');

# again: nothing to do
my @results = start_ten('own', sub { "own$_[0]" });
is(join('', map { $_->[1] } @results) =~ /Applied|Auto-generated|created/, '', 'a second start does nothing');

# Two databases that share a folder: the lock of a database does not keep them apart.
@results = start_ten(sub { $_[0] % 2 ? 'odd' : 'even' }, sub { 'common' });
is(join(' ', map { $_->[0] } @results), join(' ', (0) x 10), 'two databases: none fails')
  or diag(map { $_->[1] } @results);
is(scalar(my @common = glob("$folder/common/*")), 1, 'two databases: one migration for both');
is($node->safe_psql($_, "SELECT to_regclass('orders_user'), count(*) FROM pqengine.migration"), 'orders_user|1', "two databases: $_ has it")
  for 'odd', 'even';

# Without migrations: the tables are made directly.
@results = start_ten('direct', sub { undef });
is(join(' ', map { $_->[0] } @results), join(' ', (0) x 10), 'ensure_tables: none fails');
is(scalar(my @created = grep { $_->[1] =~ /Created what was missing: 3 statement/ } @results), 1, 'ensure_tables: one makes them')
  or diag(map { $_->[1] } @results);
unlike(join('', map { $_->[1] } @results), qr/differs from/, 'ensure_tables: nobody finds drift');
is($node->safe_psql('direct', 'SELECT count(*) FROM pqengine.migration'), '0', 'ensure_tables: no migration');

# The models change.
put("$folder/models/more.sql", "CREATE TABLE more (a int);\n");
@results = start_ten('shop', sub { 'shared' });
is(join(' ', map { $_->[0] } @results), join(' ', (0) x 10), 'changed models: none fails');
is($node->safe_psql('shop', 'SELECT count(*) FROM pqengine.migration'), '2', 'changed models: one migration more');
is(scalar(@files = glob("$folder/shared/*")), 2, 'changed models: one file more');
is($node->safe_psql('shop', "SELECT to_regclass('more')"), 'more', 'changed models: applied');

$node->stop;
done_testing();
