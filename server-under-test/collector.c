#include "collector.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "base/buf.h"
#include "base/clock.h"
#include "log.h"
#include "server.h"

#define HEAP_MINIMUM_BYTES (4ULL << 20)
#define FORCED_CYCLE_NS (120 * NS_PER_S)
/* Byte buffers hold no pointers, so a cycle takes as long as its threads take to be scheduled. */
#define MARK_NS (500 * NS_PER_US)
/*
 * One per cent of a processor: the kernel takes back 64 KiB in about 10 µs, so
 * 64 KiB per ms; done in steps that do not wake the thread more than needed.
 */
#define SCAVENGE_STEP_NS (4 * NS_PER_MS)
#define SCAVENGE_STEP_BYTES (256ULL << 10)
#define PAGE_BYTES 4096
/* Two bits for each word of the heap, cleared when a span is allocated (mbitmap.go, initSpan, up to Go 1.19). */
#define HEAP_BYTES_PER_BITMAP_BYTE 32

enum block_state { BLOCK_LIVE, BLOCK_GARBAGE, BLOCK_CONDEMNED, BLOCK_FREE };

struct block {
	struct block *next;
	char *data; /* size_bytes, followed by the block's part of the heap bitmap */
	size_t size_bytes;
	size_t resident_bytes; /* size_bytes, less what the scavenger has taken of a free block */
	enum block_state state;
};

struct collector {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake, collected;
	struct block *blocks;
	uint64_t allocated_since_cycle_bytes;
	uint64_t marked_bytes; /* found alive by the last cycle */
	uint64_t goal_bytes;   /* heap size the next cycle is expected at */
	uint64_t retain_bytes; /* resident memory the scavenger leaves alone */
	uint64_t cycles, last_cycle_ns;
	uint64_t collects_asked, collects_done;
	bool cycle_due, stopping;
};

