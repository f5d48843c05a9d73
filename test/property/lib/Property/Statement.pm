# Statement.pm: one statement of a schema, in parts that shrinking may leave out.
package Property::Statement;

use v5.36;

# $parts: the items of a list in parentheses, such as a table's columns, between
# what stands before and after it.  Without parts the statement is $head alone.
sub new ($class, $head, $parts = undef, $tail = '')
{
	return bless { head => $head, parts => $parts, tail => $tail }, $class;
}

sub text ($self)
{
	return $self->{text} //= !$self->{parts} ? $self->{head}
	  : !$self->{parts}->@* ? "$self->{head} ()$self->{tail}"
	  : "$self->{head} (\n    " . join(",\n    ", $self->{parts}->@*) . "\n)$self->{tail}";
}

# The same statement without one of its parts.
sub without ($self, $index)
{
	my @parts = $self->{parts}->@*;

	splice @parts, $index, 1;
	return Property::Statement->new($self->{head}, \@parts, $self->{tail});
}

sub part_count ($self)
{
	return $self->{parts} ? scalar $self->{parts}->@* : 0;
}

1;
