# Names.pm: names of objects; most are plain, some are odd in each way that a
# name can be.
package Property::Names;

use v5.36;
use utf8;

my %PLAIN = (
	schema => [qw(app sales audit core)],
	table => [qw(users orders items products events tags notes teams)],
	column => [qw(id name email status total created_at note kind ref_id score parent_id flags)],
	view => [qw(user_list totals recent summary open_orders)],
	type => [qw(mood color address money_range level code)],
	function => [qw(add_one label_of touch total_of check_it find_all)],
	other => [qw(main by_name fast one_a two_b extra)],
);

my @ODD = (
	'Mixed Case', 'select', 'user', 'with "quotes"', "it's", 'naïve_ünïcode', 'tab	le', 'semi;colon', 'dot.ted', '日本語',
	'1st', 'UPPER', 'a-b', '%s', 'back\\slash', '{curly}', '$1', 'order', 'x' x 63, 'ä' x 31, 'comment -- it', '/* c */',
);

# A name that nothing in the schema ($ns) has, or among @taken.
sub fresh ($random, $schema, $ns, $what, @taken)
{
	my $plain = $PLAIN{$what} // $PLAIN{other};
	my %taken = map { $_ => 1 } @taken;

	for (1 .. 20)
	{
		my $name = $random->chance(12) ? $random->pick(@ODD) : $random->pick(@$plain);
		$name .= '_' . $random->below(10) if $random->chance(25) && length $name < 30;
		return $name unless $taken{$name} || defined $ns && $schema->has_name($ns, $name);
	}
	return 'n' . $schema->next_id;
}

1;
