/* rows - requests.csv: one line per finished transfer, times in ns since the run's origin. */
#ifndef OOMRIG_RUN_ROWS_H
#define OOMRIG_RUN_ROWS_H

#include <stdint.h>

#include "base/buf.h"
#include "load/load.h"

void request_csv_header(struct buf *out);
/* death: which one took the request with it, from 1; 0: none. */
void request_csv_row(const struct load_request *r, const char *phase, unsigned death, uint64_t origin_ns,
		     struct buf *out);

#endif
