#include "judge/rules.h"

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/macros.h"
#include "judge/evidence.h"

enum ending { LIVED, ENDED_ITSELF, ENDED_BY_US, ENDING_UNCLEAR };

static enum ending how_it_ended(const struct facts *f)
{
	if (f->server_end_ns.state == FACT_UNREADABLE || f->our_signal.state == FACT_UNREADABLE)
		return ENDING_UNCLEAR;
	if (f->server_end_ns.state == FACT_ABSENT)
		return LIVED;
	if (f->our_signal.state == FACT_ABSENT)
		return ENDED_ITSELF;
	if (!fact_known(f->our_signal_ns))
		return ENDING_UNCLEAR;
	return f->our_signal_ns.value <= f->server_end_ns.value ? ENDED_BY_US : ENDED_ITSELF;
}

/* Those of a fault of its own: a wrong access, a wrong instruction, abort(3). */
static bool is_fault(uint64_t signal_number)
{
	static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS };
	for (size_t i = 0; i < COUNT(faults); i++)
		if ((uint64_t)faults[i] == signal_number)
			return true;
	return false;
}

/* Signals by which runtimes end themselves: abort(3), and the trap instructions of compilers and of V8. */
static bool ends_itself(uint64_t signal_number)
{
	return signal_number == SIGABRT || signal_number == SIGTRAP || signal_number == SIGILL;
}

static bool failed_allocation(const struct facts *f)
{
	if (f->server_log_alloc[0] == '\0')
		return false;
	return fact_set(f->server_signal) ? ends_itself(f->server_signal.value) : fact_set(f->server_exit_code);
}

/* A daemon's first process ends well once another one serves; who serves then is not the process that is watched. */
static bool went_to_background(const struct facts *f)
{
	return fact_known(f->server_exit_code) && f->server_exit_code.value == 0 && fact_set(f->server_left);
}

static const char *when(const struct facts *f)
{
	if (!fact_known(f->server_ready_ns))
		return ", before it was ready";
	return fact_known(f->requests_started) && f->requests_started.value == 0 && !fact_known(f->load_ns)
		       ? ", before the load"
		       : "";
}

/* "the server (pid 515) ended by SIGKILL (signal 9) 0.42 s after its start[, before it was ready]; the rig …" */
static void end_line(const struct facts *f, struct verdict *v)
{
	char end[EVIDENCE_END_MAX];
	char pid[32] = "";

	if (fact_known(f->server_pid))
		snprintf(pid, sizeof(pid), " (pid %" PRIu64 ")", f->server_pid.value);
	evidence_add(v, "the server%s ended by %s %s after its start%s; the rig had sent it no signal", pid,
		     evidence_end(f, end), TIME_TEXT(f->server_end_ns.value), when(f));
	if (f->rig_error[0] != '\0')
		evidence_add(v, "what the rig was doing then failed with it: %s", f->rig_error);
}

static void counter_line(const struct facts *f, struct verdict *v)
{
	if (fact_known(f->oom_kill))
		evidence_add(v,
			     "the group's oom_kill counter stayed at 0: the kernel killed nothing for lack of memory");
	else
		evidence_add(v, "the group's oom_kill counter is %s: whether a child was killed is not known",
			     f->oom_kill.state == FACT_ABSENT ? "absent" : "unreadable");
}

/*
 * Who refused the allocation?  Under a cap the kernel gives out addresses freely
 * and kills when the pages are touched: a program that is told "no" mostly ran
 * into a limit of its own.  An eighth below the cap, because one large piece is
 * refused before it is charged.
 */
static void reason_line(const struct facts *f, struct verdict *v)
{
	struct fact usage = fact_max(f->peak_usage_bytes, f->death_usage_bytes), cap = f->cap_in_force_bytes;
	struct fact stays = f->peak_unreclaimable_bytes;

	if (!fact_known(cap) || fact_set(f->oom_events) || !fact_known(usage))
		return;
	if (usage.value < cap.value - cap.value / 8)
		evidence_add(
			v,
			"the charge came to %s at most, under a cap of %s: not the cap refused it, but a limit of "
			"the program's own (a runtime's largest heap or array, memory_limit, ulimit) or the host's",
			SIZE_TEXT(usage.value), SIZE_TEXT(cap.value));
	else if (fact_known(stays) && stays.value < cap.value / 2)
		evidence_add(
			v,
			"of a charge of %s, %s could not be reclaimed, under a cap of %s: page cache makes room, so "
			"rather a limit of the program's own refused it than the cap",
			SIZE_TEXT(usage.value), SIZE_TEXT(stays.value), SIZE_TEXT(cap.value));
}

