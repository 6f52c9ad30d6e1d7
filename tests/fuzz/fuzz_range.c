/* The Range header: the size of the object on the first line, the header's value behind it. */
#include <stdlib.h>

#include "fuzz.h"
#include "range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct range ranges[RANGES_MAX];
	size_t line, count;
	const uint8_t *first = fuzz_part(&data, &size, '\n', &line);
	char *number = fuzz_text(first, line), *header = fuzz_text(data, size);
	uint64_t object = strtoull(number, NULL, 10);
	if (range_parse(header, object, ranges, &count) == RANGE_SATISFIABLE)
		for (size_t i = 0; i < count; i++)
			if (ranges[i].first > ranges[i].last || ranges[i].last >= object)
				abort();
	free(number);
	free(header);
	return 0;
}
