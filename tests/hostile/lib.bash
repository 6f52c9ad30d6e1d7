# What tests/hostile/run is made of: a row, what is looked at after it, and the report.

MEMORY_MAX_KIB=65536 # of the rig; a quiet run takes 17 MiB
ROW_SECONDS=60	     # then the rig is ended from outside, and the row is wrong

begin() {
	RIG=${HOSTILE_RIG:-$ROOT/oomrig} # that of a sanitizer: tests/sanitized
	mount -t tmpfs -o size=64m tmpfs /dev/shm || exit 3
	mkdir -p build
	WORK=$(mktemp -d "$ROOT/build/hostile.XXXXXX")
	RESULTS=$WORK/results
	CANARY=$WORK/canary
	trap 'exit 130' INT TERM HUP
	trap 'take_away; rm -rf --one-file-system "$WORK"' EXIT
	# A link of its own, by which its processes are known.
	ln "$ROOT/build/tests/hostile/misbehave" "$WORK/misbehave"
	plant_canary
	rows=0 wrong=0 worst_memory=0 worst_overrun=0 left_rows=0 worst_memory_way=- worst_overrun_way=-
	: >"$WORK/table"
	: >"$WORK/clients"
}

plant_canary() {
	rm -rf --one-file-system "$CANARY"
	mkdir -p "$CANARY/folder/deeper" "$CANARY/empty"
	echo 'must stay' >"$CANARY/file"
	seq 1000 >"$CANARY/folder/deeper/file"
	ln -s ../file "$CANARY/folder/link"
	ln "$CANARY/file" "$CANARY/folder/hard"
	chmod 751 "$CANARY/folder"
	chmod 640 "$CANARY/file"
	canary_sum=$(canary)
}

