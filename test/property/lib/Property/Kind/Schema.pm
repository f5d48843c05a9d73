# Kind/Schema.pm: schemas.
package Property::Kind::Schema;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE common decorate);

sub make ($class, $g)
{
	my @taken = map { $_->{name} } $g->{schema}->all('Schema');
	my $object = $g->{schema}->add(kind => 'Schema', name => $g->name(undef, 'schema', @taken));

	decorate($g, $object, 'SCHEMA');
}

sub change ($class, $g, $object)
{
	decorate($g, $object, 'SCHEMA') for 1 .. 5;
}

sub statements ($class, $schema, $object)
{
	my @create = $object->{exists} ? () : [ $PHASE{schema}, "CREATE SCHEMA {$object->{id}}" ];
	return (@create, common($object, "SCHEMA {$object->{id}}"));
}

1;
