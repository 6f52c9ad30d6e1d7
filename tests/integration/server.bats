#!/usr/bin/env bats
# The bundled server: its HTTP face, its manners when things go wrong, and each
# behaviour of the case studies on and off.

bats_require_minimum_version 1.5.0
load server-lib

setup() { server_setup; }
teardown() { server_teardown; }

@test "an upload, by form and raw, reads back byte for byte" {
	start
	local size
	for size in 0 1 $CHUNK $((CHUNK + 1)) 3000017; do
		random_file f "$size"
		equal "$(curl -sf "$URL/-$(post f)" | sha256sum)" "$(sha256sum <f)" "form of $size bytes"
		equal "$(curl -sf "$URL/-$(put f)" | sha256sum)" "$(sha256sum <f)" "raw body of $size bytes"
		# of unknown length: curl sends it chunked
		id=$(curl -sf -T - "$URL/api/entry" <f | jq -re .id)
		equal "$(curl -sf "$URL/-$id" | sha256sum)" "$(sha256sum <f)" "chunked body of $size bytes"
	done
	equal "$(sql 'SELECT max(length(chunk)) FROM entries_data')" "$CHUNK" "largest chunk"
}

@test "other fields of a form are passed over" {
	start
	random_file f 700000
	id=$(curl -sf -F note=hello -F file=@f -F after=1 "$URL/api/entry" | jq -re .id)
	curl -sf "$URL/-$id" | cmp - f
	equal "$(sql "SELECT filename FROM entries WHERE id='$id'")" f
}

@test "single ranges are the bytes of the file" {
	start
	random_file f 1000000
	id=$(put f)
	# range, first byte, number of bytes
	while read -r range first count; do
		curl -sf -D head -o got -r "$range" "$URL/-$id"
		tail -c +$((first + 1)) f | head -c "$count" | cmp - got
		grep -q '^HTTP/1.1 206' head
		equal "$(sed -n 's/^Content-Range: \(.*\)\r$/\1/p' head)" "bytes $first-$((first + count - 1))/1000000" "$range"
	done <<-END
		0-0 0 1
		0-99 0 100
		327679-327680 327679 2
		300000-700000 300000 400001
		999999- 999999 1
		500000- 500000 500000
		-1 999999 1
		-1000 999000 1000
		-2000000 0 1000000
		999000-5000000 999000 1000
	END
}

@test "several ranges come as multipart/byteranges" {
	start
	random_file f 1000000
	id=$(put f)
	curl -sf -D head -o got -H 'Range: bytes=10-19, 327670-327690,-5' "$URL/-$id"
	grep -q '^HTTP/1.1 206' head
	boundary=$(sed -n 's/^Content-Type: multipart\/byteranges; boundary=\(.*\)\r$/\1/p' head)
	{
		printf -- '--%s\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 10-19/1000000\r\n\r\n' "$boundary"
		tail -c +11 f | head -c 10
		printf -- '\r\n--%s\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 327670-327690/1000000\r\n\r\n' "$boundary"
		tail -c +327671 f | head -c 21
		printf -- '\r\n--%s\r\nContent-Type: application/octet-stream\r\nContent-Range: bytes 999995-999999/1000000\r\n\r\n' "$boundary"
		tail -c 5 f
		printf -- '\r\n--%s--\r\n' "$boundary"
	} >expected
	cmp got expected
	# one of two can be satisfied: an ordinary 206
	equal "$(curl -s -o got -w '%{http_code}' -H 'Range: bytes=2000000-,0-9' "$URL/-$id")" 206
	cmp got <(head -c 10 f)
}

