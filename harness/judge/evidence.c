#include "judge/evidence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/macros.h"

#define MIB 1048576.0
#define CONTRADICTION_DIVISOR 4	   /* of the charge: readings that differ by more are not of the same moment */
#define WALL_STEP_SAID_NS NS_PER_S /* below it a clock that is only slewed */
/* A clean-up that works is behind by less than one interval of its canary, which is a second or so. */
#define CANARY_ALARM_NS (3 * NS_PER_S)
/* SQLite checkpoints a log at 4 MB; one that is this much larger is not being checkpointed. */
#define WAL_LARGE_BYTES (64 << 20)

const char *evidence_fact_size(struct fact fact, char out[UNITS_TEXT_MAX])
{
	if (fact_known(fact))
		return units_format_size(fact.value, out);
	return fact.state == FACT_ABSENT ? "absent" : "unreadable";
}

const char *evidence_fact_time(struct fact fact, char out[UNITS_TEXT_MAX])
{
	if (fact_known(fact))
		return units_format_duration(fact.value, out);
	return fact.state == FACT_ABSENT ? "at a time that is absent" : "at a time that is unreadable";
}

const char *evidence_overdue(const struct facts *f, char out[EVIDENCE_OVERDUE_MAX])
{
	bool known = fact_known(f->load_deadline_ns); /* records of older rigs do not hold it */

	snprintf(out, EVIDENCE_OVERDUE_MAX, "the load did not end %s%s (the scenario's key 'deadline')",
		 known ? "within " : "in time", known ? TIME_TEXT(f->load_deadline_ns.value) : "");
	return out;
}

bool fact_set(struct fact fact)
{
	return fact_known(fact) && fact.value != 0;
}

static void insert_line(struct verdict *v, size_t at, const char *fmt, va_list ap)
{
	struct buf line = BUF_INIT;

	buf_vaddf(&line, fmt, ap);
	v->evidence = xrealloc(v->evidence, (v->evidence_count + 1) * sizeof(*v->evidence));
	memmove(v->evidence + at + 1, v->evidence + at, (v->evidence_count - at) * sizeof(*v->evidence));
	v->evidence[at] = buf_detach(&line);
	v->evidence_count++;
}

void evidence_add(struct verdict *v, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	insert_line(v, v->evidence_count, fmt, ap);
	va_end(ap);
}

void evidence_add_first(struct verdict *v, const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	insert_line(v, 0, fmt, ap);
	va_end(ap);
}

bool evidence_decide(struct verdict *v, enum outcome outcome, const char *cause, const char *fmt, ...)
{
	va_list ap;

	v->outcome = outcome;
	v->cause = cause;
	va_start(ap, fmt);
	insert_line(v, v->evidence_count, fmt, ap);
	va_end(ap);
	return true;
}

const char *evidence_end(const struct facts *f, char out[EVIDENCE_END_MAX])
{
	if (fact_set(f->server_signal)) {
		const char *name = sigabbrev_np((int)f->server_signal.value);
		snprintf(out, EVIDENCE_END_MAX, "%s%s (signal %" PRIu64 ")", name ? "SIG" : "", name ? name : "unknown",
			 f->server_signal.value);
	} else if (fact_known(f->server_exit_code)) {
		snprintf(out, EVIDENCE_END_MAX, "exit status %" PRIu64, f->server_exit_code.value);
	} else {
		snprintf(out, EVIDENCE_END_MAX, "an unknown end");
	}
	return out;
}

void evidence_of_kill(const struct facts *f, struct verdict *v)
{
	if (f->kernel_log_line[0] != '\0')
		evidence_add(v, "kernel log: %s", f->kernel_log_line);
	else if (f->kernel_log_kills.state == FACT_UNREADABLE)
		evidence_add(v, "kernel log: not readable here, so no record of the kill is attached");
	if (fact_set(f->oom_events) && fact_known(f->oom_event_ns))
		evidence_add(v, "the group's OOM event fired %" PRIu64 " time%s, first %s after the server's start",
			     f->oom_events.value, f->oom_events.value == 1 ? "" : "s",
			     TIME_TEXT(f->oom_event_ns.value));
	if (fact_set(f->oom_group_kills))
		evidence_add(v,
			     "as memory.oom.group asks, all of the group was killed at once (oom_group_kill rose to "
			     "%" PRIu64 ")",
			     f->oom_group_kills.value);
}

