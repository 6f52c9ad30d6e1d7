#!/usr/bin/env bats
# Each guard tripped by what it guards against (docs/verdicts.md, "What trips each guard"): every run here must be
# invalid, or say beside its verdict what was wrong with it.

bats_require_minimum_version 1.5.0
load run.bash

setup() { setup_rig; }
teardown() {
	! mountpoint -q "$RESULTS/disk" || umount -l "$RESULTS/disk"
	rm -rf "$RESULTS"
}

need_v1() {
	root=$(awk '$3 == "cgroup" && $4 ~ /(^|,)memory(,|$)/ { print $2; exit }' /proc/mounts)
	[ -n "$root" ] || skip "no cgroup v1 memory controller here"
	fate=$ROOT/build/tests/truth/fate
}

@test "guard: a server that leaves its group" {
	need_cap
	need_v1
	rig tests/truth/steady.yaml -- sh -c "echo \$\$ >$root/cgroup.procs; exec $fate steady --port {port} --data {data} --tmp {tmp}"
	same "$(verdict)" invalid/group
}

@test "guard: a child that leaves the group while its parent stays" {
	need_cap
	need_v1
	rig tests/truth/steady.yaml -- sh -c \
		"sh -c 'echo \$\$ >$root/cgroup.procs; exec sleep 600' & exec $fate steady --port {port} --data {data} --tmp {tmp}"
	same "$(verdict)" invalid/group
	# It left, so the rig's cap could not end it; it belongs to this test.
	server=$(record .server_pid)
	ps -o pid= -s "$server" | xargs -r kill -9 2>/dev/null || true
}

# The server's own group, in a shell of it.
OWN_GROUP='g=$root$(sed -n s/.*:memory://p /proc/self/cgroup)'

@test "guard: a group below the server's, whose figures the server's leaves out; it is ended and removed" {
	need_cap
	need_v1
	export root RESULTS
	rig tests/truth/steady.yaml -- sh -c "$OWN_GROUP"'
		mkdir -p "$g/below/deeper" && echo "$g" >"$RESULTS/group"
		setsid sh -c "echo \$\$ >$g/below/deeper/cgroup.procs; echo \$\$ >$RESULTS/pid; exec sleep 600" &'"
		exec $fate steady --port {port} --data {data} --tmp {tmp}"
	same "$(verdict)" invalid/group
	[ ! -e "$(cat "$RESULTS/group")" ]
	run ! grep -q '^State:[[:space:]][^Z]' "/proc/$(cat "$RESULTS/pid")/status" 2>/dev/null
}

@test "guard: a kill by the kernel is not blamed for a SIGKILL of somebody else" {
	need_cap
	need_v1
	[ -r /dev/kmsg ] && [ "$(readlink /proc/self/ns/pid)" = "pid:[4026531836]" ] ||
		skip "the kernel log does not name processes as this host does"
	export root
	rig tests/truth/worker-killed.yaml -- sh -c "$OWN_GROUP"'
		(until grep -q "^oom_kill [1-9]" "$g/memory.oom_control"; do sleep 0.01; done; kill -9 $$) &'"
		exec $fate worker-killed --port {port} --data {data} --tmp {tmp}"
	same "$(record .facts.server_signal)" 9
	same "$(verdict)" crashed/oom-child
	field '.runs[0].evidence[]' | grep -q 'its SIGKILL came from somebody else'
}

@test "guard: a cap that is lifted while the run goes on" {
	need_cap
	need_v1
	rig tests/truth/steady.yaml -- sh -c \
		"g=$root\$(sed -n 's/.*:memory://p' /proc/self/cgroup)
		for f in memory.memsw.limit_in_bytes memory.limit_in_bytes; do [ ! -e \$g/\$f ] || echo 128M >\$g/\$f; done
		exec $fate steady --port {port} --data {data} --tmp {tmp}"
	same "$(verdict)" invalid/cap
}

# A rig in the background, and its output when it is done.
start_rig() { # scenario and options
	"$RIG" run --json --quiet --results "$RESULTS/runs" "$@" >"$RESULTS/out" 3>&- &
	rig_pid=$!
}

end_rig() {
	wait "$rig_pid" || true
	output=$(cat "$RESULTS/out")
}

# Slow enough to last longer than what is to be seen in it, on a slow machine too.
SLOW=(--set load.1.up=200kB/s --set load.1.files=1)

