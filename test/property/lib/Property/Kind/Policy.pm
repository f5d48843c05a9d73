# Kind/Policy.pm: row security policies.
package Property::Kind::Policy;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE);
use Property::Schema;
use Property::Types;

sub make ($class, $g)
{
	my $random = $g->{random};
	my $table = $g->some_table or return;
	my @taken = map { $_->{name} } grep { $_->{table} == $table->{id} } $g->{schema}->all('Policy');
	my $policy = { kind => 'Policy', table => $table->{id}, name => $g->name(undef, 'other', @taken) };

	define($g, $table, $policy);
	$table->{row_security} = 1 if $random->chance(80);
	$g->{schema}->add(%$policy);
}

sub define ($g, $table, $policy)
{
	my $random = $g->{random};
	my $command = $random->pick('ALL', 'ALL', 'SELECT', 'INSERT', 'UPDATE', 'DELETE');
	my @roles = map { Property::Schema::quote($_) } $random->sample($random->between(0, 2), @Property::Cluster::ROLES);
	my $using = condition($g, $table);
	my $check = condition($g, $table);

	$policy->{text} = ($random->chance(25) ? 'AS RESTRICTIVE ' : '') . "FOR $command TO " . (join(', ', @roles) || 'PUBLIC')
	  . ($command ne 'INSERT' ? " USING ($using)" : '') . ($command =~ /INSERT|ALL|UPDATE/ && $random->chance(60) ? " WITH CHECK ($check)" : '');
}

sub condition ($g, $table)
{
	my $random = $g->{random};
	my $other = $random->pick($g->{schema}->all('Table'));

	return "EXISTS (SELECT 1 FROM {q$other->{id}} p)" if $other && $random->chance(15);
	return 'CURRENT_USER = \'alice\'' if $random->chance(15);
	return Property::Types::condition($random, $g->columns($table)) // 'true';
}

sub change ($class, $g, $policy)
{
	my $table = $g->{schema}->get($policy->{table}) or return;

	if ($g->{random}->chance(75)) { define($g, $table, $policy); }
	else { $policy->{comment} = $g->{random}->pick('why', undef); }
}

sub statements ($class, $schema, $policy)
{
	my @statements = [ $PHASE{policy}, "CREATE POLICY {$policy->{id}} ON {q$policy->{table}} $policy->{text}" ];

	push @statements, [ $PHASE{comment}, "COMMENT ON POLICY {$policy->{id}} ON {q$policy->{table}} IS " . Property::Schema::literal($policy->{comment}) ]
	  if defined $policy->{comment};
	return @statements;
}

1;
