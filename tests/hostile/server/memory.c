/* What is done with memory; all of it is bounded by the cap. */
#include <fcntl.h>
#include <mqueue.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/stat.h>
#include <unistd.h>

#include "misbehave.h"

#define NAME_OF_SHARED "/hostile-left-behind"

static enum reply lock_memory(struct request *r)
{
	(void)r;
	char *pages = take(24 * MIB);
	must(pages != NULL && mlock(pages, 24 * MIB) == 0, "mlock");
	return ORDINARY;
}

static enum reply huge_pages(struct request *r)
{
	(void)r;
	char *pages = mmap(NULL, 24 * MIB, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	must(pages != MAP_FAILED, "mmap");
	madvise(pages, 24 * MIB, MADV_HUGEPAGE);
	memset(pages, 1, 24 * MIB);
	return ORDINARY;
}

static enum reply memory_file(struct request *r)
{
	(void)r;
	int fd = memfd_create("hostile", MFD_CLOEXEC);
	must(fd >= 0 && posix_fallocate(fd, 0, 16 * MIB) == 0, "memfd");
	return ORDINARY;
}

static void posix_shared(void)
{
	int fd = shm_open(NAME_OF_SHARED, O_RDWR | O_CREAT, 0600);
	must(fd >= 0 && posix_fallocate(fd, 0, 12 * MIB) == 0, "shm_open");
}

static void sysv_shared(void)
{
	int id = shmget(0x6f6f6d72, 12 * MIB, IPC_CREAT | 0600);
	char *pages = id < 0 ? (char *)-1 : shmat(id, NULL, 0);
	must(pages != (char *)-1, "shmget");
	memset(pages, 1, 12 * MIB);
}

static void queue(void)
{
	must(mq_open(NAME_OF_SHARED, O_RDWR | O_CREAT, 0600, NULL) != (mqd_t)-1, "mq_open");
}

static enum reply past_the_cap(struct request *r)
{
	(void)r;
	for (int i = 0; i < 100; i++)
		take(MIB);
	return ORDINARY;
}

static void unkillable(void)
{
	if (!put_text("/proc/self/oom_score_adj", "-1000"))
		perror("no right to say so here: it is killed as any other");
}

static void sparse_map(void)
{
	mmap(NULL, 1UL << 44, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
}

static enum reply swarm(struct request *r)
{
	static char *again;
	(void)r;
	for (int i = 0; i < 40; i++) {
		again = take(8 * MIB);
		munmap(again, 8 * MIB);
	}
	return ORDINARY;
}

const struct way memory[] = { { "locks-memory", "24 MiB locked at each upload", .answer = lock_memory },
			      { "huge-pages", "24 MiB of huge pages at each upload", .answer = huge_pages },
			      { "memory-file", "a memfd of 16 MiB at each upload", .answer = memory_file },
			      { "shared-memory-left", "POSIX shared memory that stays", .serving = posix_shared },
			      { "sysv-memory-left", "System V shared memory that stays", .serving = sysv_shared },
			      { "queue-left", "a message queue that stays", .serving = queue },
			      { "past-the-cap", "100 MiB at each upload", .answer = past_the_cap },
			      { "oom-proof", "100 MiB, and the kernel must not kill it", .serving = unkillable,
				.answer = past_the_cap },
			      { "maps-16-tib", "16 TiB of address space", .serving = sparse_map },
			      { "up-and-down", "8 MiB up and down, 40 times an upload", .answer = swarm },
			      { NULL } };
