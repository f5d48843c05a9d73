# Kind/Function.pm: functions in SQL and PL/pgSQL, of all forms.
package Property::Kind::Function;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE common decorate);
use Property::Names;
use Property::Schema;
use Property::Types;

my @VOLATILITY = ('', '', ' IMMUTABLE', ' STABLE', ' IMMUTABLE STRICT PARALLEL SAFE', ' VOLATILE SECURITY DEFINER', ' STABLE LEAKPROOF',
	' COST 5', " SET search_path TO 'pg_catalog', 'public'", " SET work_mem TO '8MB'", ' RETURNS NULL ON NULL INPUT');

# forms that a function can have; each gives { returns, body, language, late }
my @FORMS = (\&scalar_sql, \&scalar_sql, \&scalar_atomic, \&plpgsql, \&of_table, \&returns_table, \&out_arguments, \&counts_rows, \&over_relation, \&calls_another);

sub make ($class, $g)
{
	my $random = $g->{random};
	my $ns = $g->some_schema->{id};
	my $other = $random->pick($g->{schema}->all('Function'));
	my $function = $g->{schema}->add(kind => 'Function', ns => $ns, name => $g->name($ns, 'function'));

	# an overload of another
	@$function{qw(ns name)} = @$other{qw(ns name)} if $other && $random->chance(15);
	define($g, $function);
	decorate($g, $function, 'FUNCTION');
}

sub define ($g, $function)
{
	my $random = $g->{random};
	my @arguments = map { argument($g, $_) } 1 .. $random->below(4);

	# defaults only at the end
	$arguments[-1]{default} = Property::Types::default($random, $arguments[-1], $g->{schema}) if @arguments && $random->chance(30);
	delete @$function{qw(returns body atomic language late)};
	$function->{arguments} = \@arguments;
	$function->{options} = $random->pick(@VOLATILITY);
	$random->pick(@FORMS)->($g, $function);
}

sub argument ($g, $number)
{
	my $random = $g->{random};
	my $type = Property::Types::any($random, $g->{schema});

	return { %$type, name => $random->chance(80) ? $random->pick('a', 'val', 'Arg', 'user') . $number : undef, mode => $random->chance(5) ? 'INOUT ' : '' };
}

sub value_of ($random, $type, $schema)
{
	return Property::Types::default($random, $type, $schema) // 'NULL';
}

sub scalar_sql ($g, $function)
{
	my $random = $g->{random};
	my $type = Property::Types::base($random);

	$function->{arguments} = [ grep { !length $_->{mode} } $function->{arguments}->@* ];
	@$function{qw(returns language body)} = ($type->{sql}, 'sql', 'SELECT (' . value_of($random, $type, $g->{schema}) . ")::$type->{sql}");
}

sub scalar_atomic ($g, $function)
{
	my $random = $g->{random};
	my $type = Property::Types::base($random, 'int', 'text', 'bool');

	$function->{arguments} = [ grep { !length $_->{mode} } $function->{arguments}->@* ];
	@$function{qw(returns language)} = ($type->{sql}, 'sql');
	$function->{atomic} = $random->pick("RETURN (" . value_of($random, $type, $g->{schema}) . ")::$type->{sql}",
		"BEGIN ATOMIC SELECT (" . value_of($random, $type, $g->{schema}) . ")::$type->{sql}; END");
}

sub plpgsql ($g, $function)
{
	my $random = $g->{random};
	my $type = Property::Types::base($random);
	my $table = $random->pick($g->{schema}->all('Table'));

	$function->{arguments} = [ grep { !length $_->{mode} } $function->{arguments}->@* ];
	@$function{qw(returns language)} = ($random->pick($type->{sql}, 'void'), 'plpgsql');
	$function->{body} = $table && $random->chance(50)
	  ? "DECLARE r {q$table->{id}}%ROWTYPE; BEGIN\n  SELECT * INTO r FROM {q$table->{id}} LIMIT 1;\n  RETURN NULL; -- it's\nEND"
	  : "BEGIN\n  RAISE NOTICE 'it''s %', 1;\n  RETURN NULL;\nEND";
	$function->{body} =~ s/RETURN NULL/RETURN/ if $function->{returns} eq 'void';
}

# Rows of a table, as a set; by string or by parsed body.
sub of_table ($g, $function)
{
	my $random = $g->{random};
	my $table = $random->pick($g->{schema}->all('Table')) or return scalar_sql($g, $function);

	$function->{arguments} = [ grep { !length $_->{mode} } $function->{arguments}->@* ];
	@$function{qw(returns language late)} = ("SETOF {q$table->{id}}", 'sql', 1);
	if ($random->chance(40)) { $function->{atomic} = "BEGIN ATOMIC SELECT * FROM {q$table->{id}}; END"; }
	else { $function->{body} = "SELECT * FROM {q$table->{id}}"; }
}

sub returns_table ($g, $function)
{
	$function->{arguments} = [ grep { !length $_->{mode} } $function->{arguments}->@* ];
	@$function{qw(returns language body)} = ('TABLE(x integer, "Y y" text)', $g->{random}->pick('sql', 'plpgsql'), undef);
	$function->{body} = $function->{language} eq 'sql' ? "SELECT 1, 'a'::text" : "BEGIN\n  RETURN QUERY SELECT 1, 'a'::text;\nEND";
}

