#include "load/plan.h"

#include "base/saturate.h"
#include "load/pacing.h"

uint64_t plan_transfers_per_file(const struct load_group *group)
{
	return group->kind == GROUP_SEEK ? group->seeks : 1;
}

/* 0 when only the duration ends it. */
static uint64_t transfers_per_client(const struct load_group *group)
{
	return saturate_mul(group->files, plan_transfers_per_file(group));
}

static uint64_t transfers(const struct load_group *group)
{
	return saturate_mul(transfers_per_client(group), group->clients);
}

bool plan_intends(const struct load_group *group, uint64_t *requests)
{
	*requests = transfers(group);
	return group->files != 0 && group->duration_ns == 0;
}

uint64_t plan_size_at(const struct plan *p, uint64_t turn)
{
	if (p->file != NULL)
		return p->file->size_bytes;
	return p->group->size.items[turn % p->group->size.count];
}

bool plan_take(struct plan *p, unsigned client, uint64_t begun, struct turn *out)
{
	const struct load_group *group = p->group;
	if (p->over)
		return false;
	if (p->read_back != NULL)
		return objects_read_back(p->read_back, p->scope, &p->read_back_next) != NULL;
	uint64_t each = transfers_per_client(group);
	if (group->rate_per_s > 0) {
		if (each > 0 && p->taken >= transfers(group))
			return false;
		out->number = p->taken;
		out->intended_ns = pacing_intended_ns(p->start_ns, group->rate_per_s, p->taken);
	} else {
		if (each > 0 && begun >= each)
			return false;
		out->number = begun * group->clients + client;
		out->intended_ns = 0;
	}
	p->taken++;
	return true;
}

const struct object *plan_read_back(struct plan *p)
{
	const struct object *object = objects_read_back(p->read_back, p->scope, &p->read_back_next);
	p->read_back_next++;
	return object;
}

static void expect_read_back(const struct plan *p, uint64_t *count, uint64_t *bytes)
{
	const struct object *object;
	*count = *bytes = 0;
	for (size_t n = 0; (object = objects_read_back(p->read_back, p->scope, &n)) != NULL; n++) {
		++*count;
		*bytes += object->size_bytes;
	}
}

void plan_expect(const struct plan *p, uint64_t *count, uint64_t *bytes)
{
	if (p->read_back != NULL) {
		expect_read_back(p, count, bytes);
		return;
	}
	*count = transfers(p->group);
	*bytes = 0; /* what is read is known only when it is chosen */
	if (p->group->kind != GROUP_UPLOAD)
		return;
	/* The sizes come in turn: whole rounds, then a part of one. */
	size_t in_round = p->file != NULL ? 1 : p->group->size.count;
	for (size_t i = 0; i < in_round; i++) {
		uint64_t times = *count / in_round + (i < *count % in_round);
		*bytes = saturate_add(*bytes, saturate_mul(plan_size_at(p, i), times));
	}
}
