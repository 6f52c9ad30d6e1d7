/* The judge over tables of facts: every row of changes to a quiet run, and the verdict it must get. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/units.h"
#include "judge/judge.h"
#include "scenario/words.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* A run in which nothing happened: three small uploads under 256 MiB, served, read back. */
#define QUIET                                                                                                          \
	"cap_asked_bytes=256MiB;cap_in_force_bytes=256MiB;swap_asked_bytes=0;cap_swap_in_force_bytes=256MiB;"          \
	"host_swap_bytes=0;page_bytes=4096;server_in_group=1;server_started=1;server_ready_ns=80ms;server_pid=515;"    \
	"our_signal=15;our_signal_ns=9s;server_end_ns=9100ms;server_exit_code=0;oom_kill=0;oom_events=0;"              \
	"kernel_log_kills=0;limit_hits=0;baseline_usage_bytes=5MiB;baseline_anon_bytes=3MiB;baseline_file_bytes=1MiB;" \
	"baseline_kernel_bytes=1MiB;baseline_unreclaimable_bytes=4MiB;baseline_watermark_bytes=6MiB;"                  \
	"peak_usage_bytes=8MiB;peak_sampled_usage_bytes=8MiB;peak_anon_bytes=4MiB;peak_file_bytes=3MiB;"               \
	"peak_shmem_bytes=0;peak_kernel_bytes=1MiB;peak_unreclaimable_bytes=5MiB;settled_usage_bytes=8MiB;"            \
	"settled_anon_bytes=4MiB;settled_file_bytes=3MiB;settled_kernel_bytes=1MiB;settled_unreclaimable_bytes=5MiB;"  \
	"squeezed_usage_bytes=5MiB;squeezed_file_bytes=0;squeezed_unreclaimable_bytes=5MiB;samples=900;"               \
	"samples_dropped=0;sample_gap_max_ns=14ms;requests_intended=3;requests_started=3;requests_ok=3;"               \
	"requests_failed=0;requests_cut=0;sent_bytes=3MiB;acknowledged_bytes=3MiB;acknowledged_objects=3;"             \
	"verified_bytes=3MiB;corrupt=0;load_ns=5s;load_major_faults=3;load_deadline_hit=0;health_deadline_ns=5s;"      \
	"health_longest_silence_ns=4ms;disk_full=0;"

/* It ends before the rig sends anything, 0.42 s after its start, three uploads in flight. */
#define ENDS                                                                                                           \
	"our_signal=-;our_signal_ns=-;server_exit_code=-;server_end_ns=420ms;peak_usage_bytes=256MiB;"                 \
	"death_usage_bytes=256MiB;death_anon_bytes=231MiB;death_file_bytes=20MiB;death_shmem_bytes=0;"                 \
	"death_kernel_bytes=4300KiB;death_dirty_bytes=6MiB;death_writeback_bytes=1MiB;death_in_flight=3;"              \
	"death_sent_in_flight_bytes=96MiB;death_acknowledged_bytes=0;requests_ok=0;requests_failed=3;"                 \
	"acknowledged_objects=0;acknowledged_bytes=0;verified_bytes=0;"
#define KILL_RECORD                                                                                                    \
	"oom_kill=1;oom_events=1;oom_event_ns=410ms;kernel_log_kills=1;oom_kill_main=1;"                               \
	"kernel_log_line=Memory cgroup out of memory: Killed process 515 (chunkserver);"
#define KILLED ENDS KILL_RECORD "server_signal=9;"

/* The charge stands at the cap and is nearly all page cache, which comes back; 23 MiB of anon while in flight. */
#define CACHE_GROWS                                                                                                    \
	"peak_usage_bytes=256MiB;peak_sampled_usage_bytes=255MiB;peak_anon_bytes=23MiB;peak_file_bytes=235MiB;"        \
	"peak_kernel_bytes=8MiB;peak_unreclaimable_bytes=30MiB;settled_usage_bytes=255MiB;settled_anon_bytes=9MiB;"    \
	"settled_file_bytes=240MiB;settled_kernel_bytes=8MiB;settled_unreclaimable_bytes=17MiB;limit_hits=1825;"       \
	"squeezed_usage_bytes=11MiB;squeezed_file_bytes=300KiB;squeezed_unreclaimable_bytes=10MiB;"                    \
	"sent_bytes=1854MB;acknowledged_bytes=1854MB;verified_bytes=1854MB;"

/* Unreclaimable memory rises to 143 MiB and falls back. */
#define ANON_PEAKS                                                                                                     \
	"peak_usage_bytes=256MiB;peak_sampled_usage_bytes=256MiB;peak_anon_bytes=141MiB;peak_file_bytes=190MiB;"       \
	"peak_kernel_bytes=7MiB;peak_unreclaimable_bytes=147MiB;"

