/* What the rig asks of the agent in a machine, over port 3, and its answers. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/ending.h"
#include "isolation/machine.h"

#define SILENT_NS (500 * NS_PER_MS)
#define SLICE_MS 100

/* One frame into m->answer; 0: none is whole yet, -1: the other end is gone. */
static int read_answer(struct machine *m, int fd, size_t *have, struct wire_head *head)
{
	static const size_t head_len = sizeof(struct wire_head);
	char *in = m->answer;
	size_t want = head_len;

	for (;;) {
		if (*have >= head_len) {
			memcpy(head, in, head_len);
			want = head->len <= WIRE_MAX - head_len ? head_len + head->len : 0;
		}
		if (want == 0)
			return -1;
		if (*have >= head_len && *have == want)
			return 1;
		ssize_t n = read(fd, in + *have, want - *have);
		if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
			return -1;
		if (n < 0)
			return 0;
		*have += (size_t)n;
	}
}

static int await_answer(struct machine *m, uint32_t kind, uint64_t end_ns, struct wire_head *head, struct error *err)
{
	struct pollfd p = { .fd = m->guest.port_fd[2], .events = POLLIN };
	size_t have = 0;

	for (;;) {
		int got = read_answer(m, p.fd, &have, head);
		if (got < 0)
			return error_set(err, ERROR_ENVIRONMENT, "the machine of the server is gone");
		if (got > 0 && (head->kind == kind || head->kind == WIRE_REFUSED))
			return 0;
		if (got > 0) {
			have = 0; /* to a request that was given up */
			continue;
		}
		if (kind == WIRE_SET_UP && ending_asked())
			return error_set(err, ERROR_INTERRUPTED, "the user asked to end while the machine came up");
		if (clock_ns() >= end_ns)
			return error_set(err, ERROR_ENVIRONMENT, "the agent in the machine does not answer");
		poll(&p, 1, SLICE_MS);
	}
}

/* One that has stopped telling how it is would not answer either. */
static uint64_t patience(const struct machine *m, uint32_t kind, uint64_t wait_ns)
{
	bool silent = clock_ns() - atomic_load(&m->heard_ns) > MACHINE_STALE_NS;

	return silent && (kind == WIRE_LOOK || kind == WIRE_KILL) ? SILENT_NS : wait_ns;
}

int machine_ask_locked(struct machine *m, uint32_t kind, const char *body, uint64_t wait_ns, struct error *err)
{
	struct wire_head head = { .kind = kind, .len = (uint32_t)strlen(body) };
	char *frame = xcalloc(1, sizeof(head) + head.len);
	size_t len = sizeof(head) + head.len;

	memcpy(frame, &head, sizeof(head));
	memcpy(frame + sizeof(head), body, head.len);
	ssize_t n = send(m->guest.port_fd[2], frame, len, MSG_NOSIGNAL);
	free(frame);
	if (n != (ssize_t)len)
		return error_set(err, ERROR_ENVIRONMENT, "the machine of the server is gone");
	if (await_answer(m, kind, clock_ns() + patience(m, kind, wait_ns), &head, err) != 0)
		return -1;
	if (head.kind == WIRE_REFUSED)
		return error_set(err, ERROR_ENVIRONMENT, "%.*s", (int)head.len, m->answer + sizeof(head));
	machine_text_parse(m->answer + sizeof(head), head.len, m->ram_bytes, &m->last);
	atomic_store(&m->heard_ns, clock_ns());
	return 0;
}

int machine_ask(struct machine *m, uint32_t kind, const char *body, uint64_t wait_ns, struct error *err)
{
	pthread_mutex_lock(&m->asking);
	int rc = machine_ask_locked(m, kind, body, wait_ns, err);
	pthread_mutex_unlock(&m->asking);
	return rc;
}
