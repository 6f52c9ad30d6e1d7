/* A scenario file: loaded, checked, one key set, and written out as a record holds it. */
#include <jansson.h>
#include <stdlib.h>

#include "fuzz.h"
#include "scenario/scenario.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct scenario s;
	struct error err = ERROR_INIT;
	char *text = fuzz_copy(data, size);
	if (scenario_parse(&s, "/dev/shm/fuzz.yaml", text, size, &err) == 0) {
		scenario_set(&s, "memory=256MiB", &err);
		scenario_check(&s, &err);
		json_decref(scenario_dump(&s));
		scenario_release(&s);
	}
	free(text);
	return 0;
}
