#include <inttypes.h>
#include <stddef.h>

#include "base/buf.h"
#include "observe/sampler.h"

const char *const sample_reason_names[] = {
	[SAMPLE_TICK] = "tick", [SAMPLE_DENSE] = "dense", [SAMPLE_THRESHOLD] = "threshold",
	[SAMPLE_OOM] = "oom",	[SAMPLE_LAST] = "last",
};

/* The columns behind the memory fields. */
static const struct {
	const char *name;
	size_t offset;
} columns[] = {
	{ "processes", offsetof(struct sample, process.processes) },
	{ "rss_anon_bytes", offsetof(struct sample, process.rss_anon_bytes) },
	{ "rss_file_bytes", offsetof(struct sample, process.rss_file_bytes) },
	{ "rss_shmem_bytes", offsetof(struct sample, process.rss_shmem_bytes) },
	{ "main_rss_anon_bytes", offsetof(struct sample, process.main_rss_anon_bytes) },
	{ "vm_hwm_bytes", offsetof(struct sample, process.vm_hwm_bytes) },
	{ "threads", offsetof(struct sample, process.threads) },
	{ "open_files", offsetof(struct sample, process.open_files) },
	{ "disk_data_bytes", offsetof(struct sample, disk.data_bytes) },
	{ "disk_wal_bytes", offsetof(struct sample, disk.wal_bytes) },
	{ "disk_tmp_bytes", offsetof(struct sample, disk.tmp_bytes) },
};
#define COLUMNS (sizeof(columns) / sizeof(columns[0]))

void sample_csv_header(struct buf *out)
{
	buf_adds(out, "t_ns,lateness_ns,reason");
	for (size_t i = 0; i < MEMORY_FIELDS; i++)
		buf_addf(out, ",%s", memory_field_info[i].name);
	for (size_t i = 0; i < COLUMNS; i++)
		buf_addf(out, ",%s", columns[i].name);
}

static void add_fact(struct buf *out, struct fact f)
{
	buf_addc(out, ',');
	if (fact_known(f))
		buf_addf(out, "%" PRIu64, f.value);
	else if (f.state == FACT_UNREADABLE)
		buf_adds(out, "unreadable");
}

void sample_csv_row(const struct sample *s, uint64_t origin_ns, struct buf *out)
{
	buf_addf(out, "%" PRId64 ",%" PRIu64 ",%s", (int64_t)(s->t_ns - origin_ns), s->lateness_ns,
		 sample_reason_names[s->reason]);
	for (size_t i = 0; i < MEMORY_FIELDS; i++)
		add_fact(out, s->memory.field[i]);
	for (size_t i = 0; i < COLUMNS; i++)
		add_fact(out, *(const struct fact *)((const char *)s + columns[i].offset));
}
