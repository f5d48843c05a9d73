#!/usr/bin/perl
# property.pl: the property test over random pairs of schemas; see --help.
use v5.36;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";

use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Getopt::Long;
use IO::Handle;
use IO::Select;
use Time::HiRes qw(time);

use Property::Check;
use Property::Cluster;
use Property::Generator;
use Property::Shrink;
use Property::Statement;

my $HELP = <<'TEXT';
Usage: property.pl [OPTION]...

Takes random schemas A to B by pqengine's plan, and checks where that ends
(see Check.pm); inside scripts/with-cluster.

  --pairs N       how many pairs (default 500)
  --seed N        of the first pair; the others count up from it (default 1)
  --seeds N,N,... just these pairs
  --cases A,B     the fixed pairs of test/property/cases (names, or "all") instead
                  of random ones; "none": leaves them out (default: all of them
                  before the random ones, unless --seeds names pairs)
  --jobs N        processes at once (default 2)
  --kinds A,B     only these kinds, besides schemas and tables
  --both-ways     from B to A as well, as for the fixed pairs (default: from B to A
                  where the seed is odd, else from A to B)
  --down          proves the way back of each plan as well (always for the fixed pairs)
  --shrink N      tries to make a failing pair small (default 400)
  --progress N    a line of figures after each N pairs
  --print         prints the pair of --seed and what the server takes of it, checks nothing
  --help          this text

Failures are written to PQE_PROPERTY_FAILURES (default: a folder in the temporary one).
TEXT

my %option = (pairs => 500, seed => 1, jobs => 2, shrink => 400);
GetOptions(\%option, 'pairs=i', 'seed=i', 'seeds=s', 'cases=s', 'jobs=i', 'kinds=s', 'both-ways', 'down', 'shrink=i', 'progress=i', 'print', 'help')
  or die $HELP;
if ($option{help}) { print $HELP; exit; }
binmode STDOUT, ':encoding(UTF-8)';
binmode STDERR, ':encoding(UTF-8)';
$| = 1;

my $folder = $ENV{PQE_PROPERTY_FAILURES} // tempdir('pqe-property-XXXXXX', TMPDIR => 1, CLEANUP => 0);
my @seeds = $option{seeds} ? split /,/, $option{seeds} : map { $option{seed} + $_ } 0 .. $option{pairs} - 1;
my $CASES = "$FindBin::Bin/cases";
my $wanted_cases = $option{cases} // ($option{seeds} ? 'none' : 'all');
my @cases = cases($wanted_cases);
@seeds = () if $option{cases} && $wanted_cases ne 'none' && !$option{seeds};
# what there is to check: seeds are numbers, cases are names
my @pairs = (@cases, @seeds);
my $kinds = $option{kinds} ? [ split /,/, $option{kinds} ] : undef;

# The names of the fixed pairs that a list of names, "all" or "none" means.
sub cases ($names)
{
	return () if $names eq 'none';
	return grep { is_known_to_server($_) } split /,/, $names if $names ne 'all';
	return grep { is_known_to_server($_) } map { m{([^/]+)\.sql\z} } sort glob "'$CASES'/*.sql";
}

# A case with a line "-- From PostgreSQL N" is left out on older servers, one
# with "-- Until PostgreSQL N" on newer ones.
sub is_known_to_server ($name)
{
	my ($word, $version) = case_text($name) =~ /^-- (From|Until) PostgreSQL (\d+)$/m or return 1;
	state $server = Property::Cluster->new('property_version')->version;
	my $known = $word eq 'From' ? $server >= $version : $server <= $version;

	say "skipped - $name: \l$word PostgreSQL $version" unless $known;
	return $known;
}

sub case_text ($name)
{
	open(my $file, '<:encoding(UTF-8)', "$CASES/$name.sql") or die "$CASES/$name.sql: $!\n";
	local $/;
	return scalar <$file>;
}

sub is_case ($pair)
{
	return $pair !~ /\A\d+\z/;
}

# A fixed pair: what stands below the lines "-- A" and "-- B", as one statement.
sub read_case ($name)
{
	my (undef, $a, $b) = split /^-- [AB]\n/m, case_text($name);
	die "$CASES/$name.sql: no lines \"-- A\" and \"-- B\"\n" unless defined $b;
	return map { [ Property::Statement->new($_) ] } $a, $b;
}

sub make_pair ($seed)
{
	return read_case($seed) if is_case($seed);
	return map { $_->statements } Property::Generator::pair($seed, $kinds);
}

sub text_of ($statements)
{
	return join '', map { $_->text . ";\n" } @$statements;
}

# What is checked of a pair: one of its schemas is usually the other with some
# changes, so that one way of a pair tells about as much as the way back does.
sub directions ($seed)
{
	return @Property::Check::DIRECTIONS if is_case($seed) || $option{'both-ways'};
	return $seed % 2 ? qw(export-A B-A) : qw(export-B A-B);
}

