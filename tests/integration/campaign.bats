#!/usr/bin/env bats
# Many runs of one scenario on real groups, servers and kills: repeats, floor, compare, log.

bats_require_minimum_version 1.5.0
load run.bash

SMALL=scenarios/picoshare/one-small-upload.yaml

setup() { setup_rig; }
teardown() { teardown_rig; }

# runs LABEL COUNT [options]: stored runs of the small upload; whatever came out.
runs() {
	local label=$1 count=$2
	shift 2
	"$RIG" run $SMALL --quiet --json --results "$RESULTS" --label "$label" --runs "$count" "$@" >/dev/null
}

@test "repeats are summed up: a rate with its interval, times to death, peaks that are cut by kills" {
	need_cap
	rig $SMALL --memory 64MiB --runs 3
	same "$status" 0
	same "$(field '.summary | length')" 1
	same "$(field '.summary[0] | "\(.judged) \(.crashed) \(.crash_rate)"')" "3 3 1"
	# Wilson, 3 of 3
	same "$(field '.summary[0].crash_rate_interval | map(. * 100 | round) | join(" ")')" "44 100"
	same "$(field '.summary[0].time_to_death_ns | .runs == 3 and .min <= .median and .median <= .max')" true
	same "$(field '.summary[0].peak_unreclaimable_bytes | "\(.runs) \(.median) \(.censored_runs)"')" "0 null 3"
	run "$RIG" show --results "$RESULTS" last
	run "$RIG" run $SMALL --quiet --memory 64MiB --runs 3 --results "$RESULTS"
	grep -q 'crash rate *100 % (44.100 %)' <<<"$output"
}

@test "the floor of one upload is found within twenty runs, and runs at its edges agree" {
	need_cap
	run --separate-stderr "$RIG" floor $SMALL --quiet --json --results "$RESULTS" --precision 10%
	same "$status" 0
	same "$(field .schema)" 1
	same "$(field '.floor.runs | length <= 20')" true
	same "$(field '.floor | .interval_bytes[0] <= .p50_bytes and .p50_bytes <= .interval_bytes[1] and .p50_bytes <= .p95_bytes')" true
	same "$(field '.floor.precise')" true
	same "$(field '[.floor.runs[] | select(.outcome == "invalid")] | length')" 0
	# 4.3 x 32 MiB is what the form parser takes; the floor lies near it.
	same "$(field '.floor.p50_bytes / 1048576 | . > 115 and . < 160')" true
	# Every run is stored, the first one without a cap.
	same "$(ls -d "$RESULTS"/*/ | wc -l)" "$(field '.floor.runs | length')"
	same "$(field '.floor.runs[0].memory_bytes')" null
	lo=$(field '.floor.interval_bytes[0] * 0.8 | floor') hi=$(field '.floor.p95_interval_bytes[1] * 1.2 | floor')
	rig $SMALL --memory "$lo"
	same "$(verdict)" crashed/oom-kill
	rig $SMALL --memory "$hi"
	same "$(field '.runs[0].outcome')" grew
}

@test "a server that dies without any cap has no floor" {
	need_cap
	run --separate-stderr "$RIG" floor $SMALL --quiet --results "$RESULTS" -- /bin/sh -c 'exit 3'
	same "$status" 3
	run --separate-stderr "$RIG" floor $SMALL --quiet --json --results "$RESULTS" --budget 2
	same "$status" 5
	same "$(field '.floor.precise')" false
}