@test "a range that cannot be satisfied is 416, a malformed one is ignored" {
	start
	random_file f 1000
	id=$(put f)
	for range in 1000- 5000-6000 -0; do
		curl -s -D head -o /dev/null -H "Range: bytes=$range" "$URL/-$id"
		equal "$(awk 'NR == 1 { print $2 }' head)" 416 "$range"
		grep -q $'^Content-Range: bytes \\*/1000\r$' head
	done
	for range in bytes=abc bytes=5-2 bytes= bytes=1-2x lines=0-5 bytes=--5; do
		equal "$(status -H "Range: $range" "$URL/-$id")" 200 "$range"
	done
	many=$(seq -s, 0 200 | sed 's/\([0-9]*\)/\1-\1/g')
	equal "$(status -H "Range: bytes=$many" "$URL/-$id")" 200 "two hundred ranges"
	: >empty
	id=$(put empty)
	equal "$(status -H 'Range: bytes=0-' "$URL/-$id")" 416 "empty file, from the start"
	equal "$(status -H 'Range: bytes=-5' "$URL/-$id")" 200 "empty file, suffix"
}

@test "ranges that are together longer than the file are not served many times over" {
	start
	random_file f 100000
	id=$(put f)
	while read -r what expected; do
		equal "$(curl -s -o got -w '%{http_code}' -H "Range: bytes=$what" "$URL/-$id")" "$expected" "$what"
		at_most "$(stat -c %s got)" 101000 "bytes for $what"
	done <<-END
		$(printf '0-,%.0s' {1..64}) 200
		0-,0- 200
		0-99999,-1 200
		-100000,-100000 200
		0-18446744073709551615,1- 200
		0-49999,50000-99999 206
		0-49999,0-49999 206
		0-49999,200000-,50000- 206
	END
}

@test "what is stored is for its owner alone" {
	umask 0
	start
	random_file f 1000000
	post f
	sql 'SELECT count(*) FROM entries'
	equal "$(find data tmp -type f -perm /077)" "" "files that others may read or write"
	[ -s data/store.db-wal ]
	equal "$(find data tmp -type d -perm /022)" "" "folders that others may write"
}

@test "HEAD, ETag and If-Range" {
	start
	random_file f 5000
	id=$(put f)
	curl -sfI -o head "$URL/-$id"
	grep -q $'^Content-Length: 5000\r$' head
	grep -q $'^Accept-Ranges: bytes\r$' head
	etag=$(sed -n 's/^ETag: \(.*\)\r$/\1/p' head)
	[[ $etag == '"'*'"' ]]
	equal "$(status -I -r 0-9 "$URL/-$id")" 200 "HEAD has no ranges (RFC 9110, 14.2)"
	equal "$(status -r 0-9 -H "If-Range: $etag" "$URL/-$id")" 206
	equal "$(status -r 0-9 -H 'If-Range: "other"' "$URL/-$id")" 200
	equal "$(status -r 0-9 -H "If-Range: W/$etag" "$URL/-$id")" 200 "weak tags never match"
	equal "$(status -r 0-9 -H 'If-Range: Sat, 29 Oct 1994 19:43:31 GMT' "$URL/-$id")" 200
}

@test "a deleted entry is gone, and so are its chunks" {
	start
	random_file f 3000000
	id=$(put f)
	kept=$(put f)
	equal "$(status -X DELETE "$URL/api/entry/$id")" 204
	equal "$(status "$URL/-$id")" 404
	equal "$(status -X DELETE "$URL/api/entry/$id")" 404
	wait_until chunks_are 10
	curl -sf "$URL/-$kept" | cmp - f
}

@test "unknown ids, paths and methods" {
	start
	equal "$(status "$URL/healthz")" 200
	equal "$(status "$URL/-nosuchid")" 404
	equal "$(status --path-as-is "$URL/-../../etc/passwd")" 404
	equal "$(status "$URL/-%27%20OR%201")" 404
	equal "$(status "$URL/")" 404
	equal "$(status -X DELETE "$URL/api/entry/nosuchid")" 404
	equal "$(curl -s -o /dev/null -D - -X GET "$URL/api/entry" | sed -n 's/^Allow: \(.*\)\r$/\1/p')" "POST, PUT"
	equal "$(status -X POST -d x "$URL/-abc")" 405
	equal "$(status -X DELETE "$URL/healthz")" 405
}

