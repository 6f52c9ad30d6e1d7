#include "isolation/machine_text.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "base/macros.h"

/* Figures as they stand in the text; units as the kernel has them. */
enum figure {
	MEM_TOTAL,
	MEM_FREE,
	BUFFERS,
	CACHED,
	INACTIVE_FILE,
	UNEVICTABLE,
	SWAP_TOTAL,
	SWAP_FREE,
	DIRTY,
	WRITEBACK,
	ANON,
	MAPPED,
	SHMEM,
	RECLAIMABLE,
	SLAB,
	STACKS,
	PAGE_TABLES,
	PERCPU,
	OOM_KILL,
	MAJOR_FAULTS,
	TCP_PAGES,
	UDP_PAGES,
	PRESSURE_SOME,
	PRESSURE_FULL,
	OOMS,
	WORK,
	AGENT,
	DISK_FREE,
	DISK_USED,
	FIGURES
};

static const struct row {
	const char *file, *key; /* up to and without the blank or the colon before the figure */
	const char *before;	/* that stands right before it in the line; NULL: only blanks */
	uint64_t unit;
} rows[FIGURES] = {
	[MEM_TOTAL] = { "meminfo", "MemTotal:", NULL, 1024 },
	[MEM_FREE] = { "meminfo", "MemFree:", NULL, 1024 },
	[BUFFERS] = { "meminfo", "Buffers:", NULL, 1024 },
	[CACHED] = { "meminfo", "Cached:", NULL, 1024 },
	[INACTIVE_FILE] = { "meminfo", "Inactive(file):", NULL, 1024 },
	[UNEVICTABLE] = { "meminfo", "Unevictable:", NULL, 1024 },
	[SWAP_TOTAL] = { "meminfo", "SwapTotal:", NULL, 1024 },
	[SWAP_FREE] = { "meminfo", "SwapFree:", NULL, 1024 },
	[DIRTY] = { "meminfo", "Dirty:", NULL, 1024 },
	[WRITEBACK] = { "meminfo", "Writeback:", NULL, 1024 },
	[ANON] = { "meminfo", "AnonPages:", NULL, 1024 },
	[MAPPED] = { "meminfo", "Mapped:", NULL, 1024 },
	[SHMEM] = { "meminfo", "Shmem:", NULL, 1024 },
	[RECLAIMABLE] = { "meminfo", "SReclaimable:", NULL, 1024 },
	[SLAB] = { "meminfo", "Slab:", NULL, 1024 },
	[STACKS] = { "meminfo", "KernelStack:", NULL, 1024 },
	[PAGE_TABLES] = { "meminfo", "PageTables:", NULL, 1024 },
	[PERCPU] = { "meminfo", "Percpu:", NULL, 1024 },
	[OOM_KILL] = { "vmstat", "oom_kill ", NULL, 1 },
	[MAJOR_FAULTS] = { "vmstat", "pgmajfault ", NULL, 1 },
	[TCP_PAGES] = { "sockstat", "TCP:", " mem ", 4096 },
	[UDP_PAGES] = { "sockstat", "UDP:", " mem ", 4096 },
	[PRESSURE_SOME] = { "pressure", "some ", " total=", 1 },
	[PRESSURE_FULL] = { "pressure", "full ", " total=", 1 },
	[OOMS] = { "agent", "ooms ", NULL, 1 },
	[WORK] = { "agent", "work_us ", NULL, 1 },
	[AGENT] = { "self", "VmRSS:", NULL, 1024 },
	[DISK_FREE] = { "disk", "free ", NULL, 1 },
	[DISK_USED] = { "disk", "used ", NULL, 1 },
};

struct line {
	const char *at;
	size_t len;
};

static bool next_line(const char **at, const char *end, struct line *out)
{
	const char *eol = *at < end ? memchr(*at, '\n', (size_t)(end - *at)) : NULL;

	if (eol == NULL)
		return false; /* a last line that is not whole is none */
	*out = (struct line){ *at, (size_t)(eol - *at) };
	*at = eol + 1;
	return true;
}

static bool begins(const struct line *l, const char *with)
{
	size_t len = strlen(with);

	return l->len >= len && memcmp(l->at, with, len) == 0;
}

static struct fact figure_of(const struct row *row, const struct line *l)
{
	const char *at = l->at + strlen(row->key), *end = l->at + l->len;

	if (row->before != NULL) {
		const char *found = memmem(at - 1, (size_t)(end - at + 1), row->before, strlen(row->before));

		if (found == NULL)
			return FACT_BROKEN;
		at = found + strlen(row->before);
	}
	return fact_parse(at, end, row->unit);
}

