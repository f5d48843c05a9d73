# Query.pm: random queries over the relations of a schema, for views and the like.
package Property::Query;

use v5.36;
use utf8;

use Property::Types;

# What queries read; a view may be read by another, but not by itself.
sub relations ($g, $below = undef)
{
	return grep { !defined $below || $_->{id} < $below } grep { $g->raw_columns($_) } $g->{schema}->all(qw(Table Partition View MatView));
}

# A query as { from, where, group, ... , outputs => [ { text, cat } ] }, to which
# outputs can be added; undef where there is nothing to read.
sub make ($g, $below = undef)
{
	my $random = $g->{random};
	my @relations = relations($g, $below) or return undef;
	my $first = $random->pick(@relations);
	my $query = { from => "{q$first->{id}} a", sources => [ [ $first->{id}, 'a.' ] ], form => 'plain' };

	# rows that a function gives of a table, instead of the table's own
	my ($rows) = grep { ($_->{returns} // '') eq "SETOF {q$first->{id}}" } $g->{schema}->all('Function');
	$query->{from} = Property::Kind::Function::call($rows) . ' a' if $rows && $random->chance(50);
	join_another($g, $query, $random->pick(@relations)) if $random->chance(35);
	$query->{where} = where($g, $query, @relations) if $random->chance(40);
	$query->{form} = $random->pick('plain', 'plain', 'plain', 'plain', 'group', 'distinct', 'cte', 'union', 'order', 'sub');
	$query->{outputs} = [];
	push $query->{outputs}->@*, output($g, $query) for 1 .. $random->between(1, 4);
	$query->{outputs} = [ grep { defined } $query->{outputs}->@* ];
	return $query->{outputs}->@* ? $query : undef;
}

sub sources ($g, $query)
{
	return map { my ($id, $prefix) = @$_; my $relation = $g->{schema}->get($id); $relation ? $g->columns($relation, $prefix) : () }
	  $query->{sources}->@*;
}

sub join_another ($g, $query, $other)
{
	my $random = $g->{random};
	my @left = sources($g, $query);
	my @right = grep { Property::Types::is_ordered($_->{cat}) } $g->columns($other, 'b.');
	my $how = $random->pick('JOIN', 'LEFT JOIN', 'FULL JOIN');

	for my $right ($random->shuffle(@right))
	{
		my ($left) = grep { $_->{sql} && $right->{sql} && $_->{sql} eq $right->{sql} } @left;
		next unless $left;
		$query->{from} .= " $how {q$other->{id}} b ON $left->{text} = $right->{text}";
		push $query->{sources}->@*, [ $other->{id}, 'b.' ];
		return;
	}
	$query->{from} .= " CROSS JOIN {q$other->{id}} b";
	push $query->{sources}->@*, [ $other->{id}, 'b.' ];
}

sub where ($g, $query, @relations)
{
	my $random = $g->{random};

	if ($random->chance(20))
	{
		my $other = $random->pick(@relations);
		my $condition = Property::Types::condition($random, $g->columns($other, 'x.')) // 'true';
		return "EXISTS (SELECT 1 FROM {q$other->{id}} x WHERE $condition)";
	}
	return Property::Types::condition($random, sources($g, $query));
}

# One more column of the result, as { text, cat, sql }.
sub output ($g, $query)
{
	my $random = $g->{random};
	my @columns = sources($g, $query);
	my $column = $random->pick(@columns) or return undef;

	if ($query->{form} eq 'group')
	{
		return $random->pick({ text => 'count(*)', cat => 'int', sql => 'bigint' }, { text => "max($column->{text}::text)", cat => 'text', sql => 'text' },
			{ text => "count(DISTINCT $column->{text}::text) FILTER (WHERE $column->{text} IS NOT NULL)", cat => 'int', sql => 'bigint' });
	}
	if ($random->chance(8) && (my $function = $random->pick(Property::Kind::Function::scalar_functions($g->{schema}))))
	{
		return { text => Property::Kind::Function::call($function), cat => 'other', sql => $function->{returns} };
	}
	if ($query->{form} eq 'plain' && $random->chance(8))
	{
		return { text => 'row_number() OVER (ORDER BY ' . $column->{text} . '::text)', cat => 'int', sql => 'bigint' };
	}
	if ($random->chance(30) && (my $expression = Property::Types::expression($random, @columns)))
	{
		return { %$expression, sql => undef };
	}
	return { text => $column->{text}, cat => $column->{cat}, sql => $column->{sql} };
}

# The query's text; $names are the names of its outputs, as tokens.
sub text ($query, @names)
{
	my $outputs = join ', ', map { "$query->{outputs}[$_]{text} AS $names[$_]" } 0 .. $#names;
	my $tail = $query->{where} ? " WHERE $query->{where}" : '';
	my $plain = "SELECT $outputs FROM $query->{from}$tail";
	my %forms = (
		plain => $plain,
		group => "$plain HAVING count(*) > 0",
		distinct => "SELECT DISTINCT $outputs FROM $query->{from}$tail",
		cte => "WITH w AS ($plain) SELECT * FROM w",
		union => "$plain UNION ALL $plain",
		order => "$plain ORDER BY 1 LIMIT 10",
		sub => "SELECT s.* FROM ($plain) s",
	);

	return $forms{ $query->{form} };
}

1;
