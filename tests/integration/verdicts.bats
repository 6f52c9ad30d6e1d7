#!/usr/bin/env bats
# What is said of other people's programs: the words of a verdict, its evidence, and what is no fault of theirs.

bats_require_minimum_version 1.5.0
load run.bash

setup() {
	setup_rig
	need_cap
	command -v python3 >/dev/null || skip "python3 is not installed"
}
teardown() { teardown_rig; }

# scenario HOW [TEXT] <<further keys: a server of says_server.py
scenario() {
	cp "$BATS_TEST_DIRNAME/says_server.py" "$RESULTS/"
	{
		cat <<-YAML
			question: a test
			memory: 256MiB
			baseline: 200ms
			settle: 500ms
			server:
			  command: [python3, "{scenario_dir}/says_server.py", "{port}", $1, '${2:-}']
			  ready: {by: http, path: /}
			  upload: {method: PUT, path: "/files/{name}", body: raw}
			  download: {path: "/files/{id}"}
		YAML
		cat
	} >"$RESULTS/s.yaml"
}

evidence() { field '.runs[0].evidence[]' | grep -q -- "$1" || { field '.runs[0].evidence[]' && return 1; }; }

@test "what was under way when the server exited is said to have been in flight" {
	scenario dies exit <<<'load: [{name: up, clients: 3, size: 60MB}]'
	rig "$RESULTS/s.yaml" --expect crashed/exit
	same "$status" 0
	same "$(record '.facts.death_in_flight')" 3
	same "$(record '.facts.death_sent_in_flight_bytes >= 20000000')" true
	evidence 'the server ended: exit status 3$'
}

@test "who sent a signal that the rig did not send is not guessed at" {
	scenario dies SIGTERM <<<'load: [{name: up, clients: 3, size: 60MB}]'
	rig "$RESULTS/s.yaml" --expect crashed/signal
	same "$status" 0
	same "$(record '.facts.death_in_flight')" 3
	evidence 'SIGTERM (signal 15), whose sender is not known'
	run ! grep -qE 'on its own|from outside' <<<"$(field '.runs[0].evidence[]')"
}

@test "a kernel kill while the load is prepared is a crash" {
	scenario eats <<-'YAML'
		prepare: [{name: first, size: 1MB}]
		load: [{name: up, size: 1MB}]
	YAML
	rig "$RESULTS/s.yaml" --expect crashed/oom-kill
	same "$(verdict)" crashed/oom-kill
	same "$status" 0
}

@test "an acknowledged upload that cannot be read is not as expected" {
	scenario hangs-up <<<'load: [{name: up, files: 3, size: 1MB, read_back: true}]'
	rig "$RESULTS/s.yaml" --expect steady,grew
	same "$status" 1
	evidence '3 of 3 acknowledged uploads could not be read back'
	run ! grep -q 'nothing of what was acknowledged' <<<"$(field '.runs[0].evidence[]')"
	"$RIG" show last --results "$RESULTS" >"$RESULTS/shown" || true
	grep -q 'as expected, .* but another expectation was not met' "$RESULTS/shown"
	grep -q 'failed beside the load: ' "$RESULTS/shown"
	! grep -q 'first failure' "$RESULTS/shown"
}

@test "a failed allocation is known by the words of its runtime, and that the cap was not the reason" {
	for said in '[FATAL] failed to allocate memory' 'fatal error: runtime: out of memory' \
		'# There is insufficient memory for the Java Runtime Environment to continue.'; do
		scenario says "$said" <<<'load: [{name: up, size: 1MB}]'
		rig "$RESULTS/s.yaml" --expect crashed/alloc-failure
		same "$(verdict)" crashed/alloc-failure
		evidence 'not the cap refused it'
		rm -rf "$RESULTS"/2*
	done
	scenario says 'stored "out of memory.txt"' <<<'load: [{name: up, size: 1MB}]'
	rig "$RESULTS/s.yaml" --expect crashed/exit
	same "$(verdict)" crashed/exit
}

