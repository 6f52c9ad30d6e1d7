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

# damaged_names: those in a document's "damaged", by folder.
damaged_names() { field '.damaged | map(.folder | sub(".*/"; "")) | sort | join(" ")'; }

@test "damaged: a document names folder, file and fault of what cannot be read, beside the others" {
	store 2-cut '{"schema":1,"id":"2-cut","state":"fin'
	mkdir "$RESULTS/2-binary"
	printf '\0\1\377ELF' >"$RESULTS/2-binary/run.json"
	store 2-no-verdict "$(jq -c 'del(.verdict) | .id = "2-no-verdict"' "$RESULTS/1-good/run.json")"
	mkdir "$RESULTS/20261121-114439.120-lost-1f3a" "$RESULTS/notes-of-mine" "$RESULTS/.work"
	local all="2-binary 2-cut 2-no-verdict 20261121-114439.120-lost-1f3a"
	for command in show log; do
		rig_says "$command" --json
		same "$status" 2
		same "$(damaged_names)" "$all"
		same "$(field '.damaged | map(.file) | unique | join(" ")')" run.json
		[[ "$(field '.damaged[] | select(.folder | endswith("2-cut")) | .error')" == *"2-cut/run.json:1: "* ]]
		[[ "$(field '.damaged[] | select(.folder | endswith("no-verdict")) | .error')" == *"lacks 'verdict"* ]]
		[[ "$(field '.damaged[] | select(.folder | endswith("1f3a")) | .error')" == *"No such file"* ]]
	done
	rig_says show
	same "$status" 2
	same "$(grep -c '^unreadable' <<<"$output")" 4
	rig_says show --json 2-cut 1-good 2-binary
	same "$status" 2
	same "$(damaged_names)" "2-binary 2-cut"
	same "$(field '.runs[0].id')" 1-good
	rig_says log --json "$RESULTS/"
	same "$status" 2
	same "$(damaged_names)" "$all"
	rm -r "$RESULTS"/2*
	rig_says log --json
	same "$status" 0
	same "$(damaged_names)" ""
}

@test "damaged: a page names the records and the samples that cannot be read, and has the others" {
	store 2-cut '{"schema":1,"id":"2-cut","state":"fin'
	store 3-other "$(jq -c '.id = "3-other"' "$RESULTS/1-good/run.json")"
	mkdir "$RESULTS/3-other/samples.csv"
	rig_says report "$RESULTS/"
	same "$status" 2
	[[ "$output" == *"Left out: "*"2-cut/run.json:1: "* ]] || same "$(grep note <<<"$output" | cut -c 1-200)" "names the record"
	[[ "$output" == *"Not all samples could be read"*"3-other/samples.csv"* ]] || same "$(grep note <<<"$output" | cut -c 1-200)" "names the samples"
	[[ "$output" == *'id="run-1-good"'*"</html>"* ]] || same "$(tail -c 200 <<<"$output")" "has the other, and is whole"
	rig_says report 3-other
	same "$status" 0
	[[ "$output" == *"Not all could be read"*"3-other/samples.csv"*"</html>"* ]] || same "$(grep note <<<"$output" | cut -c 1-200)" "names the samples"
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
