/* How it treats its clients: slowly, not at all, or falsely. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fate.h"

/* ---- not answering ------------------------------------------------------ */

static bool stuck;

static void wait_for_ever(void)
{
	while (__atomic_load_n(&stuck, __ATOMIC_RELAXED))
		sleep_ms(1000);
}

static int get_stuck(struct upload *u)
{
	(void)u;
	take(chance(CAP_BYTES * 60 / 100, CAP_BYTES * 88 / 100));
	__atomic_store_n(&stuck, true, __ATOMIC_RELAXED);
	wait_for_ever();
	return 201;
}

/* Written for a cap of 16 MiB. */
#define WORKING_SET_BYTES (40 * MIB)
static const volatile char *working_set;

static void make_working_set(void)
{
	struct upload file = { .name = "working-set", .fd = -1 };
	char *piece = take(MIB);
	for (size_t at = 0; at < WORKING_SET_BYTES; at += MIB)
		service_store(&file, piece, MIB);
	give_back(piece, MIB);
	if (fdatasync(file.fd) != 0)
		exit(1);
	char *pages = mmap(NULL, WORKING_SET_BYTES, PROT_READ, MAP_SHARED, file.fd, 0);
	/* Without read-ahead a fault brings one page. */
	if (pages == MAP_FAILED || madvise(pages, WORKING_SET_BYTES, MADV_RANDOM) != 0)
		exit(1);
	working_set = pages;
}

/* Every answer needs pages of a file that do not fit, again and again. */
static void walk(void)
{
	char sum = 0;
	if (__atomic_load_n(&stuck, __ATOMIC_RELAXED))
		for (;;)
			sum = (char)(sum + working_set[chance(0, WORKING_SET_BYTES / 4096 - 1) * 4096]);
}

static int start_walking(struct upload *u)
{
	(void)u;
	__atomic_store_n(&stuck, true, __ATOMIC_RELAXED);
	walk();
	return 201;
}

/* After the readiness probe's own connection: from then on nobody gets in. */
static void refuse(void)
{
	service_refuse();
}

/* ---- falsely ------------------------------------------------------------ */

static void store_wrong_byte(struct upload *u, const char *data, size_t len)
{
	char wrong[65536];
	bool has_first = u->received == 0;
	memcpy(wrong, data, len);
	if (has_first)
		wrong[chance(0, len - 1)] ^= (char)(1 << chance(0, 7));
	service_store(u, wrong, len);
}

static void store_half(struct upload *u, const char *data, size_t len)
{
	if (u->received < u->size / 2)
		service_store(u, data, len);
}

/* Every name but the first comes to stand for the first one's bytes. */
static int mix_up(struct upload *u)
{
	static unsigned count;
	char path[4096], aside[4096], first[4096];
	snprintf(path, sizeof(path), "%s/%s", fate_options.data, u->name);
	snprintf(aside, sizeof(aside), "%s/aside.%s", fate_options.data, u->name);
	snprintf(first, sizeof(first), "%s/first", fate_options.data);
	if (__atomic_fetch_add(&count, 1, __ATOMIC_RELAXED) == 0)
		return link(path, first) == 0 ? 201 : 500;
	while (access(first, F_OK) != 0)
		sleep_ms(1);
	return rename(path, aside) == 0 && link(first, path) == 0 ? 201 : 500;
}

/* Where it means to write it later from. */
static void store_in_memory(struct upload *u, const char *data, size_t len)
{
	(void)u;
	memcpy(take(len), data, len);
}

static int refuse_half(struct upload *u)
{
	static unsigned count;
	(void)u;
	return __atomic_fetch_add(&count, 1, __ATOMIC_RELAXED) % 2 == 0 ? 503 : 201;
}

static int refuse_all(struct upload *u)
{
	(void)u;
	return 500;
}

static int speak_of_memory(struct upload *u)
{
	static const char *const words[] = { "Out of memory", "fork: Cannot allocate memory",
					     "java.lang.OutOfMemoryError: Java heap space",
					     "cache: out of memory, evicting" };
	(void)u;
	fprintf(stderr, "%s\n", words[chance(0, 3)]);
	return 201;
}

const struct fate serves[] = {
	{ .name = "hangs-full",
	  .meaning = "answers nothing any more, memory nearly full",
	  .received = service_forget,
	  .uploaded = get_stuck,
	  .healthy = wait_for_ever },
	{ .name = "thrashes",
	  .meaning = "needs more file pages than the cap holds",
	  .start = make_working_set,
	  .received = service_forget,
	  .uploaded = start_walking,
	  .healthy = walk },
	{ .name = "refuses-connections", .meaning = "takes no connection once it was ready", .healthy = refuse },
	{ .name = "refuses-uploads",
	  .meaning = "answers 500 to every upload",
	  .received = service_forget,
	  .uploaded = refuse_all },
	{ .name = "refuses-half",
	  .meaning = "answers 503 to every second upload",
	  .received = service_forget,
	  .uploaded = refuse_half },
	{ .name = "speaks-of-memory",
	  .meaning = "logs \"Out of memory\" and lives",
	  .received = service_forget,
	  .uploaded = speak_of_memory },
	{ .name = "answers-at-the-head",
	  .meaning = "answers 201 before the body has come, and hangs up",
	  .answers_at_the_head = true },
	{ .name = "discards", .meaning = "acknowledges and stores nothing", .received = service_forget },
	{ .name = "stores-wrong-byte",
	  .meaning = "acknowledges and stores one bit wrong",
	  .received = store_wrong_byte },
	{ .name = "mixes-up", .meaning = "gives back another object's bytes, of the right length", .uploaded = mix_up },
	{ .name = "acknowledges-early",
	  .meaning = "acknowledges what it holds in memory only, until that kills it",
	  .received = store_in_memory },
	{ .name = "stores-half", .meaning = "acknowledges and stores half of it", .received = store_half },
	{ .name = NULL },
};
