# Kind/Constraint.pm: primary keys, unique, check and exclusion constraints.
package Property::Kind::Constraint;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE);
use Property::Kind::Function;
use Property::Names;
use Property::Schema;
use Property::Types;

sub make ($class, $g)
{
	my $table = $g->some_table or return;
	my @taken = map { $_->{name} } grep { $_->{table} && $_->{table} == $table->{id} } $g->{schema}->all('Constraint', 'ForeignKey');
	my %constraint = (kind => 'Constraint', ns => $table->{ns}, table => $table->{id}, name => $g->name($table->{ns}, 'other', @taken));

	define($g, $table, \%constraint) or return;
	$constraint{inline} = $table->{kind} eq 'Table' && !$constraint{late} && $constraint{definition} !~ /NOT VALID/ && $g->{random}->chance(60);
	$g->{schema}->add(%constraint);
}

sub define ($g, $table, $constraint)
{
	my $random = $g->{random};
	my @columns = $g->columns($table);
	my @ordered = grep { Property::Types::is_ordered($_->{cat}) } @columns;
	my $what = $random->below(100);

	delete @$constraint{qw(key mark late)};
	if ($what < 50)
	{
		my $condition = Property::Types::condition($random, @columns) or return 0;
		if ($random->chance(10))
		{
			my $column = $random->pick(@columns);
			my $function = Property::Kind::Function::make_identity($g, $column->{sql});
			$condition = "{q$function->{id}}($column->{text}) IS DISTINCT FROM NULL OR true";
			$constraint->{late} = 1;
		}
		$constraint->{definition} = "CHECK ($condition)" . $random->pick('', '', '', '', ' NO INHERIT', ' NOT VALID');
	}
	elsif ($what < 58)
	{
		my $range = $random->pick(grep { $_->{cat} eq 'range' } @columns);
		$constraint->{definition} = $range
		  ? "EXCLUDE USING gist ($range->{text} WITH &&)"
		  : @ordered ? "EXCLUDE USING btree ($ordered[0]{text} WITH =)" . $random->pick('', ' WHERE (true)', ' DEFERRABLE') : return 0;
	}
	else
	{
		my @key = $random->sample($random->between(1, 3), @ordered) or return 0;
		my @names = map { $_->{text} } @key;
		# a partitioned table's key must have the column that it is partitioned by
		push @names, grep { my $name = $_; !grep { $_ eq $name } @names } map { "{$_->{partition_by}{column}}" } grep { $_->{partition_by} } $table;
		my $list = '(' . join(', ', @names) . ')';
		$constraint->{key} = [ map { +{ %$_{qw(id sql cat own)} } } @key ] if @names == @key;
		$constraint->{mark} = $random->pick('REPLICA IDENTITY USING INDEX', 'CLUSTER ON') if $random->chance(6);
		$constraint->{definition} = $random->pick("PRIMARY KEY $list", "UNIQUE $list", "UNIQUE $list", "UNIQUE NULLS NOT DISTINCT $list")
		  . ($random->chance(15) && @ordered ? ' INCLUDE (' . $random->pick(@ordered)->{text} . ')' : '')
		  . $random->pick('', '', '', '', '', ' DEFERRABLE', ' DEFERRABLE INITIALLY DEFERRED', ' WITH (fillfactor=80)');
	}
	return 1;
}

sub change ($class, $g, $constraint)
{
	my $random = $g->{random};
	my $table = $g->{schema}->get($constraint->{table}) or return;

	if ($random->chance(60)) { define($g, $table, $constraint); }
	elsif ($random->chance(40)) { $constraint->{comment} = $random->pick('why', "it's", undef); }
	elsif ($constraint->{definition} !~ / DEFERRABLE/ && $constraint->{key}) { $constraint->{definition} .= ' DEFERRABLE'; }
	else { $constraint->{definition} =~ s/ (?:NOT VALID|NO INHERIT|DEFERRABLE.*)$//; }
	$constraint->{inline} = 0 if $constraint->{late} || $constraint->{definition} =~ /NOT VALID/;
}

sub statements ($class, $schema, $constraint)
{
	my @statements;

	push @statements, [ $PHASE{ $constraint->{late} ? 'late' : 'constraint' }, "ALTER TABLE {q$constraint->{table}} ADD CONSTRAINT {$constraint->{id}} $constraint->{definition}" ]
	  unless $constraint->{inline};
	push @statements, [ $PHASE{late} + 0.5, "ALTER TABLE {q$constraint->{table}} $constraint->{mark} {$constraint->{id}}" ] if $constraint->{mark};
	push @statements, [ $PHASE{comment}, "COMMENT ON CONSTRAINT {$constraint->{id}} ON {q$constraint->{table}} IS "
		  . Property::Schema::literal($constraint->{comment}) ] if defined $constraint->{comment};
	return @statements;
}

1;
