#include "load/found.h"

const char *const object_found_names[] = {
	[FOUND_NOT_LOOKED] = "",     [FOUND_INTACT] = "intact",	    [FOUND_LOST] = "lost",
	[FOUND_CORRUPT] = "corrupt", [FOUND_HALF] = "half-visible", [FOUND_UNREAD] = "unread",
};

enum object_found found_judge(const struct found_answer *a)
{
	if (!a->answered)
		return FOUND_UNREAD;
	if (a->refused)
		return FOUND_LOST;
	if (a->wrong || a->excess > 0)
		return FOUND_CORRUPT;
	return a->done < a->wanted ? FOUND_HALF : FOUND_INTACT;
}
