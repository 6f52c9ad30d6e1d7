#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent.h"

int port_open(struct port *p, int number)
{
	char path[32];

	snprintf(path, sizeof(path), "/dev/guest-port%d", number);
	p->fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	p->gone = 1;
	return p->fd < 0 ? -1 : 0;
}

int port_send(struct port *p, uint32_t kind, const void *body, size_t len)
{
	static char frame[WIRE_MAX];
	struct wire_head head = { .kind = kind, .len = (uint32_t)len };

	memcpy(frame, &head, sizeof(head));
	memcpy(frame + sizeof(head), body, len);
	/* The driver queues a piece of this size as a whole (drivers/char/virtio_console.c). */
	return write(p->fd, frame, sizeof(head) + len) == (ssize_t)(sizeof(head) + len) ? 0 : -1;
}

static void fill(struct port *p)
{
	if (p->taken > 0) {
		p->have -= p->taken;
		memmove(p->in, p->in + p->taken, p->have);
		p->taken = 0;
	}
	ssize_t n = read(p->fd, p->in + p->have, WIRE_MAX - p->have);
	p->gone = n == 0 && p->have < WIRE_MAX; /* the driver's way to say that nobody is connected */
	if (n > 0)
		p->have += (size_t)n;
	if (p->gone)
		p->have = 0;
}

static char *whole(struct port *p, struct wire_head *head)
{
	if (p->have - p->taken < sizeof(*head))
		return NULL;
	memcpy(head, p->in + p->taken, sizeof(*head));
	if (head->len > WIRE_MAX - sizeof(*head)) { /* not ours: nothing behind it makes sense */
		p->have = p->taken = 0;
		return NULL;
	}
	return p->have - p->taken >= sizeof(*head) + head->len ? p->in + p->taken + sizeof(*head) : NULL;
}

char *port_take(struct port *p, struct wire_head *head)
{
	static char body[WIRE_MAX + 1];
	char *at = whole(p, head);

	if (at == NULL) {
		fill(p);
		at = whole(p, head);
	}
	if (at == NULL)
		return NULL;
	memcpy(body, at, head->len);
	body[head->len] = '\0';
	p->taken += sizeof(*head) + head->len;
	return body;
}
