#include "observe/process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/macros.h"
#include "isolation/proc_stat.h"

/* About 1.3 KB on Linux 6.18; longer with many supplementary groups, which come after what is read here. */
#define STATUS_TEXT_MAX 4096

struct status_row {
	const char *key;
	size_t len, offset;
	uint64_t unit;
};
#define ROW(key, field, unit)                                                                                          \
	{                                                                                                              \
		key, sizeof(key) - 1, offsetof(struct process_status, field), unit                                     \
	}

static const struct status_row status_rows[] = {
	ROW("VmHWM", vm_hwm_bytes, 1024),     ROW("RssAnon", rss_anon_bytes, 1024),
	ROW("RssFile", rss_file_bytes, 1024), ROW("RssShmem", rss_shmem_bytes, 1024),
	ROW("Threads", threads, 1),
};

void process_status_parse(const char *text, size_t len, struct process_status *out)
{
	const char *end = text + len;

	memset(out, 0, sizeof(*out)); /* FACT_ABSENT is 0 */
	for (const char *line = text; line < end;) {
		const char *eol = memchr(line, '\n', (size_t)(end - line));
		const char *stop = eol ? eol : end;
		const char *colon = memchr(line, ':', (size_t)(stop - line));
		size_t key_len = colon ? (size_t)(colon - line) : 0;

		if (key_len == 5 && memcmp(line, "State", 5) == 0 && colon + 2 < stop)
			out->state = colon[2];
		if (key_len == 4 && memcmp(line, "Name", 4) == 0 && colon + 2 < stop)
			snprintf(out->name, sizeof(out->name), "%.*s", (int)(stop - colon - 2), colon + 2);
		for (size_t i = 0; key_len && i < COUNT(status_rows); i++) {
			const struct status_row *row = &status_rows[i];

			if (row->len == key_len && memcmp(row->key, line, key_len) == 0)
				*(struct fact *)((char *)out + row->offset) = fact_parse(colon + 1, stop, row->unit);
		}
		line = stop + 1;
	}
}

void process_set_init(struct process_set *set)
{
	memset(set, 0, sizeof(*set));
}

static void slot_close(struct process_slot *slot)
{
	if (slot->status_fd >= 0)
		close(slot->status_fd);
}

static int open_status(const struct process_set *set, pid_t pid)
{
	char path[64];
	int fd;

	if (set->status != NULL)
		return -EREMOTE;
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return fd;
}

