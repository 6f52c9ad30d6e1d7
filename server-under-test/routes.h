/*
 * routes - which handler a method and a path belong to: one table.  Any thread.
 */
#ifndef CHUNKSERVER_ROUTES_H
#define CHUNKSERVER_ROUTES_H

#include "http.h"

/*
 * `begin` sees the headers, `write` each piece of the body, `answer` comes at
 * the end.  A row without `begin` takes no body: what comes is dropped.
 */
struct route {
	const char *method;
	const char *path;
	bool is_prefix;
	void (*begin)(struct request *r);
	void (*write)(struct request *r, const char *data, size_t len);
	enum MHD_Result (*answer)(struct request *r);
};

/* Sets the route of a request and its argument, or fails it with 404 or 405. */
void routes_find(struct request *r, const char *method, const char *url);

#endif
