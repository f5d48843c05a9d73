# Rows.pm: puts rows into every table that takes them, and tells later what of
# them is lost.
package Property::Rows;

use v5.36;
use utf8;

my $ROWS = 3;

# Tables that hold rows themselves, and partitioned ones (rows are routed).
my $COLUMNS = <<'SQL';
SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) AS name, c.relkind::text AS kind,
       c.relispartition AS partition, quote_ident(a.attname) AS col, a.atttypid AS type,
       a.attgenerated::text AS generated, a.attnotnull AND NOT a.atthasdef AND a.attidentity = '' AS needed,
       format_type(a.atttypid, a.atttypmod) AS type_name, t.typnamespace = 'pg_catalog'::regnamespace AS builtin,
       coalesce(pg_get_partkeydef(c.oid), '') AS partition_key,
       (SELECT quote_ident(pn.nspname) || '.' || quote_ident(p.relname)
        FROM pg_inherits JOIN pg_class p ON p.oid = inhparent JOIN pg_namespace pn ON pn.oid = p.relnamespace
        WHERE inhrelid = c.oid AND c.relispartition) AS parent
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
LEFT JOIN pg_type t ON t.oid = a.atttypid
WHERE c.relkind IN ('r', 'p') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pqengine')
ORDER BY 1, a.attnum
SQL

