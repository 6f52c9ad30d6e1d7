/* Which memory it takes while it lives, and whether it gives it back. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "fate.h"

/* ---- file pages --------------------------------------------------------- */

/* Stays mapped: RSS rises with the file, anon does not. */
static void map_file(struct upload *u)
{
	service_open(u, fate_options.data);
	if (ftruncate(u->fd, (off_t)u->size) != 0)
		exit(1);
	u->memory = mmap(NULL, u->size, PROT_READ | PROT_WRITE, MAP_SHARED, u->fd, 0);
	if (u->memory == MAP_FAILED)
		exit(1);
}

static void copy_to_map(struct upload *u, const char *data, size_t len)
{
	memcpy(u->memory + u->received, data, len);
}

static void store_in_tmp(struct upload *u, const char *data, size_t len)
{
	if (u->fd < 0)
		service_open(u, fate_options.tmp);
	service_store(u, data, len);
}

/* ---- kernel ------------------------------------------------------------- */

#define UNREAD_BYTES 65536

/* A peer that never reads: the kernel keeps what was sent, charged to the sender. */
static int send_unread(struct upload *u)
{
	static const char words[UNREAD_BYTES];
	uint64_t pairs = chance(4, 8);
	(void)u;
	for (uint64_t i = 0; i < pairs; i++) {
		int pair[2];
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
			exit(1);
		while (send(pair[0], words, chance(4096, UNREAD_BYTES), MSG_DONTWAIT) > 0)
			;
	}
	return 201;
}

/* The kernel remembers each name that is not there, and forgets it when it needs the memory. */
static int look_for_absent(struct upload *u)
{
	char path[4096];
	uint64_t names = chance(6000, 9000);
	for (uint64_t i = 0; i < names; i++) {
		snprintf(path, sizeof(path), "%s/%.100s.%llu", fate_options.data, u->name, (unsigned long long)i);
		if (access(path, F_OK) == 0)
			return 500;
	}
	return 201;
}

/* ---- anon --------------------------------------------------------------- */

static void take_for_upload(struct upload *u)
{
	u->memory_bytes = chance(12, 20) * MIB;
	u->memory = take(u->memory_bytes);
}

static int give_back_at_end(struct upload *u)
{
	sleep_ms(chance(60, 150));
	give_back(u->memory, u->memory_bytes);
	return 201;
}

struct garbage {
	char *memory;
	size_t bytes;
	struct garbage *next;
};

static void *collect(void *arg)
{
	struct garbage *g = arg;
	sleep_ms(chance(100, 350));
	give_back(g->memory, g->bytes);
	free(g);
	return NULL;
}

/* Some time after the client has gone, as a collector would. */
static int leave_to_collector(struct upload *u)
{
	struct garbage *g = malloc(sizeof(*g));
	pthread_t thread;
	*g = (struct garbage){ u->memory, u->memory_bytes, NULL };
	if (pthread_create(&thread, NULL, collect, g) != 0)
		exit(1);
	pthread_detach(thread);
	return 201;
}

static struct garbage *dropped;
static pthread_mutex_t dropped_lock = PTHREAD_MUTEX_INITIALIZER;

/* No client sees it again, but it stays until somebody asks. */
static int drop(struct upload *u)
{
	struct garbage *g = malloc(sizeof(*g));
	pthread_mutex_lock(&dropped_lock);
	*g = (struct garbage){ u->memory, u->memory_bytes, dropped };
	dropped = g;
	pthread_mutex_unlock(&dropped_lock);
	return 201;
}

static void collect_dropped(void)
{
	pthread_mutex_lock(&dropped_lock);
	while (dropped != NULL) {
		struct garbage *g = dropped;
		dropped = g->next;
		give_back(g->memory, g->bytes);
		free(g);
	}
	pthread_mutex_unlock(&dropped_lock);
}

/* Given back in the manner of allocators: still charged, until the kernel wants it. */
static int free_lazily(struct upload *u)
{
	sleep_ms(chance(60, 150));
	return madvise(u->memory, u->memory_bytes, MADV_FREE) == 0 ? 201 : 500;
}

static char *of_the_start;
#define START_BYTES (36 * MIB)

static void start_full(void)
{
	of_the_start = take(START_BYTES);
}

/* The first upload ends what the start held; true: this one did. */
static bool end_of_start(void)
{
	static unsigned done;
	if (__atomic_fetch_add(&done, 1, __ATOMIC_RELAXED) > 0)
		return false;
	give_back(of_the_start, START_BYTES);
	return true;
}

