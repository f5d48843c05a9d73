# Kind/Collation.pm: collations.
package Property::Kind::Collation;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE common decorate);

my @OPTIONS = (q(provider = icu, locale = 'und'), q(provider = icu, locale = 'de-u-co-phonebk'), q(provider = libc, locale = 'C'),
	q(provider = icu, locale = 'und-u-ks-level2', deterministic = false));

sub make ($class, $g)
{
	my $ns = $g->some_schema->{id};
	my $collation = $g->{schema}->add(kind => 'Collation', ns => $ns, name => $g->name($ns, 'type'), options => $g->{random}->pick(@OPTIONS));

	decorate($g, $collation);
}

sub change ($class, $g, $collation)
{
	if ($g->{random}->chance(40)) { $collation->{options} = $g->{random}->pick(@OPTIONS); }
	else { decorate($g, $collation) for 1 .. 5; }
}

sub statements ($class, $schema, $collation)
{
	my $id = $collation->{id};

	return ([ $PHASE{collation}, "CREATE COLLATION {q$id} ($collation->{options})" ], common($collation, "COLLATION {q$id}"));
}

1;
