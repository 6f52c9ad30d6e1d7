#!/usr/bin/env bats
# What people see: nothing wider than the terminal, the verdict where the eye is
# at the end, and the reason of a failed start at the top.

load run.bash

setup() { setup_rig; }
teardown() { teardown_rig; }

ANY=tests/scenarios/any.yaml
FAST=(scenarios/picoshare/one-small-upload.yaml --set load.tab.size=4MB --set baseline=50ms --set settle=50ms)
SMALL=("${FAST[@]}" --expect grew --expect steady)

# fits COLUMNS COMMAND...: no line of its output is wider, counted in characters.
fits() {
	local columns=$1 text
	shift
	text=$(LC_ALL=C.UTF-8 COLUMNS=$columns OOMRIG_RESULTS=$RESULTS "$RIG" "$@" 2>&1 </dev/null) || true
	[ -n "$text" ] || { echo "says nothing: $*" && return 1; }
	local wide
	wide=$(wider "$columns" <<<"$text")
	[ -z "$wide" ] || { echo "$*: ${wide//$'\n'/$'\n'"$*: "}" && return 1; }
}

# wider COLUMNS [FILE...]: the lines that are, counted in characters.
wider() {
	local columns=$1
	shift
	jq -rR --argjson most "$columns" 'select(length > $most) | "\(length) columns: \(.)"' "$@"
}

# page COLUMNS ARGUMENTS: one run as people see it, into $RESULTS/page.
page() {
	local columns=$1
	shift
	LC_ALL=C.UTF-8 COLUMNS=$columns OOMRIG_RESULTS=$RESULTS "$RIG" run --quiet "$@" >"$RESULTS/page" 2>&1 || true
}

last_record() { records | tail -1; }

records() { find "$RESULTS" -mindepth 1 -maxdepth 1 -name '2*' -printf '%f\n' | sort; }

# The end of a page: the verdict, and the folder of the record.
ends_with() {
	tail -3 "$RESULTS/page" | grep -q "^$1" || { cat "$RESULTS/page" && return 1; }
	tail -3 "$RESULTS/page" | tr -d '\n ' | grep -qF "$(last_record)" || { cat "$RESULTS/page" && return 1; }
}

crash() {
	page "$1" scenarios/picoshare/three-uploads-before-any-fix.yaml --memory 48MiB
}

