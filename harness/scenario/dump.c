#include <string.h>

#include "base/buf.h"
#include "base/clock.h"
#include "scenario/network.h"
#include "scenario/schema.h"

static json_t *dump_table(const struct key_row *rows, const void *base)
{
	json_t *object = json_object();
	for (; rows->name != NULL; rows++) {
		const void *field = (const char *)base + rows->offset;
		json_t *value;
		if (rows->type == KEY_TABLE) {
			value = dump_table(rows->table, field);
		} else if (rows->type == KEY_GROUPS) {
			const struct group_list *groups = field;
			value = json_array();
			for (size_t i = 0; i < groups->count; i++)
				json_array_append_new(value, dump_table(rows->table, &groups->items[i]));
		} else {
			value = value_dump(rows, base);
		}
		json_object_set_new(object, rows->name, value);
	}
	return object;
}

json_t *scenario_dump(const struct scenario *s)
{
	return dump_table(scenario_keys, s);
}

struct reference {
	struct buf *out;
	char section[96]; /* dotted path of the table being listed */
};

/* "server.upload.path" lies in "server.upload". */
static void open_section(struct reference *ref, const char *path)
{
	const char *dot = strrchr(path, '.');
	size_t len = dot == NULL ? 0 : (size_t)(dot - path);
	if (strlen(ref->section) == len && memcmp(ref->section, path, len) == 0 && ref->out->len != 0)
		return;
	ref->section[0] = '\0';
	strncat(ref->section, path, len);
	buf_addf(ref->out, "%s### %s%s%s\n\n", ref->out->len == 0 ? "" : "\n", len == 0 ? "" : "`",
		 len == 0 ? "top level" : ref->section, len == 0 ? "" : "`");
	buf_addf(ref->out, "%-18s | %-14s | %-10s | %s\n", "key", "type", "default", "meaning");
	buf_adds(ref->out, "---|---|---|---\n");
}

static void describe_key(void *arg, const char *path, const struct key_row *row)
{
	struct reference *ref = arg;
	open_section(ref, path);
	buf_addf(ref->out, "%-18s | %-14s | %-10s | %s", row->name, value_type_name(row),
		 row->default_text == NULL ? "" : row->default_text, row->doc);
	if (row->choices != NULL) {
		buf_adds(ref->out, " (one of:");
		for (const char *const *c = row->choices; *c != NULL; c++)
			buf_addf(ref->out, " %s", *c);
		buf_addc(ref->out, ')');
	}
	char range[VALUE_RANGE_MAX];
	if (value_range(row, range)[0] != '\0')
		buf_addf(ref->out, " (%s)", range);
	buf_addc(ref->out, '\n');
}

static void describe_networks(struct buf *out)
{
	buf_adds(out, "\n### networks\n\n");
	for (const struct network_preset *p = network_presets; p->name != NULL; p++) {
		if (p->down_bytes_per_s == 0) {
			buf_addf(out, "- `%s`: %s\n", p->name, p->source);
			continue;
		}
		buf_addf(out, "- `%s`: down %.6g kbit/s, up %.6g kbit/s, latency %.6g ms (%s)\n", p->name,
			 (double)p->down_bytes_per_s * 8 / 1000, (double)p->up_bytes_per_s * 8 / 1000,
			 (double)p->latency_ns / NS_PER_MS, p->source);
	}
}

void scenario_describe_keys(struct buf *out)
{
	struct reference ref = { .out = out };
	schema_walk(describe_key, &ref);
	describe_networks(out);
}
