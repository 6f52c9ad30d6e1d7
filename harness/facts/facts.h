/*
 * facts - everything a verdict may rest on, as plain figures: what run/ gathered
 * and record/ writes into run.json, so that an old run can be judged again.
 * facts.c holds one table of rows (name, unit, meaning) from which the JSON
 * form (facts_json.h) comes both ways.  Times are ns since the run's origin (server start);
 * 0-based, so "absent" is a fact's own state and never the number 0.
 *
 * Life cycle: zeroed memory is "nothing known" (every fact absent, every text
 * empty); whoever gathers fills in what it knows; nothing to release.  Plain
 * data: any thread that owns the struct.
 *
 * Two borders matter to the judge.  What counts as evidence of a kill
 * (oom_kill, oom_events, kernel_log_kills, oom_kill_main) is taken *before* the
 * rig sends its first signal: a kill while the rig tears the server down is not
 * the load's.  And peaks are those of the load and what follows, not of the
 * start or of the prepared uploads.
 */
#ifndef OOMRIG_FACTS_FACTS_H
#define OOMRIG_FACTS_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/fact.h"

#define FACTS_TEXT_MAX 512
#define FACTS_ROUNDS_MAX 32
#define FACTS_POINTS_MAX 64
#define FACTS_DEATHS_MAX 64
#define FACTS_PASSES_MAX 64

/*
 * The kernel's bookkeeping of page cache is charged too and goes with it:
 * buffer heads (104 B a page on ext4) and the page tree's nodes; measured 2.9 %
 * of the cache of a plain file, 4.3 % of that of a database and its log.
 */
#define FACTS_CACHE_BOOKKEEPING_DIVISOR 16

/*
 * One of several rounds of load, the settling after it included.  Memory is
 * unreclaimable, less the kernel's bookkeeping of risen page cache.
 */
struct facts_round {
	struct fact clients, requests, bytes; /* at once; answered well; sent and received */
	struct fact ended;		      /* requests, however they ended: vanished and refused ones are work too */
	struct fact start_bytes, peak_bytes, end_bytes;
};

/*
 * One moment of a load that is not in rounds, the one of its stretch of time at which least was held; memory as in a
 * round, the rest since the load began.
 */
struct facts_point {
	struct fact t_ns, unreclaimable_bytes, requests, bytes; /* answered well; sent and received */
	struct fact ended;					/* as in a round */
	struct fact in_flight; /* most requests under way at once since the point before */
};

/* One end of the server that the rig had not asked for, where it was started again after the first. */
struct facts_death {
	struct fact end_ns, ready_ns; /* seen; when that life had become ready, absent: never */
	struct fact signal, exit_code;
	struct fact oom_kill; /* rise of the group's counter in that life */
	struct fact usage_bytes, unreclaimable_bytes;
	struct fact down_ns; /* until the next life was ready; absent: none was */
	struct fact lost;    /* requests under way at the end, or refused until then */
};

/*
 * What the first sample after a pass of the server's own maintenance (a VACUUM) showed: memory, and the write-ahead
 * logs in its data folder.
 */
struct facts_pass {
	struct fact number; /* passes since the first start, this one included */
	struct fact seen_ns;
	struct fact usage_bytes, anon_bytes, wal_bytes;
	struct fact unreclaimable_bytes; /* less the kernel's bookkeeping of risen page cache, as in a round */
};

struct facts {
	/* the rig itself */
	char rig_error[FACTS_TEXT_MAX];	  /* why the rig could not do its work, "" otherwise */
	struct fact rig_error_by_server;  /* 1: the server did not do its part in that */
	char skip_reason[FACTS_TEXT_MAX]; /* what the scenario requires and the host has not, "" otherwise */
	struct fact interrupted;	  /* 1: the user stopped the run */

	/* cap */
	struct fact cap_asked_bytes;	/* absent: no cap asked for */
	struct fact cap_in_force_bytes; /* read back at the end; a different one, if seen at one of the checks each
					   second */
	struct fact swap_asked_bytes;
	struct fact cap_swap_in_force_bytes;	/* memory+swap limit read back */
	struct fact high_asked_bytes;		/* absent: not asked */
	struct fact high_in_force_bytes;	/* read at the end; absent: not asked */
	struct fact oom_group_asked, oom_group; /* flags: asked for, and in force at the end; absent on v1 */
	struct fact host_swap_bytes;		/* SwapTotal of the host: 0 makes the swap limit moot */
	struct fact page_bytes;			/* the kernel rounds limits down to pages; absent: 4096 */
	struct fact server_in_group;		/* 1: every process of the server seen inside the group at each check */

	struct fact port_in_group;	    /* 1: each look found its port held by the group; absent: by nobody */
	struct fact port_unseen;	    /* 1: never held by anybody, and yet requests were answered */
	char port_stranger[FACTS_TEXT_MAX]; /* who else is there, or why that cannot be told; "" otherwise */