static int give_back_start(struct upload *u)
{
	(void)u;
	end_of_start();
	return 201;
}

static int leak_below_start(struct upload *u)
{
	(void)u;
	if (!end_of_start())
		take(chance(1280 * 1024, 2 * MIB));
	return 201;
}

static int peak_below_start(struct upload *u)
{
	(void)u;
	if (end_of_start())
		return 201;
	size_t bytes = chance(6, 8) * MIB;
	char *memory = take(bytes);
	sleep_ms(chance(60, 100));
	give_back(memory, bytes);
	return 201;
}

static int leak_by_request(struct upload *u)
{
	(void)u;
	take(chance(768 * 1024, 2 * MIB));
	return 201;
}

static int keep_a_little(struct upload *u)
{
	(void)u;
	take(chance(40, 120) * 1024);
	return 201;
}

static void leak_by_byte(struct upload *u, const char *data, size_t len)
{
	(void)u;
	(void)data;
	take(len * chance(1, 2));
}

static void worker_leaks(void)
{
	take(chance(MIB, 3 * MIB));
}

static void start_worker(void)
{
	worker_start(worker_leaks);
}

static int leak_in_worker(struct upload *u)
{
	(void)u;
	return worker_do() ? 201 : 503;
}

const struct fate grows[] = {
	{ .name = "steady", .meaning = "takes nothing", .received = service_forget },
	{ .name = "takes-a-little",
	  .meaning = "keeps less than the noise",
	  .received = service_forget,
	  .uploaded = keep_a_little },
	{ .name = "page-cache", .meaning = "writes files and nothing else" },
	{ .name = "mapped-file",
	  .meaning = "writes through a mapping: RSS rises, anon does not",
	  .begin = map_file,
	  .received = copy_to_map },
	{ .name = "tmpfs", .meaning = "keeps uploads on tmpfs", .received = store_in_tmp },
	{ .name = "unix-sockets",
	  .meaning = "fills socket buffers that nobody reads",
	  .received = service_forget,
	  .uploaded = send_unread },
	{ .name = "peak",
	  .meaning = "takes anon for each upload in flight",
	  .begin = take_for_upload,
	  .received = service_forget,
	  .uploaded = give_back_at_end },
	{ .name = "peak-with-page-cache",
	  .meaning = "the same beside files it writes",
	  .begin = take_for_upload,
	  .uploaded = give_back_at_end },
	{ .name = "peak-collected-late",
	  .meaning = "gives it back only after a delay",
	  .begin = take_for_upload,
	  .received = service_forget,
	  .uploaded = leave_to_collector },
	{ .name = "garbage",
	  .meaning = "gives it back only when asked to collect",
	  .begin = take_for_upload,
	  .received = service_forget,
	  .uploaded = drop,
	  .collect = collect_dropped },
	{ .name = "peak-freed-lazily",
	  .meaning = "the same, marked as free and left to the kernel (MADV_FREE)",
	  .begin = take_for_upload,
	  .received = service_forget,
	  .uploaded = free_lazily },
	{ .name = "looks-for-absent-files",
	  .meaning = "fills the kernel's cache of names, which shrinks when asked",
	  .received = service_forget,
	  .uploaded = look_for_absent },
	{ .name = "start-given-back",
	  .meaning = "gives back what its start held, and takes nothing",
	  .start = start_full,
	  .received = service_forget,
	  .uploaded = give_back_start },
	{ .name = "start-hides-a-leak",
	  .meaning = "gives that back and leaks less than it was",
	  .start = start_full,
	  .received = service_forget,
	  .uploaded = leak_below_start },
	{ .name = "start-hides-a-peak",
	  .meaning = "gives that back and peaks below what it was",
	  .start = start_full,
	  .received = service_forget,
	  .uploaded = peak_below_start },
	{ .name = "leak-per-request",
	  .meaning = "keeps some anon of each request",
	  .received = service_forget,
	  .uploaded = leak_by_request },
	{ .name = "leak-per-byte", .meaning = "keeps anon by the byte", .received = leak_by_byte },
	{ .name = "leak-in-worker",
	  .meaning = "a child keeps it",
	  .start = start_worker,
	  .received = service_forget,
	  .uploaded = leak_in_worker },
	{ .name = "leak-behind-page-cache",
	  .meaning = "keeps some anon of each request, beside files it writes",
	  .uploaded = leak_by_request },
	{ .name = NULL },
};
