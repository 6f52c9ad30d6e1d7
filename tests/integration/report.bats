#!/usr/bin/env bats
# The report as one page: complete in itself, whatever the record holds.  How it looks is tested in a browser (make test-page).

bats_require_minimum_version 1.5.0
load run.bash

setup() {
	setup_rig
	need_cap
	PAGE=$RESULTS/../page-$$.html
}
teardown() {
	rm -f "$PAGE"
	teardown_rig
}

# Not as expected under another cap: exit status 1.
death() {
	"$RIG" run --quiet --results "$RESULTS" "$@" scenarios/picoshare/three-uploads-before-any-fix.yaml >/dev/null || [ $? -eq 1 ]
}

sound() {
	run python3 tests/integration/page_parser.py "$PAGE"
	[ "$status" -eq 0 ] || { echo "$output"; return 1; }
	[ "$(stat -c %s "$PAGE")" -lt 5000000 ]
}

words() { python3 tests/integration/page_parser.py "$PAGE" --text >"$RESULTS/words.txt"; }

@test "a run becomes a page with verdict, charts, death, licence and the line that makes it again" {
	death
	"$RIG" report last --results "$RESULTS" -o "$PAGE"
	sound
	words
	for part in "crashed/oom-kill" "oom_kill counter rose" "The last second before death" "Requests in flight" \
		"three angles" "Processes, biggest first" "printed by the kernel" "Host and versions" "oomrig run --quiet" \
		"Permission is hereby granted" "(All|Of) [0-9]+ samples"; do
		grep -qE -- "$part" "$RESULTS/words.txt" || { echo "not there: $part"; return 1; }
	done
	# The same on standard output.
	"$RIG" report last --results "$RESULTS" | cmp - "$PAGE"
}

@test "what the host held for the server's machine is the fourth angle, where there is one" {
	death
	"$RIG" report last --results "$RESULTS" -o "$PAGE"
	words
	run -1 grep -F 'The host held' "$RESULTS/words.txt"
	awk -F, -v OFS=, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "host_bytes") host = i } NR > 1 { $host = 314572800 } 1' \
		"$RESULTS"/2*/samples.csv >"$RESULTS/new"
	mv "$RESULTS/new" "$RESULTS"/2*/samples.csv
	"$RIG" report last --results "$RESULTS" -o "$PAGE"
	sound
	words
	tr '\n' ' ' <"$RESULTS/words.txt" | grep -qE 'The host held 300 MiB for the machine'
	grep -q ',307200\]' "$PAGE"
}

@test "foreign text stays text: markup, ANSI, NUL, right-to-left marks" {
	death
	local folder
	folder=$(ls -d "$RESULTS"/2*)
	printf '</pre></script><script>alert(1)</script>\x1b[2J\0\xe2\x80\xae<img src=http://x/ onerror=alert(2)>\xff\n' >>"$folder/server.log"
	jq '.scenario.name = "</script><script>alert(3)</script>" | .scenario.question = "\u001b[31m\u202e\"&lt;" | .label = "\u0027\"><b onclick=x>"
		| .phases[0].name = "</script><!--" | .verdict.evidence[0] = "<!-- \u0001 ]]>"' "$folder/run.json" >"$folder/new" || return 1
	mv "$folder/new" "$folder/run.json"
	"$RIG" report "$folder" --results "$RESULTS" -o "$PAGE"
	sound
	words
	grep -qF '</script><script>alert(3)</script>' "$RESULTS/words.txt"
	grep -qF '</pre></script><script>alert(1)</script>\x1b[2J\x00\u202e<img src=http://x/ onerror=alert(2)>\xff' "$RESULTS/words.txt"
	# The same among many.
	death
	"$RIG" report "$RESULTS/" --results "$RESULTS" -o "$PAGE"
	sound
}

@test "runs become a matrix; two sides are compared, caps become a curve" {
	death --runs 2 --label first
	death --runs 2 --label second
	death --label first --memory 1GiB
	death --label first --memory 400MiB
	"$RIG" report first second --results "$RESULTS" -o "$PAGE"
	sound
	words
	for part in "first" "second" "crashed/oom-kill" "95 % interval" "Floor: first" "Evidence: second"; do
		grep -qF -- "$part" "$RESULTS/words.txt" || { echo "not there: $part"; return 1; }
	done
	"$RIG" report "$RESULTS/" --by memory --results "$RESULTS" -o "$PAGE"
	sound
	words
	# Caps by their size, though the largest came before the middle one.
	tr '\n' ' ' <"$RESULTS/words.txt" | grep -qE '256 MiB, 400 MiB, 1 GiB'
	run -1 grep -F '<br>' "$RESULTS/words.txt"
}

@test "a day of samples becomes a small page in flat memory, with its highest sample" {
	[ -x build/docs/bench/long_record ] || skip "build/docs/bench/long_record is not built (make build-tests)"
	death
	local folder
	folder=$(ls -d "$RESULTS"/2*)
	build/docs/bench/long_record "$folder" 2
	# As little memory as a record of two hours (126 MB) could never fit in.
	(ulimit -v 100000 && "$RIG" report last --results "$RESULTS" -o "$PAGE")
	sound
	[ "$(stat -c %s "$PAGE")" -lt 3000000 ]
	words
	grep -qE 'Of 720000 samples the page holds, of each [0-9]+ in a row' "$RESULTS/words.txt"
	# 222298112 bytes, once in 720,000 samples.
	grep -q ',217088,' "$PAGE"
}

@test "what cannot be reported is said, and no half of a page is left" {
	run -2 "$RIG" report --results "$RESULTS"
	[[ $output == *"of which runs"* ]]
	run -2 "$RIG" report nothing-like-it --results "$RESULTS" -o "$PAGE"
	[ ! -e "$PAGE" ]
	death
	run -3 "$RIG" report last --results "$RESULTS" -o "$RESULTS/no/such/folder/page.html"
	[[ $output == *"cannot write"* ]]
	run -3 bash -c "'$RIG' report last --results '$RESULTS' >/dev/full"
	[[ $output == *"cannot write"* ]]
}
