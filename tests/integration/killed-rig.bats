#!/usr/bin/env bats
# The rig itself killed at random moments: nothing is left that `oomrig clean` does not remove, and every record
# can be read.  SIGKILLS says how often (make sigkills: 100).

bats_require_minimum_version 1.5.0
load run.bash

setup() { setup_rig; }
# Groups of this test's own rigs are looked for by name below; other rigs may run beside it.
teardown() { rm -rf "$RESULTS"; }

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
		! ls "$folder" | grep -v -E '^(run\.json|samples\.csv|requests\.csv|app\.jsonl|server\.log|kernel\.log)$' || return 1
	done
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
