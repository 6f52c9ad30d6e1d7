#!/usr/bin/env bats
# cgroup v2, on a second kernel: everything here runs inside User-mode Linux (tests/uml/run), client and server
# both, as root and in a group that was handed to somebody else.

bats_require_minimum_version 1.5.0

BEFORE=scenarios/picoshare/three-uploads-before-any-fix.yaml
FIXED=scenarios/picoshare/three-uploads-all-fixes.yaml

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	command -v linux.uml >/dev/null || skip "User-mode Linux is not installed: apt-get install user-mode-linux"
}

# Nothing of the emulator outlives a test, and nothing of its files.
teardown() {
	if pgrep -af "^linux\.uml .*uml_dir=$PWD/build/uml\."; then
		echo "is left of the emulator"
		return 1
	fi
	[ -z "$(find build -maxdepth 1 -name 'uml.*' -newer build/.v2 2>/dev/null)" ]
}

# guest [options of tests/uml/run] COMMAND…: sets $status, $output and $stderr.
guest() {
	touch build/.v2
	run --separate-stderr tests/uml/run "$@"
}

field() { jq -r "$1" <<<"$output"; }

# fails with both sides shown
same() {
	[ "$1" = "$2" ] || {
		printf 'got:      %s\nexpected: %s\n' "$1" "$2"
		head -c 3000 <<<"${output:-}"
		head -c 3000 <<<"${stderr:-}"
		return 1
	}
}

@test "v2: the backend, as root and in a delegated group" {
	# The last shell is alone in its group, as a service with Delegate=yes is: the rig has to step aside.
	guest bash -c '
		build/tests/uml/test_cgroup_v2 &&
		tests/uml/delegated shared/shell build/tests/uml/test_cgroup_v2 &&
		tests/uml/delegated alone build/tests/uml/test_cgroup_v2
		echo "status $?"
		find /sys/fs/cgroup -mindepth 1 -type d -printf "%P\n" | sort'
	echo "$output$stderr"
	grep -q '^status 0$' <<<"$output"
	same "$(sed '1,/^status/d' <<<"$output" | xargs)" "alone shared shared/shell"
}

@test "v2: the golden pair kills one build and fills the page cache of the other" {
	# System calls are about 100 times dearer there: the survivors' files are just large enough to fill the cap.
	guest -d 5G bash -c "./oomrig run --json --quiet --results \$TMPDIR/a $BEFORE &&
		./oomrig run --json --quiet --results \$TMPDIR/b $FIXED --set load.tabs.size=90MB
		code=\$?; find /sys/fs/cgroup -name 'oomrig*' >&2; exit \$code"
	same "$status" 0
	same "$stderr" ""
	same "$(field '.runs[0] | .outcome + "/" + .cause' | xargs)" "crashed/oom-kill grew/page-cache"
	same "$(field '.runs[0].as_expected' | xargs)" "true true"
	same "$(field '.runs[0].memory_bytes' | xargs)" "268435456 268435456"
	field '.runs[0].evidence[]' | grep -q 'oom_kill counter rose from 0 to 1'
	field '.runs[0].evidence[]' | grep -q "the group's OOM event fired"
	# Half of the cap at least was anon when the one died, and hardly any in the other.
	same "$(jq -s '.[0].runs[0].peak.anon_bytes > 134217728 and .[1].runs[0].peak.anon_bytes < 33554432' <<<"$output")" true
	same "$(jq -s '.[1].runs[0].requests | [.ok, .verified_bytes, .corrupt] | join(" ")' <<<"$output")" '"3 270000000 0"'
}

@test "v2: a run by a user in a delegated group, recorded with the figures that only v2 has" {
	guest -d 5G tests/uml/delegated handed/shell bash -c "./oomrig run --json --quiet --results \$TMPDIR/r $BEFORE &&
		cat \$TMPDIR/r/*/run.json && cat \$TMPDIR/r/*/samples.csv >&2"
	same "$status" 0
	same "$(jq -rs '.[0].runs[0] | .outcome + "/" + .cause' <<<"$output")" "crashed/oom-kill"
	same "$(jq -s '.[1].isolation.backend' <<<"$output")" '"cgroup-v2"'
	same "$(jq -s '.[1].isolation.memory_swap_bytes' <<<"$output")" 268435456
	same "$(jq -s '.[1].host.cgroup | .mode + .memory_controller' <<<"$output")" '"v2v2"'
	# At death the anon that was there, not what the late event still found.
	same "$(jq -s '.[1].facts.death_anon_bytes > 134217728' <<<"$output")" true
	# Known on every row; a word of v1, or of a kernel that keeps pressure figures, on none.
	column() { awk -F, -v name="$1" 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == name) c = i; next }
		{ n += $c ~ /^[0-9]+$/; empty += $c == "" } END { print n == NR - 1 ? "all" : empty == NR - 1 ? "none" : "some" }' \
		<<<"$stderr"; }
	for name in usage_bytes sock_bytes slab_reclaimable_bytes ooms oom_kills_local swap_bytes; do
		same "$name $(column $name)" "$name all"
	done
	for name in under_oom pressure_some_us; do
		same "$name $(column $name)" "$name none"
	done
}

