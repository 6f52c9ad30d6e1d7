#!/usr/bin/env bats
# Many runs of one scenario on real groups, servers and kills: repeats, floor, compare, log.

bats_require_minimum_version 1.5.0
load run.bash

# Words, one of them a file: 60 MB fill all buffers of the form parser too, and there are many runs.
SMALL=(scenarios/picoshare/one-small-upload.yaml --set load.tab.size=60MB --set settle=50ms)

setup() { setup_rig; }
teardown() { teardown_rig; }

# runs LABEL COUNT [options]: stored runs of the small upload; whatever came out.
runs() {
	local label=$1 count=$2
	shift 2
	"$RIG" run "${SMALL[@]}" --quiet --json --results "$RESULTS" --label "$label" --runs "$count" "$@" >/dev/null
}

@test "repeats are summed up: a rate with its interval, times to death, peaks that are cut by kills" {
	need_cap
	rig "${SMALL[@]}" --memory 64MiB --runs 3
	same "$status" 0
	same "$(field '.summary | length')" 1
	same "$(field '.summary[0] | "\(.judged) \(.crashed) \(.crash_rate)"')" "3 3 1"
	# Wilson, 3 of 3
	same "$(field '.summary[0].crash_rate_interval | map(. * 100 | round) | join(" ")')" "44 100"
	same "$(field '.summary[0].time_to_death_ns | .runs == 3 and .min <= .median and .median <= .max')" true
	same "$(field '.summary[0].peak_unreclaimable_bytes | "\(.runs) \(.median) \(.censored_runs)"')" "0 null 3"
	run "$RIG" show --results "$RESULTS" last
	run "$RIG" run "${SMALL[@]}" --quiet --memory 64MiB --runs 3 --results "$RESULTS"
	grep -q 'crash rate *100 % (44.100 %)' <<<"$output"
}

@test "the floor of one upload is found within twenty runs, and runs at its edges agree" {
	need_cap
	run --separate-stderr "$RIG" floor "${SMALL[@]}" --quiet --json --results "$RESULTS" --precision 10%
	same "$status" 0
	same "$(field .schema)" 1
	same "$(field '.floor.runs | length <= 20')" true
	same "$(field '.floor | .interval_bytes[0] <= .p50_bytes and .p50_bytes <= .interval_bytes[1] and .p50_bytes <= .p95_bytes')" true
	same "$(field '.floor.precise')" true
	same "$(field '[.floor.runs[] | select(.outcome == "invalid")] | length')" 0
	# 4.3 x 32 MiB is what the form parser takes at most; the floor lies near it.
	same "$(field '.floor.p50_bytes / 1048576 | . > 115 and . < 160')" true
	# Every run is stored, the first one without a cap.
	same "$(ls -d "$RESULTS"/*/ | wc -l)" "$(field '.floor.runs | length')"
	same "$(field '.floor.runs[0].memory_bytes')" null
	lo=$(field '.floor.interval_bytes[0] * 0.8 | floor') hi=$(field '.floor.p95_interval_bytes[1] * 1.2 | floor')
	rig "${SMALL[@]}" --memory "$lo"
	same "$(verdict)" crashed/oom-kill
	rig "${SMALL[@]}" --memory "$hi"
	same "$(field '.runs[0].outcome')" grew
}

@test "a server that dies without any cap has no floor" {
	need_cap
	run --separate-stderr "$RIG" floor "${SMALL[@]}" --quiet --results "$RESULTS" -- /bin/sh -c 'exit 3'
	same "$status" 3
	run --separate-stderr "$RIG" floor "${SMALL[@]}" --quiet --json --results "$RESULTS" --budget 2
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
	same "$(field '.compare.scenarios[0].findings[] | select(.metric == "crash_rate") | "\(.answer) \(.centre | join(" "))"')" "better 1 0"
	same "$(field '.compare.scenarios[0].findings[] | select(.metric == "peak_unreclaimable_bytes") | "\(.answer) \(.censored | join(" "))"')" "better 6 0"
	run --separate-stderr "$RIG" compare fixed first --results "$RESULTS"
	same "$status" 1
	tr -s '\n ' ' ' <<<"$output" | grep -q 'first against fixed: worse: .*crash rate'
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
	grep -q 'inconclusive: [0-9]* more runs of each side would settle it' <<<"$output"
}

