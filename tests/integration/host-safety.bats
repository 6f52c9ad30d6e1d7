#!/usr/bin/env bats
# Files of the host, put into every place that a server can reach, are whole after the run, whichever way it ends:
# bind-mounted, linked and hard-linked below its data and temporary folders, over its work folder, in its group.
# All of it is scratch of this test.

bats_require_minimum_version 1.5.0
load run.bash

setup() {
	setup_rig
	HOST=$(mktemp -d "$ROOT/build/host.XXXXXX")
	mkdir -p "$HOST/tree/deep/er" "$HOST/below"
	for i in 1 2 3; do head -c 5000 /dev/urandom >"$HOST/tree/deep/er/$i"; done
	echo one >"$HOST/tree/file"
	ln -s /nowhere "$HOST/tree/link"
	chmod 600 "$HOST/tree/file"
	FATE=$ROOT/build/tests/truth/fate
	export HOST FATE
}

teardown() {
	local at
	# What an unmended rig leaves: only mounts below this test's own folders, and nothing is removed through one.
	while at=$(awk -v a="$HOST" -v b="$RESULTS" 'index($5, a) == 1 || index($5, b) == 1 {print $5}' /proc/self/mountinfo |
		tail -1) && [ -n "$at" ]; do
		umount -l "$at" || break
	done
	chattr -R -i -a "$RESULTS" "$HOST" 2>/dev/null || true
	rm -rf --one-file-system "$HOST"
	"$RIG" clean --results "$RESULTS" >/dev/null 2>&1 || true
	rm -rf --one-file-system "$RESULTS" # groups of this test's own rigs are looked for by left_of
}

need_mounts() {
	need_cap
	[ "$(id -u)" = 0 ] || skip "mounts need root"
	mount --bind "$HOST/below" "$HOST/below" || skip "no mounts can be made here"
	mount --make-shared "$HOST/below" # as a host's are where systemd runs
	mkdir "$HOST/below/inner"
	mount -t tmpfs -o size=1m tmpfs "$HOST/below/inner"
	echo two >"$HOST/below/inner/file"
}

# Names, kinds, rights, targets and contents of all of the canary, the mount in it included.
sum() {
	(cd "$HOST" && find tree below | sort | while read -r name; do
		stat -c '%n %F %a %N' "$name"
		[ ! -f "$name" ] || sha256sum "$name"
	done)
}

mounts_in() { awk -v a="$1" 'index($5, a) == 1' /proc/self/mountinfo; }

left_of() { # rig pid
	find /sys/fs/cgroup -maxdepth 2 -type d -name "oomrig-$1-*" 2>/dev/null
	ls -d "$RESULTS/.work/work-$1-"* 2>/dev/null
	mounts_in "$RESULTS"
}

# Lines of sh that the server does before it serves; $data, $tmp and $group are places of its own.
pranks() {
	cat <<'END'
for at in $data $tmp; do
	mkdir $at/folder $at/shared $at/ram $at/stack $at/closed $at/fixed
	mount --bind $HOST/tree $at/folder
	touch $at/file; mount --bind $HOST/tree/file $at/file
	mount --rbind $HOST/below $at/shared
	mount -t tmpfs -o size=1m tmpfs $at/ram; mkdir $at/ram/again; mount --bind $HOST/tree $at/ram/again
	for i in 1 2 3; do mount --bind $HOST/tree $at/stack; done
	mount --bind $HOST/tree/deep $at/stack/deep
	ln -s $HOST/tree $at/to-folder; ln -s $HOST/tree/file $at/to-file; ln $HOST/tree/file $at/same
	ln -s $data/.. $at/up; ln -s / $at/root
	touch $at/closed/file; chmod 0 $at/closed
	touch $at/fixed/file; chattr +i $at/fixed/file $at/fixed || true
	mkdir -p $at/$(yes n/ | head -1500 | tr -d '\n')
done
unshare -m sh -c "mount --bind $HOST/tree $data/to-itself; exec sleep 300" &
mkdir $data/own $data/to-itself
END
}