/*
 * The counter also rises when the kill had another reason than this cap: a
 * smaller limit above the group, or a host out of memory.  Then the charge never
 * came near the cap.  Half of it, because without a watermark samples may miss
 * the second half of a fast rise.
 */
static bool killed_below_cap(const struct facts *f, struct verdict *v)
{
	struct fact reached = fact_max(f->peak_usage_bytes, f->death_usage_bytes);

	if (!fact_known(f->cap_in_force_bytes) || !fact_known(reached) ||
	    reached.value >= f->cap_in_force_bytes.value / 2)
		return false;
	evidence_decide(v, OUTCOME_INVALID, "cap",
			"killed for lack of memory with a charge of at most %s under a cap of %s: not by this cap, "
			"but by a smaller limit above or below it or by a host out of memory",
			SIZE_TEXT(reached.value), SIZE_TEXT(f->cap_in_force_bytes.value));
	evidence_of_kill(f, v);
	return true;
}

static bool decide_kill(const struct facts *f, const char *cause, struct verdict *v)
{
	if (killed_below_cap(f, v))
		return true;
	evidence_decide(v, OUTCOME_CRASHED, cause, "the group's oom_kill counter rose from 0 to %" PRIu64,
			f->oom_kill.value);
	return true;
}

static bool main_was_killed(const struct facts *f, struct verdict *v)
{
	decide_kill(f, "oom-kill", v);
	if (v->outcome != OUTCOME_CRASHED)
		return true;
	end_line(f, v);
	evidence_of_kill(f, v);
	evidence_of_death(f, v);
	return true;
}

static bool child_was_killed(const struct facts *f, bool main_lives, struct verdict *v)
{
	decide_kill(f, "oom-child", v);
	if (v->outcome != OUTCOME_CRASHED)
		return true;
	if (main_lives)
		evidence_add(v, "the server's main process lived on until the rig stopped it: a worker was killed");
	else
		end_line(f, v);
	evidence_of_kill(f, v);
	evidence_of_death(f, v);
	return true;
}

/*
 * Every kill that was counted is in the kernel log, and each names another
 * process.  oom_kill_others is absent where the log's process ids are not ours.
 */
static bool main_was_spared(const struct facts *f)
{
	return fact_known(f->oom_kill_main) && f->oom_kill_main.value == 0 && fact_known(f->oom_kill_others) &&
	       f->oom_kill_others.value >= f->oom_kill.value;
}

/* SIGKILL that is not ours: only the counter can tell whose it was. */
static bool by_sigkill(const struct facts *f, struct verdict *v)
{
	if (fact_set(f->oom_kill) && main_was_spared(f)) {
		child_was_killed(f, false, v);
		evidence_add(v, "the kernel log names all that the kernel killed, and the server's main process is not "
				"among them: its SIGKILL came from somebody else");
		return true;
	}
	if (fact_set(f->oom_kill))
		return main_was_killed(f, v);
	if (!fact_known(f->oom_kill)) {
		evidence_decide(v, OUTCOME_INVALID, "evidence",
				"the server was killed, but the group's oom_kill counter is %s: whose SIGKILL it was "
				"cannot be told",
				f->oom_kill.state == FACT_ABSENT ? "absent" : "unreadable");
		end_line(f, v);
		evidence_of_kill(f, v);
		return true;
	}
	if (!fact_known(f->server_ready_ns))
		return false;
	evidence_decide(
		v, OUTCOME_CRASHED, "signal",
		"killed by a SIGKILL whose sender is not known: not the kernel for lack of memory, for the group's "
		"oom_kill counter stayed at 0, and not the rig");
	end_line(f, v);
	evidence_of_death(f, v);
	return true;
}

