#include "observe/kernel_log.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"

/* A read() returns one record, or EINVAL when it does not fit; the kernel formats them in 8192 bytes at most. */
#define RECORD_MAX 8192
#define DUMP_MAX (256 << 10)
#define EXCERPT_MAX (4 << 20)

void kernel_log_open(struct kernel_log *log)
{
	*log = (struct kernel_log)KERNEL_LOG_INIT;
	log->fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	if (log->fd >= 0 && lseek(log->fd, 0, SEEK_END) >= 0)
		return;
	log->open_errno = errno;
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
}

/* Of the first pid namespace, fixed: PROC_PID_INIT_INO of the kernel's include/linux/proc_ns.h. */
#define FIRST_PID_NAMESPACE 0xEFFFFFFCU

bool kernel_log_names_our_pids(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == FIRST_PID_NAMESPACE;
}

static void keep(struct buf *out, uint64_t usec, const char *text)
{
	if (out->len >= EXCERPT_MAX) /* a server that is killed without end */
		return;
	buf_addf(out, "[%llu.%06llu] %s\n", (unsigned long long)(usec / 1000000), (unsigned long long)(usec % 1000000),
		 text);
}

/* Does "KEY=/…/group" stand in text, the path ending there? */
static bool names_group(const char *text, const char *key, const char *group)
{
	const char *at = strstr(text, key), *end, *name;

	if (!at || !group || !*group)
		return false;
	at += strlen(key);
	end = at + strcspn(at, ",");
	for (name = end; name > at && name[-1] != '/';)
		name--;
	return (size_t)(end - name) == strlen(group) && strncmp(name, group, (size_t)(end - name)) == 0;
}

static bool pid_is_ours(const struct kernel_log_filter *filter, pid_t pid)
{
	for (size_t i = 0; i < filter->pid_count; i++)
		if (filter->pids[i] == pid)
			return true;
	return false;
}

/* 0 for what is no process id. */
static pid_t pid_of(const char *text)
{
	long pid = strtol(text, NULL, 10);

	return pid > 0 && pid <= INT_MAX ? (pid_t)pid : 0;
}

/* "KEY:123kB" */
static struct fact kilobytes(const char *text, const char *key)
{
	const char *at = strstr(text, key);
	char *end;
	unsigned long long value;

	if (!at)
		return FACT_NONE;
	at += strlen(key);
	value = strtoull(at, &end, 10);
	return isdigit((unsigned char)*at) && strncmp(end, "kB", 2) == 0 ? fact_in(value, 1024) : FACT_BROKEN;
}

/* "Memory cgroup out of memory: Killed process 515 (comm) total-vm:…"; false for any other line. */
static bool parse_kill(const char *text, uint64_t usec, struct kernel_log_kill *out)
{
	static const char killed[] = "ut of memory: Killed process ";
	const char *at = strstr(text, killed), *figures;
	size_t comm_len;

	if (!at)
		return false;
	memset(out, 0, sizeof(*out));
	at += sizeof(killed) - 1;
	out->pid = pid_of(at);
	at += strspn(at, "0123456789");
	if (out->pid == 0 || strncmp(at, " (", 2) != 0)
		return false;
	at += 2;
	/* The name may hold anything, ") " included. */
	figures = strstr(at, ") total-vm:");
	comm_len = figures ? (size_t)(figures - at) : strcspn(at, ")");
	if (comm_len >= sizeof(out->comm))
		comm_len = sizeof(out->comm) - 1;
	memcpy(out->comm, at, comm_len);
	out->t_ns = usec * NS_PER_US;
	out->whole_machine = strncmp(text, "Memory cgroup ", 14) != 0;
	out->anon_rss_bytes = kilobytes(at, "anon-rss:");
	out->file_rss_bytes = kilobytes(at, "file-rss:");
	out->shmem_rss_bytes = kilobytes(at, "shmem-rss:");
	return true;
}