/* 64 MiB of anon more than before, and it stays. */
#define ANON_STAYS                                                                                                     \
	"peak_usage_bytes=72MiB;peak_sampled_usage_bytes=72MiB;peak_anon_bytes=67MiB;peak_unreclaimable_bytes=68MiB;"  \
	"settled_usage_bytes=72MiB;settled_anon_bytes=67MiB;settled_unreclaimable_bytes=68MiB;"                        \
	"squeezed_usage_bytes=69MiB;squeezed_unreclaimable_bytes=68MiB;"

#define NO_CAP "cap_asked_bytes=-;cap_in_force_bytes=-;swap_asked_bytes=-;cap_swap_in_force_bytes=-;"
#define HANGS "health_longest_silence_ns=7s;requests_ok=0;requests_failed=0;load_deadline_hit=1;"
#define ALLOC_LINE "server_log_alloc=chunkserver: cannot allocate 67108864 bytes;"
#define NEVER_READY "server_ready_ns=-;requests_started=0;requests_ok=0;requests_failed=0;"

struct judge_case {
	const char *name;
	const char *changes;  /* to QUIET: KEY=VALUE; with '-' absent and '?' unreadable */
	const char *verdict;  /* "outcome[/cause]" */
	const char *evidence; /* must occur in a line; NULL: nothing asked */
};

