#include "load/load.h"

#include <stdlib.h>
#include <string.h>

#include "base/open_files.h"
#include "load/group.h"

/* Open files of ours that are no connections. */
#define OTHER_FILES 256

struct load {
	struct group_ground ground;
	struct load_callbacks callbacks;
	struct group_run *groups; /* all ever started, newest first, kept until load_close() for their figures */
	struct group_run **phase; /* those of the last load_start() */
	size_t phase_count;
	struct group_run *reading; /* the read-back, while and after it runs */
	struct load_group read_back_group;
	bool running, stopping, closing;
	struct alarm defer; /* ends phases from the loop, never from inside a callback */
	struct own_cpu own_cpu;
	void (*closed)(void *arg);
	void *closed_arg;
};

/* Groups of the phase under way. */
static struct group_run *phase_group(const struct load *l, size_t i)
{
	if (l->reading != NULL)
		return i == 0 ? l->reading : NULL;
	return i < l->phase_count ? l->phase[i] : NULL;
}

static unsigned waits_for(const struct load *l)
{
	struct group_run *g;
	unsigned clients = 0;
	for (size_t i = 0; (g = phase_group(l, i)) != NULL; i++)
		clients += group_waits_for(g);
	return clients;
}

static void phase_finish(struct load *l)
{
	l->running = false;
	l->stopping = false;
	own_cpu_stop(&l->own_cpu);
	if (l->callbacks.finished != NULL)
		l->callbacks.finished(l->callbacks.arg);
}

static void on_defer(void *arg)
{
	struct load *l = arg;
	unsigned active = 0;
	struct group_run *g;

	/* Only clients that stall for ever are left, or we were told to stop. */
	if (waits_for(l) == 0 || l->stopping)
		for (size_t i = 0; (g = phase_group(l, i)) != NULL; i++)
			group_cut(g, l->stopping);
	for (size_t i = 0; (g = phase_group(l, i)) != NULL; i++)
		active += g->active;
	alarm_stop(&l->defer);
	if (active == 0 && l->running)
		phase_finish(l);
}

static void on_request_done(void *arg, const struct load_request *r)
{
	struct load *l = arg;
	if (l->callbacks.request_done != NULL)
		l->callbacks.request_done(l->callbacks.arg, r);
}

/* Looks, from the loop, whether the phase is over. */
static void on_group_changed(void *arg)
{
	struct load *l = arg;
	if (l->running && !l->closing && waits_for(l) == 0)
		alarm_set(&l->defer, 0, on_defer, l);
}

static bool on_asked_for_uploads(void *arg)
{
	const struct load *l = arg;
	for (size_t i = 0; i < l->phase_count; i++)
		if (group_uploads_go_on(l->phase[i]))
			return true;
	return false;
}

int load_new(struct load **out, uv_loop_t *loop, const struct target_access *access, uint64_t seed,
	     const struct load_callbacks *callbacks, struct error *err)
{
	(void)err;
	struct load *l = xcalloc(1, sizeof(*l));
	l->callbacks = *callbacks;
	l->ground.loop = loop;
	l->ground.access = access;
	l->ground.seed = seed;
	l->ground.callbacks = (struct group_callbacks){
		.arg = l,
		.request_done = on_request_done,
		.changed = on_group_changed,
		.uploads_go_on = on_asked_for_uploads,
	};
	alarm_init(&l->defer, loop, &l->ground.handles);
	own_cpu_init(&l->own_cpu, loop, &l->ground.handles);
	*out = l;
	return 0;
}

/*
 * One descriptor per client.  The soft limit is raised only when the load needs
 * it: what the server was started with is its own affair.
 */
static int allow_connections(uint64_t clients, struct error *err)
{
	return open_files_allow(clients + OTHER_FILES, err) == 0
		       ? 0
		       : error_prefix(err, "%llu clients", (unsigned long long)clients);
}

static void phase_start(struct load *l)
{
	struct group_run *g;
	l->running = true;
	own_cpu_start(&l->own_cpu);
	for (size_t i = 0; (g = phase_group(l, i)) != NULL; i++)
		group_start(g);
	on_group_changed(l);
}

