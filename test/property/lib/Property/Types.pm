# Types.pm: the types of columns and arguments, and expressions over them.
#
# A type is { sql, cat }: its text, with tokens, and a category that says which
# expressions it takes.  Values of rows (Rows.pm) satisfy most of the conditions,
# so that rows get in.
package Property::Types;

use v5.36;
use utf8;

# category => texts of types; categories in %PLAIN have a btree order
my %TYPES = (
	int => [ 'integer', 'bigint', 'smallint' ],
	num => [ 'numeric(10,2)', 'numeric', 'double precision', 'real', 'numeric(12,4)' ],
	text => [ 'text', 'text', 'character varying(40)', 'character varying', 'character(8)', 'character varying(80)' ],
	bool => ['boolean'],
	time => [ 'date', 'timestamp without time zone', 'timestamp(3) with time zone', 'timestamp with time zone' ],
	span => [ 'interval', 'interval day to second' ],
	uuid => ['uuid'],
	jsonb => ['jsonb'],
	json => ['json'],
	bytea => ['bytea'],
	inet => ['inet'],
	ints => ['integer[]'],
	texts => [ 'text[]', 'character varying(20)[]' ],
	range => [ 'int4range', 'tstzrange' ],
	ranges => [ 'int4multirange', 'datemultirange' ],
	words => ['tsvector'],
	point => ['point'],
	bit => ['bit varying(8)'],
	clock => [ 'time without time zone', 'time(2) with time zone' ],
);
my @WEIGHTED = (
	('int') x 6, ('text') x 6, ('num') x 3, ('time') x 3, ('bool') x 2, qw(span uuid jsonb json bytea inet ints texts range
	  ranges words point bit clock),
);

# conditions on a value, {} in the place of the value
my %CONDITION = (
	int => [ '{} > 0', '{} >= 0', '{} BETWEEN 0 AND 1000', '{} IN (1, 2, 3, 5, 8)', '({} % 7) <> 6', 'NOT ({} = 12)',
		'{} <> ALL (ARRAY[77, 78])', '{} IS NOT NULL', 'abs({}) < 10000', '{} <> 9 AND ({} > -5 OR {} IS NULL)' ],
	num => [ '{} > 0', '{} >= 0.0', '{} < 1000.5', '{} BETWEEN 0 AND 1e6', 'round({}::numeric) < 500', '{} IS DISTINCT FROM 7.5' ],
	text => [ 'length({}) < 200', '{} <> \'\'', '{} IN (\'1\', \'2\', \'3\', \'a\')', '{} ~ \'^[0-9a-z]\'', '{} NOT LIKE \'x%\'',
		'{} IS DISTINCT FROM \'it\'\'s\'', 'lower({}) = {}', 'char_length(trim({})) > 0', '{} IS NOT NULL',
		'{} NOT IN (\'nothing\')', '{} COLLATE "C" < \'zz\'', 'coalesce({}, \'\') <> E\'a\\nb\'' ],
	bool => [ '{}', '{} IS TRUE', '{} IS NOT FALSE', 'coalesce({}, true)', '{} = true' ],
	time => [ '{} > \'2000-01-01\'', '{} IS NOT NULL', '{} < \'infinity\'', 'extract(year FROM {}) > 1999' ],
	span => [ '{} > \'-1 days\'', '{} < interval \'1 year\'' ],
	uuid => [ '{} IS NOT NULL', '{} <> \'ffffffff-ffff-ffff-ffff-ffffffffffff\'' ],
	jsonb => [ 'jsonb_typeof({}) = \'object\'', '{} ? \'a\'', '({} ->> \'a\') IS NOT NULL', '{} @> \'{"a": 1}\' OR {} IS NOT NULL' ],
	json => [ 'json_typeof({}) = \'object\'', '({} ->> \'a\') IS NOT NULL' ],
	ints => [ 'cardinality({}) < 10', '{} <> \'{9,9}\'', '0 <> ALL ({})' ],
	texts => [ 'cardinality({}) < 10', '{} IS NOT NULL', '\'q\' <> ALL ({})' ],
);

# scalar expressions that are immutable, and the category that they give
my %EXPRESSION = (
	int => [ [ '({} + 1)', 'int' ], [ '({} * 2)', 'int' ], [ 'abs({})', 'int' ], [ '({} % 10)', 'int' ],
		[ 'coalesce({}, 0)', 'int' ], [ '({}::text)', 'text' ], [ '({} > 5)', 'bool' ],
		[ 'CASE WHEN {} > 1 THEN \'many\' ELSE \'one\' END', 'text' ], [ 'nullif({}, 4)', 'int' ] ],
	num => [ [ '({} * 2)', 'num' ], [ '({})::numeric(10,2)', 'num' ], [ 'greatest({}, 0)', 'num' ], [ '(- {})', 'num' ] ],
	text => [ [ 'lower({})', 'text' ], [ 'upper({})', 'text' ], [ 'length({})', 'int' ], [ '({} || \'!\')', 'text' ],
		[ 'coalesce({}, \'none\')', 'text' ], [ 'substr({}, 1, 3)', 'text' ], [ 'replace({}, \'a\', \'b\')', 'text' ],
		[ '({} = ANY (ARRAY[\'a\', \'b\']))', 'bool' ], [ 'md5({})', 'text' ], [ '({})::character varying(20)', 'text' ] ],
	bool => [ [ '(NOT {})', 'bool' ], [ 'coalesce({}, false)', 'bool' ], [ '({} IS NULL)', 'bool' ] ],
	jsonb => [ [ '({} ->> \'a\')', 'text' ], [ '({} -> \'a\')', 'jsonb' ], [ 'jsonb_typeof({})', 'text' ] ],
	ints => [ [ '{}[1]', 'int' ], [ 'cardinality({})', 'int' ] ],
	texts => [ [ '{}[1]', 'text' ], [ 'array_length({}, 1)', 'int' ] ],
	uuid => [ [ '({}::text)', 'text' ] ],
	span => [ [ '({} * 2)', 'span' ] ],
);

