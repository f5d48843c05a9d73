# Kind/ForeignKey.pm: foreign keys, composite, to the table itself and in cycles.
package Property::Kind::ForeignKey;

use v5.36;
use utf8;

use Property::Column;
use Property::Kind qw(%PHASE);

my @ACTIONS = ('', '', '', ' ON DELETE CASCADE', ' ON DELETE SET NULL', ' ON UPDATE CASCADE', ' ON DELETE RESTRICT ON UPDATE SET DEFAULT');
my @TIMES = ('', '', '', ' DEFERRABLE', ' DEFERRABLE INITIALLY DEFERRED', ' NOT VALID');

sub make ($class, $g)
{
	my $random = $g->{random};
	my $table = $g->some_table(sub ($table) { $table->{kind} eq 'Table' }) or return;
	my %key = (kind => 'ForeignKey', ns => $table->{ns}, table => $table->{id}, name => $g->name($table->{ns}, 'other'));

	define($g, $table, \%key) or return;
	$g->{schema}->add(%key);
}

# Points it at a key; columns that the table lacks for it are added.
sub define ($g, $table, $key)
{
	my $random = $g->{random};
	my $target = $random->pick(grep { $_->{key} } $g->{schema}->all('Constraint')) or return 0;
	my @columns;

	for my $part ($target->{key}->@*)
	{
		my $column = $random->pick(grep {
			my $id = $_->{id};
			$_->{sql} eq $part->{sql} && !$_->{generated} && !grep { $_ == $id } @columns
		} $g->raw_columns($table));
		if (!$column || $random->chance(30))
		{
			$column = Property::Column::make($g, $table, { %$part{qw(sql cat own)} });
			delete $column->{collate};
			push $table->{columns}->@*, $column;
		}
		push @columns, $column->{id};
	}
	$key->{columns_used} = \@columns;
	$key->{target} = $target->{table};
	$key->{target_columns} = [ map { $_->{id} } $target->{key}->@* ];
	$key->{match} = $random->pick('', '', '', ' MATCH FULL');
	$key->{actions} = $random->pick(@ACTIONS);
	$key->{actions} = " ON DELETE SET NULL ({$columns[-1]})" if $random->chance(8);
	$key->{times} = $random->pick(@TIMES);
	return 1;
}

sub change ($class, $g, $key)
{
	my $random = $g->{random};
	my $table = $g->{schema}->get($key->{table}) or return;
	my $what = $random->below(3);

	if ($what == 0) { $key->{actions} = $random->pick(@ACTIONS); }
	elsif ($what == 1) { $key->{times} = $random->pick(@TIMES); }
	else { define($g, $table, $key); }
}

sub statements ($class, $schema, $key)
{
	my $from = join ', ', map { "{$_}" } $key->{columns_used}->@*;
	my $to = join ', ', map { "{$_}" } $key->{target_columns}->@*;

	return [ $PHASE{foreign_key}, "ALTER TABLE {q$key->{table}} ADD CONSTRAINT {$key->{id}} FOREIGN KEY ($from)"
		  . " REFERENCES {q$key->{target}} ($to)$key->{match}$key->{actions}$key->{times}" ];
}

1;
