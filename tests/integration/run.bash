# Shared by the tests of the whole program: a results folder of their own, and
# the checks that nothing is left behind.

setup_rig() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	ROOT=$PWD
	RIG=$ROOT/oomrig
	# On the disk of the tree, not in a /tmp that may be a RAM disk.
	mkdir -p build
	RESULTS=$(mktemp -d "$ROOT/build/results.XXXXXX")
	GROUPS_BEFORE=$(rig_groups)
}

teardown_rig() {
	local left
	left=$(rig_groups)
	rm -rf "$RESULTS"
	if [ "$left" != "$GROUPS_BEFORE" ]; then
		echo "groups left behind: $left"
		return 1
	fi
}

# Groups whose rig is gone: those of a rig at work elsewhere on the machine are its own.
rig_groups() {
	local group pid
	find /sys/fs/cgroup -maxdepth 2 -type d -name 'oomrig-[0-9]*' 2>/dev/null | sort | while read -r group; do
		pid=${group##*/oomrig-}
		[ -e "/proc/${pid%%-*}" ] || echo "$group"
	done
}

need_cap() {
	"$RIG" doctor >/dev/null 2>&1 || skip "no memory cap can be made here: $("$RIG" doctor 2>&1 | grep -i fail | head -1)"
}

# rig SCENARIO [options]: runs it with JSON on standard output; sets $status and $output.
rig() {
	run --separate-stderr "$RIG" run --json --quiet --results "$RESULTS" "$@"
}

# await_phase NAME [RESULTS]: until the rig that runs as $rig_pid has come so far in its record.
await_phase() {
	until jq -e --arg name "$1" '.phases[]? | select(.name == $name)' "${2:-$RESULTS}"/2*/run.json >/dev/null 2>&1; do
		kill -0 "$rig_pid" 2>/dev/null || { echo "the rig ended before its phase '$1'" && return 1; }
		sleep 0.02
	done
}

field() { jq -r "$1" <<<"$output"; }

verdict() { field '.runs[0] | .outcome + "/" + (.cause // "")'; }

record() { jq -r "$1" "$RESULTS"/*/run.json; }

# fails with both sides shown
same() {
	[ "$1" = "$2" ] || {
		echo "got:      $1"
		echo "expected: $2"
		[ -z "${output:-}" ] || echo "$output" | head -c 3000
		[ -z "${stderr:-}" ] || echo "$stderr" | head -c 2000
		return 1
	}
}
