# Kind/OperatorClass.pm: operator classes, in a family of their own or a named one.
package Property::Kind::OperatorClass;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE common decorate);

my @FORMS = (
	"FOR TYPE integer USING btree%s AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint4cmp(integer, integer)",
	"FOR TYPE text USING hash%s AS OPERATOR 1 =, FUNCTION 1 hashtext(text)",
	"FOR TYPE bigint USING btree%s AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =, OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 btint8cmp(bigint, bigint), FUNCTION 2 btint8sortsupport(internal)",
);

sub make ($class, $g)
{
	my $random = $g->{random};
	my $ns = $g->some_schema->{id};
	my $object = $g->{schema}->add(kind => 'OperatorClass', ns => $ns, name => $g->name($ns, 'other'), form => $random->pick(@FORMS),
		family => $random->chance(50));

	decorate($g, $object);
}

sub change ($class, $g, $object)
{
	if ($g->{random}->chance(40)) { $object->{form} = $g->{random}->pick(@FORMS); }
	else { decorate($g, $object) for 1 .. 5; }
}

sub statements ($class, $schema, $object)
{
	my $id = $object->{id};
	my ($method) = $object->{form} =~ /USING (\w+)/;
	my @family = $object->{family} ? [ $PHASE{operator}, "CREATE OPERATOR FAMILY {q$id} USING $method" ] : ();

	return (@family, [ $PHASE{operator}, "CREATE OPERATOR CLASS {q$id} " . sprintf $object->{form}, $object->{family} ? " FAMILY {q$id}" : '' ],
		common($object, "OPERATOR CLASS {q$id} USING $method"));
}

1;
