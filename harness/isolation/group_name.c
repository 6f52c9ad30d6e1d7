#include "isolation/group_name.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>

static void format(const struct group_name *name, char out[ISOLATION_NAME_MAX])
{
	char owner[OWNER_TEXT_MAX];

	snprintf(out, ISOLATION_NAME_MAX, ISOLATION_PREFIX "%s-%08" PRIx32, owner_format(&name->owner, owner),
		 name->random);
}

int group_name_make(char out[ISOLATION_NAME_MAX], struct error *err)
{
	struct group_name name;

	if (owner_self(&name.owner, err) < 0)
		return -1;
	if (getrandom(&name.random, sizeof(name.random), 0) != sizeof(name.random))
		return error_set_errno(err, ERROR_SYSTEM, errno, "cannot get random bytes for a group name");
	format(&name, out);
	return 0;
}

int group_name_parse(const char *text, struct group_name *out)
{
	char again[ISOLATION_NAME_MAX];
	const char *rest;

	if (strncmp(text, ISOLATION_PREFIX, strlen(ISOLATION_PREFIX)) != 0)
		return -1;
	rest = owner_parse(text + strlen(ISOLATION_PREFIX), &out->owner);
	if (!rest || sscanf(rest, "%" SCNx32, &out->random) != 1)
		return -1;
	/* Only what we would have written ourselves: nothing behind. */
	format(out, again);
	return strcmp(again, text) == 0 ? 0 : -1;
}
