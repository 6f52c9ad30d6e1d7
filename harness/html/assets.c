#include "html/assets.h"

/* Paths from the folder that make runs in; those of dygraphs come from the package, by make. */
#define INCLUDE(symbol, path)                                                                                          \
	__asm__(".section .rodata\n" #symbol ":\n.incbin \"" path "\"\n" #symbol "_end:\n.previous\n");                \
	extern const char symbol[], symbol##_end[]

INCLUDE(asset_page_css, "harness/html/page.css");
INCLUDE(asset_page_js, "harness/html/page.js");
INCLUDE(asset_dygraphs_css, DYGRAPHS "/dygraph.min.css");
INCLUDE(asset_dygraphs_js, DYGRAPHS "/dygraph.min.js");
INCLUDE(asset_synchronizer_js, DYGRAPHS "/extras/synchronizer.js");
INCLUDE(asset_licence, DYGRAPHS_LICENCE);

static const struct {
	const char *begin, *end;
} assets[] = {
	[ASSET_PAGE_CSS] = { asset_page_css, asset_page_css_end },
	[ASSET_PAGE_JS] = { asset_page_js, asset_page_js_end },
	[ASSET_DYGRAPHS_CSS] = { asset_dygraphs_css, asset_dygraphs_css_end },
	[ASSET_DYGRAPHS_JS] = { asset_dygraphs_js, asset_dygraphs_js_end },
	[ASSET_SYNCHRONIZER_JS] = { asset_synchronizer_js, asset_synchronizer_js_end },
	[ASSET_LICENCE] = { asset_licence, asset_licence_end },
};

const char *asset_text(enum asset which, size_t *len)
{
	*len = (size_t)(assets[which].end - assets[which].begin);
	return assets[which].begin;
}
