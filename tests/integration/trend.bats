#!/usr/bin/env bats
# oomrig trend on stored histories that are made up from one record (history.py).

bats_require_minimum_version 1.5.0
load run.bash

setup() { setup_rig; }
teardown() { rm -rf "$RESULTS"; }

# record [JQ]: a run that ended as grew/peak with 100 MiB at its peak, changed by JQ.
record() {
	jq -nc '{schema: 1, id: "x", state: "finished", scenario: {name: "s", memory: "256MiB", expect: ["grew"]},
		facts: {server_started: 1, server_ready_ns: 5, cap_asked_bytes: 268435456, cap_in_force_bytes: 268435456,
			peak_unreclaimable_bytes: 104857600},
		verdict: {outcome: "grew", cause: "peak", as_expected: true, expected: [], evidence: ["rose"]}} | '"${1:-.}" \
		>"$RESULTS.json"
}

# made COUNT [STEP_AT STEP_BYTES]
made() {
	record
	"$BATS_TEST_DIRNAME/history.py" "$RESULTS.json" "$1" "$RESULTS" "${@:2}"
	rm "$RESULTS.json"
}

trend() { run --separate-stderr "$RIG" trend --results "$RESULTS" "$@"; }

@test "trend: a step is named with its first run, its commit and both levels, in each format" {
	made 60 40 31457280
	local id commit
	id=$(cd "$RESULTS" && printf '%s\n' 2* | sed -n 41p)
	commit=$(jq -r .server_source.commit "$RESULTS/$id/run.json")
	trend --json
	same "$status" 0
	same "$(field '.scenarios[].figures[] | select(.figure == "peak_unreclaimable_bytes") | .changes | map(.run + " " + .commit) | join(",")')" "$id $commit"
	same "$(field '.scenarios[].figures[0].changes[0] | [.before.runs, .after.runs, (.change_interval | .[0] < 31457280 and .[1] > 31457280)] | map(tostring) | join(" ")')" "40 20 true"
	trend --figure peak_unreclaimable_bytes
	[[ "$output" == *"$id"* && "$output" == *"commit ${commit:0:10}"* ]] || same "$output" "names run and commit"
	[ "$(LC_ALL=C.UTF-8 wc -L <<<"$output")" -le 80 ]
	trend --format markdown
	same "$(grep -c '^| unreclaimable peak |' <<<"$output")" 1
	trend --format html
	same "$(grep -c 'class="trend"' <<<"$output")" 1
	[[ "$output" == *"<td>$id</td>"*"</html>"* ]] || same "$(grep '<td>' <<<"$output")" "names the run, and is whole"
}

@test "trend: a step within the judge's noise is none; a change of the verdict is one" {
	made 60 40 8388608 # of 256 MiB: 16 MiB
	for run in $(cd "$RESULTS" && printf '%s\n' 2* | tail -n 3); do
		jq '.verdict.outcome = "crashed" | .verdict.cause = "oom-kill"' "$RESULTS/$run/run.json" >"$RESULTS/new"
		mv "$RESULTS/new" "$RESULTS/$run/run.json"
	done
	trend --json
	same "$(field '.scenarios | length')" 1
	same "$(field '[.scenarios[].figures[] | select(.figure == "peak_unreclaimable_bytes") | .changes[]] | length')" 0
	same "$(field '.scenarios[].figures[] | select(.figure == "peak_unreclaimable_bytes") | .points | map(select(.censored)) | length')" 3
	same "$(field '.scenarios[].verdict_changes | map(.before + " " + .after) | join(",")')" "grew/peak crashed/oom-kill"
	trend
	[[ "$(tr -s '\n ' ' ' <<<"$output")" == *"3 of 60 cut by a kill, so lower bounds"* ]] || same "$output" "says that they are bounds"
}

@test "trend: other scenarios and runs that prove nothing are apart; wrong names are refused" {
	made 20
	record '.scenario.name = "other" | .scenario.memory = "1GiB"'
	"$BATS_TEST_DIRNAME/history.py" "$RESULTS.json" 5 "$RESULTS"
	record '.verdict.outcome = "invalid"'
	rm -rf "$RESULTS"/*-s-0003
	mkdir "$RESULTS/20270101-000000.000-s-ffff"
	jq '.id = "20270101-000000.000-s-ffff"' "$RESULTS.json" >"$RESULTS/20270101-000000.000-s-ffff/run.json"
	rm "$RESULTS.json"
	trend --json
	same "$(field '[.left_out, (.scenarios | map(.scenario + ":" + (.runs | tostring)) | sort | join(","))] | map(tostring) | join(" ")')" "1 other:5,s:19"
	trend --scenario other --json
	same "$(field '.scenarios | map(.scenario) | join(",")')" other
	trend --figure peak_unreclaimable
	same "$status" 2
	[[ "$stderr" == *"did you mean 'peak_unreclaimable_bytes'"* ]] || same "$stderr" "the nearest"
	trend --scenario none
	same "$status" 2
	rm -rf "$RESULTS"
	trend
	same "$status" 0
	[[ "$output" == "no runs with a verdict in "* ]] || same "$output" "that there are none"
}
