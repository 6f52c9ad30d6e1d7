#include "run/findings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/saturate.h"
#include "load/latency.h"
#include "base/units.h"
#include "base/macros.h"
#include "load/plan.h"
#include "run/checks.h"
#include "run/death_record.h"
#include "run/objects_found.h"
#include "run/request_rows.h"
#include "run/run_json.h"
#include "record/host.h"

#define KERNEL_LOG_WAITS 6 /* of FINDINGS_LOG_WAIT_NS each */

/* What must be read while only the server's own doing is in it: before our signals, before the group goes. */
static void read_counters(struct run *r)
{
	struct facts *f = &r->facts;
	struct error err = ERROR_INIT;
	struct isolation_final final;
	checks_division(r);
	if (r->isolation == NULL || r->isolation->backend->final(r->isolation, &final, &err) != 0) {
		f->oom_kill = f->limit_hits = FACT_BROKEN;
		return;
	}
	f->oom_kill = final.oom_kill; /* a fresh group starts at 0: the counter is the rise */
	f->limit_hits = final.limit_hits;
	if (f->peak_usage_bytes.state == FACT_ABSENT) /* otherwise read before what the rig did after the load */
		f->peak_usage_bytes = final.peak_usage_bytes;
	f->oom_events = fact_of(r->gather.oom_events);
	if (r->gather.oom_events > 0)
		f->oom_event_ns = fact_of(r->gather.first_oom_ns - r->clocks.origin_ns);
	if (f->cap_in_force_bytes.state == FACT_ABSENT) /* otherwise it was found changed in between */
		f->cap_in_force_bytes = final.limit_bytes;
	if (f->cap_swap_in_force_bytes.state == FACT_ABSENT)
		f->cap_swap_in_force_bytes = final.swap_limit_bytes;
	f->high_in_force_bytes = final.high_bytes;
	f->high_hits = final.memory.field[MEMORY_HIGH_HITS];
	f->oom_group = final.oom_group;
	f->oom_group_kills = final.memory.field[MEMORY_OOM_GROUP_KILLS];
}

/* Bins are 1 % wide; the slowest group counts, as its users wait. */
static void read_latencies(struct run *r)
{
	struct facts *f = &r->facts;
	static const struct {
		size_t offset;
		enum group_kind kinds[2];
		double quantile; /* 1: the most */
	} rows[] = {
		{ offsetof(struct facts, upload_p50_ns), { GROUP_UPLOAD, GROUP_UPLOAD }, 0.5 },
		{ offsetof(struct facts, upload_p90_ns), { GROUP_UPLOAD, GROUP_UPLOAD }, 0.9 },
		{ offsetof(struct facts, upload_p99_ns), { GROUP_UPLOAD, GROUP_UPLOAD }, 0.99 },
		{ offsetof(struct facts, upload_max_ns), { GROUP_UPLOAD, GROUP_UPLOAD }, 1 },
		{ offsetof(struct facts, download_p90_ns), { GROUP_DOWNLOAD, GROUP_SEEK }, 0.9 },
		{ offsetof(struct facts, request_p90_ns), { GROUP_REQUEST, GROUP_REQUEST }, 0.9 },
	};
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct fact *fact = (struct fact *)((char *)f + rows[i].offset);
		for (size_t g = 0; g < r->scenario->load.count; g++) {
			enum group_kind kind = r->scenario->load.items[g].kind;
			const struct latency *l = load_group_latency(r->load, g);
			if ((kind != rows[i].kinds[0] && kind != rows[i].kinds[1]) || l == NULL ||
			    latency_count(l) == 0)
				continue;
			uint64_t ns =
				rows[i].quantile < 1 ? latency_quantile_ns(l, rows[i].quantile) : latency_max_ns(l);
			*fact = fact_max(*fact, fact_of(ns));
		}
	}
}

static void read_throughput(struct facts *f)
{
	if (fact_known(f->load_ns) && f->load_ns.value > 0)
		f->throughput_bytes_per_s = fact_of(units_whole(
			(double)(f->sent_bytes.value + f->received_bytes.value) * NS_PER_S / (double)f->load_ns.value));
}

