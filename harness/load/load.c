#include "load/load.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/open_files.h"
#include "load/internal.h"

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* Open files of ours that are no connections. */
#define OTHER_FILES 256

/*
 * libuv's clock is CLOCK_MONOTONIC in whole milliseconds, as ours is in ns:
 * with the due time rounded up nothing wakes early.
 */
uint64_t load_delay_ms(struct load *l, uint64_t t_ns)
{
	uint64_t due_ms = (t_ns + NS_PER_MS - 1) / NS_PER_MS;
	uv_update_time(l->loop);
	return due_ms > uv_now(l->loop) ? due_ms - uv_now(l->loop) : 0;
}

static void on_defer_closed(uv_handle_t *handle)
{
	load_handle_closed(container_of((uv_timer_t *)handle, struct load, defer));
}

void load_handle_opened(struct load *l)
{
	l->open_handles++;
}

static void on_self_closed(uv_handle_t *handle)
{
	struct load *l = handle->data;
	if (l->self.schedstat_fd >= 0)
		close(l->self.schedstat_fd);
	load_handle_closed(l);
}

void load_handle_closed(struct load *l)
{
	if (--l->open_handles > 0 || !l->closing)
		return;
	while (l->groups != NULL) {
		struct group_run *next = l->groups->next;
		group_free(l->groups);
		l->groups = next;
	}
	free(l->phase);
	objects_release(&l->objects);
	objects_release(&l->unanswered);
	void (*closed)(void *) = l->closed;
	void *arg = l->closed_arg;
	free(l);
	if (closed != NULL)
		closed(arg);
}

int load_new(struct load **out, uv_loop_t *loop, const struct target_access *access, uint64_t seed,
	     const struct load_callbacks *callbacks, struct error *err)
{
	(void)err;
	struct load *l = xcalloc(1, sizeof(*l));
	l->loop = loop;
	l->access = access;
	l->seed = seed;
	l->callbacks = *callbacks;
	l->objects.next_number = 1;
	uv_timer_init(loop, &l->defer); /* cannot fail: it only fills the handle */
	load_handle_opened(l);
	self_init(l);
	*out = l;
	return 0;
}

/* A group whose stalled clients need not be waited for: nothing of its own is still to come. */
static unsigned clients_to_wait_for(const struct group_run *g)
{
	bool may_end = g->group->duration_ns == 0 || g->over;
	return may_end ? g->active - g->stalled : g->active;
}

/* Groups of the phase under way. */
static struct group_run *phase_group(const struct load *l, size_t i)
{
	if (l->reading != NULL)
		return i == 0 ? l->reading : NULL;
	return i < l->phase_count ? l->phase[i] : NULL;
}

static void phase_finish(struct load *l)
{
	l->running = false;
	l->stopping = false;
	self_stop(l);
	if (l->callbacks.finished != NULL)
		l->callbacks.finished(l->callbacks.arg);
}

static void on_defer(uv_timer_t *timer)
{
	struct load *l = container_of(timer, struct load, defer);
	unsigned waiting = 0, active = 0;
	struct group_run *g;

	for (size_t i = 0; (g = phase_group(l, i)) != NULL; i++)
		waiting += clients_to_wait_for(g);
	/* Only clients that stall for ever are left, or we were told to stop. */
	if (waiting == 0 || l->stopping)
		for (size_t i = 0; (g = phase_group(l, i)) != NULL; i++)
			for (unsigned n = 0; n < g->client_count; n++)
				client_cut(&g->clients[n], END_CUT);
	for (size_t i = 0; (g = phase_group(l, i)) != NULL; i++)
		active += g->active;
	uv_timer_stop(&l->defer);
	if (active == 0 && l->running)
		phase_finish(l);
}

void load_check_end(struct load *l)
{
	struct group_run *g;
	if (!l->running || l->closing)
		return;
	for (size_t i = 0; (g = phase_group(l, i)) != NULL; i++)
		if (clients_to_wait_for(g) > 0)
			return;
	uv_timer_start(&l->defer, on_defer, 0, 0);
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
	self_start(l);
	for (size_t i = 0; (g = phase_group(l, i)) != NULL; i++)
		group_start(g);
	load_check_end(l);
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
		if (group_new(l, &groups[i], false, &phase[i], err) != 0) {
			free(phase); /* the groups made so far belong to the load and go with it */
			return -1;
		}
	}
	free(l->phase);
	l->phase = phase;
	l->phase_count = count;
	l->reading = NULL;
	phase_start(l);
	return 0;
}

const struct object *load_read_back_object(const struct load *l, enum read_back_scope scope, size_t *n)
{
	for (; *n < l->objects.count; ++*n)
		if (scope == READ_BACK_ALL || l->objects.items[*n].group->read_back)
			return &l->objects.items[*n];
	size_t behind = *n - l->objects.count;
	return scope == READ_BACK_ALL && behind < l->unanswered.count ? &l->unanswered.items[behind] : NULL;
}

void load_objects(const struct load *l, enum read_back_scope scope, uint64_t *acknowledged, uint64_t *unanswered)
{
	const struct object *object;
	*acknowledged = *unanswered = 0;
	for (size_t n = 0; (object = load_read_back_object(l, scope, &n)) != NULL; n++)
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
	l->read_back_scope = scope;
	l->read_back_next = 0;
	if (group_new(l, &l->read_back_group, true, &l->reading, err) != 0)
		return -1;
	phase_start(l);
	return 0;
}

void load_stop(struct load *l)
{
	if (!l->running)
		return;
	l->stopping = true;
	uv_timer_start(&l->defer, on_defer, 0, 0);
}

void load_totals(const struct load *l, struct load_totals *out)
{
	*out = l->totals;
}

size_t load_progress(const struct load *l, struct load_group_progress *out, size_t max)
{
	size_t n = 0;
	const struct group_run *g;
	for (size_t i = 0; n < max && (g = phase_group(l, i)) != NULL; i++)
		out[n++] = g->progress;
	return n;
}

const struct latency *load_group_latency(const struct load *l, size_t group)
{
	return group < l->phase_count ? l->phase[group]->latency : NULL;
}

void load_close(struct load *l, void (*closed)(void *arg), void *arg)
{
	l->closing = true;
	l->closed = closed;
	l->closed_arg = arg;
	for (struct group_run *g = l->groups; g != NULL; g = g->next)
		group_close(g);
	uv_close((uv_handle_t *)&l->defer, on_defer_closed);
	uv_close((uv_handle_t *)&l->self.timer, on_self_closed);
}
