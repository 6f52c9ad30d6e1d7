/*
 * json - the exporter for programs: schema 1, one object per run.  A figure
 * that is absent or unreadable is null; sizes are bytes.
 */
#ifndef OOMRIG_REPORT_JSON_H
#define OOMRIG_REPORT_JSON_H

#include <jansson.h>

#include "report/report.h"

#define REPORT_JSON_SCHEMA 1

extern const struct exporter json_exporter;

/* The records that cannot be read: [{"folder", "file", "error"}, ...]; the caller owns it. */
json_t *report_damaged_json(const struct run_list *runs);

/* Writes any document of ours, indented; takes it over. */
int report_document(FILE *out, json_t *document, struct error *err);

#endif
