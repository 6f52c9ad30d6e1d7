#include "record/summary.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "base/units.h"
#include "facts/facts_json.h"

static const char not_finished[] =
	"the rig did not finish this run: it was killed, or it is still at it; nothing was judged";

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static int lacks(const struct run_summary *s, const char *key, struct error *err)
{
	return error_set(err, ERROR_INPUT, "the record of run '%s' lacks '%s'", s->id[0] ? s->id : "?", key);
}

/* A JSON array of strings as a heap array of borrowed ones. */
static int read_strings(const struct run_summary *s, const json_t *object, const char *key, const char ***out,
			size_t *count, struct error *err)
{
	const json_t *array = json_object_get(object, key);
	const json_t *item;
	size_t i;

	if (!json_is_array(array))
		return lacks(s, key, err);
	*out = xcalloc(json_array_size(array) + 1, sizeof(**out));
	json_array_foreach (array, i, item) {
		if (!json_is_string(item))
			return error_set(err, ERROR_INPUT, "'%s' of run '%s' holds something else than texts", key,
					 s->id);
		(*out)[(*count)++] = json_string_value(item);
	}
	return 0;
}

static int read_verdict(struct run_summary *s, const json_t *record, struct error *err)
{
	const json_t *verdict = json_object_get(record, "verdict");

	if (text_of(verdict, "outcome")[0] == '\0')
		return lacks(s, "verdict.outcome", err);
	s->outcome = outcome_find(text_of(verdict, "outcome"));
	s->cause = text_of(verdict, "cause");
	s->as_expected = json_is_true(json_object_get(verdict, "as_expected"));
	s->law = json_object_get(verdict, "law");
	s->forecast = json_object_get(verdict, "forecast");
	if (read_strings(s, verdict, "expected", &s->expected, &s->expected_count, err) != 0)
		return -1;
	if (json_object_get(verdict, "surprises") != NULL &&
	    read_strings(s, verdict, "surprises", &s->surprises, &s->surprise_count, err) != 0)
		return -1;
	return read_strings(s, verdict, "evidence", &s->evidence, &s->evidence_count, err);
}

/* The scenario's expectations are in its own part of the record from the start. */
static int read_unfinished(struct run_summary *s, const json_t *scenario, struct error *err)
{
	s->outcome = OUTCOME_INVALID;
	s->cause = "";
	s->evidence = xcalloc(1, sizeof(*s->evidence));
	s->evidence[s->evidence_count++] = not_finished;
	if (!json_is_array(json_object_get(scenario, "expect")))
		return 0;
	return read_strings(s, scenario, "expect", &s->expected, &s->expected_count, err);
}

/* What a scenario calls its cap: a figure, or text as in its file ("256MiB", "none"). */
static struct fact cap_of_scenario(const json_t *scenario)
{
	const json_t *memory = json_object_get(scenario, "memory");
	uint64_t bytes = 0;

	if (json_is_integer(memory) && json_integer_value(memory) > 0)
		bytes = (uint64_t)json_integer_value(memory);
	else if (!json_is_string(memory) || units_parse_size(json_string_value(memory), &bytes, NULL) != 0)
		return FACT_NONE;
	return bytes > 0 ? fact_of(bytes) : FACT_NONE;
}

/* "chunkserver before-any-fix --form-memory 1MiB", or the command's words where no description is used. */
static char *server_text(const json_t *server)
{
	const json_t *command = json_object_get(server, "command"), *behaviours = json_object_get(server, "behaviours");
	const char *use = text_of(server, "use"), *preset = text_of(server, "preset");
	struct buf text = BUF_INIT;
	const char *key;
	const json_t *item;
	json_t *value;
	size_t i;

	buf_adds(&text, use);
	if (use[0] == '\0')
		json_array_foreach (command, i, item)
			buf_addf(&text, "%s%s", i == 0 ? "" : " ",
				 json_is_string(item) ? json_string_value(item) : "?");
	if (preset[0] != '\0')
		buf_addf(&text, "%s%s", text.len == 0 ? "" : " ", preset);
	json_object_foreach ((json_t *)behaviours, key, value)
		buf_addf(&text, " --%s %s", key, json_is_string(value) ? json_string_value(value) : "?");
	return buf_detach(&text);
}

