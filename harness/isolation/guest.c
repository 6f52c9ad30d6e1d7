#include "isolation/guest.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"

#define VIRTIOFSD "/usr/lib/qemu/virtiofsd"
#define PROBE_MS 15000
#define ARGUMENTS_MAX 96

/* A command line under construction, and the descriptors that the process keeps. */
struct command {
	char *argv[ARGUMENTS_MAX + 1];
	size_t argc;
	int fds[GUEST_PORTS + 4]; /* two disks, share, monitor */
	size_t fd_count;
};

static void add(struct command *c, char *word)
{
	if (c->argc < ARGUMENTS_MAX)
		c->argv[c->argc++] = word;
}

static void add_pair(struct command *c, const char *name, char *value)
{
	add(c, xstrdup(name));
	add(c, value);
}

static int keep(struct command *c, int fd)
{
	c->fds[c->fd_count++] = fd;
	return fd;
}

static void release(struct command *c)
{
	for (size_t i = 0; i < c->argc; i++)
		free(c->argv[i]);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

/* In the child. */
static void become(const struct command *c, pid_t parent, int words_fd)
{
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(127);
	for (size_t i = 0; i < c->fd_count; i++)
		fcntl(c->fds[i], F_SETFD, 0);
	dup2(open("/dev/null", O_RDWR | O_CLOEXEC), 0);
	dup2(words_fd, 1);
	dup2(words_fd, 2);
	execvp(c->argv[0], c->argv);
	dprintf(2, "cannot run '%s': %s\n", c->argv[0], strerror(errno));
	_exit(127);
}

/* A process group of its own: Ctrl-C is for whoever started the guest, and guest_end() for the guest. */
static int spawn(const struct command *c, int words_fd, pid_t *out, struct error *err)
{
	pid_t parent = getpid(), pid = fork();

	if (pid == 0) {
		setpgid(0, 0);
		become(c, parent, words_fd);
	}
	if (pid < 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot start '%s'", c->argv[0]);
	*out = pid;
	return 0;
}

/*
 * The server of files takes a socket that listens, the emulator one that is
 * connected; an address that the kernel chooses (unix(7), autobind) is in no folder.
 */
static int listen_and_connect(int *listening, int *connected)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };
	socklen_t len = sizeof(at);

	*listening = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	*connected = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (*listening < 0 || *connected < 0 || bind(*listening, (struct sockaddr *)&at, sizeof(at.sun_family)) != 0 ||
	    listen(*listening, 1) != 0 || getsockname(*listening, (struct sockaddr *)&at, &len) != 0)
		return -1;
	return connect(*connected, (struct sockaddr *)&at, len);
}

static int start_share(struct guest *g, int listening, int words_fd, struct error *err)
{
	struct command c = { .argc = 0 };

	add(&c, xstrdup(VIRTIOFSD));
	add(&c, xasprintf("--fd=%d", keep(&c, listening)));
	add_pair(&c, "-o", xstrdup("source=/,cache=always,sandbox=chroot,log_level=err"));
	int rc = spawn(&c, words_fd, &g->share, err);
	release(&c);
	return rc;
}

/*
 * Emulated, `rep movsb` goes byte by byte: without erms and fsrm the kernel
 * copies by eight.  tsc=reliable: the clock is read without leaving the process.
 */
static void add_machine(struct command *c, const struct guest_options *o)
{
	bool kvm = strcmp(o->accelerator, "kvm") == 0;

	add(c, xstrdup("qemu-system-x86_64"));
	add_pair(c, "-name", xstrdup(o->name));
	add_pair(c, "-accel", xstrdup(kvm ? "kvm" : "tcg,thread=multi"));
	add_pair(c, "-cpu", xstrdup(kvm ? "host" : "max,-erms,-fsrm"));
	add_pair(c, "-machine", xstrdup("pc,memory-backend=ram,usb=off,vmport=off,hpet=off"));
	add_pair(c, "-object",
		 xasprintf("memory-backend-memfd,id=ram,share=on,size=%llu", (unsigned long long)o->memory_bytes));
	add_pair(c, "-m", xasprintf("%lluB", (unsigned long long)o->memory_bytes));
	add_pair(c, "-smp", xasprintf("%u", o->cpus));
	add_pair(c, "-serial", xstrdup("stdio"));
	add_pair(c, "-display", xstrdup("none"));
	add(c, xstrdup("-nodefaults"));
	add(c, xstrdup("-no-user-config"));
	add(c, xstrdup("-no-reboot"));
	add_pair(c, "-kernel", xasprintf("%s/vmlinuz", o->folder));
	add_pair(c, "-initrd", xasprintf("%s/initrd", o->folder));
	add_pair(c, "-append",
		 xasprintf("console=ttyS0 quiet mitigations=off tsc=reliable panic=-1 next=%s tree=%s %s",
			   o->next ? o->next : "", o->tree ? o->tree : "", o->words ? o->words : ""));
}

