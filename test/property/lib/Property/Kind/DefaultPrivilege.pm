# Kind/DefaultPrivilege.pm: default privileges, of a schema or of the database.
package Property::Kind::DefaultPrivilege;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE);
use Property::Schema;

sub make ($class, $g)
{
	my $privilege = { kind => 'DefaultPrivilege' };

	define($g, $privilege);
	$g->{schema}->add(%$privilege);
}

sub define ($g, $privilege)
{
	my $random = $g->{random};
	my $for = $random->chance(40) ? ' FOR ROLE ' . Property::Schema::quote($random->pick(@Property::Cluster::ROLES)) : '';
	my $in = $random->chance(60) ? ' IN SCHEMA {' . $g->some_schema->{id} . '}' : '';
	my $to = Property::Schema::quote($random->pick(@Property::Cluster::ROLES));

	$privilege->{text} = "ALTER DEFAULT PRIVILEGES$for$in "
	  . $random->pick("GRANT SELECT ON TABLES TO $to", "GRANT ALL ON TABLES TO $to", "GRANT USAGE ON SEQUENCES TO $to",
		"GRANT EXECUTE ON FUNCTIONS TO $to WITH GRANT OPTION", 'REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC', "GRANT USAGE ON TYPES TO $to",
		"GRANT INSERT, UPDATE ON TABLES TO $to", length $in ? "GRANT SELECT ON SEQUENCES TO $to" : "GRANT USAGE ON SCHEMAS TO $to");
}

sub change ($class, $g, $privilege)
{
	define($g, $privilege);
}

sub statements ($class, $schema, $privilege)
{
	return [ $PHASE{default_privilege}, $privilege->{text} ];
}

1;