static int read_record(struct run_summary *s, const json_t *record, struct error *err)
{
	const json_t *scenario = json_object_get(record, "scenario"), *facts = json_object_get(record, "facts");

	s->record = record;
	s->id = text_of(record, "id");
	if (s->id[0] == '\0')
		return lacks(s, "id", err);
	if (text_of(record, "state")[0] == '\0')
		return lacks(s, "state", err);
	s->state = record_state(record);
	s->folder = text_of(record, "folder");
	s->label = text_of(record, "label");
	s->scenario = text_of(scenario, "name");
	s->question = text_of(scenario, "question");
	s->load = json_object_get(scenario, "load");
	s->server = server_text(json_object_get(scenario, "server"));
	if (facts != NULL && facts_from_json(&s->facts, facts, err) != 0)
		return error_prefix(err, "run '%s'", s->id);
	s->memory_bytes = fact_known(s->facts.cap_asked_bytes) ? s->facts.cap_asked_bytes : cap_of_scenario(scenario);
	if (s->state == RECORD_RUNNING)
		return read_unfinished(s, scenario, err);
	if (facts == NULL)
		return lacks(s, "facts", err);
	return read_verdict(s, record, err);
}

int summary_read(struct run_summary *s, const json_t *record, struct error *err)
{
	memset(s, 0, sizeof(*s));
	if (read_record(s, record, err) == 0)
		return 0;
	summary_release(s);
	return -1;
}

const char *summary_outcome(const struct run_summary *s)
{
	const char *name = text_of(json_object_get(s->record, "verdict"), "outcome");

	return s->outcome != OUTCOME_UNKNOWN || name[0] == '\0' ? outcome_names[s->outcome] : name;
}

void summary_release(struct run_summary *s)
{
	free(s->expected);
	free(s->surprises);
	free(s->evidence);
	free(s->server);
	memset(s, 0, sizeof(*s));
}

bool run_unfinished(const struct run_summary *run)
{
	return run->state == RECORD_RUNNING;
}

bool run_crashed(const struct run_summary *run)
{
	return run->outcome == OUTCOME_CRASHED;
}

bool run_survived(const struct run_summary *run)
{
	return run->outcome != OUTCOME_CRASHED && run->outcome != OUTCOME_STALLED;
}

bool run_judged(const struct run_summary *run)
{
	static const bool nothing_said[] = { [OUTCOME_INVALID] = true,
					     [OUTCOME_INTERRUPTED] = true,
					     [OUTCOME_SKIPPED] = true,
					     [OUTCOME_UNKNOWN] = true };
	return !run_unfinished(run) && !nothing_said[run->outcome];
}

const struct outcome_row *verdict_words(const struct run_summary *run)
{
	return run_unfinished(run) ? outcome_row_of(OUTCOME_UNKNOWN, NULL) : outcome_row_of(run->outcome, run->cause);
}

bool verdict_as_asked(const struct run_summary *run)
{
	for (size_t i = 0; i < run->expected_count; i++) {
		size_t len = strcspn(run->expected[i], "/");
		const char *cause = run->expected[i][len] == '/' ? run->expected[i] + len + 1 : NULL;
		const char *outcome = outcome_names[run->outcome];
		if (strlen(outcome) == len && strncmp(outcome, run->expected[i], len) == 0 &&
		    (cause == NULL || strcmp(cause, run->cause) == 0))
			return true;
	}
	return false;
}

json_t *run_load_alone(const struct run_summary *run)
{
	json_t *load = json_deep_copy(run->load);
	size_t i;
	json_t *group;
	json_array_foreach (load, i, group) {
		json_object_del(group, "read_back");
		json_object_del(group, "verify");
	}
	return load;
}
