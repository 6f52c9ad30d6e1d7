#!/usr/bin/env bats
# Who accepts the load is the server under test, or nothing is said of it.

bats_require_minimum_version 1.5.0
load run.bash

setup() {
	setup_rig
	LISTENS=$ROOT/build/tests/integration/listens
	OTHER=
	# One for each test: a port that was just closed may not be bound again at once.
	PORT=$((18000 + BATS_TEST_NUMBER + $$ % 800))
}

teardown() {
	local pid
	for pid in $OTHER; do kill -9 "$pid" 2>/dev/null || true; done
	wait 2>/dev/null || true
	teardown_rig
}

# stranger WORD...: listens outside of every group; sets OTHER.
stranger() {
	"$LISTENS" "$@" >"$RESULTS/stranger" 2>&1 3>&- &
	OTHER="$OTHER $!"
	PID=$!
}

# later WORD...: the same, once somebody listens on the test's port.
later() {
	export PORT
	sh -c 'until ss -Hltn "sport = :$PORT" | grep -q .; do sleep 0.05; done; exec "$@"' - "$LISTENS" "$@" \
		>"$RESULTS/stranger" 2>&1 3>&- &
	OTHER="$OTHER $!"
	PID=$!
}

# on SCENARIO-OPTIONS: a run with the test's port.
on() { rig tests/scenarios/port.yaml --set server.port="$PORT" "$@"; }

ready() {
	local tries
	for ((tries = 0; tries < 500; tries++)); do
		! grep -q ready "$RESULTS/stranger" || return 0
		sleep 0.02
	done
	return 1
}

# The stranger is named, and the run did not wait for its server to become ready.
is_named() {
	same "$(verdict)" invalid/start
	same "$(record .facts.port_in_group)" 0
	field '.runs[0].evidence[]' | grep -q "pid $PID (listens.* listens on .*:$PORT and is not in the server's group"
	same "$status" 3
}

is_its_own() {
	same "$(record .facts.port_in_group)" 1
	same "$(verdict)" steady/
}

@test "port: a stranger answers, and the server never listens" {
	need_cap
	stranger 127.0.0.1 "$PORT" && ready
	on
	is_named
	same "$(record '.facts.requests_started')" 0
}

@test "port: a stranger that answers wrongly is named before the server's time to become ready is over" {
	need_cap
	stranger 127.0.0.1 "$PORT" && ready
	on --set server.ready.status=418 --set server.ready.timeout=10m
	is_named
}

@test "port: a stranger on every address" {
	need_cap
	stranger 0.0.0.0 "$PORT" && ready
	on
	is_named
}

@test "port: a stranger on every address of both families" {
	need_cap
	stranger :: "$PORT" && ready
	on
	is_named
}

@test "port: a stranger that has every address of IPv6 alone is in nobody's way" {
	need_cap
	stranger :: "$PORT" v6only && ready
	on --set baseline=1500ms -- sh -c "sleep 1.2; exec $LISTENS 127.0.0.1 {port}"
	is_its_own
}

@test "port: the server ends because a stranger has its port" {
	need_cap
	stranger 127.0.0.1 "$PORT" && ready
	on --set server.ready.status=418 -- "$LISTENS" 127.0.0.1 "$PORT"
	is_named
}

@test "port: a stranger that shares it" {
	need_cap
	stranger 127.0.0.1 "$PORT" reuseport && ready
	on -- "$LISTENS" 127.0.0.1 "$PORT" reuseport
	is_named
}

@test "port: a stranger that comes to share it during the load" {
	need_cap
	later 127.0.0.1 "$PORT" reuseport
	on --set load.1.files=0 --set load.1.duration=30s --set load.1.think=100ms -- "$LISTENS" 127.0.0.1 "$PORT" reuseport
	is_named
}

@test "port: the server has every address, a stranger the one that the load goes to" {
	need_cap
	stranger 127.0.0.1 "$PORT" reuseport && ready
	on -- "$LISTENS" 0.0.0.0 "$PORT" reuseport
	is_named
}

@test "port: the server has the address, a stranger all the others" {
	need_cap
	later 0.0.0.0 "$PORT" reuseport
	on --set baseline=3s -- "$LISTENS" 127.0.0.1 "$PORT" reuseport
	ready
	is_its_own
}

@test "port: the rig's own port is free, and the server's" {
	need_cap
	on --set server.port=0 -- "$LISTENS" 127.0.0.1 '{port}'
	is_its_own
}

@test "port: every address of both families, by name" {
	need_cap
	on --set server.host=localhost -- "$LISTENS" :: "$PORT"
	is_its_own
}

@test "port: a worker holds the socket" {
	need_cap
	on -- "$LISTENS" 127.0.0.1 "$PORT" worker
	is_its_own
}

@test "port: whoever handed the socket over holds it too" {
	need_cap
	export LISTENS PORT
	sh -c 'until f=$(ss -Hltnp "sport = :$PORT" | sed -n "s/.*pid=\([0-9]*\),fd=\([0-9]*\).*/\1 \2/p") && [ -n "$f" ]; do
			sleep 0.05; done; exec "$LISTENS" copy $f' >"$RESULTS/stranger" 2>&1 3>&- &
	OTHER="$OTHER $!"
	on --set load.1.duration=30s --set load.1.files=30 --set load.1.think=100ms -- "$LISTENS" 127.0.0.1 "$PORT"
	grep -q ready "$RESULTS/stranger" || skip "no copy of the descriptor: $(cat "$RESULTS/stranger")"
	is_its_own
}

@test "port: a server that does not listen for a while is no stranger" {
	need_cap
	on --set baseline=3s -- "$LISTENS" 127.0.0.1 "$PORT" pause
	is_its_own
}

@test "port: in a network namespace of its own, whoever has that port outside" {
	need_cap
	unshare -n true 2>/dev/null || skip "no network namespace can be made here"
	stranger 127.0.0.1 "$PORT" && ready
	on --set server.network_namespace=true -- "$LISTENS" 127.0.0.1 "$PORT"
	is_its_own
}

@test "port: a stranger takes it while the server is down" {
	need_cap
	later 127.0.0.1 "$PORT" wait
	on --set on_crash=restart --set load.1.files=0 --set load.1.duration=30s --set load.1.think=50ms -- sh -c \
		"if [ -e {tmp}/lived ]; then exec sleep 100; fi; touch {tmp}/lived
		(sleep 3; kill -9 \$\$) & exec $LISTENS 127.0.0.1 $PORT"
	same "$(verdict)" crashed/signal
	same "$(record .facts.port_in_group)" 1
	record .facts.aftermath_error | grep -q "pid $PID (listens.* is not in the server's group"
}
