# Kind/Operator.pm: operators over a function of their own.
package Property::Kind::Operator;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE common decorate);
use Property::Schema;
use Property::Types;

my @SIGNS = ('<+>', '===', '@#@', '~~~', '##', '<%>');

sub make ($class, $g)
{
	my $random = $g->{random};
	my $ns = $g->some_schema->{id};
	my $type = $random->pick('integer', 'text', 'jsonb', map { "{q$_->{id}}" } $g->{schema}->all(qw(Enum Composite)));
	my $function = $g->{schema}->add(kind => 'Function', ns => $ns, name => $g->name($ns, 'function'),
		arguments => [ map { { sql => $type, cat => 'other', name => $_, mode => '' } } 'l', 'r' ],
		returns => 'boolean', language => 'sql', options => ' IMMUTABLE', body => 'SELECT $1::text = $2::text');
	my $operator = $g->{schema}->add(kind => 'Operator', ns => $ns, sign => $random->pick(@SIGNS), type => $type, function => $function->{id},
		options => $random->pick('', ', RESTRICT = eqsel, JOIN = eqjoinsel', ', HASHES', ', MERGES, RESTRICT = eqsel'));

	$operator->{options} .= ", COMMUTATOR = OPERATOR({$ns}.$operator->{sign})" if $random->chance(40);
	decorate($g, $operator);
}

sub change ($class, $g, $operator)
{
	my $random = $g->{random};

	if ($random->chance(50)) { $operator->{options} = $random->pick('', ', RESTRICT = eqsel', ', JOIN = eqjoinsel'); }
	else { decorate($g, $operator) for 1 .. 5; }
}

sub statements ($class, $schema, $operator)
{
	my $name = "{$operator->{ns}}.$operator->{sign}";

	return ([ $PHASE{operator}, "CREATE OPERATOR $name (FUNCTION = {q$operator->{function}}, LEFTARG = $operator->{type}, RIGHTARG = $operator->{type}$operator->{options})" ],
		common($operator, "OPERATOR $name ($operator->{type}, $operator->{type})"));
}

1;
