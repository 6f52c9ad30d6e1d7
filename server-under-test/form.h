/*
 * form - a multipart form that is parsed completely before anything is stored
 * (P1, P2), as Go's mime/multipart ReadForm does: up to `limit` bytes of the
 * file are kept in a buffer that grows by doubling; one more, and the buffer
 * and all that follows go to a temporary file.
 *
 * Life cycle: form_new at the file's first byte, form_write, form_store once
 * the body has ended, form_free on every path.  One thread at a time.
 */
#ifndef CHUNKSERVER_FORM_H
#define CHUNKSERVER_FORM_H

#include <stddef.h>

#include "base/error.h"
#include "ingest.h"

struct form;
struct server;

struct form *form_new(struct server *server);
int form_write(struct form *form, const char *data, size_t len, struct error *err);

/* The form is parsed: reads it back and hands it to ingest, which the caller began and will end. */
int form_store(struct form *form, struct ingest *ingest, struct error *err);

void form_free(struct form *form);

#endif
