# Kind/View.pm: views, also over views, with options.
package Property::Kind::View;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE common decorate);
use Property::Query;
use Property::Schema;

my @OPTIONS = (undef, undef, undef, 'security_barrier=true', 'security_invoker=true', 'security_barrier=true, security_invoker=true',
	'check_option=local', 'check_option=cascaded');

sub make ($class, $g)
{
	my $ns = $g->some_schema->{id};
	my $query = Property::Query::make($g) or return;
	my $view = $g->{schema}->add(kind => $class =~ s/.*:://r, ns => $ns, name => $g->name($ns, 'view'), query => $query, columns => []);

	name_outputs($g, $view);
	$view->{options} = $g->{random}->pick(@OPTIONS) if $class->has_options;
	adorn_column($class, $g, $view) if $g->{random}->chance(15);
	decorate($g, $view, 'TABLE');
}

# A privilege, a comment or a default of one of its columns.
sub adorn_column ($class, $g, $view)
{
	my $random = $g->{random};
	my $column = $random->pick($view->{columns}->@*);

	$column->{comment} = $random->pick('a column', "it's", undef);
	$column->{grant} = $random->pick('SELECT', 'UPDATE', undef);
	$column->{default} = $random->pick('NULL', undef) if $class->has_options;
}

sub has_options ($class) { return 1; }
sub keyword ($class) { return 'VIEW'; }
sub phase ($class) { return 'view'; }

# A column for each output of the query that has none yet.
sub name_outputs ($g, $view)
{
	my $outputs = $view->{query}{outputs};

	$view->{columns} = [ $view->{columns}->@[ 0 .. $#$outputs ] ] if $view->{columns}->@* > @$outputs;
	for my $index (0 .. $#$outputs)
	{
		$view->{columns}[$index] //= { id => $g->{schema}->next_id, name => $g->name(undef, 'column', map { $_->{name} } grep { defined } $view->{columns}->@*) };
		$view->{columns}[$index]->@{qw(cat sql)} = $outputs->[$index]->@{qw(cat sql)};
	}
}

sub change ($class, $g, $view)
{
	my $random = $g->{random};
	my $query = $view->{query};
	my $what = $random->below(13);

	if ($what == 12) { adorn_column($class, $g, $view); }
	elsif ($what < 4) { push $query->{outputs}->@*, grep { defined } Property::Query::output($g, $query); }
	elsif ($what < 5 && $query->{outputs}->@* > 1) { splice $query->{outputs}->@*, $random->below(scalar $query->{outputs}->@*), 1; }
	elsif ($what < 7) { $query->{where} = Property::Query::where($g, $query, Property::Query::relations($g, $view->{id})); }
	elsif ($what < 8) { $view->{query} = Property::Query::make($g, $view->{id}) // $query; }
	elsif ($what < 9) { $view->{options} = $random->pick(@OPTIONS) if $class->has_options; }
	elsif ($what < 10)
	{
		$random->pick($view->{columns}->@*)->{name} = $g->name(undef, 'column', map { $_->{name} } $view->{columns}->@*);
	}
	else { decorate($g, $view, 'TABLE') for 1 .. 5; }
	name_outputs($g, $view);
}

sub statements ($class, $schema, $view)
{
	my $with = $view->{options} ? " WITH ($view->{options})" : '';
	my $text = Property::Query::text($view->{query}, map { "{$_->{id}}" } $view->{columns}->@*);
	my $keyword = $class->keyword;

	# one view may read another: in the order of their making
	return ([ $PHASE{ $class->phase } + $view->{id} / 1e6, "CREATE $keyword {q$view->{id}}$with AS $text" . $class->tail($view) ],
		(map { column_statements($view, $_) } $view->{columns}->@*), common($view, "$keyword {q$view->{id}}", "TABLE {q$view->{id}}"));
}

sub column_statements ($view, $column)
{
	my @statements;

	push @statements, [ $PHASE{late}, "ALTER VIEW {q$view->{id}} ALTER COLUMN {$column->{id}} SET DEFAULT $column->{default}" ] if defined $column->{default};
	push @statements, [ $PHASE{comment}, "COMMENT ON COLUMN {q$view->{id}}.{$column->{id}} IS " . Property::Schema::literal($column->{comment}) ]
	  if defined $column->{comment};
	push @statements, [ $PHASE{privilege}, "GRANT $column->{grant} ({$column->{id}}) ON {q$view->{id}} TO bob" ] if $column->{grant};
	return @statements;
}

sub tail ($class, $view) { return ''; }

1;
