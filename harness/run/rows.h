/* rows - requests.csv: one line per finished transfer, times in ns since the run's origin. */
#ifndef OOMRIG_RUN_ROWS_H
#define OOMRIG_RUN_ROWS_H

#include <stdint.h>

#include "base/buf.h"
#include "load/load.h"

void request_csv_header(struct buf *out);
void request_csv_row(const struct load_request *r, const char *phase, uint64_t origin_ns, struct buf *out);

#endif