@test "bad forms are refused and leave nothing behind" {
	start
	random_file f 800000
	equal "$(status -F other=@f "$URL/api/entry")" 400 "no field 'file'"
	equal "$(status -H 'Content-Type: multipart/form-data' --data-binary @f "$URL/api/entry")" 400 "no boundary"
	equal "$(status -H 'Content-Type: multipart/form-data; boundary=xyzzy' --data-binary @f "$URL/api/entry")" 400 "no part"
	equal "$(status -H 'Content-Type: text/plain' --data-binary @f "$URL/api/entry")" 415 "not a form"
	printf -- '--xyzzy\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' >cut-form
	cat f >>cut-form
	equal "$(curl -s -o answer -w '%{http_code}' -H 'Content-Type: multipart/form-data; boundary=xyzzy' --data-binary @cut-form \
		"$URL/api/entry")" 400 "cut off"
	grep -q 'does not end with its boundary' answer
	equal "$(status -F file=@f -F file=@f "$URL/api/entry")" 400 "twice"
	wait_until chunks_are 0
	equal "$(sql 'SELECT count(*) FROM entries')" 0 entries
	equal "$(status "$URL/healthz")" 200
}

@test "an oversized header is refused, the server lives" {
	start
	big=$(head -c 120000 /dev/zero | tr '\0' a)
	code=$(printf 'GET /healthz HTTP/1.1\r\nHost: x\r\nX-Big: %s\r\n\r\n' "$big" |
		{ exec 4<>"/dev/tcp/127.0.0.1/${URL##*:}"; cat >&4 2>/dev/null || true; head -1 <&4 || true; } | awk '{ print $2 }')
	[[ $code == 431 || $code == 413 || $code == 400 || -z $code ]] || { echo "got '$code'"; false; }
	equal "$(status "$URL/healthz")" 200
}

# half_upload NAME PRESET-OPTIONS…: announces 5 MB, sends 2 MB and goes away
half_upload() {
	exec 4<>"/dev/tcp/127.0.0.1/${URL##*:}"
	printf 'PUT /api/entry HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n' >&4
	head -c 2000000 /dev/zero >&4
	wait_until in_flight_is 1
	wait_until chunks_at_least 5
	exec 4>&-
}

@test "a client that leaves in mid-body leaves nothing behind" {
	start
	half_upload
	wait_until in_flight_is 0
	wait_until chunks_are 0
	equal "$(sql 'SELECT count(*) FROM entries')" 0 entries
	equal "$(find tmp -type f | wc -l)" 0 "temporary files"
}

@test "a form cut off in mid-body takes its temporary file with it" {
	start --form-memory 64KiB --keep-temp-files on
	exec 4<>"/dev/tcp/127.0.0.1/${URL##*:}"
	printf 'POST /api/entry HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary=xyzzy\r\nContent-Length: 5000000\r\n\r\n' >&4
	printf -- '--xyzzy\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\n' >&4
	head -c 2000000 /dev/zero >&4
	has_file() { [ "$(figure .temporary_files)" -eq "$1" ]; }
	wait_until has_file 1
	exec 4>&-
	wait_until has_file 0
	equal "$(find tmp -type f | wc -l)" 0 "temporary files"
}

@test "killed in mid-upload, it serves nothing half-stored after the restart" {
	start
	random_file f 2000000
	id=$(put f)
	exec 4<>"/dev/tcp/127.0.0.1/${URL##*:}"
	printf 'PUT /api/entry HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n' >&4
	head -c 2000000 /dev/zero >&4
	wait_until chunks_at_least 12
	kill -9 "$PID"
	wait "$PID" || true
	exec 4>&-
	touch tmp/chunkserver-stale
	start
	wait_until chunks_are 7
	equal "$(sql 'SELECT count(*) FROM entries')" 1 entries
	curl -sf "$URL/-$id" | cmp - f
	[ ! -e tmp/chunkserver-stale ]
}

# full/: a file system of 40 MB
small_disk() {
	[ "$(id -u)" -eq 0 ] || skip "mounting a small file system needs root"
	truncate -s 40M image
	mkfs.ext4 -q -F image
	mkdir full
	mount -o loop image full 2>mount.err || skip "cannot mount a loop device here: $(cat mount.err)"
	export MOUNTED=1 # for teardown
}

