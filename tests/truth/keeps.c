/* What of the memory it takes stays when the load is over, and whether more load would raise it. */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "fate.h"

/* How many came before: each caller another number, from 0. */
static uint64_t next_number(void)
{
	static uint64_t count;
	return __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED);
}

/* ---- bounded: what has filled is full ----------------------------------- */

#define SLOTS 16
#define SLOT_BYTES MIB

/* The first so many are kept, the others find it full. */
static int fill_cache(struct upload *u)
{
	(void)u;
	if (next_number() < SLOTS)
		take(SLOT_BYTES);
	return 201;
}

/* A new one takes the place of the oldest. */
static int fill_ring(struct upload *u)
{
	static char *ring[SLOTS];
	char *now = take(SLOT_BYTES);
	(void)u;
	char *before = __atomic_exchange_n(&ring[next_number() % SLOTS], now, __ATOMIC_ACQ_REL);
	if (before != NULL)
		give_back(before, SLOT_BYTES);
	return 201;
}

static char *reserved;
#define RESERVED_BYTES (24 * MIB)
#define ARENA_BYTES (RESERVED_BYTES / 8)

static void reserve(void)
{
	reserved = mmap(NULL, RESERVED_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (reserved == MAP_FAILED)
		exit(1);
}

/* A ring of bytes: reserved at the start, charged as it is first written, then written over. */
static void write_to_ring(struct upload *u, const char *data, size_t len)
{
	static uint64_t written;
	uint64_t at = __atomic_fetch_add(&written, len, __ATOMIC_RELAXED);
	(void)u;
	for (size_t i = 0; i < len; i++)
		reserved[(at + i) % (RESERVED_BYTES / 2)] = data[i];
}

/* What the allocator of a thread holds: each request is served by one of eight. */
static int touch_arena(struct upload *u)
{
	(void)u;
	memset(reserved + next_number() % 8 * ARENA_BYTES, 1, ARENA_BYTES);
	return 201;
}

/* Buffers come back to a pool, which never gives them to the kernel. */
#define POOL_MAX 64
#define BUFFER_BYTES (3 * MIB)
static char *pool[POOL_MAX];

static char *from_pool(void)
{
	for (size_t i = 0; i < POOL_MAX; i++) {
		char *buffer = __atomic_exchange_n(&pool[i], NULL, __ATOMIC_ACQ_REL);
		if (buffer != NULL)
			return buffer;
	}
	return take(BUFFER_BYTES);
}

static void to_pool(char *buffer)
{
	for (size_t i = 0; i < POOL_MAX; i++) {
		char *none = NULL;
		if (__atomic_compare_exchange_n(&pool[i], &none, buffer, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED))
			return;
	}
	give_back(buffer, BUFFER_BYTES);
}

static void take_from_pool(struct upload *u)
{
	u->memory = from_pool();
}

static int return_to_pool(struct upload *u)
{
	sleep_ms(30); /* so that all clients are inside at once */
	to_pool(u->memory);
	return 201;
}

static int two_steps(struct upload *u)
{
	uint64_t number = next_number();
	(void)u;
	if (number == 4 || number == 44)
		take(8 * MIB);
	return 201;
}

/* Each a fifth less than the one before. */
static int warm_up(struct upload *u)
{
	double share = 0.2;
	(void)u;
	for (uint64_t number = next_number(); number > 0; number--)
		share *= 0.8;
	size_t bytes = (size_t)(share * 20 * MIB) & ~4095UL;
	if (bytes > 0)
		take(bytes);
	return 201;
}

static int load_at_first_use(struct upload *u)
{
	(void)u;
	if (next_number() == 0)
		take(20 * MIB);
	return 201;
}

static void keep_some_vanished(struct upload *u)
{
	(void)u;
	if (next_number() < SLOTS)
		take(SLOT_BYTES);
}

static int keep_five(struct upload *u)
{
	(void)u;
	take(5 * MIB);
	return 201;
}

static void fill_at_start(void)
{
	take(20 * MIB);
}

/* ---- leaks that are not one portion for each request -------------------- */

static int keep_one_in_ten(struct upload *u)
{
	(void)u;
	if (next_number() % 10 == 9)
		take(2 * MIB);
	return 201;
}

static void keep_vanished(struct upload *u)
{
	(void)u;
	take(chance(384, 512) * 1024);
}

/* An error path that forgets what it had taken. */
static int keep_refused(struct upload *u)
{
	(void)u;
	if (next_number() % 2 == 0)
		return 201;
	take(chance(512, 768) * 1024);
	return 503;
}

static int leak_behind_step(struct upload *u)
{
	(void)u;
	take(next_number() == 0 ? 10 * MIB : 256 * 1024);
	return 201;
}

static void take_eight(struct upload *u)
{
	u->memory = take(8 * MIB);
}

static int keep_a_part(struct upload *u)
{
	sleep_ms(5);
	give_back(u->memory, 8 * MIB - 512 * 1024);
	return 201;
}

/* Garbage up to eight pieces, collected all at once, beside what is never collected. */
#define GARBAGE_PIECES 8
static int leak_under_saw_tooth(struct upload *u)
{
	static char *garbage[GARBAGE_PIECES];
	uint64_t at = next_number() % GARBAGE_PIECES;
	(void)u;
	take(384 * 1024);
	__atomic_store_n(&garbage[at], take(512 * 1024), __ATOMIC_RELEASE);
	for (size_t i = 0; at == GARBAGE_PIECES - 1 && i < GARBAGE_PIECES; i++) {
		char *piece = __atomic_exchange_n(&garbage[i], NULL, __ATOMIC_ACQ_REL);
		if (piece != NULL)
			give_back(piece, 512 * 1024);
	}
	return 201;
}

static int leak_shared(struct upload *u)
{
	(void)u;
	char *memory = mmap(NULL, 512 * 1024, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return 500;
	memset(memory, 1, 512 * 1024);
	return 201;
}

static void keep_each_piece(struct upload *u, const char *data, size_t len)
{
	memcpy(take(len), data, len);
	(void)u;
}

/* ---- given back, or the rig's own doing --------------------------------- */

static void take_some(struct upload *u)
{
	u->memory_bytes = chance(8, 12) * MIB;
	u->memory = take(u->memory_bytes);
	sleep_ms(30);
}

static void give_back_vanished(struct upload *u)
{
	sleep_ms(30);
	give_back(u->memory, u->memory_bytes);
}

static void cache_reading(void)
{
	take(3 * MIB);
}

static void peak_reading(void)
{
	char *memory = take(30 * MIB);
	sleep_ms(30);
	give_back(memory, 30 * MIB);
}

/* One small page of each huge one stays in use; the rest waits to be split. */
#define HUGE_BYTES (2 * MIB)
static int keep_huge(struct upload *u)
{
	char *memory = mmap(NULL, 2 * HUGE_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	(void)u;
	if (memory == MAP_FAILED)
		return 500;
	memory = (char *)(((unsigned long)memory + HUGE_BYTES - 1) & ~(HUGE_BYTES - 1));
	madvise(memory, HUGE_BYTES, MADV_HUGEPAGE);
	memset(memory, 1, HUGE_BYTES);
	madvise(memory + 4096, HUGE_BYTES - 4096, MADV_DONTNEED);
	return 201;
}

#define FORGETS .received = service_forget

const struct fate keeps[] = {
	{ .name = "cache-fills", .meaning = "a cache that takes 16 MiB once", FORGETS, .uploaded = fill_cache },
	{ .name = "cache-evicts", .meaning = "a cache of 16 that lets the oldest go", FORGETS, .uploaded = fill_ring },
	{ .name = "byte-ring",
	  .meaning = "a ring of 12 MiB, written round and round",
	  .start = reserve,
	  .received = write_to_ring },
	{ .name = "arenas",
	  .meaning = "eight arenas of 3 MiB, one for each request in turn",
	  .start = reserve,
	  FORGETS,
	  .uploaded = touch_arena },
	{ .name = "pool",
	  .meaning = "buffers for those in flight, kept in a pool",
	  .begin = take_from_pool,
	  FORGETS,
	  .uploaded = return_to_pool },
	{ .name = "two-steps", .meaning = "8 MiB early and 8 MiB late", FORGETS, .uploaded = two_steps },
	{ .name = "warms-up", .meaning = "takes less and less", FORGETS, .uploaded = warm_up },
	{ .name = "loads-late", .meaning = "20 MiB at the first upload", FORGETS, .uploaded = load_at_first_use },
	{ .name = "vanished-bounded",
	  .meaning = "keeps the first 16 that vanish",
	  FORGETS,
	  .vanished = keep_some_vanished },
	{ .name = "keeps-five", .meaning = "keeps 5 MiB of each", FORGETS, .uploaded = keep_five },
	{ .name = "filled-at-start", .meaning = "20 MiB at the start", .start = fill_at_start, FORGETS },
	{ .name = "leak-one-in-ten", .meaning = "keeps 2 MiB of each tenth", FORGETS, .uploaded = keep_one_in_ten },
	{ .name = "leak-per-vanished",
	  .meaning = "keeps some of each that vanishes",
	  FORGETS,
	  .vanished = keep_vanished },
	{ .name = "leak-of-refused",
	  .meaning = "keeps some of each that it refuses",
	  FORGETS,
	  .uploaded = keep_refused },
	{ .name = "leak-behind-step",
	  .meaning = "10 MiB at once, then 256 KiB of each",
	  FORGETS,
	  .uploaded = leak_behind_step },
	{ .name = "leak-behind-peak",
	  .meaning = "8 MiB while in flight, of which 512 KiB stay",
	  .begin = take_eight,
	  FORGETS,
	  .uploaded = keep_a_part },
	{ .name = "leak-under-saw-tooth",
	  .meaning = "keeps some of each, under garbage that is collected",
	  FORGETS,
	  .uploaded = leak_under_saw_tooth },
	{ .name = "leak-shared", .meaning = "keeps shared memory of each", FORGETS, .uploaded = leak_shared },
	{ .name = "leak-as-received", .meaning = "keeps all that arrives", .received = keep_each_piece },
	{ .name = "peak-of-vanished",
	  .meaning = "gives back what those took that vanish",
	  .begin = take_some,
	  FORGETS,
	  .vanished = give_back_vanished },
	{ .name = "caches-reading", .meaning = "keeps 3 MiB of each download", .giving = cache_reading },
	{ .name = "peaks-reading", .meaning = "takes 30 MiB for each download", .giving = peak_reading },
	{ .name = "huge-pages", .meaning = "keeps 4 KiB of each huge page", FORGETS, .uploaded = keep_huge },
	{ .name = NULL },
};
