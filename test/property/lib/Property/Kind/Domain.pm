# Kind/Domain.pm: domains with their constraints.
package Property::Kind::Domain;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE common decorate);
use Property::Schema;
use Property::Types;

sub make ($class, $g)
{
	my $random = $g->{random};
	my $ns = $g->some_schema->{id};
	my $base = Property::Types::base($random, qw(int int text text num jsonb time ints));
	my $other = $random->pick($g->{schema}->all(qw(Domain Enum)));
	my $domain;

	# over another type of the schema
	$base = { Property::Types::own($random, $other)->%*, over => $other->{id} } if $other && $random->chance(30);
	$domain = $g->{schema}->add(kind => 'Domain', ns => $ns, name => $g->name($ns, 'type'), %$base, checks => []);

	add_check($g, $domain) for 1 .. $random->below(3);
	$domain->{default} = Property::Types::default($random, $base, $g->{schema}) if $random->chance(25);
	$domain->{notnull} = 1 if $random->chance(15);
	$domain->{collate} = '"C"' if $base->{cat} eq 'text' && !$base->{over} && $random->chance(15);
	decorate($g, $domain, 'DOMAIN');
}

sub add_check ($g, $domain)
{
	my $random = $g->{random};
	my $condition = Property::Types::condition($random, { cat => $domain->{cat}, text => 'VALUE' }) or return;

	push $domain->{checks}->@*, {
		name => $g->name(undef, 'other', map { $_->{name} } $domain->{checks}->@*), condition => $condition,
		inline => $random->chance(60), valid => $random->chance(90), comment => $random->chance(15) ? 'a rule' : undef,
	};
}

sub change ($class, $g, $domain)
{
	my $random = $g->{random};
	my $checks = $domain->{checks};
	my $what = $random->below(7);

	if ($what == 0) { add_check($g, $domain); }
	elsif ($what == 1) { splice @$checks, $random->below(scalar @$checks), 1 if @$checks; }
	elsif ($what == 2) { $domain->{default} = defined $domain->{default} ? undef : Property::Types::default($random, $domain, $g->{schema}); }
	elsif ($what == 3) { $domain->{notnull} = !$domain->{notnull}; }
	elsif ($what == 4 && !$domain->{over}) { @$domain{qw(sql cat)} = Property::Types::base($random, $domain->{cat})->@{qw(sql cat)}; }
	elsif ($what == 5 && @$checks) { $random->pick(@$checks)->{name} = $g->name(undef, 'other', map { $_->{name} } @$checks); }
	else { decorate($g, $domain, 'DOMAIN') for 1 .. 5; }
}

sub statements ($class, $schema, $domain)
{
	my $id = $domain->{id};
	my $text = "CREATE DOMAIN {q$id} AS $domain->{sql}";
	my @statements;

	$text .= " COLLATE $domain->{collate}" if $domain->{collate} && $domain->{cat} eq 'text';
	$text .= " DEFAULT $domain->{default}" if defined $domain->{default};
	$text .= ' NOT NULL' if $domain->{notnull};
	for my $check ($domain->{checks}->@*)
	{
		my $constraint = 'CONSTRAINT ' . Property::Schema::quote($check->{name}) . " CHECK ($check->{condition})";
		if ($check->{inline}) { $text .= " $constraint"; }
		else { push @statements, [ $PHASE{domain} + 0.5 + $id / 1e6, "ALTER DOMAIN {q$id} ADD $constraint" . ($check->{valid} ? '' : ' NOT VALID') ]; }
		push @statements, [ $PHASE{comment}, 'COMMENT ON CONSTRAINT ' . Property::Schema::quote($check->{name})
			  . " ON DOMAIN {q$id} IS " . Property::Schema::literal($check->{comment}) ] if defined $check->{comment};
	}
	return ([ $PHASE{domain} + $id / 1e6, $text ], @statements, common($domain, "DOMAIN {q$id}"));
}

1;
