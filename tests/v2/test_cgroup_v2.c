/*
 * The cgroup-v2 backend on real groups and real kills, as root and as a user
 * in a delegated group.  Run inside the guest of tests/v2/guest.c by
 * tests/integration/v2.bats.  TMPDIR must lie on a disk.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "isolation/isolation.h"

#define MIB (1ULL << 20)
#define CAP (48 * MIB)
#define SMALL_CAP (16 * MIB)
#define EVENT_MS 5000

static const struct isolation_backend *v2;
static struct isolation *opened; /* what a test that fails leaves to its teardown */
static pid_t opened_by;

static struct isolation *open_limited(const struct isolation_limits *limits)
{
	struct error err = ERROR_INIT;

	if (isolation_open(v2, limits, &opened, &err) != 0)
		fail_msg("cannot open a group: %s", err.message);
	opened_by = getpid();
	return opened;
}

static struct isolation *open_group(uint64_t memory_bytes)
{
	struct isolation_limits limits = { .memory_bytes = memory_bytes };

	return open_limited(&limits);
}

/* The group's folder, wherever below the mount point it was made; heap. */
static char *folder_of(const char *name)
{
	char *command = xasprintf("find /sys/fs/cgroup -type d -name %s", name), path[4096] = "";
	FILE *found = popen(command, "r");

	if (fgets(path, sizeof(path), found))
		path[strcspn(path, "\n")] = '\0';
	pclose(found);
	free(command);
	return xstrdup(path);
}

static void close_group(struct isolation *iso)
{
	char name[ISOLATION_NAME_MAX], *left;
	struct error err = ERROR_INIT;

	strcpy(name, iso->name);
	opened = NULL;
	if (v2->close(iso, &err) != 0)
		fail_msg("cannot close the group: %s", err.message);
	left = folder_of(name);
	assert_string_equal(left, "");
	free(left);
}

static int close_leftovers(void **state)
{
	(void)state;
	if (opened && opened_by == getpid())
		v2->close(opened, NULL);
	opened = NULL;
	return 0;
}

/* Starts a process in the group that does the work, says so, and waits for its end. */
static pid_t start(struct isolation *iso, void (*work)(void *), void *arg, int *done_fd)
{
	int done[2];
	pid_t pid;

	assert_int_equal(pipe(done), 0);
	pid = fork();
	if (pid == 0) {
		struct error err = ERROR_INIT;

		close(done[0]);
		if (v2->join(iso->name, &err) != 0) {
			fprintf(stderr, "join: %s\n", err.message);
			_exit(1);
		}
		work(arg);
		if (write(done[1], "d", 1) != 1)
			_exit(1);
		for (;;)
			pause();
	}
	close(done[1]);
	*done_fd = done[0];
	return pid;
}

static void await_done(int done_fd)
{
	char byte;

	assert_int_equal(read(done_fd, &byte, 1), 1);
	close(done_fd);
}

static int end_of(pid_t pid)
{
	int status;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	return status;
}

static bool was_killed(int status)
{
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL;
}

static bool readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1;
}

static void nothing(void *arg)
{
	(void)arg;
}

static void touch_anon(void *arg)
{
	size_t size = *(const size_t *)arg;

	memset(mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0), 1, size);
}

/* arg: where to write twice the cap. */
static void write_file(void *arg)
{
	static char block[MIB];
	int fd = open(arg, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	for (uint64_t i = 0; i < 2 * CAP / MIB; i++)
		if (write(fd, block, sizeof(block)) != sizeof(block))
			_exit(1);
	if (fsync(fd) != 0)
		_exit(1);
	close(fd);
}

/* A connection to itself, filled until nothing more goes in, and never read. */
static void fill_sockets(void *arg)
{
	static char block[65536];
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(at);
	int server = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0);

	(void)arg;
	if (bind(server, (struct sockaddr *)&at, len) != 0 || listen(server, 1) != 0 ||
	    getsockname(server, (struct sockaddr *)&at, &len) != 0 ||
	    connect(client, (struct sockaddr *)&at, len) != 0 || accept(server, NULL, NULL) < 0)
		_exit(1);
	fcntl(client, F_SETFL, O_NONBLOCK);
	for (int full = 0; full < 20;) {
		if (write(client, block, sizeof(block)) > 0)
			continue;
		full++;
		poll(NULL, 0, 10);
	}
}

