#include "record/app.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/text.h"

void app_write(FILE *out, uint64_t t_ns, json_t *figures)
{
	json_t *row = json_pack("{s:I, s:o}", "t_ns", (json_int_t)t_ns, "figures", text_json_foreign(figures));
	text_json_print(row, JSON_COMPACT, out);
	json_decref(row);
}

int app_open(struct app *a, const char *folder, struct error *err)
{
	char *path = xasprintf("%s/" APP_FILE, folder);
	int rc;

	*a = (struct app){ .bad = false };
	rc = lines_open(&a->lines, path, err);
	free(path);
	return rc;
}

int app_next(struct app *a, struct error *err)
{
	int rc = lines_next(&a->lines, err);

	json_decref(a->row);
	a->row = rc > 0 ? json_loadb(a->lines.text, a->lines.len, 0, NULL) : NULL;
	const json_t *t_ns = json_object_get(a->row, "t_ns");
	a->bad = !json_is_integer(t_ns) || json_integer_value(t_ns) < 0;
	a->t_ns = a->bad ? 0 : (uint64_t)json_integer_value(t_ns);
	a->figures = json_object_get(a->row, "figures");
	return rc;
}

void app_close(struct app *a)
{
	lines_close(&a->lines);
	json_decref(a->row);
	*a = (struct app){ .bad = false };
}
