#include "facts/facts.h"

#define FACT(member, unit, meaning)                                                                                    \
	{                                                                                                              \
#member, unit, false, offsetof(struct facts, member), meaning                                          \
	}
#define TEXT(member, meaning)                                                                                          \
	{                                                                                                              \
#member, "text", true, offsetof(struct facts, member), meaning                                         \
	}

const struct fact_row fact_rows[] = {
	TEXT(rig_error, "why the rig could not do its work"),
	FACT(rig_error_by_server, "flag", "the server did not do its part in that"),
	TEXT(skip_reason, "what the scenario requires and the host has not"),
	FACT(interrupted, "flag", "the user stopped the run"),

	FACT(cap_asked_bytes, "bytes", "memory cap asked for; absent: none"),
	FACT(cap_in_force_bytes, "bytes", "cap read back at the end; a different one, if one was seen before"),
	FACT(swap_asked_bytes, "bytes", "swap asked for beyond the cap"),
	FACT(cap_swap_in_force_bytes, "bytes", "limit of memory and swap together, in the same way"),
	FACT(high_asked_bytes, "bytes", "charge from which on the server was to be slowed down"),
	FACT(high_in_force_bytes, "bytes", "memory.high in force at the end"),
	FACT(oom_group_asked, "flag", "an OOM was to kill all of the group at once"),
	FACT(oom_group, "flag", "memory.oom.group at the end"),
	FACT(host_swap_bytes, "bytes", "swap that the host has"),
	FACT(page_bytes, "bytes", "page size: limits are rounded down to it"),
	FACT(server_in_group, "flag", "every process of the server was seen inside the group at each check"),

	FACT(port_in_group, "flag",
	     "each look at who listens on its port found the group's processes alone; absent: nobody listened"),
	FACT(port_unseen, "flag", "requests were answered, and nobody was ever seen to listen on its port"),
	TEXT(port_stranger, "who else listens on its port, or why that cannot be told"),

	FACT(server_started, "flag", "its exec succeeded"),
	FACT(server_ready_ns, "ns", "when it became ready; absent: never"),
	FACT(server_end_ns, "ns", "when its end was seen; absent: it lived until the rig stopped it"),
	FACT(server_exit_code, "number", "exit status of its end"),
	FACT(server_signal, "number", "signal that ended it"),
	FACT(our_signal, "number", "first signal that the rig sent it, recorded before sending"),
	FACT(our_signal_ns, "ns", "when the rig sent it"),
	FACT(server_pid, "number", "its main process"),
	FACT(server_left, "count", "processes still in the group when the end of the main process was seen"),
	TEXT(server_log_alloc, "line of its log that told first of the last failed allocation"),
	TEXT(runtime, "runtime recognised in the main process"),

	TEXT(machine_panic, "the line with which the kernel of the server's own machine gave up"),
	FACT(machine_silent_ns, "ns", "for so long nothing was heard of the server's own machine, which ran on"),
	FACT(machine_ended, "flag", "the server's own machine was gone before the rig ended it"),
	FACT(machine_slowness, "number",
	     "times that the server's own machine was slower than a processor that is not emulated; its deadlines were "
	     "longer by that"),
	FACT(oom_kill, "count", "rise of the group's own oom_kill counter before the rig's first signal"),
	FACT(oom_kill_main, "flag", "a kill record of the kernel log names the server's main process"),
	FACT(oom_kill_others, "count",
	     "kill records that name another process; absent: its process ids and the rig's may differ"),
	FACT(oom_events, "count", "times the OOM event descriptor fired before the rig's first signal"),
	FACT(oom_event_ns, "ns", "when it first fired"),
	FACT(kernel_log_kills, "count",
	     "kill records of the group in the kernel log, stamped before the rig's first signal"),
	TEXT(kernel_log_line, "the first of these records"),
	FACT(victim_pid, "number", "process that the first kill record names"),
	FACT(victim_anon_bytes, "bytes", "its private memory by that record"),
	FACT(dump_tasks, "count", "processes in the table that the kernel printed of that kill"),
	FACT(biggest_pid, "number", "the biggest of them"),
	FACT(biggest_rss_bytes, "bytes", "its anon, file and shared pages in that table"),
	FACT(dump_usage_bytes, "bytes", "charge at the kill as the kernel printed it"),
	FACT(dump_anon_bytes, "bytes", "anon at the kill as the kernel printed it"),
	FACT(dump_file_bytes, "bytes", "page cache at the kill as the kernel printed it"),
	FACT(dump_shmem_bytes, "bytes", "shmem at the kill as the kernel printed it"),
	FACT(dump_kernel_bytes, "bytes", "kernel memory at the kill as the kernel printed it"),
	FACT(limit_hits, "count", "times the limit was run into; rises on ordinary reclaim"),
	FACT(high_hits, "count", "times the server was slowed down at memory.high"),
	FACT(oom_group_kills, "count", "OOMs that killed all of the group at once"),

	FACT(warm_up_rounds, "count", "rounds of a small load before the baseline"),
	TEXT(warm_up, "why they ended"),
	FACT(warm_up_from_bytes, "bytes", "unreclaimable memory before the first of them"),
	FACT(baseline_usage_bytes, "bytes", "charge before the load"),
	FACT(baseline_anon_bytes, "bytes", "anon before the load"),
	FACT(baseline_file_bytes, "bytes", "page cache before the load"),
	FACT(baseline_kernel_bytes, "bytes", "kernel memory before the load"),
	FACT(baseline_unreclaimable_bytes, "bytes", "anon + shmem + kernel before the load"),
	FACT(baseline_watermark_bytes, "bytes", "the kernel's watermark when the load began"),
	FACT(peak_usage_bytes, "bytes", "the kernel's watermark at the end; the highest sample where there is none"),
	FACT(peak_sampled_usage_bytes, "bytes", "highest sample of the charge from the load on"),
	FACT(peak_anon_bytes, "bytes", "highest sample of anon from the load on"),
	FACT(peak_file_bytes, "bytes", "highest sample of page cache from the load on"),
	FACT(peak_shmem_bytes, "bytes", "highest sample of shmem from the load on"),
	FACT(peak_kernel_bytes, "bytes", "highest sample of kernel memory from the load on"),
	FACT(peak_unreclaimable_bytes, "bytes", "highest sample of anon + shmem + kernel from the load on"),
	FACT(private_fall_bytes, "bytes", "how far anon + shmem fell below what they were before the load"),
	FACT(private_rise_bytes, "bytes",
	     "highest rise of anon + shmem over a lower sample before it, from the load on"),
	FACT(settled_usage_bytes, "bytes", "charge at the end of settling"),
	FACT(settled_anon_bytes, "bytes", "anon at the end of settling"),
	FACT(settled_file_bytes, "bytes", "page cache at the end of settling"),
	FACT(settled_kernel_bytes, "bytes", "kernel memory at the end of settling"),
	FACT(settled_unreclaimable_bytes, "bytes", "anon + shmem + kernel at the end of settling"),
	FACT(collected_unreclaimable_bytes, "bytes",
	     "anon + shmem + kernel after the server had collected its garbage; absent: it was not asked to"),
	TEXT(collect_error, "why the server could not be asked to collect its garbage"),
	FACT(squeezed_usage_bytes, "bytes", "charge after the page cache was asked back"),
	FACT(squeezed_file_bytes, "bytes", "page cache that stayed after it was asked back"),
	FACT(squeezed_unreclaimable_bytes, "bytes", "anon + shmem + kernel after the page cache was asked back"),
	FACT(squeezed_kernel_bytes, "bytes", "kernel memory after the page cache was asked back"),
	FACT(baseline_open_files, "count", "open files of all its processes before the load"),
	FACT(peak_open_files, "count", "highest sample from the load on"),
	FACT(settled_open_files, "count", "at the end of settling"),
	FACT(baseline_threads, "count", "threads of all its processes before the load"),
	FACT(peak_threads, "count", "highest sample from the load on"),
	FACT(settled_threads, "count", "at the end of settling"),
	FACT(baseline_processes, "count", "its processes before the load"),
	FACT(peak_processes, "count", "highest sample from the load on"),
	FACT(settled_processes, "count", "at the end of settling"),
	FACT(baseline_unclassed_bytes, "bytes",
	     "charge in no known class (neither anon, page cache, shmem nor kernel memory) before the load"),
	FACT(peak_unclassed_bytes, "bytes", "highest sample of it from the load on"),
	FACT(settled_unclassed_bytes, "bytes", "of it at the end of settling"),
	FACT(squeezed_unclassed_bytes, "bytes", "of it after memory was asked back"),

	FACT(death_usage_bytes, "bytes", "charge at death, or in the last sample before the server's end"),
	FACT(death_anon_bytes, "bytes", "anon at that moment"),
	FACT(death_file_bytes, "bytes", "page cache at that moment"),
	FACT(death_shmem_bytes, "bytes", "shmem at that moment"),
	FACT(death_kernel_bytes, "bytes", "kernel memory at that moment"),
	FACT(death_dirty_bytes, "bytes", "part of the page cache that waited to be written"),
	FACT(death_writeback_bytes, "bytes", "part of the page cache that was being written"),
	FACT(death_unevictable_bytes, "bytes", "memory at death that is locked (mlock and the like)"),
	FACT(baseline_children_anon_bytes, "bytes", "private memory of processes but the main one, before the load"),
	FACT(death_children_anon_bytes, "bytes", "private memory of processes but the main one, at death"),
	FACT(death_in_flight, "count", "requests in flight at that moment"),
	FACT(death_acknowledged_bytes, "bytes", "bytes of uploads acknowledged until then"),
	FACT(death_sent_in_flight_bytes, "bytes", "bytes sent of uploads not yet answered"),

	FACT(samples, "count", "samples taken"),
	FACT(samples_dropped, "count", "samples lost because the ring was full"),
	FACT(sample_gap_max_ns, "ns", "longest time between two samples"),
	FACT(slept_ns, "ns", "time that the machine was suspended during the run"),
	FACT(wall_step_ns, "ns", "by how much the wall clock was set during the run, either way"),

	FACT(requests_intended, "count", "requests of the scenario; absent: open-ended"),
	FACT(requests_started, "count", "requests started"),
	FACT(requests_ok, "count", "requests answered as expected"),
	FACT(requests_failed, "count", "requests that failed"),
	FACT(requests_cut, "count", "requests that the rig ended itself, as the scenario asks"),
	FACT(requests_waited, "count", "requests that got no connection at first and waited for one, unspent"),
	FACT(refused_ns, "ns", "how long no connection was to be had before one was made again, in all"),
	FACT(sent_bytes, "bytes", "bytes sent by the load"),
	FACT(received_bytes, "bytes", "bytes received by the load"),
	FACT(acknowledged_bytes, "bytes", "bytes of the load's uploads that were answered with success"),
	FACT(acknowledged_objects, "count", "uploads of the load that were answered with success"),
	FACT(verified_bytes, "bytes", "bytes read and equal to what was sent"),
	FACT(corrupt, "count", "transfers whose bytes were wrong, missing or too many"),
	FACT(read_back_started, "count", "read-backs after the load; absent: none was asked for"),
	FACT(read_back_failed, "count", "of these, not answered as a whole, or not at all"),
	TEXT(first_corrupt, "the first of these"),
	TEXT(first_failure, "the first failed request"),
	FACT(load_ns, "ns", "length of the load"),
	FACT(load_major_faults, "count", "major page faults of the group during the load"),
	FACT(load_deadline_ns, "ns", "time that the load may take, the scenario's key 'deadline'"),
	FACT(load_deadline_hit, "flag", "the load was cut because it did not end in time"),
	FACT(generator_bottleneck, "flag", "the load generator, not the server, limited the load"),

	FACT(health_deadline_ns, "ns", "time that a health probe may stay unanswered"),
	FACT(health_longest_silence_ns, "ns", "longest time that one went unanswered while the server lived"),
	FACT(rig_longest_late_ns, "ns",
	     "longest time that the rig's own loop was late meanwhile; no part of that silence"),

	FACT(baseline_live_bytes, "bytes", "what the server says of itself that it holds, before the load"),
	FACT(settled_live_bytes, "bytes", "the same, the least after the load"),
	FACT(canary_lag_ns, "ns", "longest that the application's clean-up was behind, by its own canary"),
	FACT(peak_wal_bytes, "bytes", "largest size of the write-ahead logs in its data folder"),
	FACT(maintenance_passes, "count", "passes of maintenance that the server finished from the load on"),
	FACT(pass_rise_bytes, "bytes", "rise of unreclaimable memory from pass to pass (Theil-Sen); a fall is 0"),
	FACT(pass_wal_rise_bytes, "bytes", "rise of the write-ahead logs from pass to pass (Theil-Sen); a fall is 0"),
	FACT(disk_full, "flag", "the disk under the data folder ran full"),

	FACT(aftermath_ready_ns, "ns", "time from the death until the server was ready for the read-back after it"),
	FACT(aftermath_acknowledged, "count", "acknowledged uploads to be read after a death; absent: none asked for"),
	FACT(aftermath_intact, "count", "of these, read and equal to what was sent"),
	FACT(aftermath_lost, "count", "of these, not found or not given out"),
	FACT(aftermath_corrupt, "count", "of these, with wrong bytes or longer"),
	FACT(aftermath_half_visible, "count", "of these, with a right beginning that ends early"),
	FACT(aftermath_unread, "count", "of these, not read: nothing is known of them"),
	FACT(unanswered_absent, "count", "uploads never answered: not there; absent: their names are not known"),
	FACT(unanswered_whole, "count", "of them, there as a whole"),
	FACT(unanswered_corrupt, "count", "of them, there with wrong bytes or longer"),
	FACT(unanswered_half_visible, "count", "of them, there with a right beginning that ends early"),
	FACT(unanswered_unread, "count", "of them, not read"),
	TEXT(aftermath_error, "why the server was not ready again, or not everything was read"),
	TEXT(aftermath_first, "the first acknowledged uploads that were not intact"),
	FACT(again_in_group, "flag", "every process of later lives was seen inside the group at each check"),
	FACT(again_cap_bytes, "bytes", "another cap than at the start, seen after the first death"),
	FACT(again_cap_swap_bytes, "bytes", "another limit of memory and swap together, in the same way"),
	FACT(gave_up, "flag", "it died once more than it was to be started again"),
	{ NULL, NULL, false, 0, NULL },
};