static struct memory_sample read_now(struct isolation *iso)
{
	struct error err = ERROR_INIT;
	struct isolation_final now;

	assert_int_equal(v2->final(iso, &now, &err), 0);
	return now.memory;
}

static void test_limits_are_read_back(void **state)
{
	(void)state;
	struct isolation *iso = open_group(CAP + 123); /* the kernel rounds to pages */
	struct isolation_final final;
	struct error err = ERROR_INIT;
	char *folder = folder_of(iso->name), *command = xasprintf("echo max >%s/memory.max", folder);

	assert_int_equal(iso->readback.asked.memory_bytes, CAP + 123);
	assert_true(fact_known(iso->readback.memory_bytes));
	assert_int_equal(iso->readback.memory_bytes.value, CAP);
	assert_true(fact_known(iso->readback.memory_swap_bytes)); /* the kernel of the guest accounts swap */
	assert_int_equal(iso->readback.memory_swap_bytes.value, CAP);
	assert_int_equal(iso->readback.swappiness.state, FACT_ABSENT);
	/* A limit that somebody lifts is seen as lifted. */
	assert_int_equal(system(command), 0);
	assert_int_equal(v2->final(iso, &final, &err), 0);
	assert_true(fact_known(final.limit_bytes) && final.limit_bytes.value == UINT64_MAX);
	assert_true(fact_known(final.swap_limit_bytes) && final.swap_limit_bytes.value == UINT64_MAX);
	free(command);
	free(folder);
	close_group(iso);

	iso = open_group(0);
	assert_int_equal(iso->readback.memory_bytes.state, FACT_ABSENT);
	close_group(iso);
}

static void test_anon_is_killed(void **state)
{
	(void)state;
	struct isolation *iso = open_group(CAP);
	struct isolation_reader *reader;
	struct isolation_final final;
	struct error err = ERROR_INIT;
	size_t size = 2 * CAP;
	int fd, done;
	pid_t pid;

	assert_int_equal(v2->reader_open(iso, &reader, &err), 0);
	fd = v2->oom_event_fd(iso, &err);
	assert_true(fd >= 0);
	assert_false(readable(fd, 0));
	pid = start(iso, touch_anon, &size, &done);
	assert_true(was_killed(end_of(pid)));
	close(done);
	assert_true(readable(fd, EVENT_MS));
	/* The event may have been that of a reclaim; one that tells of the OOM follows. */
	while (v2->oom_event_take(reader, fd) == 0)
		assert_true(readable(fd, EVENT_MS));
	assert_int_equal(v2->oom_event_take(reader, fd), 0); /* told once */
	assert_int_equal(v2->contains(iso, pid), -1);
	assert_int_equal(v2->pids(iso, NULL, 0, &err), 0);

	assert_int_equal(v2->final(iso, &final, &err), 0);
	assert_true(fact_known(final.oom_kill) && final.oom_kill.value == 1);
	assert_int_equal(final.memory.field[MEMORY_OOM_KILL_LOCAL].value, 1);
	assert_true(final.memory.field[MEMORY_OOMS].value >= 1);
	assert_true(fact_known(final.peak_usage_bytes));
	/* A few pages may be charged beyond the limit before they are given back. */
	assert_true(final.peak_usage_bytes.value >= CAP && final.peak_usage_bytes.value < CAP + MIB);
	assert_int_equal(final.memory.field[MEMORY_UNDER_OOM].state, FACT_ABSENT); /* a word of v1 */
	close(fd);
	v2->reader_close(reader);
	close_group(iso);
}

