# Kind/Table.pm: tables: plain, partitioned, inheriting, unlogged.
package Property::Kind::Table;

use v5.36;
use utf8;

use Property::Column;
use Property::Kind qw(%PHASE common decorate);

my @OPTIONS = ('fillfactor=70', 'autovacuum_enabled=false', 'fillfactor=90, parallel_workers=2', 'toast.autovacuum_enabled=false',
	'autovacuum_vacuum_scale_factor=0.05');

sub make ($class, $g)
{
	my ($random, $schema) = @$g{qw(random schema)};
	my $ns = $g->some_schema->{id};
	my $table = $schema->add(kind => 'Table', ns => $ns, name => $g->name($ns, 'table'), columns => []);

	if ($random->chance(12) && (my $parent = $random->pick(grep { $_->{id} != $table->{id} && !$_->{partition_by} } $schema->all('Table'))))
	{
		my $second = $random->pick(grep { $_->{id} != $table->{id} && $_->{id} != $parent->{id} && !$_->{partition_by} } $schema->all('Table'));
		$table->{inherits} = [ $parent->{id}, $second && $random->chance(20) ? $second->{id} : () ];
		$table->{inherits_late} = $random->chance(30);
	}
	elsif ($random->chance(4) && (my $type = $random->pick($schema->all('Composite'))))
	{
		$table->{of} = $type->{id};
		return $table;
	}
	push $table->{columns}->@*, Property::Column::make($g, $table) for 1 .. $random->between($table->{inherits} ? 0 : 1, 7);
	override($g, $table) if $table->{inherits} && $random->chance(40);
	partition($g, $table) if !$table->{inherits} && $random->chance(15);
	change_settings($g, $table) if $random->chance(30);
	decorate($g, $table, 'TABLE');
	return $table;
}

# What a table that has columns from a parent says of them itself.
sub override ($g, $table)
{
	my $random = $g->{random};
	my $column = $random->pick(grep { !$_->{generated} } $g->raw_columns($table)) or return;
	my $default = Property::Types::default($random, $column, $g->{schema});

	push $table->{overrides}->@*, [ $column->{id}, $random->pick('SET NOT NULL', 'DROP NOT NULL', 'DROP DEFAULT', defined $default ? "SET DEFAULT $default" : 'DROP DEFAULT') ];
}

# Makes it partitioned, by a column that takes the values of Rows.pm.
sub partition ($g, $table)
{
	my $random = $g->{random};
	my $strategy = $random->pick('RANGE', 'LIST', 'HASH');
	my $column = $random->pick(grep { $_->{cat} eq 'int' && !$_->{generated} && !$_->{identity} } $table->{columns}->@*);

	if (!$column)
	{
		$column = Property::Column::make($g, $table, { sql => 'integer', cat => 'int' });
		push $table->{columns}->@*, $column;
	}
	delete $table->{unlogged};
	$table->{partition_by} = { strategy => $strategy, column => $column->{id}, computed => $random->chance(15) };
	for my $number (1 .. $random->between(1, 3))
	{
		Property::Kind::Partition->make_of($g, $table, $number);
	}
}

sub change_settings ($g, $table)
{
	my $random = $g->{random};
	my $what = $random->below(6);

	if ($what == 0) { $table->{unlogged} = !$table->{unlogged} unless $table->{partition_by}; }
	elsif ($what == 1) { $table->{options} = $random->pick(@OPTIONS, undef) unless $table->{partition_by}; }
	elsif ($what == 2) { $table->{replica} = $random->pick('FULL', 'NOTHING', undef); }
	elsif ($what == 3) { $table->{row_security} = !$table->{row_security}; }
	elsif ($what == 4) { $table->{force_row_security} = !$table->{force_row_security}; }
	else { decorate($g, $table, 'TABLE') for 1 .. 5; }
}

sub change ($class, $g, $table)
{
	my $random = $g->{random};
	my $columns = $table->{columns};
	my $what = $random->below(20);

	if ($what < 5) { push @$columns, Property::Column::make($g, $table); }
	elsif ($what < 8 && @$columns) { splice @$columns, $random->below(scalar @$columns), 1; }
	elsif ($what < 16 && @$columns) { Property::Column::change($g, $table, $random->pick(@$columns)); }
	elsif ($what < 17 && $table->{inherits})
	{
		my $how = $random->below(3);
		if ($how == 0) { $table->{inherits} = undef; }
		elsif ($how == 1) { $table->{inherits_late} = !$table->{inherits_late}; }
		else { override($g, $table); }
	}
	else { change_settings($g, $table); }
}

sub statements ($class, $schema, $table)
{
	my $id = $table->{id};
	my @parts = (map({ Property::Column::definition($_) } $table->{columns}->@*),
		map { "CONSTRAINT {$_->{id}} $_->{definition}" } grep { $_->{table} == $id && $_->{inline} } $schema->all('Constraint'));
	my $tail = '';

	return ([ $PHASE{table}, "CREATE TABLE {q$id} OF {q$table->{of}}" ], settings($table), common($table, "TABLE {q$id}")) if $table->{of};
	my @parents = ($table->{inherits} // [])->@*;
	my @late;
	if ($table->{inherits_late})
	{
		unshift @parts, map { "LIKE {q$_} INCLUDING GENERATED INCLUDING DEFAULTS INCLUDING CONSTRAINTS" } @parents;
		@late = map { [ $PHASE{attach}, "ALTER TABLE {q$id} INHERIT {q$_}" ] } @parents;
	}
	elsif (@parents) { $tail .= ' INHERITS (' . join(', ', map { "{q$_}" } @parents) . ')'; }
	$tail .= partition_clause($table);
	$tail .= " WITH ($table->{options})" if $table->{options};
	return (
		[ $PHASE{table}, 'CREATE ' . ($table->{unlogged} ? 'UNLOGGED ' : '') . "TABLE {q$id}", \@parts, $tail ],
		@late, settings($table), (map { Property::Column::settings($table, $_) } $table->{columns}->@*), common($table, "TABLE {q$id}"),
	);
}

sub partition_clause ($table)
{
	my $by = $table->{partition_by} or return '';
	my $key = $by->{computed} ? "({$by->{column}} + 0)" : "{$by->{column}}";

	return " PARTITION BY $by->{strategy} ($key)";
}

sub settings ($table)
{
	my $alter = "ALTER TABLE {q$table->{id}}";
	my @statements;

	push @statements, map { [ $PHASE{column}, "$alter ALTER COLUMN {$_->[0]} $_->[1]" ] } ($table->{overrides} // [])->@*;
	push @statements, [ $PHASE{replica}, "$alter REPLICA IDENTITY $table->{replica}" ] if $table->{replica};
	push @statements, [ $PHASE{column}, "$alter ENABLE ROW LEVEL SECURITY" ] if $table->{row_security};
	push @statements, [ $PHASE{column}, "$alter FORCE ROW LEVEL SECURITY" ] if $table->{force_row_security};
	return @statements;
}

1;
