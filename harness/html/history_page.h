/*
 * history_page - figures over the stored runs as one page: a drawing for each, its
 * changes marked, and a table of them.  The drawings need no script.
 */
#ifndef OOMRIG_HTML_HISTORY_PAGE_H
#define OOMRIG_HTML_HISTORY_PAGE_H

#include "campaign/history.h"

extern const struct history_format history_page_format; /* "html" */

#endif
