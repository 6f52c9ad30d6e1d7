/*
 * formats - the one table of exporters: in what form runs can be written.  A new one is a file and a row.
 */
#ifndef OOMRIG_CATALOGUE_FORMATS_H
#define OOMRIG_CATALOGUE_FORMATS_H

#include "report/report.h"

extern const struct exporter *const exporters[]; /* the first is for people; NULL-terminated */

/* NULL: there is none of that name; the error names those there are, and the nearest. */
const struct exporter *exporter_find(const char *name, struct error *err);

#endif
