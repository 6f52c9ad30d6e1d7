#!/usr/bin/env bats
# oomrig gc: samples of the oldest runs go first, records stay, and nothing else is touched.

bats_require_minimum_version 1.5.0
load run.bash

setup() {
	setup_rig
	for n in 1 2 3; do store $n; done
}
teardown() { rm -rf "$RESULTS"; }

# store N [JQ]: a run of 256 KiB of samples that has ended, its record changed by JQ.
store() {
	local folder=$RESULTS/2026112$1-114439.120-s-000$1
	mkdir -p "$folder"
	jq -nc --arg id "${folder##*/}" '{schema: 1, id: $id, state: "finished", scenario: {name: "s", expect: ["steady"]},
		facts: {server_started: 1, server_ready_ns: 5}, verdict: {outcome: "steady", cause: "", as_expected: true,
		expected: [], evidence: ["good"]}} | '"${2:-.}" >"$folder/run.json"
	{
		echo t_ns,usage_bytes,anon_bytes
		seq -f '%.0f,1000000,2000000' 100000 112000
	} >"$folder/samples.csv"
	echo said >"$folder/server.log"
	echo killed >"$folder/kernel.log"
}

gc() { run --separate-stderr "$RIG" gc --results "$RESULTS" "$@"; }

has_samples() { find "$RESULTS" -name samples.csv | sed 's/.*-000\([0-9]\).*/\1/' | sort | tr -d '\n'; }

bytes() { find "$RESULTS" -type f -printf '%b\n' | awk '{s += $1 * 512} END {print s}'; }

@test "gc: the oldest runs lose their samples first, until the rest is small enough" {
	gc --keep 400KiB --json
	same "$status" 0
	same "$(field '.taken | map(.id[-1:]) | join("")')" 12
	same "$(field '[.before_bytes - .freed_bytes == .left_bytes, .left_bytes <= 409600, .runs] | map(tostring) | join(" ")')" "true true 3"
	same "$(has_samples)" 3
	same "$(find "$RESULTS" -name kernel.log | wc -l)" 3
	same "$(find "$RESULTS" -name server.log | wc -l)" 1
	gc --keep 400KiB
	same "$output" "$(printf '%s' "$output" | grep '^freed 0 B of 0 runs')"
}

@test "gc: a run without samples says so, and is judged and shown as before" {
	gc --keep 0
	same "$status" 0
	same "$(has_samples)" ""
	same "$(jq -s 'map(.samples_taken.bytes > 200000) | all' "$RESULTS"/*/run.json)" true
	local words="samples, requests and log taken by oomrig gc on 2"
	for command in "show last" "show last --plot" "judge last" "report last"; do
		# shellcheck disable=SC2086
		run --separate-stderr "$RIG" $command --results "$RESULTS"
		[ "$status" -le 1 ] # judge: facts that were made up
		[[ "$(tr -s '\n ' ' ' <<<"$output")" == *"$words"* ]] || same "$(head -c 2000 <<<"$output")" "$words, $command"
	done
	run --separate-stderr "$RIG" show last --json --results "$RESULTS"
	same "$(field '.runs[0] | .outcome + " " + .samples_taken.at[:1]')" "steady 2"
	same "$(jq -r .folder "$RESULTS"/20261123*/run.json)" "$(echo "$RESULTS"/20261123*)"
}

@test "gc: --dry-run says the same and touches nothing" {
	local before
	before=$(find "$RESULTS" -type f -exec sha256sum {} + | sort)
	gc --keep 400KiB --dry-run
	same "$(grep -c '^would take' <<<"$output")" 2
	same "$(find "$RESULTS" -type f -exec sha256sum {} + | sort)" "$before"
	gc --json --dry-run --keep 0
	same "$(field '[.before_bytes, .dry_run] | map(tostring) | join(" ")')" "$(bytes) true"
}

@test "gc: runs under way, kept labels, damaged records, links and what others put there stay" {
	local ticks
	ticks=$(awk '{print $22}' /proc/$$/stat)
	store 4 ".rig_pid = $$ | .rig_start_time = $ticks"      # a rig that lives
	store 5 '.state = "running"'                            # nobody has judged it
	store 6 '.label = "release"'
	store 7 'empty'                                         # no record at all
	mkdir "$RESULTS/other" "$RESULTS.outside"
	echo mine >"$RESULTS/other/samples.csv"
	echo mine >"$RESULTS/20261121-114439.120-s-0001/notes"
	mv "$RESULTS/20261122-114439.120-s-0002" "$RESULTS.outside/"
	ln -s "$RESULTS.outside/20261122-114439.120-s-0002" "$RESULTS/"
	ln "$RESULTS/20261121-114439.120-s-0001/samples.csv" "$RESULTS.outside/second-name"
	mv "$RESULTS/20261123-114439.120-s-0003/samples.csv" "$RESULTS.outside/"
	ln -s "$RESULTS.outside/samples.csv" "$RESULTS/20261123-114439.120-s-0003/"
	gc --keep 0 --keep-label other --keep-label release
	local kept
	kept=$(find "$RESULTS" "$RESULTS.outside" -name samples.csv -size +0 -o -name notes | wc -l)
	rm -rf "$RESULTS.outside"
	same "$status" 2
	[[ "$stderr" == *"20261127-114439.120-s-0007' is left alone"* ]] || same "$stderr" "names the damaged one"
	same "$kept" 10
	same "$(grep -c '^took' <<<"$output")" 2
	[[ "$output" == *"more than was to be kept"* ]] || same "$output" "says that more is left"
}

@test "gc: without --keep it does nothing, and says how to" {
	gc
	same "$status" 2
	[[ "$stderr" == *"--keep 20GiB"* ]] || same "$stderr" "how"
	gc --keep much
	same "$status" 2
	same "$(has_samples)" 123
}

@test "gc: stopped or killed half-way, no run lacks its samples without saying so" {
	local signal pid folder n
	for signal in INT KILL; do
		rm -rf "$RESULTS"
		for n in 1 2 3 4 5 6 7 8 9; do store "$n"; done
		mkfifo "$RESULTS.out"
		stdbuf -oL "$RIG" gc --keep 0 --results "$RESULTS" >"$RESULTS.out" 3>&- &
		pid=$!
		head -n 1 "$RESULTS.out" >/dev/null & # until the first of them was taken
		wait $!
		kill -"$signal" $pid 2>/dev/null || true
		run wait $pid
		rm "$RESULTS.out"
		for folder in "$RESULTS"/2*; do
			[ -e "$folder/samples.csv" ] || same "$(jq 'has("samples_taken")' "$folder/run.json")" true
		done
		gc --keep 0 # and it can be finished
		same "$status" 0
		same "$(has_samples)" ""
	done
}
