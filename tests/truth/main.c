/* fate NAME --port N --data DIR --tmp DIR [--seed N]: one service whose fate is known; without NAME it lists them. */
#include <getopt.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "fate.h"

struct fate_options fate_options;

static const struct fate *const tables[] = { ends, grows, keeps, serves };

uint64_t chance(uint64_t min, uint64_t max)
{
	static uint64_t state;
	/* splitmix64 (Steele, Lea, Flood 2014): any seed will do, and any number of threads. */
	uint64_t z = __atomic_add_fetch(&state, 0x9e3779b97f4a7c15, __ATOMIC_RELAXED) +
		     fate_options.seed * 0xd1342543de82ef95;
	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return min + (z ^ (z >> 31)) % (max - min + 1);
}

void sleep_ms(uint64_t ms)
{
	struct timespec left = { .tv_sec = (time_t)(ms / 1000), .tv_nsec = (long)(ms % 1000) * 1000000 };
	while (nanosleep(&left, &left) != 0)
		;
}

char *take(size_t bytes)
{
	char *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	for (size_t at = 0; at < bytes; at += 4096)
		memory[at] = 1;
	return memory;
}

void give_back(char *memory, size_t bytes)
{
	munmap(memory, bytes);
}

void take_until_killed(size_t step_bytes)
{
	for (;;)
		take(step_bytes);
}

static int worker_fd = -1;
static pthread_mutex_t worker_lock = PTHREAD_MUTEX_INITIALIZER;

void worker_start(void (*piece)(void))
{
	int pair[2];
	char word;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		perror("socketpair");
		exit(1);
	}
	worker_fd = pair[0];
	if (fork() != 0) {
		close(pair[1]);
		return;
	}
	close(pair[0]);
	while (read(pair[1], &word, 1) == 1) {
		piece();
		if (write(pair[1], &word, 1) != 1)
			break;
	}
	_exit(0);
}

bool worker_do(void)
{
	char word = 0;
	pthread_mutex_lock(&worker_lock);
	bool done = write(worker_fd, &word, 1) == 1 && read(worker_fd, &word, 1) == 1;
	pthread_mutex_unlock(&worker_lock);
	return done;
}

static int list(void)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct fate *f = tables[t]; f->name != NULL; f++)
			printf("%-26s %s\n", f->name, f->meaning);
	return 0;
}

static const struct fate *find(const char *name)
{
	for (size_t t = 0; t < sizeof(tables) / sizeof(tables[0]); t++)
		for (const struct fate *f = tables[t]; f->name != NULL; f++)
			if (strcmp(f->name, name) == 0)
				return f;
	return NULL;
}

int main(int argc, char **argv)
{
	static const struct option known[] = { { "port", required_argument, NULL, 'p' },
					       { "data", required_argument, NULL, 'd' },
					       { "tmp", required_argument, NULL, 't' },
					       { "seed", required_argument, NULL, 's' },
					       { NULL, 0, NULL, 0 } };
	int letter;

	while ((letter = getopt_long(argc, argv, "", known, NULL)) != -1) {
		switch (letter) {
		case 'p':
			fate_options.port = (uint16_t)atoi(optarg);
			break;
		case 'd':
			fate_options.data = optarg;
			break;
		case 't':
			fate_options.tmp = optarg;
			break;
		case 's':
			fate_options.seed = strtoull(optarg, NULL, 10);
			break;
		default:
			return 2;
		}
	}
	if (optind == argc)
		return list();
	const struct fate *fate = find(argv[optind]);
	if (fate == NULL || fate_options.data == NULL || fate_options.tmp == NULL || fate_options.port == 0) {
		fprintf(stderr,
			"usage: fate NAME --port N --data DIR --tmp DIR [--seed N]; without a NAME: the list\n");
		return 2;
	}
	service_run(fate);
}
