# Kind/Range.pm: range types.
package Property::Kind::Range;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE common decorate);

my @SUBTYPES = ('SUBTYPE = integer', 'SUBTYPE = double precision, SUBTYPE_DIFF = float8mi', 'SUBTYPE = text, COLLATION = "C"',
	'SUBTYPE = timestamp without time zone', 'SUBTYPE = numeric');

sub make ($class, $g)
{
	my $ns = $g->some_schema->{id};
	my $type = $g->{schema}->add(kind => 'Range', ns => $ns, name => $g->name($ns, 'type'), options => $g->{random}->pick(@SUBTYPES));

	# the multirange's name, as something with an id
	$type->{columns} = [ { id => $g->{schema}->next_id, name => $g->name($ns, 'type') . '_s' } ] if $g->{random}->chance(60);
	decorate($g, $type, 'TYPE');
}

sub change ($class, $g, $type)
{
	if ($g->{random}->chance(40)) { $type->{options} = $g->{random}->pick(@SUBTYPES); }
	else { decorate($g, $type, 'TYPE') for 1 .. 5; }
}

sub statements ($class, $schema, $type)
{
	my $id = $type->{id};

	my $multirange = $type->{columns} ? ", MULTIRANGE_TYPE_NAME = {$type->{ns}}.{$type->{columns}[0]{id}}" : '';

	return ([ $PHASE{range}, "CREATE TYPE {q$id} AS RANGE ($type->{options}$multirange)" ], common($type, "TYPE {q$id}"));
}

1;
