#!/usr/bin/env bats
# Stored runs that are damaged or made up: each is named and passed over, the others are shown, and no command dies.

bats_require_minimum_version 1.5.0
load run.bash

setup() {
	setup_rig
	good
}
teardown() { rm -rf "$RESULTS"; }

# store ID RUN.JSON
store() {
	mkdir -p "$RESULTS/$1"
	printf '%s' "$2" >"$RESULTS/$1/run.json"
}

good() {
	store 1-good "$(jq -nc '{schema: 1, id: "1-good", state: "finished", scenario: {name: "s", expect: ["steady"]},
		facts: {server_started: 1, server_ready_ns: 5}, verdict: {outcome: "steady", expected: [], evidence: ["good"]}}')"
	printf 't_ns,usage_bytes,anon_bytes\n0,5,5\n900,7,7\n' >"$RESULTS/1-good/samples.csv"
}

# What a command may end with: nothing that a signal leaves behind.
rig_says() {
	run --separate-stderr timeout 60 "$RIG" "$@" --results "$RESULTS"
	[ "$status" -lt 124 ] || {
		echo "status $status of: $*"
		echo "$stderr"
		return 1
	}
}

damaged_records() {
	local deep
	store 2-empty ''
	store 2-cut '{"schema":1,"id":"2-cut","state":"fin'
	store 2-no-object '[1]'
	store 2-no-id '{"schema":1}'
	store 2-texts-are-numbers '{"schema":1,"id":5,"state":{},"facts":[],"verdict":7}'
	store 2-schema '{"schema":-9223372036854775808,"id":"x"}'
	store 2-no-evidence '{"schema":1,"id":"x","state":"finished","facts":{},"verdict":{"outcome":"steady","expected":[1]}}'
	store 2-negative '{"schema":1,"id":"x","state":"finished","facts":{"oom_kill":-1},"verdict":{"outcome":"steady"}}'
	deep=$(printf '%*s' 100000 '' | tr ' ' '[')
	store 2-deep "{\"schema\":1,\"id\":\"x\",\"a\":$deep"
	printf '\377\376\0\0' >"$RESULTS/2-cut/run.json.tmp"
	mkdir -p "$RESULTS/2-fifo" "$RESULTS/2-folder/run.json" "$RESULTS/2-endless"
	mkfifo "$RESULTS/2-fifo/run.json"
	ln -s /dev/zero "$RESULTS/2-endless/run.json"
}

@test "damaged: every command names the records it cannot read and goes on with the others" {
	damaged_records
	for command in "show" "show --json" "judge" "judge --json" "log" "log --json"; do
		# A command and its options.
		# shellcheck disable=SC2086
		rig_says $command
		[[ "$output$stderr" == *"2-fifo/run.json' is not a regular file"* ]] || same "$output$stderr" "names 2-fifo, $command"
		[[ "$output$stderr" == *2-cut* ]] || same "$output$stderr" "names 2-cut, $command"
	done
	rig_says show --json
	same "$(field '.runs | map(.id) | join(" ")')" 1-good
	rig_says judge --json # facts that are few are facts
	same "$(field '.runs | map(.id) | join(" ")')" "1-good x"
}

@test "damaged: a record with more moments than a picture has places, without an id, with phases out of order" {
	local phases
	phases=$(jq -nc '[range(40) | {name: "squeeze", start_ns: (. * 1000), end_ns: (. * 1000 + 1)}]')
	store 3-moments "$(jq -c --argjson p "$phases" '.id = "3-moments" | .phases = $p |
		.facts += {squeezed_usage_bytes: 5, oom_event_ns: 9007199254740992, server_end_ns: 7}' "$RESULTS/1-good/run.json")"
	cp "$RESULTS/1-good/samples.csv" "$RESULTS/3-moments/"
	rig_says show 3-moments --plot
	same "$status" 0
	same "$(grep -c 'page cache freed' <<<"$output")" 16
	store 3-order "$(jq -c '.id = "3-order" | .phases = [{name: "b", start_ns: 900}, {name: "a", start_ns: 5, end_ns: -1},
		{name: 5}, "x", {name: "c", start_ns: 7, end_ns: 9007199254740992}]' "$RESULTS/1-good/run.json")"
	cp "$RESULTS/1-good/samples.csv" "$RESULTS/3-order/"
	rig_says show 3-order --plot
	same "$status" 0
	store 3-no-id "$(jq -c 'del(.id)' "$RESULTS/1-good/run.json")"
	rig_says judge 3-no-id
	[[ "$output${stderr:-}" == *3-no-id* ]] || same "$output" "names its folder"
	rig_says show 3-no-id
	same "$status" 2
}

@test "damaged: row files that are made up" {
	printf 't_ns,usage_bytes\n18446744073709551615,1\n5,18446744073709551616\n9223372036854775807,1\n"' >"$RESULTS/1-good/samples.csv"
	printf 'end,started_ns,finished_ns\nstatus,9223372036854775807,9223372036854775807\n"",,\n,5,4\n' >"$RESULTS/1-good/requests.csv"
	rig_says show 1-good --plot
	same "$status" 0
	[[ "$output" == *"rows left out, the first"* ]] || same "$output" "says that rows are left out"
	rm "$RESULTS/1-good/samples.csv"
	mkfifo "$RESULTS/1-good/samples.csv"
	rig_says show 1-good --plot
	same "$status" 2
	[[ "$stderr" == *"samples.csv' is not a regular file"* ]] || same "$stderr" "names the file"
}
