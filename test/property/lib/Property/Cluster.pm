# Cluster.pm: databases of the private server that scripts/with-cluster gives.
#
# Databases are copied from a template that has the extension, and reached
# through DBI; pg_dump is run on them as a program.
package Property::Cluster;

use v5.36;
use utf8;

use DBI;

# Roles that the schemas name; they belong to the whole cluster.
our @ROLES = ('alice', 'bob', 'Carol O\'Dea', 'select');

my $TEMPLATE = 'property_template';

# What every session of the test has set: values print the same everywhere, a
# statement that hangs ends.
my @SESSION = ("SET client_min_messages = error", "SET statement_timeout = '60s'");

sub new ($class, $prefix)
{
	return bless { prefix => $prefix, made => 0, admin => connect_to('postgres') }, $class;
}

sub connect_to ($database)
{
	my $dbh = DBI->connect("dbi:Pg:dbname=$database", undef, undef,
		{ AutoCommit => 1, RaiseError => 1, PrintError => 0, PrintWarn => 0, pg_enable_utf8 => 1 });
	$dbh->do($_) for @SESSION;
	return $dbh;
}

# The server's major version.
sub version ($self)
{
	return int($self->{admin}{pg_server_version} / 10000);
}

# Makes the roles and the template, once per run.
sub prepare ($self)
{
	$self->{admin}->do('CREATE ROLE ' . $self->{admin}->quote_identifier($_)) for @ROLES;
	$self->{admin}->do("CREATE DATABASE $TEMPLATE TEMPLATE template0");
	my $dbh = connect_to($TEMPLATE);
	$dbh->do('CREATE EXTENSION pqengine');
	$dbh->disconnect;
}

# A new database: its name and a connection to it.
sub create ($self, $template = $TEMPLATE)
{
	my $name = sprintf '%s_%d', $self->{prefix}, ++$self->{made};

	# without fsync, copying files beats writing them through the log
	$self->{admin}->do("CREATE DATABASE $name TEMPLATE $template STRATEGY file_copy");
	return ($name, connect_to($name));
}

sub drop ($self, $name)
{
	$self->{admin}->do("DROP DATABASE IF EXISTS $name WITH (FORCE)");
}

# True while the server answers a new connection.
sub alive ($self)
{
	return eval { connect_to('postgres')->disconnect; 1 };
}

# Waits until the server is back after a crash.
sub recover ($self)
{
	for (1 .. 100)
	{
		if ($self->alive)
		{
			$self->{admin} = connect_to('postgres');
			return;
		}
		select undef, undef, undef, 0.1;
	}
	die "the server does not come back\n";
}

sub dump_schema ($self, $name)
{
	open(my $pipe, '-|:encoding(UTF-8)', 'pg_dump', '--schema-only', '-d', $name) or die "pg_dump: $!\n";
	my $text = do { local $/; <$pipe> };
	close $pipe or die "pg_dump of $name failed with status $?\n";
	return $text;
}

# Runs a dump into a new database; its name, or undef where it does not restore.
sub restore ($self, $dump)
{
	my $name = sprintf '%s_%d', $self->{prefix}, ++$self->{made};

	$self->{admin}->do("CREATE DATABASE $name TEMPLATE template0 STRATEGY file_copy");
	open(my $pipe, '|-:encoding(UTF-8)', 'psql', '-X', '-q', '-v', 'ON_ERROR_STOP=1', '-o', '/dev/null', '-d', $name)
	  or die "psql: $!\n";
	print $pipe $dump;
	return $name if close $pipe;
	$self->drop($name);
	return undef;
}

1;
