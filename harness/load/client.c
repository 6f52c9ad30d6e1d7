#include <stddef.h>

#include "base/clock.h"
#include "load/internal.h"
#include "load/payload.h"

#define container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* After a transport failure, so that a dead server meets no storm of connections. */
#define RETRY_PAUSE_NS (100 * NS_PER_MS)
/* How often a reader looks for an object to read, and when it gives up. */
#define OBJECT_POLL_NS (50 * NS_PER_MS)
#define OBJECT_WAIT_NS (30 * NS_PER_S)

static void client_next(struct client *c, uint64_t not_before_ns);

static void on_timer(uv_timer_t *timer)
{
	struct client *c = container_of(timer, struct client, timer);
	c->wake(c);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct client *c = container_of((uv_timer_t *)handle, struct client, timer);
	load_handle_closed(c->group->load);
}

void client_sleep_until(struct client *c, uint64_t t_ns, void (*wake)(struct client *))
{
	c->wake = wake;
	uv_timer_start(&c->timer, on_timer, load_delay_ms(c->group->load, t_ns), 0);
}

void client_init(struct client *c, struct group_run *g, unsigned index)
{
	c->group = g;
	c->index = index;
	uv_timer_init(g->load->loop, &c->timer); /* cannot fail: it only fills the handle */
	load_handle_opened(g->load);
	g->active++;
}

static void client_end(struct client *c)
{
	struct group_run *g = c->group;
	c->state = CLIENT_ENDED;
	transfer_release(c);
	if (c->http.easy != NULL)
		curl_easy_cleanup(c->http.easy);
	c->http.easy = NULL;
	if (c->random != NULL)
		gsl_rng_free(c->random);
	c->random = NULL;
	uv_close((uv_handle_t *)&c->timer, on_timer_closed);
	if (--g->active == 0)
		group_finished(g);
	load_check_end(g->load);
}

/* An object to read, by turns so that clients spread over them; NULL while there is none. */
static const struct object *object_at(struct load *l, uint64_t turn)
{
	return l->objects.count > 0 ? &l->objects.items[turn % l->objects.count] : NULL;
}

static bool uploads_go_on(const struct load *l)
{
	for (size_t i = 0; i < l->phase_count; i++)
		if (l->phase[i]->group->kind == GROUP_UPLOAD && l->phase[i]->active > l->phase[i]->stalled)
			return true;
	return false;
}

static void client_begin(struct client *c);

/* A reader with nothing to read yet: waits while uploads go on, then lets transfer_begin() record the failure. */
static bool client_wants_object(struct client *c)
{
	uint64_t now = clock_ns();
	if (c->wanting_since_ns == 0)
		c->wanting_since_ns = now;
	if (!uploads_go_on(c->group->load) || now - c->wanting_since_ns >= OBJECT_WAIT_NS)
		return false;
	client_sleep_until(c, now + OBJECT_POLL_NS, client_begin);
	return true;
}

/* Like a video player: from the start, then windows at random positions. */
static void begin_window(struct client *c, uint64_t windows)
{
	struct load *l = c->group->load;
	bool opening = c->started % windows == 0;
	if (opening && l->objects.count > 0)
		c->object_index = c->turn / windows % l->objects.count;
	const struct object *object = l->objects.count > 0 ? &l->objects.items[c->object_index] : NULL;
	uint64_t offset = 0, wanted = 0;
	if (object != NULL) {
		wanted = c->group->group->window_bytes;
		if (wanted == 0 || wanted > object->size_bytes)
			wanted = object->size_bytes;
		if (!opening)
			offset = (uint64_t)(gsl_rng_uniform(c->random) * (double)(object->size_bytes - wanted + 1));
	}
	transfer_begin(c, REQUEST_RANGE, object, offset, wanted);
}

