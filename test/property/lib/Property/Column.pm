# Column.pm: columns of tables: made, changed and written.
package Property::Column;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE);
use Property::Schema;
use Property::Types;

my @COLLATIONS = ('"C"', '"POSIX"', '"und-x-icu"', '"de-x-icu"');
my %VARLENA = map { $_ => 1 } qw(text jsonb json bytea ints texts words);

# A new column, which is not yet in the table.
sub make ($g, $table, $type = undef)
{
	my $random = $g->{random};
	my @others = $g->columns($table);
	my $column = { id => $g->{schema}->next_id, name => $g->name(undef, 'column', map { $_->{name} } @others) };

	set_type($g, $column, $type // Property::Types::any($random, $g->{schema}));
	if (!$type && $random->chance(8) && $column->{cat} eq 'int')
	{
		set_identity($random, $column);
	}
	elsif (!$type && $random->chance(8) && (my $expression = Property::Types::expression($random, grep { !$_->{generated} } @others)))
	{
		set_type($g, $column, Property::Types::base($random, $expression->{cat}));
		$column->{generated} = $expression->{text};
	}
	elsif ($random->chance(30))
	{
		$column->{default} = Property::Types::default($random, $column, $g->{schema});
	}
	$column->{notnull} = 1 if $random->chance(25);
	adorn($g, $column) if $random->chance(15);
	return $column;
}

sub set_type ($g, $column, $type)
{
	delete @$column{qw(own collate storage compression computed_default)};
	@$column{qw(sql cat)} = @$type{qw(sql cat)};
	$column->{own} = $type->{own} if $type->{own};
	$column->{collate} = $g->{random}->pick(@COLLATIONS, map { "{q$_->{id}}" } $g->{schema}->all('Collation'))
	  if $type->{cat} eq 'text' && $g->{random}->chance(12);
}

sub set_identity ($random, $column)
{
	delete @$column{qw(default generated)};
	$column->{identity} = $random->pick('ALWAYS', 'BY DEFAULT');
	$column->{identity_options} = $random->pick('', '', 'START WITH 10', 'INCREMENT BY 5 CACHE 3', 'MINVALUE 1 MAXVALUE 1000 CYCLE',
		'START WITH 100 INCREMENT BY 2');
}

# Settings that are not part of a definition.
sub adorn ($g, $column)
{
	my $random = $g->{random};
	my $what = $random->below(7);

	if ($what == 6 && !$column->{generated} && !$column->{identity} && (my $function = $random->pick(grep { $_->{returns} eq $column->{sql} } Property::Kind::Function::scalar_functions($g->{schema}))))
	{
		$column->{computed_default} = Property::Kind::Function::call($function);
	}
	elsif ($what == 0) { $column->{comment} = $random->pick('a column', "it's", "two\nlines", undef); }
	elsif ($what == 1) { $column->{statistics} = $random->pick(10, 500, undef); }
	elsif ($what == 2) { $column->{options} = $random->pick('n_distinct=5', 'n_distinct=-0.5, n_distinct_inherited=-0.5', undef); }
	elsif ($what == 3) { $column->{storage} = $random->pick('EXTERNAL', 'MAIN', 'PLAIN', undef) if $VARLENA{ $column->{cat} }; }
	elsif ($what == 4) { $column->{compression} = $random->pick('pglz', 'lz4', undef) if $VARLENA{ $column->{cat} }; }
	else
	{
		$column->{grants} = [ map { $random->pick('SELECT', 'UPDATE', 'INSERT', 'REFERENCES') } 0 .. $random->below(2) ];
	}
}

sub change ($g, $table, $column)
{
	my $random = $g->{random};
	my $what = $random->below(14);

	if ($what < 3) { retype($g, $column); }
	elsif ($what < 5) { $column->{notnull} = !$column->{notnull}; }
	elsif ($what < 8)
	{
		delete @$column{qw(identity generated)};
		$column->{default} = $random->chance(30) ? undef : Property::Types::default($random, $column, $g->{schema});
	}
	elsif ($what < 9)
	{
		if ($column->{identity} && $random->chance(50)) { delete $column->{identity}; }
		elsif ($column->{cat} eq 'int') { set_identity($random, $column); }
	}
	elsif ($what < 10)
	{
		if ($column->{generated} && $random->chance(50)) { delete $column->{generated}; }
		elsif (my $expression = Property::Types::expression($random, grep { $_->{id} != $column->{id} && !$_->{generated} } $g->columns($table)))
		{
			delete @$column{qw(identity default)};
			set_type($g, $column, Property::Types::base($random, $expression->{cat}));
			$column->{generated} = $expression->{text};
		}
	}
	elsif ($what < 11)
	{
		$column->{name} = $g->name(undef, 'column', map { $_->{name} } $g->columns($table));
	}
	else { adorn($g, $column); }
}

# Another type, more often than not one that the server casts to.
sub retype ($g, $column)
{
	my $random = $g->{random};
	my %near = (int => [qw(int num text)], num => [qw(num int text)], text => [qw(text text int)], time => [qw(time text)],
		jsonb => [qw(json text)], json => [qw(jsonb text)], enum => ['text'], bool => [qw(text int)]);
	my $type = $random->chance(75) && $near{ $column->{cat} }
	  ? Property::Types::base($random, $random->pick($near{ $column->{cat} }->@*))
	  : Property::Types::any($random, $g->{schema});
	my $same = $type->{cat} eq $column->{cat};

	delete $column->{identity} if $type->{cat} ne 'int';
	delete $column->{generated} if !$same;
	set_type($g, $column, $type);
	$column->{default} = Property::Types::default($random, $column, $g->{schema}) if defined $column->{default} && !$same;
}

# The column in CREATE TABLE.
sub definition ($column)
{
	my $text = "{$column->{id}} $column->{sql}";

	$text .= " COMPRESSION $column->{compression}" if $column->{compression};
	$text .= " COLLATE $column->{collate}" if $column->{collate};
	$text .= " DEFAULT $column->{default}" if defined $column->{default};
	$text .= ' NOT NULL' if $column->{notnull};
	$text .= " GENERATED ALWAYS AS ($column->{generated}) STORED" if $column->{generated};
	if ($column->{identity})
	{
		$text .= " GENERATED $column->{identity} AS IDENTITY";
		$text .= " ($column->{identity_options})" if length $column->{identity_options};
	}
	return $text;
}

# What CREATE TABLE has no words for.
sub settings ($table, $column)
{
	my $alter = "ALTER TABLE {q$table->{id}} ALTER COLUMN {$column->{id}}";
	my @statements;

	push @statements, [ $PHASE{late}, "$alter SET DEFAULT $column->{computed_default}" ] if $column->{computed_default};
	push @statements, [ $PHASE{column}, "$alter SET STORAGE $column->{storage}" ] if $column->{storage};
	push @statements, [ $PHASE{column}, "$alter SET STATISTICS $column->{statistics}" ] if $column->{statistics};
	push @statements, [ $PHASE{column}, "$alter SET ($column->{options})" ] if $column->{options};
	push @statements, [ $PHASE{comment},
		"COMMENT ON COLUMN {q$table->{id}}.{$column->{id}} IS " . Property::Schema::literal($column->{comment}) ]
	  if defined $column->{comment};
	push @statements, map { [ $PHASE{privilege}, "GRANT $_ ({$column->{id}}) ON TABLE {q$table->{id}} TO alice" ] } ($column->{grants} // [])->@*;
	return @statements;
}

1;
