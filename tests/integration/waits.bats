#!/usr/bin/env bats
# Waits that nobody but the kernel could end: each has a deadline, and the run goes on to a verdict.

bats_require_minimum_version 1.5.0
load run.bash

setup() {
	setup_rig
	frozen=/sys/fs/cgroup/freezer/oomrig-waits-$$
}

teardown() {
	[ -z "${rig_pid:-}" ] || kill -9 "$rig_pid" 2>/dev/null || true
	if [ -d "$frozen" ]; then
		echo THAWED >"$frozen/freezer.state"
		for _ in $(seq 600); do
			! rmdir "$frozen" 2>/dev/null || break
			sleep 0.1
		done
	fi
	"$RIG" clean --results "$RESULTS" >/dev/null 2>&1 || true
	teardown_rig
}

wait_for_phase() {
	for _ in $(seq 1200); do
		[ "$(jq -r '.phases[-1].name' "$RESULTS"/2*/run.json 2>/dev/null)" != "$1" ] || return 0
		sleep 0.05
	done
	return 1
}

@test "a disk that is never done: what was not asked back in time is unreadable, and no page cache is claimed" {
	need_cap
	cc -shared -fPIC -o "$RESULTS/slow.so" -x c - <<<'#include <unistd.h>
	int syncfs(int fd) { (void)fd; for (;;) pause(); }'
	LD_PRELOAD=$RESULTS/slow.so run --separate-stderr timeout 120 "$RIG" run --json --quiet --results "$RESULTS" \
		tests/truth/page-cache.yaml --set deadline=15s
	same "$(verdict)" invalid/unproven
	same "$(record '.phases | map(.name) | .[-2:] | join(" ")')" "squeeze stop"
	same "$(record '.facts.squeezed_usage_bytes | tostring')" '{"state":"unreadable"}'
	same "$(record .state)" finished
}

@test "Ctrl-C while the disk is never done ends the run at once" {
	need_cap
	cc -shared -fPIC -o "$RESULTS/slow.so" -x c - <<<'#include <unistd.h>
	int syncfs(int fd) { (void)fd; for (;;) pause(); }'
	LD_PRELOAD=$RESULTS/slow.so env --default-signal=INT,QUIT "$RIG" run --quiet --results "$RESULTS" \
		tests/truth/page-cache.yaml --set deadline=10m >"$RESULTS/out" 2>&1 3>&- &
	rig_pid=$!
	wait_for_phase squeeze
	kill -INT "$rig_pid"
	wait "$rig_pid" || status=$?
	rig_pid=
	same "$status" 130
	same "$(record .state)" interrupted
}

# Version 1's freezer holds a process whatever signal it is sent, as a disk that does not answer would.
@test "a server that SIGKILL does not end: said, and the run ends" {
	need_cap
	mkdir "$frozen" || skip "no freezer of cgroup v1 here"
	"$RIG" run --json --quiet --results "$RESULTS" tests/truth/steady.yaml --set settle=2s >"$RESULTS/out" 2>"$RESULTS/err" 3>&- &
	rig_pid=$!
	wait_for_phase settle
	record .server_pid >"$frozen/cgroup.procs"
	echo FROZEN >"$frozen/freezer.state"
	for _ in $(seq 1800); do
		kill -0 "$rig_pid" 2>/dev/null || break
		sleep 0.1
	done
	run ! kill -0 "$rig_pid"
	output=$(cat "$RESULTS/out")
	same "$(verdict)" invalid/rig
	field '.runs[0].evidence[]' | grep -qE 'the server \(process [0-9]+\) has not ended 30(\.0)? s after SIGKILL'
	same "$(record .state)" finished
}
