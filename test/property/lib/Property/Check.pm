# Check.pm: the property itself.
#
# For two schemas A and B, each built in a database of its own with rows in its
# tables: plan(export()) is empty; the plan from A to B, run step by step, ends
# where drift is empty and pg_dump prints what it prints for B, and the rows of
# the tables that both have are still there.  The same may be asked from B to A.
package Property::Check;

use v5.36;
use utf8;

use Property::Dump;
use Property::Rows;

our $OPTIONS = '{"allow_drop": true, "schemas": ["*"], "owners": "all", "privileges": "all"}';

# All that is checked of a pair.
our @DIRECTIONS = qw(export-A export-B A-B B-A);

# $options{whole}: the server has to take every statement.
# $options{down}: each plan's way back is proven too.
sub new ($class, $cluster, %options)
{
	return bless { cluster => $cluster, dumps => 1, %options, refused => 0, unordered => 0, unfilled => 0, statements => 0 }, $class;
}

# Checks a pair of schemas, lists of Property::Statement.  Returns undef or a
# failure: { class, direction, message, plan, difference, a, b }, where a and b
# are those statements that the server took.
sub pair ($self, $a, $b, @directions)
{
	my (%built, $failure);

	eval {
		$built{A} = $self->build($a);
		$built{B} = $self->build($b);
		@directions = @DIRECTIONS unless @directions;
		# before the database that is the measure is migrated itself
		for my $to (map { /\A[AB]-(.)/ ? $built{$1} : () } @directions)
		{
			$to->{dump} = $self->{cluster}->dump_schema($to->{name}) if $self->{dumps};
		}
		$self->direction(\%built, $_) for @directions;
		1;
	} or $failure = $@;
	die $failure if defined $failure && !ref $failure;
	if ($failure)
	{
		$failure->{a} = $built{A} ? $built{A}{statements} : $a;
		$failure->{b} = $built{B} ? $built{B}{statements} : $b;
	}
	$self->discard($_) for values %built;
	return $failure;
}

# Ends the check of a pair: what is thrown here is the failure.
sub fail ($class, $message, %rest)
{
	die { class => $class, message => $message, %rest };
}

# Runs the statements in a new database; those that the server refuses are left
# out, as psql would go on after them, unless the pair has to be taken as a whole.
sub build ($self, $statements)
{
	my ($name, $dbh) = $self->{cluster}->create;
	my $built = { name => $name, dbh => $dbh, statements => [] };

	for my $statement (@$statements)
	{
		if (eval { $dbh->do($statement->text); 1 }) { push $built->{statements}->@*, $statement; }
		elsif ($self->{whole}) { fail('case', $dbh->errstr); }
		elsif ($ENV{PQE_PROPERTY_VERBOSE}) { warn $statement->text . "\n  " . $dbh->errstr . "\n"; }
	}
	$self->{statements} += $built->{statements}->@*;
	$built->{model} = join '', map { $_->text . ";\n" } $built->{statements}->@*;
	$built->{tables} = Property::Rows::tables($dbh);
	return $built;
}

sub discard ($self, $built)
{
	$built->{dbh}->disconnect;
	$self->{cluster}->drop($built->{name});
}

sub direction ($self, $built, $direction)
{
	my ($from, $to) = split /-/, $direction;
	my $ok = eval {
		if ($from eq 'export')
		{
			export_is_true($self, $built->{$to});
		}
		else
		{
			$self->converges($built->{$from}, $built->{$to});
		}
		1;
	};
	return if $ok;
	die $@ unless ref $@;
	die { $@->%*, direction => $direction };
}

# Fails with the connection's error; a lost connection means that the server
# went down, which is worse.
sub fail_by_server ($self, $class, $dbh, %rest)
{
	my $message = delete $rest{message} // $dbh->errstr // $@;
	my $state = $dbh->state // '';

	if (!eval { $dbh->ping > 0 })
	{
		$self->{cluster}->recover;
		fail('crash', $message, %rest);
	}
	fail($class, "$message (SQLSTATE $state)", %rest);
}

sub plan ($self, $class, $dbh, $model)
{
	my $plan = eval {
		$dbh->selectall_arrayref('SELECT * FROM pqengine.plan(?, ?) ORDER BY seq', { Slice => {} }, $model, $OPTIONS);
	};
	return $plan // $self->fail_by_server($class, $dbh);
}