/* werror: a host's disk that is full is told to the guest, which would stand still otherwise. */
static void add_disk(struct command *c, const char *id, int fd, uint64_t bytes_per_s)
{
	char *rate =
		bytes_per_s ? xasprintf(",throttling.bps-total=%llu", (unsigned long long)bytes_per_s) : xstrdup("");

	add_pair(c, "-drive",
		 xasprintf("file=/proc/self/fd/%d,format=raw,if=none,id=%s,cache=unsafe,discard=unmap,werror=report%s",
			   keep(c, fd), id, rate));
	add_pair(c, "-device", xasprintf("virtio-blk-pci,drive=%s", id));
	free(rate);
}

static void add_network(struct command *c, int monitor_fd)
{
	add_pair(c, "-netdev", xstrdup("user,id=net,restrict=on,ipv6=off"));
	add_pair(c, "-device", xstrdup("virtio-net-pci,netdev=net,romfile="));
	add_pair(c, "-chardev", xasprintf("socket,id=monitor,fd=%d", keep(c, monitor_fd)));
	add_pair(c, "-mon", xstrdup("chardev=monitor,mode=readline"));
}

static void add_share(struct command *c, int fd)
{
	add_pair(c, "-chardev", xasprintf("socket,id=share,fd=%d", keep(c, fd)));
	add_pair(c, "-device", xstrdup("vhost-user-fs-pci,chardev=share,tag=root"));
}

static void add_ports(struct command *c, const char *control, const int fds[GUEST_PORTS])
{
	add_pair(c, "-device", xasprintf("virtio-serial-pci,max_ports=%d", GUEST_PORTS + 1));
	for (int i = 0; i < GUEST_PORTS; i++) {
		add_pair(c, "-chardev",
			 fds[i] < 0 ? xasprintf("socket,id=port%d,path=%s,server=on,wait=off", i + 1, control)
				    : xasprintf("socket,id=port%d,fd=%d", i + 1, keep(c, fds[i])));
		add_pair(c, "-device", xasprintf("virtserialport,nr=%d,chardev=port%d", i + 1, i + 1));
	}
}

/* The descriptors of one start that the two processes inherit, and we close. */
struct theirs {
	int words, listening, share, monitor, port[GUEST_PORTS];
};

static int make_pair(int *ours, int *theirs)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	*ours = pair[0];
	*theirs = pair[1];
	return 0;
}

static int make_sockets(struct guest *g, const struct guest_options *o, struct theirs *t)
{
	if (listen_and_connect(&t->listening, &t->share) != 0)
		return -1;
	for (int i = o->control ? 1 : 0; i < GUEST_PORTS; i++)
		if (make_pair(&g->port_fd[i], &t->port[i]) != 0)
			return -1;
	return o->network ? make_pair(&g->monitor_fd, &t->monitor) : 0;
}

/* What is read and what is written. */
static int make_console(int ends[2], bool keep_words)
{
	if (!keep_words)
		return pipe2(ends, O_CLOEXEC);
	ends[0] = memfd_create("console", MFD_CLOEXEC);
	ends[1] = ends[0] < 0 ? -1 : fcntl(ends[0], F_DUPFD_CLOEXEC, 0);
	return ends[1] < 0 ? -1 : 0;
}

