# Schema.pm: a schema as data, and how it is written as statements.
#
# An object is a hash: kind (the name of a Property::Kind::* package), id, ns (id
# of its schema), name, and what its kind adds.  Columns have ids of the same
# count.  SQL fragments name others by tokens, so that a rename reaches all of
# them: {12} is the quoted name of number 12, {q12} the name with its schema.  A
# statement with a token of something that is gone is not written.
package Property::Schema;

use v5.36;
use utf8;

use Storable ();

use Property::Statement;

my %KEYWORD = map { $_ => 1 } qw(
  all and array as asc between both case cast check collate column constraint create current_date current_user
  default desc distinct do else end except false for foreign from grant group having in initially intersect into
  is join leading left like limit not null offset on only or order placing primary references returning right
  select session_user some table then to trailing true union unique user using values when where window with
);

sub new ($class)
{
	return bless { next => 1, objects => [] }, $class;
}

sub copy ($self)
{
	return Storable::dclone($self);
}

sub quote ($name)
{
	return $name =~ /\A[a-z_][a-z0-9_]*\z/ && !$KEYWORD{$name} ? $name : '"' . $name =~ s/"/""/gr . '"';
}

sub literal ($text)
{
	return "'" . $text =~ s/'/''/gr . "'";
}

sub next_id ($self)
{
	return $self->{next}++;
}

sub add ($self, %object)
{
	my $object = { id => $self->next_id, %object };

	push $self->{objects}->@*, $object;
	return $object;
}

sub remove ($self, $object)
{
	$self->{objects} = [ grep { $_->{id} != $object->{id} } $self->{objects}->@* ];
}

# The objects of some kinds, in the order in which they were added.
sub all ($self, @kinds)
{
	my %wanted = map { $_ => 1 } @kinds;
	return grep { $wanted{ $_->{kind} } } $self->{objects}->@*;
}

sub get ($self, $id)
{
	my ($found) = grep { $_->{id} == $id } $self->{objects}->@*;
	return $found;
}

# Is the name taken by something that shares a namespace with relations, types
# or functions?  They are not told apart: names are cheap.
sub has_name ($self, $ns, $name)
{
	return grep { ($_->{ns} // 0) == $ns && defined $_->{name} && $_->{name} eq $name } $self->{objects}->@*;
}

# Names by id, for the tokens.
sub names ($self)
{
	my (%bare, %full);

	for my $object ($self->{objects}->@*)
	{
		$bare{ $object->{id} } = quote($object->{name}) if defined $object->{name};
		$bare{ $_->{id} } = quote($_->{name}) for ($object->{columns} // [])->@*;
	}
	for my $object ($self->{objects}->@*)
	{
		next unless defined $object->{name};
		my $ns = defined $object->{ns} ? $bare{ $object->{ns} } // next : undef;
		$full{ $object->{id} } = defined $ns ? "$ns.$bare{ $object->{id} }" : $bare{ $object->{id} };
	}
	return { bare => \%bare, full => \%full };
}

# The text with its tokens replaced, or undef where one names what is gone.
sub resolve ($names, $text)
{
	my $gone = 0;

	$text =~ s/\{(q?)(\d+)\}/($1 ? $names->{full}{$2} : $names->{bare}{$2}) \/\/ do { $gone = 1; '' }/ge;
	return $gone ? undef : $text;
}

# All statements, in an order in which they can run: a list of Property::Statement.
sub statements ($self)
{
	my $names = $self->names;
	my @phased;

	for my $object ($self->{objects}->@*)
	{
		my $class = "Property::Kind::$object->{kind}";
		push @phased, map { [ $_->[0], scalar @phased, $_->@[ 1 .. $#$_ ] ] } $class->statements($self, $object);
	}
	my @statements;
	for my $item (sort { $a->[0] <=> $b->[0] || $a->[1] <=> $b->[1] } @phased)
	{
		my (undef, undef, $head, $parts, $tail) = @$item;
		$head = resolve($names, $head) // next;
		$tail = resolve($names, $tail // '') // next;
		$parts = [ grep { defined } map { resolve($names, $_) } @$parts ] if $parts;
		push @statements, Property::Statement->new($head, $parts, $tail);
	}
	return \@statements;
}

1;
