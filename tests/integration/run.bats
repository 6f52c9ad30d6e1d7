#!/usr/bin/env bats
# The whole program on real groups, servers and kills: verdicts, records, what is left behind.

bats_require_minimum_version 1.5.0
load run.bash

setup() { setup_rig; }
teardown() { teardown_rig; }

@test "the golden pair: the same three uploads kill one build and fill the page cache of the other" {
	need_cap
	rig scenarios/picoshare/three-uploads-before-any-fix.yaml scenarios/picoshare/three-uploads-all-fixes.yaml
	same "$(field '[.runs[] | .outcome + "/" + .cause] | join(" ")')" "crashed/oom-kill grew/page-cache"
	same "$status" 0
	same "$(field '.schema')" 1
	same "$(field '[.runs[].as_expected] | all')" true
	same "$(field '.runs[0].memory_bytes')" 268435456
	same "$(field '.runs[1].requests.ok')" 3
	same "$(field '.runs[1].requests.verified_bytes')" 1854000000
	same "$(field '.runs[1].requests.corrupt')" 0
	# Half of the cap at least was anon when it died, and hardly any in the other.
	same "$(field '.runs[0].peak.anon_bytes > 134217728')" true
	same "$(field '.runs[1].peak.anon_bytes < 33554432')" true
	field '.runs[0].evidence[]' | grep -q 'oom_kill counter rose from 0 to 1'
}

