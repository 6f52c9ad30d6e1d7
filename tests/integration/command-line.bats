#!/usr/bin/env bats
# What is typed: short options, words in the place of a command, scenarios from
# standard input, JSON of every command, and errors that name what was typed.

bats_require_minimum_version 1.5.0
load run.bash

setup() { setup_rig; }
teardown() { teardown_rig; }

@test "flags of one letter stand together, -h among them" {
	"$RIG" list -kj >/dev/null
	run "$RIG" run -qjh
	[ "$status" -eq 0 ]
	[[ $output == "Usage: oomrig run "* ]]
	run "$RIG" run -qjZ
	[ "$status" -eq 2 ]
	[[ $output == *"unknown option '-Z'"* ]]
}

@test "the version and the help answer to every usual word" {
	local words
	# shellcheck disable=SC2086 # two words
	for words in --version -V version; do [[ $("$RIG" $words) == "oomrig "* ]]; done
	# shellcheck disable=SC2086 # two words
	for words in help --help -h "help help" "help --help"; do [[ $("$RIG" $words) == "Usage: oomrig COMMAND"* ]]; done
}

@test "an error names the option that was typed" {
	local typed
	# shellcheck disable=SC2086 # an option and its value
	for typed in "--memory banana" "--memory=" "--expect banana" "--expect crashed/bananas" "--set memory=banana"; do
		run "$RIG" run picoshare/one-small-upload $typed
		[ "$status" -eq 2 ]
		[[ $output == *"error: ${typed%%[= ]*}"* ]]
	done
	run "$RIG" floor picoshare/one-small-upload --precision much
	[[ $output == *"error: --precision"* ]]
	run "$RIG" shrink picoshare/one-small-upload --memory=much
	[[ $output == *"error: --memory"* ]]
}

@test "a scenario comes from standard input, and paths in it begin in the working folder" {
	need_cap
	printf 'expect: [steady, grew]\nmemory: 64MiB\nserver: {use: chunkserver}\nload: [{size: 1MB}]\n' >"$RESULTS/own"
	rig - <"$RESULTS/own"
	[ "$status" -eq 0 ]
	same "$(field '.runs[0].scenario | if type == "object" then .name else . end')" standard-input
	run "$RIG" run - <<<'memroy: 64MiB'
	[ "$status" -eq 2 ]
	[[ $output == *"standard-input:1"*"did you mean 'memory'?"* ]]
}

@test "a name without its ending finds NAME.yml too" {
	mkdir "$RESULTS/folder"
	printf 'memory: banana\n' >"$RESULTS/folder/own.yml"
	run "$RIG" run "$RESULTS/folder"
	[[ $output == *"folder/own.yml:1"* ]]
	run "$RIG" run "${RESULTS#"$ROOT"/}/folder/own"
	[[ $output == *"folder/own.yml:1"* ]]
}

@test "clean and selftest report as JSON too" {
	need_cap
	run --separate-stderr "$RIG" clean --json --results "$RESULTS"
	[ "$status" -eq 0 ]
	same "$(field '.done | length')" 0
	run --separate-stderr "$RIG" selftest steady -j --results "$RESULTS"
	[ "$status" -eq 0 ]
	same "$(field '[.runs, .wrong, (.cases | length), .cases[0].right] | @csv')" 1,0,1,1
}

@test "the five commands that read stored runs take the same words and options" {
	need_cap
	local id word command
	"$RIG" run "tests/scenarios/any.yaml" --quiet --label mine --results "$RESULTS" >/dev/null 2>&1 || true
	"$RIG" run "tests/scenarios/any.yaml" --quiet --label other --results "$RESULTS" >/dev/null 2>&1 || true
	id=$(ls "$RESULTS" | head -1)
	local words=("$id" "${id: -4}" mine label:mine any scenario:any "$RESULTS/$id" last)
	for word in "${words[@]}"; do
		for command in show judge log "report -o $RESULTS/page.html"; do
			# shellcheck disable=SC2086 # a command and its options
			"$RIG" $command "$word" --scenario any --since 2h --limit 1 --results "$RESULTS" >"$RESULTS/said" 2>&1 ||
				{ echo "$command $word: $(cat "$RESULTS/said")" && return 1; }
		done
		[ "$word" = last ] || [ "$word" = any ] || [ "$word" = scenario:any ] || {
			run "$RIG" compare "$word" other --scenario any --since 2h --limit 1 --results "$RESULTS"
			[[ $status -ne 2 && $status -ne 3 ]] || [[ $output == *judged* ]] || { echo "compare $word: $status $output" && return 1; }
		}
	done
	for command in show judge log report "compare other"; do
		# shellcheck disable=SC2086 # as above
		run "$RIG" $command mien --results "$RESULTS"
		same "$status" 2
		[[ $output == *"'mien' is no label"*"did you mean 'mine'?"* ]]
		# shellcheck disable=SC2086
		run "$RIG" $command last --since yesterday --results "$RESULTS"
		[[ $output == *"--since: 'yesterday' is no time"* ]]
	done
	run "$RIG" compare mine any --results "$RESULTS"
	same "$status" 2
	[[ $output == *"is on both sides, of 'mine' and of 'any'"* ]]
}
