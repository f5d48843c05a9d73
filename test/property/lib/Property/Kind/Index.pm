# Kind/Index.pm: indexes of tables and materialized views.
package Property::Kind::Index;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE);
use Property::Kind::Function;
use Property::Schema;
use Property::Types;

sub make ($class, $g)
{
	my $table = $g->{random}->pick($g->{schema}->all('Table', 'Table', 'Partition', 'MatView')) or return;
	my %index = (kind => 'Index', ns => $table->{ns}, table => $table->{id}, name => $g->name($table->{ns}, 'other'));

	define($g, $table, \%index) or return;
	$g->{schema}->add(%index);
}

sub define ($g, $table, $index)
{
	my $random = $g->{random};
	my @columns = $g->columns($table);
	my @ordered = grep { Property::Types::is_ordered($_->{cat}) } @columns;
	my $special = special($random, @columns);

	delete @$index{qw(include where nulls options mark late)};
	$index->{unique} = 0;
	if ($special && $random->chance(35))
	{
		@$index{qw(method elements)} = @$special;
	}
	else
	{
		my @elements = map { element($random, $_) } $random->sample($random->between(1, 3), @ordered) or return 0;
		if ($random->chance(8))
		{
			# a materialized view's columns do not say their types
			my $column = $random->pick(grep { defined $_->{sql} } @ordered) or return 0;
			my $function = Property::Kind::Function::make_identity($g, $column->{sql});
			$elements[0] = "{q$function->{id}}($column->{text})";
			$index->{late} = 1;
		}
		elsif ($random->chance(20) && (my $expression = Property::Types::expression($random, @columns)))
		{
			$elements[0] = "($expression->{text})";
		}
		@$index{qw(method elements)} = ('btree', \@elements);
		$index->{unique} = $random->chance(25);
		$index->{nulls} = $index->{unique} && $random->chance(30);
		$index->{include} = $random->pick(@ordered)->{text} if $random->chance(15);
	}
	$index->{where} = Property::Types::condition($random, grep { !$_->{generated} } @columns) if $random->chance(20);
	$index->{mark} = $random->pick('REPLICA IDENTITY USING INDEX', 'CLUSTER ON') if $random->chance(8) && $table->{kind} ne 'MatView';
	$index->{options} = 'fillfactor=75' if $random->chance(10) && $index->{method} eq 'btree';
	return 1;
}

# An access method other than btree for one of the columns.
sub special ($random, @columns)
{
	my %methods = (jsonb => [ 'gin', '', ' jsonb_path_ops' ], ints => [ 'gin', '' ], texts => [ 'gin', '' ], words => [ 'gin', '' ],
		range => [ 'gist', '', ' range_ops' ], point => [ 'gist', '' ], int => [ 'hash', '' ], text => [ 'hash', '' ],
		time => [ 'brin', '' ], inet => [ 'gist', ' inet_ops' ]);
	my $column = $random->pick(grep { $methods{ $_->{cat} } } @columns) or return undef;
	my ($method, @classes) = $methods{ $column->{cat} }->@*;

	return [ $method, [ $column->{text} . $random->pick(@classes) ] ];
}

sub element ($random, $column)
{
	my $text = $column->{text};

	if ($column->{cat} eq 'text')
	{
		$text .= $random->pick('', '', '', ' COLLATE "C"');
		$text .= ' text_pattern_ops' if $random->chance(10) && ($column->{sql} // '') eq 'text';
	}
	return $text . $random->pick('', '', '', ' DESC', ' DESC NULLS LAST', ' NULLS FIRST');
}

sub change ($class, $g, $index)
{
	my $random = $g->{random};
	my $table = $g->{schema}->get($index->{table}) or return;
	my $what = $random->below(6);

	if ($what < 3) { define($g, $table, $index); }
	elsif ($what == 3) { $index->{unique} = !$index->{unique} if $index->{method} eq 'btree'; }
	elsif ($what == 4) { $index->{options} = $index->{method} eq 'btree' && !$index->{options} ? 'fillfactor=75' : undef; }
	else { $index->{comment} = $random->pick('an index', "it's", undef); }
}

sub statements ($class, $schema, $index)
{
	my $table = $schema->get($index->{table}) or return;
	my $text = 'CREATE ' . ($index->{unique} ? 'UNIQUE ' : '') . "INDEX {$index->{id}} ON {q$index->{table}}";
	my $tail = '';

	$tail .= " INCLUDE ($index->{include})" if $index->{include};
	$tail .= ' NULLS NOT DISTINCT' if $index->{nulls} && $index->{unique};
	$tail .= " WITH ($index->{options})" if $index->{options};
	$tail .= " WHERE $index->{where}" if $index->{where};
	my $phase = $table->{kind} eq 'MatView' ? 'view_index' : $index->{late} ? 'late' : 'index';
	my @statements = [ $PHASE{$phase}, "$text USING $index->{method}", $index->{elements}, $tail ];
	push @statements, [ $PHASE{late} + 0.5, "ALTER TABLE {q$index->{table}} $index->{mark} {$index->{id}}" ] if $index->{mark};
	push @statements, [ $PHASE{comment}, "COMMENT ON INDEX {q$index->{id}} IS " . Property::Schema::literal($index->{comment}) ]
	  if defined $index->{comment};
	return @statements;
}

1;