static const struct judge_case cases[] = {
	/* nothing, or what only frightens */
	{ "quiet", "", "steady", "within the noise of 16 MiB" },
	{ "quiet, small cap", "cap_asked_bytes=64MiB;cap_in_force_bytes=64MiB;cap_swap_in_force_bytes=64MiB", "steady",
	  "noise of 4 MiB" },
	{ "quiet, tiny cap", "cap_asked_bytes=16MiB;cap_in_force_bytes=16MiB;cap_swap_in_force_bytes=16MiB", "steady",
	  "noise of 4 MiB" },
	{ "quiet, large cap", "cap_asked_bytes=4GiB;cap_in_force_bytes=4GiB;cap_swap_in_force_bytes=4GiB", "steady",
	  "noise of 16 MiB" },
	{ "quiet, no cap", NO_CAP, "steady", NULL },
	{ "no backend at all", NO_CAP "server_in_group=-;oom_kill=-", "steady", NULL },
	{ "three uploads, all fixes", CACHE_GROWS, "grew/page-cache", "page cache fell from 240 MiB to 300 KiB" },
	{ "limit hits prove nothing", CACHE_GROWS, "grew/page-cache", "1825 times, which proves nothing" },
	{ "all fixes, no cap",
	  NO_CAP CACHE_GROWS "peak_usage_bytes=4700MB;peak_sampled_usage_bytes=4695MB;peak_kernel_bytes=130MiB;"
			     "peak_file_bytes=4500MB;peak_unreclaimable_bytes=153MiB;settled_usage_bytes=4700MB;"
			     "settled_file_bytes=4500MB;settled_kernel_bytes=130MiB;settled_unreclaimable_bytes=139MiB",
	  "grew/page-cache", NULL },
	{ "all fixes, as recorded on ext4",
	  "baseline_usage_bytes=1282048;baseline_anon_bytes=978944;baseline_unreclaimable_bytes=1204224;"
	  "peak_usage_bytes=268435456;peak_anon_bytes=6946816;peak_file_bytes=261050368;"
	  "peak_unreclaimable_bytes=18358272;settled_usage_bytes=267108352;settled_anon_bytes=6778880;"
	  "settled_unreclaimable_bytes=18092032;squeezed_usage_bytes=7139328;squeezed_file_bytes=0;"
	  "squeezed_unreclaimable_bytes=-;peak_sampled_usage_bytes=-;peak_kernel_bytes=-",
	  "grew/page-cache", NULL },
	{ "page cache gone with its files",
	  CACHE_GROWS "settled_usage_bytes=12MiB;settled_file_bytes=1MiB;"
		      "squeezed_usage_bytes=-;squeezed_file_bytes=-;squeezed_unreclaimable_bytes=-",
	  "grew/page-cache", "without being asked" },
	{ "page cache never asked back",
	  CACHE_GROWS "squeezed_usage_bytes=-;squeezed_file_bytes=-;squeezed_unreclaimable_bytes=-", "invalid/unproven",
	  "what came back when asked is absent" },
	{ "page cache asked back, unreadable",
	  CACHE_GROWS "squeezed_usage_bytes=?;squeezed_file_bytes=?;squeezed_unreclaimable_bytes=?", "invalid/unproven",
	  "unreadable" },
	{ "page cache does not come back", CACHE_GROWS "squeezed_usage_bytes=180MiB;squeezed_file_bytes=170MiB",
	  "invalid/unproven", "180 MiB stayed" },
	{ "mapped file pages: the process looks big, anon is flat", CACHE_GROWS "peak_anon_bytes=4MiB",
	  "grew/page-cache", NULL },
	{ "kernel bookkeeping of the cache is no leak",
	  CACHE_GROWS "squeezed_unreclaimable_bytes=-;settled_anon_bytes=3MiB;settled_kernel_bytes=8MiB;"
		      "settled_unreclaimable_bytes=27MiB;baseline_unreclaimable_bytes=5MiB;settled_kernel_bytes=9MiB",
	  "grew/page-cache", NULL },
	{ "prepared uploads filled the cap before the load",
	  CACHE_GROWS "baseline_usage_bytes=255MiB;baseline_file_bytes=240MiB;baseline_kernel_bytes=8MiB;"
		      "baseline_unreclaimable_bytes=17MiB;baseline_watermark_bytes=256MiB",
	  "steady", NULL },
	{ "watermark from the start, not from the load", "peak_usage_bytes=90MiB;baseline_watermark_bytes=90MiB",
	  "steady", NULL },
	{ "watermark rose and no sample saw it", "peak_usage_bytes=90MiB", "invalid/samples",
	  "82 MiB above the highest sample" },
	{ "watermark a little above the samples of a big cache", CACHE_GROWS "peak_sampled_usage_bytes=236MiB",
	  "grew/page-cache", NULL },

	/* peaks and leaks */
	{ "survivor of two uploads before any fix", CACHE_GROWS ANON_PEAKS, "grew/peak", "57 % of the cap of 256 MiB" },
	{ "the same, with the larger peak seen", CACHE_GROWS ANON_PEAKS "peak_unreclaimable_bytes=250MiB", "grew/peak",
	  NULL },
	{ "before any fix, no cap",
	  NO_CAP CACHE_GROWS ANON_PEAKS "peak_usage_bytes=3900MB;peak_sampled_usage_bytes=3890MB", "grew/peak", NULL },
	{ "grows and gives back", ANON_PEAKS "peak_file_bytes=4MiB;peak_usage_bytes=152MiB", "grew/peak", NULL },
	{ "a third of the growth is a peak, whatever else grew",
	  CACHE_GROWS "peak_usage_bytes=125MiB;peak_sampled_usage_bytes=125MiB;peak_unreclaimable_bytes=50MiB",
	  "grew/peak", NULL },
	{ "gives most back, keeps a little", CACHE_GROWS ANON_PEAKS "squeezed_unreclaimable_bytes=24MiB", "grew/peak",
	  "all but 20 MiB" },
	{ "tmpfs filled and emptied", ANON_PEAKS "peak_anon_bytes=4MiB;peak_shmem_bytes=140MiB", "grew/peak",
	  "shmem 140 MiB" },
	{ "leak per request", ANON_STAYS "requests_intended=-;requests_started=30k;requests_ok=30k", "grew/leak",
	  "2.18 KiB for each of 30000" },
	{ "leak per byte behind a full page cache",
	  CACHE_GROWS "peak_unreclaimable_bytes=74MiB;squeezed_unreclaimable_bytes=70MiB", "grew/leak",
	  "66 MiB of it stayed" },
	{ "leak in a child only", ANON_STAYS, "grew/leak", NULL },
	{ "leak, never squeezed",
	  ANON_STAYS "squeezed_usage_bytes=-;squeezed_file_bytes=-;squeezed_unreclaimable_bytes=-", "grew/leak", NULL },
	{ "tmpfs filled and left", ANON_STAYS "peak_anon_bytes=4MiB;peak_shmem_bytes=64MiB", "grew/leak",
	  "shmem 64 MiB" },
	{ "warm-up below the noise",
	  "peak_unreclaimable_bytes=14MiB;settled_unreclaimable_bytes=14MiB;"
	  "squeezed_unreclaimable_bytes=14MiB;peak_usage_bytes=18MiB;peak_sampled_usage_bytes=18MiB",
	  "steady", NULL },
	{ "gives back only after a delay longer than the settling", ANON_STAYS, "grew/leak",
	  "cannot tell a leak from" },

	/* killed for lack of memory */
	{ "killed by the cap", KILLED, "crashed/oom-kill", "oom_kill counter rose from 0 to 1" },
	{ "killed by the cap: the end", KILLED, "crashed/oom-kill",
	  "(pid 515) ended by SIGKILL (signal 9) 0.42 s after its start; the rig had sent it no signal" },
	{ "killed by the cap: the charge", KILLED, "crashed/oom-kill",
	  "charge at death: 256 MiB = anon 231 + page cache 20.0 + shmem 0 + kernel 4.2 + rest 0.8 MiB" },
	{ "killed by the cap: the requests", KILLED, "crashed/oom-kill",
	  "3 requests in flight, 96 MiB sent in them; 0 B acknowledged before" },
	{ "killed by the cap: the record", KILLED, "crashed/oom-kill",
	  "kernel log: Memory cgroup out of memory: Killed process 515" },
	{ "killed by the cap: what filled it", KILLED, "crashed/oom-kill",
	  "private memory of its processes (anon), 90 %" },
	{ "killed, kernel log not readable", KILLED "kernel_log_kills=?;oom_kill_main=?;kernel_log_line=",
	  "crashed/oom-kill", "kernel log: not readable" },
	{ "killed, the log has other pids (a pid namespace)", KILLED "oom_kill_main=0", "crashed/oom-kill", NULL },
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
	{ "child killed, its growth named", ENDS KILL_RECORD "oom_kill_main=0;server_exit_code=1;victim_pid=99;"
						      "victim_anon_bytes=200MiB",
	  "crashed/oom-child", "a child's growth: the killed process (pid 99)" },
	{ "daemon killed, launcher exits 0", ENDS KILL_RECORD "oom_kill_main=0;server_exit_code=0", "crashed/oom-child",
	  NULL },

	/* other deaths */
	{ "kill -9 from outside just below the cap", ENDS "server_signal=9;death_usage_bytes=254MiB", "crashed/signal",
	  "killed by SIGKILL from outside: the group's oom_kill counter stayed at 0" },
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
	  "beside: its log speaks of" },
	{ "exits 0 early", ENDS "server_exit_code=0", "crashed/exit", "exit status 0" },
	{ "exits 0 early, had logged a failed allocation", ENDS ALLOC_LINE "server_exit_code=0", "crashed/exit", NULL },
	{ "dies, counter unreadable: another signal needs no counter", ENDS "server_signal=11;oom_kill=?",
	  "crashed/signal", "whether a child was killed is not known" },
	{ "logs 'Out of memory' and lives", ALLOC_LINE, "steady", "beside: its log speaks of a failed allocation" },
	{ "dies and the disk was full", ENDS "server_exit_code=1;disk_full=1", "crashed/exit",
	  "disk under the data folder" },
	{ "killed while the rig tears it down",
	  "our_signal=15;our_signal_ns=9s;server_end_ns=9200ms;server_signal=9;server_exit_code=-", "steady", NULL },
	{ "ended by our own SIGKILL", "our_signal=9;server_signal=9;server_exit_code=-", "steady", NULL },
	{ "lived until the group was killed", "server_end_ns=-;server_exit_code=-", "steady", NULL },

	/* stalls */
	{ "hangs with memory full", CACHE_GROWS HANGS, "stalled/hang", "unanswered for 7.00 s (deadline 5.00 s)" },
	{ "hangs, faults unknown", HANGS "load_major_faults=-", "stalled/hang", "thrash is not excluded" },
	{ "thrashes", CACHE_GROWS HANGS "load_major_faults=65536", "stalled/thrash", "whole cap was read back" },
	{ "one fault short of a thrash", CACHE_GROWS HANGS "load_major_faults=65535", "stalled/hang", NULL },
	{ "slow, but answers at the deadline", "health_longest_silence_ns=5s", "steady", NULL },
	{ "silence unreadable", "health_longest_silence_ns=?", "invalid/evidence", NULL },
	{ "stalled, then killed: the kill is the outcome", KILLED "health_longest_silence_ns=7s", "crashed/oom-kill",
	  NULL },

	/* the rig and its environment */
	{ "interrupted", KILLED "interrupted=1", "interrupted", NULL },
	{ "skipped", KILLED "skip_reason=it needs swap", "skipped", "it needs swap" },
	{ "clean-up behind", "canary_lag_ns=41s", "steady", "clean-up has not run for 41.0 s" },
	{ "clean-up on time", "canary_lag_ns=900ms", "steady", NULL },
	{ "log large on disk", "peak_wal_bytes=1233MiB", "steady", "write-ahead log grew to 1.20 GiB on disk" },
	{ "rig failed", KILLED "rig_error=cannot read samples", "invalid/rig", "cannot read samples" },
	{ "cap not in force", "cap_in_force_bytes=9223372036854771712", "invalid/cap", NULL },
	{ "cap never read back", "cap_in_force_bytes=-", "invalid/cap", "absent" },
	{ "cap unreadable", "cap_in_force_bytes=?", "invalid/cap", "unreadable" },
	{ "cap unreadable, killed nevertheless", KILLED "cap_in_force_bytes=?", "invalid/cap", NULL },
	{ "cap rounded down to a page", "cap_asked_bytes=268439551", "steady", NULL },
	{ "cap a page too small", "cap_in_force_bytes=268431360", "invalid/cap", "268431360 instead of 268435456" },
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
	{ "open-ended load", "requests_intended=-;requests_started=5;requests_ok=4;requests_cut=1", "steady", NULL },
	{ "crash before anything ended well", KILLED "requests_ok=0", "crashed/oom-kill", NULL },
	{ "generator was the bottleneck", "generator_bottleneck=1", "steady", "generator was the bottleneck" },

	/* what the server did with the bytes */
	{ "acknowledges and stores wrong bytes", CACHE_GROWS "corrupt=2;first_corrupt=object 1 is wrong at offset 0",
	  "grew/page-cache", "DATA LOSS: 2 transfers did not bring back what was acknowledged: object 1 is wrong" },
	{ "data loss and a kill", KILLED "corrupt=1", "crashed/oom-kill", "DATA LOSS: 1 transfer did" },
	{ "accepts and discards", "verified_bytes=0", "steady",
	  "nothing of what was acknowledged (3 MiB) was read back" },
};