/* forbid: take the right to write memory.reclaim away, as if the kernel were too old to have it. */
static void page_cache_comes_back(bool forbid)
{
	char *folder, *check;
	char *path = xasprintf("%s/oomrig-test-file", getenv("TMPDIR"));
	struct isolation *iso = open_group(CAP);
	struct isolation_reader *reader;
	struct memory_sample before, after;
	struct error err = ERROR_INIT;
	int fd, done;
	pid_t pid;

	folder = folder_of(iso->name);
	check = xasprintf("grep -qx max %s/memory.high", folder);
	if (forbid) {
		char *file = xasprintf("%s/memory.reclaim", folder);

		assert_int_equal(chmod(file, 0), 0);
		free(file);
	}
	assert_int_equal(v2->reader_open(iso, &reader, &err), 0);
	fd = v2->oom_event_fd(iso, &err);
	pid = start(iso, write_file, path, &done);
	await_done(done);
	before = read_now(iso);
	assert_true(before.field[MEMORY_FILE].value > CAP / 2);
	assert_true(before.field[MEMORY_LIMIT_HITS].value > 0);
	/* The limit was run into, which the descriptor tells as well; it was no OOM. */
	assert_true(readable(fd, EVENT_MS));
	assert_int_equal(v2->oom_event_take(reader, fd), 0);

	if (v2->squeeze(iso, &err) != 0)
		fail_msg("%s", err.message);
	after = read_now(iso);
	printf("             page cache%s: %llu KiB, after the squeeze %llu KiB\n", forbid ? ", by memory.high" : "",
	       (unsigned long long)before.field[MEMORY_FILE].value / 1024,
	       (unsigned long long)after.field[MEMORY_FILE].value / 1024);
	assert_true(after.field[MEMORY_FILE].value < MIB);
	assert_true(fact_known(after.field[MEMORY_OOM_KILL]) && after.field[MEMORY_OOM_KILL].value == 0);
	assert_int_equal(v2->contains(iso, pid), 1); /* it lives */
	assert_int_equal(system(check), 0);	     /* and nothing goes on slowing it down */
	free(check);
	free(folder);
	assert_int_equal(v2->kill(iso, &err), 0);
	assert_true(was_killed(end_of(pid)));
	close(fd);
	v2->reader_close(reader);
	close_group(iso);
	unlink(path);
	free(path);
}

static void test_page_cache_comes_back(void **state)
{
	(void)state;
	page_cache_comes_back(false);
}

static void test_page_cache_comes_back_on_older_kernels(void **state)
{
	(void)state;
	if (geteuid() == 0) {
		printf("             not tested as root, whom no file mode keeps from memory.reclaim\n");
		skip();
	}
	page_cache_comes_back(true);
}

static void test_socket_buffers_are_charged(void **state)
{
	(void)state;
	struct isolation *iso = open_group(CAP);
	struct memory_sample m;
	int done;
	pid_t pid = start(iso, fill_sockets, NULL, &done);

	await_done(done);
	m = read_now(iso);
	printf("             unread sockets: %llu KiB charged\n",
	       (unsigned long long)m.field[MEMORY_SOCK].value / 1024);
	assert_true(fact_known(m.field[MEMORY_SOCK]) && m.field[MEMORY_SOCK].value > MIB);
	assert_true(m.field[MEMORY_USAGE].value >= m.field[MEMORY_SOCK].value + m.field[MEMORY_ANON].value);
	/* The same word means the same on v1, which does not charge them. */
	assert_true(memory_unreclaimable(&m).value < m.field[MEMORY_SOCK].value + m.field[MEMORY_ANON].value);
	kill(pid, SIGKILL);
	end_of(pid);
	/* A kill from outside is no OOM. */
	assert_int_equal(read_now(iso).field[MEMORY_OOM_KILL].value, 0);
	close_group(iso);
}

