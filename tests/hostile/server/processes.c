/* What is done with processes. */
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "misbehave.h"

extern char **environ;

static void ignore_all(void)
{
	for (int signum = 1; signum < 32; signum++)
		if (signum != SIGCHLD && signum != SIGSEGV && signum != SIGBUS)
			signal(signum, SIG_IGN);
}

static void idle(void)
{
}

static void fork_many(void)
{
	for (int i = 0; i < 150; i++)
		in_child(idle);
}

static void fork_always(void)
{
	for (int i = 0; i < 3000; i++) {
		pid_t pid = fork();
		if (pid == 0)
			_exit(0);
		waitpid(pid, NULL, 0);
	}
}

static void forking(void)
{
	in_child(fork_always);
}

static void session(void)
{
	setsid();
	ignore_all();
}

static void own_session(void)
{
	in_child(session);
}

static void twice(void)
{
	setsid();
	in_child(session);
	_exit(0);
}

static void daemonises(void)
{
	waitpid(in_child(twice), NULL, 0);
}

static void forget_name(void)
{
	setsid();
	ignore_all();
	/* The strings lie one behind the other (proc_pid_environ(5)). */
	for (char **word = environ; *word != NULL; word++)
		memset(*word, 0, strlen(*word));
}

static void hides(void)
{
	in_child(forget_name);
}

static void escape(void)
{
	session();
	leave_group();
}

static void escapes(void)
{
	in_child(escape);
}

static void escape_twice(void)
{
	setsid();
	leave_group();
	in_child(forget_name);
	_exit(0);
}

static void escapes_hidden(void)
{
	waitpid(in_child(escape_twice), NULL, 0);
}

static void *flee(void *unused)
{
	(void)unused;
	sleep_ms(300); /* after it is ready, before the load is over */
	escapes();
	return NULL;
}

static void flees_later(void)
{
	in_thread(flee, NULL);
}

static void stubborn(void)
{
	ignore_all();
	in_child(ignore_all);
}

static void stop_self(void)
{
	raise(SIGSTOP);
}

static void stopped_children(void)
{
	for (int i = 0; i < 5; i++)
		in_child(stop_self);
}

static enum reply stops(struct request *r)
{
	(void)r;
	raise(SIGSTOP);
	return ORDINARY;
}

static void leave_at_once(void)
{
	_exit(0);
}

static void zombies(void)
{
	for (int i = 0; i < 100; i++)
		in_child(leave_at_once);
}

static void *accept_again(void *unused)
{
	(void)unused;
	service_accept(-1);
}

/* The one that the rig has started ends; its child goes on where it was. */
static enum reply leave_children(struct request *r)
{
	static pthread_mutex_t once = PTHREAD_MUTEX_INITIALIZER;
	(void)r;
	if (pthread_mutex_trylock(&once) != 0)
		return ORDINARY;
	if (fork() != 0)
		_exit(0);
	in_thread(accept_again, NULL);
	return ORDINARY;
}

static void end_first_thread(void)
{
	in_thread(accept_again, NULL);
	pthread_exit(NULL);
}

static void *pause_thread(void *unused)
{
	(void)unused;
	wait_for_ever();
}

static void threads(void)
{
	for (int i = 0; i < 200; i++)
		in_thread(pause_thread, NULL);
}

static void evil_name(void)
{
	static const char name[] = "a) R 1\n\033[2J\xff";
	prctl(PR_SET_NAME, name);
	in_child(idle);
}

static void outlive(void)
{
	prctl(PR_SET_PDEATHSIG, 0);
	ignore_all();
}

/* Ends on its own when something is wrong with the test: it must never be in its parent's place. */
static bool parent_is_rig(void)
{
	char path[64], exe[4096];
	snprintf(path, sizeof(path), "/proc/%d/exe", (int)getppid());
	ssize_t len = readlink(path, exe, sizeof(exe) - 1);
	exe[len > 0 ? len : 0] = '\0';
	return getppid() > 1 && strcmp(basename(exe), "oomrig") == 0;
}

static enum reply signal_rig(struct request *r)
{
	(void)r;
	must(parent_is_rig(), "the parent is not the rig");
	kill(getppid(), options.way->number);
	return ORDINARY;
}

