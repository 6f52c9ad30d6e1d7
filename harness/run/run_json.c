#include "run/run_json.h"

#include <libgen.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/fact_json.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/mask.h"
#include "base/text.h"
#include "run/death_record.h"
#include "record/host.h"
#include "facts/facts_json.h"
#include "record/verdict_json.h"

static json_t *wall_time(void)
{
	char text[CLOCK_RFC3339_MAX];
	clock_rfc3339(clock_wall_ns(), text);
	return json_string(text);
}

/* What the user typed: a secret in it may be too short to be known by itself. */
static json_t *words_json(const char *text)
{
	char *shown = mask_named(text);
	json_t *json = text_json(shown);
	free(shown);
	return json;
}

static json_t *strings(const char *const *items)
{
	json_t *array = json_array();
	for (; items != NULL && *items != NULL; items++)
		json_array_append_new(array, words_json(*items));
	return array;
}

/* The sources of the server: the checkout its program lies in, or ours for a program found through PATH. */
static json_t *server_source(const json_t *command)
{
	char *program = xstrdup(json_string_value(json_array_get(command, 0)));
	json_t *git = host_git_state(strchr(program, '/') != NULL ? dirname(program) : ".");
	free(program);
	return git;
}

void run_json_deadlines(struct run *r)
{
	const struct scenario *s = r->scenario;
	r->facts.load_deadline_ns = fact_of(s->deadline_ns);
	if (s->server.health.path != NULL)
		r->facts.health_deadline_ns = fact_of(s->server.health_deadline_ns);
}

void run_json_begin(struct run *r)
{
	const struct scenario *s = r->scenario;
	struct facts *f = &r->facts;
	if (s->memory_bytes != 0) {
		f->cap_asked_bytes = fact_of(s->memory_bytes);
		f->swap_asked_bytes = fact_of(s->swap_bytes);
	}
	if (s->memory_high_bytes != 0)
		f->high_asked_bytes = fact_of(s->memory_high_bytes);
	f->oom_group_asked = fact_of(s->oom_group);
	run_json_deadlines(r);
	store_set(&r->store, "started", wall_time());
	store_set(&r->store, "label", r->options->label ? words_json(r->options->label) : json_null());
	store_set(&r->store, "note", r->options->note ? words_json(r->options->note) : json_null());
	store_set(&r->store, "command_line", strings(r->options->command_line));
	store_set(&r->store, "scenario", scenario_dump(s));
	store_set(&r->store, "host", host_describe());
}

/* Of the one in which the server runs; null: it runs on this host's kernel. */
static json_t *machine_json(const struct run *r)
{
	struct machine_state now;
	if (r->isolation->backend->machine == NULL)
		return json_null();
	r->isolation->backend->machine(r->isolation, &now);
	return json_pack("{s:s, s:I, s:o, s:o, s:o, s:I}", "accelerator", now.accelerator, "slowness",
			 (json_int_t)now.slowness, "total_bytes", fact_to_json(now.total_bytes), "swap_bytes",
			 fact_to_json(now.swap_bytes), "agent_bytes", fact_to_json(now.agent_bytes), "disk_bytes_per_s",
			 (json_int_t)r->scenario->data_bytes_per_s);
}

void run_json_isolation(struct run *r)
{
	const struct isolation_readback *b = &r->isolation->readback;
	store_set(&r->store, "isolation",
		  json_pack("{s:s, s:s, s:s?, s:o, s:o, s:o, s:o, s:s, s:b}", "backend", r->isolation->backend->name,
			    "group", r->isolation->name, "placement", r->isolation->placement, "memory_bytes",
			    fact_to_json(b->memory_bytes), "memory_swap_bytes", fact_to_json(b->memory_swap_bytes),
			    "swappiness", fact_to_json(b->swappiness), "memory_high_bytes", fact_to_json(b->high_bytes),
			    "data_file_system", r->folders.fs_type, "data_in_ram", r->folders.is_ram));
	store_set(&r->store, "machine", machine_json(r));
	json_t *command = target_command(r->target);
	store_set(&r->store, "server_source", server_source(command));
	store_set(&r->store, "server_command", command);
}

/* In the order of their starts: a later row of the table may have come first. */
static json_t *phases_json(const struct schedule *schedule)
{
	json_t *phases = json_array();
	for (int i = 0; i < PHASES; i++) {
		const struct span *span = &schedule->spans[i];
		bool goes_on = schedule->name != NULL && i == (int)schedule->span;
		if (span->name == NULL || (span->start_ns == 0 && span->end_ns == 0 && !goes_on))
			continue;
		size_t at = json_array_size(phases);
		while (at > 0 && json_integer_value(json_object_get(json_array_get(phases, at - 1), "start_ns")) >
					 (json_int_t)span->start_ns)
			at--;
		json_array_insert_new(phases, at,
				      json_pack("{s:s, s:I, s:o}", "name", span->name, "start_ns",
						(json_int_t)span->start_ns, "end_ns",
						goes_on ? json_null() : json_integer((json_int_t)span->end_ns)));
	}
	return phases;
}