# A group below with the longest name that the file system takes, 1,500 below one another, and one under a mount.
group_pranks() {
	cat <<'END'
group=$(sed -n 's/^[0-9]*:memory:/\/sys\/fs\/cgroup\/memory/p' /proc/self/cgroup)
if [ -n "$group" ]; then
	long=$(printf 'long%0200d' 1); mkdir $group/$long
	sleep 300 & echo $! >$group/$long/cgroup.procs
	deep=$group/$(yes n/ | head -1500 | tr -d '\n'); mkdir -p $deep
	sleep 300 & echo $! >$deep/cgroup.procs
	mkdir $group/covered; mount --bind $HOST/tree $group/covered
fi
END
}

# start LINES [options]: a rig in the background whose server does that first; sets $rig_pid.
start() {
	local lines=$1
	shift
	printf 'data=$1 tmp=$2 port=$3\n%s\ntouch $HOST/done\nexec $FATE steady --port $port --data $data --tmp $tmp\n' "$lines" >"$HOST/server"
	env --default-signal=INT "$RIG" run tests/truth/steady.yaml --json --quiet --results "$RESULTS" --set server.ready.timeout=120s "$@" -- \
		sh "$HOST/server" '{data}' '{tmp}' '{port}' >"$HOST/out" 2>"$HOST/err" 3>&- &
	rig_pid=$!
}

await_pranks() {
	for _ in $(seq 1200); do
		[ -e "$HOST/done" ] && return
		kill -0 "$rig_pid" || break
		sleep 0.1
	done
	echo "the server never came to serve: $(cat "$HOST/out" "$HOST/err" "$RESULTS"/2*/server.log)"
	return 1
}

ends_by_itself() {
	wait "$rig_pid" && code=0 || code=$?
	same "$code $(jq -r '.runs[0].outcome' "$HOST/out") $(grep -v -e "the preset .steady. goes" -e "the server has moved its work folder" "$HOST/err")" "${EXPECTED:-0 steady} " || { jq -c '.runs[0].evidence' "$HOST/out"; false; }
}

ends_by_interrupt() {
	await_pranks
	kill -INT "$rig_pid"
	wait "$rig_pid" && code=0 || code=$?
	same "$code $(grep -v -e "the preset .steady. goes" -e "the server has moved its work folder" "$HOST/err")" "130 "
}

ends_by_kill_and_clean() {
	await_pranks
	kill -9 "$rig_pid"
	wait "$rig_pid" || true
	run --separate-stderr "$RIG" clean --results "$RESULTS"
	same "$status $stderr" "0 "
}

whole_after() { # how it ends, LINES
	need_mounts
	before=$(sum)
	start "$2"
	"$1"
	same "$(sum)" "$before"
	same "$(left_of "$rig_pid")" ""
}

@test "files of the host are whole after the end of a run" { whole_after ends_by_itself "$(pranks)"; }
@test "files of the host are whole after Ctrl-C" { whole_after ends_by_interrupt "$(pranks)"; }
@test "files of the host are whole after SIGKILL and clean" { whole_after ends_by_kill_and_clean "$(pranks)"; }

@test "a host's folder mounted over the work folder itself stays whole: end of a run" {
	whole_after ends_by_itself 'mount --bind $HOST/tree $data/..'
}
@test "a host's folder mounted over the work folder itself stays whole: SIGKILL and clean" {
	whole_after ends_by_kill_and_clean 'mount --bind $HOST/tree $data/..'
}

