# shellcheck shell=bash
# common.sh: what every script here needs; sourced, never run.
#
# Sets PQE_ROOT (top of the checkout) and gives say, warn, die, usage,
# run_child (a child that dies with the script) and the choice of the server.

PQE_ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
PQE_LIB=$PQE_ROOT/scripts/lib
# shellcheck disable=SC2034  # used by the scripts that source this file
PQE_SELF=$(basename "$0")

# A fixed locale: what we print and parse must not depend on the caller's.
export LC_ALL=C.UTF-8

# some callers start us with standard input closed
{ : <&0; } 2>/dev/null || exec </dev/null

say() { printf '%s: %s\n' "$PQE_SELF" "$*" >&2; }
warn() { say "warning: $*"; }
die() {
	say "error: $*"
	exit 1
}

# Prints the comment at the head of the calling script, which is its --help.
usage() {
	sed -n '2,/^[^#]/{/^#/!q;s/^# \{0,1\}//;p}' "$0"
}

# Sets PG_CONFIG to the server that is built for and tested: the caller's
# choice, else PostgreSQL 15 of Debian, else whatever pg_config is in PATH.
choose_server() {
	if [[ -z ${PG_CONFIG:-} ]]; then
		PG_CONFIG=/usr/lib/postgresql/${PG_MAJOR:-15}/bin/pg_config
		[[ -x $PG_CONFIG ]] || PG_CONFIG=$(command -v pg_config) ||
			die "no pg_config found: install PostgreSQL with its server headers, or set PG_CONFIG"
	fi
	PG_CONFIG=$(command -v "$PG_CONFIG") || die "PG_CONFIG does not name a program"
	export PG_CONFIG
}

# Installs what the named groups of scripts/lib/install need; machines that are
# not Debian's set PQE_SKIP_INSTALL=1.
ensure_packages() {
	[[ -n ${PQE_SKIP_INSTALL:-} ]] || "$PQE_LIB/install" "$@"
}

# The folder for temporary files.  Socket paths are limited to 107 bytes, so a
# long TMPDIR is passed over.
temp_base() {
	local base=${TMPDIR:-/tmp}
	if ((${#base} > 60)); then base=/tmp; fi
	printf '%s\n' "$base"
}

# Runs make under a lock: several scripts may build in one checkout at once.
locked_make() {
	(
		flock 9
		exec make --no-print-directory "$@" 9>&-
	) 9>"$PQE_ROOT/.build.lock"
}

# run_child CMD...: runs a command so that signals reach the shell's traps at
# once (bash holds them back while a foreground command runs).  The command
# keeps the terminal and its normal reaction to Ctrl-C.  PQE_CHILD is its id
# while it runs.
PQE_CHILD=
run_child() {
	env --default-signal=INT,QUIT "$@" <&0 &
	PQE_CHILD=$!
	wait_child
}

wait_child() {
	local status=0
	wait "$PQE_CHILD" || status=$?
	PQE_CHILD=
	return "$status"
}

# stop_process PID [SIGNAL]: asks, waits up to ten seconds, then kills.  A
# negative PID means a process group.
stop_process() {
	local pid=$1 signal=${2:-TERM} i
	kill -"$signal" -- "$pid" 2>/dev/null || return 0
	for ((i = 0; i < 100; i++)); do
		kill -0 -- "$pid" 2>/dev/null || return 0
		sleep 0.1
	done
	kill -KILL -- "$pid" 2>/dev/null || true
}
