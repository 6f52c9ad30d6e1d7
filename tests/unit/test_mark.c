/* target/mark.c and target/holder.c on processes that are found by what /proc shows of a living thread. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "isolation/proc_stat.h"
#include "target/holder.h"
#include "target/mark.h"

static char work[64]; /* name of a work folder that no other has */

static void *holds_on(void *arg)
{
	pause();
	return arg;
}

/* What the test becomes when it is started with a word. */
static int live(const char *how)
{
	pthread_t other;
	if (strcmp(how, "first-thread-ends") == 0 && pthread_create(&other, NULL, holds_on, NULL) == 0)
		pthread_exit(NULL);
	pause();
	return 0;
}

static pid_t started(const char *how)
{
	char *data = xasprintf("/nowhere/%s/data", work), *mark = mark_new(data);
	char *const words[] = { (char *)"test_mark", (char *)how, NULL }, *const environment[] = { mark, NULL };
	pid_t pid = fork();
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails leaves nobody */
		execve("/proc/self/exe", words, environment);
		_exit(127);
	}
	/* Until it is what it was started to be; the deadline is the test's own. */
	struct proc_stat p = { 0 };
	while (proc_stat_read(pid, &p) == 0 && p.state != (strcmp(how, "whole") == 0 ? 'S' : 'Z'))
		usleep(1000);
	free(mark);
	free(data);
	return pid;
}

static void count(void *arg, pid_t pid)
{
	(void)pid;
	++*(int *)arg;
}

static void test_found_and_ended(void **state)
{
	(void)state;
	const char *const ways[] = { "whole", "first-thread-ends" };
	struct error err = ERROR_INIT;
	char *data_end = xasprintf("/%s/data", work);
	pid_t pids[2];
	int told = 0;
	for (size_t i = 0; i < 2; i++) {
		pids[i] = started(ways[i]);
		if (!mark_carried_by(pids[i], data_end))
			fail_msg("%s: its mark is not seen", ways[i]);
		assert_false(mark_carried_by(pids[i], "/another/data"));
	}
	assert_int_equal(mark_kill(work, true, count, &told, &err), 0);
	assert_int_equal(told, 2);
	assert_int_equal(kill(pids[0], 0) + kill(pids[1], 0), 0);
	assert_int_equal(mark_kill(work, false, count, &told, &err), 0);
	assert_int_equal(told, 4);
	for (size_t i = 0; i < 2; i++) {
		int status;
		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	}
	free(data_end);
}

static void test_its_sockets(void **state)
{
	(void)state;
	int fd = socket(AF_INET, SOCK_STREAM, 0); /* handed on over exec */
	struct stat st;
	assert_int_equal(fstat(fd, &st), 0);
	pid_t pid = started("first-thread-ends");
	struct held_socket socket = { .inode = st.st_ino };
	close(fd);
	assert_true(holder_mark(pid, &socket, 1));
	assert_true(socket.held);
	assert_int_equal(holder_find(st.st_ino), pid);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_found_and_ended),
		cmocka_unit_test(test_its_sockets),
	};
	if (argc > 1)
		return live(argv[1]);
	snprintf(work, sizeof(work), "work-of-test-mark-%d", (int)getpid());
	return cmocka_run_group_tests(tests, NULL, NULL);
}