@test "a link to a folder of the host in the place of the work folder, or of the folder above, leads nowhere" {
	whole_after ends_by_itself 'work=$(realpath $data/..); mv $work $HOST/moved; ln -s $HOST/tree $work'
	rm -rf "$HOST/moved" "$HOST/done"
	# The folder above replaced by a link to one of the host that holds a folder of the same name.
	before=$(sum)
	start 'work=$(realpath $data/..); mkdir -p $HOST/tree/${work##*/}; touch $HOST/tree/${work##*/}/precious
		mv ${work%/*} $HOST/moved; ln -s $HOST/tree ${work%/*}'
	wait "$rig_pid" || true
	compgen -G "$HOST/tree/work-*/precious"
}

@test "groups with long names, groups 1,500 deep and a mount in a group go: end of a run" {
	EXPECTED="3 invalid" # of a divided group the figures do not hold
	whole_after ends_by_itself "$(group_pranks)"
}
@test "groups with long names, groups 1,500 deep and a mount in a group go: SIGKILL and clean" {
	whole_after ends_by_kill_and_clean "$(group_pranks)"
}

@test "what cannot be removed is named, and the verdict stands" {
	need_mounts
	touch "$HOST/tree/fixed"
	chattr +i "$HOST/tree/fixed" || skip "this file system has no immutable files"
	chattr -i "$HOST/tree/fixed"
	# Immutable under two names: it may be the host's, so it stays as it is.
	start 'ln $HOST/tree/fixed $data/fixed; chattr +i $data/fixed; touch $data/goes'
	wait "$rig_pid" && code=0 || code=$?
	same "$code $(jq -r '.runs[0].outcome' "$HOST/out")" "0 steady"
	grep -q "cannot remove '.*/data/fixed' (Operation not permitted)" "$HOST/err"
	compgen -G "$RESULTS/.work/*/data/fixed"
	run ! compgen -G "$RESULTS/.work/*/data/goes"
	chattr -i "$HOST/tree/fixed"
	"$RIG" clean --results "$RESULTS"
	same "$(left_of "$rig_pid")" ""
	[ -e "$HOST/tree/fixed" ]
}

@test "worktrees: a host's folder that a build mounts into one stays whole" {
	need_mounts
	before=$(sum)
	git init -q "$HOST/repo"
	git -C "$HOST/repo" -c user.name=t -c user.email=t@t commit -q --allow-empty -m one
	run "$RIG" compare HEAD HEAD --live tests/truth/steady.yaml --source "$HOST/repo" --results "$RESULTS" --runs 2 \
		--build 'mkdir m && mount --bind $HOST/tree m' -- sh -c "exec $FATE steady --port {port} --data {data} --tmp {tmp}"
	echo "$output"
	[ "$(ls -d "$RESULTS"/2*/ | wc -l)" = 4 ]
	same "$(sum)" "$before"
	same "$(mounts_in "$RESULTS")$(ls -d "$RESULTS"/.work/source-* 2>/dev/null)" ""
	same "$(git -C "$HOST/repo" worktree list | wc -l)" 1
}

@test "clean leaves a living rig alone, whatever its program is called" {
	need_cap
	cp "$RIG" "$ROOT/build/rig-${HOST##*.}" # the results are named, its folder plays no part
	RIG="$ROOT/build/rig-${HOST##*.}" start '' --set baseline=60s
	await_pranks
	rm "$ROOT/build/rig-${HOST##*.}"
	"$RIG" clean --results "$RESULTS"
	compgen -G "$RESULTS/.work/work-$rig_pid-*/data"
	same "$(jq -r .state "$RESULTS"/2*/run.json)" running
	server=$(jq -r .server_pid "$RESULTS"/2*/run.json)
	kill -0 "$server"
	kill -INT "$rig_pid"
	wait "$rig_pid" || true
	same "$(left_of "$rig_pid")" ""
}

@test "clean takes a dead rig's things although a later process has its id" {
	need_cap
	start '' --set baseline=60s
	await_pranks
	kill -9 "$rig_pid"
	wait "$rig_pid" || true
	# As it would look after the id was used again: the same id, another start.
	for at in "$RESULTS"/.work/work-*; do mv "$at" "${at/work-$rig_pid-/work-$$-}"; done
	jq ".rig_pid = $$" "$RESULTS"/2*/run.json >"$HOST/json"
	cp "$HOST/json" "$RESULTS"/2*/run.json
	"$RIG" clean --results "$RESULTS"
	same "$(ls "$RESULTS/.work")" ""
	same "$(jq -r .state "$RESULTS"/2*/run.json)" interrupted
}

@test "a link that a server has put in the place of .work: clean does not follow it, and names it" {
	need_cap
	start 'true' --set baseline=60s
	await_pranks
	kill -9 "$rig_pid"
	wait "$rig_pid" || true
	name=$(ls "$RESULTS/.work")
	mkdir -p "$HOST/tree/$name/data"
	before=$(sum)
	mv "$RESULTS/.work" "$RESULTS/.work-away"
	ln -s "$HOST/tree" "$RESULTS/.work"
	run --separate-stderr "$RIG" clean --results "$RESULTS"
	same "$status $(sum)" "3 $before"
	grep -q "'$RESULTS/.work' is a link" <<<"$stderr"
	# One that the user names is the user's own.
	rmdir "$HOST/tree/$name/data" "$HOST/tree/$name"
	ln -s .work-away "$RESULTS/mine"
	"$RIG" clean --results "$RESULTS" --work "$RESULTS/mine" || [ $? -eq 0 ]
	same "$(ls "$RESULTS/.work-away")" ""
	rm "$RESULTS/.work"
}

@test "clean goes on after what it cannot take away, names all of it, and says so in its status" {
	need_mounts
	for i in 1 2 3; do
		rm -f "$HOST/done"
		start "ln \$HOST/tree/file \$data/kept; echo $i" --set baseline=60s
		await_pranks
		kill -9 "$rig_pid"
		wait "$rig_pid" || true
	done
	chattr +i "$HOST/tree/file" || skip "this file system has no immutable files"
	echo '{"schema": 1' >"$(ls -d "$RESULTS"/2*/ | head -1)run.json"
	run --separate-stderr "$RIG" clean --results "$RESULTS"
	chattr -i "$HOST/tree/file"
	same "$status" 3
	same "$(grep -c "cannot remove '.*/data/kept' (Operation not permitted)" <<<"$stderr")" 3
	same "$(grep -c "marked as interrupted" <<<"$output")" 2
	run "$RIG" clean --results "$RESULTS"
	same "$(ls "$RESULTS/.work")" ""
}

@test "several clean at once take all away and fail none" {
	need_cap
	for i in 1 2 3; do
		rm -f "$HOST/done"
		start 'mkdir $data/a; cd $data/a; seq 3000 | xargs mkdir' --set baseline=60s
		await_pranks
		kill -9 "$rig_pid"
		wait "$rig_pid" || true
	done
	mkdir "$RESULTS-b" # other results, the same work folder and the same groups
	pids=()
	for i in 1 2 3 4 5 6; do
		results=$RESULTS
		[ $((i % 2)) = 0 ] || results=$RESULTS-b
		"$RIG" clean --results "$results" --work "$RESULTS/.work" >"$HOST/clean.$i" 2>&1 3>&- &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid" || { cat "$HOST"/clean.*; rm -rf "$RESULTS-b"; false; }; done
	rm -rf "$RESULTS-b"
	same "$(ls "$RESULTS/.work")$(cat "$HOST"/clean.* | grep -i cannot)" ""
	same "$(jq -r .state "$RESULTS"/2*/run.json | sort -u)" interrupted
}

@test "an empty name of a file or folder is refused, by every command" {
	for words in "doctor --work=" "doctor --results=" "clean --work=" "clean --results=" "show --results=" "judge --results=" \
		"log --results=" "run --results= tests/truth/steady.yaml" "run --work= tests/truth/steady.yaml" "selftest --results=" \
		"selftest --corpus=" "selftest --write=" "bisect --scenario=" "bisect --source=" "compare --live=" "compare --source="; do
		run "$RIG" $words
		same "$words: $status" "$words: 2"
		grep -q "is empty" <<<"$output" || { echo "$words: $output"; return 1; }
	done
}
