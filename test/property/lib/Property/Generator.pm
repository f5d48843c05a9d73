# Generator.pm: random schemas, and schemas that came of another by changes.
package Property::Generator;

use v5.36;
use utf8;

use Property::Kind;
use Property::Names;
use Property::Random;
use Property::Schema;
use Property::Types;

# Kinds in an order in which later ones find what they name, with how often each
# is made in a schema of full size.
my @KINDS = (
	[ Schema => 2 ], [ Extension => 0.3 ], [ Collation => 0.5 ], [ Enum => 2 ], [ Domain => 1 ], [ Composite => 1 ], [ Range => 0.5 ],
	[ Table => 4 ], [ Partition => 1 ], [ Sequence => 1.5 ], [ Constraint => 5 ], [ ForeignKey => 3 ], [ Index => 4 ],
	[ Statistics => 1 ], [ Function => 3 ], [ Procedure => 0.5 ], [ Aggregate => 0.5 ], [ Operator => 0.5 ], [ View => 3 ],
	[ MatView => 1 ], [ Index => 1 ], [ Trigger => 2 ], [ Rule => 0.5 ], [ Policy => 1 ], [ DefaultPrivilege => 0.5 ],
	[ Cast => 0.5 ], [ OperatorClass => 0.5 ], [ TextSearch => 0.5 ], [ Foreign => 0.5 ], [ Publication => 0.5 ], [ EventTrigger => 0.5 ],
);

# Most schemas are small, which makes for more pairs and failures that are soon
# understood; in per cent of the numbers above.
my @SIZES = (20, 30, 40, 40, 60, 100);

for my $kind (sort map { $_->[0] } @KINDS)
{
	require "Property/Kind/$kind.pm";
}

sub new ($class, $random, $schema)
{
	return bless { random => $random, schema => $schema }, $class;
}

# A pair (A, B) of Property::Schema that a seed decides.
sub pair ($seed, $only = undef)
{
	my $random = Property::Random->new($seed);
	my $a = fresh($random, $only);
	my $b;

	if ($random->chance(15))
	{
		$b = fresh($random, $only);
	}
	else
	{
		$b = $a->copy;
		my $g = Property::Generator->new($random, $b);
		$g->mutate($only) for 1 .. $random->between(1, $random->chance(20) ? 15 : 6);
	}
	return ($a, $b);
}

# $only: a list of kinds to keep to, besides schemas and tables.
sub fresh ($random, $only = undef)
{
	my $schema = Property::Schema->new;
	my $g = Property::Generator->new($random, $schema);

	my $size = $random->pick(@SIZES);

	$schema->add(kind => 'Schema', name => 'public', exists => 1);
	for my $item (usable($only))
	{
		my ($kind, $often) = @$item;
		# from none to twice as many as usual; the fraction by chance
		my $count = 2 * $often * $size / 100 * $random->below(1000) / 1000;
		$g->make($kind) for 1 .. int($count + $random->below(1000) / 1000);
	}
	return $schema;
}

sub usable ($only)
{
	return @KINDS unless $only;
	my %wanted = map { $_ => 1 } @$only, 'Schema', 'Table';
	return grep { $wanted{ $_->[0] } } @KINDS;
}

sub make ($self, $kind)
{
	return "Property::Kind::$kind"->make($self);
}

# One change to the schema.
sub mutate ($self, $only = undef)
{
	my ($random, $schema) = @$self{qw(random schema)};
	my $what = $random->below(100);
	my @usable = map { ($_->[0]) x (2 * $_->[1]) } usable($only);

	return $self->make($random->pick(@usable)) if $what < 25;
	my $object = $random->pick(grep { !$_->{exists} } $schema->{objects}->@*) or return;
	if ($what < 40) { $schema->remove($object); }
	elsif ($what < 44 && defined $object->{name} && !$object->{fixed_name}) { $object->{name} = $self->name($object->{ns}, lc $object->{kind}); }
	elsif ($what < 47 && defined $object->{ns} && !$object->{table}) { $object->{ns} = $self->some_schema->{id}; }
	else { "Property::Kind::$object->{kind}"->change($self, $object); }
}

sub name ($self, $ns, $what, @taken)
{
	return Property::Names::fresh($self->{random}, $self->{schema}, $ns, $what, @taken);
}

sub some_schema ($self)
{
	return $self->{random}->pick($self->{schema}->all('Schema'));
}

# Tables of some sort: those for which $test is true, or any.
sub some_table ($self, $test = sub { 1 })
{
	return $self->{random}->pick(grep { $test->($_) } $self->{schema}->all('Table', 'Partition'));
}

# The columns that a relation has, its own and inherited ones, as { id, name, cat, ... , text }.
sub columns ($self, $relation, $prefix = '')
{
	return map { +{ %$_, text => "$prefix\{$_->{id}}" } } $self->raw_columns($relation);
}

sub raw_columns ($self, $relation)
{
	my @parents = grep { defined } map { $self->{schema}->get($_) } grep { defined } $relation->{parent}, ($relation->{inherits} // [])->@*;
	my %seen;

	return grep { !$seen{ $_->{name} }++ } (map { $self->raw_columns($_) } @parents), ($relation->{columns} // [])->@*;
}

1;