@test "compare: less memory is no merit of a server that refuses, corrupts or leaks; each scenario has a row" {
	need_cap
	local preset
	fate() { # LABEL PRESET SCENARIO RUNS
		OOMRIG_RESULTS=$RESULTS "$RIG" run "tests/truth/$3.yaml" --runs "$4" --quiet --label "$1" --set "server.preset=$2" >/dev/null 2>&1 || true
	}
	fate good page-cache page-cache 6
	for preset in stores-wrong-byte leak-per-request; do
		fate "$preset" "$preset" page-cache 6
		run --separate-stderr "$RIG" compare good "$preset" --results "$RESULTS" --json
		echo "$preset: $(field .compare.conclusion)"
		same "$status $(field .compare.answer)" "1 worse"
		run --separate-stderr "$RIG" compare "$preset" good --results "$RESULTS" --json
		same "$(field '.compare.scenarios[0].findings[] | select(.metric == "verdict" or .metric == "data_loss_rate") | select(.answer == "worse")')" ""
	done
	run "$RIG" compare good stores-wrong-byte --results "$RESULTS"
	grep -q '^lost or wrong data  worse' <<<"$output"
	run "$RIG" compare good leak-per-request --results "$RESULTS"
	grep -q '^verdict  *worse' <<<"$output"
	tr -s '\n ' ' ' <<<"$output" | grep -q 'verdict grew/page-cache 6 of 6 to grew/'
	fate good steady steady 2
	fate stores-wrong-byte steady steady 2
	fate stores-wrong-byte peak peak 1
	run "$RIG" compare good stores-wrong-byte --results "$RESULTS"
	same "$status" 1
	[[ ${lines[0]} == "stores-wrong-byte against good: worse in 2 scenarios (1 worse, 1 inconclusive)"* ]]
	same "$(grep -cE '^(page-cache|steady)$' <<<"$output")" 2
	grep -q '^Only stores-wrong-byte has peak' <<<"$output"
	run "$RIG" compare good stores-wrong-byte --scenario peak --results "$RESULTS"
	same "$status" 2
}

@test "compare refuses runs of other loads, and names the nearest label" {
	need_cap
	runs one 1
	runs two 1 --set load.tab.size=50MB
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
	mkdir "$RESULTS/.empty"
	run "$RIG" log --results "$RESULTS/.empty"
	same "$output" "no runs in '${RESULTS#"$ROOT"/}/.empty'"
}

# history FOLDER COMMITS BAD [BROKEN]: a server's repository whose commit number BAD (from 1) brings the bug; commit
# BROKEN, otherwise the one before the middle, does not build.
history() {
	local i broken=${4:-$(($2 / 2))}
	git init -q -b main "$1"
	cat >"$1/server" <<-END
		#!/bin/sh
		exec "$ROOT/server-under-test/chunkserver" --preset "\$(cat "\$(dirname "\$0")/preset")" "\$@"
	END
	chmod +x "$1/server"
	for ((i = 1; i <= $2; i++)); do
		echo "$i" >"$1/number"
		if [ "$i" -ge "$3" ]; then echo before-any-fix; else echo all-fixes; fi >"$1/preset"
		[ "$i" -eq "$broken" ] && echo 'exit 1' >"$1/build" || echo 'exit 0' >"$1/build"
		git -C "$1" add -A
		git -C "$1" -c user.name=t -c user.email=t@example.org commit -q -m "change $i"
		git -C "$1" tag "c$i"
	done
}