static const struct fact_row *row_named(const char *name, size_t len)
{
	for (const struct fact_row *row = fact_rows; row->name != NULL; row++)
		if (strlen(row->name) == len && memcmp(row->name, name, len) == 0)
			return row;
	fail_msg("no fact is called '%.*s'", (int)len, name);
	return NULL;
}

static struct fact parse_fact(const struct fact_row *row, const char *text)
{
	int (*parse)(const char *, uint64_t *, struct error *) = units_parse_count;
	struct error err = ERROR_INIT;
	uint64_t value;

	if (strcmp(text, "-") == 0)
		return FACT_NONE;
	if (strcmp(text, "?") == 0)
		return FACT_BROKEN;
	if (strcmp(row->unit, "bytes") == 0)
		parse = units_parse_size;
	if (strcmp(row->unit, "ns") == 0)
		parse = units_parse_duration;
	if (parse(text, &value, &err) != 0)
		fail_msg("%s: %s", row->name, err.message);
	return fact_of(value);
}

static void change(struct facts *f, const char *changes)
{
	while (*changes != '\0') {
		size_t len = strcspn(changes, ";");
		const char *equals = memchr(changes, '=', len);
		if (equals == NULL)
			fail_msg("no '=' in '%.*s'", (int)len, changes);
		const struct fact_row *row = row_named(changes, (size_t)(equals - changes));
		char value[FACTS_TEXT_MAX];
		snprintf(value, sizeof(value), "%.*s", (int)(changes + len - equals - 1), equals + 1);
		if (row->text)
			strcpy((char *)f + row->offset, value);
		else
			*(struct fact *)((char *)f + row->offset) = parse_fact(row, value);
		changes += len + (changes[len] == ';');
	}
}

