/*
 * hooks - the one walk over the hooks of the behaviours that are on.  Any thread.
 *
 *   const struct behaviour_hooks *hooks;
 *   EACH_HOOKS (server, hooks, request_over)
 *           hooks->request_over(r);
 */
#ifndef CHUNKSERVER_HOOKS_H
#define CHUNKSERVER_HOOKS_H

#include "server.h"

/* Of the behaviour at a place of the table; NULL when it is off, or has none. */
static inline const struct behaviour_hooks *hooks_at(const struct server *server, size_t i)
{
	return server_has(server, (enum behaviour_id)i) ? behaviours[i].hooks : NULL;
}

/* Those that have the member, in the order of the table. */
#define EACH_HOOKS(server, hooks, member)                                                                              \
	for (size_t at_ = 0; at_ < BEHAVIOUR_COUNT; at_++)                                                             \
		if (((hooks) = hooks_at(server, at_)) != NULL && (hooks)->member != NULL)

/* The same from the end, for taking down what was built up. */
#define EACH_HOOKS_BACK(server, hooks, member)                                                                         \
	for (size_t at_ = BEHAVIOUR_COUNT; at_-- > 0;)                                                                 \
		if (((hooks) = hooks_at(server, at_)) != NULL && (hooks)->member != NULL)

#endif
