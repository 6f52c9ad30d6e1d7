#!/usr/bin/env bats
# What comes before the tests and around them: tests/run on programs of which it is known what they say (what it
# counts, what it leaves), and the packages.

bats_require_minimum_version 1.5.0

setup() {
	cd "$BATS_TEST_DIRNAME/../.." || return 1
	SAYS=$BATS_TEST_TMPDIR
	program passes 'echo ok 1 - it passes'
	program fails 'echo not ok 1 - it fails; exit 1'
	program silent 'exit 3'
	program dies 'kill -SEGV $$'
	program ends-the-runner 'kill -KILL $PPID'
	program nothing 'exit 0'
	program lasts "echo \$\$ >>$SAYS/pids; exec sleep 200"
	# What a shell starts in the background does not hear Ctrl-C.
	program leaves "sleep 200 & echo \$! >>$SAYS/pids; exec sleep 200"
}

program() { # NAME COMMANDS
	printf '#!/bin/bash\n%s\n' "$2" >"$SAYS/$1"
	chmod +x "$SAYS/$1"
}

# Programs by name, and what the last line and the status say of them; the group of this test is spared.
counts() { # EXPECTED STATUS NAME…
	run setsid --wait tests/run some "${@:3}"
	echo "$output"
	grep -qx "$1" <<<"$output"
	[ "$status" -eq "$2" ]
}

@test "tests/run counts what is said, and a death without a word is a failure, beside the others too" {
	local p=$SAYS
	counts "2 passed, 0 failed, 0 skipped" 0 "$p/passes" -- "$p/passes"
	counts "1 passed, 1 failed, 0 skipped" 1 "$p/passes" -- "$p/fails"
	counts "1 passed, 0 failed, 0 skipped" 1 "$p/passes" -- "$p/silent"
	counts "1 passed, 1 failed, 0 skipped" 1 "$p/passes" -- "$p/dies"
	counts "1 passed, 1 failed, 0 skipped" 1 "$p/dies" -- "$p/passes"
	counts "0 passed, 0 failed, 0 skipped" 1 "$p/nothing" -- "$p/nothing"
	counts "1 passed, 1 failed, 0 skipped" 1 "$p/passes" -- "$p/ends-the-runner" "$p/passes"
	counts "1 passed, 1 failed, 0 skipped" 1 "$p/ends-the-runner" "$p/passes" -- "$p/passes"
}

@test "tests/run tells what ran beside the others after them" {
	program slow 'sleep 0.3; echo ok 1 - slow'
	counts "2 passed, 0 failed, 0 skipped" 0 "$SAYS/slow" -- "$SAYS/passes"
	[ "$(grep '^ok' <<<"$output" | xargs)" = "ok 1 - slow ok 1 - it passes" ]
}

@test "tests/run ends whatever it has started when it is ended" {
	local how beside runner pid
	for how in -INT TERM; do # to the whole group as Ctrl-C does, to the runner alone
		rm -f "$SAYS/pids"
		beside=$([ $how = TERM ] && echo leaves || echo lasts)
		setsid env --default-signal=INT tests/run some "$SAYS/lasts" -- "$SAYS/$beside" >"$SAYS/out" 2>&1 3>&- &
		runner=$!
		until [ "$(grep -c . "$SAYS/pids" 2>/dev/null)" = 2 ]; do sleep 0.02; done
		case $how in
		-INT) kill -INT -- -$runner ;;
		*) kill -TERM $runner ;;
		esac
		status=0
		wait $runner || status=$?
		[ "$status" -eq "$([ $how = TERM ] && echo 143 || echo 130)" ]
		while read -r pid; do
			# a zombie is dead; when it is reaped is its new parent's business
			! grep -q '^State:.[^Z]' "/proc/$pid/status" 2>/dev/null || { echo "$pid lives on"; return 1; }
		done <"$SAYS/pids"
	done
}

@test "packages: those that are there are left alone, and it is said which cannot be had" {
	program apt-get "echo \"\$@\" >>$SAYS/asked; [ \$1 = update ]"
	program id 'echo 0'
	program dpkg-query "sed -n 's/^\([a-z0-9][^ ]*\) .*/\1 installed/p' $PWD/packages.txt | grep -vx \"\$(cat $SAYS/missing) installed\""
	# packages STATUS LAST-LINE
	packages() {
		PATH=$SAYS:$PATH run .ci/packages build test
		echo "$output"
		[ "$status" -eq "$1" ]
		[ "$(tail -n 1 <<<"$output")" = "$2" ]
	}
	echo none >"$SAYS/missing"
	packages 0 ""
	[ ! -e "$SAYS/asked" ]
	echo bats >"$SAYS/missing"
	packages 3 "these packages are missing and could not be installed; is there a network?  They are: bats"
	[ "$(tail -n 1 "$SAYS/asked")" = "install -y -qq --no-install-recommends bats" ]
	program id 'echo 1000'
	packages 3 "these packages are missing; as root: apt-get install bats"
	[ "$(grep -c install "$SAYS/asked")" -eq 1 ]
}