static enum reply signal_own_group(struct request *r)
{
	(void)r;
	must(getpgrp() == getpid(), "leads no process group");
	kill(-getpgrp(), options.way->number);
	return ORDINARY;
}

static void traced(void)
{
	ptrace(PTRACE_TRACEME, 0, NULL, NULL);
	raise(SIGTERM); /* stays stopped, until its tracer lets it go on */
}

static void traces_children(void)
{
	in_child(traced);
}

static void vforks(void)
{
	if (vfork() == 0) {
		for (;;)
			pause();
	}
}

static void *vfork_thread(void *unused)
{
	(void)unused;
	vforks();
	return NULL;
}

static void blocked_parent(void)
{
	in_thread(vfork_thread, NULL);
}

static void from_memory(void)
{
	char self[64], *words[] = { "\033[31mmemory", "100", NULL };
	int fd = memfd_create("hostile", 0), from = open("/bin/sleep", O_RDONLY | O_CLOEXEC);
	char *copy = take(MIB);
	ssize_t len = read(from, copy, MIB);
	must(fd >= 0 && len > 0 && write(fd, copy, (size_t)len) == len, "memfd");
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	setsid();
	execve(self, words, environ);
}

static void runs_from_memory(void)
{
	in_child(from_memory);
}

static void new_world(void)
{
	must(unshare(CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS) == 0, "unshare");
	in_child(session);
}

static void namespaces(void)
{
	in_child(new_world);
}

static void lowest(void)
{
	struct sched_param none = { 0 };
	sched_setscheduler(0, SCHED_IDLE, &none);
}

static void nobody(void)
{
	must(setresuid(65534, 65534, 65534) == 0, "setresuid");
}

const struct way processes[] = {
	{ "forks-many", "150 children", .serving = fork_many },
	{ "forks-always", "a child after the other", .serving = forking },
	{ "child-in-session", "a child in a session of its own that ignores signals", .serving = own_session },
	{ "daemonises-twice", "a child of init that ignores signals", .serving = daemonises },
	{ "child-hides", "a child with its environment wiped", .serving = hides },
	{ "child-escapes", "a child that leaves the group and its session", .serving = escapes },
	{ "child-escapes-hidden", "the same, a child of init, its environment wiped", .serving = escapes_hidden },
	{ "child-flees-later", "a child that leaves the group while it serves", .serving = flees_later },
	{ "ignores-signals", "it and its child ignore every signal", .serving = stubborn },
	{ "stopped-children", "children that are stopped", .serving = stopped_children },
	{ "stops-itself", "SIGSTOP to itself at the first upload", .head = stops },
	{ "zombies", "100 zombies", .serving = zombies },
	{ "leaves-children", "the main process ends, a child serves", .head = leave_children },
	{ "first-thread-ends", "its first thread ends, the others serve", .serving = end_first_thread },
	{ "threads", "200 threads", .serving = threads },
	{ "evil-name", "a process name with a bracket, a newline and ESC", .serving = evil_name },
	{ "outlives", "takes back that it dies with the rig", .serving = outlive },
	{ "terms-the-rig", "SIGTERM to the rig", .head = signal_rig, .number = SIGTERM },
	{ "hangs-up-the-rig", "SIGHUP to the rig", .head = signal_rig, .number = SIGHUP },
	{ "interrupts-the-rig", "SIGINT to the rig", .head = signal_rig, .number = SIGINT },
	{ "kills-the-rig", "SIGKILL to the rig", .head = signal_rig, .number = SIGKILL },
	{ "kills-its-group", "SIGKILL to its process group", .head = signal_own_group, .number = SIGKILL },
	{ "terms-its-group", "SIGTERM to its process group", .head = signal_own_group, .number = SIGTERM },
	{ "traces-a-child", "a child that is stopped by its tracer", .serving = traces_children },
	{ "vforks", "a thread that waits for its vfork", .serving = blocked_parent },
	{ "runs-from-memory", "a child whose program is no file", .serving = runs_from_memory },
	{ "namespaces", "a child that is process 1 of namespaces of its own", .serving = namespaces },
	{ "lowest-priority", "runs only when nobody else does", .serving = lowest },
	{ "nobody", "gives root up", .start = nobody },
	{ NULL }
};