@test "V8 tells of a limit of its own, and the line that tells the cause is shown" {
	command -v node >/dev/null || skip "node is not installed"
	cat >"$RESULTS/grow.js" <<-'JS'
		require('http').createServer((q, r) => {
		  if (q.method === 'GET') return r.end('ok');
		  q.resume(); q.on('end', () => { const a = []; for (;;) a.push({}); });
		}).listen(+process.argv[2], '127.0.0.1');
	JS
	scenario any <<<'load: [{name: up, size: 1MB}]'
	rig "$RESULTS/s.yaml" --expect crashed/alloc-failure --set memory=1GiB -- node --max-old-space-size=60 "$RESULTS/grow.js" '{port}'
	same "$(verdict)" crashed/alloc-failure
	evidence 'a failed allocation: FATAL ERROR: .*heap out of memory'
	evidence 'not the cap refused it'
}

@test "running out of memory where nobody may be killed is named" {
	command -v choom >/dev/null || skip "choom is not installed"
	choom -n -1000 -- true 2>/dev/null || skip "oom_score_adj may not be lowered here"
	scenario eats <<-'YAML'
		deadline: 20s
		load: [{name: up, size: 1MB}]
	YAML
	rig "$RESULTS/s.yaml" --expect stalled/no-victim --set server.health.path=/health --set server.health.deadline=2s \
		-- choom -n -1000 -- python3 "$RESULTS/says_server.py" '{port}' eats
	same "$(verdict)" stalled/no-victim
	evidence 'the kernel killed nothing: none of its processes may be killed'
}

@test "the rig's own protection from the OOM killer is not the server's" {
	choom -n -1000 -- true 2>/dev/null || skip "oom_score_adj may not be lowered here"
	scenario eats <<<'load: [{name: up, size: 1MB}]'
	run --separate-stderr choom -n -1000 -- "$RIG" run --json --quiet --results "$RESULTS" "$RESULTS/s.yaml" --expect crashed/oom-kill
	same "$(verdict)" crashed/oom-kill
}

@test "a health page of 3 MiB, a readiness answer of 3 s and a log-in of 3 s are no faults" {
	scenario long-health <<<'load: [{name: up, files: 3, size: 1MB, think: 500ms}]'
	rig "$RESULTS/s.yaml" --expect steady,grew --set server.health.path=/health --set server.health.deadline=3s
	same "$status" 0
	scenario slow-ready <<<'load: [{name: up, size: 1MB}]'
	rig "$RESULTS/s.yaml" --expect steady,grew --set server.ready.path=/ready --set server.ready.timeout=20s
	same "$status" 0
	rig "$RESULTS/s.yaml" --expect steady,grew --set server.login.path=/login
	same "$status" 0
	rig "$RESULTS/s.yaml" --set server.login.path=/login --set server.login.timeout=500ms
	same "$status" 3
}

@test "ids that hold what has a meaning in a URL reach their objects" {
	scenario odd-names <<-'YAML'
		load: [{name: up, files: 4, size: 100kB, read_back: true}]
	YAML
	rig "$RESULTS/s.yaml" --expect steady,grew --set server.upload.id_json=/id --set 'server.upload.path=/{name}'
	same "$(record '.facts.corrupt')" 0
	same "$(record '.facts.verified_bytes')" 400000
	same "$status" 0
}

@test "a transfer that is never answered is given up, and memory has its verdict" {
	scenario forgets <<-'YAML'
		deadline: 60s
		load: [{name: up, clients: 4, files: 10, timeout: 3s, size: [1MB, 1MB, 1MB, 1MB, 1MB, 1MB, 20MB, 20MB, 1MB, 1MB]}]
	YAML
	rig "$RESULTS/s.yaml" --expect grew
	same "$status" 0
	same "$(record '.facts.requests_failed > 0')" true
	same "$(record '.facts.load_deadline_hit // 0')" 0
}

@test "files of the scenario are there when tmp and data are RAM disks" {
	scenario any <<<'load: [{kind: request, request: {path: /}}]'
	cat >>"$RESULTS/s.yaml" <<-'YAML'
	YAML
	sed -i 's|^server:|server:\n  files: {"{tmp}/sub/a.conf": "here", "{data}/b.conf": "too"}|' "$RESULTS/s.yaml"
	rig "$RESULTS/s.yaml" --expect steady,grew --set tmp=ram --set data=ram \
		-- sh -c 'grep here {tmp}/sub/a.conf && grep too {data}/b.conf && exec python3 "$0" {port} any' "$RESULTS/says_server.py"
	same "$status" 0
}