static void make_facts(struct facts *f, const char *changes)
{
	memset(f, 0, sizeof(*f));
	change(f, QUIET);
	change(f, changes);
}

static void verdict_name(const struct verdict *v, char out[64])
{
	snprintf(out, 64, "%s%s%s", outcome_names[v->outcome], v->cause ? "/" : "", v->cause ? v->cause : "");
}

static bool has_line(const struct verdict *v, const char *part)
{
	for (size_t i = 0; i < v->evidence_count; i++)
		if (strstr(v->evidence[i], part) != NULL)
			return true;
	return false;
}

static bool listed(const struct verdict *v)
{
	for (const struct outcome_row *row = outcome_rows; row->meaning != NULL; row++)
		if (row->outcome == v->outcome &&
		    (row->cause == NULL ? v->cause == NULL : v->cause != NULL && strcmp(row->cause, v->cause) == 0))
			return true;
	return false;
}

static bool check_case(const struct judge_case *c)
{
	struct facts f;
	struct verdict v;
	char got[64];
	bool ok;

	make_facts(&f, c->changes);
	judge(&f, &v);
	verdict_name(&v, got);
	ok = strcmp(got, c->verdict) == 0 && listed(&v) && v.evidence_count > 0 &&
	     (c->evidence == NULL || has_line(&v, c->evidence));
	if (!ok) {
		print_error("%s: got %s, expected %s with '%s'\n", c->name, got, c->verdict,
			    c->evidence ? c->evidence : "");
		for (size_t i = 0; i < v.evidence_count; i++)
			print_error("    %s\n", v.evidence[i]);
	}
	verdict_release(&v);
	return ok;
}