static bool listed(pid_t pid, const pid_t *pids, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

void process_set_update(struct process_set *set, const pid_t *pids, size_t count)
{
	size_t given = count < PROCESS_SET_MAX ? count : PROCESS_SET_MAX, kept = 0;

	for (size_t i = 0; i < set->count; i++) {
		if ((set->slot[i].status_fd >= 0 || set->status != NULL) && listed(set->slot[i].pid, pids, given))
			set->slot[kept++] = set->slot[i];
		else
			slot_close(&set->slot[i]);
	}
	set->count = kept;
	for (size_t i = 0; i < given; i++) {
		bool have = false;

		for (size_t j = 0; j < kept && !have; j++)
			have = set->slot[j].pid == pids[i];
		if (!have)
			set->slot[set->count++] = (struct process_slot){ pids[i], open_status(set, pids[i]) };
	}
	set->beyond = count - given;
}

/* 1: out is filled; 0: no such thread any more; -1: unreadable. */
static int read_status(const struct process_set *set, struct process_slot *slot, struct process_status *out)
{
	char text[STATUS_TEXT_MAX];
	ssize_t got;

	if (set->status != NULL) {
		got = set->status(set->reader, slot->pid, text, sizeof(text));
		if (got > 0)
			process_status_parse(text, (size_t)got, out);
		return got > 0 ? 1 : (int)got;
	}
	if (slot->status_fd < 0)
		return slot->status_fd == -ENOENT || slot->status_fd == -ESRCH ? 0 : -1;
	got = pread(slot->status_fd, text, sizeof(text), 0);
	if (got < 0 && errno == ESRCH) {
		/* Closed, so that an update opens the file anew should the id come back. */
		close(slot->status_fd);
		slot->status_fd = -ESRCH;
		return 0;
	}
	if (got <= 0)
		return -1;
	process_status_parse(text, (size_t)got, out);
	return 1;
}

static bool thread_ended(const struct process_status *s)
{
	return s->state == 'Z' || s->state == 'X';
}

/* From now on by another thread, until that ends in its turn. */
static bool follow_living_thread(const struct process_set *set, struct process_slot *slot)
{
	pid_t thread = set->status != NULL ? 0 : proc_stat_living_thread(slot->pid);

	if (thread == 0)
		return false;
	close(slot->status_fd);
	slot->status_fd = open_status(set, thread);
	return true;
}

/* The same of a process.  A dead thread shows no memory, and the first may end before the others (pthread_exit(3)). */
static int slot_read(const struct process_set *set, struct process_slot *slot, struct process_status *out)
{
	int rc = read_status(set, slot, out);

	if (rc > 0 && thread_ended(out) && fact_known(out->threads) && out->threads.value > 1 &&
	    follow_living_thread(set, slot))
		rc = read_status(set, slot, out);
	return rc > 0 && thread_ended(out) ? 0 : rc;
}

/* A process that is just leaving has no memory figures any more: it adds nothing. */
static void add(struct fact *sum, struct fact part)
{
	if (part.state == FACT_UNREADABLE)
		*sum = FACT_BROKEN;
	else if (fact_known(*sum) && fact_known(part))
		sum->value += part.value;
}

static struct process_seen process_row(pid_t pid, const struct process_status *status)
{
	struct process_seen row = { .pid = pid,
				    .rss_anon_bytes = status->rss_anon_bytes,
				    .rss_file_bytes = status->rss_file_bytes,
				    .rss_shmem_bytes = status->rss_shmem_bytes,
				    .vm_hwm_bytes = status->vm_hwm_bytes,
				    .threads = status->threads };

	memcpy(row.name, status->name, sizeof(row.name));
	return row;
}

size_t process_set_read(struct process_set *set, pid_t main_pid, struct process_sample *out, struct process_seen *each)
{
	static const struct process_status unreadable = { .rss_anon_bytes = FACT_BROKEN,
							  .rss_file_bytes = FACT_BROKEN,
							  .rss_shmem_bytes = FACT_BROKEN,
							  .vm_hwm_bytes = FACT_BROKEN,
							  .threads = FACT_BROKEN };
	struct fact files = out->open_files, start = set->beyond ? FACT_BROKEN : fact_of(0);
	size_t rows = 0;

	*out = (struct process_sample){ .processes = fact_of(set->beyond),
					.rss_anon_bytes = start,
					.rss_file_bytes = start,
					.rss_shmem_bytes = start,
					.threads = start,
					.open_files = files };
	for (size_t i = 0; i < set->count; i++) {
		struct process_status status;
		int rc = slot_read(set, &set->slot[i], &status);

		if (rc == 0)
			continue;
		if (rc < 0)
			status = unreadable;
		out->processes.value++;
		add(&out->rss_anon_bytes, status.rss_anon_bytes);
		add(&out->rss_file_bytes, status.rss_file_bytes);
		add(&out->rss_shmem_bytes, status.rss_shmem_bytes);
		add(&out->threads, status.threads);
		if (set->slot[i].pid == main_pid) {
			out->vm_hwm_bytes = status.vm_hwm_bytes;
			out->main_rss_anon_bytes = status.rss_anon_bytes;
		}
		if (rc > 0)
			each[rows++] = process_row(set->slot[i].pid, &status);
	}
	return rows;
}

/* Counts the entries of /proc/PID/fd. */
static struct fact count_files(pid_t pid)
{
	char path[64], entries[8192] __attribute__((aligned(8)));
	uint64_t count = 0;
	struct stat st;
	ssize_t got;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/fd", (int)proc_stat_living_thread(pid));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT || errno == ESRCH ? FACT_NONE : FACT_BROKEN;
	/* Since Linux 6.2 the folder's size is the number of open files (proc_pid_fd(5)); before, it is 0. */
	if (fstat(fd, &st) == 0 && st.st_size > 0) {
		close(fd);
		return fact_of((uint64_t)st.st_size);
	}
	while ((got = getdents64(fd, entries, sizeof(entries))) > 0)
		for (ssize_t at = 0; at < got; at += ((const struct dirent64 *)(entries + at))->d_reclen)
			count += ((const struct dirent64 *)(entries + at))->d_name[0] != '.';
	close(fd);
	return got < 0 ? FACT_BROKEN : fact_of(count);
}

struct fact process_set_files(const struct process_set *set)
{
	struct fact sum = set->beyond ? FACT_BROKEN : fact_of(0);

	if (set->status != NULL)
		return FACT_NONE;
	for (size_t i = 0; i < set->count; i++)
		add(&sum, count_files(set->slot[i].pid));
	return sum;
}

void process_set_release(struct process_set *set)
{
	for (size_t i = 0; i < set->count; i++)
		slot_close(&set->slot[i]);
	set->count = 0;
}