	/* the server's life */
	struct fact server_started; /* exec succeeded */
	struct fact server_ready_ns;
	struct fact server_end_ns;    /* absent: it lived until we stopped it */
	struct fact server_exit_code; /* of its end before we stopped it, or after */
	struct fact server_signal;
	struct fact our_signal; /* first signal we sent it, recorded before sending */
	struct fact our_signal_ns;
	struct fact server_pid;
	struct fact server_left;	       /* processes still in the group when the main process's end was seen */
	char server_log_alloc[FACTS_TEXT_MAX]; /* line of its log that told first of the last failed allocation */
	char runtime[FACTS_TEXT_MAX]; /* "node", "jvm", ...: the runtime recognised in the main process; "": none */

	/* the machine of its own in which it ran; absent and "" where there was none, or nothing became of it */
	char machine_panic[FACTS_TEXT_MAX]; /* what its kernel said last */
	struct fact machine_silent_ns;	    /* it ran on, and its agent said nothing for so long */
	struct fact machine_ended;	    /* 1: it was gone before we ended it */
	struct fact
		machine_slowness; /* times slower than a processor that is not emulated; deadlines were longer by it */

	/* OOM evidence */
	struct fact oom_kill;	     /* rise of the group's own counter during the run, before our own kill */
	struct fact oom_kill_main;   /* 1: the kernel log names the server's main pid */
	struct fact oom_kill_others; /* its kill records that name another; absent: its pids may not be the rig's */
	struct fact oom_events;	     /* times the OOM event descriptor fired before our own teardown */
	struct fact oom_event_ns;
	struct fact kernel_log_kills; /* kill records of our group; unreadable: /dev/kmsg may not be read */
	char kernel_log_line[FACTS_TEXT_MAX];
	struct fact victim_pid,
		victim_anon_bytes; /* of the first kill record: who was killed, and its private memory */
	/* the table and the figures that the kernel printed of that kill, absent when it printed none */
	struct fact dump_tasks; /* processes in the table */
	struct fact biggest_pid, biggest_rss_bytes;
	struct fact dump_usage_bytes, dump_anon_bytes, dump_file_bytes, dump_shmem_bytes, dump_kernel_bytes;
	struct fact limit_hits;
	struct fact high_hits;	     /* times memory.high slowed the server down */
	struct fact oom_group_kills; /* OOMs that killed all of the group at once */

	/* memory by phase, bytes: baseline (before the load), peak (from the load on), settled (after the load),
	 * squeezed */
	struct fact warm_up_rounds;	/* of a small load before the baseline; absent: none was put on */
	char warm_up[FACTS_TEXT_MAX];	/* why they ended */
	struct fact warm_up_from_bytes; /* unreclaimable memory before the first of them */
	struct fact baseline_usage_bytes, baseline_anon_bytes, baseline_file_bytes, baseline_kernel_bytes,
		baseline_unreclaimable_bytes;
	struct fact baseline_watermark_bytes; /* the kernel's watermark when the load began: what start and prepare
						 reached */
	struct fact
		peak_usage_bytes; /* the kernel's watermark at the end, where there is one; else the highest sample */
	struct fact peak_sampled_usage_bytes; /* highest sample: what of the watermark the samples explain */
	struct fact peak_anon_bytes, peak_file_bytes, peak_shmem_bytes, peak_kernel_bytes,
		peak_unreclaimable_bytes; /* highest samples */
	/* anon + shmem: how far below the baseline they fell, and the highest rise over a lower sample before it */
	struct fact private_fall_bytes, private_rise_bytes;
	struct fact settled_usage_bytes, settled_anon_bytes, settled_file_bytes, settled_kernel_bytes,
		settled_unreclaimable_bytes;
	struct fact collected_unreclaimable_bytes; /* after asking for the garbage back, the last time; absent: never
						      asked */
	char collect_error[FACTS_TEXT_MAX];	   /* why that could not be done, "" otherwise */
	struct fact squeezed_usage_bytes, squeezed_file_bytes, squeezed_unreclaimable_bytes,
		squeezed_kernel_bytes; /* after asking for the cache back */
	/* of all its processes together, in the same phases */
	struct fact baseline_open_files, peak_open_files, settled_open_files;
	struct fact baseline_threads, peak_threads, settled_threads;
	struct fact baseline_processes, peak_processes, settled_processes;
	/* charge in no known class: neither anon, page cache, shmem nor kernel (huge pages that wait to be split) */
	struct fact baseline_unclassed_bytes, peak_unclassed_bytes, settled_unclassed_bytes, squeezed_unclassed_bytes;
	/* composition of the charge at death (or at the last sample before the server's end) */
	struct fact death_usage_bytes, death_anon_bytes, death_file_bytes, death_shmem_bytes, death_kernel_bytes,
		death_dirty_bytes, death_writeback_bytes, death_unevictable_bytes;
	/* private memory of the processes but the main one, by /proc: before the load, and at death */
	struct fact baseline_children_anon_bytes, death_children_anon_bytes;
	struct fact death_in_flight, death_acknowledged_bytes, death_sent_in_flight_bytes;

