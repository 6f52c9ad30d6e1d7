#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void server_log(const char *fmt, ...)
{
	char line[1280];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	fprintf(stderr, "chunkserver: %s\n", line);
}

void server_out_of_memory(uint64_t size_bytes)
{
	server_log("cannot allocate %llu bytes", (unsigned long long)size_bytes);
	abort();
}
