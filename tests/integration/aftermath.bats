#!/usr/bin/env bats
# What follows a death: started again and read back, or restarted under the load; and what cannot be started again.

bats_require_minimum_version 1.5.0
load run.bash

setup() { setup_rig; }
teardown() { teardown_rig; }

FATE='build/tests/truth/fate'

# The words of a server whose first life is fate NAME and whose later ones are COMMAND.
lives() { # NAME COMMAND
	echo "if [ -e {tmp}/lived ]; then $2; fi; touch {tmp}/lived; exec $ROOT/$FATE $1 --port {port} --data {data} --tmp {tmp}"
}

# Rows of requests.csv with that number in the last column.
rows_of_death() { awk -F, -v n="$1" '$NF == n' "$RESULTS"/2*/requests.csv | wc -l; }

@test "read-back: what a killed server had stored is all there, and the evidence is that of the death" {
	need_cap
	rig tests/truth/killed-after-storing.yaml
	same "$status" 0
	same "$(verdict)" crashed/oom-kill
	same "$(field '.runs[0].aftermath | .acknowledged > 3 and .intact == .acknowledged and .unread == 0')" true
	field '.runs[0].evidence[]' | grep -qE 'aftermath: of [0-9]+ acknowledged uploads [0-9]+ intact, 0 lost, .* ready again after'
	same "$(record '[.phases[].name] | join(" ")')" "start prepare baseline load aftermath stop"
	# One kill, no signal of ours, the first process, and the charge at its death; the record's pid is the second's.
	same "$(record '.facts | [.oom_kill, .our_signal, .corrupt, .kernel_log_kills] | map(tostring) | join(" ")')" "1 null 0 1"
	same "$(record '.facts.death_anon_bytes > 50000000 and .facts.peak_anon_bytes > 50000000')" true
	same "$(record '.server_pid != .facts.server_pid')" true
	same "$(record '.facts | .acknowledged_objects == .aftermath_acknowledged')" true
	same "$(record '.facts.server_end_ns <= ([.phases[] | select(.name == "aftermath").start_ns][0])')" true
	same "$(grep -c 'started again' "$RESULTS"/2*/server.log)" 1
	same "$(grep -c ',aftermath,.*,read-back,' "$RESULTS"/2*/requests.csv)" \
		"$(record '.facts | .aftermath_acknowledged + .unanswered_absent + .unanswered_whole + .unanswered_half_visible')"
	run "$RIG" show last --results "$RESULTS"
	grep -qE 'Aftermath +[0-9]+ intact, 0 lost' <<<"$output"
	# Judged again from the record, it is the same.
	run "$RIG" judge --results "$RESULTS"
	same "$status" 0
}

@test "read-back: what was acknowledged and not stored is lost, by name, and fails a run that does not expect it" {
	need_cap
	rig tests/truth/acknowledges-early.yaml --set expect_data_loss=false
	same "$status" 1
	same "$(field '.runs[0].aftermath | .lost > 3 and .lost == .acknowledged')" true
	same "$(record '.facts.corrupt == .facts.aftermath_lost')" true
	field '.runs[0].evidence[]' | grep -q 'DATA LOSS'
	field '.runs[0].evidence[]' | grep -qE 'not intact: lost: acknowledged object [0-9]+ \(id uploads-'
}

@test "read-back: half of an upload in flight, and half of one that was acknowledged" {
	need_cap
	# Killed from outside after a second, with one upload of each client done and one under way.
	rig tests/truth/stores-half.yaml --set on_crash=read-back --set load.1.up=2MB/s --set load.1.size=4MB --expect crashed \
		-- sh -c "sleep 1 && kill -9 \$\$ & exec $ROOT/$FATE stores-half --port {port} --data {data} --tmp {tmp}"
	same "$(verdict)" crashed/signal
	same "$(record '.facts | .unanswered_half_visible > 0 and .unanswered_absent == 0')" true
	same "$(record '.facts.corrupt')" "$(record '.facts.aftermath_half_visible')"
}

