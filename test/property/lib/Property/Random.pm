# Random.pm: numbers that a seed decides, the same on every machine.
#
# Perl's own rand() differs between builds, so this is xorshift32 (Marsaglia,
# 2003), started by a hash of the seed so that neighbouring seeds are unlike.
package Property::Random;

use v5.36;

sub new ($class, $seed)
{
	my $state = 2166136261;

	# FNV-1a over the seed's digits; the state must not be zero
	for my $byte (unpack 'C*', "pqengine $seed")
	{
		$state = (($state ^ $byte) * 16777619) & 0xffffffff;
	}
	my $self = bless { state => $state || 1 }, $class;
	$self->next_number for 1 .. 8;
	return $self;
}

sub next_number ($self)
{
	my $x = $self->{state};

	$x ^= ($x << 13) & 0xffffffff;
	$x ^= $x >> 17;
	$x ^= ($x << 5) & 0xffffffff;
	return $self->{state} = $x;
}

# A whole number from 0 to $limit - 1.
sub below ($self, $limit)
{
	return int($self->next_number / 4294967296 * $limit);
}

sub between ($self, $low, $high)
{
	return $low + $self->below($high - $low + 1);
}

# True in $percent of 100 cases.
sub chance ($self, $percent)
{
	return $self->below(100) < $percent;
}

# One of the list; undef where it is empty.
sub pick ($self, @list)
{
	return @list ? $list[ $self->below(scalar @list) ] : undef;
}

sub shuffle ($self, @list)
{
	for my $i (reverse 1 .. $#list)
	{
		my $j = $self->below($i + 1);
		@list[ $i, $j ] = @list[ $j, $i ];
	}
	return @list;
}

# Up to $count different members of the list, in random order.
sub sample ($self, $count, @list)
{
	@list = $self->shuffle(@list);
	return @list > $count ? @list[ 0 .. $count - 1 ] : @list;
}

1;