@test "compare tells the fixed server from the first, and does not from itself" {
	need_cap
	runs first 6 --memory 100MiB
	runs fixed 6 --memory 100MiB --set server.preset=all-fixes
	run --separate-stderr "$RIG" compare first fixed --results "$RESULTS" --json
	same "$status" 0
	same "$(field .compare.answer)" better
	same "$(field '.compare.findings[] | select(.metric == "crash_rate") | "\(.answer) \(.centre | join(" "))"')" "better 1 0"
	same "$(field '.compare.findings[] | select(.metric == "peak_unreclaimable_bytes") | "\(.answer) \(.censored | join(" "))"')" "better 6 0"
	run --separate-stderr "$RIG" compare fixed first --results "$RESULTS"
	same "$status" 1
	grep -q 'first against fixed: worse: crash rate' <<<"$output"
	# Three against the other three of the same: nothing can be said, and it says so.
	mkdir "$RESULTS/x" "$RESULTS/y"
	for id in $("$RIG" log first --results "$RESULTS" --json | jq -r '.experiments[].runs[]' | head -3); do
		mv "$RESULTS/$id" "$RESULTS/x/"
	done
	for id in $("$RIG" log first --results "$RESULTS" --json | jq -r '.experiments[].runs[]'); do
		mv "$RESULTS/$id" "$RESULTS/y/"
	done
	run --separate-stderr "$RIG" compare "$RESULTS/x" "$RESULTS/y" --format markdown
	same "$status" 5
	grep -q 'inconclusive: [0-9]* more runs would settle it' <<<"$output"
}

@test "compare refuses runs of other loads, and names the nearest label" {
	need_cap
	runs one 1
	runs two 1 --set load.1.size=50MB
	run --separate-stderr "$RIG" compare one two --results "$RESULTS"
	same "$status" 2
	grep -q 'different loads' <<<"$stderr"
	run --separate-stderr "$RIG" compare one twoo --results "$RESULTS"
	same "$status" 2
	grep -q "did you mean 'two'" <<<"$stderr"
}

@test "the log tells what was tried, how often, and what came out" {
	need_cap
	runs try 2 --note "does it fit a small machine?" --memory 64MiB
	runs try 1 --note "and twice of it?" --memory 128MiB
	run "$RIG" log --results "$RESULTS"
	same "$status" 0
	grep -q 'tried:  does it fit a small machine?' <<<"$output"
	tr -s ' \n' ' ' <<<"$output" | grep -q 'crashed/oom-kill 2 of 2'
	same "$("$RIG" log --results "$RESULTS" --json | jq -r '[.experiments[] | "\(.note) \(.runs | length)"] | join("; ")')" \
		"does it fit a small machine? 2; and twice of it? 1"
	same "$(jq -r .note "$RESULTS"/*/run.json | sort -u | wc -l)" 2
}

# history FOLDER COMMITS BAD: a server's repository whose commit number BAD (from 1) brings the bug; the one before
# the middle does not build.
history() {
	local i
	git init -q -b main "$1"
	cat >"$1/server" <<-END
		#!/bin/sh
		exec "$ROOT/server-under-test/chunkserver" --preset "\$(cat "\$(dirname "\$0")/preset")" "\$@"
	END
	chmod +x "$1/server"
	for ((i = 1; i <= $2; i++)); do
		echo "$i" >"$1/number"
		if [ "$i" -ge "$3" ]; then echo before-any-fix; else echo all-fixes; fi >"$1/preset"
		[ "$i" -eq $(($2 / 2)) ] && echo 'exit 1' >"$1/build" || echo 'exit 0' >"$1/build"
		git -C "$1" add -A
		git -C "$1" -c user.name=t -c user.email=t@example.org commit -q -m "change $i"
		git -C "$1" tag "c$i"
	done
}

# bisect REPOSITORY GOOD BAD
bisect() {
	run --separate-stderr "$RIG" bisect "$2" "$3" --quiet --json --results "$RESULTS" --source "$1" \
		--scenario $SMALL --memory 64MiB --set expect=grew,steady --build 'sh ./build' -- \
		"{source}/server" --data "{data}" --tmp "{tmp}" --port "{port}" --debug-port "{debug_port}"
}

@test "bisect finds the commit that brought the crash, past one that does not build" {
	need_cap
	history "$RESULTS/.repo" 10 8
	bisect "$RESULTS/.repo" c1 c10
	same "$status" 0
	same "$(field .bisect.first_bad)" "$(git -C "$RESULTS/.repo" rev-parse c8)"
	same "$(field '.bisect.belief >= 0.95')" true
	same "$(git -C "$RESULTS/.repo" worktree list | wc -l)" 1
	# The commit that was run is in each record.
	same "$(jq -r .server_source.commit "$RESULTS"/*/run.json | grep -c "$(git -C "$RESULTS/.repo" rev-parse c1)" | grep -c '^[1-9]')" 1
}

