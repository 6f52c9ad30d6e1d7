/* A text with {names} on the first line, a JSON pointer on the second, and the answer an id is looked for in. */
#include <stdlib.h>

#include "fuzz.h"
#include "http/request.h"
#include "http/template.h"

static void expand(const char *text)
{
	const struct template_value run[] = { { "port", "4001" }, { "data", "/d" }, { NULL, NULL } };
	const struct template_value own[] = { { "id", "abc" }, { "size", "3" }, { NULL, NULL } };
	const struct template_scope outer = { .values = run }, scope = { .values = own, .parent = &outer };
	struct buf out = BUF_INIT;
	struct error err = ERROR_INIT;
	template_expand(text, &scope, &out, &err);
	buf_release(&out);
}

static void find_id(char *pointer, const char *answer, size_t len)
{
	const struct upload_spec spec = { .id_json = pointer };
	struct buf text = BUF_INIT, id = BUF_INIT;
	struct error err = ERROR_INIT;
	buf_add(&text, answer, len);
	request_find_id(&spec, "name", NULL, &text, &id, &err);
	buf_release(&text);
	buf_release(&id);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t text_size, pointer_size;
	const uint8_t *first = fuzz_part(&data, &size, '\n', &text_size);
	const uint8_t *second = fuzz_part(&data, &size, '\n', &pointer_size);
	char *text = fuzz_text(first, text_size), *pointer = fuzz_text(second, pointer_size);
	char *answer = fuzz_text(data, size);
	expand(text);
	find_id(pointer, answer, size);
	free(text);
	free(pointer);
	free(answer);
	return 0;
}
