# PQEngineTest.pm: what the TAP tests of migrations and of the command share.
package PQEngineTest;

use strict;
use warnings;

use Cwd qw(abs_path);
use Exporter qw(import);
use File::Basename qw(dirname);
use File::Path qw(make_path);
use IPC::Run;
use POSIX qw(WNOHANG);
use PostgreSQL::Test::Utils;
use Test::More;

our @EXPORT = qw(
  put get new_folder pqengine start_pqengine finish refused succeeds build_program spawn ended
);

our $ROOT = abs_path(dirname(__FILE__) . '/../../..');
my $BUILD = $ENV{PQE_BUILD} // "$ROOT/client/build";

# The command under test.
sub command_path
{
	return "$BUILD/pqengine";
}

# put(PATH, TEXT): writes a file, making its folders.
sub put
{
	my ($path, $text) = @_;
	make_path(dirname($path));
	open my $file, '>', $path or die "$path: $!";
	print $file $text;
	close $file or die "$path: $!";
	return;
}

sub get
{
	my ($path) = @_;
	return slurp_file($path);
}

sub new_folder
{
	return PostgreSQL::Test::Utils::tempdir();
}

# The command line with the node's place in it; options of the test come last, and so win.
sub command_line
{
	my ($node, $database, $folder, $command, @arguments) = @_;
	my $dsn = $node->connstr($database);
	my @line = (command_path(), $command, '--dsn', $dsn);
	push @line, '--models', 'models'
	  if $command =~ /^(diff|drift|generate|prove)$/;
	push @line, '--migrations', 'migrations'
	  unless $command =~ /^(diff|drift|export|history|prove)$/;
	return (@line, @arguments);
}

# pqengine(NODE, DATABASE, FOLDER, COMMAND, ARGUMENT...): runs the command in the folder; gives its
# exit code, stdout and stderr.
sub pqengine
{
	my ($node, $database, $folder, @command) = @_;
	my ($out, $err) = ('', '');
	IPC::Run::run([ command_line($node, $database, $folder, @command) ],
		'<', \'', '>', \$out, '2>', \$err,
		init => sub { chdir $folder or die "$folder: $!" });
	my $code = $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
	return ($code, $out, $err);
}

# The same in the background, for finish().
sub start_pqengine
{
	my ($node, $database, $folder, @command) = @_;
	my $run = { out => '', err => '' };
	$run->{handle} = IPC::Run::start(
		[ command_line($node, $database, $folder, @command) ],
		'<', \'', '>', \$run->{out}, '2>', \$run->{err},
		init => sub { chdir $folder or die "$folder: $!" });
	return $run;
}

# Waits for the end of one started before; exit code, stdout, stderr.
sub finish
{
	my ($run) = @_;
	IPC::Run::finish($run->{handle});
	my $status = $run->{handle}->full_result(0);
	my $code = $status & 127 ? 'signal ' . ($status & 127) : $status >> 8;
	return ($code, $run->{out}, $run->{err});
}

# spawn(FILES, COMMAND...): starts a program that goes on beside the test, with its output in FILES.out
# and FILES.err; its process id.  No pipe is between them: IPC::Run has been seen to wait for one of
# a program that has nothing to say, in the midst of another.
my %spawned;

sub spawn
{
	my ($files, @command) = @_;
	my $pid = fork // die "fork: $!";
	if (!$pid)
	{
		setpgrp;
		open(STDIN, '<', '/dev/null')
		  && open(STDOUT, '>', "$files.out")
		  && open(STDERR, '>', "$files.err")
		  && exec { $command[0] } @command;
		POSIX::_exit(127);
	}
	$spawned{$pid} = 1;
	return $pid;
}

# ended(PID): waits for the end of a spawned program and gives its exit code; where it does not end
# for as long as poll_query_until tries, the code is a word, and it is killed with the test's end.
sub ended
{
	my ($pid) = @_;
	for (1 .. 10 * $PostgreSQL::Test::Utils::timeout_default)
	{
		if (waitpid($pid, WNOHANG) == $pid)
		{
			delete $spawned{$pid};
			return $? & 127 ? 'signal ' . ($? & 127) : $? >> 8;
		}
		select(undef, undef, undef, 0.1);
	}
	return 'did not end';
}

# A test that dies leaves nothing behind.
END
{
	kill 'KILL', map { -$_ } keys %spawned;
}

# succeeds(NAME, RUN ARGUMENTS...): the command exits with 0 and an empty stderr; gives stdout.
sub succeeds
{
	my ($name, @run) = @_;
	my ($code, $out, $err) = pqengine(@run);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is("$code: $err", '0: ', $name);
	return $out;
}

# refused(NAME, CODE, PATTERN, RUN ARGUMENTS...): it exits with that code, and stderr matches.
sub refused
{
	my ($name, $expected, $pattern, @run) = @_;
	my ($code, $out, $err) = pqengine(@run);
	local $Test::Builder::Level = $Test::Builder::Level + 1;
	is($code, $expected, "$name: exit code");
	like($err, $pattern, "$name: message");
	return ($out, $err);
}

# build_program(SOURCE): compiles a C program of the tests with the library; its path.
sub build_program
{
	my ($source) = @_;
	my $program = new_folder() . '/program';
	my @flags = split ' ', `pkg-config --cflags --libs libpq`;
	my @line = ($ENV{CC} // 'cc', '-std=c11', '-Wall', '-Wextra', '-Werror', '-D_GNU_SOURCE',
		"-I$ROOT/client/include", '-o', $program, "$ROOT/test/tap/$source",
		"-L$BUILD", '-lpqengine', "-Wl,-rpath,$BUILD", @flags, '-lpthread');
	my ($out, $err) = ('', '');
	IPC::Run::run(\@line, '>', \$out, '2>', \$err)
	  or die "cannot build $source: $err";
	return $program;
}

1;
