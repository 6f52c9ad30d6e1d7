#!/usr/bin/env bats
# What a hostile server says, and what a scenario holds that is secret: nothing of it reaches a terminal or a file as
# it came.

bats_require_minimum_version 1.5.0
load run.bash

setup() {
	setup_rig
	SERVER=$ROOT/build/tests/integration/foreign_server
	[ -x "$SERVER" ] || skip "$SERVER is not built (make build-tests)"
	need_cap
	SCENARIOS=$(mktemp -d "$ROOT/build/foreign.XXXXXX")
	scenario >"$SCENARIOS/odd.yaml"
}
teardown() {
	rm -rf "$SCENARIOS"
	teardown_rig
}

# A cap too small for it when it has to hold what it is sent is not the point: it stores nothing.
scenario() {
	cat <<-'YAML'
		name: "odd\e[2J\x9b31m\u202e|name"
		question: "does \e]0;owned\a it\u009b show?"
		expect: [steady, grew, crashed]
		memory: 64MiB
		baseline: 100ms
		settle: 100ms
		deadline: 30s
		secret: [X-Tenant, PLAIN_SEED]
		server:
		  command: [server, "{port}", "--api-token=word-t0ken", "--password", "flag-passw0rd", "https://u:url-passw0rd@h/"]
		  env: {DB_PASSWORD: "env-passw0rd", PLAIN_SEED: "env-s33d", OTHER: "seen"}
		  files: {"{tmp}/private.key": "key-c0ntents\n"}
		  ready: {by: tcp}
		  login: {path: "/login?sig=query-s1g", form: {user: eve, password: "form passw0rd&"}, headers: {X-Tenant: "tenant-0ne"}}
		  upload:
		    method: PUT
		    path: "/{name}"
		    body: raw
		    id_json: /id
		    headers: {Authorization: "Bearer head-t0ken", Cookie: "sid=head-c00kie; theme=dark"}
		  health: {path: /healthz}
		  debug: {path: /figures}
		load:
		  - {name: "up\e[2J\u202e", kind: upload, clients: 2, files: 4, size: 20kB}
	YAML
}

SECRETS="word-t0ken flag-passw0rd url-passw0rd env-passw0rd env-s33d key-c0ntents query-s1g form.passw0rd tenant-0ne
	head-t0ken head-c00kie given-by-login note-t0ken typed-passw0rd"

odd_run() {
	sed -i "s|command: \[server|command: [\"$SERVER\"|" "$SCENARIOS/odd.yaml"
	run --separate-stderr "$RIG" run --results "$RESULTS" --label $'la\e[2J\xc2\x9b\nbel' --note $'a note\e[2J token=note-t0ken' \
		--set server.env.SECOND_PASSWORD=typed-passw0rd "$SCENARIOS/odd.yaml"
	[ -n "$(ls "$RESULTS")" ] || { echo "$stderr"; return 1; }
}

# Control characters (but line breaks), C1 controls, marks of direction and bytes that are not UTF-8.
clean() {
	if LC_ALL=C grep -naP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa0-\xaf]' "$1" | cat -v | head -5 | grep .; then
		echo "in $2"
		return 1
	fi
	iconv -f UTF-8 -t UTF-8 "$1" >/dev/null || {
		echo "not UTF-8: $2"
		return 1
	}
}

@test "foreign text: no control character of a hostile server comes out of any command" {
	odd_run
	id=$(basename "$(ls -d "$RESULTS"/2*)")
	printf '%s\n' "$output" >"$SCENARIOS/out" && clean "$SCENARIOS/out" "run, standard output"
	printf '%s\n' "$stderr" >"$SCENARIOS/out" && clean "$SCENARIOS/out" "run, standard error"
	for words in "show last" "show" "show --json last" "show --plot last" "log" "log --json" "judge" "judge --evidence" \
		"judge --json" "compare last last" "compare --json last last" "compare --format markdown last last" "show nothing"; do
		"$RIG" $words --results "$RESULTS" >"$SCENARIOS/out" 2>&1 || true
		[ -s "$SCENARIOS/out" ]
		clean "$SCENARIOS/out" "$words"
	done
	for file in run.json requests.csv app.jsonl samples.csv; do clean "$RESULTS/$id/$file" "$file"; done
}