@test "read-back: killed again while it is read, which is unknown and no loss" {
	need_cap
	rig tests/truth/killed-when-read.yaml
	same "$status" 1
	same "$(verdict)" crashed/oom-kill
	same "$(field '.runs[0].aftermath | .unread == .acknowledged and .lost + .corrupt + .half_visible == 0')" true
	same "$(record '[.facts.corrupt, .facts.oom_kill, (.facts.deaths | length)] | join(" ")')" "0 1 2"
	same "$(record '.facts.server_end_ns == .facts.deaths[0].end_ns')" true
	field '.runs[0].evidence[]' | grep -q 'aftermath unknown: '
	field '.runs[0].evidence[]' | grep -q 'ended again while it was read'
	# The only object, so that the read-back is over before the end is seen.
	rm -rf "$RESULTS"/2*
	rig tests/truth/killed-when-read.yaml --set settle=5s --set load.1.clients=1 --set load.1.files=1 --expect crashed -- \
		sh -c "if [ ! -e {tmp}/lived ]; then touch {tmp}/lived; (sleep 1; kill -9 \$\$) & fi
		exec $ROOT/$FATE killed-when-read --port {port} --data {data} --tmp {tmp}"
	same "$(verdict)" crashed/signal
	same "$(record '.facts | [.aftermath_acknowledged, .aftermath_unread, .corrupt] | join(" ")')" "1 1 0"
}

@test "killed while the scenario's own read-back goes on: no loss is claimed, started again or not" {
	need_cap
	# One upload of two is not enough to be killed by, the first download is.
	for how in stop read-back; do
		rig tests/truth/killed-when-read.yaml --set on_crash=$how --set load.1.clients=1 --set load.1.files=2 \
			--set load.1.read_back=true
		same "$(verdict)" crashed/oom-kill
		same "$(record '[.phases[].name] | index("read-back") != null')" true
		same "$(grep -c ',read-back,transport,200,' "$RESULTS"/2*/requests.csv)" "$([ $how = stop ] && echo 1 || echo 2)"
		same "$(record '.facts.corrupt, .facts.first_corrupt')" "$(printf '0\n')"
		rm -rf "$RESULTS"/2*
	done
}

@test "restart: what is kept of a first death that was no kill is not a later one's" {
	need_cap
	# The first life may take 60 uploads before it ends, the second 30.
	rig tests/truth/killed-after-storing.yaml --set on_crash=restart --set load.1.files=40 --expect crashed -- \
		sh -c "$(lives exits-137 "exec $ROOT/$FATE killed-after-storing --port {port} --data {data} --tmp {tmp}")"
	same "$(verdict)" crashed/exit
	same "$(record '.facts.deaths | length > 1 and .[1].oom_kill == 1')" true
	grep -q 'Killed process' "$RESULTS"/2*/kernel.log
	same "$(record '[.death.tasks, .death.at_oom, .death.memory] | map(. == null) | all')" true
	# The series of a load ends with the life it is a forecast of.
	same "$(record '. as $run | [.phases[] | select(.name == "load").start_ns][0] as $load
		| .facts.series | all(.[]; .t_ns + $load <= $run.facts.server_end_ns)')" true
}

@test "read-back: a server that cannot start again is said to be unknown" {
	need_cap
	rig tests/truth/killed-after-storing.yaml -- sh -c "$(lives killed-after-storing 'exit 3')"
	same "$status" 1
	same "$(verdict)" crashed/oom-kill
	same "$(field '.runs[0].aftermath | .unread == .acknowledged and .ready_ns == null')" true
	field '.runs[0].evidence[]' | grep -q 'ended again before it was ready'
	rm -rf "$RESULTS"/2*
	rig tests/truth/killed-after-storing.yaml --set server.ready.timeout=3s -- \
		sh -c "$(lives killed-after-storing 'exec sleep 600')"
	same "$status" 1
	field '.runs[0].evidence[]' | grep -q 'aftermath: the server was not ready after 3.00 s'
}