static void test_closing_kills_all(void **state)
{
	(void)state;
	struct isolation *iso = open_group(CAP);
	struct isolation_reader *reader;
	struct error err = ERROR_INIT;
	pid_t pids[8], child[3];
	int done;

	assert_int_equal(v2->reader_open(iso, &reader, &err), 0);
	for (int i = 0; i < 3; i++) {
		child[i] = start(iso, nothing, NULL, &done);
		await_done(done);
		assert_int_equal(v2->reader_pids(reader, pids, 8), i + 1);
		assert_int_equal(v2->pids(iso, pids, 8, &err), i + 1);
		assert_int_equal(v2->contains(iso, child[i]), 1);
	}
	assert_int_equal(v2->contains(iso, getpid()), 0);
	v2->reader_close(reader);
	close_group(iso);
	for (int i = 0; i < 3; i++)
		assert_true(was_killed(end_of(child[i])));
}

/* What a server does that divides its group: hands memory down, moves into a group two below, and grows. */
static void divide_and_touch(void *arg)
{
	/* A group that hands memory down may hold no process, the shell included. */
	char *command = xasprintf(
		"cd /sys/fs/cgroup/$(cut -c4- /proc/%d/cgroup) && mkdir -p a/b c && "
		"echo %d >a/b/cgroup.procs && echo $$ >c/cgroup.procs && echo +memory >cgroup.subtree_control && "
		"echo +memory >a/cgroup.subtree_control",
		(int)getpid(), (int)getpid());

	if (system(command) != 0)
		_exit(1);
	free(command);
	touch_anon(arg);
}

static void test_groups_the_server_made(void **state)
{
	(void)state;
	struct isolation *iso = open_group(SMALL_CAP);
	struct isolation_reader *reader;
	struct memory_sample m;
	struct error err = ERROR_INIT;
	size_t small = MIB, large = 2 * SMALL_CAP;
	int done, status;
	pid_t pid, pids[4];

	assert_int_equal(v2->reader_open(iso, &reader, &err), 0);
	pid = start(iso, divide_and_touch, &small, &done);
	await_done(done);
	assert_int_equal(v2->pids(iso, pids, 4, &err), 1);
	assert_int_equal(pids[0], pid);
	assert_int_equal(v2->reader_pids(reader, pids, 4), 1);
	assert_int_equal(v2->contains(iso, pid), 1);
	v2->reader_close(reader);
	close_group(iso);
	assert_true(was_killed(end_of(pid)));

	/* The cap holds for the groups below, and a kill in one of them counts. */
	iso = open_group(SMALL_CAP);
	pid = start(iso, divide_and_touch, &large, &done);
	status = end_of(pid);
	assert_true(was_killed(status));
	close(done);
	m = read_now(iso);
	assert_int_equal(m.field[MEMORY_OOM_KILL].value, 1);
	assert_true(fact_known(m.field[MEMORY_OOM_KILL_LOCAL]) && m.field[MEMORY_OOM_KILL_LOCAL].value == 0);
	assert_int_equal(v2->pids(iso, NULL, 0, &err), 0);
	close_group(iso);
}

static void test_an_oom_kills_all(void **state)
{
	(void)state;
	struct isolation_limits limits = { .memory_bytes = SMALL_CAP, .oom_group = true };
	struct isolation *iso = open_limited(&limits);
	struct isolation_final final;
	struct error err = ERROR_INIT;
	size_t size = 2 * SMALL_CAP;
	int done;
	pid_t bystander = start(iso, nothing, NULL, &done), pid;

	await_done(done);
	pid = start(iso, touch_anon, &size, &done);
	assert_true(was_killed(end_of(pid)));
	assert_true(was_killed(end_of(bystander)));
	close(done);
	assert_int_equal(v2->final(iso, &final, &err), 0);
	assert_int_equal(final.oom_group.value, 1);
	assert_true(final.oom_kill.value >= 2); /* the kernel counts the one it chose once more */
	assert_int_equal(final.memory.field[MEMORY_OOM_GROUP_KILLS].value, 1);
	close_group(iso);
}

