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
	my $function = $schema->add(kind => 'Function', ns => $ns, name => $g->name($ns, 'function'),
		arguments => [ { sql => "{q$type->{id}}", cat => 'other', name => 'v', mode => '' } ],
		returns => 'integer', language => 'sql', options => ' IMMUTABLE', body => 'SELECT length($1::text)');

	$schema->add(kind => 'Cast', from => $type->{id}, function => $function->{id}, how => $random->pick('', ' AS ASSIGNMENT', ' AS IMPLICIT'));
}

sub change ($class, $g, $cast)
{
	if ($g->{random}->chance(60)) { $cast->{how} = $g->{random}->pick('', ' AS ASSIGNMENT', ' AS IMPLICIT'); }
	else { $cast->{comment} = $g->{random}->pick('a cast', undef); }
}

sub statements ($class, $schema, $cast)
{
	my $what = "CAST ({q$cast->{from}} AS integer)";
	my @statements = [ $PHASE{operator}, "CREATE $what WITH FUNCTION {q$cast->{function}}({q$cast->{from}})$cast->{how}" ];

	push @statements, [ $PHASE{comment}, "COMMENT ON $what IS " . Property::Schema::literal($cast->{comment}) ] if defined $cast->{comment};
	return @statements;
}

1;
