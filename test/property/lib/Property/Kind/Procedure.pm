# Kind/Procedure.pm: procedures.
package Property::Kind::Procedure;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE common decorate);
use Property::Kind::Function;

sub make ($class, $g)
{
	my $random = $g->{random};
	my $ns = $g->some_schema->{id};
	my $procedure = $g->{schema}->add(kind => 'Procedure', ns => $ns, name => $g->name($ns, 'function'),
		arguments => [ map { { Property::Kind::Function::argument($g, $_)->%*, mode => '' } } 1 .. $random->below(3) ]);

	define($g, $procedure);
	decorate($g, $procedure, 'PROCEDURE');
}

sub define ($g, $procedure)
{
	my $random = $g->{random};
	my $table = $random->pick($g->{schema}->all('Table'));

	delete @$procedure{qw(atomic body)};
	$procedure->{language} = $random->pick('sql', 'plpgsql');
	$procedure->{options} = $random->pick('', '', ' SECURITY DEFINER', " SET search_path TO ''");
	if (!$table || $procedure->{language} eq 'plpgsql') { $procedure->{body} = $procedure->{language} eq 'sql' ? 'SELECT 1' : "BEGIN\n  COMMIT;\nEND"; }
	elsif ($random->chance(50)) { $procedure->{atomic} = "BEGIN ATOMIC DELETE FROM {q$table->{id}}; END"; }
	else { $procedure->{body} = "DELETE FROM {q$table->{id}}"; }
}

sub change ($class, $g, $procedure)
{
	if ($g->{random}->chance(60)) { define($g, $procedure); }
	else { decorate($g, $procedure, 'PROCEDURE') for 1 .. 5; }
}

sub statements ($class, $schema, $procedure)
{
	my $arguments = Property::Kind::Function::argument_list($procedure);
	my $what = 'PROCEDURE ' . Property::Kind::Function::signature($procedure);

	return ([ $PHASE{function}, "CREATE PROCEDURE {q$procedure->{id}}($arguments) LANGUAGE $procedure->{language}$procedure->{options} "
			  . Property::Kind::Function::body($procedure) ], common($procedure, $what));
}

1;
