#include "observe/disk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

#define INTERVAL_MIN_NS NS_PER_S
#define INTERVAL_COSTS 200
#define NICE 10

/* A fact in one word, so that it can be handed over without a lock. */
#define WORD_ABSENT UINT64_MAX
#define WORD_UNREADABLE (UINT64_MAX - 1)

static uint64_t to_word(struct fact f)
{
	return fact_known(f) ? f.value : f.state == FACT_ABSENT ? WORD_ABSENT : WORD_UNREADABLE;
}

static struct fact from_word(uint64_t word)
{
	return word == WORD_ABSENT ? FACT_NONE : word == WORD_UNREADABLE ? FACT_BROKEN : fact_of(word);
}

struct usage {
	struct fact all, wal;
};

static int is_wal(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && strcmp(name + len - 4, "-wal") == 0; /* SQLite names it after the database */
}

/* Adds what lies below parent_fd/name; files that vanish meanwhile count nothing. */
static void walk(int parent_fd, const char *name, struct usage *u)
{
	int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *d;

	if (!dir) {
		if (errno != ENOENT)
			u->all = FACT_BROKEN;
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((d = readdir(dir))) {
		struct stat st;

		if (strcmp(d->d_name, ".") == 0 || strcmp(d->d_name, "..") == 0)
			continue;
		if (fstatat(fd, d->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
			if (errno != ENOENT)
				u->all = FACT_BROKEN;
			continue;
		}
		if (S_ISDIR(st.st_mode)) {
			walk(fd, d->d_name, u);
			continue;
		}
		if (fact_known(u->all))
			u->all.value += (uint64_t)st.st_blocks * 512;
		if (is_wal(d->d_name))
			u->wal.value += (uint64_t)st.st_blocks * 512;
	}
	closedir(dir);
}

static void measure(struct disk_watch *w)
{
	struct usage data = { FACT_NONE, FACT_NONE }, tmp = data;

	if (w->data_dir) {
		data = (struct usage){ fact_of(0), fact_of(0) };
		walk(AT_FDCWD, w->data_dir, &data);
	}
	if (w->tmp_dir) {
		tmp = (struct usage){ fact_of(0), fact_of(0) };
		walk(AT_FDCWD, w->tmp_dir, &tmp);
	}
	atomic_store(&w->data, to_word(data.all));
	atomic_store(&w->wal, to_word(data.wal));
	atomic_store(&w->tmp, to_word(tmp.all));
}

static void *run(void *arg)
{
	struct disk_watch *w = arg;
	struct pollfd stop = { .fd = w->stop_fd, .events = POLLIN };
	uint64_t interval_ns = INTERVAL_MIN_NS;

	/* Of this thread only: setpriority(2), "C library/kernel differences". */
	setpriority(PRIO_PROCESS, (id_t)gettid(), NICE);
	while (poll(&stop, 1, (int)(interval_ns / NS_PER_MS)) <= 0) {
		uint64_t start_ns = clock_ns();

		measure(w);
		interval_ns = (clock_ns() - start_ns) * INTERVAL_COSTS;
		if (interval_ns < INTERVAL_MIN_NS)
			interval_ns = INTERVAL_MIN_NS;
	}
	w->cpu_ns = clock_thread_cpu_ns();
	return NULL;
}

int disk_watch_start(struct disk_watch *w, const char *data_dir, const char *tmp_dir, struct error *err)
{
	int rc;

	memset(w, 0, sizeof(*w));
	w->data_dir = data_dir;
	w->tmp_dir = tmp_dir;
	measure(w);
	w->stop_fd = eventfd(0, EFD_CLOEXEC);
	if (w->stop_fd < 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot make an eventfd");
	rc = pthread_create(&w->thread, NULL, run, w);
	if (rc != 0) {
		close(w->stop_fd);
		return error_set_errno(err, ERROR_SYSTEM, rc, "cannot start the disk thread");
	}
	return 0;
}

void disk_watch_read(const struct disk_watch *w, struct disk_sample *out)
{
	out->data_bytes = from_word(atomic_load(&w->data));
	out->wal_bytes = from_word(atomic_load(&w->wal));
	out->tmp_bytes = from_word(atomic_load(&w->tmp));
}

void disk_watch_stop(struct disk_watch *w)
{
	eventfd_write(w->stop_fd, 1);
	pthread_join(w->thread, NULL);
	close(w->stop_fd);
	measure(w);
}
