#!/usr/bin/env bats
# Programs that other people wrote, each with the verdict that follows from what it does with an upload; the rest of
# tests/real/ is run by `make real`.

bats_require_minimum_version 1.5.0
load run.bash

setup_file() { export JUDGED=$BATS_FILE_TMPDIR/judged; }
setup() { setup_rig; }
teardown() { teardown_rig; }

case_is_right() { # name
	local program
	need_cap
	program=$(tests/real/program "$1") || skip "$program"
	echo "$program"
	"$RIG" selftest "$1" --corpus tests/real --results "$RESULTS"
	echo "$1" >>"$JUDGED"
}

@test "real: http.server of Python that streams fills the page cache" { case_is_right python-streams; }
@test "real: http.server of Python that keeps each body leaks" { case_is_right python-keeps; }
@test "real: a form under Flask fills the page cache" { case_is_right flask-form; }
@test "real: a worker of gunicorn that is killed" { case_is_right gunicorn-worker-killed; }
@test "real: a Node.js server that streams fills the page cache" { case_is_right node-streams; }
@test "real: a Node.js server that keeps each body leaks" { case_is_right node-keeps; }
@test "real: WebDAV of nginx fills the page cache" { case_is_right nginx-dav; }
@test "real: WebDAV of lighttpd fills the page cache" { case_is_right lighttpd-dav; }
@test "real: a redis without a limit leaks" { case_is_right redis-keeps; }
@test "real: a redis with a limit stands still" { case_is_right redis-evicts; }
@test "real: a JVM whose heap ends" { case_is_right java-heap-ends; }

@test "real: at least one of them was judged" {
	need_cap
	[ -s "$JUDGED" ]
}