/* "231", "4.1", "unknown": a part in MiB, the suffix stands at the end of its line. */
static void add_part(struct buf *line, const char *name, struct fact part)
{
	double mib = (double)part.value / MIB;

	if (!fact_known(part))
		buf_addf(line, "%s %s", name, part.state == FACT_ABSENT ? "absent" : "unreadable");
	else
		buf_addf(line, "%s %.*f", name, mib >= 99.95 || mib == 0 ? 0 : 1, mib);
}

static void composition_line(const struct facts *f, struct verdict *v)
{
	const struct {
		const char *name;
		struct fact bytes;
	} parts[] = {
		{ "anon", f->death_anon_bytes },
		{ "page cache", f->death_file_bytes },
		{ "shmem", f->death_shmem_bytes },
		{ "kernel", f->death_kernel_bytes },
	};
	struct buf line = BUF_INIT;
	uint64_t sum = 0;

	for (size_t i = 0; i < COUNT(parts); i++) {
		add_part(&line, parts[i].name, parts[i].bytes);
		buf_adds(&line, " + ");
		sum += fact_known(parts[i].bytes) ? parts[i].bytes.value : 0;
	}
	/* The files are read one after another while memory moves, so the parts may exceed the whole. */
	if (sum <= f->death_usage_bytes.value)
		add_part(&line, "rest", fact_of(f->death_usage_bytes.value - sum));
	else
		buf_addf(&line, "rest -%.1f", (double)(sum - f->death_usage_bytes.value) / MIB);
	evidence_add(v, "charged memory at death (all that counts against the cap): %s = %s MiB",
		     SIZE_TEXT(f->death_usage_bytes.value), buf_str(&line));
	buf_release(&line);
}

/*
 * File pages that are locked cannot be dropped either.  Locked memory may be of
 * any kind, so only what anon and shmem cannot be is certain to be of files.
 */
static struct fact locked_file(const struct facts *f)
{
	struct fact others = fact_add(f->death_anon_bytes, f->death_shmem_bytes);

	if (!fact_known(f->death_unevictable_bytes) || !fact_known(others) ||
	    f->death_unevictable_bytes.value <= others.value)
		return FACT_NONE;
	return fact_of(f->death_unevictable_bytes.value - others.value);
}

static void dominant_line(const struct facts *f, struct verdict *v)
{
	struct fact in_writing = fact_add(f->death_dirty_bytes, f->death_writeback_bytes);
	if (fact_known(f->death_file_bytes) && in_writing.value > f->death_file_bytes.value)
		in_writing = f->death_file_bytes; /* a page written to again while it is under writeback is both */
	const struct {
		struct fact bytes;
		const char *meaning;
	} classes[] = {
		{ f->death_anon_bytes, "private memory of its processes (anon)" },
		{ f->death_shmem_bytes, "tmpfs and shared memory (shmem), which no reclaim takes back without swap" },
		{ f->death_kernel_bytes, "kernel memory (slab, page tables, stacks, socket buffers)" },
		{ in_writing,
		  "page cache not yet written (dirty or under writeback), which cannot be dropped in time" },
		{ locked_file(f), "page cache locked in memory (mlock), which cannot be dropped" },
	};
	size_t best = 0;

	for (size_t i = 1; i < COUNT(classes); i++)
		if (fact_max(classes[best].bytes, classes[i].bytes).value > classes[best].bytes.value)
			best = i;
	if (!fact_set(classes[best].bytes) || !fact_set(f->death_usage_bytes))
		return;
	double share = 100.0 * (double)classes[best].bytes.value / (double)f->death_usage_bytes.value;
	evidence_add(v, "%s: %s, %.0f %% of the charge",
		     share >= 50 ? "what filled the charge"
				 : "no class filled the charge alone; the largest that had to stay",
		     classes[best].meaning, share > 100 ? 100.0 : share);
}

