#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "agent.h"

#define FILE_MAX 12288 /* /proc/vmstat is 4 to 6 KB */
#define PROCESSES_MAX 64

struct text {
	char *out;
	size_t size, len;
};

static void add(struct text *t, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

static void add(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(t->out + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < t->size - t->len)
		t->len += (size_t)n;
	else
		t->out[t->len] = '\0'; /* left out whole */
}

long long look_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

int look_put(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : write(fd, text, strlen(text));

	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

/* The whole file, "" when it cannot be read. */
static char *content(const char *path)
{
	static char text[FILE_MAX];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n;

	while (fd >= 0 && len < sizeof(text) - 1 && (n = read(fd, text + len, sizeof(text) - 1 - len)) > 0)
		len += (size_t)n;
	if (fd >= 0)
		close(fd);
	text[len] = '\0';
	return text;
}

static int wanted(const char *line, const char *const *keys)
{
	if (keys == NULL)
		return 1;
	for (; *keys != NULL; keys++)
		if (strncmp(line, *keys, strlen(*keys)) == 0)
			return 1;
	return 0;
}

/* "@NAME" and the lines that begin with one of the keys (NULL: all). */
static void add_file(struct text *t, const char *name, const char *path, const char *const *keys)
{
	char *line = content(path), *end;

	add(t, "@%s\n", name);
	for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
		*end = '\0';
		if (wanted(line, keys))
			add(t, "%s\n", line);
	}
}

static int is_kernel_thread(pid_t pid)
{
	char path[40];

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	const char *name_end = strrchr(content(path), ')');
	unsigned long flags = 0;
	/* proc_pid_stat(5): flags are the 9th field; PF_KTHREAD of include/linux/sched.h. */
	return name_end == NULL || sscanf(name_end + 1, " %*c %*d %*d %*d %*d %*d %lu", &flags) != 1 ||
	       (flags & 0x00200000) != 0;
}

/* opendir(3) would allocate. */
void look_each(void (*fn)(pid_t pid, void *arg), void *arg)
{
	static char entries[16384] __attribute__((aligned(8)));
	int fd = open("/proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	long got;

	while (fd >= 0 && (got = syscall(SYS_getdents64, fd, entries, sizeof(entries))) > 0)
		for (long at = 0; at < got;) {
			const struct dirent64 *entry = (const struct dirent64 *)(entries + at);
			pid_t pid = isdigit((unsigned char)entry->d_name[0]) ? (pid_t)atoi(entry->d_name) : 0;

			at += entry->d_reclen;
			if (pid > 1 && !is_kernel_thread(pid))
				fn(pid, arg);
		}
	if (fd >= 0)
		close(fd);
}

static void add_process(pid_t pid, void *arg)
{
	static const char *const keys[] = { "Name:",	"State:",    "VmHWM:",	 "RssAnon:",
					    "RssFile:", "RssShmem:", "Threads:", NULL };
	char path[40], name[32];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	snprintf(name, sizeof(name), "process %d", (int)pid);
	add_file(arg, name, path, keys);
}

static void add_disk(struct text *t)
{
	struct statvfs st;

	if (statvfs(AGENT_DISK, &st) == 0 && st.f_blocks > 0)
		add(t, "@disk\nfree %llu\nused %llu\n", (unsigned long long)st.f_bavail * st.f_frsize,
		    (unsigned long long)(st.f_blocks - st.f_bfree) * st.f_frsize);
}

size_t look_write(const struct look *l, char *out, size_t size)
{
	static const char *const vmstat[] = { "oom_kill ", "pgmajfault ", "pswpin ", "pswpout ", NULL };
	static const char *const self[] = { "VmRSS:", "VmLck:", NULL };
	struct text t = { .out = out, .size = size };

	add(&t, "@agent\nooms %llu\nms %lld\nwork_us %lu\n", l->ooms, look_ms(), l->work_us);
	add_file(&t, "meminfo", "/proc/meminfo", NULL);
	add_file(&t, "vmstat", "/proc/vmstat", vmstat);
	add_file(&t, "sockstat", "/proc/net/sockstat", NULL);
	add_file(&t, "pressure", "/proc/pressure/memory", NULL);
	add_file(&t, "self", "/proc/1/status", self);
	add_disk(&t);
	look_each(add_process, &t);
	return t.len;
}