static void test_verdicts(void **state)
{
	size_t wrong = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++)
		wrong += !check_case(&cases[i]);
	print_message("%zu fact sets, %zu wrong\n", COUNT(cases), wrong);
	assert_int_equal(wrong, 0);
}

/* Every cause of the table is reached by a case, so that none is listed and never given. */
static void test_every_verdict_is_reached(void **state)
{
	(void)state;
	for (const struct outcome_row *row = outcome_rows; row->meaning != NULL; row++) {
		char name[64];
		bool found = false;
		snprintf(name, sizeof(name), "%s%s%s", outcome_names[row->outcome], row->cause ? "/" : "",
			 row->cause ? row->cause : "");
		for (size_t i = 0; i < COUNT(cases) && !found; i++)
			found = strncmp(cases[i].verdict, name, strlen(name)) == 0;
		if (!found)
			fail_msg("no case gives '%s'", name);
	}
}

/* Nothing known at all, and each single fact unreadable: never an outcome that needs it, never a crash of the judge. */
static void test_missing_facts_are_never_survival(void **state)
{
	static const char *const vital[] = {
		"cap_asked_bytes",
		"cap_in_force_bytes",
		"server_in_group",
		"server_started",
		"server_ready_ns",
		"server_end_ns",
		"our_signal",
		"our_signal_ns",
		"oom_kill",
		"samples",
		"sample_gap_max_ns",
		"requests_started",
		"requests_ok",
		"requests_failed",
		"requests_cut",
		"baseline_usage_bytes",
		"baseline_unreclaimable_bytes",
		"peak_usage_bytes",
		"peak_unreclaimable_bytes",
		"health_longest_silence_ns",
		"squeezed_usage_bytes",
	};
	struct facts f = { 0 };
	struct verdict v;

	(void)state;
	judge(&f, &v);
	assert_int_equal(v.outcome, OUTCOME_INVALID);
	verdict_release(&v);
	for (const struct fact_row *row = fact_rows; row->name != NULL; row++) {
		bool needed = false;
		if (row->text)
			continue;
		make_facts(&f, CACHE_GROWS);
		*(struct fact *)((char *)&f + row->offset) = FACT_BROKEN;
		judge(&f, &v);
		for (size_t i = 0; i < COUNT(vital); i++)
			needed |= strcmp(vital[i], row->name) == 0;
		if (needed != (v.outcome == OUTCOME_INVALID))
			fail_msg("'%s' unreadable: got %s, expected %s", row->name, outcome_names[v.outcome],
				 needed ? "invalid" : "grew");
		verdict_release(&v);
	}
}

static void test_evidence_order(void **state)
{
	struct facts f;
	struct verdict v;

	(void)state;
	make_facts(&f, KILLED);
	judge(&f, &v);
	assert_string_equal(v.evidence[0], "the group's oom_kill counter rose from 0 to 1");
	assert_non_null(strstr(v.evidence[1], "ended by SIGKILL"));
	assert_non_null(strstr(v.evidence[2], "kernel log: "));
	verdict_release(&v);

	make_facts(&f, KILLED "corrupt=1");
	judge(&f, &v);
	assert_true(strncmp(v.evidence[0], "DATA LOSS", 9) == 0);
	verdict_release(&v);
}