@test "restart: deaths are counted, each with its charge and its lost requests, and all that was acknowledged is there" {
	need_cap
	rig tests/truth/killed-after-storing.yaml --set on_crash=restart --set load.1.files=20 --set load.1.read_back=true
	same "$(verdict)" crashed/oom-kill
	same "$status" 0
	deaths=$(record '.facts.deaths | length')
	[ "$deaths" -ge 3 ]
	same "$(record '.facts.deaths | all(.oom_kill == 1 and .signal == 9 and .unreclaimable_bytes > 50000000 and .ready_ns < .end_ns)')" true
	# A life that ended before it was seen to be ready leaves its predecessor's down time open.
	same "$(record '.facts.deaths as $d | all(range($d | length); $d[.].down_ns > 0 or (. + 1 < ($d | length) and $d[. + 1].ready_ns == null))')" true
	for ((i = 1; i <= deaths; i++)); do
		same "$(rows_of_death $i)" "$(record ".facts.deaths[$((i - 1))].lost")"
	done
	# Uploads of 1 MB do not fail but for that.
	same "$(record '[.facts.deaths[].lost] | add')" "$(record .facts.requests_failed)"
	same "$(record '.facts.oom_kill')" 1
	same "$(record '.facts | .aftermath_intact == .aftermath_acknowledged and .aftermath_acknowledged == .acknowledged_objects')" true
	field '.runs[0].evidence[]' | grep -qE "killed $deaths times, every .* down .* in all, [0-9]+ requests lost"
	same "$(field '.runs[0].deaths | length')" "$deaths"
	same "$(grep -c 'Killed process' "$RESULTS"/2*/kernel.log)" "$deaths"
	same "$(record '.facts.kernel_log_kills')" 1
	# The sampler looks at the new process: its watermark starts anew.
	awk -F, -v from="$(record '.facts.deaths[0].end_ns')" -v column=vm_hwm_bytes '
		NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i }
		NR > 1 && $at["t_ns"] > from && $at[column] != "" { n++; if ($at[column] < 20000000) low++ }
		END { exit !(n > 0 && low > 0) }' "$RESULTS"/2*/samples.csv
}

@test "restart: a crash loop is named and bounded" {
	need_cap
	rig tests/truth/killed-after-storing.yaml --set on_crash=restart --set restarts=3 -- \
		sh -c "$(lives killed-after-storing 'exit 3')"
	same "$(verdict)" crashed/oom-kill
	same "$(record '[(.facts.deaths | length), .facts.gave_up] | join(" ")')" "4 1"
	same "$(record '.facts.deaths | [.[1:][] | .ready_ns == null and .exit_code == 3] | all')" true
	field '.runs[0].evidence[]' | grep -qE 'crash loop: 4 deaths within .*, 3 of them before it was ready'
	field '.runs[0].evidence[]' | grep -q 'given up after 3 restarts'
}

@test "read-back: readiness by log is that of the new life" {
	need_cap
	# The second life takes 0.7 s until it listens, and says so a little later; taken for ready before, it would not be
	# there.
	cat >"$RESULTS/log.yaml" <<-YAML
		question: does it wait for the new life?
		expect: crashed/oom-kill
		on_crash: read-back
		memory: 64MiB
		baseline: 100ms
		server:
		  command: [sh, -c, "$(lives killed-after-storing 'sleep 0.7' | sed 's/exec/(sleep 0.3; echo at-your-service) \& exec/')"]
		  ready: { by: log, text: at-your-service }
		  upload: { method: PUT, path: "/{name}", body: raw }
		  download: { path: "/{id}" }
		load:
		  - { name: uploads, kind: upload, clients: 4, files: 12, size: 1MB }
	YAML
	rig "$RESULTS/log.yaml"
	same "$(field '.runs[0].aftermath | .intact == .acknowledged')" true
	same "$(field '.runs[0].aftermath.ready_ns > 700000000')" true
}

@test "restart: a server that dies whenever it is read is given up, and nothing is known of what it stored" {
	need_cap
	rig tests/truth/killed-when-read.yaml --set on_crash=restart --set restarts=6 --set load.1.files=6 \
		--set load.1.read_back=true
	same "$(verdict)" crashed/oom-kill
	same "$(record '[(.facts.deaths | length), .facts.gave_up, .facts.aftermath_intact, .facts.corrupt] | join(" ")')" "7 1 0 0"
	same "$(record '.facts | .aftermath_unread == .aftermath_acknowledged and .aftermath_unread > 0')" true
	same "$status" 1
	# What the later lives have lost is named once, however often it is read.
	rm -rf "$RESULTS"/2*
	rig tests/truth/killed-when-read.yaml --set on_crash=restart --set restarts=3 --set load.1.files=6 \
		--set load.1.read_back=true --expect crashed -- sh -c "$(lives killed-when-read \
		"rm -f {data}/uploads-?-[1-4].bin; exec $ROOT/$FATE killed-when-read --port {port} --data {data} --tmp {tmp}")"
	same "$(record '.facts | .aftermath_lost > 0 and .corrupt == .aftermath_lost')" true
	same "$(record '.facts | (.aftermath_first | [scan("lost: ")] | length) == ([.aftermath_lost, 3] | min)')" true
}

