#!/usr/bin/env bats
# Runs in every form: each is read by a reader of its own kind, and foreign text stays text in it.

bats_require_minimum_version 1.5.0
load run.bash

setup_file() { # one run that is as expected and one that is not, and the same with hostile text
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	RIG=$PWD/oomrig
	need_cap
	export RECORDS=$BATS_FILE_TMPDIR/records
	"$RIG" run tests/truth/steady.yaml --quiet --results "$RECORDS" >/dev/null
	"$RIG" run tests/truth/steady.yaml --quiet --expect grew/leak --results "$RECORDS" >/dev/null || [ $? -eq 1 ]
	local hostile first
	first=$RECORDS/$(ls "$RECORDS" | head -1)
	hostile=$'=cmd|x</script><b>`"\x27& \u001b[31m\u202e, : %0A\n::error::x'
	mkdir "$RECORDS/20200101-000000.000-hostile-0000"
	jq --arg text "$hostile" '.id = "20200101-000000.000-hostile-0000" | .scenario.name = $text | .label = $text
		| .scenario_place = ($text + ":7") | .verdict.as_expected = false | .verdict.evidence = [$text, $text]
		| .verdict.surprises = [$text]' "$first/run.json" >"$RECORDS/20200101-000000.000-hostile-0000/run.json"
}

setup() { setup_rig; }
teardown() { teardown_rig; }

form() { # FORMAT [OPTION...]
	"$RIG" show --format "$1" "${@:2}" --results "$RECORDS" 2020 --limit 1 >"$RESULTS/out"
}

all() { # FORMAT
	"$RIG" show --format "$1" --results "$RECORDS" >"$RESULTS/out"
}

@test "junit: XML that a parser takes, failures with their evidence" {
	all junit
	xmllint --noout "$RESULTS/out"
	same "$(xmllint --xpath 'string(/testsuites/@tests)' "$RESULTS/out") $(xmllint --xpath 'string(/testsuites/@failures)' "$RESULTS/out")" "3 2"
	same "$(xmllint --xpath 'count(//testsuite[@name="steady"]/testcase)' "$RESULTS/out")" 2
	xmllint --xpath 'string(//testsuite[@name="steady"]//failure/@message)' "$RESULTS/out" | grep -q 'steady, expected grew/leak'
	xmllint --xpath 'string(//testsuite[@name="steady"]//failure)' "$RESULTS/out" | grep -q 'within the noise'
	form junit
	same "$(xmllint --xpath 'count(//failure/*)' "$RESULTS/out")" 0
}

@test "csv: a reader finds as many cells in each line, and no formula" {
	all csv
	python3 - "$RESULTS/out" <<-'EOF'
		import csv, sys
		rows = list(csv.reader(open(sys.argv[1], newline="")))
		assert len(rows) == 4 and len({len(row) for row in rows}) == 1, [len(row) for row in rows]
		assert all(cell[:1] not in "=+-@" or cell == "" for row in rows for cell in row), "a formula"
		at = rows[0].index("peak_anon_bytes")
		assert int(rows[2][at]) > 0 and rows[1][rows[0].index("aftermath_lost")] == ""
	EOF
}

@test "openmetrics: as the format's grammar says" {
	all openmetrics
	[ "$(python3 tests/integration/open_metrics.py <"$RESULTS/out")" -gt 100 ]
	grep -qE '^oomrig_load_seconds\{run="[^"]+",scenario="steady",label=""\} 0\.[0-9]+ [0-9]+$' "$RESULTS/out"
	grep -q '^oomrig_as_expected{.*} 0 ' "$RESULTS/out"
	sed -i 's/# EOF//' "$RESULTS/out"
	run python3 tests/integration/open_metrics.py <"$RESULTS/out"
	[ "$status" -ne 0 ]
}

@test "github: annotations of one line each, with file and line; the step summary" {
	export GITHUB_STEP_SUMMARY=$RESULTS/summary
	echo before >"$GITHUB_STEP_SUMMARY"
	all github
	same "$(grep -vcE '^::(error|notice) ' "$RESULTS/out")" 0
	same "$(wc -l <"$RESULTS/out")" 2
	grep -qE '^::error file=[^,]*steady\.yaml,line=[0-9]+,title=steady::steady, expected grew/leak' "$RESULTS/out"
	grep -qF '%3A%3Aerror' "$RESULTS/out" || { cat "$RESULTS/out" && false; }
	head -1 "$GITHUB_STEP_SUMMARY" | grep -qx before
	grep -q '^| steady |' "$GITHUB_STEP_SUMMARY"
}

