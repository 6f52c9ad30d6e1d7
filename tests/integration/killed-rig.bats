#!/usr/bin/env bats
# The rig itself killed at random moments: nothing is left that `oomrig clean` does not remove, and every record
# can be read.  SIGKILLS says how often (make sigkills: 100).

bats_require_minimum_version 1.5.0
load run.bash

setup() { setup_rig; }
# Groups of this test's own rigs are looked for by name below; other rigs may run beside it.
teardown() {
	"$RIG" clean --results "$RESULTS" >/dev/null 2>&1 || true
	rm -rf "$RESULTS"
}

# In turn: a quiet server, one that is killed, one with children, one with a database, one that is started again.
SCENARIOS=(tests/truth/page-cache.yaml tests/truth/killed-by-the-cap.yaml tests/truth/leak-in-worker.yaml
	scenarios/picoshare/three-uploads-all-fixes.yaml tests/truth/killed-when-read.yaml)

left_of() { # rig pid
	find /sys/fs/cgroup -maxdepth 2 -type d -name "oomrig-$1-*" 2>/dev/null
	ls -d "$RESULTS/.work/work-$1-"* 2>/dev/null
	return 0
}

# A zombie is dead; when it is reaped is its new parent's business.
lives() { # pid
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	[[ ${stat##*)} != " Z"* ]]
}

check_records() {
	local folder
	for folder in "$RESULTS"/2*/; do
		[ -d "$folder" ] || continue
		jq -e '.state != "running"' "$folder/run.json" >/dev/null || {
			echo "bad record in $folder: $(ls "$folder")"
			return 1
		}
		"$RIG" show "$folder" >/dev/null || { echo "cannot show $folder"; return 1; }
		same "$(find "$folder" -mindepth 1 -printf '%f\n' | grep -v -E '^(run\.json|samples\.csv|requests\.csv|app\.jsonl|server\.log|kernel\.log)$')" ""
	done
}

# Kills the rig in that phase; the words are options, and after -- the server.
kill_in() { # phase, options
	local phase=$1
	shift
	"$RIG" run tests/truth/killed-after-storing.yaml --quiet --results "$RESULTS" "$@" >/dev/null 2>&1 3>&- &
	rig_pid=$!
	for _ in $(seq 60); do
		jq -e --arg name "$phase" '.phases[-1].name == $name' "$RESULTS"/2*/run.json >/dev/null 2>&1 && break
		sleep 0.05
	done
	kill -9 "$rig_pid"
	wait "$rig_pid" || true
	same "$phase: $(jq -r '[.phases[] | select(.end_ns == null).name] | join(" ")' "$RESULTS"/2*/run.json)" "$phase: $phase"
	# Each begins where the one before has ended.
	jq -e '.phases | . as $all | all(range(1; length); $all[.].start_ns == $all[. - 1].end_ns)' "$RESULTS"/2*/run.json
	"$RIG" show last --results "$RESULTS" | grep -qE "^Phase +$phase; its end was not recorded"
	"$RIG" clean --results "$RESULTS" >/dev/null || true # groups of others may be in its way; ours are looked for
	same "$(left_of "$rig_pid")" ""
	check_records
	"$RIG" show last --results "$RESULTS" | grep -qE "^Phase +$phase; "
	rm -rf "$RESULTS"/2*
}

@test "SIGKILL to the rig: the record says in which phase it was" {
	need_cap
	fate="$ROOT/build/tests/truth/fate"
	service="--port {port} --data {data} --tmp {tmp}"
	kill_in start -- sleep 60
	kill_in baseline --set baseline=9s
	kill_in load --set load.1.up=100kB/s
	kill_in settle --set settle=9s -- sh -c "exec $fate steady $service"
	kill_in read-back --set load.1.read_back=true --set load.1.files=40 -- sh -c "exec $fate page-cache $service"
	kill_in aftermath -- sh -c "[ ! -e {tmp}/lived ] || exec sleep 60; touch {tmp}/lived; exec $fate killed-after-storing $service"
	kill_in stop -- sh -c "trap '' TERM; $fate steady $service & while :; do sleep 1; done"
}

@test "SIGKILL to the rig: what its server has started is found without a group too" {
	"$RIG" run tests/truth/steady.yaml --quiet --results "$RESULTS" --memory none --set isolation=none --set baseline=30s -- \
		sh -c "setsid sleep 300 & echo \$! >$RESULTS/child; exec $ROOT/build/tests/truth/fate steady --port {port} --data {data} --tmp {tmp}" \
		>/dev/null 2>&1 3>&- &
	rig_pid=$!
	for _ in $(seq 100); do
		jq -e '.phases[-1].name == "baseline"' "$RESULTS"/2*/run.json >/dev/null 2>&1 && break
		sleep 0.05
	done
	child=$(cat "$RESULTS/child")
	kill -9 "$rig_pid"
	wait "$rig_pid" || true
	lives "$child"
	"$RIG" clean --dry-run --results "$RESULTS" | grep -q "would kill server process $child"
	lives "$child"
	"$RIG" clean --results "$RESULTS" | grep -q "killed server process $child"
	run ! lives "$child"
	same "$(left_of "$rig_pid")" ""
}

@test "Ctrl-C after the verdict: group and data are taken away, and no further run begins" {
	need_cap
	# Taking 20000 files away lasts long enough to hit it.
	env --default-signal=INT "$RIG" run tests/truth/steady.yaml --runs 2 --quiet --results "$RESULTS" \
		--set server.ready.timeout=120s -- sh -c \
		"(cd {data} && seq 20000 | xargs touch); exec $ROOT/build/tests/truth/fate steady --port {port} --data {data} --tmp {tmp}" \
		>/dev/null 2>&1 3>&- &
	rig_pid=$!
	for _ in $(seq 24000); do # 120 s and more
		grep -qs '"state": "finished"' "$RESULTS"/2*/run.json && break
		sleep 0.005
	done
	[ -e "$RESULTS/.work" ] # it is still at it
	kill -INT "$rig_pid"
	wait "$rig_pid" && code=0 || code=$?
	same "$code" 130
	same "$(left_of "$rig_pid")" ""
	same "$(jq -r '[.state, .verdict.outcome, .facts.interrupted] | map(tostring) | join(" ")' "$RESULTS"/2*/run.json)" \
		"finished steady null"
}

@test "SIGKILL to the rig at random moments leaves nothing that clean does not remove, and no bad record" {
	need_cap
	RANDOM=${SEED:-1}
	for ((i = 0; i < ${SIGKILLS:-16}; i++)); do
		"$RIG" run "${SCENARIOS[i % ${#SCENARIOS[@]}]}" --quiet --results "$RESULTS" --set load.1.size=20MB >/dev/null 2>&1 3>&- &
		rig_pid=$!
		sleep "$(printf '%d.%03d' $((RANDOM % 3 == 0)) $((RANDOM % 1000)))"
		kill -9 "$rig_pid" 2>/dev/null || true # it may have ended by itself
		wait "$rig_pid" || true
		server=$(jq -r 'select(.state == "running") | .server_pid // empty' "$RESULTS"/2*/run.json 2>/dev/null | tail -1)
		"$RIG" clean --results "$RESULTS" >/dev/null || { echo "clean failed after kill $i"; return 1; }
		same "$(left_of "$rig_pid")" ""
		[ -z "$server" ] || ! lives "$server" || { echo "server $server lives on: $(cat "/proc/$server/stat")"; return 1; }
		check_records
		rm -rf "$RESULTS"/2*
	done
}
