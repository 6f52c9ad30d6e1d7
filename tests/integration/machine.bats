#!/usr/bin/env bats
# isolation: machine.  The server runs in a small machine of its own, whose memory kernel, page cache, disk and server
# share: real boots, real kills.  Nothing here waits for a time that a slow host could not keep; a machine that stands
# still is left to itself while the other tests go on, for that takes half a minute to be told.  Deadlines are those
# of the scenarios, which a machine has in its own time.  SIGKILLS says how often the rig is killed (3).

bats_require_minimum_version 1.5.0
load run.bash

before=scenarios/picoshare/three-uploads-before-any-fix.yaml
fixed=scenarios/picoshare/three-uploads-all-fixes.yaml

missing() {
	harness/isolation/guest-image build/guest 2>&1 || { echo "no kernel for the machine" && return 1; }
	./oomrig doctor --json | jq -er '.checks[] | select(.name == "machine" and .level != "ok").found' && return 1
	return 0
}

setup_file() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	missing >"$BATS_FILE_TMPDIR/missing" || return 0
	: >"$BATS_FILE_TMPDIR/missing"
	start_one_that_stands_still
}

setup() {
	setup_rig
	[ ! -s "$BATS_FILE_TMPDIR/missing" ] || skip "$(tail -1 "$BATS_FILE_TMPDIR/missing")"
}
teardown() { teardown_rig; }

# A scenario of one upload that takes long, for the server in $1.
slow() {
	cat <<-END
		question: what becomes of the machine?
		isolation: machine
		memory: 128MiB
		deadline: 600s
		warm_up: off
		$1
		load: [{name: slow, kind: upload, clients: 1, files: 1, size: 60MB, up: 50KB/s}]
	END
}
bundled='server: {use: chunkserver, preset: all-fixes}'

machines() { pgrep -f "^qemu-system-x86_64 -name oomrig-$1-"; } # of the rig with that pid
left_of() { { machines "$1" || true; } && find /tmp -maxdepth 1 -name "oomrig-$1-*"; }

start_one_that_stands_still() {
	slow "$bundled" >"$BATS_FILE_TMPDIR/still.yaml"
	./oomrig run --json --quiet --results "$BATS_FILE_TMPDIR/still" --expect stalled/freeze "$BATS_FILE_TMPDIR/still.yaml" \
		>"$BATS_FILE_TMPDIR/still.json" 2>"$BATS_FILE_TMPDIR/still.err" 3>&- &
	rig_pid=$!
	echo $rig_pid >"$BATS_FILE_TMPDIR/still.pid"
	await_phase load "$BATS_FILE_TMPDIR/still"
	kill -STOP "$(machines $rig_pid)"
}

