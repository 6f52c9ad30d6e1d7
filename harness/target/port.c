#include "target/port.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/macros.h"

/* A socket on its way from one process to another may be missed by a look that has passed both. */
#define LOOKS_MAX 3
#define LOOK_AGAIN_US 20000
#define CONNECT_TIMEOUT_US 100000

#define CONTAINER_HINT                                                                                                 \
	"; a container runs outside the server's group: let the scenario start the server's own program, not a "       \
	"client "                                                                                                      \
	"of the container's engine"

int port_init(struct port *p, const struct server_spec *spec, uint16_t number, struct isolation *iso, struct error *err)
{
	*p = (struct port){ .spec = spec, .isolation = iso, .number = number };
	int count = listener_resolve(spec->host, number, p->to, PORT_ADDRESSES_MAX, err);
	p->to_count = count < 0 ? 0 : (size_t)count;
	return count < 0 ? -1 : 0;
}

/* ---- the sockets -------------------------------------------------------- */

/* A socket for every IPv6 address takes IPv4 too unless it was told not to, which only a connection shows. */
static bool takes_ipv4(const struct listener_address *to)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(to->port) };
	struct timeval wait = { .tv_usec = CONNECT_TIMEOUT_US };
	memcpy(&address.sin_addr, &to->address.s6_addr[12], sizeof(address.sin_addr));
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return true;
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait));
	bool refused = connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 && errno == ECONNREFUSED;
	close(fd);
	return !refused;
}

/* false: a table that is there could not be read.  IPv6 may be switched off. */
static bool read_tables(struct listeners *l, const struct listener_address *to, pid_t netns_pid)
{
	static const char *const names[] = { "tcp", "tcp6" };
	bool readable = true;
	for (size_t i = 0; i < COUNT(names); i++) {
		char path[64], pid[16] = "self";
		if (netns_pid != 0)
			snprintf(pid, sizeof(pid), "%d", (int)netns_pid);
		snprintf(path, sizeof(path), "/proc/%s/net/%s", pid, names[i]);
		FILE *table = fopen(path, "re");
		readable = readable && (table != NULL || (i > 0 && errno == ENOENT));
		if (table == NULL)
			continue;
		listeners_read(l, table, to);
		readable = readable && ferror(table) == 0;
		fclose(table);
	}
	return readable;
}

/* ---- their holders ------------------------------------------------------ */

/* Marks what the group's processes hold; false: one of them could not be read. */
static bool mark_group(const struct port *p, struct held_socket *sockets, size_t count)
{
	const struct isolation_backend *b = p->isolation->backend;
	if (b->holder != NULL)
		return holder_mark(b->holder(p->isolation), sockets, count);
	int max = b->pids(p->isolation, NULL, 0, NULL);
	if (max < 0)
		return false;
	max += 64; /* those that start meanwhile */
	pid_t *pids = xcalloc((size_t)max, sizeof(*pids));
	int got = b->pids(p->isolation, pids, (size_t)max, NULL);
	bool readable = got >= 0 && got <= max;
	for (int i = 0; i < got && i < max; i++)
		readable = holder_mark(pids[i], sockets, count) && readable;
	free(pids);
	return readable;
}

static void describe_stranger(const struct port *p, uint64_t inode, char out[PORT_TEXT_MAX])
{
	char who[HOLDER_TEXT_MAX] = "a process that cannot be seen from here";
	pid_t pid = holder_find(inode);
	bool container = pid != 0 && holder_describe(pid, who);
	snprintf(out, PORT_TEXT_MAX, "%s listens on %s:%u and is not in the server's group%s", who, p->spec->host,
		 p->number, container ? CONTAINER_HINT : "");
}

void port_describe_unseen(const struct port *p, char out[PORT_TEXT_MAX])
{
	snprintf(out, PORT_TEXT_MAX,
		 "requests to %s:%u were answered, though nobody was ever seen to listen there: they are passed on to "
		 "another machine or network namespace" CONTAINER_HINT,
		 p->spec->host, p->number);
}

/* The first of the sockets that no process of the group holds, 0: none; false: a process could not be read. */
static bool find_stranger(const struct port *p, const struct listeners *l, uint64_t *stranger)
{
	struct held_socket *sockets = xcalloc(l->count + 1, sizeof(*sockets));
	for (size_t i = 0; i < l->count; i++)
		sockets[i].inode = l->inodes[i];
	bool readable = mark_group(p, sockets, l->count);
	*stranger = 0;
	for (size_t i = l->count; i-- > 0;)
		if (!sockets[i].held)
			*stranger = sockets[i].inode;
	free(sockets);
	return readable;
}

static struct fact look_at(const struct port *p, const struct listener_address *to, pid_t netns_pid,
			   struct port_look *out, uint64_t *stranger)
{
	struct listeners l = { 0 };
	struct fact in_group = FACT_NONE;
	if (!read_tables(&l, to, netns_pid)) {
		in_group = FACT_BROKEN;
		snprintf(out->text, sizeof(out->text), "the list of listening sockets cannot be read");
	} else if (l.count > 0) {
		bool readable = find_stranger(p, &l, stranger);
		in_group = *stranger == 0 ? fact_of(1) : readable ? fact_of(0) : FACT_BROKEN;
		if (in_group.state == FACT_UNREADABLE)
			snprintf(out->text, sizeof(out->text),
				 "what a process of the server's group holds open cannot be read; root can");
		/* Never our own server: it may count connections. */
		else if (*stranger != 0 && l.rank == LISTENER_BOTH_FAMILIES && netns_pid == 0 && !takes_ipv4(to))
			in_group = FACT_NONE;
	}
	listeners_release(&l);
	return in_group;
}

/* Of several addresses ("localhost") the worst answer counts: any of them may take the load. */
static uint64_t look_once(const struct port *p, pid_t netns_pid, struct port_look *out)
{
	*out = (struct port_look){ .in_group = FACT_NONE };
	for (size_t i = 0; i < p->to_count; i++) {
		uint64_t stranger = 0;
		struct fact now = look_at(p, &p->to[i], netns_pid, out, &stranger);
		if (now.state == FACT_UNREADABLE || out->in_group.state == FACT_ABSENT)
			out->in_group = now;
		if (fact_known(now) && now.value == 0) {
			out->in_group = now;
			return stranger;
		}
	}
	return 0;
}

void port_look(const struct port *p, pid_t netns_pid, struct port_look *out)
{
	uint64_t stranger = look_once(p, netns_pid, out);
	for (int look = 1; look < LOOKS_MAX && stranger != 0; look++) {
		usleep(LOOK_AGAIN_US);
		stranger = look_once(p, netns_pid, out);
	}
	if (stranger != 0)
		describe_stranger(p, stranger, out->text);
}
