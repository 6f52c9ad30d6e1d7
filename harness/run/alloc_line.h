/*
 * alloc_line - does a line of a program's log say that an allocation failed?  In
 * the words of many runtimes, allocators and servers, and not where such words
 * are part of something else: a file's name, a path or URL, a quoted text that is
 * no message, a warning of what might happen, a line of source in a stack trace.
 *
 * Pure; any thread.
 */
#ifndef OOMRIG_RUN_ALLOC_LINE_H
#define OOMRIG_RUN_ALLOC_LINE_H

#define ALLOC_LINE_MAX 4096 /* only so much of a line is looked at */
#define ALLOC_LINE_SPAN 192 /* what convinces lies within that many bytes */

/* Where in the line those words begin; NULL: it says nothing of the kind. */
const char *alloc_line_find(const char *line);

#endif
