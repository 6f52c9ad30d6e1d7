#include "load/client.h"

#include "base/clock.h"
#include "load/payload.h"

/* After a transport failure, so that a dead server meets no storm of connections. */
#define RETRY_PAUSE_NS (100 * NS_PER_MS)
/* How often a reader looks for an object to read, and when it gives up. */
#define OBJECT_POLL_NS (50 * NS_PER_MS)
#define OBJECT_WAIT_NS (30 * NS_PER_S)

static void client_end(struct client *c)
{
	c->state = CLIENT_ENDED;
	transfer_close(&c->transfer);
	if (c->random != NULL)
		gsl_rng_free(c->random);
	c->random = NULL;
	alarm_close(&c->alarm);
	c->callbacks->ended(c->callbacks->arg);
}

static void client_begin(void *arg);

/* A reader with nothing to read yet: waits while uploads go on, then lets transfer_begin() record the failure. */
static bool client_waits_for_object(struct client *c)
{
	uint64_t now = clock_ns();
	if (objects_at(c->shared->objects, 0) != NULL)
		return false;
	if (c->wanting_since_ns == 0)
		c->wanting_since_ns = now;
	if (!c->callbacks->uploads_go_on(c->callbacks->arg) || now - c->wanting_since_ns >= OBJECT_WAIT_NS)
		return false;
	alarm_set(&c->alarm, now + OBJECT_POLL_NS, client_begin, c);
	return true;
}

static void transfer_this(struct client *c, struct transfer_order *order)
{
	c->wanting_since_ns = 0;
	c->state = CLIENT_SENDING;
	c->begun++;
	order->intended_ns = c->turn.intended_ns;
	transfer_begin(&c->transfer, order);
}

static void begin_upload(struct client *c)
{
	transfer_this(
		c, &(struct transfer_order){ .kind = REQUEST_UPLOAD, .wanted = plan_size_at(c->plan, c->turn.number) });
}

static void begin_whole(struct client *c, enum request_kind kind, const struct object *object)
{
	transfer_this(c, &(struct transfer_order){
				 .kind = kind, .object = object, .wanted = object != NULL ? object->size_bytes : 0 });
}

static void begin_download(struct client *c)
{
	if (!client_waits_for_object(c))
		begin_whole(c, REQUEST_DOWNLOAD, objects_at(c->shared->objects, c->turn.number));
}

/* Like a video player: from the start, then windows at random positions. */
static void begin_window(struct client *c)
{
	if (client_waits_for_object(c))
		return;
	uint64_t windows = plan_transfers_per_file(c->shared->group);
	bool opening = c->begun % windows == 0;
	if (opening)
		c->object_turn = c->turn.number / windows;
	struct transfer_order order = { .kind = REQUEST_RANGE };
	order.object = objects_at(c->shared->objects, c->object_turn);
	if (order.object != NULL) {
		uint64_t size = order.object->size_bytes;
		order.wanted = c->shared->group->window_bytes;
		if (order.wanted == 0 || order.wanted > size)
			order.wanted = size;
		if (!opening)
			order.offset = (uint64_t)(gsl_rng_uniform(c->random) * (double)(size - order.wanted + 1));
	}
	transfer_this(c, &order);
}

static void begin_request(struct client *c)
{
	transfer_this(c, &(struct transfer_order){ .kind = REQUEST_OTHER,
						   .object = objects_at(c->shared->objects, c->turn.number) });
}

static void client_begin(void *arg)
{
	static void (*const by_kind[])(struct client *) = {
		[GROUP_UPLOAD] = begin_upload,
		[GROUP_DOWNLOAD] = begin_download,
		[GROUP_SEEK] = begin_window,
		[GROUP_REQUEST] = begin_request,
	};
	struct client *c = arg;
	if (c->shared->read_back)
		begin_whole(c, REQUEST_READ_BACK, plan_read_back(c->plan));
	else
		by_kind[c->shared->group->kind](c);
}

static void client_next(struct client *c, uint64_t not_before_ns)
{
	const struct load_group *group = c->shared->group;
	c->state = CLIENT_WAITING;
	if (!plan_take(c->plan, c->index, c->begun, &c->turn)) {
		client_end(c);
		return;
	}
	uint64_t now = clock_ns();
	uint64_t at = c->turn.intended_ns > not_before_ns ? c->turn.intended_ns : not_before_ns;
	if (group->duration_ns > 0 && at >= c->plan->start_ns + group->duration_ns)
		client_end(c);
	else if (at > now)
		alarm_set(&c->alarm, at, client_begin, c);
	else
		client_begin(c);
}

static void client_first(void *arg)
{
	client_next(arg, 0);
}

static void on_transfer_done(void *arg, const struct load_request *r)
{
	struct client *c = arg;
	if (c->stalled)
		c->callbacks->stall_over(c->callbacks->arg);
	c->stalled = false;
	c->callbacks->request_done(c->callbacks->arg, r);
	uint64_t pause_ns = c->shared->group->think_ns;
	if (r->end == END_TRANSPORT && pause_ns < RETRY_PAUSE_NS)
		pause_ns = RETRY_PAUSE_NS;
	client_next(c, pause_ns > 0 ? clock_ns() + pause_ns : 0);
}

static void on_transfer_stalled(void *arg)
{
	struct client *c = arg;
	c->stalled = true;
	c->callbacks->stalled(c->callbacks->arg);
}

void client_init(struct client *c, struct shared *shared, struct plan *plan, const struct client_callbacks *callbacks,
		 unsigned index)
{
	c->shared = shared;
	c->plan = plan;
	c->callbacks = callbacks;
	c->index = index;
	alarm_init(&c->alarm, shared->loop, shared->handles);
	const struct transfer_callbacks up = { .arg = c, .done = on_transfer_done, .stalled = on_transfer_stalled };
	transfer_init(&c->transfer, shared, index, &up);
}

void client_start(struct client *c)
{
	if (c->shared->group->kind == GROUP_SEEK) {
		c->random = gsl_rng_alloc(gsl_rng_taus2);
		/* Differs by group and client, and is the same in every run with this seed. */
		uint64_t seed;
		payload_fill(c->shared->seed, ((uint64_t)c->shared->ordinal << 32 | c->index) * sizeof(seed), &seed,
			     sizeof(seed));
		gsl_rng_set(c->random, seed);
	}
	alarm_set(&c->alarm, c->plan->start_ns + c->index * c->shared->group->stagger_ns, client_first, c);
}

void client_cut(struct client *c, bool load_stopped)
{
	c->plan->over = true;
	if (c->state == CLIENT_SENDING)
		transfer_cut(&c->transfer, load_stopped);
	else if (c->state == CLIENT_WAITING)
		client_end(c);
}

void client_close(struct client *c)
{
	if (c->state != CLIENT_ENDED)
		client_end(c);
}