static void test_meets(void **state)
{
	static const struct {
		const char *changes;
		const char *expect[3];
		bool meets;
	} rows[] = {
		{ KILLED, { "crashed/oom-kill" }, true },
		{ KILLED, { "crashed" }, true },
		{ KILLED, { "crashed/signal" }, false },
		{ KILLED, { "crashed/oom" }, false },
		{ KILLED, { "grew/peak", "crashed/oom-kill" }, true },
		{ KILLED, { "grew", "steady" }, false },
		{ KILLED, { NULL }, false },
		{ "", { "steady" }, true },
		{ "", { "steady/leak" }, false },
		{ "", { NULL }, false },
		{ "samples=0", { NULL }, false },
		{ "samples=0", { "invalid" }, true },
		{ "interrupted=1", { NULL }, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct facts f;
		struct verdict v;
		char *expect[3];
		size_t count = 0;
		for (; count < 3 && rows[i].expect[count] != NULL; count++)
			expect[count] = (char *)rows[i].expect[count];
		make_facts(&f, rows[i].changes);
		judge(&f, &v);
		struct expectation e = { .verdicts = expect, .count = count };
		if (verdict_as_expected(&v, &f, &e) != rows[i].meets)
			fail_msg("row %zu: got %d, expected %d", i, !rows[i].meets, rows[i].meets);
		verdict_release(&v);
	}
}

/* Losing data is a matter of its own: a surprise either way fails the run, whatever memory did. */
static void test_data_loss_is_expected_or_not(void **state)
{
	static const struct {
		const char *changes;
		bool expected, as_expected;
	} rows[] = {
		{ "", false, true },
		{ "corrupt=1", false, false },
		{ "corrupt=1", true, true },
		{ "corrupt=0", true, false },
		/* What was not read is not "nothing lost". */
		{ "aftermath_acknowledged=3;aftermath_intact=2;aftermath_unread=1", false, false },
		{ "aftermath_acknowledged=3;aftermath_intact=3;aftermath_unread=0", false, true },
		{ "corrupt=1;aftermath_acknowledged=3;aftermath_lost=1;aftermath_unread=2", true, true },
		{ "aftermath_acknowledged=3;aftermath_unread=3", true, false },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *any[] = { (char *)"steady", (char *)"grew" };
		struct expectation e = { .verdicts = any, .count = COUNT(any), .data_loss = rows[i].expected };
		struct facts f;
		struct verdict v;
		make_facts(&f, rows[i].changes);
		judge(&f, &v);
		if (verdict_as_expected(&v, &f, &e) != rows[i].as_expected)
			fail_msg("row %zu: got %d, expected %d", i, !rows[i].as_expected, rows[i].as_expected);
		verdict_release(&v);
	}
}

static void test_failures_are_expected_or_not(void **state)
{
	static const struct {
		const char *changes;
		bool none, some, as_expected;
	} rows[] = {
		{ "requests_failed=0", false, false, true }, { "requests_failed=2", false, false, true },
		{ "requests_failed=0", true, false, true },  { "requests_failed=2", true, false, false },
		{ "requests_failed=0", false, true, false }, { "requests_failed=2", false, true, true },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *any[] = { (char *)"steady", (char *)"grew" };
		struct expectation e = { .verdicts = any,
					 .count = COUNT(any),
					 .no_failures = rows[i].none,
					 .some_failures = rows[i].some };
		struct facts f;
		struct verdict v;
		make_facts(&f, rows[i].changes);
		judge(&f, &v);
		if (verdict_as_expected(&v, &f, &e) != rows[i].as_expected)
			fail_msg("row %zu: got %d, expected %d", i, !rows[i].as_expected, rows[i].as_expected);
		verdict_release(&v);
	}
}

static void test_verdict_to_json(void **state)
{
	char *expect[] = { (char *)"grew", (char *)"crashed/oom-kill" };
	struct facts f;
	struct verdict v;

	(void)state;
	make_facts(&f, KILLED "first_failure=bad \xff\xc3 byte;kernel_log_line=caf\xc3\xa9 \xf0\x9f\x92\xa5 \xe2\x82");
	judge(&f, &v);
	struct expectation e = { .verdicts = expect, .count = COUNT(expect) };
	json_t *json = verdict_to_json(&v, &f, &e);
	assert_non_null(json);
	assert_string_equal(json_string_value(json_object_get(json, "outcome")), "crashed");
	assert_string_equal(json_string_value(json_object_get(json, "cause")), "oom-kill");
	assert_int_equal(json_integer_value(json_object_get(json, "judge_version")), JUDGE_VERSION);
	assert_int_equal(json_array_size(json_object_get(json, "expected")), 2);
	assert_true(json_is_true(json_object_get(json, "as_expected")));
	assert_int_equal(json_array_size(json_object_get(json, "evidence")), v.evidence_count);
	assert_string_equal(json_string_value(json_array_get(json_object_get(json, "evidence"), 2)),
			    "kernel log: caf\xc3\xa9 \xf0\x9f\x92\xa5 ??");
	json_decref(json);
	verdict_release(&v);

	make_facts(&f, "");
	judge(&f, &v);
	json = verdict_to_json(&v, &f, &(struct expectation){ .count = 0 });
	assert_string_equal(json_string_value(json_object_get(json, "cause")), "");
	json_decref(json);
	verdict_release(&v);
}

/* Each member of struct facts has one row: their sizes add up to the struct's. */
static void test_fact_rows_cover_the_struct(void **state)
{
	size_t sum = 0;

	(void)state;
	for (const struct fact_row *row = fact_rows; row->name != NULL; row++) {
		if (row->offset != sum)
			fail_msg("'%s' lies at %zu, the rows before it end at %zu", row->name, row->offset, sum);
		assert_true(strlen(row->meaning) > 0);
		assert_true(row->text == (strcmp(row->unit, "text") == 0));
		sum += row->text ? FACTS_TEXT_MAX : sizeof(struct fact);
	}
	assert_int_equal(sum, offsetof(struct facts, rounds));
}

/* Every row alone, in each of its states, through text and back. */
static void test_facts_round_trip(void **state)
{
	static const struct fact states[] = {
		{ FACT_ABSENT, 0 },	   { FACT_UNREADABLE, 0 },    { FACT_KNOWN, 0 },
		{ FACT_KNOWN, 268435456 }, { FACT_KNOWN, INT64_MAX },
	};

	(void)state;
	for (const struct fact_row *row = fact_rows; row->name != NULL; row++) {
		for (size_t i = 0; i < COUNT(states); i++) {
			struct facts in = { 0 }, out;
			struct error err = ERROR_INIT;
			if (row->text)
				snprintf((char *)&in + row->offset, FACTS_TEXT_MAX, "line %zu \"quoted\"", i);
			else
				*(struct fact *)((char *)&in + row->offset) = states[i];
			json_t *json = facts_to_json(&in);
			char *text = json_dumps(json, 0);
			json_t *again = json_loads(text, 0, NULL);
			memset(&out, 0xff, sizeof(out));
			if (facts_from_json(&out, again, &err) != 0)
				fail_msg("'%s': %s", row->name, err.message);
			if (memcmp(&in, &out, sizeof(in)) != 0)
				fail_msg("'%s' in state %zu did not come back: %s", row->name, i, text);
			free(text);
			json_decref(json);
			json_decref(again);
		}
	}
}

static void test_facts_json_form(void **state)
{
	static const struct {
		const char *json;
		const char *message; /* part of the error; NULL: accepted */
	} rows[] = {
		{ "{}", NULL },
		{ "{\"oom_kill\":null}", NULL },
		{ "{\"oom_kill\":{\"state\":\"unreadable\"}}", NULL },
		{ "{\"of_a_newer_rig\":1}", NULL },
		{ "[]", "'facts' is not an object" },
		{ "{\"oom_kill\":\"1\"}", "fact 'oom_kill' is not a figure" },
		{ "{\"oom_kill\":-1}", "fact 'oom_kill' is not a figure" },
		{ "{\"oom_kill\":1.5}", "fact 'oom_kill' is not a figure" },
		{ "{\"oom_kill\":{\"state\":\"fine\"}}", "fact 'oom_kill' is not a figure" },
		{ "{\"rig_error\":7}", "fact 'rig_error' is not a text" },
	};
	struct facts f = { .oom_kill = fact_of(1), .server_signal = FACT_BROKEN };

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct error err = ERROR_INIT;
		struct facts out;
		json_t *json = json_loads(rows[i].json, 0, NULL);
		int rc = facts_from_json(&out, json, &err);
		if (rc != (rows[i].message ? -1 : 0) ||
		    (rows[i].message && strstr(err.message, rows[i].message) == NULL))
			fail_msg("%s: got %d '%s', expected '%s'", rows[i].json, rc, err.message,
				 rows[i].message ? rows[i].message : "no error");
		json_decref(json);
	}
	json_t *json = facts_to_json(&f);
	assert_int_equal(json_integer_value(json_object_get(json, "oom_kill")), 1);
	assert_true(json_is_null(json_object_get(json, "interrupted")));
	assert_string_equal(json_string_value(json_object_get(json_object_get(json, "server_signal"), "state")),
			    "unreadable");
	json_decref(json);
}