@test "machine: the golden pair, decided by the machine's own kernel" {
	local small=(--isolation machine --memory 160MiB --set load.tabs.size=35MB)
	rig $before $fixed "${small[@]}"
	same "$(field '[.runs[] | .outcome + "/" + .cause] | join(" ")')" "crashed/oom-kill grew/page-cache"
	# The evidence: the record of a kernel that ran out of memory as a whole, naming the server by its id.
	local died lived
	died=$(echo "$RESULTS"/*before-any-fix*) lived=$(echo "$RESULTS"/*all-fixes*)
	grep -q "\] Out of memory: Killed process $(jq .facts.server_pid "$died/run.json") (chunkserver)" "$died/kernel.log"
	same "$(jq -c '[.facts.oom_kill, .facts.oom_kill_main, .facts.oom_kill_others, .facts.cap_in_force_bytes]' "$died/run.json")" \
		"[1,1,0,167772160]"
	same "$(jq '.facts.dump_tasks' "$died/run.json")" 1
	# Our own part in its memory is named, and small.
	jq -e '.machine.agent_bytes > 0 and .machine.agent_bytes < 4194304 and .machine.total_bytes < 167772160' "$died/run.json"
	# Three angles: the server's processes, the machine, the host.
	jq -se 'length > 0' <"$lived/app.jsonl" >/dev/null
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
		$at["rss_anon_bytes"] > 0 && $at["usage_bytes"] > 0 && $at["host_bytes"] > $at["usage_bytes"] / 2 { seen++ }
		END { exit seen < 10 }' "$lived/samples.csv"
	# Deadlines are in the machine's time, which the record and the report say.
	jq -e '.machine.slowness as $n | $n >= 1 and .facts.machine_slowness == $n and .facts.load_deadline_ns == $n * 60e9 and
		.facts.health_deadline_ns == $n * 5e9 and .scenario.deadline == "60s"' "$died/run.json"
	local slowness
	slowness=$(jq .machine.slowness "$died/run.json")
	[ "$slowness" -lt 2 ] || "$RIG" show "$died" | tr -s ' \n' ' ' |
		grep -q "was $slowness times slower than a processor that is not emulated; deadlines were so many times longer"
	same "$(left_of "$(jq .rig_pid "$died/run.json")")" ""
}

@test "machine: a killed server is started again in it, on the same disk, and the record of the first death stays" {
	rig tests/truth/killed-after-storing.yaml --isolation machine --memory 128MiB --set on_crash=restart \
		--set load.1.read_back=true
	same "$(verdict)" crashed/oom-kill
	local deaths
	deaths=$(record '.facts.deaths | length')
	[ "$deaths" -ge 2 ]
	same "$(record '.facts.deaths | all(.oom_kill == 1 and .signal == 9)')" true
	same "$(record '.facts | .aftermath_acknowledged > 0 and .aftermath_intact == .aftermath_acknowledged')" true
	same "$(record '.facts | [.oom_kill, .oom_kill_main, .kernel_log_kills] | join(" ")')" "1 1 1"
	same "$(grep -c 'Out of memory: Killed process' "$RESULTS"/2*/kernel.log)" "$deaths"
	record .facts.kernel_log_line | grep -q "Killed process $(record .facts.server_pid) "
	rm -r "$RESULTS"/2*
	rig tests/truth/killed-after-storing.yaml --isolation machine --memory 128MiB
	same "$(verdict): $(record '[.phases[].name] | join(" ")')" \
		"crashed/oom-kill: start prepare baseline load aftermath stop"
	same "$(record '.facts | .aftermath_acknowledged > 0 and .aftermath_intact == .aftermath_acknowledged')" true
}

@test "machine: the server's death takes all of the load with it, and is one under load nevertheless" {
	# All connections break before the end of the server is known here: that may not be taken for the end of the load.
	rig $before --isolation machine --memory 160MiB --set load.tabs.size=35MB --set on_crash=restart
	same "$(verdict): $(record '[.phases[].name] | join(" ")')" \
		"crashed/oom-kill: start prepare baseline load aftermath stop"
	same "$(record '[.facts.deaths[].lost] | join(" ")')" 3
}

