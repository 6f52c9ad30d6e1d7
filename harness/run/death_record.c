#include "run/death_record.h"

#include <stddef.h>
#include "base/text.h"
#include "base/fact_json.h"

void death_note_dump(const struct kernel_log *log, struct facts *f)
{
	const struct oom_dump *dump = &log->oom;

	if (log->fd < 0) {
		f->dump_tasks = FACT_BROKEN;
		return;
	}
	if (!dump->seen)
		return;
	f->dump_usage_bytes = dump->memory.field[MEMORY_USAGE];
	f->dump_anon_bytes = dump->memory.field[MEMORY_ANON];
	f->dump_file_bytes = dump->memory.field[MEMORY_FILE];
	f->dump_shmem_bytes = dump->memory.field[MEMORY_SHMEM];
	f->dump_kernel_bytes = dump->memory.field[MEMORY_KERNEL];
	if (!dump->has_tasks)
		return;
	f->dump_tasks = fact_of(dump->task_count + dump->task_beyond);
	if (dump->task_count > 0) {
		f->biggest_pid = fact_of((uint64_t)dump->task[0].pid);
		f->biggest_rss_bytes = dump->task[0].rss_bytes;
	}
}

/* Why there is no table; NULL: there is one. */
static const char *why_no_tasks(const struct kernel_log *log)
{
	if (log->fd < 0)
		return "the kernel log is not readable here";
	if (log->oom.has_tasks)
		return NULL;
	if (log->oom.seen)
		return "the kernel printed no table of processes (vm.oom_dump_tasks)";
	if (log->overruns > 0)
		return "records of the kernel log were lost before they could be read";
	if (log->kill_count > 0)
		return "the kernel left its dump out: it prints ten in five seconds at most";
	return "the kernel log records no kill of this group";
}

/* One row for each figure of a process, by its key. */
struct process_key {
	const char *key;
	size_t offset;
};

static const struct process_key task_keys[] = {
	{ "total_vm_bytes", offsetof(struct oom_task, total_vm_bytes) },
	{ "rss_bytes", offsetof(struct oom_task, rss_bytes) },
	{ "rss_anon_bytes", offsetof(struct oom_task, rss_anon_bytes) },
	{ "rss_file_bytes", offsetof(struct oom_task, rss_file_bytes) },
	{ "rss_shmem_bytes", offsetof(struct oom_task, rss_shmem_bytes) },
	{ "pgtables_bytes", offsetof(struct oom_task, pgtables_bytes) },
	{ "swap_bytes", offsetof(struct oom_task, swap_bytes) },
	{ NULL, 0 },
};

static const struct process_key seen_keys[] = {
	{ "rss_anon_bytes", offsetof(struct process_seen, rss_anon_bytes) },
	{ "rss_file_bytes", offsetof(struct process_seen, rss_file_bytes) },
	{ "rss_shmem_bytes", offsetof(struct process_seen, rss_shmem_bytes) },
	{ "vm_hwm_bytes", offsetof(struct process_seen, vm_hwm_bytes) },
	{ "threads", offsetof(struct process_seen, threads) },
	{ NULL, 0 },
};

static json_t *process_json(const struct kernel_log *log, pid_t pid, const char *name, const struct process_key *keys,
			    const void *process)
{
	bool killed = log->kill_count > 0 && log->kills[0].pid == pid;
	json_t *row = json_pack("{s:i, s:o, s:b}", "pid", (int)pid, "name", text_json(name), "killed", killed);

	for (; keys->key != NULL; keys++)
		json_object_set_new(row, keys->key,
				    fact_to_json(*(const struct fact *)((const char *)process + keys->offset)));
	return row;
}

static json_t *tasks_json(const struct kernel_log *log)
{
	const struct oom_dump *dump = &log->oom;
	if (!dump->has_tasks)
		return json_null();
	json_t *tasks = json_array();

	for (size_t i = 0; i < dump->task_count; i++) {
		const struct oom_task *task = &dump->task[i];
		json_t *row = process_json(log, task->pid, task->name, task_keys, task);

		json_object_set_new(row, "oom_score_adj", json_integer(task->oom_score_adj));
		json_array_append_new(tasks, row);
	}
	return tasks;
}

/* Figures that are there; what this host does not have is left out. */
static json_t *memory_json(const struct memory_sample *m)
{
	json_t *memory = json_object();

	for (size_t i = 0; i < MEMORY_FIELDS; i++)
		if (m->field[i].state != FACT_ABSENT)
			json_object_set_new(memory, memory_field_info[i].name, fact_to_json(m->field[i]));
	return memory;
}

static json_t *kernel_memory_json(const struct oom_dump *dump)
{
	if (!dump->seen)
		return json_null();
	json_t *memory = memory_json(&dump->memory);
	json_object_set_new(memory, "limit_bytes", fact_to_json(dump->limit_bytes));
	return memory;
}

static json_t *moment_json(const struct sample *s, uint64_t origin_ns)
{
	return json_pack("{s:I, s:o}", "t_ns", (json_int_t)(s->t_ns - origin_ns), "memory", memory_json(&s->memory));
}

static json_t *snapshot_json(const struct kernel_log *log, const struct oom_snapshot *at, uint64_t origin_ns)
{
	if (at == NULL)
		return json_null();
	json_t *snapshot = moment_json(&at->sample, origin_ns), *processes = json_array();
	for (size_t i = 0; i < at->count; i++)
		json_array_append_new(processes, process_json(log, at->process[i].pid, at->process[i].name, seen_keys,
							      &at->process[i]));
	json_object_set_new(snapshot, "processes", processes);
	return snapshot;
}

static json_t *last_second_json(const struct last_second *last, uint64_t origin_ns)
{
	if (last->samples == 0)
		return json_null();
	json_t *steps = json_array();
	for (size_t i = 0; i < last->steps; i++)
		json_array_append_new(steps, moment_json(&last->step[i], origin_ns));
	return json_pack("{s:I, s:I, s:I, s:I, s:o}", "from_ns", (json_int_t)(last->from_ns - origin_ns), "to_ns",
			 (json_int_t)(last->to_ns - origin_ns), "samples", (json_int_t)last->samples, "gap_max_ns",
			 (json_int_t)last->gap_max_ns, "steps", steps);
}

json_t *death_to_json(const struct kernel_log *log, const struct oom_snapshot *at_oom, const struct gather *g,
		      uint64_t origin_ns)
{
	const char *reason = why_no_tasks(log);

	if (log->kill_count == 0 && g->last_second.samples == 0)
		return NULL;
	return json_pack("{s:o, s:s?, s:I, s:o, s:o, s:o}", "tasks", tasks_json(log), "tasks_absent", reason,
			 "tasks_beyond", (json_int_t)log->oom.task_beyond, "memory", kernel_memory_json(&log->oom),
			 "at_oom", snapshot_json(log, at_oom, origin_ns), "last_second",
			 last_second_json(&g->last_second, origin_ns));
}