@test "a full disk is answered with 507, and the server goes on" {
	small_disk
	start --data full/data --tmp full/tmp
	random_file f 1000000
	id=$(put f)
	truncate -s 60M large
	equal "$(status -T large "$URL/api/entry")" 507 raw
	equal "$(status -F file=@large "$URL/api/entry")" 507 form
	equal "$(status "$URL/healthz")" 200
	curl -sf "$URL/-$id" | cmp - f
	only_entries() { [ "$(sqlite3 -cmd '.timeout 5000' full/data/store.db 'SELECT count(*) FROM entries_data')" -eq "$1" ]; }
	wait_until only_entries 4
	put f >/dev/null # what was freed is used again
	stop
	start --data full/data --tmp full/tmp --form-memory 1MiB
	equal "$(status -F file=@large "$URL/api/entry")" 507 "temporary file"
	equal "$(find full/tmp -type f | wc -l)" 0 "temporary files"
	stop
}

# Uploads f until the disk is full; sets IDS.
fill_up() {
	IDS=()
	while [ "$(curl -s -o answer -w '%{http_code}' -T f "$URL/api/entry")" = 200 ]; do
		IDS+=("$(jq -re .id answer)")
	done
	grep -q 'No space left\|full' answer
}

delete_two() {
	equal "$(status -X DELETE "$URL/api/entry/${IDS[0]}")" 204 "delete"
	equal "$(status -X DELETE "$URL/api/entry/${IDS[1]}")" 204 "delete"
	IDS=("${IDS[@]:2}")
}

uploads_work() { [ "$(status -T f "$URL/api/entry")" = 200 ]; }

@test "deleting makes room on a full disk" {
	small_disk
	random_file f 3000000
	start --data full/data --tmp full/tmp
	fill_up
	delete_two
	wait_until uploads_work
	fill_up_again=$(status -T f "$URL/api/entry")
	[ "$fill_up_again" = 200 ] || [ "$fill_up_again" = 507 ]
	# What is left is taken by another one: what was deleted is still there to be used again.
	dd if=/dev/zero of=full/filler bs=64k 2>/dev/null || true
	delete_two
	wait_until uploads_work
	curl -sf "$URL/-${IDS[0]}" | cmp - f
	stop
}

@test "a log that a reader kept until it filled the disk is begun anew" {
	small_disk
	random_file f 3000000
	start --data full/data --tmp full/tmp
	fill_up
	delete_two
	# A snapshot from before what follows; no checkpoint can pass it.
	mkfifo hold
	sqlite3 full/data/store.db <hold >snapshot 3>&- &
	CLIENTS+=($!)
	exec 5>hold
	echo 'BEGIN; SELECT count(*) FROM entries;' >&5
	wait_until test -s snapshot
	dd if=/dev/zero of=full/filler bs=64k 2>/dev/null || true
	# Each commit takes a page more of the log, until there is no more.
	yes 'UPDATE entries SET filename = random();' | head -n 5000 >updates
	run ! sqlite3 -bail full/data/store.db ".read updates"
	grep -q full <<<"$output"
	exec 5>&-
	wait "${CLIENTS[0]}"
	delete_two
	wait_until uploads_work
	curl -sf "$URL/-${IDS[0]}" | cmp - f
	stop
}

@test "every behaviour off: memory stays under 16 MiB with 16 uploads and downloads in flight" {
	start
	truncate -s 24M f
	id=$(put f)
	local i uploads=()
	for i in $(seq 16); do
		# slow enough that all are in flight at once
		background curl -s -o "id$i" --limit-rate 12M -F file=@f "$URL/api/entry"
		uploads+=($!)
		background curl -s -o /dev/null --limit-rate 12M "$URL/-$id"
	done
	wait_until in_flight_is 16
	equal "$(status --max-time 1 "$URL/healthz")" 200 "health while uploads run"
	wait "${uploads[@]}"
	at_most "$(status_kib VmHWM)" 16384 "VmHWM in KiB"
	for i in $(seq 16); do
		curl -sf "$URL/-$(jq -re .id "id$i")" | cmp - f
	done
	equal "$(figure .temporary_files)" 0 "temporary files"
}