/* The first line of a file makes its figures absent where they were unreadable: the file came. */
static void note_file(struct fact figures[FIGURES], const char *name, size_t len)
{
	for (size_t i = 0; i < FIGURES; i++)
		if (strlen(rows[i].file) == len && memcmp(rows[i].file, name, len) == 0)
			figures[i] = FACT_NONE;
}

static void note_line(struct fact figures[FIGURES], const struct line *file, const struct line *l)
{
	for (size_t i = 0; i < FIGURES; i++)
		if (strlen(rows[i].file) == file->len && memcmp(rows[i].file, file->at, file->len) == 0 &&
		    begins(l, rows[i].key))
			figures[i] = figure_of(&rows[i], l);
}

/* NULL: it finds no place. */
static struct machine_process *begin_process(struct machine_text *out, const struct line *name, const char *status)
{
	struct machine_process *p = &out->process[out->process_count];

	out->process_total++;
	if (out->process_count == MACHINE_PROCESSES_MAX)
		return NULL;
	out->process_count++;
	*p = (struct machine_process){ .pid = (pid_t)atoi(name->at + strlen("process ")), .status = status };
	return p;
}

static struct fact less(struct fact a, struct fact b)
{
	if (!fact_known(a) || !fact_known(b))
		return a.state == FACT_UNREADABLE || b.state == FACT_UNREADABLE ? FACT_BROKEN : FACT_NONE;
	return fact_of(a.value > b.value ? a.value - b.value : 0);
}

static void fill(const struct fact f[FIGURES], uint64_t ram_bytes, struct machine_text *out)
{
	struct fact *to = out->memory.field, ram = fact_of(ram_bytes);
	struct fact kernel = fact_add(less(ram, f[MEM_TOTAL]), fact_add(f[SLAB], f[STACKS]));

	to[MEMORY_USAGE] = less(ram, f[MEM_FREE]);
	to[MEMORY_ANON] = f[ANON];
	to[MEMORY_FILE] = less(fact_add(f[CACHED], f[BUFFERS]), f[SHMEM]);
	to[MEMORY_SHMEM] = f[SHMEM];
	to[MEMORY_MAPPED_FILE] = f[MAPPED];
	to[MEMORY_DIRTY] = f[DIRTY];
	to[MEMORY_WRITEBACK] = f[WRITEBACK];
	to[MEMORY_KERNEL] = fact_add(kernel, fact_add(f[PAGE_TABLES], f[PERCPU]));
	to[MEMORY_SOCK] = fact_add(f[TCP_PAGES], f[UDP_PAGES]);
	to[MEMORY_UNEVICTABLE] = f[UNEVICTABLE];
	to[MEMORY_INACTIVE_FILE] = f[INACTIVE_FILE];
	to[MEMORY_SWAP] = less(f[SWAP_TOTAL], f[SWAP_FREE]);
	to[MEMORY_PGMAJFAULT] = f[MAJOR_FAULTS];
	to[MEMORY_OOM_KILL] = f[OOM_KILL];
	to[MEMORY_SLAB_RECLAIMABLE] = f[RECLAIMABLE];
	to[MEMORY_PRESSURE_SOME] = f[PRESSURE_SOME];
	to[MEMORY_PRESSURE_FULL] = f[PRESSURE_FULL];
	out->total_bytes = f[MEM_TOTAL];
	out->swap_total_bytes = f[SWAP_TOTAL];
	out->ooms = f[OOMS];
	out->work_us = f[WORK];
	out->agent_bytes = f[AGENT];
	out->disk_free_bytes = f[DISK_FREE];
	out->disk_used_bytes = f[DISK_USED];
}

void machine_text_parse(const char *text, size_t len, uint64_t ram_bytes, struct machine_text *out)
{
	struct fact figures[FIGURES];
	struct line l, file = { "", 0 };
	const char *at = text;
	struct machine_process *process = NULL;

	for (size_t i = 0; i < FIGURES; i++)
		figures[i] = FACT_BROKEN;
	memset(&out->memory, 0, sizeof(out->memory)); /* FACT_ABSENT is 0 */
	out->process_count = out->process_total = 0;
	while (next_line(&at, text + len, &l)) {
		if (l.len > 0 && l.at[0] == '@') {
			file = (struct line){ l.at + 1, l.len - 1 };
			note_file(figures, file.at, file.len);
			process = begins(&file, "process ") ? begin_process(out, &file, at) : NULL;
		} else if (process != NULL) {
			process->len = (size_t)(at - process->status);
		} else {
			note_line(figures, &file, &l);
		}
	}
	fill(figures, ram_bytes, out);
}
