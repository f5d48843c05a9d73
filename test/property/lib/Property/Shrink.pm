# Shrink.pm: makes a failing pair small.
#
# Statements are left out of both schemas while the same failure stays: first
# those that both have, in ever smaller runs, then those of one side, then the
# columns and the like within a statement.
package Property::Shrink;

use v5.36;

# A failure counts as the same when its class is and the message says the same
# with other names and numbers.
sub signature ($failure)
{
	my ($line) = split /\n/, $failure->{message};
	my $message = $line =~ s/"(?:[^"]|"")*"|'(?:[^']|'')*'|\d+/_/gr =~ s/\s+/ /gr =~ s/\bmodels:_: //r;

	# what names no object of the schema
	$message = join ' ', (split ' ', $message)[ 0 .. ($failure->{class} =~ /^(?:drift|dump)$/ ? 1 : 5) ]
	  if $failure->{class} =~ /^(?:drift|dump|export-not-empty|rows)$/;
	return "$failure->{class} $message";
}

# Returns the smallest failure found, with its a and b, in at most $limit tries.
sub shrink ($check, $failure, $limit)
{
	my $self = bless {
		check => $check, best => $failure, signature => signature($failure), left => $limit,
	}, __PACKAGE__;

	# an export fails by one side alone, and pg_dump matters only where it was what told
	my %empty = ('export-A' => [ $failure->{a}, [] ], 'export-B' => [ [], $failure->{b} ]);
	$self->attempt($empty{ $failure->{direction} }->@*) if $empty{ $failure->{direction} };
	local $check->{dumps} = $failure->{class} eq 'dump';

	my $before;
	do
	{
		$before = $self->size;
		$self->pass(\&in_both);
		$self->pass(sub ($key, $side) { $side eq 'a' });
		$self->pass(sub ($key, $side) { $side eq 'b' });
		$self->parts;
	} while ($self->size < $before && $self->{left} > 0);
	return $self->{best};
}

sub size ($self)
{
	my $size = 0;
	$size += length $_->text for $self->{best}{a}->@*, $self->{best}{b}->@*;
	return $size;
}

# True where the smaller pair fails in the same way; it is then the best.
sub attempt ($self, $a, $b)
{
	return 0 if $self->{left}-- <= 0;
	my $failure = $self->{check}->pair($a, $b, $self->{best}{direction});
	return 0 unless $failure && signature($failure) eq $self->{signature};
	$self->{best} = $failure;
	return 1;
}

sub in_both ($key, $side)
{
	return $side eq 'both';
}

# Leaves out runs of the statements that $chosen picks; half of them, a quarter ...
sub pass ($self, $chosen)
{
	my $run = 0;

	while (1)
	{
		my @keys = $self->keys_of($chosen);
		last unless @keys;
		$run ||= int((@keys + 1) / 2);
		my $shrunk = 0;
		# from the end: what depends on others comes later
		for (my $at = @keys - 1; $at >= 0; $at -= $run)
		{
			my $first = $at - $run + 1 < 0 ? 0 : $at - $run + 1;
			my %out = map { $_ => 1 } @keys[ $first .. $at ];
			$shrunk += $self->attempt($self->remaining('a', $chosen, \%out), $self->remaining('b', $chosen, \%out));
		}
		last if $self->{left} <= 0;
		next if $shrunk && $run > 1;
		last if $run == 1 && !$shrunk;
		$run = int(($run + 1) / 2) if $run > 1;
	}
}

# Where each statement occurs: text => a, b or both.
sub sides ($self)
{
	my %sides;

	$sides{ $_->text } = 'a' for $self->{best}{a}->@*;
	$sides{ $_->text } = ($sides{ $_->text } // 'b') eq 'b' ? 'b' : 'both' for $self->{best}{b}->@*;
	return \%sides;
}

sub keys_of ($self, $chosen)
{
	my $sides = $self->sides;
	my %seen;

	return grep { $chosen->($_, $sides->{$_}) && !$seen{$_}++ } map { $_->text } $self->{best}{a}->@*, $self->{best}{b}->@*;
}

sub remaining ($self, $list, $chosen, $out)
{
	my $sides = $self->sides;

	return [ grep { !($out->{ $_->text } && $chosen->($_->text, $sides->{ $_->text })) } $self->{best}{$list}->@* ];
}

# Leaves out parts of statements, from both sides at once where both have them.
sub parts ($self)
{
	for my $text ($self->keys_of(sub { 1 }))
	{
		my ($statement) = grep { $_->text eq $text } $self->{best}{a}->@*, $self->{best}{b}->@*;
		next unless $statement;
		for my $index (reverse 0 .. $statement->part_count - 1)
		{
			my $smaller = $statement->without($index);
			my @lists = map {
				[ map { $_->text eq $statement->text ? $smaller : $_ } $self->{best}{$_}->@* ]
			} qw(a b);
			$statement = $smaller if $self->attempt(@lists);
		}
	}
}

1;
