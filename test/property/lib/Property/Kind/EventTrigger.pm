# Kind/EventTrigger.pm: event triggers, with a function that does nothing.
package Property::Kind::EventTrigger;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE);
use Property::Schema;

sub make ($class, $g)
{
	my ($random, $schema) = @$g{qw(random schema)};
	my $ns = $g->some_schema->{id};
	my $function = $schema->add(kind => 'Function', ns => $ns, name => $g->name($ns, 'function'), arguments => [], returns => 'event_trigger',
		language => 'plpgsql', options => '', body => "BEGIN\n  NULL;\nEND");
	my @taken = map { $_->{name} } $schema->all('EventTrigger');
	my $trigger = $schema->add(kind => 'EventTrigger', name => $g->name(undef, 'other', @taken), function => $function->{id});

	define($g, $trigger);
}

sub define ($g, $trigger)
{
	my $random = $g->{random};

	$trigger->{on} = $random->pick('ddl_command_start', 'ddl_command_end', 'sql_drop', "ddl_command_end WHEN TAG IN ('CREATE TABLE', 'DROP TABLE')");
	$trigger->{state} = $random->pick('DISABLE', 'ENABLE ALWAYS', undef, undef);
}

sub change ($class, $g, $trigger)
{
	if ($g->{random}->chance(70)) { define($g, $trigger); }
	else { $trigger->{comment} = $g->{random}->pick('why', undef); }
}

sub statements ($class, $schema, $trigger)
{
	my $id = $trigger->{id};
	my @statements = [ $PHASE{late}, "CREATE EVENT TRIGGER {$id} ON $trigger->{on} EXECUTE FUNCTION {q$trigger->{function}}()" ];

	push @statements, [ $PHASE{late}, "ALTER EVENT TRIGGER {$id} $trigger->{state}" ] if $trigger->{state};
	push @statements, [ $PHASE{comment}, "COMMENT ON EVENT TRIGGER {$id} IS " . Property::Schema::literal($trigger->{comment}) ] if defined $trigger->{comment};
	return @statements;
}

1;