# bisect REPOSITORY GOOD BAD [options]
bisect() {
	local how=("${@:4}")
	[ $# -gt 3 ] || how=(--memory 64MiB --set "expect=grew,steady")
	run --separate-stderr "$RIG" bisect "$2" "$3" --quiet --json --results "$RESULTS" --source "$1" \
		--scenario "${SMALL[@]}" "${how[@]}" --build 'sh ./build' -- \
		"{source}/server" --data "{data}" --tmp "{tmp}" --port "{port}" --debug-port "{debug_port}"
}

# make bisects: as often as asked for, with the bad commit anywhere and one that does not build before it, behind it
# or elsewhere.
@test "bisect finds the commit that brought the crash, past one that does not build" {
	need_cap
	local round bad broken first repo
	for ((round = 1; round <= ${BISECTS:-1}; round++)); do
		repo=$RESULTS/.repo$round
		bad=$((4 + RANDOM % 7))
		case $((round % 3)) in
		0) broken=$((bad - 1)) ;;
		1) broken=$((bad + 1)) ;;
		2) broken=$((bad > 6 ? 3 : 10)) ;;
		esac
		history "$repo" 12 $bad "$broken"
		bisect "$repo" c1 c12
		echo "# round $round: commit $bad of 12 is bad, $broken does not build: status $status, $(field .bisect.runs) runs" >&3
		# Nothing can part a bad commit from one right before it that cannot be run.
		first=$(git -C "$repo" rev-parse c$bad)
		same "$status" $((broken == bad - 1 ? 5 : 0))
		if [ "$broken" -eq $((bad - 1)) ]; then
			same "$(field .bisect.first_suspect)" "$(git -C "$repo" rev-parse c"$broken")"
		else
			same "$(field .bisect.first_bad)" "$first"
		fi
		same "$(field .bisect.last_suspect)" "$first"
		same "$(field '.bisect.belief >= 0.95')" true
		same "$(git -C "$repo" worktree list | wc -l)" 1
		# The commit that was run is in each record.
		jq -r .server_source.commit "$RESULTS"/*/run.json | grep -q "$(git -C "$repo" rev-parse c1)"
	done
}

@test "bisect finds the commit that moved the floor, though every run survives under the scenario's cap" {
	need_cap
	history "$RESULTS/.repo" 3 3 0
	bisect "$RESULTS/.repo" c1 c3 --floor 25% --set load.tab.size=8MB
	same "$status" 0
	same "$(field .bisect.first_bad)" "$(git -C "$RESULTS/.repo" rev-parse c3)"
	same "$(field '.bisect.floors_bytes | .[0] * 2 < .[1]')" true
}

@test "bisect names the commits that remain when those between do not build" {
	need_cap
	history "$RESULTS/.repo" 4 3
	bisect "$RESULTS/.repo" c1 c4
	same "$status" 5
	same "$(field .bisect.first_bad)" null
	same "$(field '[.bisect.commits[] | select(.skipped) | .subject] | join(" ")')" "change 2"
	run --separate-stderr "$RIG" bisect c1 nowhere --scenario "${SMALL[@]}" --source "$RESULTS/.repo" -- "{source}/server"
	same "$status" 2
}

@test "git bisect run understands --bisect-exit" {
	need_cap
	history "$RESULTS/.repo" 6 5
	cat >"$RESULTS/.step" <<-END
		sh ./build || exit 125
		"$RIG" run "$ROOT/${SMALL[0]}" ${SMALL[*]:1} --quiet --json --results "$RESULTS" --memory 64MiB --set expect=grew,steady --bisect-exit \
			-- "\$PWD/server" --data {data} --tmp {tmp} --port {port} --debug-port {debug_port} >/dev/null
	END
	cd "$RESULTS/.repo"
	git bisect start c6 c1 >/dev/null
	run git bisect run sh "$RESULTS/.step"
	grep -q "$(git rev-parse c5) is the first bad commit" <<<"$output"
	cd "$ROOT"
	# A line that is wrong tells nothing of the commit, wherever the fault stands in it.
	for wrong in "nowhere.yaml --bisect-exit" "--bisect-exit ${SMALL[0]} --memori 64MiB" "${SMALL[0]} --runs many --bisect-exit" \
		"${SMALL[0]} --set nothing --bisect-exit"; do
		# shellcheck disable=SC2086 # words
		run "$RIG" run $wrong
		same "$status: $wrong" "128: $wrong"
	done
	run "$RIG" run "${SMALL[0]}" --runs many
	same "$status" 2
}

# help_line COMMAND WORD: the example of its help that holds WORD, with the lines that continue it.
help_line() {
	"$RIG" "$1" --help | sed -n '/^Examples:/,/^$/p' | sed -e ':a' -e '/\\$/N; s/\\\n *//; ta' | grep -F "$2"
}