# One process's share of the pairs; prints a line for each on its pipe.
sub work ($number, $out)
{
	my $cluster = Property::Cluster->new("property_$number");
	my %seen;

	for (my $index = $number; $index < @pairs; $index += $option{jobs})
	{
		my $seed = $pairs[$index];
		my $check = Property::Check->new($cluster, down => $option{down} || is_case($seed), whole => is_case($seed));
		my $started = time;
		my $failure = $check->pair(make_pair($seed), directions($seed));
		my @counts = (time - $started, @$check{qw(refused unordered unfilled statements)});
		if ($failure)
		{
			my $signature = Property::Shrink::signature($failure);
			# a cause that was made small already is only counted
			if (!$seen{$signature}++)
			{
				$failure = Property::Shrink::shrink($check, $failure, $option{shrink});
				report($seed, $failure);
			}
			print $out join("\t", 'failed', $seed, @counts, $signature) . "\n";
		}
		else
		{
			print $out join("\t", 'passed', $seed, @counts, '') . "\n";
		}
	}
}

# Prints a failure in one piece, and keeps it in a file.
sub report ($seed, $failure)
{
	my $text = join '', "--- " . (is_case($seed) ? $seed : "seed $seed") . ": $failure->{class} ($failure->{direction})\n$failure->{message}\n",
	  "\n-- A\n", text_of($failure->{a}), "\n-- B\n", text_of($failure->{b}),
	  $failure->{plan} ? ("\n-- plan\n", map { step_text($_) } $failure->{plan}->@*) : (),
	  $failure->{difference} ? ("\n-- difference\n", map { "$_\n" } $failure->{difference}->@*) : ();

	make_path($folder);
	open(my $file, '>:encoding(UTF-8)', "$folder/$seed.txt") or die "$folder/$seed.txt: $!\n";
	print $file $text;
	close $file or die "$folder/$seed.txt: $!\n";
	print "$text\n";
}

sub step_text ($step)
{
	return "$step->{seq}. $step->{statement}" . ($step->{hazards}->@* ? "  -- @{$step->{hazards}}" : '') . "\n";
}

sub print_pair
{
	my ($a, $b) = make_pair($pairs[0]);
	my $cluster = Property::Cluster->new('property_print');
	my $check = Property::Check->new($cluster);

	for my $side ([ A => $a ], [ B => $b ])
	{
		my $built = $check->build($side->[1]);
		printf "-- %s: %d statements, %d taken\n%s\n", $side->[0], scalar $side->[1]->@*, scalar $built->{statements}->@*,
		  text_of($built->{statements});
		$check->discard($built);
	}
}

sub run_all
{
	my (@pipes, %count, %causes);
	my ($started, $spent, $longest, $done) = (time, 0, 0, 0);

	printf "%s%d pairs, %d of them fixed, %d processes; failures go to %s\n", @seeds ? "first seed $seeds[0], " : '',
	  scalar @pairs, scalar @cases, $option{jobs}, $folder;
	Property::Cluster->new('property')->prepare;
	for my $number (0 .. $option{jobs} - 1)
	{
		my $pid = open(my $pipe, '-|') // die "fork: $!\n";
		if (!$pid)
		{
			open(my $lines, '>&', \*STDOUT) or die "dup: $!\n";
			open(STDOUT, '>&', \*STDERR) or die "dup: $!\n";
			binmode $lines, ':encoding(UTF-8)';
			$lines->autoflush(1);
			work($number, $lines);
			exit 0;
		}
		binmode $pipe, ':encoding(UTF-8)';
		push @pipes, $pipe;
	}
	my $readers = IO::Select->new(@pipes);
	my $broken = 0;
	while (my @ready = $readers->can_read)
	{
		for my $pipe (@ready)
		{
			my $line = <$pipe>;
			if (!defined $line)
			{
				$readers->remove($pipe);
				close $pipe or $broken++;
				next;
			}
			chomp $line;
			my ($outcome, $seed, $took, $refused, $unordered, $unfilled, $statements, $cause) = split /\t/, $line, -1;
			$count{$outcome}++;
			$count{refused} += $refused;
			$count{unordered} += $unordered;
			$count{unfilled} += $unfilled;
			$count{statements} += $statements;
			$causes{$cause}++ if length $cause;
			$spent += $took;
			$longest = $took if $took > $longest;
			$done++;
			printf "not ok - %s: %s\n", is_case($seed) ? $seed : "seed $seed", $cause if $outcome eq 'failed';
			printf "%d of %d pairs, %d failed, %.2f pairs a second\n", $done, scalar @pairs, $count{failed} // 0, $done / (time - $started)
			  if $option{progress} && $done % $option{progress} == 0;
		}
	}
	printf "%d pairs in %.0f s (%.2f s a pair, longest %.1f s), %.0f statements a pair, %d directions refused by the rows, %d by the order of columns, %d materialized views not to be filled\n", $done,
	  time - $started, $done ? $spent / $done : 0, $longest, $done ? ($count{statements} // 0) / $done : 0, $count{refused} // 0, $count{unordered} // 0, $count{unfilled} // 0;
	printf "%5d  %s\n", $causes{$_}, $_ for sort { $causes{$b} <=> $causes{$a} || $a cmp $b } keys %causes;
	printf "pairs: %d passed, %d failed\n", $count{passed} // 0, $count{failed} // 0;
	die "$broken of the processes ended early\n" if $broken;
	die "no pair was checked\n" unless $done;
	exit(($count{failed} // 0) > 0);
}

if ($option{print})
{
	Property::Cluster->new('property')->prepare;
	print_pair();
}
else { run_all(); }
