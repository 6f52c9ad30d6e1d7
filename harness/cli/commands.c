#include "cli/cmd.h"

/* In the order of the help; a new subcommand is one file and one row. */
/* clang-format off */
#define COMMANDS(row) \
	row(run) \
	row(floor) \
	row(compare) \
	row(bisect) \
	row(shrink) \
	row(log) \
	row(trend) \
	row(list) \
	row(show) \
	row(report) \
	row(judge) \
	row(selftest) \
	row(doctor) \
	row(clean) \
	row(gc) \
	row(completion)
/* clang-format on */

#define DECLARE(name) extern const struct command command_##name;
COMMANDS(DECLARE)

#define POINT(name) &command_##name,
const struct command *const commands[] = { COMMANDS(POINT) NULL };
