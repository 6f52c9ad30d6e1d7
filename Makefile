# oomrig: build, test, demonstrate.  `make help` lists the targets.
#
# Sources are found by their place: every harness/*/*.c belongs to the rig, every
# server-under-test/*.c to the bundled server, every tests/unit/test_*.c is a
# cmocka program, every tests/fuzz/fuzz_*.c a fuzz target, every docs/bench/*.c a
# program of its own; tests/truth/*.c are together the services whose fate is known,
# tests/hostile/*/*.c the server and the client that misbehave.

BUILD    ?= build
CC       ?= gcc
CFLAGS   ?= -O2 -g
WARNINGS  = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla $(if $(filter clang,$(CC)),,-Wno-format-truncation)
ALL_CFLAGS = -std=gnu11 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) -Iharness -MMD -MP -pthread

RIG_PKGS    = libuv libcurl yaml-0.1 jansson libcgroup gsl libsystemd
SERVER_PKGS = libmicrohttpd sqlite3 jansson
pkg         = $(shell pkg-config $(1) $(2) 2>/dev/null)

RIG_LIB_SRC  := $(wildcard harness/*/*.c)
RIG_SRC      := $(wildcard harness/*.c)
SERVER_SRC   := $(wildcard server-under-test/*.c server-under-test/behaviours/*.c)
BASE_SRC     := $(wildcard harness/base/*.c)
UNIT_SRC     := $(wildcard tests/unit/test_*.c)
ROOT_SRC     := $(wildcard tests/integration/test_*.c)
V2_SRC       := $(wildcard tests/v2/*.c)
HELPER_SRC   := $(addprefix tests/integration/,foreign_server.c listens.c fast_peer.c)
TOOL_SRC     := $(wildcard docs/bench/*.c)
TRUTH_SRC    := $(wildcard tests/truth/*.c)
HOSTILE      := $(addprefix $(BUILD)/tests/hostile/,misbehave pester watch)
FUZZ_SRC     := $(wildcard tests/fuzz/fuzz_*.c)

# V=1 shows the command lines.
Q = $(if $(V),,@echo "  CC  $@";)

# As many compilers as there are CPUs, unless -j is given; tests and demonstrations stay one after the other.
JOBS = $(if $(findstring jobserver,$(MAKEFLAGS)),,-j$(shell nproc))

# Objects are kept: the next build needs them.
.SECONDARY:

obj = $(patsubst %.c,$(BUILD)/%.o,$(1))
UNIT_BIN := $(patsubst %.c,$(BUILD)/%,$(UNIT_SRC))
ROOT_BIN := $(patsubst %.c,$(BUILD)/%,$(ROOT_SRC))
V2_BIN   := $(patsubst %.c,$(BUILD)/%,$(V2_SRC))
HELPER_BIN := $(patsubst %.c,$(BUILD)/%,$(HELPER_SRC))
BATS     := $(wildcard tests/integration/*.bats) tests/hostile/hostile.bats
# They make no cgroups on this host (those of v2 are made in a guest), so they can run beside
# the others without either being in the other's way; those wait half of their time.
BESIDE   := $(addprefix tests/integration/,v2.bats machine.bats server.bats behaviours.bats runner.bats)
TOOL_BIN := $(patsubst %.c,$(BUILD)/%,$(TOOL_SRC))
FUZZ_BIN := $(patsubst %.c,$(BUILD)/%,$(FUZZ_SRC))
# The fuzz targets that are fed to the bundled server, not to the rig.
FUZZ_SERVER := $(addprefix $(BUILD)/tests/fuzz/fuzz_,range listener)
# What runs a fuzz target: a replay of its corpus, or libFuzzer.
FUZZ_MAIN ?= $(call obj,tests/fuzz/replay.c)

# The two programs lie where they are called from, those of a special build in its own folder.
PLACE  := $(if $(filter build,$(BUILD)),,$(BUILD)/)
OOMRIG := $(PLACE)oomrig
CHUNKSERVER := $(PLACE)server-under-test/chunkserver

.PHONY: all help setup test test-unit test-integration test-page demo truth real aftermath bisects sigkills hostile bench long-page case-studies container-or-machine invert-case-studies laws compare-rates compare-history floors fuzz asan asan-unit tsan install uninstall check tags clean
all: setup
	@$(MAKE) --no-print-directory $(JOBS) build

.PHONY: build
build: $(OOMRIG) $(CHUNKSERVER) $(BUILD)/guest/agent $(BUILD)/tests/truth/fate $(HOSTILE) $(if $(PLACE),$(PLACE)scenarios)

# By it the program of a special build knows its own folder (harness/base/home.h).
build-%/scenarios:
	@mkdir -p $(@D) && ln -sfn ../scenarios $@

help:
	@sed -n 's/^## //p' Makefile

## make         install what building needs, build ./oomrig and the bundled server
## make demo    the 618 MB story: the same load kills one build and not the other
## make test    unit tests, then integration tests with real cgroups and kills
## make test-unit, test-integration  one of the two
## make test-page  the report in a real browser (chromium, 440 MB installed)
## make fuzz    every reader of foreign bytes under libFuzzer, SECONDS (600) each; fails on a crash
## make asan, make tsan  unit tests and short runs under the address, undefined and thread sanitizers
## make asan-unit  the unit tests alone, under the address and undefined sanitizers
## make truth   N runs (11) of each server whose fate is known; the matrix goes into docs/verdicts.md
## make real    N runs (5) of each real program of tests/real/, into docs/real-programs.md
## make sigkills  the rig killed at N (100) random moments: what is left, what can be read
## make hostile  servers and clients that misbehave in every way known, into docs/robustness.md
## make aftermath  N kills (50) of the server with all fixes: what it had acknowledged, into docs/verdicts.md
## make bisects  N (10) generated histories with one bad commit: is it found?
## make bench   side-by-side benchmarks, written to docs/benchmarks.md
## make long-page  the page of a run of 24 hours, and how fast it opens in chromium, into docs/reports.md
## make case-studies  case studies on and off, history, dead ends, RUNS (1) times each, into docs/case-studies.md
## make invert-case-studies  each of them with its behaviour inverted: none may be as expected
## make laws    every growth law N (5) times, forecasts against real kills, written to docs/laws.md
## make compare-rates  false alarms and misses of `oomrig compare`, into docs/compare.md
## make compare-history  the first version against the last, by label and by git refs, into docs/compare.md
## make container-or-machine  under which kind of memory limit an upload server dies, RUNS (5) times each
## make floors  floors of every preset at one, two and three uploads, into docs/floors.md (an hour)
## make check   style, static analysis, scripts, and the arrows between the rooms: all at zero
## make install [PREFIX=/usr/local] [DESTDIR=]; make uninstall
## make tags, make compile_commands.json  for editors
## make clean   remove what was built

setup:
	@.ci/packages build

# For what is tested or measured by scripts: their tools, and all that is built by default.
.PHONY: all-and-tools
all-and-tools:
	@.ci/packages build test
	@$(MAKE) --no-print-directory $(JOBS) build

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(if $(filter server-under-test/% tests/fuzz/%,$<),-Iserver-under-test $(call pkg,--cflags,$(SERVER_PKGS)),$(call pkg,--cflags,$(RIG_PKGS) cmocka)) -c -o $@ $<

# What a page brings along is built into the program (.incbin), the charts from Debian's package.
DYGRAPHS := $(patsubst %/dygraph.min.js,%,$(shell dpkg -L libjs-dygraphs 2>/dev/null | grep '/dygraph\.min\.js$$'))
DYGRAPHS_LICENCE := $(shell dpkg -L libjs-dygraphs 2>/dev/null | grep '/copyright$$')
$(call obj,harness/html/assets.c): ALL_CFLAGS += -DDYGRAPHS='"$(DYGRAPHS)"' -DDYGRAPHS_LICENCE='"$(DYGRAPHS_LICENCE)"'
$(call obj,harness/html/assets.c): harness/html/page.css harness/html/page.js $(DYGRAPHS)/dygraph.min.js $(DYGRAPHS_LICENCE)

$(OOMRIG): $(call obj,$(RIG_SRC) $(RIG_LIB_SRC))
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,$(RIG_PKGS)) -lm

$(CHUNKSERVER): $(call obj,$(SERVER_SRC) $(BASE_SRC))
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,$(SERVER_PKGS)) -lm

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(call obj,$(RIG_LIB_SRC))
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,$(RIG_PKGS) cmocka) -lm

$(BUILD)/tests/fuzz/fuzz_range: $(call obj,server-under-test/range.c)
# It has the server's main.c in it.
$(BUILD)/tests/fuzz/fuzz_listener: $(call obj,$(filter-out %/main.c,$(SERVER_SRC)))
$(FUZZ_SERVER): $(BUILD)/%: $(BUILD)/%.o $(call obj,tests/fuzz/fuzz.c $(BASE_SRC)) $(FUZZ_MAIN)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(FUZZ_FLAGS) $(call pkg,--libs,$(SERVER_PKGS)) -lm

$(filter-out $(FUZZ_SERVER),$(FUZZ_BIN)): $(BUILD)/%: $(BUILD)/%.o $(call obj,tests/fuzz/fuzz.c $(RIG_LIB_SRC)) $(FUZZ_MAIN)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $(filter %.o,$^) $(FUZZ_FLAGS) $(call pkg,--libs,$(RIG_PKGS)) -lm

$(BUILD)/tests/truth/fate: $(call obj,$(TRUTH_SRC))
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/tests/hostile/misbehave: $(call obj,$(wildcard tests/hostile/server/*.c))
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/tests/hostile/pester: $(call obj,$(wildcard tests/hostile/client/*.c))
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/tests/hostile/watch: $(call obj,tests/hostile/watch.c)
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/docs/bench/%: $(BUILD)/docs/bench/%.o $(call obj,$(BASE_SRC))
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,libuv sqlite3 jansson) -lm

# The first process of a small machine: it must not need the libraries of the host whose files it is shown.
$(BUILD)/guest/agent: $(wildcard harness/isolation/agent/*.[ch]) harness/isolation/guest_wire.h
	@mkdir -p $(@D)
	$(Q)$(CC) -std=gnu11 -D_GNU_SOURCE $(WARNINGS) -O2 -static -s -Iharness -o $@ $(filter %.c,$^)

demo: all
	./oomrig run scenarios/picoshare/three-uploads-before-any-fix.yaml scenarios/picoshare/three-uploads-all-fixes.yaml

bench:
	@.ci/packages build test bench
	@$(MAKE) --no-print-directory $(JOBS) build $(TOOL_BIN)
	docs/bench/run

long-page:
	@.ci/packages build test bench page
	@$(MAKE) --no-print-directory $(JOBS) build $(TOOL_BIN)
	docs/bench/page

# The full suite: units need neither root nor network; the integration tests use
# real cgroups, kills and servers, and skip with their reason where they cannot.
test: test-unit
	@$(MAKE) --no-print-directory test-integration

.PHONY: build-tests
build-tests: $(UNIT_BIN) $(FUZZ_BIN) $(ROOT_BIN) $(V2_BIN) $(TOOL_BIN) $(HELPER_BIN)

# The kernel of the guest; the tests there are skipped, with the reason, where it is not to be had.
.PHONY: guest-image
guest-image: $(BUILD)/guest/agent
	-@harness/isolation/guest-image $(BUILD)/guest

test-unit: all-and-tools
	@$(MAKE) --no-print-directory $(JOBS) build-tests
	@tests/run unit $(UNIT_BIN) $(FUZZ_BIN)

# Each fuzz target for SECONDS, as many at once as there are CPUs (JOBS_FUZZ), or only those of TARGETS.
SANE_asan = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
SANE_tsan = -fsanitize=thread -fno-omit-frame-pointer
fuzz: SECONDS ?= 600
fuzz:
	@.ci/packages build fuzz
	@$(MAKE) --no-print-directory $(JOBS) build-fuzz
	@tests/fuzz/run "$(SECONDS)" "$(JOBS_FUZZ)" $(TARGETS)

.PHONY: build-fuzz
build-fuzz:
	@$(MAKE) --no-print-directory BUILD=build-fuzz CC=clang CFLAGS='-O1 -g $(SANE_asan) -fsanitize=fuzzer-no-link' \
		FUZZ_MAIN= FUZZ_FLAGS=-fsanitize=fuzzer fuzz-targets

.PHONY: fuzz-targets
fuzz-targets: $(FUZZ_BIN)

# Everything under the sanitizers, in folders of its own; then the unit tests and a few short runs of the program.
asan tsan:
	@.ci/packages build test
	@$(MAKE) --no-print-directory $(JOBS) BUILD=build-$@ CFLAGS='-O1 -g $(SANE_$@)' build build-tests
	@tests/sanitized $@

# The unit tests and the replays of the fuzz corpora alone: what CI does on each change.
asan-unit:
	@.ci/packages build test
	@$(MAKE) --no-print-directory $(JOBS) BUILD=build-asan CFLAGS='-O1 -g $(SANE_asan)' unit-targets
	@tests/sanitized asan unit

.PHONY: unit-targets
unit-targets: $(UNIT_BIN) $(FUZZ_BIN)

test-integration: all-and-tools
	@$(MAKE) --no-print-directory $(JOBS) build-tests guest-image
	@tests/run integration $(ROOT_BIN) $(filter-out $(BESIDE),$(BATS)) -- $(BESIDE)

# Chromium and what it needs take 440 MB on disk, too much for each `make test`.
test-page: all-and-tools
	@.ci/packages page
	bats tests/page/page.bats

# Runs that came out wrong stay in results/.
truth: N ?= 11
truth: all
	./oomrig selftest --runs $(N) --write docs/verdicts.md

real: N ?= 5
real: all
	docs/bench/real $(N)

bisects: N ?= 10
bisects: all-and-tools
	BISECTS=$(N) bats -f 'brought the crash, past' tests/integration/campaign.bats

sigkills: N ?= 100
sigkills: all-and-tools
	SIGKILLS=$(N) bats tests/integration/killed-rig.bats
	SIGPIPES=20 SIGHUPS=20 CTRL_CS=50 bats -f 'at random moments' tests/integration/ends.bats

hostile: all-and-tools
	tests/hostile/run --write docs/robustness.md

aftermath: N ?= 50
aftermath: all-and-tools
	docs/bench/aftermath $(N)

# RUNS=3 make case-studies: three times each.
case-studies: all-and-tools
	@docs/case-studies/run $(RUNS)

laws: N ?= 5
laws: all-and-tools
	@docs/laws/run $(N)

invert-case-studies: all-and-tools
	docs/case-studies/invert

compare-rates: all
	docs/bench/compare-rates

compare-history: all-and-tools
	docs/bench/compare-history

# RUNS=2 SIZE=100MB make container-or-machine: twice each, with smaller uploads.
container-or-machine: all-and-tools guest-image
	@docs/container-or-machine/run "$(or $(RUNS),5)" "$(or $(SIZE),618MB)"

floors: all-and-tools
	docs/bench/floors

# ---- install -------------------------------------------------------------------
# The program finds what comes with it in lib/oomrig beside its own bin/ (harness/base/home.h).
PREFIX  ?= /usr/local
HOME_DIR = $(DESTDIR)$(PREFIX)/lib/oomrig
MAN_DIR  = $(DESTDIR)$(PREFIX)/share/man/man1
COMMANDS = $(shell ./oomrig help | sed -n '/^Commands:/,/^$$/s/^  \([a-z]*\) .*/\1/p')
COMPLETIONS = bash-completion/completions/oomrig:bash zsh/site-functions/_oomrig:zsh fish/vendor_completions.d/oomrig.fish:fish

install: all
	install -d $(DESTDIR)$(PREFIX)/bin $(MAN_DIR) $(DESTDIR)$(PREFIX)/share/doc/oomrig
	install oomrig $(DESTDIR)$(PREFIX)/bin/oomrig
	for file in $$(find scenarios -type f) tests/truth/*.yaml tests/truth/servers/*.yaml; do \
		install -D -m 644 $$file $(HOME_DIR)/$$file || exit 1; \
	done
	for file in README.md $$(find docs -name '*.md' -o -name '*.png'); do \
		install -D -m 644 $$file $(DESTDIR)$(PREFIX)/share/doc/oomrig/$$file || exit 1; \
	done
	install -D server-under-test/chunkserver $(HOME_DIR)/server-under-test/chunkserver
	install -D $(BUILD)/tests/truth/fate $(HOME_DIR)/build/tests/truth/fate
	for file in vmlinuz initrd agent; do \
		[ ! -e $(BUILD)/guest/$$file ] || install -D $(BUILD)/guest/$$file $(HOME_DIR)/build/guest/$$file || exit 1; \
	done
	./oomrig completion man > $(MAN_DIR)/oomrig.1
	for name in $(COMMANDS); do ./oomrig completion man $$name > $(MAN_DIR)/oomrig-$$name.1; done
	for pair in $(COMPLETIONS); do \
		install -d $(DESTDIR)$(PREFIX)/share/$$(dirname $$pair); \
		./oomrig completion $${pair#*:} > $(DESTDIR)$(PREFIX)/share/$${pair%:*}; \
	done

uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/oomrig $(MAN_DIR)/oomrig.1 $(MAN_DIR)/oomrig-*.1
	rm -f $(foreach pair,$(COMPLETIONS),$(DESTDIR)$(PREFIX)/share/$(firstword $(subst :, ,$(pair))))
	rm -rf $(HOME_DIR) $(DESTDIR)$(PREFIX)/share/doc/oomrig

# ---- check ---------------------------------------------------------------------
# All kept at zero.  tests/check/ has one script for each.
check:
	@.ci/packages build test check
	@tests/check/all

tags:
	ctags -R harness server-under-test tests

# For clangd and clang-tidy.
compile_commands.json: Makefile
	@tests/check/compile-commands > $@

clean:
	rm -rf build build-fuzz build-asan build-tsan oomrig server-under-test/chunkserver

-include $(shell find $(BUILD) -type f -name '*.d' 2>/dev/null)
