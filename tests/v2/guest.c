/*
 * Runs a command as root in a small machine of its own (isolation/guest.h): a
 * second kernel, with cgroup v2 and nothing else.
 *
 *   build/tests/v2/guest [-s] [-m MEMORY] [-d DISK] [-t SECONDS] COMMAND [ARGUMENT…]
 *
 * Run it in the top folder of the tree.  The guest has the host's own / as its
 * root, read only; DISK (2GiB) of fresh ext4 at /run/data, where TMPDIR points; a
 * tmpfs at /tmp and /run; loopback.  The command runs in the current folder, and
 * its standard output, standard error and status become those of this program.
 * -s: systemd is the first process, and the command a service of it.
 *
 * SECONDS (120) are those of a very fast machine: the guest measures how much slower
 * it is at its start, and has so many times longer.  The command finds that
 * number in GUEST_SLOWNESS.  124: not done in this time; 125: the guest did not
 * come up or died; its console is then on standard error.
 *
 * Ends with whoever started it, and takes the guest with it.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/units.h"
#include "isolation/guest.h"

#define IMAGE "build/guest"
#define BOOT_MS 300000

enum { NOT_DONE = 124, NO_GUEST = 125 };
enum { CONTROL, OUT, ERR, CONSOLE, STREAMS };

struct bed {
	struct guest guest;
	uint64_t memory_bytes, disk_bytes;
	double seconds;
	bool systemd;
	uint64_t deadline_ns;
	struct buf control, console;
	struct pollfd streams[STREAMS];
};

static int usage(void)
{
	fprintf(stderr, "usage: guest [-s] [-m MEMORY] [-d DISK] [-t SECONDS] COMMAND [ARGUMENT...]\n");
	return 2;
}

/* The script that the guest runs: the words of the command, quoted, in this folder. */
static void add_quoted(struct buf *b, const char *word)
{
	buf_addc(b, '\'');
	for (; *word; word++)
		buf_adds(b, *word == '\'' ? "'\\''" : (char[]){ *word, '\0' });
	buf_adds(b, "' ");
}

static char *script_of(char *const command[], const char *folder)
{
	struct buf b = BUF_INIT;

	buf_adds(&b, "cd ");
	add_quoted(&b, folder);
	buf_adds(&b, "&& exec ");
	for (; *command; command++)
		add_quoted(&b, *command);
	buf_addc(&b, '\n');
	return buf_detach(&b);
}