@test "the line for git bisect run in the help skips a commit that does not build" {
	need_cap
	# The commit before the bad one does not build: nothing can part the two, and git names both.
	history "$RESULTS/.repo" 4 4 3
	cd "$RESULTS/.repo"
	mkdir "$RESULTS/.bin"
	cat >"$RESULTS/.bin/make" <<-'END'
		#!/bin/sh
		exec sh ./build
	END
	cat >"$RESULTS/.bin/oomrig" <<-END
		#!/bin/sh
		[ "\$*" = "run upload.yaml --bisect-exit" ] || exit 128
		exec "$RIG" run "$ROOT/${SMALL[0]}" ${SMALL[*]:1} --quiet --json --results "$RESULTS" --memory 64MiB \
			--set expect=grew,steady --bisect-exit -- "\$PWD/server" --data {data} --tmp {tmp} --port {port} \
			--debug-port {debug_port} >/dev/null
	END
	chmod +x "$RESULTS"/.bin/*
	git bisect start c4 c1 >/dev/null
	line=$(help_line bisect 'git bisect run')
	run env PATH="$RESULTS/.bin:$PATH" sh -c "$line"
	cd "$ROOT"
	echo "$output"
	grep -q "only 'skip'ped commits left" <<<"$output"
	for i in 3 4; do grep -q "^$(git -C "$RESULTS/.repo" rev-parse "c$i")" <<<"$output"; done
}

@test "bisect over a fix speaks of a fix" {
	need_cap
	git init -q -b main "$RESULTS/.repo"
	history "$RESULTS/.other" 3 2 0
	# The same commits the other way round: c1 and c2 crash, c3 does not.
	local i
	for i in 3 2 1; do
		cp "$RESULTS/.other/"{server,build} "$RESULTS/.repo/"
		git -C "$RESULTS/.other" show "c$i:preset" >"$RESULTS/.repo/preset"
		echo "$i" >"$RESULTS/.repo/number"
		git -C "$RESULTS/.repo" add -A
		git -C "$RESULTS/.repo" -c user.name=t -c user.email=t@example.org commit -q -m "change $i"
		git -C "$RESULTS/.repo" tag "r$i"
	done
	run --separate-stderr "$RIG" bisect r3 r1 --quiet --results "$RESULTS" --source "$RESULTS/.repo" \
		--scenario "${SMALL[@]}" --memory 64MiB --set "expect=grew,steady" --build 'sh ./build' -- \
		"{source}/server" --data "{data}" --tmp "{tmp}" --port "{port}" --debug-port "{debug_port}"
	same "$status" 0
	said=$(tr -s ' \n' ' ' <<<"$output")
	grep -q "$(git -C "$RESULTS/.repo" rev-parse --short=10 r1) is the first commit whose runs end as expected more often" <<<"$said"
	run ! grep -qi "bad" <<<"$output"
}

@test "an interrupted floor says that it was stopped, not that its budget is used" {
	need_cap
	setsid env --default-signal=INT "$RIG" floor "${SMALL[@]}" --quiet --results "$RESULTS" \
		>"$RESULTS/.said" 2>"$RESULTS/.error" 3>&- &
	# The run without a cap is done, and the first with one, when the third is at it.
	until [ "$(ls "$RESULTS" | wc -l)" -ge 3 ]; do sleep 0.02; done
	kill -INT $!
	status=0
	wait $! || status=$?
	same "$status" 130
	said=$(tr -s ' \n' ' ' <"$RESULTS/.said")
	grep -q 'the search was stopped after [0-9]* runs*:' <<<"$said"
	run ! grep -q 'budget' <<<"$said"
}

@test "a run that is named twice is shown, judged and told once" {
	need_cap
	runs one 1 --memory 64MiB
	once=$("$RIG" show last --results "$RESULTS")
	same "$("$RIG" show last last "$RESULTS"/2*/ --results "$RESULTS")" "$once"
	same "$("$RIG" judge last last --results "$RESULTS" | tail -1)" "1 judged, 0 changed"
	same "$("$RIG" log one one --results "$RESULTS" --json | jq -r '.experiments[].runs | length')" 1
}