@test "clients that stall do not keep the others from uploading" {
	start
	local fds=() fd i
	for i in $(seq 20); do
		exec {fd}<>"/dev/tcp/127.0.0.1/${URL##*:}"
		printf 'PUT /api/entry HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n' >&"$fd"
		head -c 100000 /dev/zero >&"$fd"
		fds+=("$fd")
	done
	wait_until in_flight_is 20
	random_file f 3000000
	id=$(curl -sf --max-time 10 -T f "$URL/api/entry" | jq -re .id)
	curl -sf --max-time 10 "$URL/-$id" | cmp - f
	for fd in "${fds[@]}"; do exec {fd}>&-; done
}

@test "it stops at once, with connections in flight" {
	start
	truncate -s 20M f
	id=$(put f)
	background curl -s -o /dev/null --limit-rate 100K -T f "$URL/api/entry"
	background curl -s -o /dev/null --limit-rate 100K "$URL/-$id"
	wait_until in_flight_is 1
	begin=$(date +%s%N)
	stop
	at_most $((($(date +%s%N) - begin) / 1000000)) 30000 "ms to stop, while the transfers need 200 s"
	start
	begin=$(date +%s%N)
	kill -INT "$PID"
	wait "$PID"
	PID=
}

@test "refused memory ends it with a message and SIGABRT" {
	: >log
	(ulimit -v 400000; exec "$SERVER" --data data --tmp tmp --port 0 --form-memory 512MiB 2>>log 3>&-) &
	PID=$!
	wait_until listening
	URL=http://127.0.0.1:$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' log)
	truncate -s 300M f
	curl -s -o /dev/null -F file=@f "$URL/api/entry" || true
	code=0
	wait "$PID" || code=$?
	PID=
	equal $code 134 "exit status"
	grep -q 'chunkserver: cannot allocate [0-9]* bytes' log
}

@test "the debug listener is off by default and never leaves the loopback interface" {
	"$SERVER" --data data --tmp tmp --port 0 --host 0.0.0.0 2>log 3>&- &
	PID=$!
	wait_until listening
	run ! grep -q debug log
	equal "$(ss -Hltnp | grep -c "pid=$PID,")" 1 "listening sockets"
	equal "$(status "http://127.0.0.1:$(sed -n 's/.*listening on .*:\([0-9]*\)$/\1/p' log)/debug")" 404
	kill "$PID"
	wait "$PID"
	start --host 0.0.0.0
	equal "$(ss -Hltnp | grep "pid=$PID," | awk '{ print $4 }' | grep -c '^127\.0\.0\.1:')" 1
	curl -sf "$DEBUG" | jq -e '.malloc.in_use_bytes > 0 and .sqlite.memory_used_bytes > 0 and .sqlite.open_connections >= 1
		and .sqlite.open_statements >= 0 and .uploads_in_flight == 0 and .temporary_bytes == 0'
}

@test "command line: mistakes name the nearest, --describe lists everything" {
	run -2 "$SERVER" --data d --tmp t --preset before-any-fx
	[[ $output == *"did you mean 'before-any-fix'"* ]]
	run -2 "$SERVER" --data d --tmp t --keep-temp-file on
	[[ $output == *"did you mean '--keep-temp-files'"* ]]
	run -2 "$SERVER" --data d --tmp t --form-memory lots
	run -2 "$SERVER" --data d --tmp t --single-transaction maybe
	run -2 "$SERVER" --data d
	run -0 "$SERVER" --help
	for name in $("$SERVER" --describe | jq -r '.behaviours[].name'); do
		[[ $output == *"--$name "* ]] || { echo "--help lacks $name"; false; }
	done
	equal "$("$SERVER" --describe | jq -r '.presets[0].name')" before-any-fix
	equal "$("$SERVER" --describe | jq -r '.presets[0].behaviours["form-memory"]')" 32MiB
	equal "$("$SERVER" --describe | jq -c '[.presets[] | select(.name == "all-fixes").behaviours[]] | unique')" '["file","never","off"]'
}

