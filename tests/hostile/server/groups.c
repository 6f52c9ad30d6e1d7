/* What is done to its own memory group, as only root can. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "misbehave.h"

static char *own(const char *name)
{
	return path_of(group_folder(), name);
}

static void raise_limit(void)
{
	put_text(own("memory.memsw.limit_in_bytes"), "256M");
	must(put_text(own("memory.limit_in_bytes"), "256M") || put_text(own("memory.max"), "256M"), "limit");
}

static void lower_limit(void)
{
	must(put_text(own("memory.limit_in_bytes"), "48M") || put_text(own("memory.max"), "48M"), "limit");
}

__attribute__((noreturn)) static void *raise_and_ask(void *unused)
{
	(void)unused;
	raise_limit();
	for (;;) {
		sleep_ms(100);
		put_text(own("memory.force_empty"), "1");
		put_text(own("memory.reclaim"), "1M");
	}
}

static void raise_later(void)
{
	in_thread(raise_and_ask, NULL);
}

__attribute__((noreturn)) static void *empty(void *unused)
{
	(void)unused;
	for (;;) {
		sleep_ms(50);
		put_text(own("memory.force_empty"), "1");
		put_text(own("memory.reclaim"), "1M");
	}
}

static void empties(void)
{
	in_thread(empty, NULL);
}

static void no_kill(void)
{
	must(put_text(own("memory.oom_control"), "1"), "oom_control");
}

static enum reply eat(struct request *r)
{
	(void)r;
	for (int i = 0; i < 100; i++)
		take(MIB);
	return ORDINARY;
}

static void counters(void)
{
	put_text(own("memory.max_usage_in_bytes"), "0");
	put_text(own("memory.failcnt"), "0");
	put_text(own("memory.soft_limit_in_bytes"), "1M");
	put_text(own("memory.swappiness"), "100");
}

static void below(const char *name)
{
	must(mkdir(own(name), 0755) == 0, "group below");
}

static void group_below(void)
{
	below("below");
}

static void move_below(void)
{
	char *procs = own("below/cgroup.procs");
	below("below");
	must(put_text(procs, "0"), "move");
}

static void child_below(void)
{
	in_child(move_below);
}

static void long_name(void)
{
	char name[201];
	memset(name, 'g', 200);
	name[200] = '\0';
	below(name);
}

static void odd_name(void)
{
	below("a b\033[2J\xff\\");
}

static void groups_wide(void)
{
	char name[32];
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "wide-%d", i);
		below(name);
	}
}

static void groups_deep(void)
{
	must(chdir(group_folder()) == 0, "chdir");
	for (int i = 0; i < options.way->number; i++)
		if (mkdir("d", 0755) != 0 || chdir("d") != 0)
			break;
	must(chdir(options.data) == 0, "chdir");
}

const struct way groups[] = {
	{ "raises-its-limit", "four times its cap", .start = raise_limit },
	{ "raises-it-later", "four times its cap while it serves", .serving = raise_later },
	{ "lowers-its-limit", "less than its cap", .start = lower_limit },
	{ "empties-itself", "asks its own page cache back all the time", .serving = empties },
	{ "forbids-the-kill", "100 MiB, and the kernel may not kill in its group", .start = no_kill, .answer = eat },
	{ "resets-counters", "sets the kernel's counters to 0", .serving = counters },
	{ "group-below", "an empty group below its own", .serving = group_below },
	{ "child-in-group-below", "a child in a group below its own", .serving = child_below },
	{ "group-name-of-200", "a group with a name of 200 letters", .serving = long_name },
	{ "group-odd-name", "a group with control bytes in its name", .serving = odd_name },
	{ "groups-by-the-hundred", "200 groups", .serving = groups_wide },
	{ "groups-deep", "100 groups one in the other", .serving = groups_deep, .number = 100 },
	{ "groups-deeper", "1,500 groups one in the other", .serving = groups_deep, .number = 1500 },
	{ NULL }
};
