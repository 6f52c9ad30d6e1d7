#include "html/layout.h"

#include "html/assets.h"
#include "html/out.h"
#include "record/host.h"

static void put_asset(FILE *out, enum asset which)
{
	size_t len;
	const char *text = asset_text(which, &len);
	fwrite(text, 1, len, out);
	fputc('\n', out);
}

static void put_script(FILE *out, enum asset which)
{
	fputs("<script>", out);
	put_asset(out, which);
	fputs("</script>\n", out);
}

void layout_begin(FILE *out, const char *title)
{
	html_put(out,
		 "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
		 "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
		 "<meta name=\"color-scheme\" content=\"light dark\">\n"
		 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
		 "'unsafe-inline'; script-src 'unsafe-inline'; img-src data:\">\n"
		 "<link rel=\"icon\" href=\"data:,\">\n<title>%t</title>\n<style>\n",
		 title);
	put_asset(out, ASSET_DYGRAPHS_CSS);
	put_asset(out, ASSET_PAGE_CSS);
	fputs("</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#main\">to the report</a>\n<main id=\"main\">\n",
	      out);
}

void layout_end(FILE *out)
{
	size_t len;
	const char *licence = asset_text(ASSET_LICENCE, &len);
	html_put(out,
		 "</main>\n<footer>\n<p>Written by oomrig %t. This page is complete in itself: it fetches "
		 "nothing.</p>\n<details><summary>Charts are drawn by dygraphs; its licence</summary>\n<pre>",
		 OOMRIG_VERSION);
	html_lines(out, licence, len);
	fputs("</pre>\n</details>\n</footer>\n", out);
	put_script(out, ASSET_DYGRAPHS_JS);
	put_script(out, ASSET_SYNCHRONIZER_JS);
	put_script(out, ASSET_PAGE_JS);
	fputs("</body>\n</html>\n", out);
}

void layout_chart(FILE *out, const struct chart_figure *c)
{
	html_put(out,
		 "<figure id=\"%t\" class=\"chart\" data-from=\"%t\" data-spec=\"%t\">\n<figcaption "
		 "id=\"%t-heading\"><strong>%t</strong> <span>%t</span></figcaption>\n"
		 "<div class=\"plot\" role=\"img\" tabindex=\"0\" aria-labelledby=\"%t-heading\"><noscript>Charts need "
		 "JavaScript; the tables below hold the main figures.</noscript></div>\n<div class=\"legend\" "
		 "aria-hidden=\"true\"></div>\n</figure>\n",
		 c->id, c->data, c->spec, c->id, c->heading, c->words, c->id);
}