@test "v2: the servers whose fate is known" {
	compgen -G 'tests/truth/*.yaml' >/dev/null || skip "no tests/truth/*.yaml in this tree"
	# Time passes differently there (one CPU, dear system calls): what is all about time is left to the host, and
	# what is not as expected gets a second chance.
	local timed='hangs-full|killed-at-teardown|killed-while-settling|thrashes' files
	mapfile -t files < <(printf '%s\n' tests/truth/*.yaml | grep -vE "/($timed)\.yaml")
	guest -t 220 bash -c "
		./oomrig run --json --quiet --results \$TMPDIR/a ${files[*]} >\$TMPDIR/first
		again=\$(jq -r '.runs[] | select(.as_expected | not) | \"tests/truth/\" + .scenario + \".yaml\"' \$TMPDIR/first)
		echo ran \$(jq '.runs | length' \$TMPDIR/first), again: \$again >&2
		[ -z \"\$again\" ] || ./oomrig run --json --quiet --results \$TMPDIR/b \$again"
	echo "$stderr"
	same "$status" 0
	grep -q "^ran ${#files[@]}, again:" <<<"$stderr"
}

@test "v2: doctor says what is missing and what to type" {
	guest bash -c '
		./oomrig doctor --json --results $TMPDIR/r
		tests/uml/delegated busy bash -c "./oomrig doctor --json --results \$TMPDIR/r; true"
		setpriv --reuid nobody --clear-groups ./oomrig doctor --json --results $TMPDIR/r; true'
	same "$status" 0
	v2() { jq -rs ".[$1].checks[] | select(.name == \"cgroup-v2\") | .level + \": \" + .found" <<<"$output"; }
	[[ "$(v2 0)" == "ok: "* ]]
	[[ "$(v2 1)" == "FAIL: other processes sit beside the rig in '/sys/fs/cgroup/busy'"*"; type: cd "* ]]
	[[ "$(v2 2)" == "FAIL: cannot make groups in '/sys/fs/cgroup'; run as root, or type: systemd-run "* ]]
}

@test "v2: found in a container's view of the hierarchy, and beside v1 hierarchies" {
	cat >build/.v2-script <<-'END'
		cd /sys/fs/cgroup && echo +memory >cgroup.subtree_control && mkdir namespace bind && cd "$OLDPWD"
		# Alone in its group, with a cgroup namespace and a mount of its own, then with a part of the host's mount.
		(echo $BASHPID >/sys/fs/cgroup/namespace/cgroup.procs && exec unshare -C -m bash -c '
			umount /sys/fs/cgroup && mount -t cgroup2 cgroup2 /sys/fs/cgroup && exec ./oomrig doctor --json --results $TMPDIR/r')
		(echo $BASHPID >/sys/fs/cgroup/bind/cgroup.procs && exec unshare -m bash -c '
			mount --bind /sys/fs/cgroup/bind /sys/fs/cgroup && exec ./oomrig doctor --json --results $TMPDIR/r')
		umount /sys/fs/cgroup && mount -t tmpfs tmpfs /sys/fs/cgroup && cd /sys/fs/cgroup && mkdir pids unified &&
			mount -t cgroup -o pids pids pids && mount -t cgroup2 cgroup2 unified && cd "$OLDPWD" &&
			./oomrig doctor --json --results $TMPDIR/r
		find /sys/fs/cgroup -name 'oomrig*' >&2
	END
	guest bash build/.v2-script
	rm build/.v2-script
	same "$status" 0
	same "$stderr" ""
	same "$(jq -r '.checks[] | select(.name == "cgroup-v2" or .name == "trial group") | .level' <<<"$output" | xargs)" \
		"ok ok ok ok ok ok"
}

@test "v2: the emulator is ended at its deadline, whole" {
	guest -t 3 sleep 60
	same "$status" 124
	grep -q 'not done after 3 s' <<<"$stderr"
}