sub export_is_true ($self, $built)
{
	my $dbh = $built->{dbh};
	my ($model) = eval { $dbh->selectrow_array('SELECT pqengine.export()') };

	$self->fail_by_server('export', $dbh) unless defined $model;
	my $plan = eval { $self->plan('export-plan', $dbh, $model) }
	  // die { $@->%*, difference => [ split /\n/, $model ] };
	fail('export-not-empty', $plan->[0]{statement}, plan => $plan, difference => [ split /\n/, $model ]) if @$plan;
}

sub converges ($self, $from, $to)
{
	Property::Rows::fill($from->{dbh});
	my $outcome = $self->migrate($from, $to);
	return if $outcome eq 'done';
	if ($outcome eq 'order')
	{
		$self->{unordered}++;
		return;
	}

	# something stood in the way: once more without the rows, and without the
	# partitions that would have been left alone
	$self->{refused}++;
	my $empty = $self->build($from->{statements});
	my $ok = eval {
		drop_tables($empty, Property::Rows::left_alone($from->{tables}, $to->{tables}));
		$self->migrate($empty, $to);
		1;
	};
	my $error = $@;
	$self->discard($empty);
	die $error unless $ok;
}

# What the tables alone need goes with them.  A partition leaves its parent
# first: CASCADE would take along foreign keys that refer to the parent.
sub drop_tables ($built, @names)
{
	return unless @names;
	my $dbh = $built->{dbh};
	# rows that are referred to would stand against that
	$dbh->do('SET session_replication_role = replica');
	$dbh->do('TRUNCATE ' . join(', ', keys Property::Rows::tables($dbh)->%*));
	$dbh->do('RESET session_replication_role');
	for my $name (@names)
	{
		my $table = Property::Rows::tables($dbh)->{$name} or next;
		$dbh->do("ALTER TABLE $table->{parent} DETACH PARTITION $name") if $table->{partition};
		$dbh->do("DROP TABLE $name CASCADE");
	}
	$built->{tables} = Property::Rows::tables($dbh);
}

# The schemas that were there for such tables alone, which the target lacks.
sub drop_emptied_schemas ($dbh, $target)
{
	my $schemas = q{SELECT quote_ident(nspname) FROM pg_namespace n WHERE NOT EXISTS (SELECT FROM pg_depend WHERE refobjid = n.oid)};
	my %wanted = map { $_ => 1 } $target->selectcol_arrayref('SELECT quote_ident(nspname) FROM pg_namespace')->@*;

	$dbh->do("DROP SCHEMA $_") for grep { !$wanted{$_} && !/^pg_/ } $dbh->selectcol_arrayref($schemas)->@*;
}

# Takes the database to the other's schema; 'done', or 'refused' where a step
# failed that may because of the data, and nothing was lost; 'order' where the
# order of a table's columns stands against it, which no statement changes.
sub migrate ($self, $from, $to)
{
	my $dbh = $from->{dbh};
	my $rows = Property::Rows::census($dbh, $from->{tables});
	my $plan = $self->plan('plan', $dbh, $to->{model});
	$self->leads_back($dbh, $to->{model}, $plan) if $self->{down};
	my @left_alone = Property::Rows::left_alone($from->{tables}, $to->{tables});
	my $outcome = $self->run_steps($dbh, $to->{dbh}, $plan, $rows, \@left_alone);
	my @lost = Property::Rows::losses($dbh, $from->{tables}, $rows, $to->{tables});

	fail('rows', $lost[0], plan => $plan, difference => \@lost) if @lost;
	return $outcome if $outcome ne 'done';
	my $drift = eval { $dbh->selectall_arrayref('SELECT * FROM pqengine.drift(?, ?)', { Slice => {} }, $to->{model}, $OPTIONS) }
	  // $self->fail_by_server('drift-error', $dbh, plan => $plan);
	drop_tables({ dbh => $dbh }, @left_alone);
	drop_emptied_schemas($dbh, $to->{dbh}) if @left_alone;
	my @drift = map { drift_line($_) } @$drift;
	my @difference = defined $to->{dump} ? $self->dump_differences($from, $to) : ();
	fail('drift', $drift[0], plan => $plan, difference => [ @drift, @difference ]) if @drift;
	fail('dump', join(' ', grep { defined } @difference[ 0, 1 ]), plan => $plan, difference => \@difference) if @difference;
	return 'done';
}

# The plan and then the plan with both sides exchanged, on the server's own copy.
sub leads_back ($self, $dbh, $model, $plan)
{
	my $proof = eval {
		$dbh->selectall_arrayref(q{SELECT * FROM pqengine.prove(?, 0, ?::jsonb || '{"direction": "down"}')},
			{ Slice => {} }, $model, $OPTIONS);
	} // $self->fail_by_server('down-error', $dbh, plan => $plan);
	my @wrong = map { join ' ', grep { defined } @$_{qw(seq statement error)} } grep { !$_->{ok} } @$proof;
	fail('down', $wrong[0], plan => $plan, difference => \@wrong) if @wrong;
}

