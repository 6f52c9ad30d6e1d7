#!/usr/bin/env bats
# What the pages say can be typed: every command line in a block of code is run, or
# says in a comment before the block why not, and then its words are known at least.

bats_require_minimum_version 1.5.0
load run.bash

setup() {
	setup_rig
	PAGES=(README.md docs/*.md HACKING.md results/README.md)
}
teardown() { teardown_rig; }

lines() { tests/check/doc-lines "${PAGES[@]}"; }

@test "every command line of the pages works as it stands there, or says why it is not run" {
	need_cap
	local count=0 where reason line status
	# What a line writes stays here.
	mkdir "$RESULTS/all" "$RESULTS/here"
	ln -s "$ROOT"/{oomrig,scenarios,server-under-test,tests,docs} "$RESULTS/here"
	while IFS=$'\x1f' read -r where reason line; do
		[ -z "$reason" ] || continue
		count=$((count + 1))
		status=0
		# Results and binaries as a reader has them; a verdict may be any, a search may end without an answer.
		PATH="$ROOT:$PATH" OOMRIG_RESULTS=$RESULTS/all bash -c "cd '$RESULTS/here' && $line" >"$RESULTS/output" 2>&1 </dev/null 3>&- || status=$?
		case $status in
		0 | 1 | 4 | 5) ;;
		*)
			echo "$where: '$line' ends with status $status:"
			head -20 "$RESULTS/output"
			return 1
			;;
		esac
	done < <(lines | tr '\t' '\037')
	[ "$count" -ge 15 ]
}

@test "the scenario of the README needs nothing but the words of one's own server" {
	need_cap
	sed -n '/^```yaml$/,/^```$/p' README.md | sed '/^```/d' >"$RESULTS/my-service.yaml"
	run --separate-stderr "$RIG" run "$RESULTS/my-service.yaml" --results "$RESULTS/none"
	same "$status" 2
	[[ $stderr == *"there is no program '/usr/local/bin/my-server' on this host"* ]]
	rig "$RESULTS/my-service.yaml" --set server.upload.path=/api/entry --set 'server.download.path=/-{id}' --set load.tabs.size=5MB \
		-- "$ROOT/server-under-test/chunkserver" --data '{data}' --tmp '{data}' --port '{port}'
	same "$status" 0
	field '.runs[0].requests.verified_bytes' | grep -qx 15000000
}

# Words of an oomrig line up to the server's own command or to what the shell does with it.
known_options() { # LINE
	local words command word help
	read -ra words <<<"${1%%[|>&;]*}"
	command=${words[1]}
	help=$("$RIG" "$command" --help) || { echo "there is no command '$command'"; return 1; }
	for word in "${words[@]:2}"; do
		word=${word#[}
		[ "$word" != -- ] || break
		case $word in
		--*) word=${word%%[=\]]*} ;;
		-[a-z]) ;;
		*) continue ;;
		esac
		grep -qE -- "^ +(-[a-z], )?$word( |\$)|^ +$word, " <<<"$help" || { echo "'$command' has no option '$word'"; return 1; }
	done
}

known_targets() { # LINE
	local word
	for word in ${1//[,;]/ }; do
		case $word in
		'&&') break ;;
		make | *=*) continue ;;
		esac
		grep -qE "^([a-z. -]+ )?$word( [a-z -]+)?:( |\$)" Makefile || { echo "the Makefile has no target '$word'"; return 1; }
	done
}

known_words() { # LINE
	case $1 in
	make*) known_targets "$1" ;;
	*) known_options "$1" ;;
	esac
}

@test "what is not run has commands, options and targets that there are" {
	local where reason line
	while IFS=$'\x1f' read -r where reason line; do
		known_words "$line" || { echo "$where: $line"; return 1; }
	done < <(lines | tr '\t' '\037')
	# Seen to fail:
	run ! known_words "./oomrig run x.yaml --rums 3"
	run ! known_words "./oomrig rum x.yaml"
	run ! known_words "oomrig floor SCENARIO [--precisio 5%]"
	run ! known_words "make demos"
	known_words "oomrig floor SCENARIO [--precision 5%] -- server --no-such"
}

@test "lines of a page are found in both kinds of block, with the reason that stands before them" {
	printf '%s\n' 'Type' '' '    oomrig list   # all' '    not this' '' '<!-- not run: slow -->' '' '```' \
		"make 'a' \\" '  b  # so' '```' '' '    ./oomrig log' 'oomrig show' >"$RESULTS/page.md"
	run -0 tests/check/doc-lines "$RESULTS/page.md"
	same "$output" "$RESULTS/page.md:3		oomrig list
$RESULTS/page.md:9	slow	make 'a' b
$RESULTS/page.md:13		./oomrig log"
}

# breaks TEXT COMMAND...: in a copy of the pages changed by COMMAND, the check says TEXT.
breaks() {
	local text=$1
	shift
	rm -rf "$RESULTS/tree"
	mkdir -p "$RESULTS/tree/results"
	cp -r ./*.md docs harness tests scenarios server-under-test .ci "$RESULTS/tree"
	cp results/README.md "$RESULTS/tree/results"
	(cd "$RESULTS/tree" && "$@")
	run "$RESULTS/tree/tests/check/docs"
	[ "$status" -eq 1 ]
	[[ $output == *"$text"* ]] || { echo "$output"; return 1; }
}

@test "a link, a heading or a file that is not there is found, and a cause without a heading" {
	tests/check/docs
	breaks "README.md: the link 'docs/using.md' leads nowhere" mv docs/using.md docs/used.md
	breaks "has no heading for the link 'verdicts.md#aftermath'" sed -i 's/^## Aftermath/## After/' docs/verdicts.md
	breaks "there is no 'harness/judge/trend.c'" mv harness/judge/trend.c harness/judge/trends.c
	breaks "has no heading 'invalid/disk'" sed -i 's/^## invalid.disk/## Disk/' docs/troubleshooting.md
}
