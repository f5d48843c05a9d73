# Kind/Enum.pm: enums.
package Property::Kind::Enum;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE common decorate);
use Property::Schema;

my @LABELS = ('red', 'green', 'blue', 'new', 'done', "it's", 'With Space', 'ü', 'select', 'a"b');

sub make ($class, $g)
{
	my $ns = $g->some_schema->{id};
	my $object = $g->{schema}->add(kind => 'Enum', ns => $ns, name => $g->name($ns, 'type'),
		labels => [ $g->{random}->sample($g->{random}->between(1, 5), @LABELS) ]);

	decorate($g, $object, 'TYPE');
}

sub change ($class, $g, $object)
{
	my $random = $g->{random};
	my $labels = $object->{labels};
	my %has = map { $_ => 1 } @$labels;
	my @other = grep { !$has{$_} } @LABELS;
	my $what = $random->below(10);

	if ($what < 5 && @other) { splice @$labels, $random->below(@$labels + 1), 0, $random->pick(@other); }
	elsif ($what < 7 && @$labels > 1) { splice @$labels, $random->below(scalar @$labels), 1; }
	elsif ($what < 8) { @$labels = $random->shuffle(@$labels); }
	else { decorate($g, $object, 'TYPE') for 1 .. 5; }
}

sub statements ($class, $schema, $object)
{
	my $labels = join ', ', map { Property::Schema::literal($_) } $object->{labels}->@*;

	return ([ $PHASE{type}, "CREATE TYPE {q$object->{id}} AS ENUM ($labels)" ], common($object, "TYPE {q$object->{id}}"));
}

1;
