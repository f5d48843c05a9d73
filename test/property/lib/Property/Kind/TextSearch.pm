# Kind/TextSearch.pm: text search dictionaries and configurations.
package Property::Kind::TextSearch;

use v5.36;
use utf8;

use Property::Kind qw(%PHASE common decorate);

my @TEMPLATES = ("TEMPLATE = simple", "TEMPLATE = simple, STOPWORDS = english, ACCEPT = false", "TEMPLATE = snowball, LANGUAGE = english",
	"TEMPLATE = snowball, LANGUAGE = german, STOPWORDS = german");

sub make ($class, $g)
{
	my $random = $g->{random};
	my $ns = $g->some_schema->{id};
	my $object = $g->{schema}->add(kind => 'TextSearch', ns => $ns, name => $g->name($ns, 'other'));

	define($g, $object);
	decorate($g, $object);
}

sub define ($g, $object)
{
	my $random = $g->{random};

	$object->{base} = $random->pick('PARSER', 'TEMPLATE') if $random->chance(15) && !defined $object->{dictionary};
	return if $object->{base};
	my $dictionary = $random->pick(grep { $_->{id} != $object->{id} && $_->{dictionary} } $g->{schema}->all('TextSearch'));

	delete @$object{qw(mappings)};
	$object->{dictionary} = $random->chance(50) unless defined $object->{dictionary};
	if ($object->{dictionary}) { $object->{options} = $random->pick(@TEMPLATES); return; }
	$object->{options} = $random->pick('COPY = pg_catalog.english', 'COPY = pg_catalog.simple', 'PARSER = pg_catalog."default"');
	my $name = $dictionary && $random->chance(70) ? "{q$dictionary->{id}}" : 'pg_catalog.simple';
	my $how = $object->{options} =~ /COPY/ ? 'ALTER' : 'ADD';
	$object->{mappings} = [ map { "$how MAPPING FOR $_ WITH $name" . $random->pick('', ', pg_catalog.english_stem') }
		  $random->sample($random->below(3), 'word', 'asciiword', 'numword, email') ];
}

sub change ($class, $g, $object)
{
	if ($g->{random}->chance(60)) { define($g, $object); }
	else { decorate($g, $object) for 1 .. 5; }
}

sub statements ($class, $schema, $object)
{
	my $id = $object->{id};

	if ($object->{base})
	{
		my $functions = $object->{base} eq 'PARSER' ? 'START = prsd_start, GETTOKEN = prsd_nexttoken, END = prsd_end, LEXTYPES = prsd_lextype' : 'INIT = dsimple_init, LEXIZE = dsimple_lexize';
		return ([ $PHASE{collation}, "CREATE TEXT SEARCH $object->{base} {q$id} ($functions)" ],
			defined $object->{comment} ? [ $PHASE{comment}, "COMMENT ON TEXT SEARCH $object->{base} {q$id} IS " . Property::Kind::comment_literal($object->{comment}) ] : ());
	}
	my $what = 'TEXT SEARCH ' . ($object->{dictionary} ? 'DICTIONARY' : 'CONFIGURATION') . " {q$id}";
	my $phase = $object->{dictionary} ? $PHASE{collation} : $PHASE{type};

	return ([ $phase, "CREATE $what ($object->{options})" ], (map { [ $phase + 0.5, "ALTER $what $_" ] } ($object->{mappings} // [])->@*),
		common($object, $what));
}

1;
