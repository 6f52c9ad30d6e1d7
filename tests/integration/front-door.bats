#!/usr/bin/env bats
# Installed, and as a contributor finds it: make install, completions, manual
# pages, and the checks of `make check` seen red.

load run.bash

setup() { setup_rig; }
teardown() { teardown_rig; }

installed() {
	make -s install PREFIX=/usr DESTDIR="$RESULTS/root" >"$RESULTS/install.log" 2>&1 || {
		cat "$RESULTS/install.log"
		return 1
	}
	OOMRIG=$RESULTS/root/usr/bin/oomrig
	mkdir "$RESULTS/elsewhere"
	cd "$RESULTS/elsewhere" || return 1
}

@test "installed, it finds its scenarios and servers from any folder, and results go to ./results" {
	need_cap
	installed
	"$OOMRIG" list --json | jq -e '[.scenarios[].path | select(endswith("three-uploads-all-fixes.yaml"))] | length == 1'
	"$OOMRIG" run picoshare/one-small-upload --quiet --expect grew --expect steady --set 'load.tab.size=1MB'
	[ "$(find results -name run.json | wc -l)" -eq 1 ]
	OOMRIG_RESULTS=$PWD/there "$OOMRIG" run scenarios/picoshare/one-small-upload.yaml --quiet \
		--expect grew --expect steady --set 'load.tab.size=1MB'
	[ "$(find there -name run.json | wc -l)" -eq 1 ]
	"$OOMRIG" selftest steady --quiet
}

@test "a scenario of one's own, anywhere, uses the server descriptions that come with the program" {
	need_cap
	installed
	printf 'expect: [steady, grew]\nmemory: 64MiB\nserver: {use: chunkserver}\nload: [{size: 1MB}]\n' >own.yaml
	"$OOMRIG" run own.yaml --quiet
	run "$OOMRIG" run own.yaml --set server.use=chunksever
	[ "$status" -eq 2 ]
	[[ $output == *"did you mean 'chunkserver'?"* ]]
}

@test "what make install has put down, make uninstall takes away" {
	installed
	cd "$ROOT"
	make -s uninstall PREFIX=/usr DESTDIR="$RESULTS/root"
	run find "$RESULTS/root" -type f
	[ -z "$output" ]
}

@test "every subcommand has a manual page without a warning, and a place in every completion" {
	local command shell
	for shell in bash zsh fish; do
		"$RIG" completion $shell >"$RESULTS/$shell"
		! command -v $shell >/dev/null || $shell -n "$RESULTS/$shell"
	done
	for command in $("$RIG" help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'); do
		"$RIG" completion man "$command" >"$RESULTS/page.1"
		same "$(man --warnings -l "$RESULTS/page.1" 2>&1 >/dev/null)" ""
		grep -q '^.SH OPTIONS' "$RESULTS/page.1"
		for shell in bash zsh fish; do grep -qw -- "$command" "$RESULTS/$shell"; done
	done
}

@test "bash completes subcommands, options and choices" {
	# shellcheck disable=SC1090
	source <("$RIG" completion bash)
	complete_words() {
		COMP_WORDS=("$@")
		COMP_CWORD=$(($# - 1))
		_oomrig
		echo "${COMPREPLY[*]}"
	}
	same "$(complete_words oomrig flo)" floor
	same "$(complete_words oomrig run --bis)" --bisect-exit
	[[ $(complete_words oomrig compare --format "") == *terminal* ]]
}

# A copy of the sources, in which a fault can be made.
copied() {
	mkdir "$RESULTS/tree"
	cp -r harness server-under-test tests docs .ci .clang-format .shellcheckrc "$RESULTS/tree"
	cd "$RESULTS/tree" || return 1
}

@test "an arrow that runs up is found" {
	copied
	tests/check/arrows
	sed -i '1i #include "run/run.h"' harness/judge/judge.c
	run tests/check/arrows
	[ "$status" -eq 1 ]
	[[ $output == *"arrow up: harness/judge/judge.c includes from run"* ]]
}

@test "an arrow that runs up within a room is found, and a file that its list does not name" {
	copied
	sed -i '1i #include "run/machine.h"' harness/run/life.c
	run tests/check/arrows
	[ "$status" -eq 1 ]
	[[ $output == *"arrow up: harness/run/life.c includes machine.h"* ]]
	sed -i 1d harness/run/life.c
	sed -i /squeeze/d tests/check/room-run
	run tests/check/arrows
	[ "$status" -eq 1 ]
	[[ $output == *"not in tests/check/room-run: "* ]]
}

@test "a picture of other arrows than the includes make is found" {
	copied
	sed -i '1i #include "stats/stats.h"' harness/cli/cmd.c
	sed -i '/stats/d' docs/architecture.md
	run tests/check/arrows
	[ "$status" -eq 1 ]
}

@test "a file in another style, a script and a program with a fault are found" {
	copied
	printf 'int  a;\n' >>harness/base/buf.c
	run tests/check/style
	[ "$status" -ne 0 ]
	printf '#!/bin/sh\nread x; rm -rf $x/*\n' >tests/bad
	run tests/check/scripts
	[ "$status" -ne 0 ]
	printf 'int f(void); int f(void) { char a[2]; a[3] = 1; return a[0]; }\n' >harness/base/bad.c
	run tests/check/lint
	[ "$status" -ne 0 ]
}