my $TYPES = <<'SQL';
SELECT t.oid, t.typtype::text AS kind, t.typcategory::text AS category, t.typname AS name, t.typbasetype AS base,
       (SELECT string_agg(enumlabel, E'\x01' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = t.oid) AS labels
FROM pg_type t
SQL

# The indexes of a table's deferrable keys, and of those of its partitions.
my $DEFERRABLE = <<'SQL';
SELECT conindid::regclass FROM pg_constraint JOIN pg_class c ON c.oid = conrelid AND c.relkind = 'r'
WHERE condeferrable AND contype IN ('p', 'u', 'x')
  AND (c.oid = $1::regclass OR c.oid IN (SELECT relid FROM pg_partition_tree($1::regclass)))
SQL

# Values by type; a %d is the row's number, which is the same in all tables, so
# that foreign keys hold.
my %SAMPLE = (
	bool => 'true', uuid => '00000000-0000-0000-0000-00000000000%d', bytea => '\x0%d', json => '{"a": %d}',
	jsonb => '{"a": %d}', interval => '%d days', date => '2024-01-0%d', timestamp => '2024-01-0%d',
	timestamptz => '2024-01-0%d 00:00:00+00', time => '0%d:00', timetz => '0%d:00+00', inet => '10.0.0.%d',
	cidr => '10.0.%d.0/24', macaddr => '08:00:2b:01:02:0%d', point => '(%d,%d)', tsvector => 'a%d',
	tsquery => 'a%d', bit => undef, varbit => '10%d',
);

# The tables of a database: { name => { kind, partition, partition_key, parent, columns => [...] } }
sub tables ($dbh)
{
	my %tables;

	for my $row ($dbh->selectall_arrayref($COLUMNS, { Slice => {} })->@*)
	{
		my $table = $tables{ $row->{name} } //=
		  { map({ $_ => $row->{$_} } qw(kind partition partition_key parent)), columns => [] };
		push $table->{columns}->@*, $row if defined $row->{col};
	}
	return \%tables;
}

# Fills the tables; those that are partitions get theirs through the parent.
sub fill ($dbh)
{
	my $tables = tables($dbh);
	my $types;

	return unless %$tables;
	$types = $dbh->selectall_hashref($TYPES, 'oid');
	# no triggers, and no order of foreign keys
	$dbh->do("SET session_replication_role = replica");
	for my $name (sort keys %$tables)
	{
		next if $tables->{$name}{partition};
		my $keys = $dbh->selectcol_arrayref($DEFERRABLE, undef, $name);
		insert($dbh, $types, $name, $tables->{$name}{columns}, $keys, $_) for 1 .. $ROWS;
	}
	$dbh->do("RESET session_replication_role");
}

# One row with all columns; where that is refused, with those that must be there.
sub insert ($dbh, $types, $name, $columns, $keys, $number)
{
	for my $which ('all', 'needed')
	{
		my (@names, @values);
		for my $column (grep { $_->{generated} eq '' } @$columns)
		{
			next if $which eq 'needed' && !$column->{needed};
			push @names, $column->{col};
			push @values, $dbh->quote(sample($types, $column->{type}, $number));
		}
		my $what = @names
		  ? '(' . join(', ', @names) . ') OVERRIDING SYSTEM VALUE VALUES (' . join(', ', @values) . ')'
		  : 'DEFAULT VALUES';
		return if eval { insert_checked($dbh, "INSERT INTO $name $what", $keys); 1 };
	}
}

# It is triggers that see to deferrable keys, and these are off: what they would
# have refused, the building of the indexes does.
sub insert_checked ($dbh, $statement, $keys)
{
	$dbh->begin_work;
	eval { $dbh->do($_) for $statement, map { "REINDEX INDEX $_" } @$keys; $dbh->commit; 1 } and return;
	my $error = $@;
	$dbh->rollback;
	die $error;
}

sub sample ($types, $oid, $number)
{
	my $type = $types->{$oid};

	return sample($types, $type->{base}, $number) if $type->{kind} eq 'd';
	if (defined $type->{labels})
	{
		my @labels = split /\x01/, $type->{labels};
		return $labels[ ($number - 1) % @labels ];
	}
	return 'empty' if $type->{kind} eq 'r';
	return '{}' if $type->{kind} eq 'm' || $type->{category} eq 'A';
	return undef if $type->{kind} eq 'c';
	my $form = exists $SAMPLE{ $type->{name} } ? $SAMPLE{ $type->{name} } : $type->{category} =~ /[NS]/ ? '%d' : undef;
	return defined $form ? $form =~ s/%d/$number/gr : undef;
}

# What the tables hold: { name => { '' => rows, column => [values that are not null, digest] } }
sub census ($dbh, $tables)
{
	my %census;

	for my $name (sort keys %$tables)
	{
		# those of heirs are no part of it
		my $only = $tables->{$name}{kind} eq 'r' ? 'ONLY' : '';
		($census{$name}{tree}) = $dbh->selectrow_array("SELECT count(*) FROM $only $name");
		next if $tables->{$name}{kind} ne 'r';
		my @columns = $tables->{$name}{columns}->@*;
		my @parts = map {
			my $text = "$_->{col}::text";
			("count($_->{col})", "md5(string_agg($text, ',' ORDER BY $text COLLATE \"C\"))");
		} @columns;
		my ($rows, @found) = $dbh->selectrow_array('SELECT ' . join(', ', 'count(*)', @parts) . " FROM ONLY $name");
		$census{$name}{''} = $rows;
		$census{$name}{ $_->{col} } = [ splice @found, 0, 2 ] for @columns;
	}
	return \%census;
}

# Lines that name what is lost, given the tables and rows of before, the tables
# that the target has, and the connection now.
sub losses ($dbh, $before, $rows, $target)
{
	my $now = tables($dbh);
	my $kept = census($dbh, $now);
	my @lost;

	for my $name (grep { is_made_anew($_, $before, $target) } sort keys %$rows)
	{
		my ($had, $has) = ($rows->{$name}{tree}, $kept->{$name}{tree} // 0);
		push @lost, "$name: $had rows with its partitions, now $has" if $has < $had;
	}
	for my $name (sort keys %$rows)
	{
		next unless $rows->{$name}{''};
		next unless stays($name, $before, $target);
		if (($kept->{$name}{''} // 0) < $rows->{$name}{''})
		{
			push @lost, "$name: $rows->{$name}{''} rows, now " . ($kept->{$name}{''} // 'no table');
			next;
		}
		push @lost, lost_values($name, $before->{$name}, $now->{$name}, $rows->{$name}, $kept->{$name}, counterpart($name, $before, $target));
	}
	return @lost;
}

# Is the table there after as well, but divided in another way, so that it is
# made anew and its rows move?  Partitions that become tables of their own keep
# theirs.
sub is_made_anew ($name, $before, $target)
{
	my ($from, $to) = ($before->{$name}, $target->{$name});

	return 0 unless $to && !$from->{partition} && ($from->{kind} ne $to->{kind} || $from->{partition_key} ne $to->{partition_key});
	return 0 if $to->{partition};
	for my $part (grep { is_below($_, $name, $before) } keys %$before)
	{
		return 0 if $target->{$part} && !is_below($part, $name, $target);
	}
	return 1;
}

sub is_below ($part, $whole, $tables)
{
	my $parent = $tables->{$part}{partition} ? $tables->{$part}{parent} : undef;
	return defined $parent && ($parent eq $whole || is_below($parent, $whole, $tables));
}

# The table in the target.  A partition that the target lacks stays where its
# parent does: those that come and go with the data are not for models to say.
sub counterpart ($name, $before, $target)
{
	my $from = $before->{$name};

	return $target->{$name} // ($from->{partition} ? $target->{ $from->{parent} } : undef);
}

# The partitions that stay though the target lacks them.
sub left_alone ($before, $target)
{
	return grep { !$target->{$_} && stays($_, $before, $target) } sort keys %$before;
}

# Does the target have this table in a form that its rows can move into?
sub stays ($name, $before, $target)
{
	my ($from, $to) = ($before->{$name}, counterpart($name, $before, $target));

	return 0 unless $to;
	return 0 if $target->{$name} && ($from->{kind} ne $to->{kind} || $from->{partition_key} ne $to->{partition_key});
	# a partition goes with a parent that has to be made again
	my $parent = $from->{partition} ? $from->{parent} : undef;
	return !defined $parent || ($target->{$name} && !exists $target->{$parent}) || stays($parent, $before, $target);
}

sub lost_values ($name, $from, $to, $rows, $kept, $target)
{
	my %after = map { $_->{col} => $_ } $to->{columns}->@*;
	my %wanted = map { $_->{col} => $_ } $target->{columns}->@*;
	my @lost;

	for my $column ($from->{columns}->@*)
	{
		my ($col, $new) = ($column->{col}, $after{ $column->{col} });
		next if $column->{generated} ne '' || !$wanted{$col} || $wanted{$col}{generated} ne '';
		my $same = $new && $column->{type_name} eq $new->{type_name} && $column->{builtin};
		if (!$new || $kept->{$col}[0] < $rows->{$col}[0])
		{
			push @lost, "$name.$col: $rows->{$col}[0] values, now " . ($new ? $kept->{$col}[0] : 'no column');
		}
		elsif ($same && ($kept->{$col}[1] // '') ne ($rows->{$col}[1] // ''))
		{
			push @lost, "$name.$col: other values";
		}
	}
	return @lost;
}

1;
