# Dump.pm: compares databases as pg_dump sees them.
#
# A dump is cut into its entries; what may differ between two equal schemas is
# put into one order: the columns of a table (ALTER TABLE can only append), the
# statements within an entry, storage options, privileges.
package Property::Dump;

use v5.36;

my $HEAD = qr/^--\n-- Name: (.*); Type: (.*); Schema: (.*); Owner: .*\n--\n/m;

# { "TYPE schema.name" => text }
sub entries ($dump)
{
	my %found;

	$dump =~ s/^--\n-- PostgreSQL database dump complete.*//ms;
	my @parts = split $HEAD, $dump;
	shift @parts;
	while (my ($name, $type, $schema, $text) = splice @parts, 0, 4)
	{
		push $found{"$type $schema.$name"}->@*, normal($type, $text);
	}
	fold_inherited(\%found);
	return { map { $_ => join "\n", sort $found{$_}->@* } keys %found };
}

my $TABLE = qr/^CREATE (?:UNLOGGED |FOREIGN )?TABLE (.*?) \(\n/ms;

my $QUALIFIED = qr/(?:(?:"(?:[^"]|"")*"|[^\s".(;]+)\.?)+/;
my $TYPED = qr/^CREATE (?:UNLOGGED )?TABLE ($QUALIFIED) OF ($QUALIFIED)( \(\n)?/m;
my $TYPE = qr/^CREATE TYPE ($QUALIFIED) AS \(\n/m;

# { name => { key, items } } of all tables, by their names as the dump has them.
sub tables_of ($found)
{
	my %tables;

	for my $key (grep { /^(?:FOREIGN )?TABLE / } keys %$found)
	{
		if (my ($typed) = grep { $_ =~ $TYPED } $found->{$key}->@*)
		{
			my ($name, $type, $has_list) = $typed =~ $TYPED;
			my @options = $has_list ? (split_list($typed, $+[0]))[0]->@* : ();
			$tables{$name} = { key => $key, items => [ items_of_type($found, $type), @options ], parents => [] };
			next;
		}
		my ($text) = grep { $_ =~ $TABLE } $found->{$key}->@* or next;
		my ($name) = $text =~ $TABLE;
		my ($items, $end) = split_list($text, $+[0]);
		my ($parents) = substr($text, $end) =~ /\A\)\nINHERITS \((.*?)\)(?:\n|;|\z)/s;
		$tables{$name} = { key => $key, items => $items, parents => [ split m{, }, $parents // '' ] };
	}
	return \%tables;
}

# What a table OF the type has for columns, but for their defaults and NOT NULL.
sub items_of_type ($found, $type)
{
	for my $text (map { $found->{$_}->@* } grep { /^TYPE / } keys %$found)
	{
		return (split_list($text, $+[0]))[0]->@* if $text =~ $TYPE && $1 eq $type;
	}
	return ();
}

# A table that comes to inherit keeps its columns and checks as its own beside
# those of its parent, and no statement changes that: what a parent has as well
# is not looked for in the table, but for a column's default and NOT NULL.
sub fold_inherited ($found)
{
	my $tables = tables_of($found);
	my $collation = qr/(?: COLLATE (?:"(?:[^"]|"")*"|[^\s"])+)?/;

	for my $name (grep { $tables->{$_}{parents}->@* } sort keys %$tables)
	{
		my $table = $tables->{$name};
		my %above = map { item_name($_) => $_ } map { items_above($tables, $_) } $table->{parents}->@*;
		my ($entry) = $table->{key} =~ /TABLE (.*)/;
		for ($found->{ $table->{key} }->@*)
		{
			while (s/^(ALTER TABLE ONLY \Q$name\E ALTER COLUMN (.*) SET NOT NULL)(?:;\n|\z)//m) { $found->{"NOT NULL $entry $2"} = [$1]; }
		}
		for my $item (grep { $above{ item_name($_) } } $table->{items}->@*)
		{
			s/^    \Q$item\E,?\n//m for $found->{ $table->{key} }->@*;
			my $column = item_name($item);
			$found->{"NOT NULL $entry $column"} = ["ALTER TABLE ONLY $name ALTER COLUMN $column SET NOT NULL"]
			  if $item =~ / NOT NULL$collation\z/ && $above{$column} !~ / NOT NULL$collation\z/;
			my ($default) = $item =~ / DEFAULT (.*?)(?: NOT NULL)?$collation\z/s or next;
			my $bare = $column =~ s/\A"(.*)"\z/$1/r =~ s/""/"/gr;
			$found->{"DEFAULT $entry $bare"} = ["ALTER TABLE ONLY $name ALTER COLUMN $column SET DEFAULT $default"];
		}
		s/,\n(?=\)\nINHERITS )/\n/ for $found->{ $table->{key} }->@*;
		fold_unvalidated($found, $tables, $name);
	}
}

