#!/usr/bin/env bats
# A server that answers faster than the rig can read: its probes, deadlines and signals have their turn all the same,
# its memory stays flat, and what it could not hear in time it does not hold against the server.

bats_require_minimum_version 1.5.0
load run.bash

setup() {
	setup_rig
	need_cap
	PEER=$ROOT/build/tests/integration/fast_peer
	[ -x "$PEER" ] || make -s "${PEER#"$ROOT"/}"
}
teardown() { teardown_rig; }

# scenario KIND CLIENTS DEADLINE [DELAY_MS]: at a fast_peer of that kind.
scenario() {
	cat >"$RESULTS/s.yaml" <<-EOF
		question: does the rig have its turn?
		expect: invalid
		memory: 1GiB
		baseline: 100ms
		settle: 100ms
		deadline: $3
		server:
		  command: ["$PEER", "{port}", "$1", "${4:-0}"]
		  ready: {by: tcp}
		  health: {path: /health, deadline: 10s}
		load:
		  - {name: flooded, kind: request, clients: $2, files: 1, request: {path: /}}
	EOF
}

until_load() {
	local tries
	for ((tries = 0; tries < 300; tries++)); do
		! jq -e '.phases[] | select(.name == "load")' "$RESULTS"/*/run.json >/dev/null 2>&1 || return 0
		sleep 0.1
	done
	return 1
}

# Longest time that the load went on past its deadline of so many seconds.
overrun_ms() { record ".facts.load_ns / 1e6 - $1 * 1000 | floor"; }

# What a hundred short programs take here and now: a tenth of a second on a quiet machine.
slowness_ms() {
	local from to i
	from=$(date +%s%N)
	for ((i = 0; i < 100; i++)); do /bin/true; done
	to=$(date +%s%N)
	echo $(((to - from) / 1000000))
}

flooded() {
	local slow
	slow=$(slowness_ms)
	scenario "$1" "$2" 4s
	rig "$RESULTS/s.yaml" --set server.health.deadline=3s
	same "$(verdict)" invalid/load
	[ "$(overrun_ms 4)" -le $((1000 + 20 * slow)) ] || {
		echo "the deadline of 4 s was overrun by $(overrun_ms 4) ms"
		return 1
	}
	[ "$(record '.facts.health_longest_silence_ns < 3e9')" = true ]
}

@test "512 clients flooded with bodies: the server answers its health page and is not called stalled" { flooded body 512; }
@test "512 clients flooded with chunk extensions" { flooded extensions 512; }
@test "1500 clients flooded with bodies: more sockets than the loop looks at in one go" { flooded body 1500; }

@test "Ctrl-C is answered while 1500 clients are flooded" {
	scenario body 1500 300s
	env --default-signal=INT "$RIG" run "$RESULTS/s.yaml" --quiet --results "$RESULTS" >/dev/null 2>&1 &
	local pid=$! tries
	until_load
	sleep 2 # into the flood
	kill -INT $pid
	for ((tries = 0; tries < 150; tries++)); do
		kill -0 $pid 2>/dev/null || break
		sleep 0.1
	done
	if kill -0 $pid 2>/dev/null; then
		kill -KILL $pid
		echo "not ended 15 s after Ctrl-C"
		return 1
	fi
	wait $pid || same $? 130
}

# peak KIND: of the rig's own memory with eight clients, in KiB.
peak() {
	scenario "$1" 8 3s
	/usr/bin/time -f %M -o "$RESULTS/peak" "$RIG" run "$RESULTS/s.yaml" --quiet --results "$RESULTS" >/dev/null 2>&1 || true
	tail -1 "$RESULTS/peak"
}

@test "the rig's memory is flat whatever an answer has no end of" {
	local kind quiet now
	quiet=$(peak bytes)
	for kind in body extensions trailers headers interim; do
		now=$(peak $kind)
		[ "$now" -le $((quiet + 32768)) ] || {
			echo "$kind: $now KiB, against $quiet of a server that sends little"
			return 1
		}
	done
}

@test "a rig that was stopped itself does not call the server stalled" {
	scenario bytes 1 8s 450
	"$RIG" run "$RESULTS/s.yaml" --set server.health.deadline=2s --quiet --json --results "$RESULTS" >"$RESULTS/out" 2>&1 &
	local pid=$! tries
	until_load
	for ((tries = 0; tries < 2; tries++)); do # nearly always a probe is under way
		sleep 0.8
		kill -STOP $pid
		sleep 2.5
		kill -CONT $pid
	done
	wait $pid || true
	output=$(cat "$RESULTS/out")
	same "$(verdict)" invalid/load
	[ "$(record '.facts.rig_longest_late_ns > 2e9')" = true ]
}
