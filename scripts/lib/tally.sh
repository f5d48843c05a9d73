# shellcheck shell=bash
# tally.sh: how a suite reports its tests to scripts/check; sourced by suites.
#
# Every count_* reads what a test runner printed; check runs one test itself.
# A suite run by hand (without scripts/check) works as well.

# shellcheck source=scripts/lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

PQE_TALLY=${PQE_TALLY:-/dev/null}

# tally PASSED FAILED
tally() { echo "$1 $2" >>"$PQE_TALLY"; }

# suite_temp: makes $work, removed when the suite ends, however it does; servers
# that tests left running in it are stopped.
suite_temp() {
	work=$(mktemp -d "$(temp_base)/pqe-$PQE_SELF-XXXXXX")
	trap remove_suite_temp EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM HUP
}

remove_suite_temp() {
	trap '' INT TERM HUP
	local file pid
	while IFS= read -r file; do
		if read -r pid <"$file"; then stop_process "$pid" QUIT; fi
	done < <(find "$work" -name postmaster.pid)
	rm -rf "$work"
}

# check NAME COMMAND...: one test; what the command prints is shown when it fails.
check() {
	local name=$1 output
	shift
	if output=$("$@" 2>&1 </dev/null); then
		tally 1 0
		echo "ok - $name"
	else
		tally 0 1
		echo "not ok - $name"
		printf '%s\n' "$output" | sed 's/^/    /'
	fi
}

# count_regress FILE: the summary of pg_regress or pg_isolation_regress
count_regress() {
	local line
	line=$(grep -E '^ ?(All [0-9]+ tests passed|[0-9]+ of [0-9]+ tests (passed|failed)|# All [0-9]+ tests|# [0-9]+ of [0-9]+ tests failed)' "$1" | tail -n 1)
	case $line in
	*All*) tally "$(grep -oE '[0-9]+' <<<"$line" | head -n 1)" 0 ;;
	*failed*)
		local bad total
		read -r bad total < <(grep -oE '[0-9]+' <<<"$line" | xargs)
		tally "$((total - bad))" "$bad"
		;;
	*) die "no summary of pg_regress in its output" ;;
	esac
}

# count_tap FILE: what prove -v printed; a test file that died, or ran other than
# its plan, with no failed test counts as one failed
count_tap() {
	awk '/\.pl \.+ *$/ { bad = 0 }
		/^ok [0-9]/ { p++ }
		/^not ok [0-9]/ { f++; bad++ }
		/^(Dubious, test returned|Failed [0-9]+\/[0-9]+ subtests)/ && !bad { f++; bad++ }
		END { print p + 0, f + 0 }' "$1" >>"$PQE_TALLY"
}

# count_cmocka FILE: the summaries of cmocka programs
count_cmocka() {
	awk '/^\[  PASSED  \] [0-9]+ test\(s\)/ { p += $4 } /^\[  FAILED  \] [0-9]+ test\(s\)/ { f += $4 }
		END { print p + 0, f + 0 }' "$1" >>"$PQE_TALLY"
}

# client_tests [VARIABLE=VALUE...]: the programs of test/client that are built, with these variables for
# make; half of them with one cluster, half with another, as most of their time is waiting.  Needs $work.
client_tests() {
	local tests i status=0 halves=()
	read -ra tests < <(make -s -C "$PQE_ROOT/client" list-tests "$@")
	for i in "${!tests[@]}"; do halves[i % 2]=${halves[i % 2]:-TESTS=}" ${tests[i]}"; done
	# the halves would build what is missing over each other's heads
	if make -s -n -C "$PQE_ROOT/client" check "$@" | grep -E '(^| )-o '; then
		die "client_tests: that has to be built before"
	fi
	"$PQE_LIB/at-once" 2 "$PQE_ROOT/scripts/with-cluster" make -s -k -C "$PQE_ROOT/client" check "$@" -- \
		"${halves[@]}" | tee "$work/output" || status=$?
	count_cmocka "$work/output"
	return "$status"
}

# unprivileged COMMAND...: runs a command that must not be root in a copy of the
# checkout that its user may write; an ordinary user runs it in place.  Needs
# $work (suite_temp), which it gives to that user, postgres.
unprivileged() {
	if ((EUID != 0)); then
		"$@"
		return
	fi
	local copy=$work/tree
	if [[ ! -d $copy ]]; then
		mkdir "$copy"
		tar -C "$PQE_ROOT" --exclude=./.git --exclude=./tmp_check -cf - . | tar -C "$copy" -xf -
		chown -R postgres: "$work"
	fi
	setpriv --reuid=postgres --regid=postgres --init-groups \
		env -C "$copy" HOME="$work" USER=postgres LOGNAME=postgres "$@"
}
