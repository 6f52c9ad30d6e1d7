#include "isolation/scope.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-daemon.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/fs.h"
#include "isolation/group_name.h"

#define DESTINATION "org.freedesktop.systemd1"
#define OBJECT "/org/freedesktop/systemd1"
#define INTERFACE "org.freedesktop.systemd1.Manager"
#define ANSWER_NS (10 * NS_PER_S)

/* The manager's own socket, by which systemctl too reaches it without a bus; NULL where no manager runs.  Heap. */
static char *manager_socket(void)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	char *path;

	if (geteuid() == 0)
		return sd_booted() > 0 ? xstrdup("/run/systemd/private") : NULL;
	if (!runtime)
		return NULL;
	path = xasprintf("%s/systemd/private", runtime);
	if (access(path, F_OK) == 0)
		return path;
	free(path);
	return NULL;
}

/* Over its socket, else over the bus.  Returns 0 or -errno. */
static int reach(const char *path, sd_bus **out)
{
	char *address = xasprintf("unix:path=%s", path);
	int rc = sd_bus_new(out);

	if (rc >= 0)
		rc = sd_bus_set_address(*out, address);
	if (rc >= 0)
		rc = sd_bus_start(*out);
	free(address);
	if (rc >= 0)
		return 0;
	*out = sd_bus_unref(*out);
	rc = geteuid() == 0 ? sd_bus_open_system(out) : sd_bus_open_user(out);
	return rc < 0 ? rc : 0;
}

struct wait {
	const char *unit;
	char result[32]; /* "" until the job has ended */
};

static int on_job_removed(sd_bus_message *m, void *arg, sd_bus_error *failure)
{
	struct wait *w = arg;
	const char *job, *unit, *result;
	uint32_t id;

	(void)failure;
	if (sd_bus_message_read(m, "uoss", &id, &job, &unit, &result) >= 0 && strcmp(unit, w->unit) == 0)
		snprintf(w->result, sizeof(w->result), "%s", result);
	return 0;
}

static int request(sd_bus *bus, const char *unit, sd_bus_error *failure)
{
	sd_bus_message *m = NULL;
	int rc = sd_bus_message_new_method_call(bus, &m, DESTINATION, OBJECT, INTERFACE, "StartTransientUnit");

	/* With Delegate=yes an OOM below does not end the scope (OOMPolicy= in systemd.scope(5)). */
	if (rc >= 0)
		rc = sd_bus_message_append(m, "ssa(sv)a(sa(sv))", unit, "fail", 5, "Description", "s",
					   "oomrig and the server it tests", "Delegate", "b", 1, "MemoryAccounting",
					   "b", 1, "CollectMode", "s", "inactive-or-failed", "PIDs", "au", 1,
					   (uint32_t)getpid(), 0);
	if (rc >= 0)
		rc = sd_bus_call(bus, m, ANSWER_NS / NS_PER_US, failure, NULL);
	sd_bus_message_unref(m);
	return rc;
}

static int await(sd_bus *bus, const struct wait *w)
{
	uint64_t deadline_ns = clock_ns() + ANSWER_NS;
	int rc = 0;

	while (w->result[0] == '\0' && rc >= 0) {
		uint64_t now = clock_ns();

		if (now >= deadline_ns)
			return -ETIMEDOUT;
		rc = sd_bus_process(bus, NULL);
		if (rc == 0)
			rc = sd_bus_wait(bus, (deadline_ns - now) / NS_PER_US);
	}
	return rc;
}

static bool is_inside(const char *unit)
{
	struct buf text = BUF_INIT;
	bool inside = fs_read_file("/proc/self/cgroup", &text, NULL) == 0 && strstr(buf_str(&text), unit) != NULL;

	buf_release(&text);
	return inside;
}