static void read_load(struct run *r)
{
	struct facts *f = &r->facts;
	if (r->load == NULL)
		return;
	struct load_totals now;
	load_totals(r->load, &now);
	f->verified_bytes = fact_of(now.verified_bytes);
	f->corrupt = fact_of(now.corrupt - r->found.torn);
	if (fact_known(f->aftermath_acknowledged))
		f->corrupt = fact_of(r->found.before.corrupt - r->found.torn + f->aftermath_lost.value +
				     f->aftermath_corrupt.value + f->aftermath_half_visible.value);
	if (r->schedule.spans[PHASE_READ_BACK].name != NULL) {
		const struct load_totals *then = &r->books.after;
		f->read_back_started = fact_of(now.started - then->started);
		f->read_back_failed = fact_of(now.started - then->started - (now.ok - then->ok) - r->found.torn);
	}
	/* The load alone: neither what prepared it nor the read-back after it. */
	const struct load_totals *base = &r->books.before;
	if (r->books.began_ns == 0)
		now = *base; /* it never began: zero of everything */
	else if (r->books.over)
		now = r->books.after;
	f->requests_started = fact_of(now.started - base->started);
	f->requests_ok = fact_of(now.ok - base->ok);
	f->requests_failed = fact_of(now.failed - base->failed);
	f->requests_cut = fact_of(now.cut - base->cut);
	f->requests_waited = fact_of(now.waited - base->waited);
	f->refused_ns = fact_of(now.refused_ns - base->refused_ns);
	f->sent_bytes = fact_of(now.sent_bytes - base->sent_bytes);
	f->received_bytes = fact_of(now.received_bytes - base->received_bytes);
	f->acknowledged_bytes = fact_of(now.acknowledged_bytes - base->acknowledged_bytes);
	f->acknowledged_objects = fact_of(now.acknowledged_objects - base->acknowledged_objects);
	struct load_self self;
	load_self(r->load, &self);
	f->generator_bottleneck = fact_of(self.bottleneck);
	read_latencies(r);
	read_throughput(f);
}

/* Nothing is said where one group's end is open. */
static void count_intended(struct run *r)
{
	uint64_t intended = 0;
	for (size_t round = 0; round < r->scenario->rounds; round++) {
		const struct group_list *groups = rounds_groups(&r->rounds, r->scenario, round);
		for (size_t i = 0; i < groups->count; i++) {
			uint64_t requests;
			if (!plan_intends(&groups->items[i], &requests))
				return;
			intended = saturate_add(intended, requests);
		}
	}
	r->facts.requests_intended = fact_of(intended);
}

/* What was being read when it died was whole as far as it came: the transfer counts as corrupt, the object does not. */
static void note_torn(struct run *r, uint64_t end_ns)
{
	struct load_totals totals;
	r->found.torn = broken_torn(&r->books.broken, end_ns);
	load_totals(r->load, &totals);
	if (r->found.torn && totals.corrupt == 1)
		r->facts.first_corrupt[0] = '\0';
}

void findings_of_death(struct run *r, uint64_t end_ns)
{
	struct facts *f = &r->facts;
	int left = r->isolation->backend->pids(r->isolation, NULL, 0, NULL);
	f->server_left = left < 0 ? FACT_BROKEN : fact_of((uint64_t)left);
	checks_drain(r);
	gather_death(&r->gather, end_ns);
	if (r->load == NULL)
		return;
	note_torn(r, end_ns);
	/* By now connections have been reset: under way was what is known from the OOM event, or what just broke. */
	struct load_totals totals = r->life.at_oom;
	if (r->life.at_oom_ns == 0 || end_ns - r->life.at_oom_ns > SAMPLE_DYING_NS) {
		load_totals(r->load, &totals);
		broken_under_way(&r->books.broken, end_ns, &totals.in_flight, &totals.sent_in_flight_bytes);
	}
	f->death_in_flight = fact_of(totals.in_flight - totals.waiting);
	f->death_acknowledged_bytes = fact_of(totals.acknowledged_bytes);
	f->death_sent_in_flight_bytes = fact_of(totals.sent_in_flight_bytes);
}

static void stop_sampler(struct run *r)
{
	if (r->sampler == NULL)
		return;
	sampler_stop(r->sampler);
	checks_drain(r);
	struct sampler_stats stats;
	sampler_stats(r->sampler, &stats);
	struct facts *f = &r->facts;
	f->samples = fact_of(stats.samples);
	f->samples_dropped = fact_of(stats.dropped);
	f->sample_gap_max_ns = fact_of(stats.gap_max_ns);
	if (f->peak_usage_bytes.state == FACT_ABSENT)
		f->peak_usage_bytes = f->peak_sampled_usage_bytes;
	if (!stats.oom_fd_ok)
		f->oom_events = FACT_NONE;
}

static void take_kernel_log(struct run *r)
{
	pid_t server = r->target ? target_pid(r->target) : 0;
	struct kernel_log_filter filter = { .group = r->isolation ? r->isolation->name : "",
					    .pids = &server,
					    .pid_count = server > 0 };
	/* A child's record has nothing but its id when the kernel leaves out the lines that name the group. */
	if (r->sampler != NULL)
		filter.pids = sampler_pids(r->sampler, &filter.pid_count);
	kernel_log_read(&r->kernel_log, &filter);
}

