/*
 * watch SECONDS FILE COMMAND...: runs the command in a session of its own and waits for its end, SECONDS at most; then
 * SIGTERM, 5 s later SIGKILL, to that process alone.  FILE gets one line: its process id, seconds it took, its own
 * highest resident memory in KiB (VmHWM, proc_pid_status(5); that of a zombie is gone, so it is read every 5 ms), how
 * it ended (exit status, or 128 + signal), and "forced" or "itself".
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A command that wants more address space than this must not take the whole machine with it. */
#define SPACE_BYTES (4UL << 30)

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static long peak_kib(int status_fd)
{
	char text[4096], *line;
	ssize_t len = pread(status_fd, text, sizeof(text) - 1, 0);
	text[len > 0 ? len : 0] = '\0';
	line = strstr(text, "\nVmHWM:");
	return line != NULL ? atol(line + 7) : 0;
}

static int status_of(pid_t pid)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* The fork's own memory is this program's, and small. */
static pid_t start(char **command)
{
	pid_t pid = fork();
	if (pid != 0)
		return pid;
	struct rlimit space;
	getrlimit(RLIMIT_AS, &space);
	space.rlim_cur = SPACE_BYTES;
	if (getenv("HOSTILE_RIG") == NULL) /* a sanitizer maps terabytes */
		setrlimit(RLIMIT_AS, &space);
	setsid();
	execvp(command[0], command);
	perror(command[0]);
	_exit(127);
}

static void force(pid_t pid, double over, int *forced)
{
	static const int signals[] = { SIGTERM, SIGKILL };
	if (*forced < 2 && over > *forced * 5.0)
		kill(pid, signals[(*forced)++]);
}

int main(int argc, char **argv)
{
	double begin = now();
	int state = 0, forced = 0;
	long peak = 0;

	if (argc < 4)
		return 2;
	pid_t pid = start(argv + 3);
	int status_fd = status_of(pid);
	while (waitpid(pid, &state, WNOHANG) == 0) {
		long kib = peak_kib(status_fd);
		peak = kib > peak ? kib : peak;
		force(pid, now() - begin - atof(argv[1]), &forced);
		usleep(5000);
	}
	FILE *out = fopen(argv[2], "we");
	if (out == NULL)
		return 3;
	fprintf(out, "%d %.2f %ld %d %s\n", (int)pid, now() - begin, peak,
		WIFSIGNALED(state) ? 128 + WTERMSIG(state) : WEXITSTATUS(state), forced > 0 ? "forced" : "itself");
	return fclose(out) == 0 ? 0 : 3;
}
