#!/usr/bin/env bats
# The ends of the rig: closed pipes and descriptors, signals in every phase, servers whose children go astray.  Whatever
# comes, no group, no process, no work folder and no record that says "running" is left.
# SIGPIPES, SIGHUPS and CTRL_CS say how often at random moments (make sigkills: 20, 20, 50).

bats_require_minimum_version 1.5.0
load run.bash

setup() {
	setup_rig
	fate="$ROOT/build/tests/truth/fate"
	service="--port {port} --data {data} --tmp {tmp}"
}

teardown() {
	[ -z "${rig_pid:-}" ] || kill -9 "$rig_pid" 2>/dev/null || true
	"$RIG" clean --results "$RESULTS" >/dev/null 2>&1 || true
	rm -rf "$RESULTS"
}

# A zombie is dead; when it is reaped is its new parent's business.
lives() { # pid
	local stat
	stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
	[[ ${stat##*)} != " Z"* ]]
}

# Processes of the servers of this test's rigs, whatever group they are in.
marked() {
	grep -lsaF "OOMRIG_DATA=$RESULTS" /proc/[0-9]*/environ 2>/dev/null | cut -d/ -f3 | while read -r pid; do
		! lives "$pid" || echo "process $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline" 2>/dev/null)"
	done
}

nothing_left() { # rig pid
	local left folder
	left=$(
		find /sys/fs/cgroup -maxdepth 2 -type d -name "oomrig-$1-*" 2>/dev/null
		ls -d "$RESULTS"/.work/* "$RESULTS"/.new-* 2>/dev/null
		marked
		for folder in "$RESULTS"/2*/; do
			[ ! -d "$folder" ] || jq -e '.state != "running"' "$folder/run.json" >/dev/null || echo "bad record in $folder"
		done
	)
	same "$left" ""
}

# A shell without job control has its background jobs ignore SIGINT and SIGQUIT; nohup has all ignore SIGHUP.
start() { # subcommand, its options
	local command=$1
	shift
	env --default-signal=INT,QUIT,HUP "$RIG" "$command" --quiet --results "$RESULTS" "$@" >"$RESULTS/out" 2>"$RESULTS/err" 3>&- &
	rig_pid=$!
}

wait_for() { # words of a command
	for _ in $(seq 1200); do
		if "$@" 2>/dev/null; then return 0; fi
		sleep 0.05
	done
	echo "waited in vain for: $*"
	cat "$RESULTS/err"
	return 1
}

in_phase() { jq -e --arg name "$1" '.phases[-1].name == $name' "$RESULTS"/2*/run.json >/dev/null 2>&1; }

# Sets $code; the rig must end long before it would by itself.
await_rig() { # seconds
	local since=$SECONDS
	while lives "$rig_pid"; do
		[ $((SECONDS - since)) -lt "$1" ] || { echo "the rig still lives after $1 s"; return 1; }
		sleep 0.05
	done
	code=0
	wait "$rig_pid" || code=$?
}

state() { jq -r '.state + " " + .verdict.outcome' "$RESULTS"/2*/run.json; }

# A library to preload: what it does to the trampoline, or to a call.
preload() { # C source
	echo "$1" | cc -shared -fPIC -x c -o "$RESULTS/preload.so" -
}
IN_TRAMPOLINE='#include <string.h>
#include <signal.h>
#include <unistd.h>
__attribute__((constructor)) static void at(int argc, char **argv) { if (argc > 1 && !strcmp(argv[1], "__trampoline"))'

# ---- what the server starts ---------------------------------------------------

# Out of the group and the session, and away from its parent; the words before sh may take the mark away too.
stray_of() { # words
	local root=/sys/fs/cgroup/memory/cgroup.procs
	[ -e "$root" ] || root=/sys/fs/cgroup/cgroup.procs
	start run tests/truth/steady.yaml -- sh -c "setsid $* sh -c 'echo \$\$ >$root; echo \$\$ >$RESULTS/stray; exec sleep 300' &
		exec $fate steady $service"
	wait_for [ -s "$RESULTS/stray" ]
	stray=$(cat "$RESULTS/stray")
	lives "$stray"
	await_rig 60
	! lives "$stray" || { kill -9 "$stray"; echo "$stray lives on"; return 1; }
	grep -q "process $stray (sleep), left behind by the server, was ended" "$RESULTS/err"
	nothing_left "$rig_pid"
}

@test "a child that leaves group and session is found, ended and named" {
	need_cap
	stray_of env
}

@test "a child that leaves the group and throws its environment away is found as well" {
	need_cap
	stray_of env -i
}

@test "a child that was let go before the rig was interrupted is ended too" {
	start run tests/truth/steady.yaml --memory none --set isolation=none --set baseline=300s -- \
		sh -c "setsid env -i /bin/sh -c '/bin/sleep 300 & echo \$! >$RESULTS/stray'; exec $fate steady $service"
	wait_for in_phase baseline
	stray=$(cat "$RESULTS/stray")
	lives "$stray"
	kill -INT "$rig_pid"
	await_rig 30
	same "$code" 130
	! lives "$stray" || { kill -9 "$stray"; return 1; }
	nothing_left "$rig_pid"
}

trampoline_of() { # rig pid
	local child
	for child in $(cat "/proc/$1/task/$1/children"); do
		if grep -qsaF __trampoline "/proc/$child/cmdline"; then return 0; fi
	done
	return 1
}

@test "killed while its server starts, the rig leaves none" {
	preload "$IN_TRAMPOLINE sleep(3); }"
	LD_PRELOAD=$RESULTS/preload.so start run tests/truth/steady.yaml --memory none --set isolation=none -- \
		sh -c "echo \$\$ >$RESULTS/server; exec sleep 300"
	wait_for trampoline_of "$rig_pid"
	kill -9 "$rig_pid"
	wait "$rig_pid" || true
	sleep 5 # the trampoline's three seconds, and what a busy machine adds
	same "$(marked)" ""
}

@test "a trampoline that stops has a deadline" {
	preload "$IN_TRAMPOLINE raise(SIGSTOP); }"
	LD_PRELOAD=$RESULTS/preload.so start run tests/truth/steady.yaml --memory none --set isolation=none --set server.ready.timeout=1s
	await_rig 60
	same "$code" 3
	same "$(state)" "finished invalid"
	jq -e '.facts.rig_error | contains("has not become the server within 1")' "$RESULTS"/2*/run.json
	nothing_left "$rig_pid"
}

@test "a FIFO in the place of a file is refused" {
	mkfifo "$RESULTS/fifo"
	sed "s|size: .*|file: $RESULTS/fifo|" tests/truth/steady.yaml >"$RESULTS/fifo.yaml"
	cp -r tests/truth/servers "$RESULTS/servers"
	run timeout 20 "$RIG" run "$RESULTS/fifo.yaml" --quiet --results "$RESULTS"
	same "$status" 2
	[[ $output == *"'$RESULTS/fifo' is not a regular file"* ]]
	same "$(ls -d "$RESULTS"/2* 2>/dev/null)" ""
}

# ---- output that nobody reads -------------------------------------------------

@test "closed pipes: the run goes on to its end, and what could not be written is said" {
	need_cap
	{ "$RIG" run tests/truth/steady.yaml --results "$RESULTS" 2>"$RESULTS/err" 3>&- || echo $? >"$RESULTS/code"; } | true
	same "$(cat "$RESULTS/code")" 3
	grep -q 'cannot write to standard output' "$RESULTS/err"
	same "$(jq -r .state "$RESULTS"/2*/run.json)" finished
	nothing_left 0
	rm -rf "$RESULTS"/2*
	{ "$RIG" run tests/truth/steady.yaml --results "$RESULTS" 3>&-; echo $? >"$RESULTS/code"; } 2>&1 >/dev/null | true
	same "$(cat "$RESULTS/code") $(jq -r .state "$RESULTS"/2*/run.json)" "0 finished"
	nothing_left 0
}

@test "closed descriptors: the run goes on to its end" {
	need_cap
	for closed in '<&-' '>&-' '2>&-' '<&- >&- 2>&-'; do
		code=0
		eval "\"$RIG\" run tests/truth/steady.yaml --results \"$RESULTS\" $closed 3>&-" || code=$?
		case $closed in *' >&-'* | '>&-') same "$closed $code" "$closed 3" ;; *) same "$closed $code" "$closed 0" ;; esac
		same "$closed $(jq -r .state "$RESULTS"/2*/run.json)" "$closed finished"
		nothing_left 0
		rm -rf "$RESULTS"/2*
	done
	run -2 "$RIG" list --nonsense >&-
}

# ---- signals --------------------------------------------------------------------

@test "one signal of each kind in each phase: interrupted, nothing left" {
	for signal in INT TERM HUP QUIT; do
		for phase in start baseline settle; do
			command=()
			[ $phase != start ] || command=(-- sleep 300)
			start run tests/truth/steady.yaml --memory none --set isolation=none --set baseline=1s --set settle=300s \
				--set server.ready.timeout=300s "${command[@]}"
			wait_for in_phase $phase
			kill -$signal "$rig_pid"
			await_rig 30
			same "$signal $phase $code $(state)" "$signal $phase 130 interrupted interrupted"
			nothing_left "$rig_pid"
			rm -rf "$RESULTS"/2*
		done
	done
}

@test "a signal that the rig was started to ignore stays ignored" {
	need_cap
	env --ignore-signal=HUP "$RIG" run tests/truth/steady.yaml --quiet --results "$RESULTS" --set baseline=3s >/dev/null 2>&1 3>&- &
	rig_pid=$!
	wait_for in_phase baseline
	kill -HUP "$rig_pid"
	await_rig 60
	same "$code $(state)" "0 finished steady"
}

@test "Ctrl-C while the server is given its time to stop: it is over" {
	start run tests/truth/steady.yaml --memory none --set isolation=none --set server.stop_timeout=300s -- \
		sh -c "trap '' TERM; $fate steady $service & while :; do sleep 1; done"
	wait_for in_phase stop
	kill -INT "$rig_pid"
	await_rig 30
	same "$code $(state)" "130 interrupted interrupted"
	nothing_left "$rig_pid"
}

@test "a second Ctrl-C ends at once, also where the first one has to wait" {
	need_cap
	# The server does not end of the first one, as if it waited in the kernel.
	preload '#include <sys/types.h>
int kill(pid_t pid, int sig) { (void)pid; (void)sig; return 0; }'
	LD_PRELOAD=$RESULTS/preload.so start run tests/truth/steady.yaml --set baseline=5s
	wait_for in_phase baseline
	kill -INT "$rig_pid"
	wait_for in_phase stop
	lives "$rig_pid"
	kill -INT "$rig_pid"
	await_rig 30
	same "$code $(state)" "130 interrupted interrupted"
	nothing_left "$rig_pid"
	# Whichever of its threads came to write the record.
	record '.verdict.evidence[0]' | grep -qE '^the (user asked a second time|run was stopped by the user)'
}

@test "two and three Ctrl-Cs in a row, while many files are taken away" {
	need_cap
	for more in 1 2; do
		start run tests/truth/steady.yaml --runs 2 -- \
			sh -c "(cd {data} && seq 20000 | xargs touch); exec $fate steady $service"
		wait_for sh -c "grep -qs '\"state\": \"finished\"' $RESULTS/2*/run.json"
		kill -INT "$rig_pid"
		sleep 0.02
		for _ in $(seq $more); do kill -INT "$rig_pid" 2>/dev/null || true; done
		await_rig 30
		[ "$code" = 130 ]
		[ $more = 1 ] || "$RIG" clean --results "$RESULTS" >/dev/null # the third leaves what is left
		nothing_left "$rig_pid"
		rm -rf "$RESULTS"/2*
	done
}

# At random moments, the first 300 ms before all.  In turn: a quiet server, one that is killed, one with children, one
# that is started again, and searches of several runs.
at_random() { # signal, how often
	local scenarios=(page-cache killed-by-the-cap leak-in-worker killed-when-read) i
	RANDOM=${SEED:-1}
	for ((i = 0; i < $2; i++)); do
		case $((i % 6)) in
		4) start floor tests/truth/page-cache.yaml ;;
		5) env --default-signal=INT,QUIT,HUP "$RIG" selftest steady leak-in-worker --quiet --results "$RESULTS" >/dev/null 2>&1 3>&- & rig_pid=$! ;;
		*) start run "tests/truth/${scenarios[i % 4]}.yaml" --set load.1.size=20MB ;;
		esac
		if ((RANDOM % 2)); then sleep "0.$(printf %03d $((RANDOM % 300)))"; else sleep "$((RANDOM % 3)).$(printf %03d $((RANDOM % 1000)))"; fi
		kill -"$1" "$rig_pid" 2>/dev/null || true # it may have ended by itself
		await_rig 60 || { echo "after signal $i"; return 1; }
		# Before its first line it is killed; otherwise it is interrupted or had its verdict.
		[[ $code == 130 || $code == 1 || $code == 0 || $code == 5 || $code == $((128 + $(kill -l "$1"))) ]] || { echo "exit status $code after signal $i"; cat "$RESULTS/err"; return 1; }
		nothing_left "$rig_pid" || { echo "after signal $i, status $code"; return 1; }
		rm -rf "$RESULTS"/2*
	done
}

