#include "observe/oom_dump.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/macros.h"
#include "isolation/memory_v1.h"
#include "isolation/memory_v2.h"

#define COLUMNS_MAX 16

/* A column's heading, where its figure goes, and what it counts in. */
static const struct column {
	const char *heading;
	size_t offset;
	bool pages;
} known_columns[] = {
	{ "total_vm", offsetof(struct oom_task, total_vm_bytes), true },
	{ "rss", offsetof(struct oom_task, rss_bytes), true },
	{ "rss_anon", offsetof(struct oom_task, rss_anon_bytes), true },
	{ "rss_file", offsetof(struct oom_task, rss_file_bytes), true },
	{ "rss_shmem", offsetof(struct oom_task, rss_shmem_bytes), true },
	{ "pgtables_bytes", offsetof(struct oom_task, pgtables_bytes), false },
	{ "swapents", offsetof(struct oom_task, swap_bytes), true },
};

/* The columns of one dump in their order, those before the name. */
struct table {
	char heading[COLUMNS_MAX][24];
	size_t count;
};

static bool starts_with(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* The next word; brackets ("[  515]") count as spaces.  NULL at the end of the line. */
static const char *next_word(const char **at, size_t *len)
{
	const char *word = *at + strspn(*at, " []");

	*len = strcspn(word, " ]\n");
	*at = word + *len;
	return *len > 0 ? word : NULL;
}

/* "[  pid  ]   uid  tgid total_vm …  name" */
static bool parse_heading(const char *line, struct table *table)
{
	const char *word;
	size_t len;

	table->count = 0;
	while ((word = next_word(&line, &len)) != NULL) {
		if (len == 4 && memcmp(word, "name", 4) == 0)
			return table->count > 0 && strcmp(table->heading[0], "pid") == 0;
		if (table->count == COLUMNS_MAX || len >= sizeof(table->heading[0]))
			return false;
		snprintf(table->heading[table->count++], sizeof(table->heading[0]), "%.*s", (int)len, word);
	}
	return false;
}

static void take_column(const char *heading, const char *word, uint64_t page_bytes, struct oom_task *task)
{
	char *end;
	long long value = strtoll(word, &end, 10);
	bool number = end > word && (*end == ' ' || *end == ']');

	if (strcmp(heading, "pid") == 0)
		task->pid = number ? (pid_t)value : 0;
	if (strcmp(heading, "oom_score_adj") == 0 && number)
		task->oom_score_adj = (int)value;
	for (size_t i = 0; i < COUNT(known_columns); i++) {
		const struct column *c = &known_columns[i];

		if (strcmp(heading, c->heading) == 0)
			*(struct fact *)((char *)task + c->offset) =
				number && value >= 0 ? fact_in((uint64_t)value, c->pages ? page_bytes : 1)
						     : FACT_BROKEN;
	}
}

static bool parse_task(const char *line, const struct table *table, uint64_t page_bytes, struct oom_task *task)
{
	size_t len;

	memset(task, 0, sizeof(*task)); /* FACT_ABSENT is 0 */
	if (*line != '[')
		return false;
	for (size_t i = 0; i < table->count; i++) {
		const char *word = next_word(&line, &len);

		if (word == NULL)
			return false;
		take_column(table->heading[i], word, page_bytes, task);
	}
	line += strspn(line, " ");
	/* The name is the rest: it may hold spaces. */
	snprintf(task->name, sizeof(task->name), "%.*s", (int)strcspn(line, "\n"), line);
	return task->pid > 0;
}

static void keep_task(struct oom_dump *out, const struct oom_task *task)
{
	size_t at = out->task_count;

	while (at > 0 && out->task[at - 1].rss_bytes.value < task->rss_bytes.value)
		at--;
	if (out->task_count == OOM_TASKS_MAX)
		out->task_beyond++;
	else
		out->task_count++;
	if (at == OOM_TASKS_MAX)
		return;
	memmove(&out->task[at + 1], &out->task[at], (out->task_count - at - 1) * sizeof(*task));
	out->task[at] = *task;
}

/* "memory: usage 65536kB, limit 65536kB, failcnt 36"; v1 has two more of that form. */
static void parse_counter(const char *line, struct oom_dump *out)
{
	unsigned long long usage_kb, limit_kb, failcnt;

	if (sscanf(line, "memory: usage %llukB, limit %llukB, failcnt %llu", &usage_kb, &limit_kb, &failcnt) == 3) {
		out->memory.field[MEMORY_USAGE] = fact_in(usage_kb, 1024);
		out->memory.field[MEMORY_LIMIT_HITS] = fact_of(failcnt);
		out->limit_bytes = fact_in(limit_kb, 1024);
	} else if (sscanf(line, "kmem: usage %llukB", &usage_kb) == 1) {
		out->memory.field[MEMORY_KERNEL] = fact_in(usage_kb, 1024);
	}
}

/* memory.stat, whose keys tell which version it is of. */
static void parse_stat(const struct buf *stat, struct oom_dump *out)
{
	if (stat->len == 0)
		return;
	if (starts_with(stat->data, "cache ") || strstr(stat->data, "\ncache "))
		memory_v1_parse_stat(stat->data, stat->len, &out->memory);
	else
		memory_v2_parse_stat(stat->data, stat->len, &out->memory);
}

static void add_stat(struct buf *stat, const char *line, size_t len)
{
	static const char line_end[] = "\\x0a";

	for (const char *end = line + len; line < end;) {
		const char *eol = memmem(line, (size_t)(end - line), line_end, sizeof(line_end) - 1);
		const char *stop = eol ? eol : end;

		buf_add(stat, line, (size_t)(stop - line));
		buf_addc(stat, '\n');
		line = eol ? eol + sizeof(line_end) - 1 : end;
	}
}

void oom_dump_parse(const char *text, uint64_t page_bytes, struct oom_dump *out)
{
	enum { COUNTERS, STAT, TASKS } part = COUNTERS;
	struct table table = { .count = 0 };
	struct buf stat = BUF_INIT;

	memset(out, 0, sizeof(*out));
	out->seen = true;
	for (size_t len; *text != '\0'; text += len + (text[len] == '\n')) {
		const char *line = text, *stamp;
		struct oom_task task;

		len = strcspn(text, "\n");
		stamp = memchr(line, ']', len);
		if (*line != '[' || stamp == NULL || stamp[1] != ' ')
			continue;
		line = stamp + 2;
		if (starts_with(line, "Memory cgroup stats for "))
			part = STAT;
		else if (starts_with(line, "Tasks state (memory values in pages):"))
			part = TASKS;
		else if (part == COUNTERS)
			parse_counter(line, out);
		else if (part == STAT)
			add_stat(&stat, line, len - (size_t)(line - text));
		else if (!out->has_tasks)
			out->has_tasks = parse_heading(line, &table);
		else if (parse_task(line, &table, page_bytes, &task))
			keep_task(out, &task);
	}
	parse_stat(&stat, out);
	buf_release(&stat);
}
