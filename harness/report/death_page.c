#include "report/death_page.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/macros.h"
#include "facts/facts.h"
#include "report/figures.h"
#include "report/grid.h"
#include "base/fact_json.h"

#define LABEL_COLUMNS 14
#define CELL_COLUMNS 11
#define TASK_LABEL_COLUMNS 34 /* pid, "(killed)" and a name of 15 */
#define TASK_CELL_COLUMNS 9
#define TASKS_SHOWN 8
#define STEP_COLUMNS 5 /* of memory_rows */

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

static void size_cell(struct grid *g, struct fact size)
{
	char text[UNITS_TEXT_MAX];

	grid_cell(g, figure_size(size, text));
}

static const struct {
	const char *name, *key;
} memory_rows[] = {
	{ "usage", "usage_bytes" },	    { "anon", "anon_bytes" },	       { "shmem", "shmem_bytes" },
	{ "kernel", "kernel_bytes" },	    { "page cache", "file_bytes" },    { "dirty", "dirty_bytes" },
	{ "writeback", "writeback_bytes" }, { "locked", "unevictable_bytes" },
};
#define MEMORY_ROWS COUNT(memory_rows)

static void step_row(struct grid *g, const json_t *step, struct fact to)
{
	const json_t *memory = json_object_get(step, "memory");
	char before[UNITS_TEXT_MAX];
	struct fact at = figure_of(step, "t_ns");
	bool order = fact_known(at) && fact_known(to) && to.value >= at.value;

	grid_row(g, INK_PLAIN, figure_duration(order ? fact_of(to.value - at.value) : FACT_BROKEN, before));
	for (size_t c = 0; c < STEP_COLUMNS; c++)
		size_cell(g, figure_of(memory, memory_rows[c].key));
	size_cell(g, fact_add(figure_of(memory, "dirty_bytes"), figure_of(memory, "writeback_bytes")));
}

/* A line per step, the oldest first: how it came to this. */
static void last_second(struct page *p, const json_t *last)
{
	const json_t *step;
	size_t i;
	char gap[UNITS_TEXT_MAX];

	if (json_array_size(json_object_get(last, "steps")) == 0)
		return;
	char *note = xasprintf("  %llu samples, at most %s apart", (unsigned long long)figure_of(last, "samples").value,
			       figure_duration(figure_of(last, "gap_max_ns"), gap));
	struct grid g = { .title = "The last second",
			  .note = note,
			  .corner = "before",
			  .label_columns = LABEL_COLUMNS,
			  .cell_columns = CELL_COLUMNS };
	for (size_t c = 0; c < STEP_COLUMNS; c++)
		grid_head(&g, memory_rows[c].name);
	grid_head(&g, "unwritten");
	json_array_foreach (json_object_get(last, "steps"), i, step)
		step_row(&g, step, figure_of(last, "to_ns"));
	grid_print(&g, p);
	free(note);
}

static void both_views(struct page *p, const json_t *ours, const json_t *kernels)
{
	struct grid g = { .corner = "At the kill", .label_columns = LABEL_COLUMNS, .cell_columns = CELL_COLUMNS };

	if (!json_is_object(ours) && !json_is_object(kernels))
		return;
	grid_head(&g, "the rig");
	grid_head(&g, "the kernel");
	for (size_t i = 0; i < MEMORY_ROWS; i++) {
		grid_row(&g, INK_PLAIN, memory_rows[i].name);
		size_cell(&g, figure_of(ours, memory_rows[i].key));
		size_cell(&g, figure_of(kernels, memory_rows[i].key));
	}
	grid_print(&g, p);
}

static const struct {
	const char *name, *key;
} task_columns[] = {
	{ "resident", "rss_bytes" },	{ "anon", "rss_anon_bytes" },	{ "file", "rss_file_bytes" },
	{ "shmem", "rss_shmem_bytes" }, { "tables", "pgtables_bytes" },
};
#define TASK_COLUMNS COUNT(task_columns)

static void task_row(struct grid *g, const json_t *task)
{
	bool killed = json_is_true(json_object_get(task, "killed"));
	char *label = xasprintf("%-8lld%s%s", (long long)json_integer_value(json_object_get(task, "pid")),
				killed ? "(killed) " : "", text_of(task, "name"));

	grid_row(g, killed ? INK_BAD : INK_PLAIN, label);
	for (size_t c = 0; c < TASK_COLUMNS; c++)
		size_cell(g, figure_of(task, task_columns[c].key));
	free(label);
}

static void task_table(struct page *p, const json_t *all)
{
	struct grid g = { .title = "Processes",
			  .note = "",
			  .corner = "pid",
			  .label_columns = TASK_LABEL_COLUMNS,
			  .cell_columns = TASK_CELL_COLUMNS };
	const json_t *task;
	size_t i;

	for (size_t c = 0; c < TASK_COLUMNS; c++)
		grid_head(&g, task_columns[c].name);
	json_array_foreach (all, i, task)
		if (i < TASKS_SHOWN || json_is_true(json_object_get(task, "killed")))
			task_row(&g, task);
	grid_print(&g, p);
}

/* Biggest first by the kernel's table; where it printed none, as the rig read them at the OOM event. */
static void tasks(struct page *p, const json_t *death)
{
	const json_t *all = json_object_get(death, "tasks");
	bool kernels = json_is_array(all);

	if (!kernels)
		all = json_object_get(json_object_get(death, "at_oom"), "processes");
	if (json_array_size(all) > 0)
		task_table(p, all);
	else
		page_ink(p, INK_STRONG, "\nProcesses\n");
	if (!kernels)
		page_wrap(p, INK_FAINT, "  no table of the kernel's: ", text_of(death, "tasks_absent"));
	size_t count = json_array_size(all) + figure_of(death, "tasks_beyond").value;
	if (json_array_size(all) > 0 && count > TASKS_SHOWN)
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
