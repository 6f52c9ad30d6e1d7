/* How it ends. */
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "misbehave.h"

static enum reply die(struct request *r)
{
	(void)r;
	signal(options.way->number, SIG_DFL);
	kill(getpid(), options.way->number);
	wait_for_ever();
}

static enum reply dump_core(struct request *r)
{
	struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
	setrlimit(RLIMIT_CORE, &all);
	return die(r);
}

static void leave(void)
{
	_exit(options.way->number);
}

static enum reply leave_at_upload(struct request *r)
{
	(void)r;
	_exit(options.way->number);
}

const struct way deaths[] = { { "exits-0-at-once", "exit status 0 before it listens", .start = leave },
			      { "exits-1-at-once", "exit status 1 before it listens", .start = leave, .number = 1 },
			      { "exits-0-in-load", "exit status 0 at an upload", .head = leave_at_upload },
			      { "exits-255-in-load", "exit status 255 at an upload", .head = leave_at_upload,
				.number = 255 },
			      { "dies-by-hup", "ends by SIGHUP", .head = die, .number = SIGHUP },
			      { "dies-by-int", "ends by SIGINT", .head = die, .number = SIGINT },
			      { "dies-by-quit", "ends by SIGQUIT", .head = die, .number = SIGQUIT },
			      { "dies-by-ill", "ends by SIGILL", .head = die, .number = SIGILL },
			      { "dies-by-trap", "ends by SIGTRAP", .head = die, .number = SIGTRAP },
			      { "dies-by-abrt", "ends by SIGABRT", .head = die, .number = SIGABRT },
			      { "dies-by-bus", "ends by SIGBUS", .head = die, .number = SIGBUS },
			      { "dies-by-fpe", "ends by SIGFPE", .head = die, .number = SIGFPE },
			      { "dies-by-kill", "ends by SIGKILL of its own", .head = die, .number = SIGKILL },
			      { "dies-by-usr1", "ends by SIGUSR1", .head = die, .number = SIGUSR1 },
			      { "dies-by-segv", "ends by SIGSEGV", .head = die, .number = SIGSEGV },
			      { "dies-by-pipe", "ends by SIGPIPE", .head = die, .number = SIGPIPE },
			      { "dies-by-alrm", "ends by SIGALRM", .head = die, .number = SIGALRM },
			      { "dies-by-term", "ends by SIGTERM", .head = die, .number = SIGTERM },
			      { "dies-by-xcpu", "ends by SIGXCPU", .head = die, .number = SIGXCPU },
			      { "dies-by-sys", "ends by SIGSYS", .head = die, .number = SIGSYS },
			      { "dumps-core", "SIGABRT with a core file", .head = dump_core, .number = SIGABRT },
			      { NULL } };
