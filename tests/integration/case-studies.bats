#!/usr/bin/env bats
# The case studies as scenarios: a folder of them, one that the host cannot run,
# failures that are expected, and what the evidence names.

bats_require_minimum_version 1.5.0
load run.bash

setup() { setup_rig; }
teardown() { teardown_rig; }

STUDIES=scenarios/case-studies

swap_bytes() { awk '$1 == "SwapTotal:" { print $2 * 1024 }' /proc/meminfo; }

@test "every row has an on and an off, and every scenario its row" {
	for row in P1 P2 P3 P4 P5 P6 P7 P8 H1 H2 C1 C2 R1; do
		for side in on off; do
			ls $STUDIES/$row-*-$side.yaml >/dev/null
		done
	done
	for file in "$STUDIES"/*.yaml; do
		row=$(basename "$file" | cut -d- -f1)
		grep -q "^tags: \[case-studies, $row," "$file" || { echo "$file lacks its tags"; return 1; }
		jq -e --arg row "$row" 'any(.[]; .row == $row)' docs/case-studies/rows.json >/dev/null
	done
	jq -r '.[].scenarios[]' docs/case-studies/rows.json | while read -r name; do
		[ -f "$STUDIES/$name.yaml" ] || { echo "no scenario $name"; return 1; }
	done
}

# The load, the cap and all else of a scenario but its words, its expectations and its server's switches.
common() {
	sed 's/ *#.*//; /^$/d' "$STUDIES/$1.yaml" | awk '
		/^(question|why|tags|expect[a-z_]*):/ || /^  preset:/ { next }
		/^  behaviours:/ { switches = 1; next }
		/^ ? ?[a-z]/ { switches = 0 }
		!switches'
}

@test "on and off differ in the server's switches only, so that one is the other inverted" {
	jq -r '.[] | select(.row != "P8").scenarios | select(.off) | "\(.on) \(.off)"' docs/case-studies/rows.json | while read -r on off; do
		diff <(common "$on") <(common "$off") || { echo "$on and $off differ in more"; return 1; }
	done
}

@test "a row with its behaviour inverted is not as expected" {
	need_cap
	docs/case-studies/invert P6
	run docs/case-studies/invert no-such-row
	same "$status" 2
}

@test "an expected figure that is not recorded is refused before anything runs" {
	rig $STUDIES/P6-no-autocheckpoint-on.yaml --set "expect_figures=peak_wal_byte > 1MB"
	same "$status" 2
	[[ $stderr == *"'expect_figures': 'peak_wal_byte > 1MB': unknown figure 'peak_wal_byte'; did you mean 'peak_wal_bytes'?"* ]]
	same "$(ls "$RESULTS" | wc -l)" 0
}

@test "what stays at each pass of a soak is told from what does not" {
	need_cap
	short=(--set server.behaviours.vacuum-interval=700ms --set load.uploads.duration=6s --set load.viewer.duration=6s)
	# Few passes are noisy: what stays of each upload in the second run is more than what a busy machine leaves by chance.
	figures="maintenance_passes >= 3,pass_rise_bytes < 1536KiB"
	rig scenarios/soak/overnight.yaml "${short[@]}" --set prepare.1.size=3MB --set load.uploads.rate_per_s=4 \
		--set load.viewer.think=500ms --set sample_hz=100 --set settle=1s --set "expect_figures=$figures"
	same "$status" 0
	[[ $(field '.runs[0].evidence[]') == *"from pass to pass: unreclaimable"* ]]
	[ "$(record '.facts.passes | length')" -ge 3 ]
	rig scenarios/soak/compressed.yaml "${short[@]}" --set prepare.1.size=3MB --set load.uploads.rate_per_s=4 \
		--set server.behaviours.request-context=1MiB --set "expect_figures=$figures"
	same "$status" 1
	[[ $(field '.runs[0].surprises[]') == *"expected pass_rise_bytes < 1536KiB, got"* ]]
}

@test "a folder stands for its scenarios in order, and a skipped one does not fail the others" {
	need_cap
	[ "$(swap_bytes)" -eq 0 ] || skip "this host has swap"
	mkdir -p "$RESULTS/some/b" "$RESULTS/some/servers"
	cp $STUDIES/P8-swap-off.yaml "$RESULTS/some/a.yaml"
	cp $STUDIES/P8-swap-on.yaml "$RESULTS/some/b/c.yaml"
	cp scenarios/servers/*.yaml "$RESULTS/some/servers/"
	rig "$RESULTS/some"
	same "$status" 0
	same "$(field '[.runs[] | .scenario + " " + .outcome] | join(", ")')" "a crashed, c skipped"
	field '.runs[1].evidence[]' | grep -q 'it needs swap, and this host has none'
}

@test "what only needs what is not there is skipped, with 4 and the reason" {
	[ "$(swap_bytes)" -eq 0 ] || skip "this host has swap"
	rig $STUDIES/P8-swap-on.yaml
	same "$status" 4
	same "$(field '.runs[0].outcome')" skipped
	same "$(record .verdict.evidence[0])" "$(field '.runs[0].evidence[0]')"
}

@test "an empty folder is wrong usage" {
	mkdir "$RESULTS/empty"
	rig "$RESULTS/empty"
	same "$status" 2
	[[ $stderr == *"no scenario in the folder"* ]]
}

@test "requests that fail are a surprise, or the lack of them is" {
	need_cap
	short=(--set load.requests.duration=1s --set load.slow.files=1 --set settle=100ms)
	rig $STUDIES/R1-contexts-purged-early.yaml "${short[@]}"
	same "$status" 0
	same "$(field '.runs[0].requests.failed')" 2
	rig $STUDIES/R1-contexts-purged-early.yaml "${short[@]}" --set expect_failures=none
	same "$status" 1
	rig $STUDIES/R1-contexts-off.yaml "${short[@]}"
	same "$status" 0
	rig $STUDIES/R1-contexts-off.yaml "${short[@]}" --set expect_failures=some
	same "$status" 1
}

@test "the canary's lag is in the facts and in the evidence, where there is one" {
	need_cap
	rig $STUDIES/C2-no-canary-on.yaml $STUDIES/C2-no-canary-off.yaml $STUDIES/C1-blocked-cleanup-off.yaml
	same "$(field '[.runs[].as_expected] | all')" true
	same "$(field '[.runs[:2][].cause] | join(" ")')" "leak leak"
	same "$(field '[.runs[] | any(.evidence[]; test("clean-up has not run for [0-9.]+ s"))] | join(" ")')" \
		"false true false"
	same "$(jq -s 'sort_by(.id) | .[1].facts.canary_lag_ns > 3000000000' "$RESULTS"/*/run.json)" true
	grep -q canary_lag_ms "$RESULTS"/*C2-no-canary-off*/app.jsonl
	# and drawn, where there is one
	plot=$("$RIG" show --plot --results "$RESULTS" C2-no-canary-off)
	[[ $plot == *"Clean-up has not run for:"*" s at most, by its own clock"* ]] || { echo "$plot"; return 1; }
	[[ $plot == *"page cache freed"*"load "*"settle"* ]] || { echo "$plot"; return 1; }
	plot=$("$RIG" show --plot --results "$RESULTS" C2-no-canary-on)
	[[ $plot == *"Requests in flight:"* && $plot != *"Clean-up has not run"* ]] || { echo "$plot"; return 1; }
}
