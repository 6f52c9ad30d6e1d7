/* The judge: was this the experiment that was asked for, and is its evidence whole? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "judge_cases.h"

static const struct judge_case cases[] = {
	/* the rig and its environment */
	{ "interrupted", KILLED "interrupted=1", "interrupted", NULL },
	{ "skipped", KILLED "skip_reason=it needs swap", "skipped", "it needs swap" },
	{ "clean-up behind", "canary_lag_ns=41s", "steady", "clean-up has not run for 41.0 s" },
	{ "clean-up on time", "canary_lag_ns=900ms", "steady", NULL },
	{ "log large on disk", "peak_wal_bytes=1233MiB", "steady", "write-ahead log grew to 1.20 GiB on disk" },
	{ "the machine's kernel panicked", "machine_panic=Kernel panic - not syncing: deadlocked;oom_kill=?",
	  "crashed/panic", "not syncing: deadlocked" },
	{ "the machine stood still", "machine_silent_ns=31s;cap_in_force_bytes=?", "stalled/freeze", "for 31.0 s" },
	{ "the machine was gone", "machine_ended=1;oom_kill=?", "invalid/rig", "the emulator" },
	{ "the machine was gone after the kill had been counted", KILLED "machine_ended=1", "crashed/oom-kill", NULL },
	{ "the machine was interrupted with the run", "interrupted=1;machine_ended=1", "interrupted", NULL },
	{ "rig failed", KILLED "rig_error=cannot read samples", "invalid/rig", "cannot read samples" },
	{ "cap not in force", "cap_in_force_bytes=9223372036854771712", "invalid/cap", NULL },
	{ "cap never read back", "cap_in_force_bytes=-", "invalid/cap", "absent" },
	{ "cap unreadable", "cap_in_force_bytes=?", "invalid/cap", "unreadable" },
	{ "cap unreadable, killed nevertheless", KILLED "cap_in_force_bytes=?", "invalid/cap", NULL },
	{ "cap rounded down to a page", "cap_asked_bytes=268439551", "steady", NULL },
	{ "cap a page too small", "cap_in_force_bytes=268431360", "invalid/cap", "268431360 instead of 268435456" },
	{ "slowed down at memory.high, and answers", HIGH "high_hits=3", "steady",
	  "also: memory.high of 64 MiB slowed the server down 3 times" },
	{ "memory.high rounded down to a page", HIGH "high_asked_bytes=67108865", "steady", NULL },
	{ "memory.high not in force", HIGH "high_in_force_bytes=256MiB", "invalid/cap", "what is in force is 256 MiB" },
	{ "memory.high unreadable", HIGH "high_in_force_bytes=?", "invalid/cap", "unreadable" },
	{ "memory.oom.group not in force", "oom_group_asked=1;oom_group=0", "invalid/cap", "memory.oom.group" },
	{ "memory.oom.group on a kernel without", "oom_group_asked=1;oom_group=-", "invalid/cap", "memory.oom.group" },
	{ "cap a byte too large", "cap_in_force_bytes=268435457", "invalid/cap", NULL },
	{ "big pages", "cap_asked_bytes=268500991;page_bytes=65536;cap_swap_in_force_bytes=256MiB", "steady", NULL },
	{ "no swap limit, but no swap", "cap_swap_in_force_bytes=-", "steady", NULL },
	{ "no swap limit and the host may swap", "cap_swap_in_force_bytes=-;host_swap_bytes=1GiB", "invalid/cap",
	  "may swap" },
	{ "no swap limit and the host's swap unknown", "cap_swap_in_force_bytes=-;host_swap_bytes=?", "invalid/cap",
	  NULL },
	{ "swap limit too high", "cap_swap_in_force_bytes=512MiB;host_swap_bytes=1GiB", "invalid/cap",
	  "512 MiB instead of 256 MiB" },
	{ "swap as asked", "swap_asked_bytes=256MiB;cap_swap_in_force_bytes=512MiB;host_swap_bytes=1GiB", "steady",
	  NULL },
	{ "less swap than asked", "swap_asked_bytes=256MiB;cap_swap_in_force_bytes=256MiB;host_swap_bytes=1GiB",
	  "invalid/cap", "256 MiB instead of 512 MiB" },
	{ "swap asked of a host without any", "swap_asked_bytes=256MiB;cap_swap_in_force_bytes=512MiB", "invalid/cap",
	  "the host has none" },
	{ "server outside its group", "server_in_group=0", "invalid/group", NULL },
	{ "server outside its group, something killed", KILLED "server_in_group=0", "invalid/group", NULL },
	{ "group not checked", "server_in_group=?", "invalid/group", NULL },
	{ "the port is the server's", "port_in_group=1", "steady", NULL },
	{ "nobody was seen to listen, nobody was answered", CACHE_GROWS "port_in_group=-", "grew/page-cache", NULL },
	{ "a stranger listens", "port_in_group=0;port_stranger=pid 4 (nginx) listens", "invalid/start",
	  "does not reach the server under test: pid 4 (nginx) listens" },
	{ "a stranger listens, and the server dies", KILLED "port_in_group=0;port_stranger=pid 4", "invalid/start",
	  "pid 4" },
	{ "a stranger listens, and the server never does", NEVER_READY "port_in_group=0;port_stranger=pid 4",
	  "invalid/start", "pid 4" },
	{ "a stranger that has left the group", "server_in_group=0;port_in_group=0;port_stranger=pid 4",
	  "invalid/group", NULL },
	{ "who listens cannot be read", "port_in_group=?;port_stranger=no permission", "invalid/start",
	  "cannot be told: no permission" },
	{ "who listens cannot be read, and the server dies", KILLED "port_in_group=?", "crashed/oom-kill", NULL },
	{ "answers, and nobody ever listened", "port_unseen=1;port_stranger=passed on", "invalid/start", "passed on" },
	{ "never started", "server_started=0", "invalid/start", NULL },
	{ "start unknown", "server_started=-", "invalid/start", NULL },
	{ "exits before it was ready", ENDS NEVER_READY "server_exit_code=1", "invalid/start", "exit status 1" },
	{ "killed from outside before it was ready", ENDS NEVER_READY "server_signal=9", "invalid/start", NULL },
	{ "never became ready", NEVER_READY, "invalid/start", "never became ready" },

	/* evidence that is missing or disagrees */
	{ "SIGKILL, counter unreadable", ENDS "server_signal=9;oom_kill=?", "invalid/evidence", "cannot be told" },
	{ "SIGKILL, no counter on this kernel", ENDS "server_signal=9;oom_kill=-", "invalid/evidence", "absent" },
	{ "SIGKILL, counter unreadable, the log names it", KILLED "oom_kill=?", "invalid/evidence",
	  "kernel log: Memory cgroup" },
	{ "lived, counter unreadable", "oom_kill=?", "invalid/evidence", NULL },
	{ "lived without a cap, counter unreadable", NO_CAP "oom_kill=?", "invalid/evidence", "unreadable" },
	{ "lived under a cap without a counter", "oom_kill=-", "invalid/evidence", NULL },
	{ "kernel log against counter", "kernel_log_kills=1", "invalid/evidence", "contradicts itself" },
	{ "log names a main process that lives", KILL_RECORD "peak_usage_bytes=256MiB", "invalid/evidence",
	  "contradicts itself" },
	{ "end without a status", ENDS, "invalid/evidence", "how is not known" },
	{ "end unreadable", "server_end_ns=?", "invalid/evidence", NULL },
	{ "our signal without its time", "our_signal_ns=-", "invalid/evidence", "before or after" },
	{ "no baseline", CACHE_GROWS "baseline_unreclaimable_bytes=?", "invalid/evidence",
	  "before the load is unreadable" },
	{ "no peak", "peak_unreclaimable_bytes=-", "invalid/evidence", NULL },
	{ "no memory after the load",
	  "settled_unreclaimable_bytes=-;squeezed_unreclaimable_bytes=-;squeezed_file_bytes=-", "invalid/evidence",
	  NULL },
	{ "no samples", "samples=0", "invalid/samples", NULL },
	{ "samples unknown", "samples=-", "invalid/samples", NULL },
	{ "hole in the samples", "sample_gap_max_ns=1001ms", "invalid/samples", "no sample for 1.00 s" },
	{ "the machine slept", "slept_ns=2s", "invalid/samples", "suspended for 2.00 s" },
	{ "clocks read one after the other", "slept_ns=1ms;wall_step_ns=3ms", "steady", NULL },
	{ "the wall clock was set", "wall_step_ns=1h", "steady", "wall clock was set by 60 min" },
	{ "left its first process", "server_end_ns=2s;server_exit_code=0;our_signal=-;our_signal_ns=-;server_left=1",
	  "invalid/start", "went into the background" },
	{ "left its first process before it was ready",
	  NEVER_READY "server_end_ns=2s;server_exit_code=0;our_signal=-;our_signal_ns=-;server_left=1", "invalid/start",
	  "went into the background" },
	{ "clean exit, nobody left", "server_end_ns=2s;server_exit_code=0;our_signal=-;our_signal_ns=-;server_left=0",
	  "crashed/exit", NULL },
	{ "failed exit, workers left", "server_end_ns=2s;server_exit_code=1;our_signal=-;our_signal_ns=-;server_left=2",
	  "crashed/exit", NULL },
	{ "clean exit, who is left is unknown",
	  "server_end_ns=2s;server_exit_code=0;our_signal=-;our_signal_ns=-;server_left=?", "crashed/exit", NULL },
	{ "samples a second apart", "sample_gap_max_ns=1s", "steady", NULL },
	{ "many samples lost", "samples_dropped=10", "invalid/samples", NULL },
	{ "few samples lost", "samples_dropped=9", "steady", "9 of 909 samples were lost" },
	{ "disk full", "disk_full=1", "invalid/disk", NULL },

	/* the load */
	{ "no request started", "requests_started=0;requests_ok=0", "invalid/load", "no request was started" },
	{ "load unknown", "requests_ok=-", "invalid/load", NULL },
	{ "refuses connections",
	  "requests_ok=0;requests_failed=3;first_failure=connection refused;acknowledged_bytes=0", "invalid/load",
	  "all of its 3 requests failed; the first: connection refused" },
	{ "some requests fail", CACHE_GROWS "requests_ok=2;requests_failed=1;first_failure=database is locked",
	  "grew/page-cache", "1 of 3 requests failed while the server lived; the first: database is locked" },
	{ "not all ended", "requests_ok=2", "invalid/load", "2 of 3 requests ended" },
	{ "clients that vanish are load", "requests_ok=0;requests_cut=3;acknowledged_bytes=0;acknowledged_objects=0",
	  "steady", NULL },
	{ "acknowledged more than was sent", "sent_bytes=1MiB", "invalid/load",
	  "3 MiB acknowledged, but only 1 MiB sent" },
	{ "deadline of the load", "load_deadline_hit=1;requests_ok=1;requests_cut=2", "invalid/load",
	  "kept answering" },
	{ "deadline of the load, no probe", "load_deadline_hit=1;health_longest_silence_ns=-", "invalid/load",
	  "without a health probe" },
	{ "the deadline that cut it", "load_deadline_hit=1;load_deadline_ns=60s", "invalid/load",
	  "the load did not end within 60.0 s (the scenario's key 'deadline'): " },
	{ "a deadline that an old record does not hold", "load_deadline_hit=1", "invalid/load",
	  "the load did not end in time (the scenario's key 'deadline'): " },
	{ "open-ended load", "requests_intended=-;requests_started=5;requests_ok=4;requests_cut=1", "steady", NULL },
	{ "crash before anything ended well", KILLED "requests_ok=0", "crashed/oom-kill", NULL },
	{ "in a slow machine", "machine_slowness=21", "steady",
	  "also: the server's machine was 21 times slower than a processor that is not emulated" },
	{ "for a time, in a slow machine", "machine_slowness=21;requests_intended=-", "steady",
	  "not judged: what the load would do on a faster machine, for it goes on for a time (5.00 s)" },
	{ "generator was the bottleneck", "generator_bottleneck=1", "steady", "generator was the bottleneck" },
};

static void test_verdicts(void **state)
{
	(void)state;
	expect_cases(cases, COUNT(cases));
}

/* What a slow machine leaves open is said where it is open, and nowhere else. */
static void test_slowness_that_is_not_said(void **state)
{
	static const struct {
		const char *changes, *line;
	} rows[] = {
		{ "requests_intended=-", "times slower" },
		{ "machine_slowness=1;requests_intended=-", "times slower" },
		{ "machine_slowness=21", "not judged" },
		{ "machine_slowness=1;requests_intended=-", "not judged" },
		{ KILLED "machine_slowness=21;requests_intended=-", "not judged" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct facts f;
		struct verdict v;

		make_facts(&f, rows[i].changes);
		judge(&f, &v);
		if (has_line(&v, rows[i].line))
			fail_msg("row %zu: a line says '%s'", i, rows[i].line);
		verdict_release(&v);
	}
}

static void test_every_verdict_is_reached(void **state)
{
	(void)state;
	expect_reached(guard_verdicts, cases, COUNT(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_slowness_that_is_not_said),
		cmocka_unit_test(test_every_verdict_is_reached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
