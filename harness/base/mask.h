/*
 * mask - the secrets that this process knows, so that none of them is written:
 * values of headers, cookies, form fields, environment variables and options
 * whose name says so (authorization, cookie, token, secret, password, key …) or
 * that a scenario names under `secret:`.
 *
 * Life cycle: nothing to start; mask_name(), mask_value() and mask_learn() add to
 * what is known until the process ends.  A value is masked wherever it turns up,
 * as it is, percent-encoded and as JSON writes it; one of fewer than
 * MASK_VALUE_MIN bytes only where its own name stands beside it, or every text
 * would be full of "***".  Any thread: a lock inside.
 */
#ifndef OOMRIG_BASE_MASK_H
#define OOMRIG_BASE_MASK_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"

#define MASK "***"
#define MASK_VALUE_MIN 5

/* From now on what bears this name is secret too; case does not matter. */
void mask_name(const char *name);
/* "Authorization", "X-Api-Key", "DB_PASSWORD", "--access-token", "sessionToken", and what mask_name() was told. */
bool mask_is_secret(const char *name, size_t len);

/* This value is secret, and so is what follows a scheme or a name in it ("Bearer …", "session=…; …"). */
void mask_value(const char *value);
/* The secrets that stand in a text with their names ("password=…", "\"token\": \"…\"", "https://user:…@host"). */
void mask_learn(const char *text);
/* A value under its name: secret by the name, or holding secrets of its own. */
void mask_learn_entry(const char *name, const char *value);
/* The same for a list of words, where a name may be one and its value the next. */
void mask_learn_words(const char *const *words, size_t count);

/* A copy of text with the secrets replaced that their names give away, however short; heap, the caller frees. */
char *mask_named(const char *text);
/* What is shown of a value with that name: MASK, or value itself. */
const char *mask_entry(const char *name, const char *value);

/* Appends text with every known value replaced by MASK. */
void mask_add(struct buf *out, const char *text, size_t len);

/* Bytes at the end of data that may be the beginning of a known value: what reads a stream waits for more. */
size_t mask_held(const char *data, size_t len);

/* Forgets everything, for tests. */
void mask_forget(void);

#endif