static bool by_itself(const struct facts *f, struct verdict *v)
{
	char end[EVIDENCE_END_MAX];

	if (!fact_set(f->server_signal) && !fact_known(f->server_exit_code))
		return evidence_decide(v, OUTCOME_INVALID, "evidence", "the server ended, but how is not known");
	if (fact_set(f->server_signal) && f->server_signal.value == SIGKILL) {
		if (by_sigkill(f, v))
			return true;
	} else if (fact_set(f->oom_kill)) {
		return child_was_killed(f, false, v);
	} else if (failed_allocation(f)) {
		evidence_decide(v, OUTCOME_CRASHED, "alloc-failure", "its log speaks of a failed allocation: %s",
				f->server_log_alloc);
		reason_line(f, v);
		end_line(f, v);
		counter_line(f, v);
		evidence_of_death(f, v);
		return true;
	}
	if (went_to_background(f)) {
		evidence_decide(v, OUTCOME_INVALID, "start",
				"the server's first process ended with status 0 and left %" PRIu64
				" behind: it went into the background, where its end cannot be seen; start it in the "
				"foreground",
				f->server_left.value);
		end_line(f, v);
		return true;
	}
	if (!fact_known(f->server_ready_ns)) {
		evidence_decide(v, OUTCOME_INVALID, "start",
				"the server ended before it was ready: the load never reached it");
		end_line(f, v);
		counter_line(f, v);
		return true;
	}
	evidence_decide(v, OUTCOME_CRASHED, fact_set(f->server_signal) ? "signal" : "exit", "the server ended: %s%s",
			evidence_end(f, end),
			!fact_set(f->server_signal)	   ? ""
			: is_fault(f->server_signal.value) ? ", as after a fault of its own"
							   : ", whose sender is not known (itself or somebody else)");
	end_line(f, v);
	counter_line(f, v);
	evidence_of_death(f, v);
	return true;
}

/* It lived until we stopped it, as far as its main process goes. */
static bool until_stopped(const struct facts *f, struct verdict *v)
{
	if (fact_set(f->oom_kill)) {
		bool killed = fact_set(f->server_signal) && f->server_signal.value == SIGKILL;
		if (!fact_set(f->oom_kill_main))
			return child_was_killed(f, true, v);
		if (!killed)
			return evidence_decide(
				v, OUTCOME_INVALID, "evidence",
				"the evidence contradicts itself: the kernel log names the server's main process, "
				"which lived until the rig stopped it: %s",
				f->kernel_log_line);
		/* Killed just before the rig's own signal, and its end seen after it. */
		decide_kill(f, "oom-kill", v);
		if (v->outcome == OUTCOME_CRASHED) {
			evidence_add(
				v,
				"the kernel log names the server's main process, before the rig sent its first signal");
			evidence_of_kill(f, v);
			evidence_of_death(f, v);
		}
		return true;
	}
	if (f->oom_kill.state == FACT_UNREADABLE || (!fact_known(f->oom_kill) && fact_known(f->cap_asked_bytes)))
		return evidence_decide(v, OUTCOME_INVALID, "evidence",
				       "the group's oom_kill counter is %s: whether a child was killed cannot be told",
				       f->oom_kill.state == FACT_ABSENT ? "absent" : "unreadable");
	if (!fact_known(f->server_ready_ns))
		return evidence_decide(v, OUTCOME_INVALID, "start", "the load never reached the server: %s",
				       f->first_failure[0] != '\0' ? f->first_failure : "it never became ready");
	return false;
}

bool rule_life(const struct facts *f, struct verdict *v)
{
	if (!fact_set(f->server_started))
		return evidence_decide(v, OUTCOME_INVALID, "start", "the server was never started");
	if (fact_known(f->oom_kill) && f->oom_kill.value == 0 && fact_set(f->kernel_log_kills))
		return evidence_decide(
			v, OUTCOME_INVALID, "evidence",
			"the evidence contradicts itself: the kernel log records a kill in the group, but its oom_kill "
			"counter stayed at 0: %s",
			f->kernel_log_line);
	switch (how_it_ended(f)) {
	case ENDED_ITSELF:
		return by_itself(f, v);
	case LIVED:
	case ENDED_BY_US:
		return until_stopped(f, v);
	case ENDING_UNCLEAR:
		break;
	}
	return evidence_decide(v, OUTCOME_INVALID, "evidence",
			       "whether the server ended before or after the rig's own signal cannot be told");
}

/*
 * Thrash is shown when the group read back, page by page, at least as much as
 * its whole cap holds.  A fault reads at least one page (readahead more), so
 * this errs on the side of "hang".
 */
