#include <stdlib.h>

#include "base/clock.h"
#include "load/internal.h"

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

uint64_t group_transfers_per_client(const struct load_group *group)
{
	uint64_t per_file = group->kind == GROUP_SEEK && group->seeks > 0 ? group->seeks : 1;
	return group->files * per_file;
}

uint64_t group_size_at(const struct group_run *g, uint64_t turn)
{
	if (g->file != NULL)
		return g->file->size_bytes;
	return g->group->size.items[turn % g->group->size.count];
}

static int group_check(const struct load_group *group, struct error *err)
{
	if (group->clients == 0)
		return error_set(err, ERROR_INPUT, "group '%s' has no clients", group->name);
	if (group->kind == GROUP_UPLOAD && group->file == NULL && group->size.count == 0)
		return error_set(err, ERROR_INPUT, "group '%s' uploads, but has neither size nor file", group->name);
	if (group->files == 0 && group->duration_ns == 0)
		return error_set(err, ERROR_INPUT, "group '%s' would never end: it needs files or duration",
				 group->name);
	return 0;
}

static void expect(struct group_run *g)
{
	const struct load_group *group = g->group;
	g->progress.name = group->name;
	if (g->read_back) {
		const struct object *object;
		for (size_t n = 0; (object = load_read_back_object(g->load, g->load->read_back_scope, &n)) != NULL;
		     n++) {
			g->progress.expected++;
			g->progress.expected_bytes += object->size_bytes;
		}
		return;
	}
	g->progress.expected = group_transfers_per_client(group) * group->clients;
	if (group->kind == GROUP_UPLOAD) {
		/* The sizes come in turn: whole rounds, then a part of one. */
		size_t in_round = g->file != NULL ? 1 : group->size.count;
		for (size_t i = 0; i < in_round; i++) {
			uint64_t times = g->progress.expected / in_round + (i < g->progress.expected % in_round);
			g->progress.expected_bytes += group_size_at(g, i) * times;
		}
	}
	/* What is read is known only when it is chosen. */
}

static void on_handle_closed(uv_handle_t *handle)
{
	load_handle_closed(container_of((uv_timer_t *)handle, struct group_run, duration_timer)->load);
}

static void on_http_closed(void *arg)
{
	load_handle_closed(arg);
}

int group_new(struct load *l, const struct load_group *group, bool read_back, struct group_run **out, struct error *err)
{
	if (!read_back && group_check(group, err) != 0)
		return -1;
	const struct source_file *file = NULL;
	bool sends_file = group->kind == GROUP_UPLOAD && group->file != NULL;
	if (sends_file && objects_open_file(&l->objects, group->file, &file, err) != 0)
		return error_prefix(err, "group '%s'", group->name);

	struct group_run *g = xcalloc(1, sizeof(*g));
	g->load = l;
	g->group = group;
	g->read_back = read_back;
	g->file = file;
	g->ordinal = l->groups != NULL ? l->groups->ordinal + 1 : 0;
	if (http_client_new(&g->http, l->loop, err) != 0) {
		free(g);
		return -1;
	}
	/* As many as clients: each keeps its connection between two transfers. */
	http_client_keep(g->http, group->clients);
	load_handle_opened(l);
	uv_timer_init(l->loop, &g->duration_timer); /* cannot fail: it only fills the handle */
	load_handle_opened(l);
	g->next = l->groups;
	l->groups = g;

	g->latency = latency_new();
	g->client_count = (unsigned)group->clients;
	g->clients = xcalloc(g->client_count, sizeof(*g->clients));
	for (unsigned i = 0; i < g->client_count; i++)
		client_init(&g->clients[i], g, i);
	expect(g);
	*out = g;
	return 0;
}

static void on_duration(uv_timer_t *timer)
{
	struct group_run *g = container_of(timer, struct group_run, duration_timer);
	g->over = true;
	for (unsigned i = 0; i < g->client_count; i++) {
		struct client *c = &g->clients[i];
		if (c->state == CLIENT_WAITING || g->group->cut)
			client_cut(c, END_CUT);
	}
	load_check_end(g->load);
}

void group_start(struct group_run *g)
{
	g->start_ns = clock_ns() + g->group->start_ns;
	if (g->group->duration_ns > 0)
		uv_timer_start(&g->duration_timer, on_duration,
			       load_delay_ms(g->load, g->start_ns + g->group->duration_ns), 0);
	for (unsigned i = 0; i < g->client_count; i++)
		client_start(&g->clients[i]);
}

void group_finished(struct group_run *g)
{
	g->progress.finished = true;
	uv_timer_stop(&g->duration_timer);
	http_client_close(g->http, on_http_closed, g->load);
	g->http = NULL;
}

void group_close(struct group_run *g)
{
	for (unsigned i = 0; i < g->client_count; i++)
		client_drop(&g->clients[i]);
	uv_close((uv_handle_t *)&g->duration_timer, on_handle_closed);
}

void group_free(struct group_run *g)
{
	latency_free(g->latency);
	free(g->clients);
	free(g);
}