@test "a run leaves a complete record" {
	need_cap
	rig scenarios/picoshare/three-uploads-all-fixes.yaml --set load.tabs.size=20MB --set settle=200ms --label mine
	folder=$(echo "$RESULTS"/*/)
	for file in run.json samples.csv requests.csv server.log; do
		[ -s "$folder/$file" ] || { echo "no $file"; return 1; }
	done
	same "$(record .schema)" 1
	same "$(record .state)" finished
	same "$(record .label)" mine
	same "$(record '.scenario.load[0].size[0] // .scenario.load[0].size')" 20000000
	same "$(record '.isolation.backend')" \
		"$("$RIG" doctor --json | jq -r '[.checks[] | select((.name | startswith("cgroup-v")) and .level == "ok").name][0]')"
	same "$(record '.isolation.memory_bytes')" 268435456
	same "$(record '[.phases[].name] | join(" ")')" "start prepare baseline load settle read-back squeeze stop"
	same "$(record '.host.kernel != null and .host.libraries != null')" true
	# A row per request: 3 uploads, 3 read back, every one verified.
	same "$(grep -c ',yes,' "$folder/requests.csv")" 3
	same "$(tail -n +2 "$folder/requests.csv" | wc -l)" 6
	# Every row of the samples has as many cells as the header.
	same "$(awk -F, '{ print NF }' "$folder/samples.csv" | sort -u | wc -l)" 1
	[ ! -e "$RESULTS/.work" ] || same "$(ls "$RESULTS/.work")" ""
}

@test "with nothing but JSON on standard output, and progress on standard error" {
	need_cap
	"$RIG" run scenarios/picoshare/three-uploads-all-fixes.yaml --set load.tabs.size=5MB --set settle=200ms --json \
		--results "$RESULTS" >"$RESULTS/out" 2>"$RESULTS/err"
	jq -e . "$RESULTS/out" >/dev/null
	grep -q 'load' "$RESULTS/err"
}

@test "repeats are run as often as asked" {
	need_cap
	rig scenarios/picoshare/three-uploads-all-fixes.yaml --set load.tabs.size=2MB --set settle=100ms \
		--expect grew --expect steady --runs 3
	same "$(field '.runs | length')" 3
	same "$status" 0
}

@test "a verdict that is not expected ends with 1" {
	need_cap
	rig scenarios/picoshare/three-uploads-before-any-fix.yaml --expect grew
	same "$(verdict)" crashed/oom-kill
	same "$(field '.runs[0].as_expected')" false
	same "$status" 1
}

@test "the same load without a cap does not crash, and its anon shows what it wanted" {
	need_cap
	rig scenarios/picoshare/three-uploads-before-any-fix.yaml --memory none --expect grew \
		--set load.tabs.size=100MB --set settle=100ms
	same "$(field '.runs[0].outcome')" grew
	same "$(field '.runs[0].memory_bytes')" null
	same "$(field '.runs[0].peak.anon_bytes > 268435456')" true
}

@test "P2: temporary files in a RAM disk are shmem and kill" {
	need_cap
	rig scenarios/dead-ends/tmp-is-a-ram-disk.yaml
	same "$(verdict)" crashed/oom-kill
	same "$(record '.facts.death_shmem_bytes > .facts.death_anon_bytes')" true
	same "$status" 0
}

@test "P7: an acknowledged upload that reads back wrong is loud" {
	need_cap
	rig scenarios/picoshare/purge-during-upload.yaml --set settle=100ms
	same "$(field '.runs[0].requests.corrupt > 0')" true
	field '.runs[0].evidence[]' | grep -q "DATA LOSS.*(id .*) reads back .*(group '\(big\|small\)')"
	same "$(field '.runs[0].as_expected')" true
}

@test "P7: data loss that nobody expected fails the run whatever memory did" {
	need_cap
	rig scenarios/picoshare/purge-during-upload.yaml --set expect_data_loss=false --set settle=100ms \
		--set load.big.size=100MB --set load.small.duration=4s
	same "$(field '.runs[0].as_expected')" false
	same "$status" 1
}

@test "another server: nginx with WebDAV" {
	need_cap
	[ -x /usr/sbin/nginx ] || skip "nginx is not installed"
	PATH=$PATH:/usr/sbin rig scenarios/nginx/three-uploads.yaml --set load.tabs.size=100MB --set settle=100ms
	same "$(verdict)" grew/page-cache
	same "$(field '.runs[0].requests.verified_bytes')" 300000000
}

@test "a server of its own network namespace, log-in and cookies, and the id in a header" {
	need_cap
	[ -x /usr/sbin/nginx ] || skip "nginx is not installed"
	PATH=$PATH:/usr/sbin rig tests/scenarios/login-in-namespace.yaml
	same "$(verdict)" grew/page-cache
	same "$(field '.runs[0].requests.ok')" 2
	same "$(field '.runs[0].requests.verified_bytes')" 40000000
}

@test "without the log-in the same server refuses, and the run is invalid" {
	need_cap
	[ -x /usr/sbin/nginx ] || skip "nginx is not installed"
	PATH=$PATH:/usr/sbin rig tests/scenarios/login-in-namespace.yaml --set server.login.path=/healthz
	same "$(field '.runs[0].outcome')" invalid
	same "$status" 3
}

@test "SIGKILL from outside is no OOM kill" {
	need_cap
	"$RIG" run scenarios/dead-ends/throttled-uploads.yaml --json --quiet --results "$RESULTS" --expect crashed/signal \
		>"$RESULTS/out" 3>&- &
	rig_pid=$!
	await_phase load
	kill -9 "$(record .server_pid)"
	wait "$rig_pid"
	output=$(cat "$RESULTS/out")
	same "$(verdict)" crashed/signal
	same "$(record .facts.oom_kill)" 0
}

@test "a server that exits by itself with 137 is no OOM kill" {
	need_cap
	rig tests/scenarios/any.yaml -- sh -c 'exit 137'
	same "$(field '.runs[0].outcome')" invalid
	field '.runs[0].evidence[]' | grep -qi 'exit'
}

@test "a server that cannot be started is invalid, with the reason" {
	need_cap
	rig tests/scenarios/any.yaml -- ./no-such-server
	same "$(verdict)" invalid/rig
	field '.runs[0].evidence[]' | grep -q "cannot run './no-such-server'"
	same "$status" 3
}

@test "a server that is ready by accepting a connection; the user's own command" {
	need_cap
	rig tests/scenarios/any.yaml -- build/docs/bench/discard_server "{port}"
	same "$(field '.runs[0].outcome')" steady
	same "$(field '.runs[0].requests.ok')" 1
	same "$status" 0
}

@test "a server that never becomes ready is invalid" {
	need_cap
	rig tests/scenarios/any.yaml -- sleep 60
	same "$(field '.runs[0].outcome')" invalid
	same "$status" 3
}

@test "Ctrl-C at any moment: recorded as interrupted, nothing left" {
	need_cap
	for delay in 0.05 0.3 1 2; do
		rm -rf "$RESULTS"/2*
		# A shell starts background commands with SIGINT ignored; a terminal does not.
		env --default-signal=INT "$RIG" run scenarios/picoshare/three-uploads-all-fixes.yaml --quiet \
			--results "$RESULTS" >/dev/null 2>&1 3>&- &
		rig_pid=$!
		sleep $delay
		kill -INT "$rig_pid"
		wait "$rig_pid" && code=0 || code=$?
		same "$code" 130
		compgen -G "$RESULTS/2*/run.json" >/dev/null || continue # before the record was begun
		same "$(record .state)" interrupted
		same "$(rig_groups)" "$GROUPS_BEFORE"
		same "$(ls "$RESULTS/.work" 2>/dev/null)" ""
		server=$(record '.server_pid // empty')
		[ -z "$server" ] || [ ! -e "/proc/$server" ]
	done
}

@test "a killed rig takes the server with it; clean removes the rest and the record says so" {
	need_cap
	"$RIG" run scenarios/picoshare/three-uploads-all-fixes.yaml --quiet --results "$RESULTS" >/dev/null 2>&1 3>&- &
	rig_pid=$!
	await_phase load
	kill -9 "$rig_pid"
	wait "$rig_pid" || true
	server=$(record .server_pid)
	while [ -e "/proc/$server" ]; do sleep 0.1; done
	same "$(record .state)" running
	"$RIG" clean --results "$RESULTS"
	same "$(rig_groups)" "$GROUPS_BEFORE"
	same "$(ls "$RESULTS/.work" 2>/dev/null)" ""
	same "$(record .state)" interrupted
	"$RIG" show last --results "$RESULTS" | grep -qi 'interrupted\|invalid'
}

@test "bad scenarios: file, line, what was expected, the nearest name, exit status 2, and no run" {
	printf 'question: x\nmemori: 256MiB\n' >"$RESULTS/bad.yaml"
	run --separate-stderr "$RIG" run "$RESULTS/bad.yaml" --results "$RESULTS/none"
	same "$status" 2
	[[ "$stderr" == *"bad.yaml:2:"*"memori"*"'memory'"* ]] || { echo "$stderr"; return 1; }
	[ ! -e "$RESULTS/none" ]
	run --separate-stderr "$RIG" run scenarios/picoshare/vacuum.yaml --memory 12parsecs
	same "$status" 2
	run --separate-stderr "$RIG" run scenarios/picoshare/vacuum.yaml --sett x=y
	same "$status" 2
	[[ "$stderr" == *"did you mean '--set'"* ]] || { echo "$stderr"; return 1; }
	run --separate-stderr "$RIG" run
	same "$status" 2
}

@test "a data folder in RAM is refused unless the scenario asks for it" {
	need_cap
	[ "$(stat -f -c %T /dev/shm)" = tmpfs ] || skip "/dev/shm is no tmpfs here"
	work=$(mktemp -d /dev/shm/oomrig-test.XXXXXX)
	rig scenarios/picoshare/three-uploads-all-fixes.yaml --work "$work" --set load.tabs.size=1MB
	rm -rf "$work"
	same "$(verdict)" invalid/rig
	field '.runs[0].evidence[]' | grep -q tmpfs
}

@test "list, show and doctor speak of what is there" {
	"$RIG" list | grep -q three-uploads-before-any-fix
	"$RIG" list --keys | grep -q 'read_back'
	need_cap
	rig scenarios/picoshare/three-uploads-all-fixes.yaml --set load.tabs.size=2MB --set settle=100ms --expect grew --expect steady
	"$RIG" show --results "$RESULTS" | grep -q three-uploads-all-fixes
	"$RIG" show last --results "$RESULTS" --json | jq -e '.runs[0].id' >/dev/null
	run "$RIG" show nonsense --results "$RESULTS"
	same "$status" 2
	COLUMNS=61 LC_ALL=C "$RIG" show last --results "$RESULTS" --plot >"$RESULTS/plot"
	grep -q '^Memory, at most .* charged:' "$RESULTS/plot"
	same "$(LC_ALL=C grep -c '[^ -~]' "$RESULTS/plot")" 0
	same "$(grep -v '^Record' "$RESULTS/plot" | awk 'length > most { most = length } END { print most }')" 61
	run "$RIG" show last --results "$RESULTS" --plot --json
	same "$status" 2
	run "$RIG" show --results "$RESULTS" --plot
	same "$status" 2
}
