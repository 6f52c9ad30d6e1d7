#include "contexts.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/clock.h"

/* Chains stay short up to some hundred thousand requests; beyond that, the original was killed as well. */
#define BUCKETS 65536

struct context {
	struct context *next;
	uint64_t number, added_ns;
	size_t size_bytes;
	char data[];
};

struct contexts {
	pthread_mutex_t lock;
	struct contexts_figures figures;
	struct context *buckets[BUCKETS];
};

struct contexts *contexts_new(void)
{
	struct contexts *c = xcalloc(1, sizeof(*c));
	pthread_mutex_init(&c->lock, NULL);
	return c;
}

static void drop(struct contexts *c, struct context **link)
{
	struct context *gone = *link;
	*link = gone->next;
	c->figures.count--;
	c->figures.bytes -= gone->size_bytes;
	free(gone);
}

void contexts_free(struct contexts *c)
{
	for (size_t i = 0; i < BUCKETS; i++)
		while (c->buckets[i] != NULL)
			drop(c, &c->buckets[i]);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* Where the entry hangs, or where it would hang; with the lock held. */
static struct context **find(struct contexts *c, uint64_t number)
{
	struct context **link = &c->buckets[number % BUCKETS];
	while (*link != NULL && (*link)->number != number)
		link = &(*link)->next;
	return link;
}

void contexts_add(struct contexts *c, uint64_t number, size_t size_bytes)
{
	struct context *context = xmalloc(sizeof(*context) + size_bytes);
	*context = (struct context){ .number = number, .added_ns = clock_ns(), .size_bytes = size_bytes };
	memset(context->data, 'c', size_bytes); /* a context that is used has all its pages */
	pthread_mutex_lock(&c->lock);
	struct context **link = &c->buckets[number % BUCKETS];
	context->next = *link;
	*link = context;
	c->figures.count++;
	c->figures.bytes += size_bytes;
	pthread_mutex_unlock(&c->lock);
}

bool contexts_has(struct contexts *c, uint64_t number)
{
	pthread_mutex_lock(&c->lock);
	bool has = *find(c, number) != NULL;
	pthread_mutex_unlock(&c->lock);
	return has;
}

void contexts_remove(struct contexts *c, uint64_t number)
{
	pthread_mutex_lock(&c->lock);
	struct context **link = find(c, number);
	if (*link != NULL)
		drop(c, link);
	pthread_mutex_unlock(&c->lock);
}

void contexts_remove_older(struct contexts *c, uint64_t age_ns)
{
	uint64_t now_ns = clock_ns();
	pthread_mutex_lock(&c->lock);
	for (size_t i = 0; i < BUCKETS; i++)
		for (struct context **link = &c->buckets[i]; *link != NULL;)
			if (now_ns - (*link)->added_ns > age_ns && now_ns > (*link)->added_ns)
				drop(c, link);
			else
				link = &(*link)->next;
	pthread_mutex_unlock(&c->lock);
}

void contexts_figures(struct contexts *c, struct contexts_figures *out)
{
	pthread_mutex_lock(&c->lock);
	*out = c->figures;
	pthread_mutex_unlock(&c->lock);
}