@test "guard: a child that leaves the group during the load and is gone before its end" {
	need_cap
	need_v1
	start_rig tests/truth/steady.yaml "${SLOW[@]}" -- sh -c \
		"sh -c 'until [ -e $RESULTS/go ]; do sleep 0.02; done; echo \$\$ >$root/cgroup.procs; exec sleep 2.5' & exec $fate steady --port {port} --data {data} --tmp {tmp}"
	await_phase load "$RESULTS/runs"
	touch "$RESULTS/go"
	end_rig
	same "$(verdict)" invalid/group
}

@test "guard: a cap that somebody lifts from outside and puts back" {
	need_cap
	need_v1
	start_rig tests/truth/steady.yaml "${SLOW[@]}"
	await_phase load "$RESULTS/runs"
	group=$root/$(jq -r .isolation.group "$RESULTS"/runs/*/run.json)
	limits=(memory.memsw.limit_in_bytes memory.limit_in_bytes)
	[ -e "$group/${limits[0]}" ] || limits=(memory.limit_in_bytes)
	for limit in "${limits[@]}"; do echo 128M >"$group/$limit"; done
	sleep 2.5
	for limit in "${limits[-1]}" "${limits[0]}"; do echo 64M >"$group/$limit"; done
	end_rig
	same "$(verdict)" invalid/cap
	field '.runs[0].evidence[]' | grep -q '128 MiB was in force'
}

small_disk() { # size
	truncate -s "$1" "$RESULTS/image" && mkfs.ext4 -q "$RESULTS/image" && mkdir "$RESULTS/disk"
	mount -o loop "$RESULTS/image" "$RESULTS/disk" || skip "cannot mount a loop device here"
}

@test "guard: the disk under the data runs full" {
	need_cap
	small_disk 160M
	rig tests/truth/page-cache.yaml --work "$RESULTS/disk" --set load.1.read_back=false -- sh -c \
		"cat /dev/zero >{tmp}/filler; exec $ROOT/build/tests/truth/fate steady --port {port} --data {data} --tmp {tmp}"
	umount "$RESULTS/disk"
	same "$(verdict)" invalid/disk
}

@test "guard: the disk under the record runs full" {
	need_cap
	need_v1
	small_disk 16M
	mkdir "$RESULTS/work"
	run --separate-stderr "$RIG" run tests/truth/steady.yaml "${SLOW[@]}" --json --quiet --results "$RESULTS/disk/runs" \
		--work "$RESULTS/work" -- sh -c \
		"cat /dev/zero >$RESULTS/disk/filler; exec $fate steady --port {port} --data {data} --tmp {tmp}"
	same "$status" 3
	grep -q 'No space left on device' <<<"$output$stderr"
	rm "$RESULTS/disk/filler"
	# What was written before can still be read, and claims nothing.
	"$RIG" show last --results "$RESULTS/disk/runs" | grep -qi 'invalid\|unfinished'
	umount "$RESULTS/disk"
}

@test "guard: clients starved by others on their CPU are said beside the verdict" {
	need_cap
	cpu=$(taskset -cp $$ | sed 's/.*[ ,-]//')
	hogs=()
	for _ in 1 2 3; do
		taskset -c "$cpu" sh -c 'while :; do :; done' 3>&- &
		hogs+=($!)
	done
	run --separate-stderr taskset -c "$cpu" "$RIG" run tests/truth/steady.yaml --json --quiet \
		--results "$RESULTS" --set load.1.size=50MB --set deadline=60s
	kill "${hogs[@]}"
	same "$(field '.runs[0].outcome')" steady
	field '.runs[0].evidence[]' | grep -q 'the load generator was the bottleneck'
	record .load.bottleneck_reason | grep -q 'was kept waiting by others'
}

@test "guard: samples with a hole, because the rig itself was stopped" {
	need_cap
	start_rig tests/truth/steady.yaml --set settle=1500ms
	await_phase load "$RESULTS/runs"
	kill -STOP "$rig_pid"
	sleep 2
	kill -CONT "$rig_pid"
	end_rig
	same "$(verdict)" invalid/samples
}

@test "guard: a load that is cut by its deadline" {
	need_cap
	rig tests/truth/page-cache.yaml --set deadline=300ms --set load.1.up=100kB/s
	same "$(verdict)" invalid/load
	field '.runs[0].evidence[0]' | grep -F "the load did not end within 0.30 s (the scenario's key 'deadline'): "
	"$RIG" show last --results "$RESULTS" | grep 'cut at its deadline of 0.30 s'
}
