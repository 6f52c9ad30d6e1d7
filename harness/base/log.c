#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/columns.h"
#include "base/text.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static enum log_level max_level = LOG_WARNING;
static void (*before_write)(void *arg);
static void *before_write_arg;

void log_set_level(enum log_level level)
{
	max_level = level;
}

void log_set_before_write(void (*hook)(void *arg), void *arg)
{
	pthread_mutex_lock(&lock);
	before_write = hook;
	before_write_arg = arg;
	pthread_mutex_unlock(&lock);
}

/* For people broken to their terminal's width, for programs and files one line. */
static void write_line(const char *line)
{
	char *shown = text_shown(line);
	int width = columns_of(stderr), indent = 0;
	const char *rest = shown;
	while (isatty(fileno(stderr)) && text_columns(rest) > width - indent) {
		size_t len = text_break(rest, width - indent);
		fprintf(stderr, "%*s%.*s\n", indent, "", (int)len, rest);
		rest += len + strspn(rest + len, " ");
		indent = 8;
	}
	fprintf(stderr, "%*s%s\n", *rest != '\0' ? indent : 0, "", rest);
	free(shown);
}

void log_write(enum log_level level, const char *fmt, ...)
{
	static const char *const names[] = { "error: ", "warning: ", "", "debug: " };
	if (level > max_level)
		return;
	pthread_mutex_lock(&lock);
	if (before_write != NULL)
		before_write(before_write_arg);
	struct buf message = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vaddf(&message, fmt, ap);
	va_end(ap);
	char *line = xasprintf("oomrig: %s%s", names[level], buf_str(&message));
	write_line(line);
	free(line);
	buf_release(&message);
	pthread_mutex_unlock(&lock);
}