#define DEATH_FACT(member, unit, meaning)                                                                              \
	{                                                                                                              \
#member, unit, false, offsetof(struct facts_death, member), meaning                                    \
	}

const struct fact_row death_rows[] = {
	DEATH_FACT(end_ns, "ns", "when its end was seen"),
	DEATH_FACT(ready_ns, "ns", "when that life had become ready; absent: never"),
	DEATH_FACT(signal, "number", "signal that ended it"),
	DEATH_FACT(exit_code, "number", "exit status"),
	DEATH_FACT(oom_kill, "count", "rise of the group's oom_kill counter in that life"),
	DEATH_FACT(usage_bytes, "bytes", "charge at death"),
	DEATH_FACT(unreclaimable_bytes, "bytes", "anon + shmem + kernel at death"),
	DEATH_FACT(down_ns, "ns", "until the next life was ready; absent: none was"),
	DEATH_FACT(lost, "count", "requests that broke at the end or were refused until then"),
	{ NULL, NULL, false, 0, NULL },
};

#define ROUND_FACT(member, unit, meaning)                                                                              \
	{                                                                                                              \
#member, unit, false, offsetof(struct facts_round, member), meaning                                    \
	}

const struct fact_row round_rows[] = {
	ROUND_FACT(clients, "count", "clients at once in this round"),
	ROUND_FACT(requests, "count", "requests answered as expected"),
	ROUND_FACT(bytes, "bytes", "bytes sent and received"),
	ROUND_FACT(ended, "count", "requests that ended, in whatever way"),
	ROUND_FACT(start_bytes, "bytes", "unreclaimable memory when it began"),
	ROUND_FACT(peak_bytes, "bytes", "its highest sample"),
	ROUND_FACT(end_bytes, "bytes", "at the end of settling"),
	{ NULL, NULL, false, 0, NULL },
};

