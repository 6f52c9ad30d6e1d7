#!/usr/bin/env bats
# Verdicts that can be trusted: the corpus of known fates, stored runs judged again, growth laws.

bats_require_minimum_version 1.5.0
load run.bash

setup() { setup_rig; }
teardown() { rm -rf "$RESULTS"; }

@test "selftest: every verdict on servers of known fate and on the golden pair is right" {
	need_cap
	run "$RIG" selftest --quiet --results "$RESULTS" --seed "${SEED:-$RANDOM}"
	echo "$output"
	same "$status" 0
	grep -qE '^[0-9]+ runs of [0-9]+ cases .*, 0 wrong' <<<"$output"
	# What came out right leaves nothing.
	same "$(ls "$RESULTS")" ""
}

@test "selftest: a wrong verdict is counted, shown and kept" {
	need_cap
	mkdir "$RESULTS/corpus" && cp -r tests/truth/servers "$RESULTS/corpus/"
	sed 's/^expect:.*/expect: grew\/leak/' tests/truth/steady.yaml >"$RESULTS/corpus/steady.yaml"
	run "$RIG" selftest --results "$RESULTS/runs" --corpus "$RESULTS/corpus" --runs 2
	same "$status" 1
	grep -q 'WRONG  steady' <<<"$output"
	grep -q '2 runs of 1 cases .*, 2 wrong' <<<"$output"
	same "$(ls "$RESULTS/runs" | wc -l)" 2
}

@test "selftest: a case about time is not judged while the CPUs are taken, and nothing judged is no success" {
	need_cap
	[ -r /proc/pressure/cpu ] || skip "this kernel does not tell how long programs waited for a CPU"
	local i pids=()
	for ((i = 0; i < 3 * $(nproc); i++)); do
		while :; do :; done &
		pids+=($!)
	done
	run "$RIG" selftest hangs-full steady --results "$RESULTS/runs"
	local first=$status said=$output
	run "$RIG" selftest hangs-full --json --results "$RESULTS/runs"
	kill "${pids[@]}"
	echo "$said"
	same "$first" 0
	said=$(tr -s '\n ' ' ' <<<"$said")
	grep -qE 'not judged hangs-full host too busy: programs waited for a CPU [0-9]+ % of the time' <<<"$said"
	grep -qE ' 1 runs of 2 cases in [^:]*, 0 wrong, 1 not judged' <<<"$said"
	same "$status" 5
	same "$(field '[.runs, .wrong, .not_judged, .cases[0].not_judged] | join(" ")')" "0 0 1 1"
	same "$(ls "$RESULTS/runs")" ""
}

@test "selftest: a label of two verdicts, an unknown case and a file without marks are refused" {
	mkdir "$RESULTS/corpus" && cp -r tests/truth/servers "$RESULTS/corpus/"
	sed 's/^expect:.*/expect: [steady, grew]/' tests/truth/steady.yaml >"$RESULTS/corpus/steady.yaml"
	run "$RIG" selftest --corpus "$RESULTS/corpus"
	same "$status" 2
	grep -q 'its label is 2 verdicts' <<<"$output"
	run "$RIG" selftest no-such-case
	same "$status" 2
	need_cap
	echo none >"$RESULTS/file"
	run "$RIG" selftest steady --results "$RESULTS/runs" --write "$RESULTS/file"
	same "$status" 2
	same "$(cat "$RESULTS/file")" none
}

