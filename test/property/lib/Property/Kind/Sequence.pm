# Kind/Sequence.pm: sequences, owned by a column or not, and columns that take
# their default from one.
package Property::Kind::Sequence;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE common decorate);

my @OPTIONS = ('', '', 'START WITH 100', 'INCREMENT BY 10 CACHE 5', 'AS integer', 'AS smallint MAXVALUE 500 CYCLE', 'MINVALUE -5 START WITH 0',
	'INCREMENT BY -1', 'AS integer INCREMENT BY 2 START WITH 3');

sub make ($class, $g)
{
	my $random = $g->{random};
	my $ns = $g->some_schema->{id};
	my $sequence = $g->{schema}->add(kind => 'Sequence', ns => $ns, name => $g->name($ns, 'table') . '_seq', options => $random->pick(@OPTIONS));

	attach($g, $sequence) if $random->chance(60);
	$sequence->{unlogged} = 1 if $random->chance(8);
	decorate($g, $sequence, 'SEQUENCE');
}

# Gives it a column of a table to serve; usually one of the same schema, as
# serial columns have.
sub attach ($g, $sequence)
{
	my $random = $g->{random};
	my $table = $g->some_table(sub ($table) { $table->{kind} eq 'Table' && $table->{ns} == $sequence->{ns} }) or return;
	my $column = $random->pick(grep { $_->{cat} eq 'int' && !$_->{identity} && !$_->{generated} } $table->{columns}->@*) or return;

	$sequence->{serves} = { table => $table->{id}, column => $column->{id}, owned => $random->chance(60), default => $random->chance(80) };
}

sub change ($class, $g, $sequence)
{
	my $random = $g->{random};
	my $what = $random->below(5);

	if ($what < 2) { $sequence->{options} = $random->pick(@OPTIONS); }
	elsif ($what == 2) { delete $sequence->{serves}; attach($g, $sequence) if $random->chance(60); }
	elsif ($what == 3 && $sequence->{serves}) { $sequence->{serves}{owned} = !$sequence->{serves}{owned}; }
	else { decorate($g, $sequence, 'SEQUENCE') for 1 .. 5; }
}

sub statements ($class, $schema, $sequence)
{
	my $id = $sequence->{id};
	my $serves = $sequence->{serves};
	my @statements = [ $PHASE{sequence}, 'CREATE ' . ($sequence->{unlogged} ? 'UNLOGGED ' : '') . "SEQUENCE {q$id} $sequence->{options}" ];

	if ($serves)
	{
		push @statements, [ $PHASE{column}, "ALTER SEQUENCE {q$id} OWNED BY {q$serves->{table}}.{$serves->{column}}" ] if $serves->{owned};
		push @statements, [ $PHASE{column}, "ALTER TABLE {q$serves->{table}} ALTER COLUMN {$serves->{column}} SET DEFAULT nextval('{q$id}'::regclass)" ]
		  if $serves->{default};
	}
	return (@statements, common($sequence, "SEQUENCE {q$id}"));
}

1;