static void end_dump(struct kernel_log *log, bool ours)
{
	if (ours && log->dump.len) {
		if (log->excerpt.len < EXCERPT_MAX)
			buf_add(&log->excerpt, log->dump.data, log->dump.len);
		if (!log->oom.seen)
			oom_dump_parse(log->dump.data, (uint64_t)sysconf(_SC_PAGESIZE), &log->oom);
	}
	buf_clear(&log->dump);
	log->in_dump = false;
}

static void take_kill(struct kernel_log *log, const struct kernel_log_filter *filter,
		      const struct kernel_log_kill *kill, uint64_t usec, const char *text)
{
	bool ours = kill->pid == log->named_victim || pid_is_ours(filter, kill->pid);

	end_dump(log, ours);
	log->named_victim = 0;
	if (!ours)
		return;
	keep(&log->excerpt, usec, text);
	if (log->kill_count < KERNEL_LOG_KILLS_MAX)
		log->kills[log->kill_count] = *kill;
	log->kill_count++;
}

static void take_text(struct kernel_log *log, const struct kernel_log_filter *filter, uint64_t usec, const char *text)
{
	static const char reaped[] = "oom_reaper: reaped process ";
	struct kernel_log_kill kill;

	if (strstr(text, " invoked oom-killer: ")) {
		end_dump(log, false);
		log->in_dump = true;
		keep(&log->dump, usec, text);
	} else if (strncmp(text, "oom-kill:", 9) == 0) {
		bool ours = names_group(text, "oom_memcg=", filter->group) ||
			    names_group(text, "task_memcg=", filter->group);
		const char *pid = strstr(text, ",pid=");

		end_dump(log, ours);
		log->named_victim = ours && pid ? pid_of(pid + 5) : 0;
		if (ours)
			keep(&log->excerpt, usec, text);
	} else if (parse_kill(text, usec, &kill)) {
		take_kill(log, filter, &kill, usec, text);
	} else if (strncmp(text, reaped, sizeof(reaped) - 1) == 0) {
		pid_t pid = pid_of(text + sizeof(reaped) - 1);

		for (size_t i = 0; i < log->kill_count && i < KERNEL_LOG_KILLS_MAX; i++) {
			if (log->kills[i].pid == pid) {
				keep(&log->excerpt, usec, text);
				break;
			}
		}
	} else if (log->in_dump && log->dump.len < DUMP_MAX) {
		keep(&log->dump, usec, text);
	}
}

void kernel_log_take(struct kernel_log *log, const struct kernel_log_filter *filter, const char *record, size_t len)
{
	const char *semicolon = memchr(record, ';', len), *end;
	unsigned long long seq, usec;
	char text[RECORD_MAX];
	size_t text_len;

	if (!semicolon || sscanf(record, "%*u,%llu,%llu,", &seq, &usec) != 2)
		return;
	if (log->last_seq && seq > log->last_seq + 1)
		log->overruns += seq - log->last_seq - 1;
	log->last_seq = seq;
	semicolon++;
	/* Lines after the first are the record's properties, not its text. */
	end = memchr(semicolon, '\n', len - (size_t)(semicolon - record));
	text_len = end ? (size_t)(end - semicolon) : len - (size_t)(semicolon - record);
	if (text_len >= sizeof(text))
		text_len = sizeof(text) - 1;
	memcpy(text, semicolon, text_len);
	text[text_len] = '\0';
	take_text(log, filter, usec, text);
}

void kernel_log_read(struct kernel_log *log, const struct kernel_log_filter *filter)
{
	char record[RECORD_MAX];

	if (log->fd < 0)
		return;
	for (;;) {
		ssize_t got = read(log->fd, record, sizeof(record) - 1);

		if (got > 0) {
			record[got] = '\0';
			kernel_log_take(log, filter, record, (size_t)got);
		} else if (got < 0 && errno == EPIPE) {
			/* How many were lost shows in the next record's number, unless there was none before it. */
			log->overruns += log->last_seq == 0;
		} else if (got == 0 || errno != EINTR) {
			return;
		}
	}
}

void kernel_log_close(struct kernel_log *log)
{
	if (log->fd >= 0)
		close(log->fd);
	log->fd = -1;
	buf_release(&log->excerpt);
	buf_release(&log->dump);
}