/* Private memory alone: what a child maps from files or shares is nobody's growth. */
static void child_line(const struct facts *f, struct verdict *v)
{
	struct fact before = f->baseline_children_anon_bytes, then = f->death_children_anon_bytes;
	uint64_t grown = fact_known(then) && then.value > before.value ? then.value - before.value : 0;

	if (fact_known(f->victim_pid) && fact_known(f->server_pid) && f->victim_pid.value != f->server_pid.value)
		evidence_add(v,
			     "a child's growth: the killed process (pid %" PRIu64
			     ") is not the server's first (pid %" PRIu64 ") and held %s of private memory",
			     f->victim_pid.value, f->server_pid.value, FACT_SIZE_TEXT(f->victim_anon_bytes));
	else if (fact_set(f->death_anon_bytes) && grown > f->death_anon_bytes.value / 2)
		evidence_add(v,
			     "children's growth: processes other than the server's first held %s of private memory at "
			     "death, %s before the load",
			     SIZE_TEXT(then.value), FACT_SIZE_TEXT(before));
}

/* What the kernel printed of the kill, to be set beside what the rig saw. */
static void dump_lines(const struct facts *f, struct verdict *v)
{
	if (fact_known(f->dump_usage_bytes))
		evidence_add(v, "by the kernel's own figures %s: anon %s, page cache %s, shmem %s, kernel %s",
			     SIZE_TEXT(f->dump_usage_bytes.value), FACT_SIZE_TEXT(f->dump_anon_bytes),
			     FACT_SIZE_TEXT(f->dump_file_bytes), FACT_SIZE_TEXT(f->dump_shmem_bytes),
			     FACT_SIZE_TEXT(f->dump_kernel_bytes));
	if (fact_known(f->dump_tasks) && fact_known(f->biggest_pid))
		evidence_add(v,
			     "in the kernel's table of %" PRIu64 " process%s the biggest is pid %" PRIu64
			     " with %s resident%s",
			     f->dump_tasks.value, f->dump_tasks.value == 1 ? "" : "es", f->biggest_pid.value,
			     FACT_SIZE_TEXT(f->biggest_rss_bytes),
			     !fact_known(f->victim_pid)			   ? ""
			     : f->victim_pid.value == f->biggest_pid.value ? ", the one that was killed"
									   : ", not the one that was killed");
}

/* Was it read after the killed process's memory had gone?  Then the kernel's own figures of the kill are the ones. */
static bool read_too_late(const struct facts *f)
{
	uint64_t dumped = f->dump_usage_bytes.value;

	if (!fact_set(f->dump_usage_bytes))
		return false;
	return f->death_usage_bytes.value < dumped - dumped / CONTRADICTION_DIVISOR ||
	       (fact_known(f->dump_anon_bytes) && fact_known(f->death_anon_bytes) &&
		f->death_anon_bytes.value + dumped / CONTRADICTION_DIVISOR < f->dump_anon_bytes.value);
}

/* The same run with the kernel's figures in place of the sample's. */
static void as_the_kernel_says(const struct facts *f, struct facts *out)
{
	*out = *f;
	out->death_usage_bytes = f->dump_usage_bytes;
	out->death_anon_bytes = f->dump_anon_bytes;
	out->death_file_bytes = f->dump_file_bytes;
	out->death_shmem_bytes = f->dump_shmem_bytes;
	out->death_kernel_bytes = f->dump_kernel_bytes;
	out->death_dirty_bytes = out->death_writeback_bytes = out->death_unevictable_bytes = FACT_NONE;
}

static void charge_lines(const struct facts *f, struct verdict *v)
{
	struct facts then;

	if (!fact_known(f->death_usage_bytes) || !read_too_late(f)) {
		if (fact_known(f->death_usage_bytes)) {
			composition_line(f, v);
			dominant_line(f, v);
		}
		return;
	}
	as_the_kernel_says(f, &then);
	composition_line(&then, v);
	dominant_line(&then, v);
	evidence_add(
		v,
		"these are the kernel's figures of the kill; the nearest sample (%s, anon %s) contradicts them: it "
		"was read when memory had begun to go",
		SIZE_TEXT(f->death_usage_bytes.value), FACT_SIZE_TEXT(f->death_anon_bytes));
}

