#include "report/grid.h"

#include <stdlib.h>
#include <string.h>

#include "base/text.h"

void grid_head(struct grid *g, const char *head)
{
	if (g->columns < GRID_COLUMNS_MAX)
		g->heads[g->columns++] = head;
}

void grid_row(struct grid *g, enum ink ink, const char *label)
{
	g->rows = xrealloc(g->rows, (g->count + 1) * sizeof(*g->rows));
	g->rows[g->count++] = (struct grid_row){ ink, text_shown(label), BUF_INIT };
}

void grid_cell(struct grid *g, const char *text)
{
	buf_add(&g->rows[g->count - 1].cells, text, strlen(text) + 1);
}

static const char *cell_at(const struct grid_row *row, size_t column)
{
	const char *cell = buf_str(&row->cells), *end = cell + row->cells.len;
	for (; column > 0 && cell < end; column--)
		cell += strlen(cell) + 1;
	return cell < end ? cell : "";
}

static void label(struct page *p, enum ink ink, int columns, const char *text)
{
	size_t len = 0;
	for (int used = 0; text[len] != '\0'; len++)
		if (((unsigned char)text[len] & 0xc0) != 0x80 && used++ == columns)
			break;
	char *shown = xasprintf("%.*s", (int)len, text);
	page_ink(p, ink, "%s", shown);
	buf_addf(&p->text, "%*s", columns - text_columns(shown), "");
	free(shown);
}

/* The columns from first to before end. */
static void band(const struct grid *g, struct page *p, size_t first, size_t end)
{
	if (g->title == NULL) {
		label(p, INK_STRONG, g->label_columns, g->corner);
	} else {
		buf_adds(&p->text, "  ");
		label(p, INK_FAINT, g->label_columns - 2, g->corner);
	}
	for (size_t c = first; c < end; c++)
		page_ink(p, INK_FAINT, "%*s", g->cell_columns, g->heads[c]);
	buf_addc(&p->text, '\n');
	for (size_t r = 0; r < g->count; r++) {
		buf_adds(&p->text, "  ");
		label(p, g->rows[r].ink, g->label_columns - 2, g->rows[r].label);
		for (size_t c = first; c < end; c++)
			buf_addf(&p->text, "%*s", g->cell_columns, cell_at(&g->rows[r], c));
		buf_addc(&p->text, '\n');
	}
}

static void release(struct grid *g)
{
	for (size_t r = 0; r < g->count; r++) {
		free(g->rows[r].label);
		buf_release(&g->rows[r].cells);
	}
	free(g->rows);
	g->rows = NULL;
	g->count = 0;
}

void grid_print(struct grid *g, struct page *p)
{
	int room = (p->width - g->label_columns) / g->cell_columns;
	size_t fit = room < 1 ? 1 : (size_t)room;
	buf_addc(&p->text, '\n');
	if (g->title != NULL) {
		page_ink(p, INK_STRONG, "%s", g->title);
		page_ink(p, INK_FAINT, "%s\n", g->note);
	}
	for (size_t first = 0; first < g->columns; first += fit)
		band(g, p, first, first + fit < g->columns ? first + fit : g->columns);
	release(g);
}