@test "bisect names the commits that remain when those between do not build" {
	need_cap
	history "$RESULTS/.repo" 4 3
	bisect "$RESULTS/.repo" c1 c4
	same "$status" 5
	same "$(field .bisect.first_bad)" null
	same "$(field '[.bisect.commits[] | select(.skipped) | .subject] | join(" ")')" "change 2"
	run --separate-stderr "$RIG" bisect c1 nowhere --scenario $SMALL --source "$RESULTS/.repo" -- "{source}/server"
	same "$status" 2
}

@test "git bisect run understands --bisect-exit" {
	need_cap
	history "$RESULTS/.repo" 6 5
	cat >"$RESULTS/.step" <<-END
		sh ./build || exit 125
		"$RIG" run "$ROOT/$SMALL" --quiet --json --results "$RESULTS" --memory 64MiB --set expect=grew,steady --bisect-exit \
			-- "\$PWD/server" --data {data} --tmp {tmp} --port {port} --debug-port {debug_port} >/dev/null
	END
	cd "$RESULTS/.repo"
	git bisect start c6 c1 >/dev/null
	run git bisect run sh "$RESULTS/.step"
	grep -q "$(git rev-parse c5) is the first bad commit" <<<"$output"
	cd "$ROOT"
	run "$RIG" run nowhere.yaml --bisect-exit
	same "$status" 128
}

@test "compare --live builds two commits in worktrees, runs them in turn, and tells them apart" {
	need_cap
	history "$RESULTS/.repo" 4 4
	run --separate-stderr "$RIG" compare c3 c4 --live $SMALL --runs 5 --quiet --json --results "$RESULTS" --memory 64MiB \
		--source "$RESULTS/.repo" --build 'sh ./build' -- \
		"{source}/server" --data "{data}" --tmp "{tmp}" --port "{port}" --debug-port "{debug_port}"
	same "$status" 1
	same "$(field .compare.answer)" worse
	same "$(field '[.compare.sides[].judged] | join(" ")')" "5 5"
	same "$(git -C "$RESULTS/.repo" worktree list | wc -l)" 1
	# In turn: neither side has more than two runs in a row.
	labels=$(jq -r .label "$RESULTS"/*/run.json | tr -d '\n')
	! grep -qE '(c3){3}|(c4){3}' <<<"$labels"
	# What was run is found again by label and by commit.
	run --separate-stderr "$RIG" compare "$(git -C "$RESULTS/.repo" rev-parse --short=10 c3)" c4 --results "$RESULTS" --json
	same "$(field .compare.answer)" worse
	# A commit that does not build ends it, with what the build said.
	run --separate-stderr "$RIG" compare c2 c4 --live $SMALL --runs 2 --quiet --results "$RESULTS" \
		--source "$RESULTS/.repo" --build 'echo no compiler; sh ./build' -- "{source}/server"
	same "$status" 2
	grep -q 'does not build: no compiler' <<<"$stderr"
}

@test "shrink ends in one line that reproduces the crash" {
	need_cap
	run --separate-stderr "$RIG" shrink $SMALL --quiet --json --results "$RESULTS" --memory 100MiB --confirm 1 \
		--set load.tab.clients=2 --set load.tab.files=2 --precision 20%
	same "$status" 0
	same "$(field '[.shrink.steps[].key] | join(" ")')" "load.tab.clients load.tab.files load.tab.size"
	same "$(field '[.shrink.steps[0:2][].after] | join(" ")')" "1 1"
	# One upload dies where the form's limit and its copies no longer fit, far below 100 MB.
	same "$(field '.shrink.steps[2].after | . > 15000000 and . < 60000000')" true
	line=$(field .shrink.command)
	run bash -c "${line/#oomrig/\"$RIG\"} --quiet --json --results '$RESULTS'"
	same "$(jq -r '.runs[0].outcome' <<<"$output")" crashed
	run --separate-stderr "$RIG" shrink $SMALL --quiet --results "$RESULTS" --memory none
	same "$status" 2
	grep -q 'does not crash its server every time' <<<"$stderr"
}
