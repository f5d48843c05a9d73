# Kind.pm: what kinds of objects share: phases, comments, owners, privileges.
#
# A kind is a package Property::Kind::NAME with
#   make($class, $g)            adds a random object to $g->{schema}, where it can
#   change($class, $g, $object) changes something of it
#   statements($class, $schema, $object)
#                               lists of [ phase, head, parts, tail ]
# where $g is a Property::Generator.
package Property::Kind;

use v5.36;
use utf8;

use Exporter qw(import);

use Property::Cluster;
use Property::Schema;

our @EXPORT_OK = qw(%PHASE common decorate);

# Order in which statements can run.
my @PHASES = qw(
  schema collation type early_function domain composite range sequence cast table partition column constraint index foreign_key
  attach statistics function aggregate operator view matview view_index trigger rule policy replica late
  comment owner privilege default_privilege
);
our %PHASE = map { $PHASES[$_] => $_ } 0 .. $#PHASES;

my @COMMENTS = ('what it is', "it's \"quoted\"", "two\nlines", 'ünïcode ☃', 'back\\slash', '%s');

my %PRIVILEGES = (
	TABLE => [qw(SELECT INSERT UPDATE DELETE TRUNCATE REFERENCES TRIGGER ALL)],
	SEQUENCE => [qw(USAGE SELECT UPDATE ALL)],
	FUNCTION => [qw(EXECUTE ALL)],
	PROCEDURE => [qw(EXECUTE)],
	SCHEMA => [qw(USAGE CREATE ALL)],
	TYPE => [qw(USAGE)],
	DOMAIN => [qw(USAGE)],
	'FOREIGN SERVER' => [qw(USAGE)],
);

# Gives an object, now and then, a comment, an owner and privileges, or other ones.
sub decorate ($g, $object, $grantable = undef)
{
	my $random = $g->{random};

	$object->{comment} = $random->chance(70) ? $random->pick(@COMMENTS) : undef if $random->chance(12);
	$object->{owner} = $random->pick(@Property::Cluster::ROLES, undef) if $random->chance(10);
	if ($grantable && $random->chance(15))
	{
		$object->{grants} = [ map { grant($random, $grantable) } 0 .. $random->below(3) ];
	}
}

sub grant ($random, $what)
{
	my @roles = map { Property::Schema::quote($_) } @Property::Cluster::ROLES;
	my $privilege = $random->pick($PRIVILEGES{$what}->@*);
	my $option = $random->chance(20) ? ' WITH GRANT OPTION' : '';

	return "REVOKE $privilege ON %s FROM PUBLIC" if $what =~ /^(FUNCTION|PROCEDURE|TYPE|DOMAIN)$/ && $random->chance(40);
	return "GRANT $privilege ON %s TO PUBLIC" if $random->chance(15);
	return "GRANT $privilege ON %s TO " . $random->pick(@roles) . $option;
}

# The statements for what decorate() gave.  $what is the object as COMMENT ON and
# ALTER name it ("TABLE {q5}"); $granted as GRANT does, where it is another.
sub common ($object, $what, $granted = $what)
{
	my @statements;

	push @statements, [ $PHASE{comment}, "COMMENT ON $what IS " . comment_literal($object->{comment}) ] if defined $object->{comment};
	push @statements, [ $PHASE{owner}, "ALTER $what OWNER TO " . Property::Schema::quote($object->{owner}) ]
	  if defined $object->{owner};
	push @statements, map { [ $PHASE{privilege}, sprintf $_, $granted ] } ($object->{grants} // [])->@*;
	return @statements;
}

sub comment_literal ($text)
{
	return Property::Schema::literal($text);
}

1;
