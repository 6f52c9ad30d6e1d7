#!/usr/bin/env bats
# The behaviours of the studies H, C and R in the bundled server, each on and
# off, by the server's own figures: small loads, no cap.

load server-lib

setup() { server_setup; }
teardown() { server_teardown; }

# repeat N COMMAND…
repeat() {
	for _ in $(seq "$1"); do
		"${@:2}" >/dev/null
	done
}
get() { curl -sf "$URL/-$1"; }
figure_is() { [ "$(figure "$1")" = "$2" ]; }
# whoever has to reap it may take its time
ended() { ! grep -q "^State:.[^Z]" "/proc/$1/status" 2>/dev/null; }
threads() { status_kib Threads; }

@test "H2: an unclosed producer per upload keeps its threads and memory" {
	start --event-producer unclosed
	random_file f 1000
	put f >/dev/null
	threads=$(threads) anon=$(status_kib RssAnon)
	repeat 20 put f
	equal "$(figure .producers_open)" 21 "open producers"
	equal "$(figure .events_delivered)" 21 "events that the broker has acknowledged"
	at_least "$(threads)" $((threads + 40)) threads
	at_least "$(status_kib RssAnon)" $((anon + 1000)) "anon KiB"
}

@test "H2: a closed producer leaves nothing but its event" {
	start --event-producer closed
	random_file f 1000
	put f >/dev/null
	threads=$(threads)
	repeat 20 put f
	equal "$(figure .producers_open)" 0 "open producers"
	equal "$(figure .events_delivered)" 21 "events that the broker has acknowledged"
	at_most "$(threads)" $((threads + 2)) threads
}

@test "H2: without the behaviour there is no broker, and with it none is left behind" {
	start
	equal "$(pgrep -c -P "$PID" || true)" 0 "children of the server"
	stop
	start --event-producer closed
	broker=$(pgrep -P "$PID")
	stop
	wait_until ended "$broker"
	start --event-producer closed
	broker=$(pgrep -P "$PID")
	kill -9 "$PID"
	wait "$PID" || true
	PID=
	wait_until ended "$broker"
}

@test "C1: behind a blocked clean-up connections and statements stay open" {
	start --deferred-cleanup on --blocked-cleanup 197m
	random_file f 200000
	id=$(put f)
	repeat 20 get "$id"
	at_least "$(figure .sqlite.open_connections)" 40 "open connections"
	at_least "$(figure .sqlite.open_statements)" 40 "open statements"
	equal "$(figure .cleanup_done)" 0 "cleaned up"
	at_least "$(find "/proc/$PID/fd" -lname '*store.db*' | wc -l)" 40 "descriptors of the database"
	get "$id" | cmp - f
	before=$(date +%s%N)
	stop
	at_most $((($(date +%s%N) - before) / 1000000)) 60000 "ms to stop, the clean-up still blocked"
}

@test "C1: a clean-up that is not blocked closes them" {
	start --deferred-cleanup on
	random_file f 200000
	id=$(put f)
	repeat 20 get "$id"
	wait_until figure_is .cleanup_waiting 0
	at_most "$(figure .sqlite.open_connections)" 4 "open connections"
	at_least "$(figure .cleanup_done)" 40 "cleaned up"
}

@test "C1: a share that answers too late blocks only so long" {
	start --deferred-cleanup on --blocked-cleanup 6s # which the uploads may not outlast
	random_file f 200000
	repeat 5 get "$(put f)"
	equal "$(figure .cleanup_done)" 0 "cleaned up at first"
	wait_until figure_is .cleanup_waiting 0
}

@test "C2: the canary's lag shows a blocked clean-up, and none when it works" {
	lag() { test "$(figure .canary_lag_ms)" "$@"; }
	start --deferred-cleanup on --blocked-cleanup 197m --canary 100ms
	wait_until lag -ge 2000
	stop
	start --deferred-cleanup on --canary 100ms
	sleep 2 # as long as the other
	wait_until lag -le 300
	stop
	start --deferred-cleanup on --blocked-cleanup 197m
	equal "$(figure .canary_lag_ms)" null "lag without a canary"
}

@test "R1: a context per request stays, unless its request deletes it" {
	start --request-context 64KiB
	anon=$(status_kib RssAnon)
	repeat 100 curl -sf "$URL/healthz"
	equal "$(figure .contexts)" 100 contexts
	equal "$(figure .context_bytes)" $((100 * 65536)) "bytes of context"
	at_least "$(status_kib RssAnon)" $((anon + 6000)) "anon KiB"
	stop
	start --request-context 64KiB --context-release request
	anon=$(status_kib RssAnon)
	repeat 100 curl -sf "$URL/healthz"
	equal "$(figure .contexts)" 0 contexts
	at_most "$(status_kib RssAnon)" $((anon + 2000)) "anon KiB"
}

@test "R1: a purge of old contexts spares a request within the time, and fails one beyond it" {
	start --request-context 64KiB --context-purge 2s
	random_file f 200000
	repeat 50 curl -sf "$URL/healthz"
	id=$(curl -sf --limit-rate 200K -T f "$URL/api/entry" | jq -re .id) # 1 s
	get "$id" | cmp - f
	wait_until figure_is .contexts 0
	stop
	start --request-context 64KiB --context-purge 200ms
	equal "$(status --limit-rate 200K -T f "$URL/api/entry")" 500 "slow upload whose context was purged"
	curl -sf "$URL/healthz" >/dev/null
	equal "$(status -T f "$URL/api/entry")" 200 "fast upload"
}

@test "write-rate: the database is written no faster, and what is acknowledged reads back whole" {
	start --write-rate 1MB/s
	random_file f 2000000
	before=$(date +%s%N)
	id=$(put f)
	at_least $((($(date +%s%N) - before) / 1000000)) 1500 "ms for 2 MB"
	get "$id" | cmp - f
	stop
	start --write-rate 1MB/s --single-transaction on
	before=$(date +%s%N)
	get "$(put f)" | cmp - f
	at_least $((($(date +%s%N) - before) / 1000000)) 1500 "ms for 2 MB in one transaction"
}

@test "all of them together, with those of PicoShare: what is acknowledged reads back whole" {
	start --preset before-any-fix --eager-purge off --event-producer unclosed --deferred-cleanup on \
		--blocked-cleanup 197m --canary 100ms --request-context 16KiB --context-purge 1m
	random_file f 3000000
	for _ in 1 2 3; do
		get "$(post f)" | cmp - f
		get "$(put f)" | cmp - f
	done
	equal "$(figure .producers_open)" 6 "open producers"
	at_least "$(figure .sqlite.open_connections)" 6 "open connections"
	at_least "$(figure .contexts)" 12 contexts
	stop
}
