# Kind/Trigger.pm: triggers on tables, partitioned tables and views.
package Property::Kind::Trigger;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE);
use Property::Schema;
use Property::Types;

sub make ($class, $g)
{
	my $random = $g->{random};
	my $table = $random->pick($g->{schema}->all(qw(Table Table Table Partition View))) or return;
	my @taken = map { $_->{name} } grep { $_->{table} == $table->{id} } $g->{schema}->all('Trigger');
	my $trigger = { kind => 'Trigger', table => $table->{id}, name => $g->name(undef, 'other', @taken), function => function($g) };

	define($g, $table, $trigger);
	$g->{schema}->add(%$trigger);
}

# A trigger function: one that is there, or a new one.
sub function ($g)
{
	my $random = $g->{random};
	my $function = $random->pick(grep { ($_->{returns} // '') eq 'trigger' } $g->{schema}->all('Function'));

	return $function->{id} if $function && $random->chance(60);
	my $ns = $g->some_schema->{id};
	return $g->{schema}->add(kind => 'Function', ns => $ns, name => $g->name($ns, 'function'), arguments => [], returns => 'trigger',
		language => 'plpgsql', options => $random->pick('', '', ' SECURITY DEFINER'), body => "BEGIN\n  RETURN NEW;\nEND")->{id};
}

sub define ($g, $table, $trigger)
{
	my $random = $g->{random};
	my @columns = $g->raw_columns($table);
	my $row = $random->chance(65);
	my $level = $row ? 'FOR EACH ROW' : 'FOR EACH STATEMENT';
	my $events = $random->pick('INSERT', 'INSERT OR UPDATE', 'DELETE', 'UPDATE', 'INSERT OR UPDATE OR DELETE');
	my $column = $random->pick(@columns);

	delete @$trigger{qw(state comment)};
	$events = "UPDATE OF {$column->{id}}" if $column && $random->chance(20);
	$trigger->{arguments} = $random->pick('', '', '', "'a', 'it''s'", "'1'");
	$trigger->{constraint} = 0;
	if ($table->{kind} eq 'View')
	{
		$trigger->{text} = "INSTEAD OF $events ON {q$table->{id}} FOR EACH ROW" =~ s/UPDATE OF \S+/UPDATE/r;
		return;
	}
	if ($row && $random->chance(15))
	{
		$trigger->{constraint} = 1;
		$trigger->{text} = "AFTER $events ON {q$table->{id}} " . $random->pick('DEFERRABLE INITIALLY DEFERRED ', 'DEFERRABLE ', '') . $level;
	}
	elsif ($random->chance(15) && $events =~ /^(?:INSERT|UPDATE|DELETE)$/ && !$table->{partition_by} && $table->{kind} eq 'Table')
	{
		my $transition = $events eq 'DELETE' ? 'OLD TABLE AS old_rows' : $events eq 'INSERT' ? 'NEW TABLE AS new_rows' : 'OLD TABLE AS o NEW TABLE AS n';
		$trigger->{text} = "AFTER $events ON {q$table->{id}} REFERENCING $transition FOR EACH STATEMENT";
	}
	else
	{
		$trigger->{text} = $random->pick('BEFORE', 'AFTER') . " $events ON {q$table->{id}} $level";
	}
	if ($row && $events !~ /DELETE/ && $random->chance(25) && $trigger->{text} =~ /EACH ROW/)
	{
		my $condition = Property::Types::condition($random, grep { !$_->{generated} } $g->columns($table, 'NEW.'));
		$trigger->{text} .= " WHEN ($condition)" if $condition;
	}
	$trigger->{state} = $random->pick('DISABLE', 'ENABLE REPLICA', 'ENABLE ALWAYS') if $random->chance(12);
}

sub change ($class, $g, $trigger)
{
	my $random = $g->{random};
	my $table = $g->{schema}->get($trigger->{table}) or return;

	if ($random->chance(40)) { define($g, $table, $trigger); }
	elsif ($random->chance(40)) { $trigger->{state} = $table->{kind} eq 'View' ? undef : $random->pick('DISABLE', 'ENABLE REPLICA', 'ENABLE ALWAYS', undef); }
	elsif ($random->chance(30)) { $trigger->{function} = function($g); }
	else { $trigger->{comment} = $random->pick('why', "it's", undef); }
}

sub statements ($class, $schema, $trigger)
{
	my $create = $trigger->{constraint} ? 'CREATE CONSTRAINT TRIGGER' : 'CREATE TRIGGER';
	my @statements = [ $PHASE{trigger}, "$create {$trigger->{id}} $trigger->{text} EXECUTE FUNCTION {q$trigger->{function}}($trigger->{arguments})" ];

	my ($how, $which) = split ' ', $trigger->{state} // '';
	push @statements, [ $PHASE{late}, "ALTER TABLE {q$trigger->{table}} $how " . ($which ? "$which " : '') . "TRIGGER {$trigger->{id}}" ] if $how;
	push @statements, [ $PHASE{comment}, "COMMENT ON TRIGGER {$trigger->{id}} ON {q$trigger->{table}} IS " . Property::Schema::literal($trigger->{comment}) ]
	  if defined $trigger->{comment};
	return @statements;
}

1;