sub out_arguments ($g, $function)
{
	$function->{arguments} = [ grep({ !length $_->{mode} } $function->{arguments}->@*), map { { %$_, mode => 'OUT ', default => undef } }
		  { sql => 'integer', cat => 'int', name => 'first' }, { sql => 'text', cat => 'text', name => 'Second' } ];
	@$function{qw(returns language body)} = (undef, 'sql', "SELECT 1, 'a'::text");
}

# Reads a relation: what depends on it must wait for it.
sub counts_rows ($g, $function)
{
	my $random = $g->{random};
	my $table = $random->pick($g->{schema}->all(qw(Table Partition))) or return scalar_sql($g, $function);

	$function->{arguments} = [ grep { !length $_->{mode} } $function->{arguments}->@* ];
	@$function{qw(returns language late)} = ('bigint', 'sql', 1);
	if ($random->chance(50)) { $function->{atomic} = "RETURN (SELECT count(*) FROM {q$table->{id}})"; }
	else { $function->{body} = "SELECT count(*) FROM {q$table->{id}}"; }
}

# Takes a row of a table.
sub over_relation ($g, $function)
{
	my $random = $g->{random};
	my $table = $random->pick($g->{schema}->all(qw(Table))) or return scalar_sql($g, $function);

	$function->{arguments} = [ { sql => "{q$table->{id}}", cat => 'other', name => 'r', mode => '' } ];
	@$function{qw(returns language body late)} = ('text', 'sql', "SELECT (\$1)::text", 1);
}

# Calls another function, by string or by parsed body.
sub calls_another ($g, $function)
{
	my $random = $g->{random};
	my $other = $random->pick(grep { $_->{id} < $function->{id} } scalar_functions($g->{schema})) or return scalar_sql($g, $function);

	$function->{arguments} = [ grep { !length $_->{mode} } $function->{arguments}->@* ];
	@$function{qw(returns language)} = ($other->{returns}, 'sql');
	if ($random->chance(50)) { $function->{atomic} = 'RETURN ' . call($other); }
	else { $function->{body} = 'SELECT ' . call($other); }
}

# Those that give one value of a built-in type.
sub scalar_functions ($schema)
{
	return grep { defined $_->{returns} && $_->{returns} !~ /^(?:SETOF|TABLE|void|trigger|event_trigger)|\{/ && !grep { length $_->{mode} } $_->{arguments}->@* } $schema->all('Function');
}

# A call with nulls for all that it takes.
sub call ($function)
{
	return "{q$function->{id}}(" . join(', ', map { "NULL::$_->{sql}" } $function->{arguments}->@*) . ')';
}

# A function that gives what it takes, for what needs an immutable one.
sub make_identity ($g, $type)
{
	my $ns = $g->some_schema->{id};

	return $g->{schema}->add(kind => 'Function', ns => $ns, name => $g->name($ns, 'function'), arguments => [ { sql => $type, cat => 'other', name => 'v', mode => '' } ],
		returns => $type, language => 'sql', options => ' IMMUTABLE', body => 'SELECT $1');
}

sub change ($class, $g, $function)
{
	my $random = $g->{random};
	my $what = $random->below(8);

	if ($what < 2) { define($g, $function); }
	elsif ($what < 4) { $function->{options} = $random->pick(@VOLATILITY); }
	elsif ($what < 5 && $function->{arguments}->@*)
	{
		my $argument = $function->{arguments}[-1];
		$argument->{default} = defined $argument->{default} ? undef : Property::Types::default($random, $argument, $g->{schema})
		  unless length $argument->{mode};
	}
	elsif ($what < 6 && defined $function->{body}) { $function->{body} .= $random->pick("\n-- changed", ' ', "\n/* it's */"); }
	else { decorate($g, $function, 'FUNCTION') for 1 .. 5; }
}

sub signature ($function)
{
	return "{q$function->{id}}(" . join(', ', map { $_->{sql} } grep { $_->{mode} ne 'OUT ' } $function->{arguments}->@*) . ')';
}

sub argument_list ($function)
{
	return join ', ', map {
		$_->{mode} . (defined $_->{name} ? Property::Schema::quote($_->{name}) . ' ' : '') . $_->{sql} . (defined $_->{default} ? " DEFAULT $_->{default}" : '')
	} $function->{arguments}->@*;
}

sub body ($function)
{
	return $function->{atomic} if defined $function->{atomic};
	return "AS \$fn\$$function->{body}\$fn\$";
}

sub statements ($class, $schema, $function)
{
	my $returns = defined $function->{returns} ? " RETURNS $function->{returns}" : '';
	my $what = 'FUNCTION ' . signature($function);
	my $create = "CREATE FUNCTION {q$function->{id}}(" . argument_list($function) . ")$returns LANGUAGE $function->{language}$function->{options} " . body($function);

	return ([ $PHASE{function}, $create ], common($function, $what));
}

1;