@test "no help is wider than 80 columns" {
	local command bad=0
	fits 80 --help
	for command in $("$RIG" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
		fits 80 "$command" --help || bad=1
	done
	[ $bad -eq 0 ]
	# The tools share the table of options.
	same "$(server-under-test/chunkserver --help | wider 80)" ""
}

@test "no list is wider than the terminal" {
	local columns bad=0
	for columns in 80 60; do
		fits $columns list || bad=1
		fits $columns list --keys || bad=1
		fits $columns doctor || bad=1
		fits $columns show || bad=1
	done
	[ $bad -eq 0 ]
}

@test "a failed start: the exit status and the log's last lines stand in the first ten lines, without tables" {
	need_cap
	page 80 $ANY -- sh -c 'echo "unknown preset '\''all-fixs'\''" >&2; exit 2'
	head -10 "$RESULTS/page" | grep -q 'exit status 2'
	head -10 "$RESULTS/page" | grep -q "| unknown preset 'all-fixs'"
	head -10 "$RESULTS/page" | tr -d '\n ' | grep -q 'server\.log'
	same "$(grep -E '^(Memory|Requests|Processes|The last second)' "$RESULTS/page")" ""
	ends_with INVALID
	page 80 $ANY -- sh -c 'kill -SEGV $$'
	head -10 "$RESULTS/page" | grep -q 'signal 11'
	head -10 "$RESULTS/page" | grep -q 'wrote nothing'
	page 80 $ANY -- sh -c 'printf "\033]0;owned\007\n"; printf "no\0end"; exit 3'
	head -10 "$RESULTS/page" | grep -qF '\x1b]0;owned\x07'
	head -10 "$RESULTS/page" | grep -q 'end'
	same "$(grep $'\033' "$RESULTS/page")" ""
	COLUMNS=60 OOMRIG_RESULTS=$RESULTS "$RIG" show last | head -10 | grep -qF '\x1b]0;owned\x07'
}

@test "a server that never becomes ready, and one that refuses its log-in, are quoted" {
	need_cap
	page 80 scenarios/picoshare/one-small-upload.yaml --set server.ready.path=/nosuch --set server.ready.timeout=6s
	head -14 "$RESULTS/page" | tr -s '\n ' ' ' | grep -q 'it answers 404: {"error"'
	ends_with INVALID
	page 80 scenarios/picoshare/one-small-upload.yaml --set server.login.path=/nosuch
	head -14 "$RESULTS/page" | tr -s '\n ' ' ' | grep -q 'the login was refused: it answered 404: {"error"'
	page 80 scenarios/picoshare/one-small-upload.yaml --set server.upload.path=/nosuch --set load.tab.size=1MB
	head -14 "$RESULTS/page" | tr -s '\n ' ' ' | grep -q 'answered 404: {"error"'
	same "$(grep -E '^(Memory|Processes)' "$RESULTS/page")" ""
}

@test "a link in the place of a record's log is not followed" {
	need_cap
	page 80 $ANY -- sh -c 'echo before; exit 2'
	ln -sf /etc/passwd "$RESULTS/$(last_record)/server.log"
	OOMRIG_RESULTS=$RESULTS "$RIG" show last >"$RESULTS/page"
	same "$(grep root: "$RESULTS/page")" ""
	rm "$RESULTS/$(last_record)/server.log"
	mkfifo "$RESULTS/$(last_record)/server.log"
	OOMRIG_RESULTS=$RESULTS timeout 20 "$RIG" show last >"$RESULTS/page"
	grep -q INVALID "$RESULTS/page"
}

@test "a crash on one terminal page, its verdict and record last; the tables with --verbose and show" {
	need_cap
	crash 80
	[ "$(wc -l <"$RESULTS/page")" -le 30 ]
	ends_with CRASHED
	same "$(grep 'The last second' "$RESULTS/page")" ""
	OOMRIG_RESULTS=$RESULTS "$RIG" show last >"$RESULTS/page"
	grep -q 'The last second' "$RESULTS/page"
	ends_with CRASHED
	page 80 scenarios/picoshare/three-uploads-before-any-fix.yaml --memory 48MiB --verbose
	grep -q 'The last second' "$RESULTS/page"
}

@test "stored runs and their figures fit 80 and 60 columns: a table is split by columns, an id is whole" {
	need_cap
	crash 80
	page 80 "${SMALL[@]}" --label one --runs 2
	page 80 "${SMALL[@]}" --label other --runs 2
	page 80 $ANY -- false
	local columns run runs bad=0
	mapfile -t runs < <(records)
	for columns in 80 60; do
		for run in "${runs[@]}"; do
			fits $columns show "$run" || bad=1
			fits $columns show "$run" --plot || bad=1
		done
		fits $columns show || bad=1
		fits $columns show "${runs[@]}" || bad=1
		fits $columns judge || bad=1
		fits $columns judge --evidence || bad=1
		fits $columns log || bad=1
		fits $columns compare one other || bad=1
	done
	[ $bad -eq 0 ]
	for run in "${runs[@]}"; do
		COLUMNS=60 OOMRIG_RESULTS=$RESULTS "$RIG" show | grep -qF "$run"
	done
	# Each label stands above each part of a split table.
	run=$(records | grep three)
	[ "$(COLUMNS=40 OOMRIG_RESULTS=$RESULTS "$RIG" show "$run" | grep -c '^  unreclaimable  ')" -ge 2 ]
}

@test "several runs: a line each as they end, the table, and those not as expected by name; repeats tell what is left" {
	need_cap
	LC_ALL=C.UTF-8 OOMRIG_RESULTS=$RESULTS "$RIG" run "${SMALL[@]}" --runs 3 >"$RESULTS/page" 2>"$RESULTS/progress" || true
	[ "$(grep -c 'run [123]/3' "$RESULTS/page")" -eq 3 ]
	grep -q 'All 3 runs as expected' "$RESULTS/page"
	same "$(wider 80 "$RESULTS/page" "$RESULTS/progress")" ""
	# Nothing is said before a run was measured.
	same "$(grep 'run 1/3' "$RESULTS/progress" | grep ' left')" ""
	tr -s '\n ' ' ' <"$RESULTS/progress" | grep -qE 'run 2/3 cap 256 MiB (up to )?about [0-9-]+ (s|min) left'
	LC_ALL=C.UTF-8 OOMRIG_RESULTS=$RESULTS "$RIG" run $ANY $ANY --quiet >"$RESULTS/page" 2>&1 || true
	grep -q '2 of 2 runs not as expected' "$RESULTS/page"
	tail -4 "$RESULTS/page" | grep -q 'invalid/start'
	tail -2 "$RESULTS/page" | grep -qF "$(last_record)"
}

@test "a floor, as it is searched for, fits and says how long it may take" {
	need_cap
	LC_ALL=C.UTF-8 OOMRIG_RESULTS=$RESULTS "$RIG" floor "${FAST[@]}" --budget 4 >"$RESULTS/page" 2>"$RESULTS/progress" || true
	same "$(wider 80 "$RESULTS/page" "$RESULTS/progress")" ""
	tr -s '\n ' ' ' <"$RESULTS/progress" | grep -qE 'up to about [0-9]+ (s|min) left'
}

@test "selftest: what it says of each run and of all fits" {
	need_cap
	mkdir "$RESULTS/corpus" && cp -r tests/truth/servers "$RESULTS/corpus/"
	sed 's/^expect:.*/expect: grew\/leak/' tests/truth/steady.yaml >"$RESULTS/corpus/steady.yaml"
	LC_ALL=C.UTF-8 "$RIG" selftest --results "$RESULTS" --corpus "$RESULTS/corpus" >"$RESULTS/page" 2>&1 || true
	grep -q 'WRONG  steady' "$RESULTS/page"
	same "$(wider 80 "$RESULTS/page")" ""
}

@test "an upload that is refused before all of it was sent: the words of the answer, not the broken connection" {
	need_cap
	cat >"$RESULTS/own.yaml" <<-EOF
		memory: 64MiB
		baseline: 50ms
		settle: 50ms
		server:
		  command: [/usr/bin/python3, $PWD/tests/real/servers/uploads.py, stream, "{port}"]
		  ready: {by: http, path: /, timeout: 30s}
		  upload: {method: POST, path: /upload, field: file}
		load:
		  - {name: tabs, kind: upload, clients: 2, size: 40MB}
	EOF
	page 80 "$RESULTS/own.yaml"
	grep -q '^INVALID  load' "$RESULTS/page"
	tr -s '\n ' ' ' <"$RESULTS/page" | grep -qF "answered 501: Error response" || { cat "$RESULTS/page" && false; }
	tr -s '\n ' ' ' <"$RESULTS/page" | grep -qF "Unsupported method ('POST')"
	same "$(grep -c '<' "$RESULTS/page")" 0
}

@test "a file beside the scenario, where the server does not start, is warned of before the run" {
	need_cap
	cp tests/real/servers/uploads.py "$RESULTS"
	printf 'memory: 64MiB\nserver:\n  command: [/usr/bin/python3, uploads.py, stream, "{port}"]\n  ready: {by: http, path: /}\n  upload: {path: /x}\n%s\n' \
		'load: [{size: 1MB}]' >"$RESULTS/own.yaml"
	OOMRIG_RESULTS=$RESULTS run "$RIG" run --quiet "$RESULTS/own.yaml"
	same "$status" 3
	[[ $output == *"own.yaml:3: 'server.command': 'uploads.py' is beside the scenario"*"'{scenario_dir}/uploads.py'"* ]]
	sed -i 's|uploads.py, stream|"{scenario_dir}/uploads.py", stream|' "$RESULTS/own.yaml"
	OOMRIG_RESULTS=$RESULTS run "$RIG" run --quiet "$RESULTS/own.yaml"
	[[ $output != *"is beside"* ]]
}

@test "a message is one line for a program, and broken between words for a terminal" {
	local name=a-scenario-whose-name-is-so-long-that-no-line-of-a-terminal-can-hold-what-is-said-of-it
	printf 'memory: 64MiB\nmemroy: 1\n' >"$RESULTS/$name.yaml"
	(unset COLUMNS && cd "$RESULTS" && script -qec "stty cols 80; $RIG run $name.yaml" /dev/null) | tr -d '\r' >"$RESULTS/page"
	same "$(wider 80 "$RESULTS/page")" ""
	same "$(wc -l <"$RESULTS/page")" 3
	run bash -c "cd $RESULTS && $RIG run $name.yaml"
	same "$status" 2
	same "${#lines[@]}" 1
}