@test "foreign text: requests.csv has a row for each request, run.json and app.jsonl are JSON" {
	odd_run
	folder=$(ls -d "$RESULTS"/2*)
	same "$(wc -l <"$folder/requests.csv")" 9
	columns=$(head -1 "$folder/requests.csv" | tr -cd , | wc -c)
	same "$(sed 's/"\([^"]\|""\)*"/quoted/g' "$folder/requests.csv" | tr -cd ',\n' | sort -u | wc -L)" "$columns"
	same "$(sed 's/"\([^"]\|""\)*"/quoted/g' "$folder/requests.csv" | tr -cd ',\n' | sort -u | wc -l)" 1
	jq -e . "$folder/run.json" >/dev/null
	jq -e '.figures' "$folder/app.jsonl" >/dev/null
	same "$(jq -r .scenario.name "$folder/run.json")" 'odd\x1b[2J\u009b31m\u202e|name'
	jq -r .facts.server_log_alloc "$folder/run.json" | grep -F '\x1b]0;owned\x07\x1b[2J\u009b31m\x9b31m\u202e\u2066\u200b\xff\xc0\xaf\r\x08\x7f out of memory'
	jq -r .facts.first_failure "$folder/run.json" | grep -F '\x1b[2J'
}

@test "foreign text: a hostile scenario is listed, refused and reported without its control characters" {
	printf 'name: x\n"k\\e[2J\\u202e": 1\n' >"$SCENARIOS/bad.yaml"
	"$RIG" run --results "$RESULTS" "$SCENARIOS/bad.yaml" >"$SCENARIOS/out" 2>&1 && return 1
	clean "$SCENARIOS/out" "an unknown key"
	"$RIG" run --results "$RESULTS" --set $'memory=\e[2J\xff' "$SCENARIOS/odd.yaml" >"$SCENARIOS/out" 2>&1 && return 1
	clean "$SCENARIOS/out" "a wrong value"
	mkdir "$RESULTS/"$'2\e[2J\nno' && echo '{"schema":1,"id":"\u001b[2J","state":"\u009b"}' >"$RESULTS/"$'2\e[2J\nno/run.json'
	for words in show log judge "judge --json" "show 2" "clean --dry-run"; do
		"$RIG" $words --results "$RESULTS" >"$SCENARIOS/out" 2>&1 || true
		clean "$SCENARIOS/out" "$words"
	done
}

@test "secrets: those of a scenario and of its log-in are in no file of a run and on no terminal" {
	odd_run
	printf '%s\n%s\n' "$output" "$stderr" >"$RESULTS/terminal"
	for words in "show last" "show --json last" "show --plot last" log judge; do
		"$RIG" $words --results "$RESULTS" >>"$RESULTS/terminal" 2>&1 || true
	done
	for secret in $SECRETS; do
		! grep -rn "$secret" "$RESULTS" | cut -c1-300 | grep . || return 1
	done
	record=$(ls "$RESULTS"/2*/run.json)
	same "$(jq -r .scenario.server.env.DB_PASSWORD "$record")" '***'
	same "$(jq -r .scenario.server.env.OTHER "$record")" seen
	same "$(jq -r .scenario.server.env.PLAIN_SEED "$record")" '***'
	# The server itself was given them: it has answered the log-in and repeated them.
	grep -q 'password \*\*\*' "$(dirname "$record")/server.log"
	grep -qi 'authorization: \*\*\*' "$(dirname "$record")/server.log"
	"$RIG" run --results "$RESULTS" --set server.env.X_TOKEN=typed-w0rd --set server.env.X_TOKEN.no=typed-w0rd --set memry=1 \
		"$SCENARIOS/odd.yaml" >"$SCENARIOS/out" 2>&1 && return 1
	! grep typed-w0rd "$SCENARIOS/out"
}

@test "a log of 400 MB: the rig stays small, the file is bounded, the record says what was left out" {
	sed -i 's|"--api-token=word-t0ken"|log, "400000000", "--api-token=word-t0ken"|; s|  ready: .*|  ready: {by: tcp, timeout: 10m}|' "$SCENARIOS/odd.yaml"
	sed -i "s|command: \[server|command: [\"$SERVER\"|" "$SCENARIOS/odd.yaml"
	/usr/bin/env bash -c 'exec "$@"' _ "$RIG" run --quiet --results "$RESULTS" "$SCENARIOS/odd.yaml" >"$SCENARIOS/out" 2>&1 &
	rig=$!
	peak=0
	while now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$rig/status" 2>/dev/null) && [ -n "$now" ]; do
		peak=$now
		sleep 0.05
	done
	wait "$rig" || true
	record=$(ls "$RESULTS"/2*/run.json)
	echo "peak $peak kB"
	[ "$peak" -gt 0 ] && [ "$peak" -lt 100000 ]
	[ "$(jq .printed.log_bytes "$record")" -gt 399000000 ]
	dropped=$(jq .printed.log_dropped_bytes "$record")
	size=$(stat -c %s "$(dirname "$record")/server.log")
	[ "$size" -lt $((70 << 20)) ]
	grep -aq "oomrig: $dropped bytes of its log are left out here" "$(dirname "$record")/server.log"
	jq -r .facts.server_log_alloc "$record" | grep -F 'out of memory'
}
