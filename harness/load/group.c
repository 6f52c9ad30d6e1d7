#include "load/group.h"

#include <stdlib.h>

#include "base/clock.h"

static int group_check(const struct load_group *group, struct error *err)
{
	if (group->clients == 0)
		return error_set(err, ERROR_INPUT, "group '%s' has no clients", group->name);
	if (group->kind == GROUP_UPLOAD && group->file == NULL && group->size.count == 0)
		return error_set(err, ERROR_INPUT, "group '%s' uploads, but has neither size nor file", group->name);
	if (group->kind == GROUP_SEEK && group->seeks == 0)
		return error_set(err, ERROR_INPUT, "group '%s' seeks, but no position in a file", group->name);
	if (group->files == 0 && group->duration_ns == 0)
		return error_set(err, ERROR_INPUT, "group '%s' would never end: it needs files or duration",
				 group->name);
	return 0;
}

static void on_http_closed(void *arg)
{
	handles_closed(arg);
}

static void on_request_done(void *arg, const struct load_request *r)
{
	struct group_run *g = arg;
	g->ground->callbacks.request_done(g->ground->callbacks.arg, r);
}

static void changed(struct group_run *g)
{
	g->ground->callbacks.changed(g->ground->callbacks.arg);
}

static void on_client_stalled(void *arg)
{
	struct group_run *g = arg;
	g->stalled++;
	changed(g);
}

static void on_client_stall_over(void *arg)
{
	struct group_run *g = arg;
	g->stalled--;
}

/* With the last client go the connections. */
static void on_client_ended(void *arg)
{
	struct group_run *g = arg;
	if (--g->active == 0) {
		g->shared.tally.progress.finished = true;
		alarm_stop(&g->duration);
		http_client_close(g->shared.http, on_http_closed, g->shared.handles);
		g->shared.http = NULL;
	}
	changed(g);
}

static bool on_asked_for_uploads(void *arg)
{
	const struct group_run *g = arg;
	return g->ground->callbacks.uploads_go_on(g->ground->callbacks.arg);
}

static void make_clients(struct group_run *g)
{
	g->client_callbacks = (struct client_callbacks){
		.arg = g,
		.request_done = on_request_done,
		.stalled = on_client_stalled,
		.stall_over = on_client_stall_over,
		.ended = on_client_ended,
		.uploads_go_on = on_asked_for_uploads,
	};
	g->client_count = g->active = (unsigned)g->plan.group->clients;
	g->clients = xcalloc(g->client_count, sizeof(*g->clients));
	for (unsigned i = 0; i < g->client_count; i++)
		client_init(&g->clients[i], &g->shared, &g->plan, &g->client_callbacks, i);
}

static int make(struct group_ground *ground, const struct plan *plan, struct group_run **out, struct error *err)
{
	struct http_client *http;
	if (http_client_new(&http, ground->loop, err) != 0)
		return -1;
	handles_opened(&ground->handles);
	struct group_run *g = xcalloc(1, sizeof(*g));
	g->ground = ground;
	g->plan = *plan;
	g->shared = (struct shared){
		.loop = ground->loop,
		.access = ground->access,
		.group = plan->group,
		.file = plan->file,
		.ordinal = ground->groups_made++,
		.read_back = plan->read_back != NULL,
		.verify = plan->group->verify,
		.seed = ground->seed,
		.http = http,
		.objects = &ground->objects,
		.handles = &ground->handles,
		.patience = &ground->patience,
		.tally = { .totals = &ground->totals, .latency = latency_new() },
	};
	/* As many as clients: each keeps its connection between two transfers. */
	http_client_keep(http, plan->group->clients);
	alarm_init(&g->duration, ground->loop, &ground->handles);
	make_clients(g);
	struct load_group_progress *progress = &g->shared.tally.progress;
	progress->name = plan->group->name;
	plan_expect(&g->plan, &progress->expected, &progress->expected_bytes);
	*out = g;
	return 0;
}

int group_new(struct group_ground *ground, const struct load_group *group, struct group_run **out, struct error *err)
{
	struct plan plan = { .group = group };
	if (group_check(group, err) != 0)
		return -1;
	bool sends_file = group->kind == GROUP_UPLOAD && group->file != NULL;
	if (sends_file && objects_open_file(&ground->objects, group->file, &plan.file, err) != 0)
		return error_prefix(err, "group '%s'", group->name);
	return make(ground, &plan, out, err);
}

int group_new_read_back(struct group_ground *ground, const struct load_group *group, enum read_back_scope scope,
			struct group_run **out, struct error *err)
{
	const struct plan plan = { .group = group, .read_back = &ground->objects, .scope = scope };
	return make(ground, &plan, out, err);
}

static void on_duration(void *arg)
{
	struct group_run *g = arg;
	g->plan.over = true;
	for (unsigned i = 0; i < g->client_count; i++) {
		struct client *c = &g->clients[i];
		if (c->state == CLIENT_WAITING || c->transfer.waiting || g->plan.group->cut)
			client_cut(c, false);
	}
	changed(g);
}

void group_start(struct group_run *g)
{
	const struct load_group *group = g->plan.group;
	g->plan.start_ns = clock_ns() + group->start_ns;
	if (group->duration_ns > 0)
		alarm_set(&g->duration, g->plan.start_ns + group->duration_ns, on_duration, g);
	for (unsigned i = 0; i < g->client_count; i++)
		client_start(&g->clients[i]);
}

void group_stop(struct group_run *g)
{
	g->plan.over = true;
}

void group_cut(struct group_run *g, bool load_stopped)
{
	for (unsigned i = 0; i < g->client_count; i++)
		client_cut(&g->clients[i], load_stopped);
}

unsigned group_waits_for(const struct group_run *g)
{
	bool may_end = g->plan.group->duration_ns == 0 || g->plan.over;
	return may_end ? g->active - g->stalled : g->active;
}

bool group_uploads_go_on(const struct group_run *g)
{
	return g->plan.group->kind == GROUP_UPLOAD && g->active > g->stalled;
}

void group_close(struct group_run *g)
{
	for (unsigned i = 0; i < g->client_count; i++)
		client_close(&g->clients[i]);
	alarm_close(&g->duration);
}

void group_free(struct group_run *g)
{
	latency_free(g->shared.tally.latency);
	free(g->clients);
	free(g);
}
