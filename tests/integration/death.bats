#!/usr/bin/env bats
# How a server died: the cause lines of the five kinds of memory, and what the record keeps of the kill.

bats_require_minimum_version 1.5.0
load run.bash

setup() { setup_rig; }
teardown() { rm -rf "$RESULTS"; }

says() { # pattern
	field '.runs[0].evidence[]' | grep -qE "$1" || { field '.runs[0].evidence[]'; return 1; }
}

@test "death: the kernel's table, both views of the charge and the last second are kept and shown" {
	need_cap
	rig tests/truth/worker-killed.yaml
	# The dump comes for ten kills in five seconds, of all groups of the machine together.
	for _ in 1 2 3 4 5; do
		[ "$(record .death.tasks)" = null ] || break
		sleep 5.2
		rm -rf "${RESULTS:?}"/*
		rig tests/truth/worker-killed.yaml
	done
	[ "$(record .facts.kernel_log_kills)" != null ] || skip "the kernel log cannot be read here"
	same "$(record '.death.tasks_absent')" null
	same "$(record '.death.tasks | length')" 2
	same "$(record '[.death.tasks[] | select(.killed).pid] == [.facts.victim_pid]')" true
	same "$(record '.death.tasks[0].rss_bytes >= .death.tasks[1].rss_bytes')" true
	same "$(record '.facts.biggest_pid == .death.tasks[0].pid')" true
	same "$(record '.death.memory.limit_bytes')" 67108864
	# The same moment seen twice: what the kernel printed, and what the rig had read when it was told.
	same "$(record '.death.memory.anon_bytes > 33554432 and .death.at_oom.memory.anon_bytes > 33554432')" true
	same "$(record '.death.at_oom.memory | has("dirty_bytes") and has("writeback_bytes")')" true
	same "$(record '[.death.at_oom.processes[].pid] | contains([.[0]])')" true
	same "$(record '(.facts.victim_pid) as $v | .death.at_oom.processes | map(select(.pid == $v).rss_anon_bytes > 33554432)')" \
		"$(printf '[\n  true\n]')"
	says "in the kernel's table of 2 processes the biggest is pid"
	says "by the kernel's own figures"
	"$RIG" show last --results "$RESULTS" >"$RESULTS/shown"
	grep -q 'The last second' "$RESULTS/shown"
	grep -qE "^  $(record .facts.victim_pid) +\(killed\) fate " "$RESULTS/shown"
	grep -qE '^  anon +[0-9.]+ MiB +[0-9.]+ MiB$' "$RESULTS/shown"
}

@test "death: each kind of memory that kills is named" {
	need_cap
	rig tests/truth/killed-by-the-cap.yaml
	says 'what filled the charge: private memory of its processes \(anon\)'
	rig tests/truth/tmpfs-killed.yaml
	says 'what filled the charge: tmpfs and shared memory'
	rig tests/truth/sockets-killed.yaml
	same "$(verdict)" crashed/oom-kill
	says 'what filled the charge: kernel memory'
	rig tests/truth/killed-by-locked-pages.yaml
	says 'what filled the charge: page cache locked in memory'
	rig tests/truth/worker-killed.yaml
	says "a child's growth: the killed process|children's growth: processes other than the server's first held"
	# How much of it is on disk at that moment is chance: before it kills, the kernel waits for the disk.
	rig tests/truth/killed-by-dirty-pages.yaml
	same "$(verdict)" crashed/oom-kill
	says 'what filled the charge: page cache (not yet written|locked in memory)'
	[ "$(record '.facts.death_dirty_bytes + .facts.death_writeback_bytes')" = 0 ] ||
		says 'of the page cache at death .* was dirty and .* under writeback'
}

@test "death: the last second is dense however slowly memory grows, and its samples are marked" {
	need_cap
	rig tests/truth/killed-by-the-cap.yaml --set load.1.up=150kB/s --set deadline=60s
	same "$(verdict)" crashed/oom-kill
	# Ten times as many as by the clock alone when the machine is idle.
	same "$(record '.death.last_second.samples > 300')" true
	# Eight moments, unless it was too busy for a sample in each 10 ms, the least that lies between two of them.
	same "$(record '.death.last_second | (.steps | length) == 8 or ((.steps | length) >= 6 and .gap_max_ns >= 10000000)')" true
	from=$(record .death.last_second.from_ns) to=$(record .death.last_second.to_ns)
	same "$(awk -F, -v from="$from" -v to="$to" 'NR > 1 && $1 >= from && $1 <= to' "$RESULTS"/*/samples.csv | wc -l)" \
		"$(record .death.last_second.samples)"
}

@test "death: a dump that the kernel left out is said to be missing, and the rig's own figures stand in" {
	need_cap
	[ -r /dev/kmsg ] || skip "the kernel log cannot be read here"
	# More kills than it prints dumps for; again when its five seconds were over in between.
	for _ in 1 2 3; do
		rm -rf "${RESULTS:?}"/*
		"$RIG" run tests/scenarios/any.yaml --quiet --results "$RESULTS/burst" --set memory=8MiB \
			--set server.ready.timeout=5s -- sh -c 'for i in $(seq 16); do tail /dev/zero; done' >/dev/null || true
		rig tests/truth/worker-killed.yaml
		same "$(verdict)" crashed/oom-child
		[ "$(record .death.tasks)" != null ] || break
	done
	same "$(record .death.tasks)" null
	record .death.tasks_absent | grep -q 'left its dump out'
	same "$(record .facts.kernel_log_kills)" 1
	says "a child's growth: the killed process"
	"$RIG" show last --results "$RESULTS" >"$RESULTS/shown"
	grep -q 'left its dump out' "$RESULTS/shown"
	grep -qE "^  $(record .facts.victim_pid) +\(killed\) fate " "$RESULTS/shown"
}