/* Was the unit that the rig runs in handed down to it?  Its name is heap then. */
static bool given(sd_bus *bus, char **unit)
{
	sd_bus_message *reply = NULL;
	const char *path, *type;
	char *interface, *name = NULL;
	int delegated = 0;

	if (sd_bus_call_method(bus, DESTINATION, OBJECT, INTERFACE, "GetUnitByPID", NULL, &reply, "u",
			       (uint32_t)getpid()) >= 0 &&
	    sd_bus_message_read(reply, "o", &path) >= 0 &&
	    sd_bus_get_property_string(bus, DESTINATION, path, DESTINATION ".Unit", "Id", NULL, &name) >= 0 &&
	    (type = strrchr(name, '.')) != NULL) {
		/* "…systemd1.Scope", "…systemd1.Service": the others hold no processes, or none of the rig's. */
		interface = xasprintf("%s.%c%s", DESTINATION, toupper((unsigned char)type[1]), type + 2);
		sd_bus_get_property_trivial(bus, DESTINATION, path, interface, "Delegate", NULL, 'b', &delegated);
		free(interface);
	}
	sd_bus_message_unref(reply);
	if (delegated)
		*unit = name;
	else
		free(name);
	return delegated;
}

static int ask(sd_bus *bus, const char *unit, struct error *err)
{
	sd_bus_error failure = SD_BUS_ERROR_NULL;
	struct wait w = { .unit = unit };
	int rc = sd_bus_match_signal(bus, NULL, NULL, OBJECT, INTERFACE, "JobRemoved", on_job_removed, &w);

	if (rc >= 0)
		rc = request(bus, unit, &failure);
	if (rc >= 0)
		rc = await(bus, &w);
	if (rc < 0)
		error_set(err, ERROR_ENVIRONMENT, "systemd gives no scope: %s",
			  failure.message ? failure.message : strerror(-rc));
	else if (strcmp(w.result, "done") != 0 || !is_inside(unit))
		rc = error_set(err, ERROR_ENVIRONMENT, "systemd gives no scope: its job ended as '%s'", w.result);
	sd_bus_error_free(&failure);
	return rc < 0 ? -1 : 0;
}

enum policy { POLICY_AUTO, POLICY_ALWAYS, POLICY_NEVER, POLICIES };
static const char *const policy_names[POLICIES] = { "auto", "always", "never" };

static int read_policy(enum policy *out, struct error *err)
{
	const char *word = getenv(SCOPE_ENVIRONMENT);

	for (*out = POLICY_AUTO; word && *out < POLICIES; (*out)++)
		if (strcmp(word, policy_names[*out]) == 0)
			return 0;
	if (!word)
		return 0;
	return error_set(err, ERROR_USAGE, "%s is '%s'; it may be auto, always or never", SCOPE_ENVIRONMENT, word);
}

/* What was done, once it was. */
static char *given_unit, *done;

static int through_manager(enum policy policy, struct error *err)
{
	const char *whose = geteuid() == 0 ? "systemd" : "the user's systemd manager";
	char name[ISOLATION_NAME_MAX], *path = manager_socket();
	sd_bus *bus = NULL;
	int rc;

	if (!path)
		return error_set(err, ERROR_ENVIRONMENT, "no systemd manager runs here");
	rc = reach(path, &bus);
	free(path);
	if (rc < 0)
		return error_set_errno(err, ERROR_ENVIRONMENT, -rc, "cannot reach %s", whose);
	if (policy == POLICY_AUTO && given(bus, &given_unit)) {
		done = xasprintf("made in '%s', which %s has handed down", given_unit, whose);
	} else if ((rc = group_name_make(name, err)) == 0) {
		char *unit = xasprintf("%s.scope", name);

		rc = ask(bus, unit, err);
		if (rc == 0) {
			given_unit = unit;
			done = xasprintf("made in the scope '%s' of %s", unit, whose);
		} else {
			free(unit);
		}
	}
	sd_bus_flush_close_unref(bus);
	return rc;
}

int scope_enter(const char **unit, const char **placement, struct error *err)
{
	struct error why = ERROR_INIT;
	enum policy policy;

	if (!done) {
		if (read_policy(&policy, err) < 0)
			return -1;
		if (policy == POLICY_NEVER) {
			done = xasprintf("made directly, as %s says", SCOPE_ENVIRONMENT);
		} else if (through_manager(policy, &why) < 0) {
			if (policy == POLICY_ALWAYS) {
				if (err)
					*err = why;
				return -1;
			}
			done = xasprintf("made directly: %s", why.message);
		}
	}
	*unit = given_unit;
	*placement = done;
	return 0;
}