@test "SIGHUP at random moments" {
	need_cap
	at_random HUP "${SIGHUPS:-6}"
}

@test "Ctrl-C at random moments" {
	need_cap
	at_random INT "${CTRL_CS:-12}"
}

@test "readers that go away at random moments" {
	need_cap
	RANDOM=${SEED:-1}
	for ((i = 0; i < ${SIGPIPES:-4}; i++)); do
		local pause
		pause="$((RANDOM % 2)).$(printf %03d $((RANDOM % 1000)))"
		{ "$RIG" run tests/truth/steady.yaml --results "$RESULTS" --memory none --set isolation=none 3>&- || true; } 2>&1 | { sleep "$pause"; }
		same "$(jq -r .state "$RESULTS"/2*/run.json)" finished
		nothing_left 0
		rm -rf "$RESULTS"/2*
	done
}

# ---- what the rig hands on ------------------------------------------------------

@test "a word that is not UTF-8 is refused before anything is made" {
	for words in "run tests/truth/steady.yaml -- sleep" "run tests/truth/steady.yaml --label" "run tests/truth/steady.yaml --note" "run" \
		"floor tests/truth/steady.yaml -- sleep" "show"; do
		run "$RIG" $words $'ab\xff'
		same "$words: $status" "$words: 2"
		[[ $output == *"is not UTF-8: 'ab\\xff'"* ]] || { echo "$output"; return 1; }
	done
	run "$RIG" run tests/truth/steady.yaml --quiet --results "$RESULTS" -- $'sleep\xc3'
	same "$status $(ls -d "$RESULTS"/2* 2>/dev/null)" "2 "
}

