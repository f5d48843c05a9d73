# Kind/Publication.pm: publications.
package Property::Kind::Publication;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE common decorate);
use Property::Types;

sub make ($class, $g)
{
	my @taken = map { $_->{name} } $g->{schema}->all('Publication');
	my $publication = $g->{schema}->add(kind => 'Publication', name => $g->name(undef, 'other', @taken));

	define($g, $publication);
	decorate($g, $publication);
}

sub define ($g, $publication)
{
	my $random = $g->{random};
	my @tables = $random->sample($random->below(4), grep { !$_->{unlogged} } $g->{schema}->all('Table', 'Partition'));
	my $what = $random->below(10);

	$publication->{options} = $random->pick('', '', " WITH (publish = 'insert, update')", ' WITH (publish_via_partition_root = true)', " WITH (publish = 'truncate')");
	if ($what == 0) { $publication->{what} = ' FOR ALL TABLES'; }
	elsif ($what < 3) { $publication->{what} = ' FOR TABLES IN SCHEMA {' . $g->some_schema->{id} . '}'; }
	elsif (!@tables) { $publication->{what} = ''; }
	else { $publication->{what} = ' FOR TABLE ' . join ', ', map { table($g, $_) } @tables; }
}

sub table ($g, $table)
{
	my $random = $g->{random};
	my @columns = $g->columns($table);
	my $text = "{q$table->{id}}";

	$text .= ' (' . join(', ', map { $_->{text} } grep { !$_->{generated} } @columns) . ')' if @columns && $random->chance(20);
	if ($random->chance(20) && (my $condition = Property::Types::condition($random, grep { !$_->{own} } @columns))) { $text .= " WHERE ($condition)"; }
	return $text;
}

sub change ($class, $g, $publication)
{
	if ($g->{random}->chance(70)) { define($g, $publication); }
	else { decorate($g, $publication) for 1 .. 5; }
}

sub statements ($class, $schema, $publication)
{
	my $id = $publication->{id};

	return ([ $PHASE{late}, "CREATE PUBLICATION {$id}$publication->{what}$publication->{options}" ], common($publication, "PUBLICATION {$id}"));
}

1;