static void client_begin(struct client *c)
{
	struct group_run *g = c->group;
	struct load *l = g->load;
	const struct object *object;

	if (g->read_back) {
		object = load_read_back_object(l, l->read_back_scope, &l->read_back_next);
		l->read_back_next++;
		transfer_begin(c, REQUEST_READ_BACK, object, 0, object->size_bytes);
		return;
	}
	bool reads = g->group->kind == GROUP_DOWNLOAD || g->group->kind == GROUP_SEEK;
	if (reads && l->objects.count == 0 && client_wants_object(c))
		return;
	c->wanting_since_ns = 0;
	switch (g->group->kind) {
	case GROUP_UPLOAD:
		transfer_begin(c, REQUEST_UPLOAD, NULL, 0, group_size_at(g, c->turn));
		break;
	case GROUP_DOWNLOAD:
		object = object_at(l, c->turn);
		transfer_begin(c, REQUEST_DOWNLOAD, object, 0, object != NULL ? object->size_bytes : 0);
		break;
	case GROUP_SEEK:
		begin_window(c, g->group->seeks > 0 ? g->group->seeks : 1);
		break;
	case GROUP_REQUEST:
		transfer_begin(c, REQUEST_OTHER, object_at(l, c->turn), 0, 0);
		break;
	}
}

/* Is there another transfer for this client?  Takes it. */
static bool client_take(struct client *c)
{
	struct group_run *g = c->group;
	const struct load_group *group = g->group;
	if (g->read_back)
		return load_read_back_object(g->load, g->load->read_back_scope, &g->load->read_back_next) != NULL;
	uint64_t each = group_transfers_per_client(group);
	if (group->rate_per_s > 0) {
		if (each > 0 && g->taken >= each * group->clients)
			return false;
		c->turn = g->taken;
		c->intended_ns = pacing_intended_ns(g->start_ns, group->rate_per_s, g->taken);
	} else {
		if (each > 0 && c->started >= each)
			return false;
		c->turn = c->started * group->clients + c->index;
		c->intended_ns = 0;
	}
	g->taken++;
	return true;
}

static void client_next(struct client *c, uint64_t not_before_ns)
{
	struct group_run *g = c->group;
	c->state = CLIENT_WAITING;
	if (g->load->stopping || g->over || !client_take(c)) {
		client_end(c);
		return;
	}
	uint64_t now = clock_ns();
	uint64_t at = c->intended_ns > not_before_ns ? c->intended_ns : not_before_ns;
	if (g->group->duration_ns > 0 && at >= g->start_ns + g->group->duration_ns)
		client_end(c);
	else if (at > now)
		client_sleep_until(c, at, client_begin);
	else
		client_begin(c);
}

static void client_first(struct client *c)
{
	client_next(c, 0);
}

void client_start(struct client *c)
{
	struct group_run *g = c->group;
	if (g->group->kind == GROUP_SEEK) {
		c->random = gsl_rng_alloc(gsl_rng_taus2);
		/* Differs by group and client, and is the same in every run with this seed. */
		uint64_t seed;
		payload_fill(g->load->seed, ((uint64_t)g->ordinal << 32 | c->index) * sizeof(seed), &seed,
			     sizeof(seed));
		gsl_rng_set(c->random, seed);
	}
	client_sleep_until(c, g->start_ns + c->index * g->group->stagger_ns, client_first);
}

void client_transfer_done(struct client *c, enum request_end end)
{
	uint64_t pause_ns = c->group->group->think_ns;
	if (end == END_TRANSPORT && pause_ns < RETRY_PAUSE_NS)
		pause_ns = RETRY_PAUSE_NS;
	client_next(c, pause_ns > 0 ? clock_ns() + pause_ns : 0);
}

static void stall_over(struct client *c)
{
	transfer_abort(c, END_STALLED);
}

void client_stall(struct client *c)
{
	const struct load_group *group = c->group->group;
	if (c->stalled)
		return;
	c->stalled = true;
	if (group->stall_ns > 0) {
		client_sleep_until(c, clock_ns() + group->stall_ns, stall_over);
		return;
	}
	c->group->stalled++;
	load_check_end(c->group->load);
}

void client_cut(struct client *c, enum request_end end)
{
	c->group->over = true;
	if (c->state == CLIENT_SENDING)
		transfer_abort(c, c->stalled ? END_STALLED : end);
	else if (c->state == CLIENT_WAITING)
		client_end(c);
}

void client_drop(struct client *c)
{
	if (c->state == CLIENT_ENDED)
		return;
	if (c->in_curl)
		http_client_remove(c->group->http, &c->http);
	c->in_curl = false;
	client_end(c);
}