@test "compare --live builds two commits in worktrees, runs them in turn, and tells them apart" {
	need_cap
	history "$RESULTS/.repo" 4 4
	run --separate-stderr "$RIG" compare c3 c4 --live "${SMALL[@]}" --runs 5 --quiet --json --results "$RESULTS" --memory 64MiB \
		--source "$RESULTS/.repo" --build 'sh ./build' -- \
		"{source}/server" --data "{data}" --tmp "{tmp}" --port "{port}" --debug-port "{debug_port}"
	same "$status" 1
	same "$(field .compare.answer)" worse
	same "$(field '[.compare.scenarios[0].sides[].judged] | join(" ")')" "5 5"
	same "$(git -C "$RESULTS/.repo" worktree list | wc -l)" 1
	# In turn: neither side has more than two runs in a row.
	labels=$(jq -r .label "$RESULTS"/*/run.json | tr -d '\n')
	run ! grep -qE "(c3){3}|(c4){3}" <<<"$labels"
	# What was run is found again by label and by commit.
	run --separate-stderr "$RIG" compare "$(git -C "$RESULTS/.repo" rev-parse --short=10 c3)" c4 --results "$RESULTS" --json
	same "$(field .compare.answer)" worse
	# A commit that does not build ends it, with what the build said.
	run --separate-stderr "$RIG" compare c2 c4 --live "${SMALL[@]}" --runs 2 --quiet --results "$RESULTS" \
		--source "$RESULTS/.repo" --build 'echo no compiler; sh ./build' -- "{source}/server"
	same "$status" 2
	grep -q 'does not build: no compiler' <<<"$stderr"
}

@test "compare --live builds two refs whose C source differs, and its Markdown says what they do" {
	need_cap
	local ref
	git init -q -b main "$RESULTS/.repo"
	for ref in kept released; do
		[ $ref = kept ] && preset=before-any-fix || preset=all-fixes
		cat >"$RESULTS/.repo/server.c" <<-END
			#include <unistd.h>
			int main(int argc, char **argv)
			{
				char *words[32] = { "chunkserver", "--preset", "$preset" };
				for (int i = 1; i < argc && i < 29; i++)
					words[i + 2] = argv[i];
				return execv("$ROOT/server-under-test/chunkserver", words);
			}
		END
		git -C "$RESULTS/.repo" add -A
		git -C "$RESULTS/.repo" -c user.name=t -c user.email=t@example.org commit -q -m "$ref"
		git -C "$RESULTS/.repo" branch $ref
	done
	run --separate-stderr "$RIG" compare kept released --live "${SMALL[@]}" --runs 5 --quiet --format markdown --results "$RESULTS" \
		--memory 100MiB --source "$RESULTS/.repo" --build 'cc -o server server.c' -- \
		"{source}/server" --data "{data}" --tmp "{tmp}" --port "{port}" --debug-port "{debug_port}"
	same "$status" 0
	grep -q '^released against kept: better: .*crash rate' <<<"${lines[0]}"
	same "$(grep -c '^|' <<<"$output")" 10
	same "$(grep '^| crash rate |' <<<"$output" | cut -d'|' -f3,6)" " 100 % (5) | better "
	grep -q '^| unreclaimable peak |.*5 cut by a kill' <<<"$output"
	# The two were built from different commits, and nothing of them is left.
	same "$(jq -r '.server_source.commit' "$RESULTS"/*/run.json | sort -u | wc -l)" 2
	same "$(git -C "$RESULTS/.repo" worktree list | wc -l)" 1
	# A ref against itself is two worktrees, and no difference.
	run --separate-stderr "$RIG" compare kept kept --live "${SMALL[@]}" --runs 2 --quiet --json --results "$RESULTS/.same" \
		--memory 64MiB --source "$RESULTS/.repo" --build 'cc -o server server.c' -- \
		"{source}/server" --data "{data}" --tmp "{tmp}" --port "{port}" --debug-port "{debug_port}"
	same "$status" 5
	same "$(field '[.compare.scenarios[0].sides[].judged] | join(" ")')" "2 2"
	same "$(git -C "$RESULTS/.repo" worktree list | wc -l)" 1
	# The same runs again, by label.
	run --separate-stderr "$RIG" compare kept released --results "$RESULTS" --format markdown
	grep -q '^released against kept: better: .*crash rate' <<<"${lines[0]}"
}

@test "compare --live runs two commands, found from here" {
	need_cap
	local rest='--data {data} --tmp {tmp} --port {port} --debug-port {debug_port}'
	run --separate-stderr "$RIG" compare "./server-under-test/chunkserver --preset all-fixes $rest" \
		"server-under-test/chunkserver --preset before-any-fix $rest" --live "${SMALL[@]}" --runs 5 --quiet --json --results "$RESULTS" \
		--set load.tab.size=30MB
	same "$status" 1
	same "$(field '.compare.scenarios[0].findings[] | select(.metric == "growth_bytes_per_mib") | .answer')" worse
	same "$(field '[.compare.scenarios[0].sides[].judged] | join(" ")')" "5 5"
	run --separate-stderr "$RIG" compare " " b --live "${SMALL[@]}" --results "$RESULTS"
	same "$status" 2
	grep -q "command is empty" <<<"$stderr"
}

