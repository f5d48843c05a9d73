# Kind/Foreign.pm: foreign servers, with a wrapper, and their tables.
package Property::Kind::Foreign;

use v5.36;
use utf8;

use Property::Column;
use Property::Kind qw(%PHASE common decorate);
use Property::Schema;

# A server brings its wrapper; what follows may be tables of one that is there.
sub make ($class, $g)
{
	my ($random, $schema) = @$g{qw(random schema)};
	my $server = $random->pick(grep { $_->{server} } $schema->all('Foreign'));

	if (!$server || $random->chance(30))
	{
		my $name = 'w' . $schema->next_id;
		$server = $schema->add(kind => 'Foreign', server => 1, name => $g->name(undef, 'other', map { $_->{name} } $schema->all('Foreign')),
			wrapper => $name, options => server_options($random));
		wrapper_settings($random, $server);
		decorate($g, $server, 'FOREIGN SERVER');
	}
	my $ns = $g->some_schema->{id};
	my $table = $schema->add(kind => 'Foreign', ns => $ns, name => $g->name($ns, 'table'), of => $server->{id}, columns => [],
		options => $random->pick(undef, "a 'b'", "a 'it''s', c 'd'"));
	push $table->{columns}->@*, plain_column($g, $table) for 1 .. $random->between(1, 4);
	my $condition = Property::Types::condition($random, $g->columns($table));
	$table->{check} = $condition if $random->chance(25);
	decorate($g, $table, 'TABLE');
}

# What is said of the server's wrapper.
sub wrapper_settings ($random, $server)
{
	$server->{wrapper_options} = $random->pick('', '', " OPTIONS (debug 'true')", " OPTIONS (a 'it''s', b '2')");
	$server->{wrapper_comment} = $random->pick(undef, undef, "it's a wrapper");
	$server->{wrapper_grant} = $random->pick(undef, undef, 'alice', 'bob');
}

sub server_options ($random)
{
	return $random->pick('', " TYPE 'x'", " VERSION '1.2'", " TYPE 'x' VERSION '2' OPTIONS (host 'h', port '1')", " OPTIONS (host 'it''s')");
}

sub plain_column ($g, $table)
{
	my $column = Property::Column::make($g, $table, Property::Types::base($g->{random}));

	delete @$column{qw(identity generated storage compression statistics options grants comment)};
	$column->{fdw} = $g->{random}->pick(undef, undef, " OPTIONS (column_name 'q')");
	return $column;
}

sub change ($class, $g, $object)
{
	my $random = $g->{random};
	my $what = $random->below(4);

	if ($object->{server})
	{
		if ($what < 2) { $object->{options} = server_options($random); }
		elsif ($what < 3) { wrapper_settings($random, $object); }
		else { decorate($g, $object, 'FOREIGN SERVER') for 1 .. 5; }
	}
	elsif ($what == 0) { push $object->{columns}->@*, plain_column($g, $object); }
	elsif ($what == 1) { splice $object->{columns}->@*, 0, 1 if $object->{columns}->@* > 1; }
	elsif ($what == 2) { $object->{options} = $random->pick(undef, "a 'b'", "c 'd'"); }
	else { decorate($g, $object, 'TABLE') for 1 .. 5; }
}

sub statements ($class, $schema, $object)
{
	my $id = $object->{id};

	if ($object->{server})
	{
		my $wrapper = "FOREIGN DATA WRAPPER $object->{wrapper}";
		return ([ $PHASE{schema}, "CREATE $wrapper$object->{wrapper_options}" ],
			defined $object->{wrapper_comment} ? [ $PHASE{comment}, "COMMENT ON $wrapper IS " . Property::Schema::literal($object->{wrapper_comment}) ] : (),
			defined $object->{wrapper_grant} ? [ $PHASE{privilege}, "GRANT USAGE ON $wrapper TO $object->{wrapper_grant}" ] : (),
			[ $PHASE{schema} + 0.5, "CREATE SERVER {$id}" . ($object->{options} =~ s/ OPTIONS.*//r) . " FOREIGN DATA WRAPPER $object->{wrapper}"
				  . ($object->{options} =~ /( OPTIONS.*)/ ? $1 : '') ],
			common($object, "SERVER {$id}", "FOREIGN SERVER {$id}"));
	}
	my @parts = map { my $text = Property::Column::definition($_); $_->{fdw} ? $text =~ s/^(\{\d+\} \S.*?)(?= DEFAULT| NOT NULL| COLLATE|$)/$1$_->{fdw}/r : $text }
	  $object->{columns}->@*;
	push @parts, "CONSTRAINT by_check CHECK ($object->{check})" if defined $object->{check};
	my $options = $object->{options} ? " OPTIONS ($object->{options})" : '';
	return ([ $PHASE{table}, "CREATE FOREIGN TABLE {q$id}", \@parts, " SERVER {$object->{of}}$options" ],
		common($object, "FOREIGN TABLE {q$id}", "TABLE {q$id}"));
}

1;
