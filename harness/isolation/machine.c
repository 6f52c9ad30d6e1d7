/*
 * machine - the server runs in a small machine of its own: a kernel, page cache and
 * disk that share its memory, and an OOM killer that goes by all of it.
 * What the agent in it tells (agent/agent.c) are the figures; what the host holds
 * for the emulator stands beside them.
 */
#include "isolation/machine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"

#define LOOK_NS (5 * NS_PER_S)
#define KILL_NS (20 * NS_PER_S)
#define SQUEEZE_NS (120 * NS_PER_S)

struct isolation_reader {
	struct machine *machine;
	int host_fd; /* /proc/PID/statm of the emulator */
	uint64_t ooms_taken;
	char in[2 * WIRE_MAX], sample[WIRE_MAX]; /* now points into sample */
	size_t have;
	struct machine_text now;
};

static struct machine *of(struct isolation *iso)
{
	return (struct machine *)iso;
}

/* ---- open, close -------------------------------------------------------- */

static int machine_remove(struct isolation *iso, struct error *err)
{
	struct machine *m = of(iso);

	guest_kill(&m->guest);
	return fs_remove_tree(m->folder, err);
}

static int machine_close(struct isolation *iso, struct error *err)
{
	struct machine *m = of(iso);
	int rc = machine_remove(iso, err);

	guest_end(&m->guest);
	pthread_mutex_destroy(&m->asking);
	free(m->folder);
	free(m);
	return rc;
}

static int machine_open(const char *name, const struct isolation_limits *limits, struct isolation **out,
			struct error *err)
{
	struct machine *m = xcalloc(1, sizeof(*m));

	isolation_init(&m->base, &isolation_machine, name, limits);
	m->guest = (struct guest)GUEST_INIT;
	m->folder = machine_folder(name);
	m->ram_bytes = limits->memory_bytes;
	pthread_mutex_init(&m->asking, NULL);
	if (machine_boot(m, err) != 0) {
		machine_close(&m->base, NULL);
		return -1;
	}
	*out = &m->base;
	return 0;
}

/* The stand-in is no part of the machine: there is nothing to join. */
static int machine_join(const char *name, struct error *err)
{
	(void)name;
	(void)err;
	return 0;
}

/* ---- who is inside ------------------------------------------------------ */

/* Of this host: what belongs to the machine as a whole. */
static int machine_contains(struct isolation *iso, pid_t pid)
{
	const struct machine *m = of(iso);

	return pid == iso->main_pid || pid == m->guest.emulator || pid == m->guest.share;
}

static int give_pids(const struct machine_text *text, pid_t *out, size_t max)
{
	for (size_t i = 0; i < text->process_count && i < max; i++)
		out[i] = text->process[i].pid;
	return (int)text->process_total;
}

static bool is_zombie(const struct machine_process *p)
{
	const char *state = memmem(p->status, p->len, "State:\t", 7);

	return state != NULL && (state[7] == 'Z' || state[7] == 'X');
}

static int machine_pids(struct isolation *iso, pid_t *out, size_t max, struct error *err)
{
	struct machine *m = of(iso);
	int count = 0;

	pthread_mutex_lock(&m->asking);
	int rc = machine_ask_locked(m, WIRE_LOOK, "", LOOK_NS, err);
	for (size_t i = 0; rc == 0 && i < m->last.process_count; i++)
		if (!is_zombie(&m->last.process[i]) && count++ < (int)max)
			out[count - 1] = m->last.process[i].pid;
	pthread_mutex_unlock(&m->asking);
	return rc == 0 ? count : -1;
}

/* Where the agent does not answer any more, the machine goes as a whole. */
static int machine_kill(struct isolation *iso, struct error *err)
{
	struct machine *m = of(iso);

	(void)err;
	if (machine_ask(m, WIRE_KILL, "", KILL_NS, NULL) != 0)
		guest_kill(&m->guest);
	return 0;
}

static pid_t machine_holder(struct isolation *iso)
{
	return of(iso)->guest.emulator;
}