void evidence_of_death(const struct facts *f, struct verdict *v)
{
	charge_lines(f, v);
	child_line(f, v);
	dump_lines(f, v);
	if (fact_set(f->death_dirty_bytes) || fact_set(f->death_writeback_bytes))
		evidence_add(v, "of the page cache at death %s was dirty and %s under writeback",
			     FACT_SIZE_TEXT(f->death_dirty_bytes), FACT_SIZE_TEXT(f->death_writeback_bytes));
	if (fact_known(f->death_in_flight))
		evidence_add(v, "at death %" PRIu64 " request%s in flight, %s sent in them; %s acknowledged before",
			     f->death_in_flight.value, f->death_in_flight.value == 1 ? "" : "s",
			     FACT_SIZE_TEXT(f->death_sent_in_flight_bytes),
			     FACT_SIZE_TEXT(f->death_acknowledged_bytes));
}

static void requests_beside(const struct facts *f, struct verdict *v)
{
	if (v->outcome == OUTCOME_INVALID || v->outcome == OUTCOME_INTERRUPTED || v->outcome == OUTCOME_SKIPPED)
		return;
	if (fact_set(f->requests_failed))
		evidence_add(v, "also: %" PRIu64 " of %" PRIu64 " requests failed%s%s%s", f->requests_failed.value,
			     f->requests_started.value, v->outcome == OUTCOME_CRASHED ? "" : " while the server lived",
			     f->first_failure[0] ? "; the first: " : "", f->first_failure);
	if (fact_set(f->requests_waited))
		evidence_add(v,
			     "beside: %" PRIu64 " request%s got no connection at first and waited for one, unspent; "
			     "none was to be had for %s in all",
			     f->requests_waited.value, f->requests_waited.value == 1 ? "" : "s",
			     TIME_TEXT(f->refused_ns.value));
	if (fact_set(f->verified_bytes))
		evidence_add(v, "also: %s read and equal to what was sent", SIZE_TEXT(f->verified_bytes.value));
	if (fact_set(f->read_back_failed))
		evidence_add(v, "also: %" PRIu64 " of %" PRIu64 " acknowledged uploads could not be read back",
			     f->read_back_failed.value, f->read_back_started.value);
	else if (!fact_set(f->verified_bytes) && !fact_set(f->read_back_started) && fact_set(f->acknowledged_objects) &&
		 !fact_known(f->aftermath_acknowledged))
		evidence_add(v, "also: nothing of what was acknowledged (%s) was read back",
			     FACT_SIZE_TEXT(f->acknowledged_bytes));
}

static void high_beside(const struct facts *f, struct verdict *v)
{
	if (fact_set(f->high_hits) && v->outcome != OUTCOME_STALLED)
		evidence_add(v, "also: memory.high of %s slowed the server down %" PRIu64 " times",
			     FACT_SIZE_TEXT(f->high_in_force_bytes), f->high_hits.value);
}

static void quality_beside(const struct facts *f, struct verdict *v)
{
	if (f->server_log_alloc[0] != '\0' && (v->cause == NULL || strcmp(v->cause, "alloc-failure") != 0))
		evidence_add(v, "also: its log speaks of a failed allocation: %s", f->server_log_alloc);
	if (fact_set(f->oom_events) && fact_known(f->oom_kill) && f->oom_kill.value == 0 &&
	    (v->cause == NULL || strcmp(v->cause, "no-victim") != 0))
		evidence_add(v, "also: the group ran out of memory %" PRIu64 " time%s, and the kernel killed nothing",
			     f->oom_events.value, f->oom_events.value == 1 ? "" : "s");
	if (fact_set(f->generator_bottleneck))
		evidence_add(v, "also: the load generator was the bottleneck; the server may be able to take more than "
				"it was given");
	if (fact_set(f->disk_full) && v->outcome == OUTCOME_CRASHED)
		evidence_add(v, "also: the disk under the data folder ran full");
	if (fact_known(f->wall_step_ns) && f->wall_step_ns.value > WALL_STEP_SAID_NS)
		evidence_add(v,
			     "also: the wall clock was set by %s during the run; the times of day in its record do not "
			     "fit together",
			     TIME_TEXT(f->wall_step_ns.value));
	if (fact_set(f->samples_dropped))
		evidence_add(v, "also: %" PRIu64 " of %" PRIu64 " samples were lost", f->samples_dropped.value,
			     f->samples.value + f->samples_dropped.value);
	if (fact_set(f->limit_hits) && (v->outcome == OUTCOME_GREW || v->outcome == OUTCOME_STEADY))
		evidence_add(v,
			     "also: the limit was run into %" PRIu64
			     " times, which proves nothing: reclaim does that too",
			     f->limit_hits.value);
}

