/*
 * template - fills {names} in scenario texts.  Values are looked up in a chain:
 * the request's own (id, name, size), then the run's (port, data, tmp …), then
 * {now}, {now+24h}, {now-5m} as RFC 3339 in UTC.  "{{" is a literal "{"; "}" alone
 * stands for itself.  An unknown name is an error that names the nearest known
 * one.  Any thread.
 */
#ifndef OOMRIG_TARGET_TEMPLATE_H
#define OOMRIG_TARGET_TEMPLATE_H

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

/* Appends the filled text to *out. */
int template_expand(const char *text, const struct template_scope *scope, struct buf *out, struct error *err);

#endif