/* Fresh ext4 in a file without a name. */
static int make_disk(uint64_t bytes)
{
	int fd = open("build", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	char *command = xasprintf("mkfs.ext4 -q -F /proc/%d/fd/%d", (int)getpid(), fd);

	if (fd < 0 || ftruncate(fd, (off_t)bytes) != 0 || system(command) != 0) {
		fprintf(stderr, "cannot make a disk in 'build': %s\n", strerror(errno));
		exit(NO_GUEST);
	}
	free(command);
	return fd;
}

static int boot(struct bed *bed, const char *folder, struct error *err)
{
	int disk_fd = make_disk(bed->disk_bytes), rc;
	char *next = xasprintf("%s/tests/v2/init", folder), *name = xasprintf("oomrig-bed:%s", folder);
	struct guest_options o = { .folder = IMAGE,
				   .accelerator = guest_accelerator(IMAGE),
				   .name = name,
				   .next = next,
				   .tree = folder,
				   .words = bed->systemd ? "systemd=1" : "",
				   .memory_bytes = bed->memory_bytes,
				   .cpus = 2,
				   .disk_fd = disk_fd };

	rc = guest_start(&bed->guest, &o, err);
	close(disk_fd);
	free(next);
	free(name);
	return rc;
}

static void give_more_time(struct bed *bed, double ms)
{
	bed->deadline_ns = clock_ns() + (uint64_t)(ms * (double)NS_PER_MS);
}

static bool is_up(const struct bed *bed)
{
	return strchr(buf_str(&bed->control), '\n') != NULL;
}

/* What the guest says of itself: the deadline of the command starts when it is up. */
static void take_control(struct bed *bed, const char *data, size_t len)
{
	double slowness;
	bool was_up = is_up(bed);

	buf_add(&bed->control, data, len);
	if (!was_up && is_up(bed) && sscanf(buf_str(&bed->control), "up %lf", &slowness) == 1)
		give_more_time(bed, bed->seconds * 1000 * slowness);
}

static void take(struct bed *bed, int stream)
{
	char block[65536];
	ssize_t n = read(bed->streams[stream].fd, block, sizeof(block));

	if (n <= 0) {
		bed->streams[stream].fd = -1;
		return;
	}
	if (stream == CONTROL)
		take_control(bed, block, (size_t)n);
	else if (stream == CONSOLE)
		buf_add(&bed->console, block, (size_t)n);
	else if (write(stream, block, (size_t)n) != n) /* OUT and ERR are 1 and 2 */
		exit(NO_GUEST);
}

static const char *status_of(const struct bed *bed)
{
	const char *said = strstr(buf_str(&bed->control), "status ");

	return said && strchr(said, '\n') ? said + strlen("status ") : NULL;
}

/* false: the deadline has passed. */
static bool attend(struct bed *bed)
{
	uint64_t now;

	bed->streams[CONTROL] = (struct pollfd){ .fd = bed->guest.port_fd[0], .events = POLLIN };
	bed->streams[OUT] = (struct pollfd){ .fd = bed->guest.port_fd[1], .events = POLLIN };
	bed->streams[ERR] = (struct pollfd){ .fd = bed->guest.port_fd[2], .events = POLLIN };
	bed->streams[CONSOLE] = (struct pollfd){ .fd = bed->guest.console_fd, .events = POLLIN };
	while (!status_of(bed) && bed->streams[CONTROL].fd >= 0) {
		now = clock_ns();
		if (now >= bed->deadline_ns)
			return false;
		poll(bed->streams, STREAMS, (int)((bed->deadline_ns - now) / NS_PER_MS) + 1);
		for (int i = STREAMS - 1; i >= 0; i--) /* the status after what was written before it */
			if (bed->streams[i].fd >= 0 && bed->streams[i].revents)
				take(bed, i);
	}
	return true;
}

static int run(struct bed *bed, char *const command[])
{
	char *folder = getcwd(NULL, 0), *script = script_of(command, folder);
	struct error err = ERROR_INIT;
	int rc = NO_GUEST;

	give_more_time(bed, BOOT_MS);
	if (boot(bed, folder, &err) != 0) {
		fprintf(stderr, "%s\n", err.message);
	} else if (write(bed->guest.port_fd[0], script, strlen(script) + 1) == (ssize_t)strlen(script) + 1) {
		rc = !attend(bed) && is_up(bed) ? NOT_DONE : NO_GUEST;
		if (status_of(bed))
			rc = atoi(status_of(bed));
	}
	guest_end(&bed->guest);
	free(folder);
	free(script);
	return rc;
}

static int parse(struct bed *bed, int argc, char **argv)
{
	struct error err = ERROR_INIT;
	int option;

	while ((option = getopt(argc, argv, "+sm:d:t:")) != -1) {
		if (option == 's')
			bed->systemd = true;
		else if (option == 't')
			bed->seconds = atof(optarg);
		else if ((option != 'm' && option != 'd') ||
			 units_parse_size(optarg, option == 'm' ? &bed->memory_bytes : &bed->disk_bytes, &err) != 0)
			return -1;
	}
	return optind < argc ? 0 : -1;
}

int main(int argc, char **argv)
{
	struct bed bed = { .guest = GUEST_INIT,
			   .memory_bytes = 768 << 20,
			   .disk_bytes = 2ULL << 30,
			   .seconds = 120,
			   .control = BUF_INIT,
			   .console = BUF_INIT };
	int rc;

	prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (parse(&bed, argc, argv) != 0)
		return usage();
	rc = run(&bed, argv + optind);
	if (rc == NOT_DONE || rc == NO_GUEST)
		fprintf(stderr, "%s", buf_str(&bed.console));
	if (rc == NO_GUEST && !is_up(&bed))
		fprintf(stderr, "the guest did not come up\n");
	if (rc == NOT_DONE)
		fprintf(stderr, "not done after %g s on a very fast machine\n", bed.seconds);
	buf_release(&bed.console);
	buf_release(&bed.control);
	return rc;
}
