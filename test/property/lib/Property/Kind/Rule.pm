# Kind/Rule.pm: rewrite rules.
package Property::Kind::Rule;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE);
use Property::Schema;
use Property::Types;

sub make ($class, $g)
{
	my $random = $g->{random};
	my $table = $random->pick($g->{schema}->all(qw(Table View))) or return;
	my @taken = map { $_->{name} } grep { $_->{table} == $table->{id} } $g->{schema}->all('Rule');
	my $rule = { kind => 'Rule', table => $table->{id}, name => $g->name(undef, 'other', @taken) };

	define($g, $table, $rule);
	$g->{schema}->add(%$rule);
}

sub define ($g, $table, $rule)
{
	my $random = $g->{random};
	my $event = $random->pick('INSERT', 'UPDATE', 'DELETE');
	my $old = $event eq 'INSERT' ? 'NEW.' : 'OLD.';
	my $condition = $random->chance(30) ? Property::Types::condition($random, $g->columns($table, $old)) : undef;
	my $other = $random->pick($g->{schema}->all('Table'));

	$rule->{text} = "ON $event TO {q$table->{id}}" . ($condition ? " WHERE $condition" : '') . ' DO '
	  . $random->pick('INSTEAD NOTHING', 'ALSO NOTIFY changed', $other ? "ALSO DELETE FROM {q$other->{id}} WHERE false" : 'INSTEAD NOTHING');
	# an unconditional INSTEAD NOTHING on a table would keep the test's rows out
	$rule->{text} =~ s/DO INSTEAD NOTHING/DO ALSO NOTIFY nothing/ if $table->{kind} eq 'Table' && $event eq 'INSERT';
	$rule->{state} = $random->pick('DISABLE', 'ENABLE ALWAYS', undef, undef) if $random->chance(20) && $table->{kind} eq 'Table';
}

sub change ($class, $g, $rule)
{
	my $table = $g->{schema}->get($rule->{table}) or return;

	if ($g->{random}->chance(70)) { define($g, $table, $rule); }
	else { $rule->{comment} = $g->{random}->pick('why', undef); }
}

sub statements ($class, $schema, $rule)
{
	my @statements = [ $PHASE{rule}, "CREATE RULE {$rule->{id}} AS $rule->{text}" ];
	my ($how, $which) = split ' ', $rule->{state} // '';

	push @statements, [ $PHASE{late}, "ALTER TABLE {q$rule->{table}} $how " . ($which ? "$which " : '') . "RULE {$rule->{id}}" ] if $how;
	push @statements, [ $PHASE{comment}, "COMMENT ON RULE {$rule->{id}} ON {q$rule->{table}} IS " . Property::Schema::literal($rule->{comment}) ]
	  if defined $rule->{comment};
	return @statements;
}

1;
