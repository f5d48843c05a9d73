# Kind/Cast.pm: casts between types of the schema and built-in ones.
package Property::Kind::Cast;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE);
use Property::Schema;

sub make ($class, $g)
{
	my ($random, $schema) = @$g{qw(random schema)};
	my $type = $random->pick($schema->all(qw(Enum Composite))) or return;
	my $ns = $g->some_schema->{id};

	if ($random->chance(25))
	{
		$schema->add(kind => 'Cast', from => $type->{id}, to => $random->pick('json', 'bytea'), how => $random->pick('', ' AS ASSIGNMENT'));
		return;
	}
	# implicit only to a type without operators: "=" must not become ambiguous
	my ($to, $body, $how) = $random->pick([ 'integer', 'length($1::text)', '' ], [ 'integer', 'length($1::text)', ' AS ASSIGNMENT' ],
		[ 'json', 'to_json($1::text)', ' AS IMPLICIT' ])->@*;
	my $function = $schema->add(kind => 'Function', ns => $ns, name => $g->name($ns, 'function'),
		arguments => [ { sql => "{q$type->{id}}", cat => 'other', name => 'v', mode => '' } ],
		returns => $to, language => 'sql', options => ' IMMUTABLE', body => "SELECT $body");

	$schema->add(kind => 'Cast', from => $type->{id}, to => $to, function => $function->{id}, how => $how);
}

sub change ($class, $g, $cast)
{
	if ($g->{random}->chance(60)) { $cast->{how} = $g->{random}->pick('', ' AS ASSIGNMENT'); }
	else { $cast->{comment} = $g->{random}->pick('a cast', undef); }
}

sub statements ($class, $schema, $cast)
{
	my $what = "CAST ({q$cast->{from}} AS $cast->{to})";
	my $by = $cast->{function} ? "WITH FUNCTION {q$cast->{function}}({q$cast->{from}})" : 'WITH INOUT';
	my @statements = [ $PHASE{operator}, "CREATE $what $by$cast->{how}" ];

	push @statements, [ $PHASE{comment}, "COMMENT ON $what IS " . Property::Schema::literal($cast->{comment}) ] if defined $cast->{comment};
	return @statements;
}

1;