/*
 * A load that goes on for a time does the less in it the slower the machine is: who lives through that has not been
 * shown to live through what the load would do elsewhere.
 */
static void machine_beside(const struct facts *f, struct verdict *v)
{
	if (!fact_known(f->machine_slowness) || f->machine_slowness.value < 2)
		return;
	evidence_add(v,
		     "also: the server's machine was %" PRIu64 " times slower than a processor that is not emulated; "
		     "deadlines were so many times longer",
		     f->machine_slowness.value);
	if ((v->outcome == OUTCOME_GREW || v->outcome == OUTCOME_STEADY) && fact_known(f->load_ns) &&
	    f->requests_intended.state == FACT_ABSENT)
		evidence_add(v,
			     "not judged: what the load would do on a faster machine, for it goes on for a time (%s) "
			     "and not "
			     "for an amount of work",
			     TIME_TEXT(f->load_ns.value));
}

/* What the application said of itself, and what it left on disk: growth that the cap does not see. */
static void application_beside(const struct facts *f, struct verdict *v)
{
	if (fact_known(f->canary_lag_ns) && f->canary_lag_ns.value >= CANARY_ALARM_NS)
		evidence_add(v, "also: by the server's own clock of its clean-up (canary), clean-up has not run for %s",
			     TIME_TEXT(f->canary_lag_ns.value));
	if (fact_known(f->peak_wal_bytes) && f->peak_wal_bytes.value >= WAL_LARGE_BYTES)
		evidence_add(v, "also: the write-ahead log grew to %s on disk", SIZE_TEXT(f->peak_wal_bytes.value));
}

/* What a process holds that no figure of memory shows as such. */
static void holdings_beside(const struct facts *f, struct verdict *v)
{
	const struct {
		const char *name;
		struct fact before, peak, after;
		uint64_t said; /* from so many more on */
	} holdings[] = {
		{ "open files", f->baseline_open_files, f->peak_open_files, f->settled_open_files, 16 },
		{ "threads", f->baseline_threads, f->peak_threads, f->settled_threads, 8 },
		{ "processes", f->baseline_processes, f->peak_processes, f->settled_processes, 4 },
	};

	for (size_t i = 0; i < COUNT(holdings); i++) {
		struct fact before = holdings[i].before, after = holdings[i].after;
		if (fact_known(before) && fact_known(after) && after.value >= before.value + holdings[i].said)
			evidence_add(v,
				     "also: %" PRIu64 " %s stayed: %" PRIu64 " before the load, at most %" PRIu64
				     ", %" PRIu64 " after it",
				     after.value - before.value, holdings[i].name, before.value,
				     fact_max(holdings[i].peak, after).value, after.value);
	}
}

void evidence_beside(const struct facts *f, struct verdict *v)
{
	if (fact_set(f->corrupt))
		evidence_add_first(v, "DATA LOSS: %" PRIu64 " transfer%s did not bring back what was acknowledged%s%s",
				   f->corrupt.value, f->corrupt.value == 1 ? "" : "s", f->first_corrupt[0] ? ": " : "",
				   f->first_corrupt);
	requests_beside(f, v);
	application_beside(f, v);
	holdings_beside(f, v);
	high_beside(f, v);
	machine_beside(f, v);
	quality_beside(f, v);
}
