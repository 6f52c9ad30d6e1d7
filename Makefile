# oomrig: build, test, demonstrate.  `make help` lists the targets.
#
# Sources are found by their place: every harness/*/*.c belongs to the rig, every
# server-under-test/*.c to the bundled server, every tests/unit/test_*.c is a
# cmocka program, every docs/bench/*.c a program of its own; tests/truth/*.c are
# together the services whose fate is known.

BUILD    ?= build
CC       ?= gcc
CFLAGS   ?= -O2 -g
WARNINGS  = -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-format-truncation
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
TOOL_SRC     := $(wildcard docs/bench/*.c)
TRUTH_SRC    := $(wildcard tests/truth/*.c)

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
BATS     := $(wildcard tests/integration/*.bats)
# They make no cgroups on this host (those of v2 are made in a guest), so they can run beside
# the others without either being in the other's way; those wait half of their time.
BESIDE   := $(addprefix tests/integration/,v2.bats server.bats behaviours.bats runner.bats)
TOOL_BIN := $(patsubst %.c,$(BUILD)/%,$(TOOL_SRC))

.PHONY: all help setup test test-unit test-integration demo truth aftermath bisects sigkills bench case-studies invert-case-studies laws compare-rates compare-history floors clean
all: setup
	@$(MAKE) --no-print-directory $(JOBS) build

.PHONY: build
build: oomrig server-under-test/chunkserver $(BUILD)/tests/truth/fate

help:
	@sed -n 's/^## //p' Makefile

## make         install what is missing, build ./oomrig and the bundled server
## make demo    the 618 MB story: the same load kills one build and not the other
## make test    unit tests, then integration tests with real cgroups and kills
## make test-unit, test-integration  one of the two
## make truth   N runs (11) of each server whose fate is known; the matrix goes into docs/verdicts.md
## make sigkills  the rig killed at N (100) random moments: what is left, what can be read
## make aftermath  N kills (50) of the server with all fixes: what it had acknowledged, into docs/verdicts.md
## make bisects  N (10) generated histories with one bad commit: is it found?
## make bench   side-by-side benchmarks, written to docs/benchmarks.md
## make case-studies  case studies on and off, history, dead ends, RUNS (1) times each, into docs/case-studies.md
## make invert-case-studies  each of them with its behaviour inverted: none may be as expected
## make laws    every growth law N (5) times, forecasts against real kills, written to docs/laws.md
## make compare-rates  false alarms and misses of `oomrig compare`, into docs/compare.md
## make compare-history  the first version against the last, by label and by git refs, into docs/compare.md
## make floors  floors of every preset at one, two and three uploads, into docs/floors.md (an hour)
## make clean   remove what was built

setup:
	@.ci/packages

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) $(if $(filter server-under-test/%,$<),-Iserver-under-test $(call pkg,--cflags,$(SERVER_PKGS)),$(call pkg,--cflags,$(RIG_PKGS) cmocka)) -c -o $@ $<

oomrig: $(call obj,$(RIG_SRC) $(RIG_LIB_SRC))
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,$(RIG_PKGS)) -lm

server-under-test/chunkserver: $(call obj,$(SERVER_SRC) $(BASE_SRC))
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,$(SERVER_PKGS)) -lm

$(BUILD)/tests/%: $(BUILD)/tests/%.o $(call obj,$(RIG_LIB_SRC))
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,$(RIG_PKGS) cmocka) -lm

$(BUILD)/tests/truth/fate: $(call obj,$(TRUTH_SRC))
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^

$(BUILD)/docs/bench/%: $(BUILD)/docs/bench/%.o $(call obj,$(BASE_SRC))
	$(Q)$(CC) $(ALL_CFLAGS) $(LDFLAGS) -o $@ $^ $(call pkg,--libs,libuv sqlite3) -lm

demo: all
	./oomrig run scenarios/picoshare/three-uploads-before-any-fix.yaml scenarios/picoshare/three-uploads-all-fixes.yaml

bench: all $(TOOL_BIN)
	docs/bench/run

# The full suite: units need neither root nor network; the integration tests use
# real cgroups, kills and servers, and skip with their reason where they cannot.
test: all
	@$(MAKE) --no-print-directory $(JOBS) build-tests
	@$(MAKE) --no-print-directory test-unit test-integration

.PHONY: build-tests
build-tests: $(UNIT_BIN) $(ROOT_BIN) $(V2_BIN) $(TOOL_BIN)

# The kernel of the guest; the tests there are skipped, with the reason, where it is not to be had.
.PHONY: guest-image
guest-image:
	-@harness/isolation/guest-image $(BUILD)/guest

test-unit: $(UNIT_BIN)
	@tests/run unit $(UNIT_BIN)

test-integration: build $(ROOT_BIN) $(V2_BIN) $(TOOL_BIN) guest-image
	@tests/run integration $(ROOT_BIN) $(filter-out $(BESIDE),$(BATS)) -- $(BESIDE)

# Runs that came out wrong stay in results/.
truth: N ?= 11
truth: all
	./oomrig selftest --runs $(N) --write docs/verdicts.md

bisects: N ?= 10
bisects: build
	BISECTS=$(N) bats -f 'brought the crash, past' tests/integration/campaign.bats

sigkills: N ?= 100
sigkills: build
	SIGKILLS=$(N) bats tests/integration/killed-rig.bats

aftermath: N ?= 50
aftermath: build
	docs/bench/aftermath $(N)

# RUNS=3 make case-studies: three times each.
case-studies: all
	@docs/case-studies/run $(RUNS)

laws: N ?= 5
laws: all
	@docs/laws/run $(N)

invert-case-studies: build
	docs/case-studies/invert

compare-rates: build
	docs/bench/compare-rates

compare-history: build
	docs/bench/compare-history

floors: build
	docs/bench/floors

clean:
	rm -rf $(BUILD) oomrig server-under-test/chunkserver

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
