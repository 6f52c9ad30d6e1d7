/*
 * assets - what a page brings along, built into the program: our own style and
 * script, dygraphs and its synchronizer (Debian's libjs-dygraphs; MIT licence,
 * whose text is one of them).  Plain data; any thread.
 */
#ifndef OOMRIG_HTML_ASSETS_H
#define OOMRIG_HTML_ASSETS_H

#include <stddef.h>

enum asset {
	ASSET_PAGE_CSS,
	ASSET_PAGE_JS,
	ASSET_DYGRAPHS_CSS,
	ASSET_DYGRAPHS_JS,
	ASSET_SYNCHRONIZER_JS,
	ASSET_LICENCE
};

/* The bytes, without a NUL behind them. */
const char *asset_text(enum asset which, size_t *len);

#endif
