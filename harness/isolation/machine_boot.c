#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/ending.h"
#include "base/fs.h"
#include "base/home.h"
#include "base/macros.h"
#include "base/spawn.h"
#include "isolation/machine.h"

#define BOOT_NS (180 * NS_PER_S)
#define TOOL_NS (60 * NS_PER_S)
#define USUAL_WORK_US 2000 /* agent/speed.c on processors of 2020 and later, not emulated: 1.5 to 2.5 ms */
#define MONITOR_MS 20000
#define LOG_QUEUE_BYTES (4 << 20) /* of kernel messages until somebody reads them */

/* ---- what is needed ----------------------------------------------------- */

char *machine_image(struct error *err)
{
	char *home = home_folder(err);
	char *image = home != NULL ? xasprintf("%s/build/guest", home) : NULL;

	free(home);
	return image;
}

char *machine_folder(const char *name)
{
	return xasprintf(MACHINE_FOLDERS "/%s", name);
}

static int find_programs(struct error *err)
{
	static const struct {
		const char *program, *package;
	} needed[] = {
		{ "qemu-system-x86_64", "qemu-system-x86" },
		{ "/usr/lib/qemu/virtiofsd", "qemu-system-common" },
		{ "mke2fs", "e2fsprogs" },
		{ "mkswap", "util-linux" },
	};

	for (size_t i = 0; i < COUNT(needed); i++)
		if (!fs_program_found(needed[i].program))
			return error_set(err, ERROR_ENVIRONMENT, "no '%s' for a machine; type: apt-get install %s",
					 needed[i].program, needed[i].package);
	return 0;
}

static int find_image(struct error *err)
{
	static const char *const files[] = { "vmlinuz", "initrd", "agent" };
	char *image = machine_image(err);
	int rc = image == NULL ? -1 : 0;

	for (size_t i = 0; rc == 0 && i < COUNT(files); i++) {
		char *path = xasprintf("%s/%s", image, files[i]);
		if (access(path, R_OK) != 0)
			rc = error_set(err, ERROR_ENVIRONMENT,
				       "no '%s' to boot a machine with; type: make guest-image (in a checkout)", path);
		free(path);
	}
	free(image);
	return rc;
}

int machine_probe(struct error *err)
{
	if (geteuid() != 0)
		return error_set(err, ERROR_ENVIRONMENT,
				 "only root can show a machine the files of this host; run as root");
	return find_programs(err) != 0 ? -1 : find_image(err);
}

/* ---- its folder and its disks ------------------------------------------- */

static int make_folder(struct machine *m, struct error *err)
{
	const struct isolation_limits *limits = &m->base.readback.asked;
	char *data = xasprintf("%s/" MACHINE_DATA, m->folder), *tmp = xasprintf("%s/" MACHINE_TMP, m->folder);
	int rc = mkdir(m->folder, 0700) != 0 || symlink(limits->data_dir, data) != 0 ||
				 symlink(limits->tmp_dir, tmp) != 0
			 ? error_set_errno(err, ERROR_SYSTEM, errno, "cannot make the folder '%s'", m->folder)
			 : 0;

	free(data);
	free(tmp);
	return rc;
}

/* A disk of the machine with what `tool` writes on it. */
static int make_disk(const char *folder, uint64_t bytes, const char *const *tool, struct error *err)
{
	int fd = guest_disk(folder, bytes, err), out;
	char *path = xasprintf("/proc/%d/fd/%d", (int)getpid(), fd);
	const char *words[12] = { NULL };
	size_t count = 0;

	while (tool[count] != NULL && count < COUNT(words) - 2) {
		words[count] = tool[count];
		count++;
	}
	words[count] = path;
	const struct spawn_options options = { .words = words, .input = -1, .deadline_ns = TOOL_NS };
	if (fd >= 0 && spawn_run(&options, &out, err) == 0) {
		close(out);
	} else if (fd >= 0) {
		close(fd);
		fd = -1;
	}
	free(path);
	return fd;
}

/* ---- start -------------------------------------------------------------- */

static int start(struct machine *m, const char *image, int disk_fd, int swap_fd, struct error *err)
{
	const struct isolation_limits *limits = &m->base.readback.asked;
	char *agent = xasprintf("%s/agent", image), *home = home_folder(err);
	char *control = xasprintf("%s/" MACHINE_CONTROL, m->folder);
	m->accelerator = guest_accelerator(image);
	struct guest_options o = { .folder = image,
				   .accelerator = m->accelerator,
				   .name = m->base.name,
				   .next = agent,
				   .tree = home,
				   .words = "loglevel=1 psi=1",
				   .memory_bytes = m->ram_bytes,
				   .cpus = 2,
				   .disk_fd = disk_fd,
				   .swap_fd = swap_fd,
				   .disk_bytes_per_s = limits->disk_bytes_per_s,
				   .network = true,
				   .control = control,
				   .keep_words = true };
	int rc = home == NULL ? -1 : guest_start(&m->guest, &o, err);

	free(agent);
	free(home);
	free(control);
	return rc;
}

/* What it has on its console, for the message about a machine that did not come up. */
static void add_last_words(const struct machine *m, struct error *err)
{
	char words[400];
	off_t end = lseek(m->guest.console_fd, 0, SEEK_END);
	off_t from = end > (off_t)sizeof(words) - 1 ? end - (off_t)sizeof(words) + 1 : 0;
	ssize_t n = pread(m->guest.console_fd, words, sizeof(words) - 1, from);

	words[n > 0 ? n : 0] = '\0';
	for (char *at = words; *at != '\0'; at++)
		if (*at == '\n' || *at == '\r')
			*at = ' ';
	char *why = xstrdup(err->message);
	if (words[0] != '\0')
		error_set(err, err->code, "%s; its last words: %s", why, words);
	free(why);
}

