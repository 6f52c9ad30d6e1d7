/*
 * log - diagnostics on standard error; results go to standard output and are
 * never logged.  A progress display registers a hook so that a message does not
 * land in the middle of its line.  Any thread.
 */
#ifndef OOMRIG_BASE_LOG_H
#define OOMRIG_BASE_LOG_H

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG };

/* Messages above this level are dropped; LOG_WARNING unless set. */
void log_set_level(enum log_level level);

/* Called before each message is written, to clear a progress display; NULL removes it. */
void log_set_before_write(void (*hook)(void *arg), void *arg);

void log_write(enum log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#define log_error(...) log_write(LOG_ERROR, __VA_ARGS__)
#define log_warning(...) log_write(LOG_WARNING, __VA_ARGS__)
#define log_info(...) log_write(LOG_INFO, __VA_ARGS__)
#define log_debug(...) log_write(LOG_DEBUG, __VA_ARGS__)

#endif
