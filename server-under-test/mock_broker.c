#include "mock_broker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kafka.h"
#include "log.h"
#include "server.h"

#define START_TIMEOUT_MS 5000
#define BROKERS 1

/* Without --preset and friends; the signal mask of the server's threads would make it deaf. */
static int spawn(struct mock_broker *b, int in, int out)
{
	char program[] = "/proc/self/exe", option[] = "--" MOCK_BROKER_OPTION;
	char *argv[] = { program, option, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
	int rc = posix_spawn(&b->pid, program, &actions, &attributes, argv, environ);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return rc;
}

/* The line it says once it listens. */
static int read_address(struct mock_broker *b, int out, struct error *err)
{
	struct pollfd p = { .fd = out, .events = POLLIN };
	ssize_t n = poll(&p, 1, START_TIMEOUT_MS) == 1 ? read(out, b->address, sizeof(b->address) - 1) : -1;
	if (n <= 1 || b->address[n - 1] != '\n')
		return error_set(err, ERROR_SYSTEM, "the mock broker did not start");
	b->address[n - 1] = '\0';
	return 0;
}

int mock_broker_start(struct mock_broker *b, struct error *err)
{
	int in[2], out[2];
	memset(b, 0, sizeof(*b));
	if (pipe2(in, O_CLOEXEC) != 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot make a pipe");
	if (pipe2(out, O_CLOEXEC) != 0) {
		close(in[0]);
		close(in[1]);
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot make a pipe");
	}
	int rc = spawn(b, in[0], out[1]);
	close(in[0]);
	close(out[1]);
	b->stdin_fd = in[1];
	if (rc != 0) {
		close(in[1]);
		close(out[0]);
		return error_set_errno(err, ERROR_SYSTEM, rc, "cannot start the mock broker");
	}
	rc = read_address(b, out[0], err);
	close(out[0]);
	if (rc != 0)
		mock_broker_stop(b);
	return rc;
}

void mock_broker_stop(struct mock_broker *b)
{
	close(b->stdin_fd);
	kill(b->pid, SIGKILL);
	waitpid(b->pid, NULL, 0);
}

int mock_broker_main(void)
{
	char reason[256], byte;
	struct error err = ERROR_INIT;
	if (kafka_load(&err) != 0) {
		server_log("%s", err.message);
		return EXIT_FAILURE;
	}
	rd_kafka_t *handle = kafka.new_handle(RD_KAFKA_PRODUCER, kafka.conf_new(), reason, sizeof(reason));
	rd_kafka_mock_cluster_t *cluster = handle == NULL ? NULL : kafka.mock_cluster_new(handle, BROKERS);
	if (cluster == NULL) {
		server_log("cannot start the mock broker: %s", handle == NULL ? reason : "no cluster");
		return EXIT_FAILURE;
	}
	printf("%s\n", kafka.mock_bootstraps(cluster));
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	return EXIT_SUCCESS; /* the kernel takes it down faster than librdkafka would */
}
