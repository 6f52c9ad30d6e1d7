#!/usr/bin/env bats
# Installed, and as a contributor finds it: make install, completions, manual
# pages, and the checks of `make check` seen red.

bats_require_minimum_version 1.5.0
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

# installs_for TARGET: the purposes whose packages `make TARGET` would install where none is there; nothing is.
installs_for() {
	local stubs=$RESULTS/stubs name purpose found=
	mkdir -p "$stubs"
	printf '#!/bin/sh\nexit 1\n' >"$stubs/dpkg-query"
	# The list is updated; then what was asked for is noted and the installation fails, which ends make.
	printf '#!/bin/sh\n[ "$1" = update ] || { echo "$*" >>"%s/asked"; exit 1; }\n' "$stubs" >"$stubs/apt-get"
	chmod +x "$stubs"/*-get "$stubs/dpkg-query"
	: >"$stubs/asked"
	! env -u MAKEFLAGS -u MAKELEVEL PATH="$stubs:$PATH" make -C "$ROOT" "$1" >/dev/null 2>&1 || return 1
	while read -r name purpose; do
		case " $(cat "$stubs/asked") " in *" $name "*) found="$found$purpose"$'\n' ;; esac
	done < <(sed 's/#.*//' "$ROOT/packages.txt" | grep .)
	sort -u <<<"$found" | grep . | paste -sd' '
}

@test "make installs what building needs, other targets what they need beside it" {
	[ "$(id -u)" -eq 0 ] || skip "only root installs packages"
	same "$(installs_for all)" "build"
	same "$(installs_for demo)" "build"
	same "$(installs_for install)" "build"
	same "$(installs_for test)" "build test"
	same "$(installs_for test-unit)" "build test"
	same "$(installs_for laws)" "build test"
	same "$(installs_for bench)" "bench build test"
	same "$(installs_for check)" "build check test"
	same "$(installs_for fuzz)" "build fuzz"
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

@test "a shipped scenario that was copied runs anywhere, named .yaml or .yml, alone or by its folder" {
	need_cap
	cd "$RESULTS"
	mkdir -p copies/servers
	cp "$ROOT/scenarios/picoshare/one-small-upload.yaml" copies/
	sed 's/use: chunkserver/use: mine/' copies/one-small-upload.yaml >copies/other.yml
	cp "$ROOT/scenarios/servers/chunkserver.yaml" copies/servers/mine.yml
	rig copies --set load.tab.size=1MB --expect grew,steady
	same "$status" 0
	same "$(field '[.runs[].scenario] | join(" ")')" "one-small-upload other"
	rig picoshare/one-small-upload.yml --set load.tab.size=1MB --expect grew,steady
	same "$status" 0
	rig scenarios/picoshare/one-small-upload.yml --set load.tab.size=1MB --expect grew,steady
	same "$status" 0
	# A folder has no ending.
	rig picoshare.yml
	same "$status" 2
}

@test "a value that is wrong is reported under the option that was typed" {
	local option text
	while IFS='|' read -r option text; do
		run --separate-stderr "$RIG" run picoshare/one-small-upload "$option" --results "$RESULTS/none"
		same "$status" 2
		same "${stderr%%$'\n'*}" "oomrig: error: $text"
	done <<-'END'
		--memory=banana|--memory: 'banana' is not a size (such as 256MiB, 256Mi, 618MB or 327680)
		-mbanana|--memory: 'banana' is not a size (such as 256MiB, 256Mi, 618MB or 327680)
		--expect=grown|--expect: unknown outcome 'grown' (known: crashed, stalled, grew, steady, invalid); did you mean 'grew'?
		--set=memory=banana|--set memory=banana: 'banana' is not a size (such as 256MiB, 256Mi, 618MB or 327680)
		--runs=banana|--runs: 'banana' is not a whole number (such as 3 or 10k)
	END
	run --separate-stderr "$RIG" floor picoshare/one-small-upload --set memory=banana
	same "$stderr" "oomrig: error: --set memory=banana: 'banana' is not a size (such as 256MiB, 256Mi, 618MB or 327680)"
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
