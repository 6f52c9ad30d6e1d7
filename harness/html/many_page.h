/*
 * many_page - the page of many runs: a matrix of verdicts, rates, floors, the memory
 * of repeats in one picture, differences of two sides, and the evidence of each run.
 */
#ifndef OOMRIG_HTML_MANY_PAGE_H
#define OOMRIG_HTML_MANY_PAGE_H

#include "html/html.h"

void many_page_write(FILE *out, const struct html_side *sides, size_t count, enum html_by by);

#endif