# The same for a check that is not valid, which has an entry of its own.
sub fold_unvalidated ($found, $tables, $name)
{
	my ($entry) = $tables->{$name}{key} =~ /TABLE (.*)/;
	my %above = map { $_ => 1 } map { checks_above($found, $tables, $_) } $tables->{$name}{parents}->@*;

	for my $key (grep { /\ACHECK CONSTRAINT \Q$entry\E / } keys %$found)
	{
		delete $found->{$key} if $above{ check_text($found->{$key}, $name) };
	}
}

sub checks_above ($found, $tables, $name)
{
	my $table = $tables->{$name} or return ();
	my ($entry) = $table->{key} =~ /TABLE (.*)/;
	my @checks = map { check_text($found->{$_}, $name) } grep { /\ACHECK CONSTRAINT \Q$entry\E / } keys %$found;
	return (@checks, map { checks_above($found, $tables, $_) } $table->{parents}->@*);
}

# "ADD CONSTRAINT name CHECK ...", for a table of any name.
sub check_text ($entry, $table)
{
	return join "\n", map { s/\AALTER TABLE \Q$table\E\s+//r } @$entry;
}

sub items_above ($tables, $name)
{
	my $table = $tables->{$name} or return ();
	return ($table->{items}->@*, map { items_above($tables, $_) } $table->{parents}->@*);
}

# "name", or "CONSTRAINT name".
sub item_name ($item)
{
	my ($name) = $item =~ /\A((?:CONSTRAINT )?(?:"(?:[^"]|"")*"|\S+))/;
	return $name // '';
}

sub normal ($type, $text)
{
	# printed once before the first entry that needs another value
	$text =~ s/^SET default_(?:tablespace|table_access_method) = .*;\n//mg;
	$text =~ s/\s+\z//;
	$text =~ s/\A\s+//;
	return $text if $type eq 'FUNCTION' || $type eq 'PROCEDURE';
	return join ";\n", sort map { normal_statement($_) } split /;\n+/, $text =~ s/;\z//r;
}

sub normal_statement ($text)
{
	$text =~ s/\A\s+//;
	if ($text =~ /\ACREATE (?:UNLOGGED |FOREIGN )?TABLE .*? \(\n/s)
	{
		my $start = $+[0];
		my ($items, $end) = split_list($text, $start);
		my $columns = join ",\n", map { "    $_" } sort grep { length } @$items;
		$text = substr($text, 0, $start) . ($columns ? "$columns\n" : '') . substr $text, $end;
	}
	# by the columns' numbers
	$text =~ s/(?<= ON )(.+)(?= FROM )/join ', ', sort { $a cmp $b } split m{, }, $1/e if $text =~ m{\ACREATE STATISTICS };
	if ($text =~ /\AALTER PUBLICATION (?:"(?:[^"]|"")*"|\S+) ADD TABLE ONLY (?:(?:"(?:[^"]|"")*"|[^\s".]+)\.?)+ \(/)
	{
		my $start = $+[0];
		my ($columns, $end) = split_list($text, $start);
		$text = substr($text, 0, $start) . join(', ', sort @$columns) . substr $text, $end;
	}
	$text =~ s/(?<=\bWITH \()([^()]+)(?=\))/join ', ', sort split m{, }, $1/e
	  if $text =~ /\A(?:CREATE|ALTER)/;
	return $text;
}

# The comma-separated items of a list that starts at an offset, and the offset
# of the parenthesis that ends it.  Quotes and nested parentheses are skipped.
sub split_list ($text, $start)
{
	my ($depth, $from, @items) = (0, $start);

	pos($text) = $start;
	while ($text =~ /\G(?:'[^']*'|"[^"]*"|[^'"(),\[\]]+|(.))/gs)
	{
		my $sign = $1 // next;
		my $at = pos($text) - 1;
		my $ends = $sign eq ')' && $depth == 0;
		if ($depth == 0 && ($sign eq ',' || $ends))
		{
			push @items, substr($text, $from, $at - $from) =~ s/\A\s+|\s+\z//gr;
			$from = $at + 1;
		}
		return (\@items, $at) if $ends;
		$depth++ if $sign =~ /[(\[]/;
		$depth-- if $sign =~ /[)\]]/;
	}
	die "unbalanced parentheses in a dump: $text\n";
}

# Lines that say how two dumps differ; none where they are equal.
sub differences ($got, $want)
{
	my ($ours, $theirs) = (entries($got), entries($want));
	my @lines;

	for my $key (sort keys { %$ours, %$theirs }->%*)
	{
		my ($is, $should) = ($ours->{$key}, $theirs->{$key});
		if (!defined $is) { push @lines, "missing: $key"; }
		elsif (!defined $should) { push @lines, "unexpected: $key", indent($is); }
		elsif ($is ne $should)
		{
			my %is = map { $_ => 1 } split /\n/, $is;
			my %should = map { $_ => 1 } split /\n/, $should;
			push @lines, "differs: $key",
			  (map { "    got:  $_" } grep { !$should{$_} } split /\n/, $is),
			  (map { "    want: $_" } grep { !$is{$_} } split /\n/, $should);
		}
	}
	return @lines;
}

sub indent ($text)
{
	return map { "    $_" } split /\n/, $text;
}

1;
