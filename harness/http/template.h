/*
 * template - fills {names} in scenario texts.  Values are looked up in a chain:
 * the request's own (id, name, size), then the run's (port, data, tmp …), then
 * {now}, {now+24h}, {now-5m} as RFC 3339 in UTC.  "{{" is a literal "{"; "}" alone
 * stands for itself.  An unknown name is an error that names the nearest known
 * one.  Any thread.
 */
#ifndef OOMRIG_HTTP_TEMPLATE_H
#define OOMRIG_HTTP_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/error.h"

struct template_value {
	const char *name; /* NULL ends an array */
	const char *value;
};

struct template_scope {
	const struct template_value *values; /* borrowed */
	const struct template_scope *parent; /* borrowed, NULL at the end */
};

/*
 * As template_expand(), for the path of a URL: {id} and {name} are texts of an
 * object, of which what has a meaning of its own in a URL, or no place there, is
 * percent-encoded (RFC 3986, section 3.3): ?, #, %, space, and in the query also
 * &, = and +.  A slash is left alone: an id may be a path by design.  id_is_url:
 * the id was taken from a URL (a Location header) and is encoded already.
 */
int template_expand_path(const char *text, const struct template_scope *scope, bool id_is_url, struct buf *out,
			 struct error *err);

/* Appends the filled text to *out. */
int template_expand(const char *text, const struct template_scope *scope, struct buf *out, struct error *err);

#endif