/* ---- the sampler's thread ----------------------------------------------- */

static void take_sample(struct isolation_reader *r, const char *text, size_t len)
{
	memcpy(r->sample, text, len);
	machine_text_parse(r->sample, len, r->machine->ram_bytes, &r->now);
	atomic_store(&r->machine->heard_ns, clock_ns());
}

/* Of all that has come, what was told last holds. */
static void drain(struct isolation_reader *r)
{
	int fd = r->machine->guest.port_fd[1];
	struct wire_head head;
	ssize_t n;

	while ((n = read(fd, r->in + r->have, sizeof(r->in) - r->have)) > 0) {
		size_t at = 0;

		r->have += (size_t)n;
		while (r->have - at >= sizeof(head)) {
			memcpy(&head, r->in + at, sizeof(head));
			if (head.len > sizeof(r->sample) || r->have - at < sizeof(head) + head.len)
				break;
			take_sample(r, r->in + at + sizeof(head), head.len);
			at += sizeof(head) + head.len;
		}
		r->have -= at;
		memmove(r->in, r->in + at, r->have);
	}
}

static int machine_reader_open(struct isolation *iso, struct isolation_reader **out, struct error *err)
{
	struct isolation_reader *r = xcalloc(1, sizeof(*r));
	char path[40];

	(void)err;
	r->machine = of(iso);
	snprintf(path, sizeof(path), "/proc/%d/statm", (int)r->machine->guest.emulator);
	r->host_fd = open(path, O_RDONLY | O_CLOEXEC);
	*out = r;
	return 0;
}