	/* quality of the observation */
	struct fact samples, samples_dropped, sample_gap_max_ns;
	struct fact slept_ns;	  /* of the run, while the machine was suspended */
	struct fact wall_step_ns; /* by how much the wall clock was set during the run, either way */

	/* load */
	struct fact requests_intended; /* absent: open-ended */
	struct fact requests_started, requests_ok, requests_failed, requests_cut;
	struct fact requests_waited, refused_ns; /* for a connection, untouched; how long there was none, then one */
	struct fact sent_bytes, received_bytes, acknowledged_bytes, acknowledged_objects;
	struct fact verified_bytes, corrupt;		 /* corrupt: transfers or read-backs that were wrong */
	struct fact read_back_started, read_back_failed; /* after the load; absent: there was none */
	char first_corrupt[FACTS_TEXT_MAX];
	char first_failure[FACTS_TEXT_MAX];
	struct fact load_ns; /* length of the load phase */
	struct fact
		load_major_faults; /* rise of the group's major page faults from the baseline to the end of the load */
	struct fact load_deadline_ns;	  /* what the scenario's key "deadline" gives it */
	struct fact load_deadline_hit;	  /* 1: cut because it did not end in time */
	struct fact generator_bottleneck; /* 1: the generator, not the server, limited the load */

	/* health */
	struct fact health_deadline_ns;
	struct fact health_longest_silence_ns; /* longest time a health probe went unanswered while the server lived */
	struct fact rig_longest_late_ns; /* longest time the rig was late itself meanwhile: not part of the silence */

	/* the application's own figures and what it left on disk, from the load on */
	struct fact baseline_live_bytes,
		settled_live_bytes;	/* bytes it says that it holds, before the load and after */
	struct fact canary_lag_ns;	/* longest that its clean-up was behind */
	struct fact peak_wal_bytes;	/* largest size of its write-ahead logs */
	struct fact maintenance_passes; /* finished during the load and after it; absent: the server does not tell */
	struct fact pass_rise_bytes, pass_wal_rise_bytes; /* from one pass to the next, robust; a fall is 0 */

	struct fact disk_full; /* 1: the disk under the data folder ran full during the run */

	/*
	 * After the first death, for scenarios with on_crash.  Everything above but the load's totals and corrupt
	 * is as it was at that death.
	 */
	struct fact aftermath_ready_ns;	    /* from the death until it was ready for the read-back */
	struct fact aftermath_acknowledged; /* objects to be read; absent: nothing was to be read */
	struct fact aftermath_intact, aftermath_lost, aftermath_corrupt, aftermath_half_visible, aftermath_unread;
	struct fact unanswered_absent, unanswered_whole, unanswered_corrupt, unanswered_half_visible, unanswered_unread;
	char aftermath_error[FACTS_TEXT_MAX]; /* why the server was not ready again, or not all was read */
	char aftermath_first[FACTS_TEXT_MAX]; /* the first objects that were not intact */
	struct fact again_in_group;	      /* of later lives; as server_in_group */
	struct fact again_cap_bytes,
		again_cap_swap_bytes; /* other limits than at the start, seen after the first death */
	struct fact gave_up;	      /* 1: it died once more than it was to be started again */

	/* rows of their own (round_rows): "rounds" in the JSON, only where the scenario asks for several */
	struct facts_round rounds[FACTS_ROUNDS_MAX];
	size_t round_count;

	/* of a load without rounds (point_rows, "series" in the JSON): evenly spaced, the last at its end */
	struct facts_point points[FACTS_POINTS_MAX];
	size_t point_count;

	/* rows of their own (death_rows): "deaths" in the JSON, only where the server was started again */
	struct facts_death deaths[FACTS_DEATHS_MAX];
	size_t death_count;

	/* rows of their own (pass_rows): "passes" in the JSON, only where there were some; of many, an even choice */
	struct facts_pass passes[FACTS_PASSES_MAX];
	size_t pass_count;
};

struct fact_row {
	const char *name;
	const char *unit; /* "bytes", "ns", "count", "flag" (0 or 1), "number", "text" */
	bool text;	  /* char[FACTS_TEXT_MAX], otherwise struct fact */
	size_t offset;	  /* in struct facts */
	const char *meaning;
};
extern const struct fact_row fact_rows[];  /* one per member; ends with name == NULL */
extern const struct fact_row round_rows[]; /* the same for struct facts_round */
extern const struct fact_row point_rows[]; /* and for struct facts_point */
extern const struct fact_row death_rows[]; /* and for struct facts_death */
extern const struct fact_row pass_rows[];  /* and for struct facts_pass */

#endif
