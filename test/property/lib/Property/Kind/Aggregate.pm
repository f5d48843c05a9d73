# Kind/Aggregate.pm: aggregates over built-in functions and over one of their own.
package Property::Kind::Aggregate;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE common decorate);

# [ argument types, options ]
my @FORMS = (
	[ 'integer', 'SFUNC = int4pl, STYPE = integer, INITCOND = \'0\'' ],
	[ 'integer', 'SFUNC = int4larger, STYPE = integer, COMBINEFUNC = int4larger, PARALLEL = safe' ],
	[ 'text', 'SFUNC = textcat, STYPE = text, INITCOND = \'\'' ],
	[ 'text', 'SFUNC = text_larger, STYPE = text, SORTOP = OPERATOR(pg_catalog.>)' ],
	[ 'double precision ORDER BY anyelement', 'SFUNC = ordered_set_transition, STYPE = internal, FINALFUNC = percentile_disc_final, FINALFUNC_EXTRA' ],
	[ 'anyelement', 'SFUNC = array_append, STYPE = anyarray' ],
	[ 'double precision', 'SFUNC = float8pl, STYPE = double precision, MSFUNC = float8pl, MINVFUNC = float8mi, MSTYPE = double precision' ],
);

sub make ($class, $g)
{
	my $random = $g->{random};
	my $ns = $g->some_schema->{id};
	my ($takes, $options) = $random->pick(@FORMS)->@*;
	my $aggregate = $g->{schema}->add(kind => 'Aggregate', ns => $ns, name => $g->name($ns, 'function'), takes => $takes, options => $options);

	# a transition function of its own, which has to be there first
	if ($takes eq 'integer' && $random->chance(40))
	{
		my $function = $g->{schema}->add(kind => 'Function', ns => $ns, name => $g->name($ns, 'function'),
			arguments => [ map { { sql => 'integer', cat => 'int', name => $_, mode => '' } } 'state', 'next' ],
			returns => 'integer', language => 'sql', options => ' IMMUTABLE', body => 'SELECT $1 + $2');
		$aggregate->{options} = "SFUNC = {q$function->{id}}, STYPE = integer";
	}
	decorate($g, $aggregate);
}

sub change ($class, $g, $aggregate)
{
	my $random = $g->{random};

	if ($random->chance(50)) { @$aggregate{qw(takes options)} = $random->pick(@FORMS)->@*; }
	else { decorate($g, $aggregate) for 1 .. 5; }
}

sub statements ($class, $schema, $aggregate)
{
	my $what = "{q$aggregate->{id}}($aggregate->{takes})";

	return ([ $PHASE{aggregate}, "CREATE AGGREGATE $what ($aggregate->{options})" ], common($aggregate, "AGGREGATE $what"));
}

1;
