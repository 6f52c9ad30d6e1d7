/* misbehave NAME --port N --data DIR --tmp DIR: one service that misbehaves; without NAME it lists the ways. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "misbehave.h"

struct options options;

static const struct way *const tables[] = { answers, ids,   figures, connections, processes, deaths,
					    memory,  files, mounts,  logs,	  ports,     groups };

void sleep_ms(uint64_t ms)
{
	struct timespec left = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };
	while (nanosleep(&left, &left) != 0)
		;
}

void wait_for_ever(void)
{
	for (;;)
		pause();
}

void must(bool done, const char *what)
{
	if (done)
		return;
	fprintf(stderr, "misbehave: %s: %s\n", what, strerror(errno));
	exit(3);
}

char *take(size_t bytes)
{
	char *pages = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (pages == MAP_FAILED)
		return NULL;
	for (size_t at = 0; at < bytes; at += 4096)
		pages[at] = 1;
	return pages;
}

void in_thread(void *(*body)(void *), void *arg)
{
	pthread_attr_t small;
	pthread_t thread;
	pthread_attr_init(&small);
	pthread_attr_setstacksize(&small, 256 * KIB);
	pthread_attr_setdetachstate(&small, PTHREAD_CREATE_DETACHED);
	must(pthread_create(&thread, &small, body, arg) == 0, "thread");
	pthread_attr_destroy(&small);
}

pid_t in_child(void (*body)(void))
{
	pid_t pid = fork();
	must(pid >= 0, "fork");
	if (pid != 0)
		return pid;
	body();
	wait_for_ever();
}

char *path_of(const char *folder, const char *name)
{
	char *path;
	must(asprintf(&path, "%s/%s", folder, name) > 0, "path");
	return path;
}

bool put_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
	if (fd < 0)
		return false;
	bool done = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
	close(fd);
	return done;
}

/* proc_mounts(5): the mount point of the hierarchy that memory is accounted in. */
char *group_root(void)
{
	FILE *mounted = fopen("/proc/self/mounts", "re");
	char line[4096], point[1024], type[64], words[1024], *found = NULL;
	while (mounted != NULL && found == NULL && fgets(line, sizeof(line), mounted) != NULL)
		if (sscanf(line, "%*s %1023s %63s %1023s", point, type, words) == 3 &&
		    (strcmp(type, "cgroup2") == 0 || (strcmp(type, "cgroup") == 0 && strstr(words, "memory") != NULL)))
			found = strdup(point);
	if (mounted != NULL)
		fclose(mounted);
	must(found != NULL, "no memory groups here");
	return found;
}

char *group_folder(void)
{
	FILE *own = fopen("/proc/self/cgroup", "re");
	char line[4096], *found = NULL;
	while (own != NULL && found == NULL && fgets(line, sizeof(line), own) != NULL) {
		char *path = strstr(line, ":/");
		line[strcspn(line, "\n")] = '\0';
		if (path != NULL && (strstr(line, ":memory:") != NULL || strncmp(line, "0::", 3) == 0))
			found = path_of(group_root(), path + 2);
	}
	if (own != NULL)
		fclose(own);
	must(found != NULL, "no group of its own");
	return found;
}

void leave_group(void)
{
	must(put_text(path_of(group_root(), "cgroup.procs"), "0"), "leave the group");
}

static const struct way *find(const char *name)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct way *w = tables[t]; w->name != NULL; w++) {
			if (name == NULL)
				printf("%-26s %s\n", w->name, w->meaning);
			else if (strcmp(w->name, name) == 0)
				return w;
		}
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct option known[] = { { "port", required_argument, NULL, 'p' },
					       { "data", required_argument, NULL, 'd' },
					       { "tmp", required_argument, NULL, 't' },
					       { NULL, 0, NULL, 0 } };
	int letter;
	while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
		if (letter == 'p')
			options.port = (uint16_t)atoi(optarg);
		else if (letter == 'd')
			options.data = optarg;
		else if (letter == 't')
			options.tmp = optarg;
		else
			return 2;
	}
	struct rlimit space;
	getrlimit(RLIMIT_AS, &space);
	space.rlim_cur = space.rlim_max; /* what bounds it is the cap, not the bound that the test gave the rig */
	setrlimit(RLIMIT_AS, &space);
	options.canary = getenv("HOSTILE_CANARY");
	options.way = find(argv[optind]);
	if (optind == argc)
		return 0;
	if (options.way == NULL || options.data == NULL || options.tmp == NULL || options.canary == NULL) {
		fprintf(stderr, "usage: HOSTILE_CANARY=DIR misbehave NAME --port N --data DIR --tmp DIR\n");
		return 2;
	}
	service_run();
}
