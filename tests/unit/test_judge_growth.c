/* The judge: which memory grew, and what became of the bytes? */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "judge_cases.h"

/* 63 MiB before the load, of which 60 MiB are given back and no sample rises above it again. */
#define START_FALLS                                                                                                    \
	"baseline_usage_bytes=64MiB;baseline_anon_bytes=62MiB;baseline_unreclaimable_bytes=62MiB;"                     \
	"baseline_watermark_bytes=63MiB;peak_usage_bytes=64MiB;peak_sampled_usage_bytes=64MiB;"                        \
	"peak_anon_bytes=62MiB;peak_unreclaimable_bytes=62MiB;private_fall_bytes=60MiB;"                               \
	"settled_unreclaimable_bytes=2MiB;squeezed_unreclaimable_bytes=2MiB;"

/* 89 MiB of kernel memory beside 20 MiB of page cache; both go when asked. */
#define SMALL_FILES                                                                                                    \
	"peak_usage_bytes=115MiB;peak_sampled_usage_bytes=115MiB;peak_file_bytes=21MiB;peak_kernel_bytes=90MiB;"       \
	"peak_unreclaimable_bytes=93MiB;settled_usage_bytes=114MiB;settled_file_bytes=21MiB;"                          \
	"settled_kernel_bytes=90MiB;settled_unreclaimable_bytes=93MiB;squeezed_usage_bytes=5MiB;"                      \
	"squeezed_kernel_bytes=1MiB;squeezed_unreclaimable_bytes=5MiB;"

#define KEEPS_24 "settled_unreclaimable_bytes=40MiB;squeezed_unreclaimable_bytes=24MiB;"