static size_t round_to_page(size_t size_bytes)
{
	return (size_bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
}

static size_t mapping_bytes(size_t block_bytes)
{
	return block_bytes + round_to_page(block_bytes / HEAP_BYTES_PER_BITMAP_BYTE);
}

static uint64_t max_bytes(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t sum_bytes(const struct collector *c, enum block_state state)
{
	uint64_t sum = 0;
	for (const struct block *b = c->blocks; b != NULL; b = b->next)
		if (b->state == state)
			sum += b->resident_bytes;
	return sum;
}

static uint64_t in_use_bytes(const struct collector *c)
{
	return sum_bytes(c, BLOCK_LIVE) + sum_bytes(c, BLOCK_GARBAGE) + sum_bytes(c, BLOCK_CONDEMNED);
}

static void remark(struct collector *c, enum block_state from, enum block_state to)
{
	for (struct block *b = c->blocks; b != NULL; b = b->next)
		if (b->state == from)
			b->state = to;
}

/*
 * What is dropped while marking goes on was still referred to when it began: the
 * next cycle's.  The heap is expected to double again, and is left the memory
 * for that and a tenth more (mgcscavenge.go, gcPaceScavenger).
 */
static void run_cycle(struct collector *c)
{
	remark(c, BLOCK_GARBAGE, BLOCK_CONDEMNED);
	pthread_mutex_unlock(&c->lock);
	nanosleep(&(struct timespec){ .tv_nsec = MARK_NS }, NULL);
	pthread_mutex_lock(&c->lock);
	uint64_t in_use = in_use_bytes(c), last_goal = c->goal_bytes;
	remark(c, BLOCK_CONDEMNED, BLOCK_FREE);
	c->marked_bytes = in_use_bytes(c);
	c->goal_bytes = max_bytes(2 * c->marked_bytes, HEAP_MINIMUM_BYTES);
	c->retain_bytes = (uint64_t)(1.1 * (double)in_use * (double)c->goal_bytes / (double)last_goal);
	c->allocated_since_cycle_bytes = 0;
	c->cycle_due = false;
	c->cycles++;
	c->last_cycle_ns = clock_ns();
}

/* Free memory beyond what is to be retained if the heap grew by so much. */
static uint64_t excess_bytes(const struct collector *c, uint64_t growth_bytes)
{
	uint64_t free_bytes = sum_bytes(c, BLOCK_FREE), resident = in_use_bytes(c) + free_bytes + growth_bytes;
	uint64_t over = resident > c->retain_bytes ? resident - c->retain_bytes : 0;
	return over < free_bytes ? over : free_bytes;
}

/* Gives free memory back to the kernel; a block with nothing left goes. */
static void scavenge(struct collector *c, uint64_t budget)
{
	for (struct block **at = &c->blocks; *at != NULL && budget > 0;) {
		struct block *b = *at;
		if (b->state != BLOCK_FREE) {
			at = &b->next;
			continue;
		}
		uint64_t n = b->resident_bytes < budget ? b->resident_bytes : budget;
		n = round_to_page(n);
		b->resident_bytes -= n;
		budget -= n < budget ? n : budget;
		madvise(b->data + b->resident_bytes, n, MADV_DONTNEED);
		if (b->resident_bytes == 0) {
			munmap(b->data, mapping_bytes(b->size_bytes));
			*at = b->next;
			free(b);
		}
	}
}

static void collect_as_asked(struct collector *c)
{
	uint64_t asked = c->collects_asked;
	run_cycle(c);
	scavenge(c, UINT64_MAX);
	c->collects_done = asked;
	pthread_cond_broadcast(&c->collected);
}

static void *collector_main(void *arg)
{
	struct collector *c = arg;
	pthread_mutex_lock(&c->lock);
	while (!c->stopping) {
		if (c->collects_done < c->collects_asked) {
			collect_as_asked(c);
			continue;
		}
		if (c->cycle_due || clock_ns() >= c->last_cycle_ns + FORCED_CYCLE_NS) {
			run_cycle(c);
			continue;
		}
		uint64_t excess = excess_bytes(c, 0);
		uint64_t until = excess > 0 ? clock_ns() + SCAVENGE_STEP_NS : c->last_cycle_ns + FORCED_CYCLE_NS;
		struct timespec ts = { .tv_sec = (time_t)(until / NS_PER_S), .tv_nsec = (long)(until % NS_PER_S) };
		pthread_cond_timedwait(&c->wake, &c->lock, &ts);
		if (excess > 0 && clock_ns() >= until)
			scavenge(c, excess < SCAVENGE_STEP_BYTES ? excess : SCAVENGE_STEP_BYTES);
	}
	pthread_mutex_unlock(&c->lock);
	return NULL;
}

struct collector *collector_new(struct error *err)
{
	struct collector *c = xcalloc(1, sizeof(*c));
	c->last_cycle_ns = clock_ns();
	c->goal_bytes = c->retain_bytes = HEAP_MINIMUM_BYTES;
	pthread_mutex_init(&c->lock, NULL);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->wake, &attr);
	pthread_condattr_destroy(&attr);
	pthread_cond_init(&c->collected, NULL);
	int rc = pthread_create(&c->thread, NULL, collector_main, c);
	if (rc != 0) {
		error_set_errno(err, ERROR_SYSTEM, rc, "cannot start the collector's thread");
		pthread_cond_destroy(&c->collected);
		pthread_cond_destroy(&c->wake);
		pthread_mutex_destroy(&c->lock);
		free(c);
		return NULL;
	}
	return c;
}

void collector_free(struct collector *c)
{
	pthread_mutex_lock(&c->lock);
	c->stopping = true;
	pthread_cond_signal(&c->wake);
	pthread_mutex_unlock(&c->lock);
	pthread_join(c->thread, NULL);
	while (c->blocks != NULL) {
		struct block *b = c->blocks;
		c->blocks = b->next;
		munmap(b->data, mapping_bytes(b->size_bytes));
		free(b);
	}
	pthread_cond_destroy(&c->collected);
	pthread_cond_destroy(&c->wake);
	pthread_mutex_destroy(&c->lock);
	free(c);
}

/* The free block of this size with the most of it still resident. */
static struct block *find_free(const struct collector *c, size_t size_bytes)
{
	struct block *best = NULL;
	for (struct block *b = c->blocks; b != NULL; b = b->next)
		if (b->state == BLOCK_FREE && b->size_bytes == size_bytes &&
		    (best == NULL || b->resident_bytes > best->resident_bytes))
			best = b;
	return best;
}

void *collector_alloc(struct collector *c, size_t size_bytes)
{
	size_bytes = round_to_page(size_bytes);
	pthread_mutex_lock(&c->lock);
	struct block *b = find_free(c, size_bytes);
	if (b == NULL) {
		scavenge(c, excess_bytes(c, size_bytes)); /* mheap.go: growing beyond the goal pays for itself */
		b = xcalloc(1, sizeof(*b));
		b->data = mmap(NULL, mapping_bytes(size_bytes), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			       0);
		if (b->data == MAP_FAILED)
			server_out_of_memory(mapping_bytes(size_bytes));
		b->size_bytes = size_bytes;
		b->next = c->blocks;
		c->blocks = b;
	}
	b->state = BLOCK_LIVE;
	b->resident_bytes = size_bytes;
	c->allocated_since_cycle_bytes += size_bytes;
	if (c->allocated_since_cycle_bytes >= max_bytes(c->marked_bytes, HEAP_MINIMUM_BYTES) && !c->cycle_due) {
		c->cycle_due = true;
		pthread_cond_signal(&c->wake);
	}
	char *data = b->data;
	pthread_mutex_unlock(&c->lock);
	memset(data, 0, mapping_bytes(size_bytes)); /* as growSlice() does, which touches every page */
	return data;
}

void collector_drop(struct collector *c, void *block)
{
	pthread_mutex_lock(&c->lock);
	for (struct block *b = c->blocks; b != NULL; b = b->next)
		if (b->data == block && b->state == BLOCK_LIVE)
			b->state = BLOCK_GARBAGE;
	pthread_mutex_unlock(&c->lock);
}

void collector_collect(struct collector *c)
{
	pthread_mutex_lock(&c->lock);
	uint64_t mine = ++c->collects_asked;
	pthread_cond_signal(&c->wake);
	while (c->collects_done < mine)
		pthread_cond_wait(&c->collected, &c->lock);
	pthread_mutex_unlock(&c->lock);
}

void collector_figures(struct collector *c, struct collector_figures *out)
{
	pthread_mutex_lock(&c->lock);
	out->live_bytes = sum_bytes(c, BLOCK_LIVE);
	out->garbage_bytes = sum_bytes(c, BLOCK_GARBAGE) + sum_bytes(c, BLOCK_CONDEMNED);
	out->retained_bytes = sum_bytes(c, BLOCK_FREE);
	out->cycles = c->cycles;
	pthread_mutex_unlock(&c->lock);
}