static void keep_group(struct load *l, struct group_run *g)
{
	g->next = l->groups;
	l->groups = g;
}

int load_start(struct load *l, const struct load_group *groups, size_t count, struct error *err)
{
	uint64_t clients = 0;
	if (l->running)
		return error_set(err, ERROR_BUG, "a load phase is still running");
	for (size_t i = 0; i < count; i++)
		clients += groups[i].clients;
	if (allow_connections(clients, err) != 0)
		return -1;
	struct group_run **phase = xcalloc(count > 0 ? count : 1, sizeof(*phase));
	for (size_t i = 0; i < count; i++) {
		if (group_new(&l->ground, &groups[i], &phase[i], err) != 0) {
			free(phase); /* the groups made so far belong to the load and go with it */
			return -1;
		}
		keep_group(l, phase[i]);
	}
	free(l->phase);
	l->phase = phase;
	l->phase_count = count;
	l->reading = NULL;
	phase_start(l);
	return 0;
}

void load_objects(const struct load *l, enum read_back_scope scope, uint64_t *acknowledged, uint64_t *unanswered)
{
	const struct object *object;
	*acknowledged = *unanswered = 0;
	for (size_t n = 0; (object = objects_read_back(&l->ground.objects, scope, &n)) != NULL; n++)
		++*(object->acknowledged ? acknowledged : unanswered);
}

int load_start_read_back(struct load *l, enum read_back_scope scope, struct error *err)
{
	if (l->running)
		return error_set(err, ERROR_BUG, "a load phase is still running");
	/* One at a time: reading back must not be what kills a server that survived the load. */
	memset(&l->read_back_group, 0, sizeof(l->read_back_group));
	l->read_back_group.name = (char *)request_kind_names[REQUEST_READ_BACK];
	l->read_back_group.kind = GROUP_DOWNLOAD;
	l->read_back_group.clients = 1;
	l->read_back_group.verify = true;
	if (group_new_read_back(&l->ground, &l->read_back_group, scope, &l->reading, err) != 0)
		return -1;
	keep_group(l, l->reading);
	phase_start(l);
	return 0;
}

void load_stop(struct load *l)
{
	struct group_run *g;
	if (!l->running)
		return;
	l->stopping = true;
	for (size_t i = 0; (g = phase_group(l, i)) != NULL; i++)
		group_stop(g);
	alarm_set(&l->defer, 0, on_defer, l);
}

void load_server_down(struct load *l, bool down)
{
	l->ground.patience.down = down;
}

void load_totals(const struct load *l, struct load_totals *out)
{
	*out = l->ground.totals;
	out->refused_ns = l->ground.patience.closed_ns;
}

size_t load_progress(const struct load *l, struct load_group_progress *out, size_t max)
{
	size_t n = 0;
	const struct group_run *g;
	for (size_t i = 0; n < max && (g = phase_group(l, i)) != NULL; i++)
		out[n++] = g->shared.tally.progress;
	return n;
}

const struct latency *load_group_latency(const struct load *l, size_t group)
{
	return group < l->phase_count ? l->phase[group]->shared.tally.latency : NULL;
}

void load_self(const struct load *l, struct load_self *out)
{
	own_cpu_read(&l->own_cpu, out);
}

static void on_all_closed(void *arg)
{
	struct load *l = arg;
	while (l->groups != NULL) {
		struct group_run *next = l->groups->next;
		group_free(l->groups);
		l->groups = next;
	}
	free(l->phase);
	objects_release(&l->ground.objects);
	void (*closed)(void *) = l->closed;
	void *closed_arg = l->closed_arg;
	free(l);
	if (closed != NULL)
		closed(closed_arg);
}

void load_close(struct load *l, void (*closed)(void *arg), void *arg)
{
	l->closing = true;
	l->closed = closed;
	l->closed_arg = arg;
	handles_when_closed(&l->ground.handles, on_all_closed, l);
	for (struct group_run *g = l->groups; g != NULL; g = g->next)
		group_close(g);
	alarm_close(&l->defer);
	own_cpu_close(&l->own_cpu);
}
