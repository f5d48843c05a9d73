# Kind/Partition.pm: partitions of a table, which may be partitioned in turn.
package Property::Kind::Partition;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE common decorate);
use Property::Kind::Table;

sub make ($class, $g)
{
	my $parent = $g->some_table(sub ($table) { $table->{partition_by} }) or return;
	$class->make_of($g, $parent, $g->{random}->between(1, 6));
}

sub make_of ($class, $g, $parent, $number)
{
	my $random = $g->{random};
	my $ns = $random->chance(90) ? $parent->{ns} : $g->some_schema->{id};
	my $partition = $g->{schema}->add(kind => 'Partition', ns => $ns, parent => $parent->{id}, columns => [],
		name => $g->name($ns, 'table'), bound => bound($random, $parent->{partition_by}{strategy}, $number),
		attach => $random->chance(30));

	if ($random->chance(10))
	{
		my @usable = grep { $_->{cat} eq 'int' && !$_->{generated} && !$_->{identity} } $g->raw_columns($parent);
		$partition->{partition_by} = { strategy => $random->pick('RANGE', 'LIST'), column => $random->pick(@usable)->{id} } if @usable;
		$class->make_of($g, $partition, $_) for 1 .. $random->between(0, 2);
	}
	Property::Kind::Table::change_settings($g, $partition) if $random->chance(15);
	Property::Kind::Table::override($g, $partition) if $random->chance(12);
	decorate($g, $partition, 'TABLE');
}

# Numbers from 1 give bounds that do not overlap, as long as they differ.
sub bound ($random, $strategy, $number)
{
	return 'DEFAULT' if $number > 1 && $strategy ne 'HASH' && $random->chance(25);
	return "FOR VALUES FROM (" . ($number - 1) * 10 . ") TO (" . $number * 10 . ")" if $strategy eq 'RANGE';
	return 'FOR VALUES IN (' . join(', ', map { $_ + ($number - 1) * 3 } 1 .. 3) . ')' if $strategy eq 'LIST';
	return 'FOR VALUES WITH (modulus 6, remainder ' . ($number - 1) . ')';
}

sub change ($class, $g, $partition)
{
	my $random = $g->{random};
	my $parent = $g->{schema}->get($partition->{parent});

	if ($random->chance(40) && $parent && $parent->{partition_by})
	{
		$partition->{bound} = bound($random, $parent->{partition_by}{strategy}, $random->between(1, 6));
	}
	elsif ($random->chance(25)) { Property::Kind::Table::override($g, $partition); }
	elsif ($random->chance(30)) { $partition->{attach} = !$partition->{attach}; }
	else { Property::Kind::Table::change_settings($g, $partition); }
}

sub statements ($class, $schema, $partition)
{
	my ($id, $parent) = @$partition{qw(id parent)};
	my $tail = Property::Kind::Table::partition_clause($partition);
	my $table = 'CREATE ' . ($partition->{unlogged} ? 'UNLOGGED ' : '') . "TABLE {q$id}";

	$tail .= " WITH ($partition->{options})" if $partition->{options} && !$partition->{partition_by};
	my @create = $partition->{attach}
	  ? ([ $PHASE{partition}, "$table (LIKE {q$parent} INCLUDING GENERATED INCLUDING DEFAULTS)$tail" ],
		[ $PHASE{attach}, "ALTER TABLE {q$parent} ATTACH PARTITION {q$id} $partition->{bound}" ])
	  : [ $PHASE{partition}, "$table PARTITION OF {q$parent} $partition->{bound}$tail" ];
	return (@create, Property::Kind::Table::settings($partition), common($partition, "TABLE {q$id}"));
}

1;