@test "markdown: the answer first, a table, details folded, within a comment" {
	all markdown
	same "$(head -1 "$RESULTS/out")" "2 of 3 runs **not as expected**."
	same "$(grep -c '^| ' "$RESULTS/out")" 3
	same "$(grep -c '<details>' "$RESULTS/out") $(grep -c '</details>' "$RESULTS/out")" "3 3"
	form markdown
	same "$(grep -c '</script>\|<b>' "$RESULTS/out")" 0
	local i
	for ((i = 0; i < 300; i++)); do
		cp -r "$RECORDS/20200101-000000.000-hostile-0000" "$RESULTS/20200101-000000.000-hostile-$i"
		sed -i "s/hostile-0000/hostile-$i/" "$RESULTS/20200101-000000.000-hostile-$i/run.json"
	done
	"$RIG" show --format markdown --results "$RESULTS" >"$RESULTS/.many"
	[ "$(wc -c <"$RESULTS/.many")" -lt 65536 ]
	grep -qE 'evidence of [0-9]+ more runs is left out' "$RESULTS/.many"
}

@test "html, json and a file that appears as a whole; names of formats are checked" {
	all html
	grep -q '<html' "$RESULTS/out"
	same "$(grep -c 'x</script><b>' "$RESULTS/out")" 0
	all json
	jq -e '.runs | length == 3' "$RESULTS/out" >/dev/null
	"$RIG" show --format junit -o "$RESULTS/file.xml" --results "$RECORDS" >"$RESULTS/out"
	same "$(cat "$RESULTS/out")" ""
	xmllint --noout "$RESULTS/file.xml"
	for format in html junit csv; do
		run bash -c "'$RIG' show --format $format --results '$RECORDS' >/dev/full"
		same "$status" 3
	done
	run "$RIG" show --format junitt --results "$RECORDS"
	same "$status" 2
	[[ $output == *"did you mean 'junit'?"* ]]
	run "$RIG" show --format junit -o "$RESULTS/none/file.xml" --results "$RECORDS"
	same "$status" 3
}

@test "run: a form for programs alone on standard output, or in a file beside what people see" {
	need_cap
	"$RIG" run tests/truth/steady.yaml --format junit --results "$RESULTS" >"$RESULTS/out" 2>/dev/null
	xmllint --noout "$RESULTS/out"
	"$RIG" run tests/truth/steady.yaml --format github -o "$RESULTS/said" --results "$RESULTS" >"$RESULTS/out" 2>/dev/null
	grep -q '^STEADY' "$RESULTS/out"
	same "$(cat "$RESULTS/said")" "::notice title=oomrig::1 run as expected"
	run "$RIG" run tests/truth/steady.yaml --format banana --results "$RESULTS/none"
	same "$status" 2
	[ ! -e "$RESULTS/none" ]
}

@test "latency and throughput are figures: budgets in units of time and rates" {
	need_cap
	local within over
	within='["upload_p90_ns < 1min", "upload_max_ns > 1us", "throughput_bytes_per_s > 1kB/s", "download_p90_ns absent"]'
	over='["upload_p90_ns < 1us", "throughput_bytes_per_s > 900GB/s"]'
	printf 'memory: 64MiB\nserver: {use: chunkserver}\nload: [{size: 1MB, files: 3}]\nexpect: [grew, steady]\nexpect_figures: %s\n' \
		"$within" >"$RESULTS/within.yaml"
	sed "s|^expect_figures.*|expect_figures: $over|" "$RESULTS/within.yaml" >"$RESULTS/over.yaml"
	"$RIG" run --quiet "$RESULTS/within.yaml" --results "$RESULTS/runs"
	run "$RIG" run --quiet "$RESULTS/over.yaml" --results "$RESULTS/runs"
	same "$status" 1
	output=$(tr -s '\n ' ' ' <<<"$output")
	[[ $output == *"upload_p90_ns < 1us"* && $output == *"throughput_bytes_per_s > 900GB/s"* ]]
	sed -i 's/upload_p90_ns < 1us/upload_p90_ns < banana/' "$RESULTS/over.yaml"
	run "$RIG" run --quiet "$RESULTS/over.yaml" --results "$RESULTS/runs"
	same "$status" 2
	[[ $output == *"over.yaml:5"* ]]
}

@test "list --figures: every figure of a record with its unit, as expect_figures takes it" {
	fits=$("$RIG" list --figures | wc -L)
	[ "$fits" -le 80 ]
	same "$("$RIG" list --figures --json | jq -r '.figures[] | select(.name == "load_ns") | .unit')" ns
	"$RIG" list --figures --markdown | grep -q '^| `peak_anon_bytes` | size (64MiB) | '
	same "$("$RIG" list --figures --json | jq -r '.figures[].name' | sort)" \
		"$(jq -r '.facts | keys[]' "$RECORDS"/2*steady*/run.json | sort -u | grep -vxE 'series|rounds|deaths|passes')"
	need_cap
	printf 'memory: 64MiB\nserver: {use: chunkserver}\nload: [{size: 1MB}]\nexpect: [grew, steady]\nexpect_figures: ["load_ns < 1ns", "peak_usage_bytes > 1KiB"]\n' >"$RESULTS/own.yaml"
	run "$RIG" run --quiet "$RESULTS/own.yaml" --results "$RESULTS/runs"
	same "$status" 1
	[[ $output == *load_ns* && $output != *"peak_usage_bytes was expected"* ]]
}
