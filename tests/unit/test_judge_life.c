/* The judge: how did the server end, or did it stop answering? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "judge_cases.h"

/* The rig was at something before the load, which broke off. */
#define BROKE_OFF                                                                                                      \
	"rig_error=the load could not be prepared: connection "                                                        \
	"reset;rig_error_by_server=1;requests_started=0;requests_ok=0;"                                                \
	"requests_failed=0;load_ns=-;"

static const struct judge_case cases[] = {
	/* killed for lack of memory */
	{ "killed by the cap", KILLED, "crashed/oom-kill", "oom_kill counter rose from 0 to 1" },
	{ "killed all at once", KILLED "oom_kill=3;oom_group_asked=1;oom_group=1;oom_group_kills=1", "crashed/oom-kill",
	  "all of the group was killed at once (oom_group_kill rose to 1)" },
	{ "killed by the cap: the end", KILLED, "crashed/oom-kill",
	  "(pid 515) ended by SIGKILL (signal 9) 0.42 s after its start; the rig had sent it no signal" },
	{ "killed by the cap: the charge", KILLED, "crashed/oom-kill",
	  "(all that counts against the cap): 256 MiB = anon 231 + page cache 20.0 + shmem 0 + kernel 4.2 + rest 0.8 "
	  "MiB" },
	{ "killed by the cap: the requests", KILLED, "crashed/oom-kill",
	  "3 requests in flight, 96 MiB sent in them; 0 B acknowledged before" },
	{ "killed by the cap: the record", KILLED, "crashed/oom-kill",
	  "kernel log: Memory cgroup out of memory: Killed process 515" },
	{ "killed by the cap: what filled it", KILLED, "crashed/oom-kill",
	  "private memory of its processes (anon), 90 %" },
	{ "killed, kernel log not readable", KILLED "kernel_log_kills=?;oom_kill_main=?;kernel_log_line=",
	  "crashed/oom-kill", "kernel log: not readable" },
	{ "killed, the log has other pids (a pid namespace)", KILLED "oom_kill_main=0", "crashed/oom-kill", NULL },
	{ "a worker was killed, and the main process by somebody else", KILLED "oom_kill_main=0;oom_kill_others=1",
	  "crashed/oom-child", "its SIGKILL came from somebody else" },
	{ "one of two kills is not in the log: it may be the main process's",
	  KILLED "oom_kill=2;oom_kill_main=0;oom_kill_others=1", "crashed/oom-kill", NULL },
	{ "a worker was killed, and then the main process", KILLED "oom_kill=2;kernel_log_kills=2;oom_kill_others=1",
	  "crashed/oom-kill", NULL },
	{ "the main process was killed, and a worker when the counter had been read", KILLED "oom_kill_others=1",
	  "crashed/oom-kill", NULL },
	{ "killed before it was ready", KILLED NEVER_READY, "crashed/oom-kill", "before it was ready" },
	{ "killed before the group could be checked", KILLED "server_in_group=?", "crashed/oom-kill", NULL },
	{ "killed, no sample in time", KILLED "samples=0;sample_gap_max_ns=-", "crashed/oom-kill", NULL },
	{ "killed with dirty page cache",
	  KILLED "death_anon_bytes=2MiB;death_file_bytes=249MiB;death_dirty_bytes=180MiB;"
		 "death_writeback_bytes=60MiB",
	  "crashed/oom-kill", "page cache not yet written" },
	{ "killed by a full tmpfs", KILLED "death_anon_bytes=6MiB;death_shmem_bytes=237MiB;death_file_bytes=5MiB",
	  "crashed/oom-kill", "tmpfs and shared memory" },
	{ "killed by socket buffers", KILLED "death_anon_bytes=6MiB;death_file_bytes=0;death_kernel_bytes=248MiB",
	  "crashed/oom-kill", "socket buffers" },
	{ "killed far below its cap: the host, or a limit above",
	  KILLED "peak_usage_bytes=90MiB;death_usage_bytes=89MiB", "invalid/cap", "not by this cap" },
	{ "killed just before the rig's signal, seen after it", KILLED "our_signal=15;our_signal_ns=410ms",
	  "crashed/oom-kill", "before the rig sent its first signal" },
	{ "rig's signal after the end is no excuse", KILLED "our_signal=9;our_signal_ns=430ms", "crashed/oom-kill",
	  NULL },
	{ "worker killed, parent serves", KILL_RECORD "oom_kill_main=0;peak_usage_bytes=256MiB", "crashed/oom-child",
	  "main process lived on" },
	{ "worker killed, rig's SIGKILL at the end",
	  KILL_RECORD "oom_kill_main=0;peak_usage_bytes=256MiB;our_signal=9;server_signal=9", "crashed/oom-child",
	  NULL },
	{ "worker killed, no kernel log", "oom_kill=2;kernel_log_kills=?;peak_usage_bytes=256MiB", "crashed/oom-child",
	  "from 0 to 2" },
	{ "child killed, shell answers 137", ENDS KILL_RECORD "oom_kill_main=0;server_exit_code=137",
	  "crashed/oom-child", "exit status 137" },
	{ "child killed, its growth named",
	  ENDS KILL_RECORD "oom_kill_main=0;server_exit_code=1;victim_pid=99;"
			   "victim_anon_bytes=200MiB",
	  "crashed/oom-child", "a child's growth: the killed process (pid 99)" },
	{ "daemon killed, launcher exits 0", ENDS KILL_RECORD "oom_kill_main=0;server_exit_code=0", "crashed/oom-child",
	  NULL },
	{ "killed by locked file pages",
	  KILLED "death_anon_bytes=20MiB;death_file_bytes=230MiB;death_unevictable_bytes=230MiB", "crashed/oom-kill",
	  "page cache locked in memory (mlock), which cannot be dropped, 82 %" },
	{ "locked memory that may all be anon", KILLED "death_unevictable_bytes=231MiB", "crashed/oom-kill",
	  "what filled the charge: private memory" },
	{ "killed by dirty pages, as recorded",
	  KILLED "cap_asked_bytes=64MiB;cap_in_force_bytes=64MiB;cap_swap_in_force_bytes=64MiB;peak_usage_bytes=64MiB;"
		 "death_usage_bytes=64MiB;death_anon_bytes=6246KiB;death_file_bytes=56MiB;death_kernel_bytes=1925KiB;"
		 "death_dirty_bytes=47923KiB;death_writeback_bytes=23757KiB;death_unevictable_bytes=56MiB",
	  "crashed/oom-kill",
	  "what filled the charge: page cache not yet written (dirty or under writeback), which "
	  "cannot be dropped in time, 88 % of the charge" },
	{ "dirty and under writeback at once counts once",
	  KILLED "death_anon_bytes=40MiB;death_file_bytes=30MiB;death_dirty_bytes=30MiB;death_writeback_bytes=30MiB",
	  "crashed/oom-kill", "the largest that had to stay: private memory" },
	{ "killed by what its children took",
	  KILLED "baseline_children_anon_bytes=1MiB;death_children_anon_bytes=200MiB", "crashed/oom-kill",
	  "children's growth: processes other than the server's first held 200 MiB of private memory at death, 1 MiB "
	  "before the load" },
	{ "the kernel's figures beside ours",
	  KILLED "dump_usage_bytes=256MiB;dump_anon_bytes=230MiB;dump_file_bytes=21MiB;dump_shmem_bytes=0;"
		 "dump_kernel_bytes=4MiB",
	  "crashed/oom-kill",
	  "by the kernel's own figures 256 MiB: anon 230 MiB, page cache 21 MiB, shmem 0 B, kernel 4 MiB" },
	{ "the biggest was killed", KILLED "dump_tasks=3;biggest_pid=515;biggest_rss_bytes=231MiB;victim_pid=515",
	  "crashed/oom-kill",
	  "table of 3 processes the biggest is pid 515 with 231 MiB resident, the one that was killed" },
	{ "a smaller one was killed", KILLED "dump_tasks=3;biggest_pid=99;biggest_rss_bytes=231MiB;victim_pid=515",
	  "crashed/oom-kill", "resident, not the one that was killed" },

	/* other deaths */
	{ "kill -9 from outside just below the cap", ENDS "server_signal=9;death_usage_bytes=254MiB", "crashed/signal",
	  "killed by a SIGKILL whose sender is not known: not the kernel for lack of memory" },
	{ "SIGTERM that the rig did not send", ENDS "server_signal=15", "crashed/signal",
	  "the server ended: SIGTERM (signal 15), whose sender is not known (itself or somebody else)" },
	{ "SIGINT, SIGHUP and the like say no more", ENDS "server_signal=1", "crashed/signal",
	  "whose sender is not known" },
	{ "a fault", ENDS "server_signal=7", "crashed/signal", "SIGBUS (signal 7), as after a fault of its own" },
	{ "an exit is its own", ENDS "server_exit_code=3", "crashed/exit", "the server ended: exit status 3" },

	/* in whatever phase, and whatever that did to the rig */
	{ "killed while the load was prepared", KILLED BROKE_OFF, "crashed/oom-kill",
	  "after its start, before the load; the rig had sent it no signal" },
	{ "killed while the load was prepared: the rig's own matter", KILLED BROKE_OFF, "crashed/oom-kill",
	  "what the rig was doing then failed with it: the load could not be prepared" },
	{ "killed while it was prepared, its end seen after the rig's signal",
	  KILLED BROKE_OFF "our_signal=15;our_signal_ns=410ms;server_end_ns=1900ms", "crashed/oom-kill",
	  "before the rig sent its first signal" },
	{ "a worker killed while it was prepared", KILL_RECORD BROKE_OFF "oom_kill_main=0;peak_usage_bytes=256MiB",
	  "crashed/oom-child", "main process lived on" },
	{ "exits while it was prepared", ENDS BROKE_OFF "server_exit_code=3", "crashed/exit", "before the load" },
	{ "aborts while it was prepared", ENDS BROKE_OFF ALLOC_LINE "server_signal=6", "crashed/alloc-failure",
	  "before the load" },
	{ "killed before it was ready, and the log-in failed with it", KILLED BROKE_OFF NEVER_READY, "crashed/oom-kill",
	  "before it was ready" },

	/* who refused the allocation */
	{ "far from the cap", ENDS ALLOC_LINE "server_signal=6;peak_usage_bytes=110MiB;death_usage_bytes=109MiB",
	  "crashed/alloc-failure",
	  "the charge came to 110 MiB at most, under a cap of 256 MiB: not the cap refused it" },
	{ "at the cap, by page cache", ENDS ALLOC_LINE "server_signal=6;peak_unreclaimable_bytes=110MiB",
	  "crashed/alloc-failure", "page cache makes room, so rather a limit of the program's own" },
	{ "exits 137 by itself", ENDS "server_exit_code=137", "crashed/exit", "killed nothing for lack of memory" },
	{ "aborts after a failed allocation, says so", ENDS ALLOC_LINE "server_signal=6", "crashed/alloc-failure",
	  "cannot allocate 67108864 bytes" },
	{ "aborts after a failed allocation, silent", ENDS "server_signal=6", "crashed/signal", "SIGABRT" },
	{ "exits after a failed allocation", ENDS ALLOC_LINE "server_exit_code=2", "crashed/alloc-failure", NULL },
	{ "traps after a failed allocation", ENDS ALLOC_LINE "server_signal=5", "crashed/alloc-failure", NULL },
	{ "failed allocation before it was ready", ENDS ALLOC_LINE NEVER_READY "server_signal=6",
	  "crashed/alloc-failure", NULL },
	{ "SIGSEGV at high memory", ENDS "server_signal=11", "crashed/signal", "SIGSEGV (signal 11)" },
	{ "SIGSEGV after it had logged a failed allocation", ENDS ALLOC_LINE "server_signal=11", "crashed/signal",
	  "also: its log speaks of" },
	{ "exits 0 early", ENDS "server_exit_code=0", "crashed/exit", "exit status 0" },
	{ "exits 0 early, had logged a failed allocation", ENDS ALLOC_LINE "server_exit_code=0", "crashed/exit", NULL },
	{ "dies, counter unreadable: another signal needs no counter", ENDS "server_signal=11;oom_kill=?",
	  "crashed/signal", "whether a child was killed is not known" },
	{ "logs 'Out of memory' and lives", ALLOC_LINE, "steady", "also: its log speaks of a failed allocation" },
	{ "dies and the disk was full", ENDS "server_exit_code=1;disk_full=1", "crashed/exit",
	  "disk under the data folder" },
	{ "killed while the rig tears it down",
	  "our_signal=15;our_signal_ns=9s;server_end_ns=9200ms;server_signal=9;server_exit_code=-", "steady", NULL },
	{ "ended by our own SIGKILL", "our_signal=9;server_signal=9;server_exit_code=-", "steady", NULL },
	{ "lived until the group was killed", "server_end_ns=-;server_exit_code=-", "steady", NULL },

	/* stalls */
	{ "out of memory, and nobody may be killed", HANGS "oom_events=705;oom_event_ns=2s", "stalled/no-victim",
	  "the group ran out of memory 705 times, first 2.00 s after the server's start, and the kernel killed "
	  "nothing" },
	{ "the same, and its health page answers",
	  "oom_events=12;load_deadline_hit=1;requests_ok=1;requests_failed=0;oom_event_ns=-", "stalled/no-victim",
	  "killed nothing" },
	{ "out of memory, killed nothing, and went on", "oom_events=1;oom_event_ns=2s", "steady",
	  "also: the group ran out of memory 1 time, and the kernel killed nothing" },
	{ "hangs, and whether something was killed is not known", HANGS "oom_events=7;oom_kill=?", "invalid/evidence",
	  NULL },
	{ "hangs with memory full", CACHE_GROWS HANGS, "stalled/hang", "unanswered for 7.00 s (deadline 5.00 s)" },
	{ "hangs, faults unknown", HANGS "load_major_faults=-", "stalled/hang", "thrash is not excluded" },
	{ "thrashes", CACHE_GROWS HANGS "load_major_faults=65536", "stalled/thrash", "whole cap was read back" },
	{ "one fault short of a thrash", CACHE_GROWS HANGS "load_major_faults=65535", "stalled/hang", NULL },
	{ "held back at memory.high", HANGS HIGH "high_hits=700;peak_unreclaimable_bytes=65MiB", "stalled/thrash",
	  "memory.high of 64 MiB slowed it down 700 times: what could not be reclaimed had reached it" },
	{ "crawls at memory.high, and answers its health probe",
	  HIGH "high_hits=700;peak_unreclaimable_bytes=65MiB;load_deadline_hit=1;requests_ok=0;requests_failed=0",
	  "stalled/thrash",
	  "the load did not end in time (the scenario's key 'deadline'), 0 of 3 requests had ended well" },
	{ "crawls, and not because of memory.high",
	  CACHE_GROWS HIGH "high_hits=700;load_deadline_hit=1;requests_ok=0;requests_failed=0", "invalid/load", NULL },
	{ "hangs, and page cache had reached memory.high", CACHE_GROWS HANGS HIGH "high_hits=700", "stalled/hang",
	  "but reclaim kept what it needed below it" },
	{ "slow, but answers at the deadline", "health_longest_silence_ns=5s", "steady", NULL },
	{ "silence unreadable", "health_longest_silence_ns=?", "invalid/evidence", NULL },
	{ "stalled, then killed: the kill is the outcome", KILLED "health_longest_silence_ns=7s", "crashed/oom-kill",
	  NULL },
};

static void test_verdicts(void **state)
{
	(void)state;
	expect_cases(cases, COUNT(cases));
}

static void test_every_verdict_is_reached(void **state)
{
	(void)state;
	expect_reached(life_verdicts, cases, COUNT(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_every_verdict_is_reached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