@test "the server gets the limit of open files that the rig was started with" {
	(
		ulimit -Sn 200
		"$RIG" run tests/truth/steady.yaml --runs 2 --quiet --results "$RESULTS" --memory none --set isolation=none --set load.1.clients=20 -- \
			sh -c "ulimit -Sn >>$RESULTS/limits; exec $fate steady $service" >/dev/null 2>&1 || true
	)
	same "$(tr '\n' ' ' <"$RESULTS/limits")" "200 200 "
}

@test "GIT_DIR and its kin do not change what git says of the sources" {
	GIT_DIR=/nonexistent GIT_WORK_TREE=/ GIT_INDEX_FILE=/nonexistent GIT_CEILING_DIRECTORIES=/ \
		"$RIG" run tests/truth/steady.yaml --quiet --results "$RESULTS" --memory none --set isolation=none >/dev/null || true
	same "$(jq -r .server_source.commit "$RESULTS"/2*/run.json)" "$(git rev-parse HEAD)"
}

@test "no descriptors left for an event loop: an error, and nothing is left" {
	for files in 5 6 7 8 9 10 12 14 16 20; do
		code=0
		(ulimit -n $files; exec "$RIG" run tests/truth/steady.yaml --quiet --results "$RESULTS" --memory none --set isolation=none) >"$RESULTS/out" 2>&1 3>&- || code=$?
		[ $code -lt 128 ] || { echo "$files files: status $code"; cat "$RESULTS/out"; return 1; }
		nothing_left 0 || { echo "$files files"; return 1; }
		rm -rf "$RESULTS"/2*
	done
}