static void test_slowed_down_at_high(void **state)
{
	(void)state;
	struct isolation_limits limits = { .memory_bytes = CAP, .high_bytes = CAP / 2 + 1 };
	char *path = xasprintf("%s/oomrig-test-file", getenv("TMPDIR"));
	struct isolation *iso = open_limited(&limits);
	struct isolation_final final;
	struct error err = ERROR_INIT;
	int done;
	pid_t pid = start(iso, write_file, path, &done);

	await_done(done);
	assert_int_equal(v2->squeeze(iso, &err), 0); /* which may lower memory.high for a moment */
	assert_int_equal(v2->final(iso, &final, &err), 0);
	assert_int_equal(iso->readback.high_bytes.value, CAP / 2); /* the kernel rounds to pages */
	assert_true(fact_known(final.high_bytes) && final.high_bytes.value == CAP / 2);
	assert_true(final.memory.field[MEMORY_HIGH_HITS].value > 0);
	assert_int_equal(final.oom_kill.value, 0);
	kill(pid, SIGKILL);
	end_of(pid);
	close_group(iso);
	unlink(path);
	free(path);
}

static void add_line(void *arg, const char *what)
{
	buf_addf(arg, "%s\n", what);
}

static void add_failure(void *arg, const struct error *err)
{
	buf_addf(arg, "failed: %s\n", err->message);
}

/* A rig that dies with a process in its group. */
static void test_clean_takes_only_what_a_dead_rig_left(void **state)
{
	(void)state;
	struct isolation *mine = open_group(CAP);
	struct buf report = BUF_INIT;
	struct isolation_leftovers leftovers = { .found = add_line, .failed = add_failure, .arg = &report };
	struct error err = ERROR_INIT;
	char name[ISOLATION_NAME_MAX], *left;
	int out[2];
	pid_t rig;

	assert_int_equal(pipe(out), 0);
	rig = fork();
	if (rig == 0) {
		struct isolation *iso = open_group(CAP);
		int done;

		start(iso, nothing, NULL, &done);
		await_done(done);
		_exit(write(out[1], iso->name, ISOLATION_NAME_MAX) != ISOLATION_NAME_MAX);
	}
	assert_int_equal(read(out[0], name, sizeof(name)), sizeof(name));
	end_of(rig);

	assert_int_equal(v2->clean(&leftovers, &err), 0);
	assert_non_null(strstr(buf_str(&report), name));
	assert_null(strstr(buf_str(&report), mine->name));
	buf_clear(&report);
	leftovers.remove = true;
	if (v2->clean(&leftovers, &err) < 0)
		fail_msg("clean: %s\n%s", err.message, buf_str(&report));
	assert_non_null(strstr(buf_str(&report), name));
	left = folder_of(name);
	assert_string_equal(left, "");
	free(left);
	assert_int_equal(v2->pids(mine, NULL, 0, &err), 0); /* still there */
	close(out[0]);
	close(out[1]);
	buf_release(&report);
	close_group(mine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_teardown(test_limits_are_read_back, close_leftovers),
		cmocka_unit_test_teardown(test_anon_is_killed, close_leftovers),
		cmocka_unit_test_teardown(test_page_cache_comes_back, close_leftovers),
		cmocka_unit_test_teardown(test_page_cache_comes_back_on_older_kernels, close_leftovers),
		cmocka_unit_test_teardown(test_socket_buffers_are_charged, close_leftovers),
		cmocka_unit_test_teardown(test_closing_kills_all, close_leftovers),
		cmocka_unit_test_teardown(test_groups_the_server_made, close_leftovers),
		cmocka_unit_test_teardown(test_an_oom_kills_all, close_leftovers),
		cmocka_unit_test_teardown(test_slowed_down_at_high, close_leftovers),
		cmocka_unit_test_teardown(test_clean_takes_only_what_a_dead_rig_left, close_leftovers),
	};
	struct error err = ERROR_INIT;

	v2 = isolation_find("cgroup-v2", &err);
	if (!v2) {
		fprintf(stderr, "%s\n", err.message);
		return 1;
	}
	return cmocka_run_group_tests_name("cgroup-v2", tests, NULL, NULL);
}
