#!/usr/bin/env bats
# Servers and clients that misbehave: for each the right verdict or error, nothing of the host harmed, nothing left.
# The quick half of the rows of tests/hostile/ways; make hostile runs them all.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	BIN=build/tests/hostile
}

ways_of() { # kind
	awk -F'|' -v kind="$1" '{ gsub(/ /, "", $1); gsub(/ /, "", $2) } $1 == kind { print $2 }' tests/hostile/ways | sort
}

# Only these rows' faults, when there are any.  A busy machine is late by itself: five seconds past a deadline.
rows() { # options
	[ "$(id -u)" -eq 0 ] || skip "needs root: the servers mount and leave their group"
	unshare --mount --ipc true 2>/dev/null || skip "no namespaces of its own can be made here"
	run tests/hostile/run --quick --overrun 5 "$@" 3>&-
	grep -v '^ok ' <<<"$output"
	[ "$status" -eq 0 ]
}

@test "every way to misbehave has its row, and every row its way" {
	diff <("$BIN/misbehave" | cut -d' ' -f1 | sort) <(ways_of server)
	diff <("$BIN/pester" | cut -d' ' -f1 | sort) <(ways_of client)
	[ "$(ways_of server | wc -l)" -ge 60 ]
	[ "$(ways_of client | wc -l)" -ge 15 ]
}

@test "servers that misbehave: the right verdict, nothing harmed, nothing left" {
	./oomrig doctor >/dev/null 2>&1 || skip "no memory cap can be made here"
	rows --servers
}

@test "clients that misbehave: the server answers, stays small and keeps what it acknowledged" {
	rows --clients
}