static void set_progress(struct run *r)
{
	store_set(&r->store, "phases", phases_json(&r->schedule));
	if (r->target != NULL && target_pid(r->target) > 0)
		store_set(&r->store, "server_pid", json_integer(target_pid(r->target)));
	/* Together with the pid this tells a leftover server from a later process of the same id. */
	if (r->isolation != NULL && r->isolation->main_start_ticks != 0)
		store_set(&r->store, "server_start_time", json_integer((json_int_t)r->isolation->main_start_ticks));
	store_set(&r->store, "facts", facts_to_json(&r->facts));
}

int run_json_write(struct run *r, bool durable)
{
	struct error err = ERROR_INIT;
	set_progress(r);
	if ((durable ? store_update : store_update_unsynced)(&r->store, &err) == 0)
		return 0;
	log_error("%s", err.message);
	run_note_fault(r, &err);
	return -1;
}

static json_t *load_json(const struct run *r)
{
	struct load_self self;
	load_self(r->load, &self);
	json_t *groups = json_array();
	const struct latency *l;
	for (size_t i = 0; (l = load_group_latency(r->load, i)) != NULL; i++) {
		const char *name = i < r->scenario->load.count ? r->scenario->load.items[i].name : "read-back";
		json_array_append_new(groups, json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "name", name, "count",
							(json_int_t)latency_count(l), "p50_ns",
							(json_int_t)latency_quantile_ns(l, 0.5), "p90_ns",
							(json_int_t)latency_quantile_ns(l, 0.9), "p99_ns",
							(json_int_t)latency_quantile_ns(l, 0.99), "max_ns",
							(json_int_t)latency_max_ns(l)));
	}
	return json_pack("{s:I, s:I, s:b, s:s, s:o}", "generator_cpu_ns", (json_int_t)self.cpu_ns, "generator_wall_ns",
			 (json_int_t)self.wall_ns, "bottleneck", self.bottleneck, "bottleneck_reason", self.reason,
			 "latency", groups);
}

static json_t *sampler_json(const struct run *r)
{
	struct sampler_stats s;
	sampler_stats(r->sampler, &s);
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "samples", (json_int_t)s.samples, "dropped",
			 (json_int_t)s.dropped, "cpu_ns", (json_int_t)s.cpu_ns, "wall_ns", (json_int_t)s.wall_ns,
			 "lateness_p50_ns", (json_int_t)s.lateness_p50_ns, "lateness_p99_ns",
			 (json_int_t)s.lateness_p99_ns, "lateness_max_ns", (json_int_t)s.lateness_max_ns, "gap_max_ns",
			 (json_int_t)s.gap_max_ns);
}

void run_json_death(struct run *r)
{
	const struct oom_snapshot *at_oom = r->sampler != NULL ? sampler_at_oom(r->sampler) : NULL;
	const struct fact end_ns = r->facts.server_end_ns;
	/* A first death for another reason has no OOM event of its own. */
	if (at_oom != NULL && fact_known(end_ns) && at_oom->sample.t_ns - r->clocks.origin_ns > end_ns.value)
		at_oom = NULL;
	json_t *death = death_to_json(&r->kernel_log, at_oom, &r->gather, r->clocks.origin_ns);
	if (death != NULL)
		store_set(&r->store, "death", death);
}

/* What of the server's own words is in the folder, and how much was too much. */
static json_t *printed_json(const struct run *r)
{
	struct relay_totals log;
	target_settle_log(r->target, &log);
	return json_pack("{s:I, s:I, s:I, s:I}", "log_bytes", (json_int_t)log.bytes, "log_dropped_bytes",
			 (json_int_t)log.dropped_bytes, "figures_bytes", (json_int_t)r->figures.bytes,
			 "figures_dropped_bytes", (json_int_t)r->figures.dropped_bytes);
}

void run_json_end(struct run *r)
{
	set_progress(r);
	if (r->target != NULL)
		store_set(&r->store, "printed", printed_json(r));
	store_set(&r->store, "ended", wall_time());
	if (r->load != NULL)
		store_set(&r->store, "load", load_json(r));
	if (r->sampler != NULL) {
		store_set(&r->store, "sampler", sampler_json(r));
		sampler_free(r->sampler);
		r->sampler = NULL;
	}
	struct expectation expectation = { .verdicts = r->scenario->expect.items,
					   .count = r->scenario->expect.count,
					   .data_loss = r->scenario->expect_data_loss,
					   .no_failures = r->scenario->expect_failures == FAILURES_NONE,
					   .some_failures = r->scenario->expect_failures == FAILURES_SOME,
					   .figures = r->scenario->expect_figures.items,
					   .figure_count = r->scenario->expect_figures.count };
	store_set(&r->store, "verdict", verdict_to_json(&r->verdict, &r->facts, &expectation));
	store_end(&r->store, r->verdict.outcome == OUTCOME_INTERRUPTED ? RECORD_INTERRUPTED : RECORD_FINISHED);
}