@test "shrink ends in one line that reproduces the crash" {
	need_cap
	run --separate-stderr "$RIG" shrink "${SMALL[@]}" --quiet --json --results "$RESULTS" --memory 100MiB --confirm 1 \
		--set load.tab.size=100MB --set load.tab.clients=2 --set load.tab.files=2 --precision 20%
	same "$status" 0
	same "$(field '[.shrink.steps[].key] | join(" ")')" "load.tab.clients load.tab.files load.tab.size"
	same "$(field '[.shrink.steps[0:2][].after] | join(" ")')" "1 1"
	# One upload dies where the form's limit and its copies no longer fit, far below 100 MB.
	same "$(field '.shrink.steps[2].after | . > 15000000 and . < 60000000')" true
	line=$(field .shrink.command)
	run bash -c "${line/#oomrig/\"$RIG\"} --quiet --json --results '$RESULTS'"
	same "$(jq -r '.runs[0].outcome' <<<"$output")" crashed
	run --separate-stderr "$RIG" shrink "${SMALL[@]}" --quiet --results "$RESULTS" --memory none
	same "$status" 2
	grep -q 'does not crash its server every time' <<<"$stderr"
}

# gone GROUP: none of its processes lives on; what was sent SIGKILL may take a moment, and may lie unreaped.
gone() {
	local i
	for ((i = 0; i < 100; i++)); do
		ps -eo pgid=,stat= | awk -v group="$1" '$1 == group && $2 !~ /^Z/ { found = 1 } END { exit found }' && return
		sleep 0.02
	done
	return 1
}

# A shell without job control has its background commands ignore SIGINT; a terminal does not.
#
# building REPOSITORY: starts a bisection whose build takes long, and waits until it is at it; sets $rig and $build,
# the build's process group.
building() {
	history "$1" 4 3
	setsid env --default-signal=INT "$RIG" bisect c1 c4 --quiet --json --results "$RESULTS" --source "$1" --scenario "${SMALL[@]}" \
		--build 'echo $$ >at; mv at at-it; sleep 600 & sleep 700' -- "{source}/server" >"$RESULTS/.said" 2>&1 3>&- &
	rig=$!
	until compgen -G "$RESULTS/.work/source-*/at-it" >/dev/null; do sleep 0.02; done
	build=$(cat "$RESULTS"/.work/source-*/at-it)
}

@test "an interrupted bisection ends its build and takes the worktree away" {
	need_cap
	building "$RESULTS/.repo"
	kill -INT $rig
	status=0
	wait $rig || status=$?
	same "$status" 130
	gone "$build"
	same "$(git -C "$RESULTS/.repo" worktree list | wc -l)" 1
	same "$(ls "$RESULTS/.work")" ""
	grep -q interrupted "$RESULTS/.said"
}

@test "clean takes away the worktrees of a killed rig, and git's note of them" {
	need_cap
	building "$RESULTS/.repo"
	kill -KILL $rig
	wait $rig || true
	kill -KILL -- "-$build"
	same "$(git -C "$RESULTS/.repo" worktree list | wc -l)" 2
	run "$RIG" clean --dry-run --results "$RESULTS"
	grep -q "would remove .*/.work/source-" <<<"$output"
	same "$(git -C "$RESULTS/.repo" worktree list | wc -l)" 2
	run "$RIG" clean --results "$RESULTS"
	same "$status" 0
	same "$(git -C "$RESULTS/.repo" worktree list | wc -l)" 1
	same "$(ls "$RESULTS/.work")" ""
}

@test "an interrupted shrink tells what has given way so far" {
	need_cap
	setsid env --default-signal=INT "$RIG" shrink "${SMALL[@]}" --quiet --json --results "$RESULTS" --memory 64MiB --confirm 1 --set load.tab.clients=2 \
		>"$RESULTS/.said" 2>"$RESULTS/.error" 3>&- &
	# The first run crashes, the second with one client, the third is at it.
	until [ "$(ls "$RESULTS" | wc -l)" -ge 3 ]; do sleep 0.02; done
	kill -INT $!
	status=0
	wait $! || status=$?
	same "$status" 130
	same "$(jq -c '.shrink | [.complete, .steps[0]]' "$RESULTS/.said")" \
		'[false,{"key":"load.tab.clients","before":2,"after":1}]'
	grep -q interrupted "$RESULTS/.error"
}