@test "machine: swap hides the crash, on a disk of its own" {
	pair() {
		rig "scenarios/case-studies/P8-swap-$1.yaml" --isolation machine --memory 128MiB --set "swap=$2" \
			--set server.behaviours.form-memory=16MiB --set load.tabs.size=40MB --set load.tabs.clients=2
	}
	pair off none
	same "$(verdict)" crashed/oom-kill
	pair on 128MiB
	[[ $(verdict) != crashed/* && $(verdict) != invalid/* ]] || same "$(verdict)" "one that lived"
	jq -e '.machine.swap_bytes == 134217728 and .isolation.memory_swap_bytes == 268435456' "$RESULTS"/*swap-on*/run.json
	awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next } $at["swap_bytes"] > 4194304 { seen = 1 } END { exit !seen }' \
		"$RESULTS"/*swap-on*/samples.csv
}

@test "machine: another process than the server is killed" {
	rig tests/truth/worker-killed.yaml --isolation machine --memory 128MiB --set load.uploads.files=40
	same "$(verdict)" crashed/oom-child
	same "$(record '[.facts.oom_kill_main, .facts.oom_kill_others] | tostring')" "[0,1]"
}

@test "machine: its kernel panics, or it is switched off from inside" {
	slow 'server: {command: [bash, -c, "echo c >/proc/sysrq-trigger; sleep 100"], upload: {path: /}, ready: {by: log, text: up}}' \
		>"$RESULTS/panic.yaml"
	rig "$RESULTS/panic.yaml" --expect crashed/panic
	same "$(verdict)" crashed/panic
	same "$(record .facts.machine_panic)" "Kernel panic - not syncing: sysrq triggered crash"
	rm -r "$RESULTS"/2*
	slow 'server: {command: [bash, -c, "echo o >/proc/sysrq-trigger; sleep 100"], upload: {path: /}, ready: {by: log, text: up}}' \
		>"$RESULTS/off.yaml"
	rig "$RESULTS/off.yaml"
	same "$(verdict)" invalid/rig
	same "$(record .facts.machine_ended)" 1
}

@test "machine: the server gets its words, files, folder and signals, and its end is told as it was" {
	cat >"$RESULTS/words.yaml" <<-'END'
		question: is all there?
		isolation: machine
		memory: 128MiB
		deadline: 600s
		server:
		  command: [bash, -c, 'echo "in $PWD: $(cat sub/one) $WORD $1 $(id -u) $(stat -f -c %T .)"; echo x >{tmp}/t;
		    trap "echo stopped; exit 7" TERM; dd if=/dev/zero of={data}/disk bs=1M count=24 oflag=direct 2>&1;
		    touch /etc/x; echo ready; while :; do sleep 0.1; done', name, 'two words']
		  files: {'{data}/sub/one': file}
		  env: {WORD: 'a word'}
		  upload: {path: /}
		  ready: {by: log, text: ready}
		load: [{name: none, kind: upload, clients: 1, files: 1, size: 1KB}]
	END
	rig "$RESULTS/words.yaml" --set data_rate=4MB/s
	local log
	log=$(echo "$RESULTS"/2*/server.log)
	grep -qxE "in .*/data: file a word two words 0 ext2/ext3" "$log"
	grep -q "Read-only file system" "$log"
	grep -qx stopped "$log"
	same "$(record '.facts.server_exit_code')" 7
	# A disk of 4 MB/s: a slow host makes that no faster.
	awk '/ copied, / { for (i = 1; i < NF; i++) if ($(i + 1) ~ /^s,/) seconds = $i } END { exit !(seconds >= 4) }' "$log"
}

@test "machine: keys that it cannot have are refused, with their line" {
	slow "$bundled" >"$RESULTS/a.yaml"
	echo "memory_high: 64MiB" >>"$RESULTS/a.yaml"
	rig "$RESULTS/a.yaml"
	same "$status: $stderr" "2: oomrig: error: $RESULTS/a.yaml:8: 'memory_high' does not go with 'isolation: machine'"
	rig $fixed --set data_rate=1MB/s
	same "$status: $stderr" "2: oomrig: error: $fixed: 'data_rate' needs 'isolation: machine'"
	rig $fixed --isolation mashine
	same "$status: $(field '.runs[0].evidence[0]')" "3: the rig failed: unknown isolation 'mashine'; did you mean 'machine'?"
}

@test "machine: what is missing for one is named, and what to type" {
	mkdir "$RESULTS/bin"
	ln -s "$(command -v git)" "$RESULTS/bin/"
	run --separate-stderr env PATH="$RESULTS/bin" "$RIG" doctor --json
	field '.checks[] | select(.name == "machine").found' | grep -q "no 'qemu-system-x86_64' for a machine; type: apt-get install qemu-system-x86"
	# Nothing else depends on it.
	same "$(field '.checks[] | select(.name == "machine").level')" warn
}

# What the rig has started, a line "PID COMMAND" each: the emulator, the server of files, the server's stand-in.
children() {
	local pid
	for pid in $(pgrep -P "$1"); do echo "$pid $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"; done
}

# Which of these lines still hold; an id may have become another one's.
alive() {
	local pid words
	while read -r pid words; do
		[ -z "$pid" ] || [ "$(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)" != "$words " ] || echo "$pid $words"
	done <<<"$1"
}

# Where the rig is ended: while the machine comes up, and while it serves.
end_rig() { # SIGNAL, boot or load
	env --default-signal "$RIG" run --quiet --results "$RESULTS/r" "$RESULTS/a.yaml" >/dev/null 2>&1 3>&- &
	rig_pid=$!
	if [ "$2" = load ]; then
		await_phase load "$RESULTS/r"
	else
		until machines $rig_pid >/dev/null; do sleep 0.05; done
	fi
	local started
	started=$(children $rig_pid)
	grep -q ' qemu-system-x86_64 ' <<<"$started"
	grep -q ' /usr/lib/qemu/virtiofsd ' <<<"$started"
	kill "-$1" $rig_pid
	wait $rig_pid && status=0 || status=$?
	until [ -z "$(alive "$started")" ]; do sleep 0.05; done # the kernel is at it
}

@test "machine: Ctrl-C leaves nothing, while it comes up and while it serves" {
	slow "$bundled" >"$RESULTS/a.yaml"
	for when in boot load; do
		end_rig INT $when
		same "$when: $status, left: $(left_of $rig_pid)" "$when: 130, left: "
		rm -rf "$RESULTS/r"
	done
}

@test "machine: SIGKILL of the rig ends it, and clean takes the rest" {
	slow "$bundled" >"$RESULTS/a.yaml"
	local when killed # not i, which bats' run takes for itself
	for ((killed = 0; killed < ${SIGKILLS:-3}; killed++)); do
		when=$((killed % 3))
		[ $when -ne 1 ] && when=boot || when=load
		end_rig KILL $when
		same "$when: $(left_of $rig_pid | wc -l)" "$when: 1" # its folder
		run --separate-stderr "$RIG" clean --results "$RESULTS/r" --dry-run
		grep -q "would remove folder '/tmp/oomrig-$rig_pid-.*' of a machine whose rig is gone" <<<"$output"
		"$RIG" clean --results "$RESULTS/r"
		same "$(left_of $rig_pid)$(find "$RESULTS/r/.work" -mindepth 1)" ""
		rm -rf "$RESULTS/r"
	done
	echo "# killed $killed times" >&3
}

looks_like_emulator() { # PID NAME
	tr '\0' ' ' <"/proc/$1/cmdline" 2>/dev/null | grep -q "^qemu-system-x86_64 .*-name $2"
}

@test "machine: clean ends an emulator whose rig is gone, and no other" {
	local gone=oomrig-4194303-1-0000000a run_output
	cp /bin/sleep "$RESULTS/sleep"
	(exec -a qemu-system-x86_64 "$RESULTS/sleep" 1000 3>&-) & # not one: no -name
	local plain=$! left try
	# Another rig on this machine may clean up first: then again.
	for ((try = 0; try < 50; try++)); do
		mkdir -p "/tmp/$gone"
		(exec -a qemu-system-x86_64 bash -c 'kill -STOP $$' -name "$gone" 3>&-) & # stopped: it starts nothing that stays
		left=$!
		while kill -0 $left 2>/dev/null && ! looks_like_emulator $left "$gone"; do sleep 0.05; done
		run --separate-stderr "$RIG" clean --results "$RESULTS"
		run_output=$output
		run ! kill -0 $left
		! grep -q "removed machine '$gone' of a rig that is gone (process $left)" <<<"$run_output" || break
	done
	grep -q "removed machine '$gone' of a rig that is gone (process $left)" <<<"$run_output"
	[ ! -e "/tmp/$gone" ]
	kill $plain
}

@test "machine: one that stands still is told from a server that hangs" {
	local pid
	pid=$(cat "$BATS_FILE_TMPDIR/still.pid")
	while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
	output=$(cat "$BATS_FILE_TMPDIR/still.json")
	same "$(verdict)" stalled/freeze
	jq -e '.facts.machine_silent_ns >= 30e9' "$BATS_FILE_TMPDIR"/still/2*/run.json
	same "$(left_of "$pid")" ""
}
