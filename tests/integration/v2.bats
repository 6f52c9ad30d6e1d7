#!/usr/bin/env bats
# cgroup v2, on a second kernel: everything here runs inside User-mode Linux (tests/uml/run), client and server
# both, as root and in a group that was handed to somebody else, without systemd and with it.

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
	# what is not as expected gets a second chance.  Nor can one expect what stays unknown (killed-when-read).
	local left_out='hangs-full|killed-at-teardown|killed-while-settling|thrashes|killed-when-read' files
	mapfile -t files < <(printf '%s\n' tests/truth/*.yaml | grep -vE "/($left_out)\.yaml")
	guest -t 400 bash -c "
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

@test "v2: memory_high and oom_group are in force, recorded and judged" {
	guest bash -c '
		run() { ./oomrig run --json --quiet --results $TMPDIR/r "$@"; }
		run tests/truth/worker-killed.yaml --set oom_group=true --set expect=crashed/oom-kill
		run tests/truth/killed-by-the-cap.yaml --set memory_high=24MiB --set deadline=4s --set expect=stalled/thrash
		jq -c "[.isolation.memory_high_bytes, .facts.high_in_force_bytes]" $TMPDIR/r/*/run.json'
	same "$(jq -s '.[0:2][].runs[0] | .outcome + "/" + .cause' <<<"$output" | xargs)" "crashed/oom-kill stalled/thrash"
	same "$(jq -sc '.[2:][]' <<<"$output" | xargs)" "[null,null] [25165824,25165824]"
	jq -r '.runs?[0].evidence[]' <<<"$output" 2>/dev/null | grep -q 'all of the group was killed at once'
	jq -r '.runs?[0].evidence[]' <<<"$output" 2>/dev/null | grep -q 'what could not be reclaimed had reached it'
}

@test "v2: with as much swap as memory, uploads that are killed without it survive" {
	# The pair of P8 made small: swap on a file of the guest is slow.
	guest bash -c '
		(umask 077 && dd if=/dev/zero of=$TMPDIR/swap bs=1M count=80 status=none) &&
			mkswap -q $TMPDIR/swap && swapon $TMPDIR/swap || exit
		run() { ./oomrig run --json --quiet --results $TMPDIR/r scenarios/case-studies/P8-swap-$1.yaml --set memory=48MiB \
			--set swap=$2 --set server.behaviours.form-memory=4MiB --set load.tabs.size=10MB --set load.tabs.clients=4; }
		run on 48MiB && run off none && cat $TMPDIR/r/*swap-on*/samples.csv >&2'
	same "$status" 0
	same "$(field '.runs[0] | .scenario + " " + .outcome + " " + (.requests.ok | tostring)' | xargs)" \
		"P8-swap-on grew 4 P8-swap-off crashed 0"
	# It lived on swap, and not because it needed less.
	local most
	most=$(awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) if ($i == "swap_bytes") c = i; next }
		$c > most { most = $c } END { print most + 0 }' <<<"$stderr")
	[ "$most" -gt 8388608 ]
}

@test "v2: where systemd runs, the group lies in a scope that it was asked for, and goes with it" {
	command -v /lib/systemd/systemd >/dev/null || skip "systemd is not installed: apt-get install systemd"
	command -v dbus-daemon >/dev/null || skip "D-Bus is not installed: apt-get install dbus"
	cat >build/.v2-script <<-'END'
		scenario=tests/truth/killed-by-the-cap.yaml
		look() { jq -r ".checks[] | select(.name == \"$1\") | .found"; }
		scopes() { systemctl list-units --all --plain --no-legend --no-pager 'oomrig*' && find /sys/fs/cgroup -name '*oomrig*'; }
		place() { jq -r '.isolation.placement' $TMPDIR/$1/*/run.json; }
		verdict() { jq -r '.runs[0] | .outcome + "/" + .cause'; }

		./oomrig run --json --quiet --results $TMPDIR/run $scenario | verdict
		place run
		OOMRIG_SYSTEMD_SCOPE=never ./oomrig doctor --json --results $TMPDIR/d | look "group's place"
		systemd-run --quiet --scope --property Delegate=yes --unit handed ./oomrig doctor --json --results $TMPDIR/d |
			look "group's place"
		echo "left: $(scopes)"

		# A rig that is killed: the scope ends with it, and so do the groups.
		./oomrig run --json --quiet --results $TMPDIR/killed $scenario --set settle=60s --set load.uploads.size=1KiB &
		for i in {1..100}; do pgrep -x fate >/dev/null && break; sleep 0.1; done
		echo "alive: $(scopes | grep -c 'oomrig.*\.scope/oomrig') groups"
		kill -KILL $!
		wait
		for i in {1..50}; do [ -z "$(scopes)" ] && break; sleep 0.1; done
		echo "left: $(scopes) $(pgrep -x fate)"

		# As somebody else, whose manager runs in a delegated service: from one of its services.
		systemctl start --quiet --job-mode=ignore-dependencies dbus.socket dbus.service
		install -d -o nobody -m 700 /run/user/65534 $TMPDIR/nobody
		systemd-run --quiet --property User=nobody --property Delegate=yes --property Type=notify --unit manager \
			--setenv XDG_RUNTIME_DIR=/run/user/65534 --setenv HOME=/ /lib/systemd/systemd --user --unit=basic.target
		export XDG_RUNTIME_DIR=/run/user/65534
		setpriv --reuid nobody --clear-groups systemd-run --user --quiet --pipe --wait --working-directory "$PWD" \
			./oomrig run --json --quiet --results $TMPDIR/nobody/r $scenario | verdict
		place nobody/r
		# From outside the manager has to ask that of the system, over the bus, to hand the rig over: a login session.
		systemd-run --quiet --scope --unit session setpriv --reuid nobody --clear-groups \
			./oomrig doctor --json --results $TMPDIR/nobody/d | look "group's place"
		# And the manager of the system, where its own socket is not to be had.
		rm /run/systemd/private
		./oomrig doctor --json --results $TMPDIR/d | look "group's place"
		echo "left: $(find /sys/fs/cgroup -name '*oomrig*')"
	END
	guest -s bash build/.v2-script
	rm build/.v2-script
	local wanted='crashed/oom-kill
made in the scope '\''oomrig-*.scope'\'' of systemd
made directly, as OOMRIG_SYSTEMD_SCOPE says
made in '\''handed.scope'\'', which systemd has handed down
left: 
alive: 2 groups
left:  
crashed/oom-kill
made in the scope '\''oomrig-*.scope'\'' of the user'\''s systemd manager
made in the scope '\''oomrig-*.scope'\'' of the user'\''s systemd manager
made in the scope '\''oomrig-*.scope'\'' of systemd
left: '
	# shellcheck disable=SC2053 -- a pattern
	[[ "$output" == $wanted ]] || same "$output" "$wanted"
}

@test "v2: the emulator is ended at its deadline, whole" {
	guest -t 3 sleep 60
	same "$status" 124
	grep -q 'not done after 3 s' <<<"$stderr"
}

@test "v2: the emulator is ended with what has started it" {
	touch build/.v2
	tests/uml/run sleep 60 2>/dev/null 3>&- &
	local script=$! i
	until pgrep -f "^linux\.uml .*uml_dir=$PWD/build/uml\." >/dev/null; do sleep 0.05; done
	kill -TERM $script
	for ((i = 0; i < 100; i++)); do
		kill -0 $script 2>/dev/null || break
		sleep 0.05
	done
	[ $i -lt 100 ]
}
