#include "kafka.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#include "base/macros.h"

#define LIBRARY "librdkafka.so.1"

struct kafka kafka;

int kafka_load(struct error *err)
{
#define KAFKA_ROW(member, function) { #function, offsetof(struct kafka, member) },
	static const struct {
		const char *name;
		size_t offset;
	} rows[] = { KAFKA_FUNCTIONS(KAFKA_ROW) };
	void *library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		return error_set(err, ERROR_ENVIRONMENT, "cannot load '" LIBRARY "': %s", dlerror());
	for (size_t i = 0; i < COUNT(rows); i++) {
		void *function = dlsym(library, rows[i].name);
		if (function == NULL)
			return error_set(err, ERROR_ENVIRONMENT, "'" LIBRARY "' lacks '%s'", rows[i].name);
		memcpy((char *)&kafka + rows[i].offset, &function, sizeof(function));
	}
	return 0;
}