my %DEFAULT = (
	int => [ '0', '42', '(2 + 3)', '\'-1\'', 'length(\'four\')' ],
	num => [ '0', '1.50', '\'3\'', '(1.0 / 3)' ],
	text => [ '\'a\'', '\'\'', '\'it\'\'s\'', 'upper(\'x\')', 'E\'a\\nb\'', '(\'a\' || \'b\')', 'CURRENT_USER', 'NULL' ],
	bool => [ 'true', 'false', '(1 > 2)' ],
	time => [ 'now()', '\'2024-02-03\'', 'CURRENT_TIMESTAMP', '(now() + \'1 day\'::interval)' ],
	span => [ '\'1 day\'', '\'01:00:00\'' ],
	uuid => [ 'gen_random_uuid()', '\'00000000-0000-0000-0000-000000000001\'' ],
	jsonb => [ '\'{}\'', '\'{"a": [1, 2]}\'::jsonb', 'jsonb_build_object(\'a\', 1)' ],
	json => [ '\'{"a": 1}\'' ],
	ints => [ '\'{}\'', 'ARRAY[1, 2]', '\'{1,2}\'::integer[]' ],
	texts => [ '\'{}\'', 'ARRAY[\'a\'::text]' ],
	range => ['\'empty\''],
	bytea => ['\'\\x00\''],
	inet => ['\'127.0.0.1\''],
);

my %UNORDERED = map { $_ => 1 } qw(json point words composite other);

# A built-in type.
sub base ($random, @categories)
{
	my $cat = $random->pick(@categories ? @categories : @WEIGHTED);
	return { sql => $random->pick($TYPES{$cat}->@*), cat => $cat };
}

# A built-in type or one of the schema's own.
sub any ($random, $schema)
{
	my @own = grep { $_->{kind} ne 'Extension' || $_->{name} =~ /^(?:citext|hstore)\z/ } $schema->all(qw(Enum Domain Composite Range Extension));

	return base($random) unless @own && $random->chance(25);
	return own($random, $random->pick(@own));
}

# The type that an object of the schema is.
sub own ($random, $object)
{
	my $cat = { Enum => 'enum', Domain => $object->{cat}, Composite => 'composite', Range => 'range',
		Extension => $object->{name} eq 'citext' ? 'text' : 'other' }->{ $object->{kind} };

	return { sql => "{$object->{ns}}.{$object->{columns}[0]{id}}", cat => 'ranges' } if $object->{kind} eq 'Range' && $object->{columns} && $random->chance(40);
	return { sql => "{q$object->{id}}[]", cat => 'other' } if $random->chance(15);
	return { sql => "{q$object->{id}}", cat => $cat, own => $object->{id} };
}

sub is_ordered ($cat)
{
	return !$UNORDERED{$cat};
}

# A default for a type; undef where there is none to give.
sub default ($random, $type, $schema)
{
	if ($type->{cat} eq 'enum')
	{
		my $enum = $schema->get($type->{own});
		$enum = $schema->get($enum->{over}) while $enum && defined $enum->{over};
		return undef unless $enum && $enum->{labels};
		my $label = Property::Schema::literal($random->pick($enum->{labels}->@*));
		return $random->pick($label, "$label\::{q$enum->{id}}");
	}
	return $random->pick(($DEFAULT{ $type->{cat} } // [])->@*);
}

# A condition over columns ({ id, cat } with the text that names them); undef
# where the columns take none.
sub condition ($random, @columns)
{
	my $column = $random->pick(grep { $CONDITION{ $_->{cat} } } @columns) or return undef;
	my $text = $random->pick($CONDITION{ $column->{cat} }->@*) =~ s/\{\}/$column->{text}/gr;

	if ($random->chance(20))
	{
		my $other = condition($random, @columns);
		$text = $random->pick("($text) AND ($other)", "($text) OR ($other)", "NOT (($other) IS FALSE) AND ($text)");
	}
	return $text;
}

# An immutable expression over a column, as { text, cat }.
sub expression ($random, @columns)
{
	my $column = $random->pick(grep { $EXPRESSION{ $_->{cat} } } @columns) or return undef;
	my ($text, $cat) = $random->pick($EXPRESSION{ $column->{cat} }->@*)->@*;

	return { text => $text =~ s/\{\}/$column->{text}/gr, cat => $cat };
}

1;
