# Kind/Statistics.pm: extended statistics.
package Property::Kind::Statistics;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE common decorate);
use Property::Types;

sub make ($class, $g)
{
	my $table = $g->some_table or return;
	my $ns = $g->{random}->chance(85) ? $table->{ns} : $g->some_schema->{id};
	my %statistics = (kind => 'Statistics', ns => $ns, table => $table->{id}, name => $g->name($ns, 'other'));

	define($g, $table, \%statistics) or return;
	decorate($g, $g->{schema}->add(%statistics));
}

sub define ($g, $table, $statistics)
{
	my $random = $g->{random};
	my @columns = grep { Property::Types::is_ordered($_->{cat}) && !$_->{generated} } $g->columns($table);
	my @items = map { $_->{text} } $random->sample($random->between(2, 4), @columns);

	return 0 if @items < 2;
	if ($random->chance(25) && (my $expression = Property::Types::expression($random, @columns))) { $items[0] = "($expression->{text})"; }
	$statistics->{kinds} = $random->pick('', '', ' (ndistinct)', ' (dependencies, mcv)', ' (mcv)');
	$statistics->{items} = join ', ', @items;
	return 1;
}

sub change ($class, $g, $statistics)
{
	my $random = $g->{random};
	my $table = $g->{schema}->get($statistics->{table}) or return;

	if ($random->chance(50)) { define($g, $table, $statistics); }
	elsif ($random->chance(50)) { $statistics->{target} = $random->pick(10, 200, undef); }
	else { decorate($g, $statistics) for 1 .. 5; }
}

sub statements ($class, $schema, $statistics)
{
	my $id = $statistics->{id};
	my @statements = [ $PHASE{statistics}, "CREATE STATISTICS {q$id}$statistics->{kinds} ON $statistics->{items} FROM {q$statistics->{table}}" ];

	push @statements, [ $PHASE{late}, "ALTER STATISTICS {q$id} SET STATISTICS $statistics->{target}" ] if $statistics->{target};
	return (@statements, common($statistics, "STATISTICS {q$id}"));
}

1;
