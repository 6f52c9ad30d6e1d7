# server-lib.bash - starts and stops chunkserver for server.bats, and looks at it.
# Data lies below the repository's build/ folder, on whatever disk that is.

CHUNK=327680

server_setup() {
	ROOT=$(cd "$BATS_TEST_DIRNAME/../.." && pwd)
	SERVER=${CHUNKSERVER:-$ROOT/server-under-test/chunkserver} # another build of it, a sanitizer's say
	mkdir -p "$ROOT/build"
	WORK=$(mktemp -d "$ROOT/build/server-test.XXXXXX")
	cd "$WORK"
	PID=
	CLIENTS=()
}

server_teardown() {
	local pid
	for pid in "${CLIENTS[@]}"; do
		kill "$pid" 2>/dev/null || true
	done
	[ -z "$PID" ] || kill -9 "$PID" 2>/dev/null || true
	wait 2>/dev/null || true
	cd /
	if [ -n "${MOUNTED:-}" ]; then
		umount "$WORK/full"
	fi
	rm -rf "$WORK"
}

# wait_until COMMAND…: polls until the command succeeds; the time is for a machine that is slow and busy.
wait_until() {
	local end=$((SECONDS + 120))
	until "$@"; do
		[ $SECONDS -lt $end ] || { echo "gave up waiting for: $*"; return 1; }
		sleep 0.02
	done
}

listening() { grep -q 'listening on' log || ! kill -0 "$PID" 2>/dev/null; }

# start [OPTION…]: a server on data/ and tmp/ with debug figures; sets PID, URL, DEBUG.
start() {
	: >log
	"$SERVER" --data data --tmp tmp --port 0 --debug-port 0 "$@" 2>>log 3>&- &
	PID=$!
	wait_until listening
	URL=http://127.0.0.1:$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' log)
	DEBUG=http://127.0.0.1:$(sed -n 's/.*debug figures on .*:\([0-9]*\)$/\1/p' log)/debug
}

stop() {
	kill -TERM "$PID"
	wait "$PID"
	PID=
}

# random_file NAME BYTES
random_file() { head -c "$2" /dev/urandom >"$1"; }

# put FILE / post FILE: upload, print the id.
put() { curl -sf -T "$1" "$URL/api/entry" | jq -re .id; }
post() { curl -sf -F "file=@$1" "$URL/api/entry" | jq -re .id; }

# status CURL-ARGUMENTS…: the status code alone.
status() { curl -s -o /dev/null -w '%{http_code}' "$@"; }

# figure JQ-PATH: one of the debug figures.
figure() { curl -sf "$DEBUG" | jq -r "$1"; }

sql() { sqlite3 -cmd '.timeout 5000' data/store.db "$1"; }

in_flight_is() { [ "$(figure .uploads_in_flight)" -eq "$1" ]; }
chunks_are() { [ "$(sql 'SELECT count(*) FROM entries_data')" -eq "$1" ]; }
chunks_at_least() { [ "$(sql 'SELECT count(*) FROM entries_data')" -ge "$1" ]; }

# background COMMAND…: a client that the teardown ends.
background() {
	"$@" 3>&- &
	CLIENTS+=($!)
}

# equal GOT EXPECTED [WHAT]
equal() {
	[ "$1" = "$2" ] || { echo "${3:-value}: got '$1', expected '$2'"; return 1; }
}
at_most() {
	[ "$1" -le "$2" ] || { echo "${3:-value}: got $1, expected at most $2"; return 1; }
}
at_least() {
	[ "$1" -ge "$2" ] || { echo "${3:-value}: got $1, expected at least $2"; return 1; }
}

status_kib() { awk -v key="$1:" '$1 == key { print $2 }' "/proc/$PID/status"; }
