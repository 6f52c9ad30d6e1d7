#include "record/samples.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

static const char *const reason_names[] = {
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
#define COLUMNS COUNT(columns)

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
		 reason_names[s->reason]);
	for (size_t i = 0; i < MEMORY_FIELDS; i++)
		add_fact(out, s->memory.field[i]);
	for (size_t i = 0; i < COLUMNS; i++)
		add_fact(out, *(const struct fact *)((const char *)s + columns[i].offset));
}

/* The fields a picture is made of; the rest of a sample that is read stays absent. */
static const enum memory_field read_fields[SAMPLES_FIELDS] = { MEMORY_USAGE,	 MEMORY_ANON,	MEMORY_FILE,
							       MEMORY_SHMEM,	 MEMORY_KERNEL, MEMORY_DIRTY,
							       MEMORY_WRITEBACK, MEMORY_HOST };
static const struct {
	const char *name;
	size_t offset;
} read_process_fields[SAMPLES_PROCESS_FIELDS] = {
	{ "rss_anon_bytes", offsetof(struct samples, rss_anon_bytes) },
	{ "rss_file_bytes", offsetof(struct samples, rss_file_bytes) },
	{ "rss_shmem_bytes", offsetof(struct samples, rss_shmem_bytes) },
};

int samples_open(struct samples *s, const char *folder, struct error *err)
{
	char *path = xasprintf("%s/" SAMPLES_FILE, folder);
	int rc = csv_open(&s->csv, path, err);
	free(path);
	s->bad = false;
	memset(&s->memory, 0, sizeof(s->memory));
	if (rc <= 0)
		return rc;
	s->time_column = csv_column(&s->csv, "t_ns");
	for (size_t i = 0; i < SAMPLES_FIELDS; i++)
		s->columns[i] = csv_column(&s->csv, memory_field_info[read_fields[i]].name);
	for (size_t i = 0; i < SAMPLES_PROCESS_FIELDS; i++)
		s->process_columns[i] = csv_column(&s->csv, read_process_fields[i].name);
	return rc;
}

static bool read_row(struct samples *s)
{
	struct fact t;
	if (s->csv.cell_count != s->csv.columns || csv_fact(&s->csv, s->time_column, &t) != 0 || !fact_known(t))
		return false;
	s->t_ns = t.value;
	for (size_t i = 0; i < SAMPLES_FIELDS; i++)
		if (csv_fact(&s->csv, s->columns[i], &s->memory.field[read_fields[i]]) != 0)
			return false;
	for (size_t i = 0; i < SAMPLES_PROCESS_FIELDS; i++)
		if (csv_fact(&s->csv, s->process_columns[i],
			     (struct fact *)((char *)s + read_process_fields[i].offset)) != 0)
			return false;
	return true;
}

int samples_next(struct samples *s, struct error *err)
{
	int rc = csv_next(&s->csv, err);
	s->bad = rc > 0 && !read_row(s);
	return rc;
}

int samples_last_ns(const char *folder, struct fact *t_ns, struct error *err)
{
	struct samples s;
	struct fact t;
	int rc = samples_open(&s, folder, err);
	*t_ns = FACT_NONE;
	while (rc > 0 && (rc = csv_next(&s.csv, err)) > 0)
		if (csv_fact(&s.csv, s.time_column, &t) == 0)
			*t_ns = fact_max(*t_ns, t);
	samples_close(&s);
	return rc;
}

void samples_close(struct samples *s)
{
	csv_close(&s->csv);
}