sub drift_line ($row)
{
	return join ' ', map { $_ // '-' } @$row{qw(change kind object property)}, 'expected:', $row->{expected}, 'actual:', $row->{actual};
}

# A partition that the models do not hold may be in the way of one that they do.
my $PARTITION_CONFLICT = qr/would overlap partition|conflicts with existing default partition/;

# ALTER TABLE appends: a parsed body that returns all columns of a table in the
# model's order may not be what the table's rows are by now.
my $COLUMN_ORDER = qr/return type mismatch in function declared to return/;

# Does the step fail where nobody could do it?  In the target the materialized
# view was filled while its tables were empty, so that no function of it was
# called (with a NULL that a domain forbids), or before an owner was changed, or a
# view's options.  Given rows, the server now says the same of it as of the step.
sub cannot_be_filled ($step, $failed, $target)
{
	return 0 if $step->{kind} ne 'materialized view' || $step->{action} ne 'create';
	my ($state, $message) = ($failed->state, $failed->errstr);
	Property::Rows::fill($target);
	return 0 if eval { $target->do("REFRESH MATERIALIZED VIEW $step->{object}"); 1 };
	return $target->state eq $state && $target->errstr eq $message;
}

# Then it stays empty, and the rest is judged as ever.
sub make_unfilled ($dbh, $step)
{
	$dbh->do("$step->{statement} WITH NO DATA");
	$dbh->do('UPDATE pg_class SET relispopulated = true WHERE oid = ?::regclass', undef, $step->{object});
}

# Is that the name, in the schema of the object, of one of the tables or of an
# index on one?
my $HAS_NAME = <<'SQL';
SELECT EXISTS (SELECT FROM pg_class r LEFT JOIN pg_index i ON i.indexrelid = r.oid
               WHERE r.relname = $1 AND coalesce(i.indrelid, r.oid) = ANY ($2::regclass[])
                 AND r.relnamespace = to_regnamespace(quote_ident((parse_ident($3, false))[1])))
SQL

# Is a partition that the models do not hold, or an index of one, in the way?  Or
# its trigger, whose function the models make one that is none for triggers?
sub is_partition_conflict ($dbh, $step, $message, @left_alone)
{
	return 0 unless @left_alone;
	return 1 if $message =~ $PARTITION_CONFLICT;
	return 1 if $message =~ /must return type trigger/ && grep { index($step->{object}, "$_.") == 0 } @left_alone;
	my ($name) = $message =~ /\AERROR:  relation "(.*)" already exists$/m or return 0;
	return ($dbh->selectrow_array($HAS_NAME, undef, $name, \@left_alone, $step->{object}))[0];
}

sub run_steps ($self, $dbh, $target, $plan, $rows, $left_alone)
{
	my $has_rows = grep { $_->{''} } values %$rows;

	for my $step (@$plan)
	{
		next if eval { $dbh->do($step->{statement}); 1 };
		my $message = $dbh->errstr;
		return 'refused' if $has_rows && grep { $_ eq 'may_fail_on_data' } $step->{hazards}->@*;
		return 'order' if $message =~ $COLUMN_ORDER;
		if (cannot_be_filled($step, $dbh, $target) && eval { make_unfilled($dbh, $step); 1 })
		{
			$self->{unfilled}++;
			next;
		}
		return 'refused' if is_partition_conflict($dbh, $step, $message, @$left_alone);
		$self->fail_by_server('step', $dbh, message => $message, plan => $plan, difference => ["step $step->{seq}: $step->{statement}"]);
	}
	return 'done';
}

# How the migrated database differs from the wanted one.  An expression may
# print otherwise after one dump and restore, and the same ever after; so what
# differs at first is looked at again after that.
sub dump_differences ($self, $from, $to)
{
	my @dumps = ($self->{cluster}->dump_schema($from->{name}), $to->{dump});
	my @difference = Property::Dump::differences(@dumps);
	return unless @difference;
	my @restored = grep { defined } map { $self->{cluster}->restore($_) } @dumps;
	if (@restored == 2)
	{
		@difference = Property::Dump::differences(map { $self->{cluster}->dump_schema($_) } @restored);
	}
	$self->{cluster}->drop($_) for @restored;
	return @difference;
}

1;