static int make_descriptors(struct guest *g, const struct guest_options *o, struct theirs *t, struct error *err)
{
	int words[2];

	if (make_console(words, o->keep_words) != 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot make the console of a guest");
	g->console_fd = words[0];
	t->words = words[1];
	if (o->next && make_sockets(g, o, t) != 0)
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot make the sockets of a guest");
	return 0;
}

static int start_both(struct guest *g, const struct guest_options *o, const struct theirs *t, struct error *err)
{
	struct command c = { .argc = 0 };

	if (o->next && start_share(g, t->listening, t->words, err) != 0)
		return -1;
	add_machine(&c, o);
	if (o->next) {
		add_disk(&c, "data", o->disk_fd, o->disk_bytes_per_s);
		add_share(&c, t->share);
		add_ports(&c, o->control, t->port);
	}
	if (o->swap_fd > 0)
		add_disk(&c, "swap", o->swap_fd, 0);
	if (o->network)
		add_network(&c, t->monitor);
	int rc = spawn(&c, t->words, &g->emulator, err);
	release(&c);
	return rc;
}

int guest_start(struct guest *g, const struct guest_options *o, struct error *err)
{
	struct theirs t = { .words = -1, .listening = -1, .share = -1, .monitor = -1, .port = { -1, -1, -1, -1 } };

	*g = (struct guest)GUEST_INIT;
	int rc = make_descriptors(g, o, &t, err);

	if (rc == 0)
		rc = start_both(g, o, &t, err);
	close_fd(&t.words);
	close_fd(&t.listening);
	close_fd(&t.share);
	close_fd(&t.monitor);
	for (int i = 0; i < GUEST_PORTS; i++)
		close_fd(&t.port[i]);
	if (rc != 0)
		guest_end(g);
	return rc;
}

/* Somebody else may have taken leave of it, and its id be another one's by now. */
static void end_process(pid_t *pid)
{
	pid_t ours = *pid;

	*pid = 0;
	if (ours <= 0 || waitpid(ours, NULL, WNOHANG) != 0)
		return;
	kill(ours, SIGKILL);
	while (waitpid(ours, NULL, 0) < 0 && errno == EINTR)
		;
}

void guest_kill(struct guest *g)
{
	end_process(&g->emulator);
	end_process(&g->share);
}

void guest_end(struct guest *g)
{
	guest_kill(g);
	close_fd(&g->console_fd);
	close_fd(&g->monitor_fd);
	for (int i = 0; i < GUEST_PORTS; i++)
		close_fd(&g->port_fd[i]);
}

int guest_disk(const char *folder, uint64_t bytes, struct error *err)
{
	int fd = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd >= 0 && ftruncate(fd, (off_t)bytes) == 0)
		return fd;
	error_set_errno(err, ERROR_ENVIRONMENT, errno, "cannot make a disk for the guest in '%s'", folder);
	close_fd(&fd);
	return -1;
}

/* Does a guest say on its console that it is up, before the deadline? */
static bool comes_up(const struct guest *g)
{
	struct pollfd p = { .fd = g->console_fd, .events = POLLIN };
	uint64_t end_ns = clock_ns() + PROBE_MS * NS_PER_MS, now;
	struct buf words = BUF_INIT;
	bool up = false;
	char block[512];

	while (!up && (now = clock_ns()) < end_ns) {
		if (poll(&p, 1, (int)((end_ns - now) / NS_PER_MS) + 1) < 1)
			continue;
		ssize_t n = read(g->console_fd, block, sizeof(block));
		if (n <= 0)
			break;
		buf_add(&words, block, (size_t)n);
		up = strstr(buf_str(&words), "the guest is up") != NULL;
	}
	buf_release(&words);
	return up;
}

static bool kvm_works(const char *folder)
{
	struct guest_options o = { .folder = folder,
				   .accelerator = "kvm",
				   .name = "oomrig-probe",
				   .memory_bytes = 128 << 20,
				   .cpus = 1,
				   .disk_fd = -1 };
	struct guest g;
	struct error err;

	if (access("/dev/kvm", R_OK | W_OK) != 0 || guest_start(&g, &o, &err) != 0)
		return false;
	bool works = comes_up(&g);
	guest_end(&g);
	return works;
}

const char *guest_accelerator(const char *folder)
{
	char *path = xasprintf("%s/accelerator", folder);
	struct buf boot = BUF_INIT, noted = BUF_INIT;
	struct error err;

	if (fs_read_file("/proc/sys/kernel/random/boot_id", &boot, &err) != 0)
		buf_adds(&boot, "unknown\n");
	if (fs_read_file(path, &noted, &err) != 0 || strstr(buf_str(&noted), buf_str(&boot)) == NULL) {
		buf_clear(&noted);
		buf_addf(&noted, "%s%s\n", buf_str(&boot), kvm_works(folder) ? "kvm" : "tcg");
		fs_write_file_unsynced(path, noted.data, noted.len, &err); /* or it is asked again */
	}
	const char *found = strstr(buf_str(&noted), "\nkvm\n") != NULL ? "kvm" : "tcg";

	buf_release(&boot);
	buf_release(&noted);
	free(path);
	return found;
}
