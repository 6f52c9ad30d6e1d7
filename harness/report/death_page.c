#include "report/death_page.h"

#include "base/macros.h"
#include "facts/facts.h"
#include "report/figures.h"
#include "base/fact_json.h"

#define LABEL_COLUMNS 14
#define TASKS_SHOWN 8

/* A figure of an object that readers may have edited: what is no figure is unreadable. */
static struct fact figure_of(const json_t *object, const char *key)
{
	struct fact fact;

	return fact_from_json(json_object_get(object, key), &fact) == 0 ? fact : FACT_BROKEN;
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text != NULL ? text : "?";
}

static void size_cell(struct page *p, struct fact size)
{
	char text[UNITS_TEXT_MAX];

	buf_addf(&p->text, "%11s", figure_size(size, text));
}

static const struct {
	const char *name, *key;
} memory_rows[] = {
	{ "usage", "usage_bytes" },	    { "anon", "anon_bytes" },	       { "shmem", "shmem_bytes" },
	{ "kernel", "kernel_bytes" },	    { "page cache", "file_bytes" },    { "dirty", "dirty_bytes" },
	{ "writeback", "writeback_bytes" }, { "locked", "unevictable_bytes" },
};
#define MEMORY_ROWS COUNT(memory_rows)

/* A line per step, the oldest first: how it came to this. */
static void last_second(struct page *p, const json_t *last)
{
	enum { COLUMNS = 5 }; /* of memory_rows, as many as fit */
	const json_t *step;
	size_t i;
	char a[UNITS_TEXT_MAX];
	struct fact to = figure_of(last, "to_ns");

	if (json_array_size(json_object_get(last, "steps")) == 0)
		return;
	buf_addc(&p->text, '\n');
	page_ink(p, INK_STRONG, "The last second");
	page_ink(p, INK_FAINT, "  %llu samples, at most %s apart\n",
		 (unsigned long long)figure_of(last, "samples").value,
		 figure_duration(figure_of(last, "gap_max_ns"), a));
	page_ink(p, INK_FAINT, "  %-*s", LABEL_COLUMNS - 2, "before");
	for (size_t c = 0; c < COLUMNS; c++)
		page_ink(p, INK_FAINT, "%11s", memory_rows[c].name);
	page_ink(p, INK_FAINT, "%11s\n", "unwritten");
	json_array_foreach (json_object_get(last, "steps"), i, step) {
		const json_t *memory = json_object_get(step, "memory");
		struct fact at = figure_of(step, "t_ns");
		struct fact before = fact_known(at) && fact_known(to) && to.value >= at.value
					     ? fact_of(to.value - at.value)
					     : FACT_BROKEN;

		buf_addf(&p->text, "  %-*s", LABEL_COLUMNS - 2, figure_duration(before, a));
		for (size_t c = 0; c < COLUMNS; c++)
			size_cell(p, figure_of(memory, memory_rows[c].key));
		size_cell(p, fact_add(figure_of(memory, "dirty_bytes"), figure_of(memory, "writeback_bytes")));
		buf_addc(&p->text, '\n');
	}
}

static void both_views(struct page *p, const json_t *ours, const json_t *kernels)
{
	if (!json_is_object(ours) && !json_is_object(kernels))
		return;
	buf_addc(&p->text, '\n');
	page_ink(p, INK_STRONG, "%-*s", LABEL_COLUMNS, "At the kill");
	page_ink(p, INK_FAINT, "%11s%11s\n", "the rig", "the kernel");
	for (size_t i = 0; i < MEMORY_ROWS; i++) {
		buf_addf(&p->text, "  %-*s", LABEL_COLUMNS - 2, memory_rows[i].name);
		size_cell(p, figure_of(ours, memory_rows[i].key));
		size_cell(p, figure_of(kernels, memory_rows[i].key));
		buf_addc(&p->text, '\n');
	}
}

static const struct {
	const char *name, *key;
} task_columns[] = {
	{ "resident", "rss_bytes" },	{ "anon", "rss_anon_bytes" },	     { "file", "rss_file_bytes" },
	{ "shmem", "rss_shmem_bytes" }, { "page tables", "pgtables_bytes" },
};
#define TASK_COLUMNS COUNT(task_columns)

static void task_row(struct page *p, const json_t *task)
{
	bool killed = json_is_true(json_object_get(task, "killed"));

	buf_addf(&p->text, "  %-9lld", (long long)json_integer_value(json_object_get(task, "pid")));
	for (size_t c = 0; c < TASK_COLUMNS; c++)
		buf_addf(&p->text, "%s%11s", c == 0 ? "" : " ",
			 figure_size(figure_of(task, task_columns[c].key), (char[UNITS_TEXT_MAX]){ 0 }));
	page_ink(p, killed ? INK_BAD : INK_PLAIN, "  %s%s\n", text_of(task, "name"), killed ? " (killed)" : "");
}

/* Biggest first by the kernel's table; where it printed none, as the rig read them at the OOM event. */
static void tasks(struct page *p, const json_t *death)
{
	const json_t *all = json_object_get(death, "tasks"), *task;
	size_t i, count;

	buf_addc(&p->text, '\n');
	page_ink(p, INK_STRONG, "Processes\n");
	if (!json_is_array(all)) {
		page_wrap(p, INK_FAINT, "  no table of the kernel's: ", text_of(death, "tasks_absent"));
		all = json_object_get(json_object_get(death, "at_oom"), "processes");
	}
	if (json_array_size(all) == 0)
		return;
	page_ink(p, INK_FAINT, "  %-9s", "pid");
	for (size_t c = 0; c < TASK_COLUMNS; c++)
		page_ink(p, INK_FAINT, "%s%11s", c == 0 ? "" : " ", task_columns[c].name);
	buf_addc(&p->text, '\n');
	json_array_foreach (all, i, task)
		if (i < TASKS_SHOWN || json_is_true(json_object_get(task, "killed")))
			task_row(p, task);
	count = json_array_size(all) + figure_of(death, "tasks_beyond").value;
	if (count > TASKS_SHOWN)
		page_ink(p, INK_FAINT, "  %s of %zu\n", page_glyph(p, GLYPH_ELLIPSIS), count);
}

void report_death(struct page *p, const json_t *death)
{
	if (!json_is_object(death))
		return;
	last_second(p, json_object_get(death, "last_second"));
	both_views(p, json_object_get(json_object_get(death, "at_oom"), "memory"), json_object_get(death, "memory"));
	tasks(p, death);
}