#define POINT_FACT(member, unit, meaning)                                                                              \
	{                                                                                                              \
#member, unit, false, offsetof(struct facts_point, member), meaning                                    \
	}

const struct fact_row point_rows[] = {
	POINT_FACT(t_ns, "ns", "since the load began"),
	POINT_FACT(unreclaimable_bytes, "bytes", "unreclaimable memory, less the kernel's bookkeeping of page cache"),
	POINT_FACT(requests, "count", "requests answered as expected"),
	POINT_FACT(bytes, "bytes", "bytes sent and received"),
	POINT_FACT(ended, "count", "requests that ended, in whatever way"),
	POINT_FACT(in_flight, "count", "most requests under way at once since the point before"),
	{ NULL, NULL, false, 0, NULL },
};

#define PASS_FACT(member, unit, meaning)                                                                               \
	{                                                                                                              \
#member, unit, false, offsetof(struct facts_pass, member), meaning                                     \
	}

const struct fact_row pass_rows[] = {
	PASS_FACT(number, "count", "passes since the first start, this one included"),
	PASS_FACT(seen_ns, "ns", "when the server first told of it"),
	PASS_FACT(usage_bytes, "bytes", "charge then"),
	PASS_FACT(anon_bytes, "bytes", "anon then"),
	PASS_FACT(unreclaimable_bytes, "bytes", "anon + shmem + kernel then, less the bookkeeping of page cache"),
	PASS_FACT(wal_bytes, "bytes", "write-ahead logs then"),
	{ NULL, NULL, false, 0, NULL },
};