/* Resident pages, the second figure of proc_pid_statm(5). */
static struct fact host_bytes(int statm_fd)
{
	char text[128];
	unsigned long long pages;
	ssize_t n = statm_fd < 0 ? -1 : pread(statm_fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return sscanf(text, "%*u %llu", &pages) == 1 ? fact_in(pages, (uint64_t)sysconf(_SC_PAGESIZE)) : FACT_BROKEN;
}

static void machine_reader_read(struct isolation_reader *r, struct memory_sample *out)
{
	drain(r);
	if (clock_ns() - atomic_load(&r->machine->heard_ns) > MACHINE_STALE_NS)
		machine_text_parse("", 0, r->machine->ram_bytes, &r->now);
	*out = r->now.memory;
	out->field[MEMORY_HOST] = host_bytes(r->host_fd);
}

static int machine_reader_pids(struct isolation_reader *r, pid_t *out, size_t max)
{
	return give_pids(&r->now, out, max);
}

static ssize_t machine_reader_status(struct isolation_reader *r, pid_t pid, char *out, size_t size)
{
	for (size_t i = 0; i < r->now.process_count; i++) {
		const struct machine_process *p = &r->now.process[i];

		if (p->pid != pid)
			continue;
		size_t len = p->len < size ? p->len : size;
		memcpy(out, p->status, len);
		return (ssize_t)len;
	}
	return 0;
}

static void machine_reader_close(struct isolation_reader *r)
{
	if (r != NULL && r->host_fd >= 0)
		close(r->host_fd);
	free(r);
}

/* Readable with every sample: those that came because of an OOM say so. */
static int machine_oom_event_fd(struct isolation *iso, struct error *err)
{
	int fd = fcntl(of(iso)->guest.port_fd[1], F_DUPFD_CLOEXEC, 0);

	return fd >= 0 ? fd : error_set_errno(err, ERROR_SYSTEM, errno, "cannot watch the machine");
}

static uint64_t machine_oom_event_take(struct isolation_reader *r, int fd)
{
	(void)fd;
	drain(r);
	if (!fact_known(r->now.ooms) || r->now.ooms.value <= r->ooms_taken)
		return 0;
	uint64_t fresh = r->now.ooms.value - r->ooms_taken;
	r->ooms_taken = r->now.ooms.value;
	return fresh;
}

static int machine_threshold_fd(struct isolation *iso, uint64_t usage_bytes, struct error *err)
{
	(void)iso;
	(void)usage_bytes;
	return error_set(err, ERROR_ENVIRONMENT, "isolation 'machine' has no event for a threshold");
}

/* ---- the rest ----------------------------------------------------------- */

static int machine_squeeze(struct isolation *iso, struct error *err)
{
	return machine_ask(of(iso), WIRE_SQUEEZE, "", SQUEEZE_NS, err);
}

static void fill_final(const struct machine *m, struct isolation_final *out)
{
	memset(out, 0, sizeof(*out)); /* FACT_ABSENT is 0: a machine has no watermark and no limit that is hit */
	out->memory = m->last.memory;
	out->oom_kill = m->last.memory.field[MEMORY_OOM_KILL];
	out->limit_bytes = m->base.readback.memory_bytes;
	out->swap_limit_bytes = fact_add(out->limit_bytes, m->last.swap_total_bytes);
}

/* While the page cache is being asked back, what was told last must do. */
static int machine_final(struct isolation *iso, struct isolation_final *out, struct error *err)
{
	struct machine *m = of(iso);
	int rc = 0;

	if (pthread_mutex_trylock(&m->asking) != 0)
		return error_set(err, ERROR_SYSTEM, "the machine is being asked for something else");
	rc = machine_ask_locked(m, WIRE_LOOK, "", LOOK_NS, err);
	if (rc == 0)
		fill_final(m, out);
	pthread_mutex_unlock(&m->asking);
	return rc;
}

static int machine_kernel_log_fd(struct isolation *iso)
{
	return of(iso)->guest.port_fd[3];
}

/* The line of the guest's console that tells of its panic, in `line`. */
static const char *find_panic(int console_fd, char line[300])
{
	static const char words[] = "Kernel panic - not syncing";
	char text[65536];
	ssize_t n = pread(console_fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	const char *at = strstr(text, words);
	if (at == NULL)
		return NULL;
	snprintf(line, 300, "%.*s", (int)strcspn(at, "\r\n"), at);
	return line;
}

/* Another part of the rig takes leave of all children that ended: one that is not there has ended. */
static bool has_ended(pid_t pid)
{
	siginfo_t info = { .si_pid = 0 };

	return pid > 0 && (waitid(P_PID, (id_t)pid, &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid != 0);
}

static void machine_tell(struct isolation *iso, struct machine_state *out)
{
	static char line[300];
	struct machine *m = of(iso);
	uint64_t heard = atomic_load(&m->heard_ns), now = clock_ns();

	*out = (struct machine_state){ .panic = find_panic(m->guest.console_fd, line),
				       .ended = has_ended(m->guest.emulator),
				       .silent_ns = now > heard ? now - heard : 0,
				       .disk_free_bytes = m->last.disk_free_bytes,
				       .agent_bytes = m->last.agent_bytes,
				       .swap_bytes = m->last.swap_total_bytes,
				       .total_bytes = m->last.total_bytes,
				       .accelerator = m->accelerator,
				       .slowness = m->slowness };
}

const struct isolation_backend isolation_machine = {
	.name = "machine",
	.summary = "a small machine of its own (QEMU) with so much memory; its kernel, page cache and disk share it",
	.caps_memory = true,
	.by_name_only = true,
	.probe = machine_probe,
	.open = machine_open,
	.join = machine_join,
	.stand_in = machine_stand_in,
	.forward = machine_forward,
	.holder = machine_holder,
	.kernel_log_fd = machine_kernel_log_fd,
	.machine = machine_tell,
	.contains = machine_contains,
	.pids = machine_pids,
	.reader_open = machine_reader_open,
	.reader_read = machine_reader_read,
	.reader_pids = machine_reader_pids,
	.reader_status = machine_reader_status,
	.reader_close = machine_reader_close,
	.oom_event_fd = machine_oom_event_fd,
	.oom_event_take = machine_oom_event_take,
	.threshold_fd = machine_threshold_fd,
	.squeeze = machine_squeeze,
	.kill = machine_kill,
	.final = machine_final,
	.remove = machine_remove,
	.close = machine_close,
	.clean = machine_clean,
};
