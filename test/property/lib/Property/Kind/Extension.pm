# Kind/Extension.pm: extensions, whose members are nobody's business.
package Property::Kind::Extension;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE);
use Property::Schema;

# Those with a type of the same name come first.
my @NAMES = qw(citext hstore pg_trgm btree_gist fuzzystrmatch);

sub make ($class, $g)
{
	my $random = $g->{random};
	my %taken = map { $_->{name} => 1 } $g->{schema}->all('Extension');
	my $name = $random->pick(grep { !$taken{$_} } @NAMES) or return;

	$g->{schema}->add(kind => 'Extension', ns => $g->some_schema->{id}, name => $name, fixed_name => 1);
}

sub change ($class, $g, $extension)
{
	if ($g->{random}->chance(50)) { $extension->{ns} = $g->some_schema->{id}; }
	else { $extension->{comment} = $g->{random}->pick('an extension', undef); }
}

sub statements ($class, $schema, $extension)
{
	my @statements = [ $PHASE{schema} + 0.5, "CREATE EXTENSION $extension->{name} SCHEMA {$extension->{ns}}" ];

	push @statements, [ $PHASE{comment}, "COMMENT ON EXTENSION $extension->{name} IS " . Property::Schema::literal($extension->{comment}) ]
	  if defined $extension->{comment};
	return @statements;
}

1;