# Names, modes, owners, sizes and contents.
canary() {
	(cd "$CANARY" && find . -printf '%P %y %m %U %G %l\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum)
}

# By its program, and by what it inherited: a child that wiped one still has the other.
own_processes() {
	{
		find /proc/[0-9]*/exe -maxdepth 0 -lname "$WORK/*" 2>/dev/null
		grep -lszF "HOSTILE_CANARY=$CANARY" /proc/[0-9]*/environ
	} | cut -d/ -f3 | sort -un
}

own_groups() {
	[ -z "${rig_pid:-}" ] || find /sys/fs/cgroup -maxdepth 2 -type d -name "oomrig-$rig_pid-*" 2>/dev/null
}

own_mounts() { awk -v below="$WORK/" 'index($5, below) == 1 { print $5 }' /proc/self/mountinfo; }

own_folders() {
	find "$RESULTS/.work" -mindepth 1 -maxdepth 1 2>/dev/null
	find "$WORK" -maxdepth 1 -name moved-work
}

shared_memory() {
	find /dev/shm -name hostile-left-behind
	awk 'NR > 1 { print "sysv" $2 }' /proc/sysvipc/shm
}

# The kinds of things that are left, one word each.
left() {
	local kind
	for kind in folders groups mounts processes; do
		[ -z "$("own_$kind")" ] || printf '%s ' "$kind"
	done
	[ -z "$(shared_memory)" ] || printf 'memory '
	return 0
}

take_away() {
	local own folder
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		own=$(own_processes)
		[ -n "$own" ] || break
		# Numbers.
		# shellcheck disable=SC2086
		kill -9 $own 2>/dev/null
		sleep 0.1
	done
	own_groups | while read -r folder; do find "$folder" -depth -type d -exec rmdir {} + 2>/dev/null; done
	for _ in 1 2 3; do
		tac /proc/self/mountinfo | awk -v below="$WORK/" 'index($5, below) == 1 { print $5 }' |
			while read -r folder; do umount -l "$(printf '%b' "$folder")" 2>/dev/null; done
	done
	chattr -R -f -i -a "$RESULTS" 2>/dev/null
	rm -rf --one-file-system "$RESULTS" "$WORK/moved-work" /dev/shm/hostile-left-behind
	! grep -q . <(tail -n +2 /proc/sysvipc/shm) || ipcrm -M 0x6f6f6d72
}

# Text without control bytes, in UTF-8.
plain() { # file
	! LC_ALL=C grep -qaP '[\x00-\x08\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$1" && iconv -f UTF-8 -t UTF-8 "$1" >/dev/null 2>&1
}

newest_record() { find "$RESULTS" -maxdepth 2 -path '*/2*/run.json' 2>/dev/null | sort | tail -1; }

# How far a phase went past its deadline, in seconds: the worst of them.
overrun() { # run.json
	jq -r 'def seconds: capture("^(?<n>[0-9.]+)(?<u>ms|s)$") | (.n | tonumber) / (if .u == "ms" then 1000 else 1 end);
		(.scenario | {start: .server.ready.timeout, load: .deadline, "read-back": .deadline,
			stop: .server.stop_timeout}) as $limits
		| [.phases[]? | select(.end_ns != null and $limits[.name] != null)
			| (.end_ns - .start_ns) / 1e9 - ($limits[.name] | seconds)] + [0] | max * 100 | round / 100' "$1"
}

verdict() { # run.json
	jq -r '[.verdict.outcome // "none", .verdict.cause // ""] | map(select(. != "")) | join("/")' "$1"
}

fault() { faults="$faults${faults:+; }$*"; }

above() { awk -v a="$1" -v b="$2" 'BEGIN { exit !(a > b) }'; }

# The rig was killed by the server: clean has to find everything.
clean_after_kill() {
	"$RIG" clean --results "$RESULTS" >"$WORK/clean" 2>&1 || fault "clean failed: $(head -c 200 "$WORK/clean")"
}

look_at_record() { # expected verdicts
	local record
	record=$(newest_record)
	got=none over=0
	if [ -z "$record" ]; then
		got="error $status"
	else
		got=$(verdict "$record")
		over=$(overrun "$record")
		[ "$(jq -r .state "$record")" != running ] || fault "the record says running"
		"$RIG" show "$(dirname "$record")" --results "$RESULTS" >"$WORK/shown" 2>&1 || fault "cannot be shown"
		plain "$WORK/shown" || fault "control bytes in show"
		plain "$(dirname "$record")/requests.csv" || fault "control bytes in requests.csv"
	fi
	[ "$ended" = itself ] || got=never-ended
	[[ " $1 " == *" $got "* ]] || fault "verdict $got"
	plain "$WORK/said" || fault "control bytes on the terminal"
}

# Nothing, or only what cannot be taken away by a rig that harms nothing; that it has named.
look_at_remains() { # kinds that are left, kinds that may be
	local kind
	for kind in $1; do
		[[ " $2 " == *" $kind "* ]] || fault "left: $kind"
	done
	[ -z "${1/memory /}" ] || grep -qE "work-[0-9]+-|moved-work" "$WORK/said" || fault "what is left is not named"
}

# Runs the rig against that way; sets what the report shows.
server_row() { # way, verdicts that are right, what it may leave, options
	local way=$1 right=$2 may_leave=$3 seconds peak status ended got over remains harm faults=
	shift 3
	mkdir -p "$RESULTS"
	HOSTILE_CANARY=$CANARY env --default-signal=INT,QUIT "$ROOT/build/tests/hostile/watch" $ROW_SECONDS "$WORK/watched" \
		"$RIG" run tests/hostile/hostile.yaml --results "$RESULTS" --set server.preset="$way" "$@" -- \
		"$WORK/misbehave" "$way" --port '{port}' --data '{data}' --tmp '{tmp}' >"$WORK/said" 2>&1
	read -r rig_pid seconds peak status ended <"$WORK/watched"
	[ "$status" -ne 137 ] || clean_after_kill
	look_at_record "$right"
	remains=$(left)
	look_at_remains "$remains" "$may_leave"
	harm=$(diff <(echo "$canary_sum") <(canary) | sed -n '2s/^[<>] //p')
	[ -z "$harm" ] || { fault "the canary tree is not whole: $harm"; canary_broken=1; }
	[ "$peak" -le $MEMORY_MAX_KIB ] || fault "the rig took $((peak / 1024)) MiB"
	! above "$over" "$overrun_max" || fault "$over s past a deadline"
	[ -z "${HOSTILE_KEEP:-}" ] || cp -r "$RESULTS" "$HOSTILE_KEEP/$way" 2>/dev/null
	take_away
	[ -z "${canary_broken:-}" ] || { plant_canary; canary_broken=; }
	tell "$way" "$right" "$got" "$seconds" "$over" "$peak" "${remains:-nothing}"
}

tell() { # way, right, got, seconds, overrun, KiB, left
	rows=$((rows + 1))
	! above "$5" "$worst_overrun" || { worst_overrun=$5 worst_overrun_way=$1; }
	! above "$6" "$worst_memory" || { worst_memory=$6 worst_memory_way=$1; }
	[ "$7" = nothing ] || left_rows=$((left_rows + 1))
	[ -z "$faults" ] || wrong=$((wrong + 1))
	printf '%s %-24s %-22s %6s s  +%s s  %s MiB  %s\n' "$([ -z "$faults" ] && echo 'ok    ' || echo 'not ok')" \
		"$1" "$3" "$4" "$5" "$(mib "$6")" "$faults"
	printf '%s | %s | %s | %s | %s | %s | %s | %s\n' "$1" "$2" "$3" "$4" "$5" "$(mib "$6")" "$7" "${faults:-yes}" \
		>>"$WORK/table"
}

mib() { awk -v kib="$1" 'BEGIN { printf "%.1f", kib / 1024 }'; }

summary() {
	echo "$rows rows, $((rows - wrong)) right, $wrong not; most memory $(mib "$worst_memory") MiB ($worst_memory_way);" \
		"furthest past a deadline $worst_overrun s ($worst_overrun_way); rows that left something: $left_rows"
}

# --- clients against the bundled server

SERVER_MEMORY_MAX_KIB=65536

server_start() {
	mkdir -p "$WORK/served/tmp"
	: >"$WORK/served/log"
	"$ROOT/server-under-test/chunkserver" --data "$WORK/served/data" --tmp "$WORK/served/tmp" --port 0 \
		--idle-timeout 2s 2>"$WORK/served/log" &
	server_pid=$!
	for _ in $(seq 600); do
		port=$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' "$WORK/served/log")
		[ -z "$port" ] || break
		sleep 0.05
	done
	url=http://127.0.0.1:$port
}

# Prints the id.
put() { curl -sf -m 20 -T "$1" "$url/api/entry" | jq -re .id; }

same_object() { curl -sf -m 20 "$url/-$1" | cmp -s - "$2"; }

peak_of() { awk '$1 == "VmHWM:" { print $2 }' "/proc/$1/status" 2>/dev/null || echo 0; }

# After it the server answers, has kept what it acknowledged, takes more, and is not large.
look_at_server() { # id
	got=answers
	if ! kill -0 "$server_pid" 2>/dev/null; then
		got=gone
	elif [ "$(curl -s -m 10 -o /dev/null -w '%{http_code}' "$url/healthz")" != 200 ]; then
		got=silent
	elif ! same_object "$1" "$WORK/object"; then
		got=lost
	elif ! id=$(put "$WORK/object") || ! same_object "$id" "$WORK/object"; then
		got=refuses
	fi
}

server_stop() {
	kill -TERM "$server_pid"
	for _ in $(seq 100); do
		kill -0 "$server_pid" 2>/dev/null || break
		sleep 0.1
	done
	kill -9 "$server_pid" 2>/dev/null && fault "does not end by SIGTERM within 10 s"
	wait "$server_pid" 2>/dev/null
	rm -rf "$WORK/served"
}

client_row() { # way, what is right
	local id server_pid port url got seconds peak faults=
	[ -e "$WORK/object" ] || head -c 1000000 /dev/urandom >"$WORK/object"
	server_start
	id=$(put "$WORK/object")
	seconds=$EPOCHREALTIME
	timeout 30 "$ROOT/build/tests/hostile/pester" "$1" --port "$port" --id "$id" >"$WORK/said" 2>&1 ||
		fault "$(head -c 200 "$WORK/said")"
	seconds=$(awk -v a="$seconds" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.2f", b - a }')
	look_at_server "$id"
	peak=$(peak_of "$server_pid")
	[ "${peak:-0}" -le $SERVER_MEMORY_MAX_KIB ] || fault "the server took $((peak / 1024)) MiB"
	[ "$got" = "$2" ] || fault "$got"
	server_stop
	tell_client "$1" "$2" "$got" "$seconds" "${peak:-0}"
}

tell_client() { # way, right, got, seconds, KiB
	rows=$((rows + 1))
	[ -z "$faults" ] || wrong=$((wrong + 1))
	printf '%s %-24s %-22s %6s s          %s MiB  %s\n' "$([ -z "$faults" ] && echo 'ok    ' || echo 'not ok')" \
		"$1" "$3" "$4" "$(mib "$5")" "$faults"
	printf '%s | %s | %s | %s | %s | %s\n' "$1" "$2" "$3" "$4" "$(mib "$5")" "${faults:-yes}" >>"$WORK/clients"
}

# --- the report

write_report() {
	cat <<-END
		# Robustness: servers and clients that misbehave

		What is promised, whatever a server does: nothing of the host is harmed (removal follows no link, crosses no
		mount and does not leave the work folder), what the server has started is ended wherever it went, the rig stays
		small and keeps its deadlines, and what could not be taken away is named. A server that runs as root can still undo
		any of it on purpose, and shared memory that it leaves lies outside of what the rig can know.

		Written by \`make hostile\` on $(date -u +%F), kernel $(uname -r), $(nproc) CPUs. Each row is a way to misbehave
		(\`build/tests/hostile/misbehave\` and \`pester\` list them with their meaning), run once; what is right for each
		stands in \`tests/hostile/ways\`.

		- **$rows rows, $((rows - wrong)) right, $wrong not.**
		- Most memory of the rig: **$(mib "$worst_memory") MiB** ($worst_memory_way); a row may take
		  $((MEMORY_MAX_KIB / 1024)) MiB.
		- Furthest past a deadline (ready, load, read-back, stop): **$worst_overrun s** ($worst_overrun_way).
		- Rows that left a group, a process, a mount, a work folder or shared memory: **$left_rows**; the column says what.
		- A canary tree was bind-mounted, symlinked and hard-linked wherever a server could; its names, modes, owners
		  and contents were compared after each row.

		$(cat tests/hostile/measured.md)

		## Servers

		way | right | got | seconds | past a deadline, s | rig, MiB | left | as it should be
		---|---|---|---|---|---|---|---
		$(cat "$WORK/table")

		## Clients, against the bundled server

		After each the server must answer, have kept what it had acknowledged, take more, and end when told to.

		way | right | got | seconds | server, MiB | as it should be
		---|---|---|---|---|---
		$(cat "$WORK/clients")
	END
}