# peak_anon_kib FILE: highest RssAnon while FILE is posted
peak_anon_kib() {
	curl -s -o /dev/null -F "file=@$1" "$URL/api/entry" 3>&- &
	local client=$! peak=0 now
	while kill -0 $client 2>/dev/null; do
		now=$(status_kib RssAnon)
		[ "$now" -le "$peak" ] || peak=$now
	done
	echo "$peak"
}

@test "P1: the form parser's buffers pile up with the limit, and the rest goes to a file" {
	truncate -s 80M f
	start --form-memory 32MiB
	# 64 + 32 + 16 MiB and what the collector has not freed of the smaller ones
	at_least "$(peak_anon_kib f)" 112000 "peak of anonymous memory, 32 MiB limit"
	at_least "$(figure '.collector | .garbage_bytes + .live_bytes')" 90000000 "garbage after the request"
	stop
	start --form-memory 1MiB
	at_most "$(peak_anon_kib f)" 16000 "peak of anonymous memory, 1 MiB limit"
	stop
	start
	at_most "$(peak_anon_kib f)" 10000 "peak of anonymous memory, streaming"
	equal "$(figure .collector)" null
}

@test "P1: asked to collect, the parser's garbage goes back to the kernel at once" {
	truncate -s 40M f
	start --form-memory 16MiB
	post f >/dev/null
	at_least "$(status_kib RssAnon)" 30000 "anonymous memory after the request"
	equal "$(curl -s -o /dev/null -w '%{http_code}' "$DEBUG/collect")" 405
	equal "$(curl -s -o /dev/null -w '%{http_code}' -X POST "$DEBUG/collect")" 204
	at_most "$(status_kib RssAnon)" 8000 "anonymous memory after the collection"
	equal "$(figure '.collector | .garbage_bytes + .live_bytes + .retained_bytes')" 0
	stop
	start # without a collector there is the allocator's own free memory
	equal "$(curl -s -o /dev/null -w '%{http_code}' -X POST "$DEBUG/collect")" 204
}

@test "P1: what the parser kept is what is stored, in memory or by file" {
	start --form-memory 1MiB
	local size
	for size in 0 1000 1048576 1048577 3000000; do
		random_file f $size
		curl -sf "$URL/-$(post f)" | cmp - f
	done
}

@test "P2: temporary files stay, or go" {
	random_file f 3000000
	start --form-memory 1MiB --keep-temp-files on
	id=$(post f)
	post f >/dev/null
	curl -sf "$URL/-$id" | cmp - f
	equal "$(find tmp -type f | wc -l)" 2 "files"
	equal "$(figure .temporary_bytes)" 6000000 "bytes"
	stop
	start --form-memory 1MiB
	equal "$(find tmp -type f | wc -l)" 0 "files after the restart"
	post f >/dev/null
	equal "$(find tmp -type f | wc -l)" 0 "files"
	equal "$(figure .temporary_bytes)" 0 "bytes"
}

@test "P3: SQLite's sorter takes in the rest of the file for each chunk, or not" {
	random_file f 60000000
	start --chunk-query-ge on
	id=$(put f)
	curl -sf -r 59000000-59000099 "$URL/-$id" | cmp - <(tail -c +59000001 f | head -c 100)
	end=$(figure .sqlite.memory_highwater_bytes)
	curl -sf -r 0-99 "$URL/-$id" | cmp - <(head -c 100 f)
	whole=$(figure .sqlite.memory_highwater_bytes)
	at_least $((whole - end)) 10000000 "sorter memory from the start, beyond that near the end"
	sql "EXPLAIN QUERY PLAN SELECT chunk FROM entries_data WHERE id='x' AND chunk_index>=0 ORDER BY chunk_index" |
		grep -q 'USE TEMP B-TREE FOR ORDER BY'
	curl -sf "$URL/-$id" -r 0-4000000 | cmp - <(head -c 4000001 f)
	stop
	start # the same data, with the key
	curl -sf "$URL/-$id" | cmp - f
	at_most "$(figure .sqlite.memory_highwater_bytes)" 5000000 "without the sorter"
}