static bool thrashed(const struct facts *f)
{
	uint64_t page = fact_set(f->page_bytes) ? f->page_bytes.value : 4096;

	return fact_set(f->cap_in_force_bytes) && fact_known(f->load_major_faults) &&
	       f->load_major_faults.value >= f->cap_in_force_bytes.value / page;
}

/*
 * Held back at memory.high: what cannot be reclaimed alone comes near it, so each
 * further page puts its process to sleep (mem_cgroup_handle_over_high() in the
 * kernel).  An eighth below, because the kernel charges in batches and counts sockets too.
 */
static bool held_back(const struct facts *f)
{
	uint64_t high = f->high_in_force_bytes.value;

	return fact_set(f->high_hits) && fact_known(f->high_in_force_bytes) &&
	       fact_known(f->peak_unreclaimable_bytes) && f->peak_unreclaimable_bytes.value >= high - high / 8;
}

/* Out of memory, and the kernel found nobody it may kill: it tries again and again, and so does the server. */
static bool nobody_to_kill(const struct facts *f, bool silent, struct verdict *v)
{
	if (!fact_set(f->oom_events) || !fact_known(f->oom_kill) || f->oom_kill.value != 0)
		return false;
	if (!silent && !fact_set(f->load_deadline_hit))
		return false;
	evidence_decide(v, OUTCOME_STALLED, "no-victim",
			"the group ran out of memory %" PRIu64
			" time%s, first %s after the server's start, and the kernel "
			"killed nothing: none of its processes may be killed (oom_score_adj -1000)",
			f->oom_events.value, f->oom_events.value == 1 ? "" : "s", FACT_TIME_TEXT(f->oom_event_ns));
	return true;
}

bool rule_stall(const struct facts *f, struct verdict *v)
{
	struct fact silence = f->health_longest_silence_ns, deadline = f->health_deadline_ns;
	bool silent = fact_known(silence) && fact_known(deadline) && silence.value > deadline.value;

	if (!fact_set(f->requests_started))
		return false; /* rule_load() says so */
	if (silence.state == FACT_UNREADABLE)
		return evidence_decide(v, OUTCOME_INVALID, "evidence",
				       "whether the server kept answering is not known");
	if (nobody_to_kill(f, silent, v)) {
		if (silent)
			evidence_add(v, "a health probe went unanswered for %s (deadline %s)", TIME_TEXT(silence.value),
				     TIME_TEXT(deadline.value));
	} else if (silent)
		evidence_decide(v, OUTCOME_STALLED, thrashed(f) || held_back(f) ? "thrash" : "hang",
				"alive, but a health probe went unanswered for %s (deadline %s)",
				TIME_TEXT(silence.value), TIME_TEXT(deadline.value));
	else if (fact_set(f->load_deadline_hit) && held_back(f))
		evidence_decide(v, OUTCOME_STALLED, "thrash",
				"alive, but held back at memory.high: %s, %" PRIu64 " of %" PRIu64
				" requests had ended well",
				evidence_overdue(f, (char[EVIDENCE_OVERDUE_MAX]){ 0 }), f->requests_ok.value,
				f->requests_started.value);
	else
		return false;
	if (fact_set(f->high_hits))
		evidence_add(v, "memory.high of %s slowed it down %" PRIu64 " times: %s",
			     FACT_SIZE_TEXT(f->high_in_force_bytes), f->high_hits.value,
			     held_back(f) ? "what could not be reclaimed had reached it"
					  : "but reclaim kept what it needed below it");
	if (fact_known(f->load_major_faults))
		evidence_add(v, "%" PRIu64 " major page faults during the load: %s", f->load_major_faults.value,
			     thrashed(f)    ? "at least the whole cap was read back from disk"
			     : held_back(f) ? "less than one reading of the whole cap"
					    : "less than one reading of the whole cap, no thrash");
	else
		evidence_add(v, "the group's major page faults are not known: a thrash is not excluded");
	evidence_add(v, "peaks: charge %s, unreclaimable %s, page cache %s", FACT_SIZE_TEXT(f->peak_usage_bytes),
		     FACT_SIZE_TEXT(f->peak_unreclaimable_bytes), FACT_SIZE_TEXT(f->peak_file_bytes));
	return true;
}
