#include "report/page.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/columns.h"
#include "base/text.h"
#include "report/report.h"

struct glyph_row {
	const char *utf8, *ascii;
};

static const struct glyph_row glyphs[GLYPHS] = {
	[GLYPH_CHECK] = { "✓", "ok:" },	   [GLYPH_CROSS] = { "✗", "!!" },     [GLYPH_BULLET] = { "•", "-" },
	[GLYPH_ARROW] = { "→", "->" },	   [GLYPH_RANGE] = { "–", "-" },      [GLYPH_AT_LEAST] = { "≥", ">=" },
	[GLYPH_SEPARATOR] = { "·", "|" },  [GLYPH_RULE] = { "─", "-" },	      [GLYPH_ELLIPSIS] = { "…", "..." },
	[GLYPH_ANON] = { "█", "#" },	   [GLYPH_SHMEM] = { "▞", "S" },      [GLYPH_KERNEL] = { "▓", "K" },
	[GLYPH_CACHE] = { "▒", "=" },	   [GLYPH_OTHER] = { "░", "+" },      [GLYPH_FREE] = { "·", "." },
	[GLYPH_RANGE_CELL] = { "│", "|" }, [GLYPH_LIMIT] = { "─", "-" },      [GLYPH_BOUNDARY] = { "┊", ":" },
	[GLYPH_FRAME] = { "│", "|" },	   [GLYPH_TICK] = { "┤", "+" },	      [GLYPH_BASE] = { "─", "-" },
	[GLYPH_MOMENT] = { "▲", "^" },	   [GLYPH_LEVELS] = { "▁", "_" },     [GLYPH_LEVELS + 1] = { "▂", "_" },
	[GLYPH_LEVELS + 2] = { "▃", "_" }, [GLYPH_LEVELS + 3] = { "▄", "#" }, [GLYPH_LEVELS + 4] = { "▅", "#" },
	[GLYPH_LEVELS + 5] = { "▆", "#" }, [GLYPH_LEVELS + 6] = { "▇", "#" }, [GLYPH_LEVELS + 7] = { "█", "#" },
};

/* ECMA-48 SGR; the eight basic colours, which every theme keeps readable. */
static const char *const inks[] = {
	[INK_PLAIN] = "",	 [INK_STRONG] = "\033[1m", [INK_FAINT] = "\033[2m",	  [INK_GOOD] = "\033[32m",
	[INK_WARN] = "\033[33m", [INK_BAD] = "\033[1;31m", [INK_ALARM] = "\033[1;37;41m",
};

/* A terminal, NO_COLOR unset (no-color.org), TERM not "dumb". */
static bool has_colours(FILE *out)
{
	const char *no_color = getenv("NO_COLOR"); /* no-color.org: present and not empty */
	const char *term = getenv("TERM");
	return isatty(fileno(out)) && (no_color == NULL || no_color[0] == '\0') && term != NULL &&
	       strcmp(term, "dumb") != 0;
}

void page_init(struct page *p, FILE *out)
{
	memset(p, 0, sizeof(*p));
	p->text = (struct buf)BUF_INIT;
	p->width = columns_of(out);
	p->colour = has_colours(out);
	p->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

void page_write(const struct page *p, FILE *out)
{
	fwrite(buf_str(&p->text), 1, p->text.len, out);
}

void page_release(struct page *p)
{
	buf_release(&p->text);
}

const char *page_glyph(const struct page *p, enum glyph glyph)
{
	return p->utf8 ? glyphs[glyph].utf8 : glyphs[glyph].ascii;
}

void page_ink(struct page *p, enum ink ink, const char *fmt, ...)
{
	bool coloured = p->colour && ink != INK_PLAIN;
	if (coloured)
		buf_adds(&p->text, inks[ink]);
	struct buf text = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	text_add_lines(&p->text, buf_str(&text), text.len);
	buf_release(&text);
	if (coloured)
		buf_adds(&p->text, "\033[0m");
}

void page_wrap(struct page *p, enum ink ink, const char *lead, const char *text)
{
	buf_adds(&p->text, lead);
	page_wrap_from(p, ink, text_columns(lead), text);
}

void page_wrap_from(struct page *p, enum ink ink, int indent, const char *text)
{
	do {
		size_t len = text_break(text, p->width - indent);
		page_ink(p, ink, "%.*s", (int)(*text == '\0' ? 0 : len), text);
		buf_addc(&p->text, '\n');
		if (*text == '\0')
			return;
		text += len;
		while (*text == ' ' || *text == '\n')
			text++;
		if (*text != '\0')
			buf_addf(&p->text, "%*s", indent, "");
	} while (*text != '\0');
}

void page_id(struct page *p, int column, const char *id)
{
	char *shown = text_shown(id);
	bool fits = column + 1 + text_columns(shown) <= p->width;
	while (!fits && p->text.len > 0 && p->text.data[p->text.len - 1] == ' ')
		p->text.data[--p->text.len] = '\0';
	buf_adds(&p->text, fits ? " " : "\n");
	page_wrap(p, INK_PLAIN, fits ? "" : "    ", shown);
	free(shown);
}

void page_legend(struct page *p, int *column, enum glyph glyph, enum ink ink, const char *fmt, ...)
{
	struct buf text = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_vaddf(&text, fmt, ap);
	va_end(ap);
	int width = 4 + text_columns(buf_str(&text));
	if (*column > 0 && *column + width > p->width) {
		buf_addc(&p->text, '\n');
		*column = 0;
	}
	*column += width;
	buf_adds(&p->text, "  ");
	page_ink(p, ink, "%s", page_glyph(p, glyph));
	buf_addf(&p->text, " %s", buf_str(&text));
	buf_release(&text);
}

void page_bar(struct page *p, const struct bar_part *parts, size_t count, uint64_t scale, int cells)
{
	double sum = 0;
	int drawn = 0;
	for (size_t i = 0; i < count; i++) {
		struct buf run = BUF_INIT;
		/* Rounded ends, not rounded lengths: the whole bar has the right length. */
		sum += (double)parts[i].value;
		double end = scale > 0 ? sum / (double)scale * cells + 0.5 : 0;
		for (; drawn < cells && drawn + 1 <= end; drawn++)
			buf_adds(&run, page_glyph(p, parts[i].glyph));
		if (run.len > 0)
			page_ink(p, parts[i].ink, "%s", buf_str(&run));
		buf_release(&run);
	}
	struct buf rest = BUF_INIT;
	for (; drawn < cells; drawn++)
		buf_adds(&rest, page_glyph(p, GLYPH_FREE));
	if (rest.len > 0)
		page_ink(p, INK_FAINT, "%s", buf_str(&rest));
	buf_release(&rest);
}
