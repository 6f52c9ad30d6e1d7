/*
 * text - the one way by which foreign text reaches a terminal, a file or JSON.
 * Foreign is what the rig did not write itself: a server's log, answers and ids,
 * names of processes and files, git, the words of a scenario and of a command
 * line, and every record that is read back.
 *
 * What is not printed as it is: control characters (C0, DEL and C1, such as
 * U+009B, which a terminal takes for "ESC ["), format characters (marks that
 * turn the direction of writing, characters without a width, tags), separators
 * of lines and paragraphs, and bytes that are not UTF-8 (RFC 3629).  They are
 * shown: "\n", "\x1b" for a byte, "\u202e" for a character.  A backslash
 * stays as it is, so that text that went through once is not changed again.
 * What mask.h knows to be secret becomes "***" first.
 *
 * Life cycle: none.  Any thread.
 */
#ifndef OOMRIG_BASE_TEXT_H
#define OOMRIG_BASE_TEXT_H

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

#include "base/buf.h"

/* Appends len bytes of foreign text as part of one line. */
void text_add(struct buf *out, const char *text, size_t len);

/* The same for a text that is put together from foreign ones. */
void text_addf(struct buf *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* The same for a text of several lines, which stay lines. */
void text_add_lines(struct buf *out, const char *text, size_t len);

/* The same for an answer's body: of a page (it begins with '<') the words alone, without tags and blanks in a row. */
void text_add_answer(struct buf *out, const char *text, size_t len);

/* The same for a string; heap, the caller frees. */
char *text_shown(const char *text);

/* Prints one line and its '\n': whatever the arguments hold, it stays one. */
void text_line(FILE *out, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Appends a cell of a CSV file (RFC 4180): always quoted, quotes doubled, one line. */
void text_add_csv(struct buf *out, const char *text);

/* Appends a cell of a Markdown table: what would be markup there stands for itself. */
void text_add_markdown(struct buf *out, const char *text);

/* A JSON string of any bytes, "\n" and "\t" kept: bytes that are not UTF-8 are shown.  The caller owns it. */
json_t *text_json(const char *text);

/*
 * Takes json (steals the reference) and gives it back with every string and key in it shown as one line; only prose
 * (a question, a note, the contents of a file) keeps its lines.  text_json_clean() is for records, which hold words of
 * the rig's own: it masks no secrets (text_json() has done that); text_json_foreign(), for what a server sent, does.
 */
json_t *text_json_clean(json_t *json);
json_t *text_json_foreign(json_t *json);

/*
 * As json_dumps() and json_dumpf(): every unprintable character is written as \u…, which a reader turns back.  heap,
 * NULL: cannot be written.  text_json_print() ends with '\n' and returns -1 with errno when it could not write.
 */
char *text_json_dumps(const json_t *json, size_t flags);
int text_json_print(const json_t *json, size_t flags, FILE *out);

#endif