static char *set_up_words(const struct machine *m)
{
	const struct isolation_limits *limits = &m->base.readback.asked;
	struct buf b = BUF_INIT;

	buf_addf(&b, "data %s\n%s %s\n", limits->data_dir, limits->tmp_in_ram ? "ram_tmp" : "tmp", limits->tmp_dir);
	if (limits->swap_bytes != 0)
		buf_adds(&b, "swap\n");
	if (limits->dirty_ratio != 0)
		buf_addf(&b, "dirty_ratio %llu\n", (unsigned long long)limits->dirty_ratio);
	return buf_detach(&b);
}

/* What it was given, as far as its own kernel's count fits it. */
static int read_back(struct machine *m, struct error *err)
{
	struct isolation_readback *rb = &m->base.readback;
	struct fact total = m->last.total_bytes, swap = m->last.swap_total_bytes;

	if (!fact_known(total) || total.value > m->ram_bytes || total.value < m->ram_bytes / 4 || !fact_known(swap))
		return error_set(err, ERROR_SYSTEM, "the machine does not have the memory that it was given");
	rb->memory_bytes = fact_of(m->ram_bytes);
	rb->memory_swap_bytes = fact_of(m->ram_bytes + swap.value);
	rb->swappiness = FACT_NONE;
	return 0;
}

/* Rounded up: patience that is too long costs time, one that is too short a wrong verdict. */
static int read_speed(struct machine *m, struct error *err)
{
	if (!fact_known(m->last.work_us))
		return error_set(err, ERROR_SYSTEM, "the machine does not tell how fast it is; type: make guest-image");
	m->slowness = (m->last.work_us.value + USUAL_WORK_US - 1) / USUAL_WORK_US;
	if (m->slowness == 0)
		m->slowness = 1;
	return 0;
}

static int await(struct machine *m, struct error *err)
{
	char *words = set_up_words(m);
	int rc = machine_ask(m, WIRE_SET_UP, words, BOOT_NS, err);

	free(words);
	if (rc != 0 && !ending_asked()) {
		error_prefix(err, "the machine did not come up");
		add_last_words(m, err);
	}
	return rc != 0 || read_back(m, err) != 0 ? -1 : read_speed(m, err);
}

int machine_boot(struct machine *m, struct error *err)
{
	static const char *const ext4[] = { "mke2fs", "-q", "-F", "-t", "ext4", "-E", "lazy_itable_init=1", NULL };
	static const char *const swap[] = { "mkswap", NULL };
	const struct isolation_limits *limits = &m->base.readback.asked;
	char *image = machine_image(err);
	int disk_fd = -1, swap_fd = 0, rc = -1, queue = LOG_QUEUE_BYTES;

	if (image != NULL && make_folder(m, err) == 0)
		disk_fd = make_disk(limits->data_dir, limits->disk_bytes, ext4, err);
	if (disk_fd >= 0 && limits->swap_bytes != 0)
		swap_fd = make_disk(limits->data_dir, limits->swap_bytes + (uint64_t)sysconf(_SC_PAGESIZE), swap, err);
	if (disk_fd >= 0 && swap_fd >= 0)
		rc = start(m, image, disk_fd, swap_fd, err);
	if (disk_fd >= 0)
		close(disk_fd);
	if (swap_fd > 0)
		close(swap_fd);
	free(image);
	if (rc != 0)
		return -1;
	setsockopt(m->guest.port_fd[3], SOL_SOCKET, SO_RCVBUFFORCE, &queue, sizeof(queue));
	for (int i = 1; i < GUEST_PORTS; i++)
		fcntl(m->guest.port_fd[i], F_SETFL, O_NONBLOCK);
	return await(m, err);
}

/* ---- ports -------------------------------------------------------------- */

/* Up to the monitor's next prompt; -1: it did not come. */
static int read_prompt(int fd, struct buf *out)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };
	char block[1024];

	buf_clear(out);

	while (strstr(buf_str(out), "(qemu) ") == NULL) {
		ssize_t n = poll(&p, 1, MONITOR_MS) == 1 ? read(fd, block, sizeof(block)) : -1;
		if (n <= 0)
			return -1;
		buf_add(out, block, (size_t)n);
	}
	return 0;
}

int machine_forward(struct isolation *iso, uint16_t port, struct error *err)
{
	struct machine *m = (struct machine *)iso;
	char command[80];
	struct buf said = BUF_INIT;
	int len = snprintf(command, sizeof(command), "hostfwd_add net tcp:127.0.0.1:%u-127.0.0.1:%u\n", port, port);
	int rc = -1;

	/* A prompt is there before each command, which is echoed, and answered only when it failed. */
	if ((m->prompted || read_prompt(m->guest.monitor_fd, &said) == 0) &&
	    write(m->guest.monitor_fd, command, (size_t)len) == len && read_prompt(m->guest.monitor_fd, &said) == 0)
		rc = strstr(buf_str(&said), "could not") != NULL || strstr(buf_str(&said), "nvalid") != NULL ? -1 : 0;
	m->prompted = true;
	if (rc != 0)
		error_set(err, ERROR_SYSTEM, "port %u cannot be forwarded to the machine: %.200s", port,
			  buf_str(&said));
	buf_release(&said);
	return rc;
}