/* Once it has, or when the counter stayed at 0, what it says later is our doing. */
static bool is_late(struct run *r)
{
	if (r->findings.kernel_log_read || r->kernel_log.fd < 0 || r->kernel_log.kill_count > 0 ||
	    !fact_known(r->facts.oom_kill) || r->facts.oom_kill.value == 0)
		return false;
	take_kernel_log(r);
	return r->kernel_log.kill_count == 0 && r->findings.kernel_log_waits++ < KERNEL_LOG_WAITS;
}

static void read_kernel_log(struct run *r)
{
	struct facts *f = &r->facts;
	const struct kernel_log *log = &r->kernel_log;
	death_note_dump(log, f);
	f->kernel_log_kills = log->fd < 0 ? FACT_BROKEN : fact_of(log->kill_count);
	if (log->fd < 0)
		return;
	uint64_t main_named = 0;
	for (size_t i = 0; i < log->kill_count && i < KERNEL_LOG_KILLS_MAX; i++)
		main_named += fact_known(f->server_pid) && (uint64_t)log->kills[i].pid == f->server_pid.value;
	f->oom_kill_main = fact_of(main_named > 0);
	if (log->kill_count <= KERNEL_LOG_KILLS_MAX && kernel_log_names_our_pids(log))
		f->oom_kill_others = fact_of(log->kill_count - main_named);
	if (log->kill_count > 0) {
		f->victim_pid = fact_of((uint64_t)log->kills[0].pid);
		f->victim_anon_bytes = log->kills[0].anon_rss_bytes;
	}
	const char *line = strstr(buf_str(&log->excerpt), "Killed process");
	if (line != NULL) {
		while (line > log->excerpt.data && line[-1] != '\n')
			line--;
		snprintf(f->kernel_log_line, sizeof(f->kernel_log_line), "%.*s", (int)strcspn(line, "\n"), line);
	}
}

bool findings_kernel_log_late(struct run *r)
{
	if (is_late(r))
		return true;
	if (!r->findings.kernel_log_read)
		read_kernel_log(r);
	r->findings.kernel_log_read = true;
	return false;
}

static void keep_kernel_log(struct run *r)
{
	const struct kernel_log *log = &r->kernel_log;
	struct error err = ERROR_INIT;
	if (log->excerpt.len > 0 && store_write_kernel_log(&r->store, log->excerpt.data, log->excerpt.len, &err) != 0)
		log_error("%s", err.message);
}

void findings_of_log(struct run *r)
{
	struct facts *f = r->life.facts;
	struct relay_totals totals = { 0 };
	if (r->target == NULL)
		return;
	target_settle_log(r->target, &totals);
	alloc_words_first(&r->alloc_words, f->server_log_alloc, sizeof(f->server_log_alloc));
}

/* Were the clocks sane?  All three should have gone on by the same. */
static void compare_clocks(struct run *r)
{
	uint64_t elapsed = run_elapsed_ns(r), boot = clock_boot_ns() - r->clocks.origin_boot_ns;
	int64_t step = (int64_t)(clock_wall_ns() - r->clocks.origin_wall_ns) - (int64_t)boot;
	if (r->clocks.origin_ns == 0)
		return;
	r->facts.slept_ns = fact_of(boot > elapsed ? boot - elapsed : 0);
	r->facts.wall_step_ns = fact_of((uint64_t)(step < 0 ? -step : step));
}

void findings_seal(struct run *r)
{
	if (r->findings.sealed)
		return;
	r->findings.sealed = true;
	checks_port_unseen(r);
	count_intended(r);
	checks_drain(r);
	gather_points(&r->gather);
	gather_phase(&r->gather, GATHER_STOP);
	read_counters(r);
	take_kernel_log(r);
	checks_disk(r);
}

/* Of the one whose kernel may swap the server out. */
static struct fact swap_of_machine(struct run *r)
{
	struct machine_state now = { .panic = NULL };
	if (r->isolation == NULL || r->isolation->backend->machine == NULL)
		return host_swap_total_bytes();
	r->isolation->backend->machine(r->isolation, &now);
	return now.swap_bytes;
}

void findings_end(struct run *r)
{
	stop_sampler(r);
	request_rows_write_held(r, true);
	objects_found_end(r);
	read_load(r);
	run_json_death(r);
	take_kernel_log(r); /* of later deaths, for the file alone */
	findings_of_log(r);
	keep_kernel_log(r);
	compare_clocks(r);
	maintenance_sum_up(&r->facts);
	r->facts.host_swap_bytes = swap_of_machine(r);
}