@test "P4: one transaction keeps the next writer waiting until it gives up" {
	random_file f 3000000
	start --single-transaction on
	exec 4<>"/dev/tcp/127.0.0.1/${URL##*:}"
	printf 'PUT /api/entry HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n' >&4
	head -c 2000000 /dev/zero >&4
	locked() { ! sqlite3 data/store.db 'BEGIN IMMEDIATE; ROLLBACK' 2>/dev/null; }
	wait_until locked
	begin=$SECONDS
	equal "$(curl -s -o answer -w '%{http_code}' -T f "$URL/api/entry")" 500
	grep -q 'database is locked' answer
	at_least $((SECONDS - begin)) 4 "seconds it waited"
	equal "$(sql 'SELECT count(*) FROM entries_data')" 0 "rows of the open transaction"
	exec 4>&-
	wait_until in_flight_is 0
	id=$(put f)
	curl -sf "$URL/-$id" | cmp - f
	stop
	start
	half_upload_open() {
		exec 4<>"/dev/tcp/127.0.0.1/${URL##*:}"
		printf 'PUT /api/entry HTTP/1.1\r\nHost: x\r\nContent-Length: 5000000\r\n\r\n' >&4
		head -c 2000000 /dev/zero >&4
	}
	half_upload_open
	wait_until chunks_at_least 16
	equal "$(status --max-time 3 -T f "$URL/api/entry")" 200 "chunk by chunk"
	exec 4>&-
}

@test "P5: VACUUM rewrites the database through the log, or is not there" {
	random_file f 20000000
	local store
	for store in file memory; do
		start --vacuum-interval 1s --vacuum-temp-store $store
		put f >/dev/null
		before=$(figure .sqlite.wal_bytes)
		passes() { [ "$(figure .vacuum_passes)" -ge 2 ]; }
		wait_until passes
		at_least "$(figure .sqlite.wal_bytes)" 18000000 "log after VACUUM ($store), before: $before"
		stop
		rm -rf data
	done
	start
	put f >/dev/null
	sleep 1.2
	equal "$(figure .vacuum_passes)" null
	at_most "$(figure .sqlite.wal_bytes)" 8000000 "log without VACUUM"
}

@test "P6: the log grows with what is written, or is checkpointed" {
	truncate -s 30M f
	start --no-autocheckpoint on
	put f >/dev/null
	put f >/dev/null
	at_least "$(figure .sqlite.wal_bytes)" 60000000 "log"
	at_most "$(figure .sqlite.database_bytes)" 40960 "database"
	stop
	rm -rf data
	start
	put f >/dev/null
	put f >/dev/null
	at_most "$(figure .sqlite.wal_bytes)" 12000000 "log"
	at_least "$(figure .sqlite.database_bytes)" 50000000 "database"
}

# overtaken: a slow upload is in flight while another finishes; prints the slow one's id
overtaken() {
	random_file f 3000000
	{
		head -c 1000000 f
		while [ ! -e go ]; do sleep 0.05; done
		tail -c +1000001 f
	} | curl -sf -T - "$URL/api/entry" -o slow.json 3>&- &
	local slow=$!
	wait_until chunks_at_least 3
	random_file g 100000
	post g >/dev/null
	"$@"
	touch go
	wait $slow
	rm -f go
	jq -re .id slow.json
}

@test "P7: the eager purge loses the beginning of an upload that is answered with 200" {
	start --eager-purge on
	id=$(overtaken wait_until chunks_are 1)
	equal "$(curl -s -o got -w '%{http_code}' "$URL/-$id")" 200
	equal "$(stat -c %s got)" 0 "bytes left of it"
	stop
	start --eager-purge on --single-transaction on # hidden in its transaction it is safe
	random_file f 3000000
	id=$(put f)
	post f >/dev/null
	curl -sf "$URL/-$id" | cmp - f
	stop
	rm -rf data
	start
	id=$(overtaken sleep 0.3)
	curl -sf "$URL/-$id" | cmp - f
}