# Crashed as before, but not as expected, and why.
not_capped() { # part of a line of evidence
	same "$(verdict)" crashed/oom-kill
	same "$status" 1
	field '.runs[0].evidence[]' | grep -qE "$1"
	same "$(field '.runs[0].surprises[]')" "the cap was expected to hold after the first death too"
}

@test "restart: the second life leaves its group, which is said beside the verdict of the first" {
	need_cap
	root=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)
	[ -n "$root" ] || skip "no cgroup v1 memory controller here"
	# The third one stays: the end alone would not show it.
	rig tests/truth/killed-after-storing.yaml --set on_crash=restart --set load.1.files=40 -- \
		sh -c "$(lives killed-after-storing "if [ ! -e {tmp}/left ]; then
			touch {tmp}/left; echo \$\$ >$root/cgroup.procs; (sleep 3; kill -9 \$\$) & fi")"
	not_capped 'aftermath: a process of a later life ran outside its group'
	same "$(record '[.facts.server_in_group, .facts.again_in_group] | join(" ")')" "1 0"
}

@test "restart: the second life lifts its cap, which is said beside the verdict of the first" {
	need_cap
	root=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)
	[ -n "$root" ] || skip "no cgroup v1 memory controller here"
	rig tests/truth/killed-after-storing.yaml --set on_crash=restart -- sh -c "$(lives killed-after-storing \
		"g=$root\$(sed -n 's/.*:memory://p' /proc/self/cgroup)
		for f in memory.memsw.limit_in_bytes memory.limit_in_bytes; do [ ! -e \$g/\$f ] || echo 128M >\$g/\$f; done")"
	not_capped 'aftermath: .* another limit was seen: 128 MiB of memory'
	same "$(record '[.facts.cap_in_force_bytes, .facts.again_cap_bytes] | join(" ")')" "67108864 134217728"
}

@test "restart: a death outside the load ends the run, has no row of its own, and the evidence says so" {
	need_cap
	rig tests/truth/killed-while-settling.yaml --set on_crash=restart
	same "$(verdict)" crashed/oom-kill
	same "$status" 0
	same "$(field '.runs[0].deaths')" null
	same "$(record '.facts.deaths')" null
	field '.runs[0].evidence[]' | grep -q "aftermath: not started again, for it ended in the phase 'settle'"
}

@test "read-back: a log-in, a namespace and workers that outlive their master" {
	need_cap
	[ -x /usr/sbin/nginx ] || skip "nginx is not installed"
	PATH=$PATH:/usr/sbin rig tests/scenarios/login-in-namespace.yaml --set on_crash=read-back --set load.1.files=20 \
		--set load.1.size=2MB --set load.1.up=8MB/s --expect crashed/signal -- \
		sh -c 'sleep 2 && kill -9 $$ & exec nginx -e stderr -c {tmp}/nginx.conf'
	same "$(verdict)" crashed/signal
	same "$(field '.runs[0].aftermath | .acknowledged > 3 and .intact == .acknowledged')" true
}

@test "Ctrl-C while the server is started again: recorded as interrupted, nothing left" {
	need_cap
	for how in read-back restart; do
		rm -rf "$RESULTS"/2*
		env --default-signal=INT "$RIG" run tests/truth/killed-after-storing.yaml --quiet --results "$RESULTS" \
			--set on_crash=$how -- sh -c "$(lives killed-after-storing 'exec sleep 60')" >/dev/null 2>&1 3>&- &
		rig_pid=$!
		for _ in $(seq 100); do
			grep -q 'started again' "$RESULTS"/2*/server.log 2>/dev/null && break
			sleep 0.05
		done
		kill -INT "$rig_pid"
		wait "$rig_pid" && code=0 || code=$?
		same "$code" 130
		same "$(record .state)" interrupted
		same "$(rig_groups)" "$GROUPS_BEFORE"
		same "$(ls "$RESULTS/.work" 2>/dev/null)" ""
		[ ! -e "/proc/$(record .server_pid)" ]
	done
}
