# Kind/Composite.pm: composite types.
package Property::Kind::Composite;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE common decorate);
use Property::Schema;
use Property::Types;

sub make ($class, $g)
{
	my $ns = $g->some_schema->{id};
	my $type = $g->{schema}->add(kind => 'Composite', ns => $ns, name => $g->name($ns, 'type'), attributes => []);

	add_attribute($g, $type) for 1 .. $g->{random}->between(1, 4);
	decorate($g, $type, 'TYPE');
}

# Only of types that are written before this one.
sub add_attribute ($g, $type)
{
	my $random = $g->{random};
	my $attributes = $type->{attributes};
	my $of = $random->pick(grep { $_->{id} < $type->{id} } $g->{schema}->all(qw(Enum Domain Composite)));

	push @$attributes, {
		name => $g->name(undef, 'column', map { $_->{name} } @$attributes),
		sql => $of && $random->chance(25) ? "{q$of->{id}}" : Property::Types::base($random)->{sql},
		comment => $random->chance(8) ? 'a part' : undef,
	};
}

sub change ($class, $g, $type)
{
	my $random = $g->{random};
	my $attributes = $type->{attributes};
	my $what = $random->below(6);

	if ($what < 2) { add_attribute($g, $type); }
	elsif ($what == 2) { splice @$attributes, $random->below(scalar @$attributes), 1 if @$attributes > 1; }
	elsif ($what == 3) { $random->pick(@$attributes)->{sql} = Property::Types::base($random)->{sql}; }
	elsif ($what == 4) { $random->pick(@$attributes)->{name} = $g->name(undef, 'column', map { $_->{name} } @$attributes); }
	else { decorate($g, $type, 'TYPE') for 1 .. 5; }
}

sub statements ($class, $schema, $type)
{
	my $id = $type->{id};
	my @parts = map { Property::Schema::quote($_->{name}) . " $_->{sql}" } $type->{attributes}->@*;
	my @comments = map {
		[ $PHASE{comment}, "COMMENT ON COLUMN {q$id}." . Property::Schema::quote($_->{name}) . ' IS ' . Property::Schema::literal($_->{comment}) ]
	} grep { defined $_->{comment} } $type->{attributes}->@*;

	return ([ $PHASE{composite} + $id / 1e6, "CREATE TYPE {q$id} AS", \@parts ], @comments, common($type, "TYPE {q$id}"));
}

1;