/* Huge pages that wait to be split: charged, in no class, gone when asked for. */
#define UNSPLIT                                                                                                        \
	"peak_usage_bytes=325MiB;peak_sampled_usage_bytes=325MiB;baseline_unclassed_bytes=0;"                          \
	"peak_unclassed_bytes=315MiB;settled_usage_bytes=325MiB;settled_unclassed_bytes=315MiB;"                       \
	"squeezed_unclassed_bytes=0;squeezed_usage_bytes=6MiB;"

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
	{ "three uploads, all fixes", CACHE_GROWS, "grew/page-cache", "page cache: it fell from 240 MiB to 300 KiB" },
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
	  "what the kernel gave back on request is absent" },
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
	{ "gives most back, keeps a little", CACHE_GROWS ANON_PEAKS KEEPS_24, "grew/peak", "all but 20 MiB" },
	{ "tmpfs filled and emptied", ANON_PEAKS "peak_anon_bytes=4MiB;peak_shmem_bytes=140MiB", "grew/peak",
	  "shmem 140 MiB" },
	{ "leak per request", ANON_STAYS KEEPS_RISING "requests_intended=-;requests_started=30k;requests_ok=30k",
	  "grew/leak", "2.18 KiB for each of 30000" },
	{ "leak per byte behind a full page cache",
	  CACHE_GROWS "peak_unreclaimable_bytes=74MiB;settled_unreclaimable_bytes=85MiB;"
		      "squeezed_unreclaimable_bytes=70MiB;" KEEPS_RISING,
	  "grew/leak", "66 MiB of it stayed" },
	{ "leak in a child only", ANON_STAYS KEEPS_RISING, "grew/leak", NULL },
	{ "leak, never squeezed",
	  ANON_STAYS KEEPS_RISING "squeezed_usage_bytes=-;squeezed_file_bytes=-;squeezed_unreclaimable_bytes=-",
	  "grew/leak", NULL },
	{ "garbage, collected when asked",
	  ANON_STAYS "collected_unreclaimable_bytes=5MiB;squeezed_unreclaimable_bytes=5MiB", "grew/peak",
	  "63 MiB of what stayed after the load was garbage: asked to collect it, the server went from 68" },
	{ "garbage, never squeezed",
	  ANON_STAYS "collected_unreclaimable_bytes=5MiB;squeezed_usage_bytes=-;"
		     "squeezed_file_bytes=-;squeezed_unreclaimable_bytes=-",
	  "grew/peak", "was garbage" },
	{ "a leak that no collector takes", ANON_STAYS KEEPS_RISING "collected_unreclaimable_bytes=68MiB", "grew/leak",
	  "64 MiB of it stayed after the load, its garbage collected and the page cache given back" },
	{ "could not be asked to collect", ANON_STAYS "collect_error=POST /collect: status 404", "invalid/evidence",
	  "POST /collect: status 404: garbage or leak" },
	{ "the same of a server that was killed", KILLED "collect_error=POST /collect: status 404", "crashed/oom-kill",
	  NULL },
	{ "tmpfs filled and left", ANON_STAYS KEEPS_RISING "peak_anon_bytes=4MiB;peak_shmem_bytes=64MiB", "grew/leak",
	  "shmem 64 MiB" },
	{ "warm-up below the noise",
	  "peak_unreclaimable_bytes=14MiB;settled_unreclaimable_bytes=14MiB;"
	  "squeezed_unreclaimable_bytes=14MiB;peak_usage_bytes=18MiB;peak_sampled_usage_bytes=18MiB",
	  "steady", NULL },
	{ "gives back only after a delay longer than the settling", ANON_STAYS KEEPS_RISING, "grew/leak",
	  "cannot tell a leak from" },

	/* stayed, and not shown to go on */
	{ "a rise a hair above the noise, of which all but a hair stays",
	  "peak_usage_bytes=24MiB;peak_sampled_usage_bytes=24MiB;peak_anon_bytes=19400KiB;peak_unreclaimable_bytes="
	  "20600KiB;"
	  "settled_usage_bytes=24MiB;settled_anon_bytes=19200KiB;settled_unreclaimable_bytes=20400KiB;"
	  "squeezed_usage_bytes=21MiB;squeezed_unreclaimable_bytes=20400KiB;",
	  "grew/kept", "16.1 MiB and 15.9 MiB of it stayed" },
	{ "so quick that nothing was seen of how it rose", ANON_STAYS, "grew/kept", "do not show how it rose" },
	{ "what would decide it", ANON_STAYS, "grew/kept", "what would decide it: several rounds of the load" },
	{ "a cache that was full early", ANON_STAYS "series=stands-still", "grew/kept", "the second half 0 B" },
	{ "a heap that warms up",
	  ANON_STAYS "settled_unreclaimable_bytes=84MiB;squeezed_unreclaimable_bytes=84MiB;"
		     "series=slows-down",
	  "grew/kept", "less and less, or in steps" },
	{ "two steps", ANON_STAYS "series=two-steps", "grew/kept", "less and less, or in steps" },
	{ "a ramp of slow clients", ANON_STAYS "series=ramp", "grew/kept", "more requests were under way" },
	{ "a slow leak behind a large first step", ANON_STAYS "series=large-step-first", "grew/leak",
	  "it kept rising with the work" },
	{ "a leak whose floor is covered for a while", ANON_STAYS "series=rises-covered", "grew/leak",
	  "it kept rising with the work" },
	{ "garbage above what stays, until the end", ANON_STAYS "series=falls-at-the-end", "grew/kept", NULL },
	{ "seven requests", ANON_STAYS "series=rises-in-7", "grew/kept", "so few requests" },
	{ "three for each client", ANON_STAYS "series=rises-in-3-each", "grew/kept", "so few requests" },
	{ "leak of those that vanish: none is answered",
	  ANON_STAYS "series=none-is-answered;requests_ok=0;requests_started=3;requests_cut=3", "grew/leak",
	  "for each of 3 requests, of which 0 were answered" },
	{ "Node.js may not have collected", ANON_STAYS KEEPS_RISING "runtime=node;settled_unreclaimable_bytes=60MiB",
	  "grew/kept", "server.collect for Node.js: start it with --expose-gc" },
	{ "Node.js beyond what may be garbage", ANON_STAYS KEEPS_RISING "runtime=node", "grew/leak", NULL },
	{ "a JVM's heap takes what the cap gives", ANON_STAYS KEEPS_RISING "runtime=jvm", "grew/kept",
	  "a JVM collects its garbage when it sees fit" },
	{ "a JVM that has collected", ANON_STAYS KEEPS_RISING "runtime=jvm;collected_unreclaimable_bytes=68MiB",
	  "grew/leak", NULL },
	{ "Python counts references", ANON_STAYS KEEPS_RISING "runtime=python;settled_unreclaimable_bytes=60MiB",
	  "grew/leak", NULL },
	{ "a leak that goes on behind a peak",
	  ANON_PEAKS "peak_file_bytes=4MiB;peak_usage_bytes=152MiB;settled_unreclaimable_bytes=40MiB;"
		     "squeezed_unreclaimable_bytes=40MiB;" KEEPS_RISING,
	  "grew/leak", NULL },

	/* what the rig does later turns no verdict */
	{ "the reading back is cached and not given back yet",
	  CACHE_GROWS "squeezed_unreclaimable_bytes=99MiB;squeezed_usage_bytes=100MiB", "grew/page-cache", NULL },

	/* in no known class */
	{ "huge pages that wait to be split are no page cache", UNSPLIT, "grew",
	  "315 MiB of the charge was in no known class" },
	{ "and beside page cache they are named too",
	  CACHE_GROWS "baseline_unclassed_bytes=0;peak_unclassed_bytes=20MiB;settled_unclassed_bytes=20MiB",
	  "grew/page-cache", "20 MiB of the charge was in no known class" },
	{ "what did not come back is not known", UNSPLIT "squeezed_usage_bytes=325MiB", "invalid/unproven", NULL },

	{ "a peak that leaves more than the noise may hide a leak", CACHE_GROWS ANON_PEAKS KEEPS_24, "grew/peak",
	  "what stayed, 20 MiB, is above the noise of 16 MiB: a leak may stand behind the peak" },

	/* from below the baseline */
	{ "the start gave back more than leaked",
	  START_FALLS "private_rise_bytes=50MiB;settled_unreclaimable_bytes=52MiB;"
		      "squeezed_unreclaimable_bytes=52MiB",
	  "grew/kept", "unreclaimable memory rose by 50 MiB and 50 MiB of it stayed" },
	{ "the start gave back more than leaked, never asked back",
	  START_FALLS "private_rise_bytes=50MiB;settled_unreclaimable_bytes=52MiB;squeezed_usage_bytes=-;"
		      "squeezed_file_bytes=-;squeezed_unreclaimable_bytes=-",
	  "grew/kept", "the rise counts from the lowest point of the load: 60 MiB" },
	{ "the start gave back more than the load peaked at",
	  START_FALLS "private_rise_bytes=50MiB;squeezed_unreclaimable_bytes=3MiB", "grew/peak",
	  "memory rose by 50 MiB under load" },
	{ "the start gave back its memory, and that is all", START_FALLS "private_rise_bytes=1MiB", "steady", NULL },
	{ "a fall within the noise moves nothing",
	  START_FALLS "private_fall_bytes=16MiB;private_rise_bytes=50MiB;squeezed_unreclaimable_bytes=62MiB", "steady",
	  NULL },
	{ "it fell below the baseline before the load's first sample",
	  START_FALLS "private_rise_bytes=0;peak_usage_bytes=64MiB;peak_sampled_usage_bytes=40MiB", "steady", NULL },

	/* kernel memory that the kernel takes back as it takes page cache */
	{ "dentries and inodes of many small files", SMALL_FILES, "grew/page-cache", "of which 0 B is unreclaimable" },
	{ "kernel memory given back before it was asked for is a peak", SMALL_FILES "settled_kernel_bytes=1MiB",
	  "grew/peak", NULL },
	{ "kernel memory that stays is a leak",
	  SMALL_FILES KEEPS_RISING
	  "squeezed_kernel_bytes=90MiB;squeezed_usage_bytes=94MiB;squeezed_unreclaimable_bytes=94MiB",
	  "grew/leak", NULL },
	{ "what shrank in the kernel excuses no anon", SMALL_FILES "peak_unreclaimable_bytes=144MiB", "grew/peak",
	  "rose by 51 MiB" },

	{ "a watermark that the server has reset", CACHE_GROWS "peak_usage_bytes=12MiB;baseline_watermark_bytes=6MiB",
	  "grew/page-cache", NULL },

	/* what the server did with the bytes */
	{ "acknowledges and stores wrong bytes", CACHE_GROWS "corrupt=2;first_corrupt=object 1 is wrong at offset 0",
	  "grew/page-cache", "DATA LOSS: 2 transfers did not bring back what was acknowledged: object 1 is wrong" },
	{ "data loss and a kill", KILLED "corrupt=1", "crashed/oom-kill", "DATA LOSS: 1 transfer did" },
	{ "accepts and discards", "verified_bytes=0", "steady",
	  "nothing of what was acknowledged (3 MiB) was read back" },
};

static void test_verdicts(void **state)
{
	(void)state;
	expect_cases(cases, COUNT(cases));
}

static void test_every_verdict_is_reached(void **state)
{
	(void)state;
	expect_reached(growth_verdicts, cases, COUNT(cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_verdicts),
		cmocka_unit_test(test_every_verdict_is_reached),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
