/* log_tail - the end of a stored run's server.log, for people.  Any thread. */
#ifndef OOMRIG_RECORD_LOG_TAIL_H
#define OOMRIG_RECORD_LOG_TAIL_H

#include <stddef.h>

#include "base/buf.h"

#define STORE_SERVER_LOG "server.log"

/*
 * Appends its last lines, at most so many, with their '\n': as the server wrote them, so foreign text.  Nothing
 * where there is no such file or it is none (a link, a device): a folder of results may come from anywhere.
 */
void log_tail(const char *folder, size_t lines, struct buf *out);

#endif
