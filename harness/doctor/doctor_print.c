/* What the doctor found, on the terminal and as JSON. */
#include <stdlib.h>

#include "doctor/doctor.h"
#include "report/page.h"

#define FOUND_COLUMN 21

static const enum ink inks[] = { [LEVEL_OK] = INK_GOOD, [LEVEL_WARN] = INK_WARN, [LEVEL_FAIL] = INK_BAD };

void doctor_print(FILE *out, const struct doctor *d)
{
	struct page p;
	size_t i;
	json_t *check;
	page_init(&p, out);
	json_array_foreach (d->findings, i, check) {
		const char *level = json_string_value(json_object_get(check, "level"));
		const char *advice = json_string_value(json_object_get(check, "advice"));
		page_ink(&p, inks[d->levels[i]], "%-5s", level);
		buf_addf(&p.text, "%-15s ", json_string_value(json_object_get(check, "name")));
		page_wrap_from(&p, INK_PLAIN, FOUND_COLUMN, json_string_value(json_object_get(check, "found")));
		if (advice != NULL) {
			char *arrow = xasprintf("%*s%s ", FOUND_COLUMN, "", page_glyph(&p, GLYPH_ARROW));
			page_wrap(&p, INK_STRONG, arrow, advice);
			free(arrow);
		}
	}
	buf_addc(&p.text, '\n');
	if (d->worst == LEVEL_FAIL)
		page_ink(&p, INK_BAD, "Runs cannot be done here until the lines marked FAIL are put right.\n");
	else
		page_ink(&p, INK_GOOD, "Runs can be done here%s.\n",
			 d->worst == LEVEL_WARN ? ", with what the lines marked warn say" : "");
	page_write(&p, out);
	page_release(&p);
}

json_t *doctor_json(const struct doctor *d)
{
	return json_pack("{s:i, s:b, s:O}", "schema", 1, "ok", d->worst != LEVEL_FAIL, "checks", d->findings);
}