@test "{scenario_dir} is absolute, {preset} and {source} are known wherever a template may stand" {
	scenario any <<<'load: [{kind: request, request: {path: /}}]'
	cd "$RESULTS"
	rig s.yaml --expect steady,grew --set 'server.env.WHERE={preset}{scenario_dir}' --set server.cwd='{scenario_dir}'
	same "$status" 0
}

@test "an empty POST is no form, an empty PUT says that it is empty" {
	scenario any <<-'YAML'
		load:
		  - {name: post, kind: request, request: {method: POST, path: /empty}}
		  - {name: put, kind: request, request: {method: PUT, path: /empty}}
	YAML
	rig "$RESULTS/s.yaml" --expect steady,grew --set expect_failures=none
	same "$status" 0
}

@test "open files and threads that stay are facts" {
	scenario holds <<<'load: [{name: up, clients: 2, files: 20, size: 10kB}]'
	rig "$RESULTS/s.yaml" --expect steady,grew --set 'expect_figures=settled_open_files >= 40,settled_threads > 40'
	same "$status" 0
	evidence 'threads stayed: '
	evidence 'open files stayed: '
}

@test "what would cost a run is found before it, with file and line" {
	scenario any <<<'load: [{name: up, size: 1MB}]'
	complains() { # TEXT options
		local text=$1
		shift
		rig "$@"
		same "$status" 2
		grep -qF -- "$text" <<<"$stderr" || { echo "$stderr" && return 1; }
	}
	sed -i 's/python3/pyhton-3/' "$RESULTS/s.yaml"
	complains "s.yaml:6: 'server.command': there is no program 'pyhton-3'" "$RESULTS/s.yaml"
	sed -i 's/pyhton-3/python3/; s/{port}/{prot}/' "$RESULTS/s.yaml"
	complains "s.yaml:6: 'server.command': unknown name '{prot}'; did you mean '{port}'?" "$RESULTS/s.yaml"
	sed -i 's/{prot}/{port}/; s/^memory: .*/memory: 0/' "$RESULTS/s.yaml"
	complains "s.yaml:2: 'memory': '0' is no limit: that is written none" "$RESULTS/s.yaml"
	sed -i 's/^memory: .*/memory: ~/' "$RESULTS/s.yaml"
	complains "s.yaml:2: 'memory': '~' is no limit: that is written none" "$RESULTS/s.yaml"
	complains "unknown preset 'all-fixed'" scenarios/picoshare/one-small-upload.yaml --set server.preset=all-fixed
	rig scenarios/picoshare/one-small-upload.yaml --set server.preset=all-fixes --expect invalid -- true
	grep -q "the preset 'all-fixes' goes" <<<"$stderr"
}

@test "doctor says so when the rig's own oom_score_adj is not 0" {
	same "$("$RIG" doctor --json | jq -r '.checks[] | select(.name == "oom_score_adj").level')" "$(
		[ "$(cat /proc/self/oom_score_adj)" = 0 ] && echo ok || echo warn)"
	same "$(choom -n 300 -- "$RIG" doctor --json | jq -r '.checks[] | select(.name == "oom_score_adj").level')" warn
}

@test "a large process with many threads takes its time over its end, and is in its group still" {
	command -v node >/dev/null || skip "node is not installed"
	cat >"$RESULTS/grow.js" <<-'JS'
		require('http').createServer((q, r) => {
		  if (q.method === 'GET') return r.end('ok');
		  q.resume(); q.on('end', () => { const a = []; for (;;) a.push(1); });
		}).listen(+process.argv[2], '127.0.0.1');
	JS
	scenario any <<<'load: [{name: up, size: 1MB}]'
	rig "$RESULTS/s.yaml" --expect crashed/alloc-failure --set memory=4GiB -- node --max-old-space-size=5000 "$RESULTS/grow.js" '{port}'
	same "$(verdict)" crashed/alloc-failure
	evidence 'JavaScript invalid size error'
}