@test "judge: stored runs judged again; what changed is shown, and written only when asked" {
	need_cap
	rig tests/truth/killed-by-the-cap.yaml
	rig tests/truth/steady.yaml
	run "$RIG" judge --results "$RESULTS"
	same "$status" 0
	grep -q '2 judged, 0 changed' <<<"$output"
	# The same facts but for one: the counter stayed at 0.
	folder=$(echo "$RESULTS"/*killed-by-the-cap*)
	jq '.facts.oom_kill = 0 | .facts.kernel_log_kills = 0' "$folder/run.json" >"$RESULTS/edited"
	mv "$RESULTS/edited" "$folder/run.json"
	run "$RIG" judge killed-by-the-cap --results "$RESULTS"
	same "$status" 1
	grep -q 'crashed/oom-kill *-> crashed/signal' <<<"$output"
	same "$(jq -r .verdict.cause "$folder/run.json")" oom-kill
	run "$RIG" judge --results "$RESULTS" --json
	same "$(jq -c '[.runs[] | .changed] | sort' <<<"$output")" '[false,true]'
	run "$RIG" judge --results "$RESULTS" --write
	same "$(jq -r .verdict.cause "$folder/run.json")" signal
	same "$(jq -r .verdict.as_expected "$folder/run.json")" false
	run "$RIG" judge --results "$RESULTS"
	same "$status" 0
}

@test "judge: a run without an end is not judged" {
	mkdir "$RESULTS/20260101-000000.000-x-0000"
	echo '{"schema": 1, "id": "x", "state": "running"}' >"$RESULTS/20260101-000000.000-x-0000/run.json"
	run "$RIG" judge --results "$RESULTS"
	same "$status" 2
	grep -q 'has not ended' <<<"$output"
}

# ---- growth laws ----------------------------------------------------------

law() { # scenario: its evidence after nine rounds
	rig "tests/truth/$1.yaml" --memory 1GiB --set rounds=9 --set load.1.clients=2 --set load.1.files=2
	field '.runs[0].evidence[]'
}

@test "growth law: a leak by the request, what is kept of each, and what is left until the cap" {
	need_cap
	law leak-per-request | tee "$RESULTS/law"
	grep -q 'kept after the load: .* per request, never returned, the term that carries it' "$RESULTS/law"
	grep -q 'mark of: something of each request is kept' "$RESULTS/law"
	grep -qE 'the cap is reached after another [0-9]+ requests \([0-9]+ to [0-9]+\)' "$RESULTS/law"
	same "$(record '.facts.rounds | length')" 9
	same "$(record '.facts.series')" null
}

@test "growth law: a leak by the byte" {
	need_cap
	law leak-per-byte | grep -qE 'kept after the load: 1\.[0-9]+ bytes .* per byte, never returned, the term that carries it'
}

@test "growth law: memory for each upload in flight" {
	need_cap
	law peak | tee "$RESULTS/law"
	grep -q 'given back: .* per request in flight, the term that carries it' "$RESULTS/law"
	grep -q 'kept after the load: bounded, whatever the load: 0 per request and 0 per byte' "$RESULTS/law"
}

@test "growth law: garbage that is collected after each round was left by each request, and none of it is kept" {
	need_cap
	law garbage-collected | tee "$RESULTS/law"
	grep -q 'given back: .* per request, given back later, the term that carries it' "$RESULTS/law"
	grep -q 'kept after the load: bounded, whatever the load: 0 per request and 0 per byte' "$RESULTS/law"
	# Before the baseline, and again after the rounds have begun.
	same "$(record '[.phases[].name | select(test("collect|baseline|load"))] | join(" ")')" "collect baseline load collect"
}

@test "growth law: page cache is 0 per byte" {
	need_cap
	law page-cache | tee "$RESULTS/law"
	same "$(grep -c '0 per request and 0 per byte' "$RESULTS/law")" 2
}

named_class() { # scenario of scenarios/laws: the class in its JSON
	rig "scenarios/laws/$1.yaml" --set settle=100ms
	field '.runs[0].law.class'
}

@test "growth law, P2: temporary files that stay on a RAM disk are kept by the byte; released, by the byte in flight" {
	need_cap
	same "$(named_class P2)" per-byte-kept
	same "$(named_class P2-off)" per-byte-in-flight
}

@test "forecast: a single load that leaks says how many requests and how long until the cap; judged again, the same" {
	need_cap
	rig scenarios/case-studies/R1-contexts-on.yaml
	same "$(verdict)" grew/leak
	field '.runs[0].evidence[]' | grep -qE 'cap is reached after another [0-9]+ requests \([0-9]+ to [0-9]+; never, if it is a cache that fills\), in [0-9.]+ s'
	# 64 KiB a request into 256 MiB: 4,096 at most, of which the load made about 1,000.
	field '.runs[0].forecast.requests | .left_least, .left, .left_most' >"$RESULTS/left"
	awk '$1 < 2500 || $1 > 4096 { exit 1 }' "$RESULTS/left"
	same "$(record '.facts | .series[-1].requests == .requests_ok')" true
	run "$RIG" judge last --json --results "$RESULTS"
	same "$(field '.runs[0].stored.forecast == .runs[0].today.forecast')" true
	same "$(field '.runs[0].today.forecast | type')" object
}