/* What the judge can say, a scenario can expect. */
static void test_scenarios_know_the_outcomes(void **state)
{
	(void)state;
	for (const struct outcome_row *row = outcome_rows; row->meaning != NULL; row++) {
		struct error err = ERROR_INIT;
		char text[64];
		if (row->outcome == OUTCOME_INTERRUPTED || row->outcome == OUTCOME_SKIPPED ||
		    (row->outcome == OUTCOME_INVALID && row->cause != NULL))
			continue;
		snprintf(text, sizeof(text), "%s%s%s", outcome_names[row->outcome], row->cause ? "/" : "",
			 row->cause ? row->cause : "");
		if (words_check_expect(text, &err) != 0)
			fail_msg("%s", err.message);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_every_verdict_is_reached),
		cmocka_unit_test(test_missing_facts_are_never_survival),
		cmocka_unit_test(test_evidence_order),
		cmocka_unit_test(test_meets),
		cmocka_unit_test(test_data_loss_is_expected_or_not),
		cmocka_unit_test(test_failures_are_expected_or_not),
		cmocka_unit_test(test_verdict_to_json),
		cmocka_unit_test(test_fact_rows_cover_the_struct),
		cmocka_unit_test(test_facts_round_trip),
		cmocka_unit_test(test_facts_json_form),
		cmocka_unit_test(test_scenarios_know_the_outcomes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
