#include "load/plan.h"

#include "base/saturate.h"

uint64_t plan_transfers_per_file(const struct load_group *group)
{
	return group->kind == GROUP_SEEK && group->seeks > 0 ? group->seeks : 1;
}

bool plan_intends(const struct load_group *group, uint64_t *requests)
{
	*requests = saturate_mul(group->clients, saturate_mul(group->files, plan_transfers_per_file(group)));
	return group->files != 0 && group->duration_ns == 0;
}
