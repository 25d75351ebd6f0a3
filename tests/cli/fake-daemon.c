/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A daemon that only talks: the D-Bus contract over a model that the names of its domains script.
 *
 *   vm1       jobs run through their whole plan and end well
 *   refused   every request is refused
 *   broken    the job fails in the middle
 *   fickle    the first function does not do, the second does; goes on when what happened was seen
 *   undecided the first does not do, and nobody chooses a second
 *   stubborn  the first does not do, and what was done with it will not be undone
 *   slow      the job stops in its save and waits: for a cancel, or for the next daemon
 *   late      like slow, but too late to cancel
 *   queued    the job waits for its turn, behind one other
 *   brief     the job has come and gone, and its object with it, before the request is answered
 *   doomed    the same, and it failed
 *   ask       needs a password: refused where nobody may be asked
 *   mute      the daemon dies instead of answering
 *
 * Usage: fake-daemon [ID]: with a number, a move of vm1 has it and stands before its save: what a daemon
 * finds that was started anew.
 */

#include "fake-daemon.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "basic/clock.h"
#include "core/retarget.h"

#define TICK_USEC (20 * USEC_PER_MSEC)

/* Everything that a terminal or a shell might take for an order. */
#define HOSTILE_NAME "evil\x1b[2J\n\x07$(touch pwned) \xe2\x80\xae\xc2\x9b x"

bool job_is_of(const FakeJob *j, const char *domain)
{
        return streq(j->job->domain_name, domain);
}

static void set_state(Job *j, JobState state)
{
        assert(job_set_state(j, state) >= 0);
}

static void job_end(Fake *f, FakeJob *j, JobState state)
{
        set_state(j->job, state);
        j->job->ended_usec = clock_realtime_usec();
        assert(sd_bus_emit_signal(f->bus, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                  "JobRemoved", "tos", j->job->id, j->path,
                                  job_state_to_string(state)) >= 0);
}

static void step_end(JobStep *s, StepState state)
{
        s->state = state;
        s->ended_usec = clock_realtime_usec();
}

static void step_begin(Job *j, JobStep *s)
{
        if (j->state == JOB_QUEUED)
                set_state(j, JOB_RUNNING);
        s->state = STEP_STARTED;
        s->started_usec = clock_realtime_usec();
        if (s->id == STEP_SAVE)
                j->bytes = 43 * MIB;
}

static void step_succeed(Fake *f, FakeJob *j, JobStep *s)
{
        step_end(s, STEP_DONE);
        if (s->id == STEP_SAVE)
                j->job->bytes = 96 * MIB;
        if (s->id == STEP_CHECK) /* only now the strategy is known, and with it the plan */
                assert(job_set_strategy(j->job, STRATEGY_SUSPEND_TO_RAM) >= 0);
        if (s == &j->job->steps[j->job->n_steps - 1])
                job_end(f, j, JOB_DONE);
}

/* The target does not do: back, for the sake of another one. */
static void step_fail_of_target(Job *j, JobStep *s)
{
        step_end(s, STEP_FAILED);
        (void) failure_set(&j->failure, FAILURE_RESTORE_FAILED,
                           "QEMU cannot open function 0000:02:10.0: \x1b[31mno\x1b[0m");
        job_tell(j, s->ended_usec, "step restore failed: %s", failure_message(&j->failure));
        assert(job_add_attempt(j, s->ended_usec, s->id, &j->failure) >= 0);
        set_state(j, JOB_UNDOING);
}

static void step_finish(Fake *f, FakeJob *j, JobStep *s)
{
        bool fickle = job_is_of(j, "fickle") || job_is_of(j, "stubborn") || job_is_of(j, "undecided");

        if (s->id == STEP_SAVE && job_is_of(j, "broken")) {
                step_end(s, STEP_FAILED);
                (void) failure_set(&j->job->failure, FAILURE_SAVE_FAILED,
                                   "cannot write the image: the disk says \x1b[31mno\x1b[0m");
                job_end(f, j, JOB_FAILED);
        } else if (s->id == STEP_RESTORE && fickle && j->job->n_attempts == 0)
                step_fail_of_target(j->job, s);
        else
                step_succeed(f, j, s);
}

/* Back from step `from`, all at once: clients see one change. Each step takes a microsecond. */
static void undo(Job *j, const JobStep *from)
{
        const PlanStep *plan = plan_find(j->kind, j->strategy)->steps;
        size_t last = (size_t) (from - j->steps);
        uint64_t now = clock_realtime_usec();

        for (size_t i = last + 1; i-- > 0 && plan[i].stage == plan[last].stage;) {
                j->steps[i].state = STEP_UNDONE;
                j->steps[i].ended_usec = now++;
        }
}

static void choose_another(Job *j)
{
        Function other = { 0 };

        assert(pci_address_parse("0000:02:10.2", &other.address) >= 0);
        assert(retarget_apply(j, RETARGET_OTHER, (const Function *[]) { &other }, clock_realtime_usec()) >=
               0);
}

/* Is this where the job stays, for now or for good? */
static bool job_waits(const FakeJob *j, const JobStep *s)
{
        if (job_is_of(j, "fickle"))
                return !j->seen;
        if (s->id == STEP_SAVE && s->state == STEP_STARTED)
                return job_is_of(j, "slow") || job_is_of(j, "late");
        if (s->state == STEP_UNDOING)
                return job_is_of(j, "stubborn");
        return j->job->state == JOB_RETRYING;
}

/* One step further: the step that runs ends, the next one begins. */
static void job_tick(Fake *f, FakeJob *fj)
{
        Job *j = fj->job;
        JobStep *s = j->steps;

        while (s->state == STEP_DONE)
                s++;

        if (job_is_of(fj, "queued"))
                return;
        if (fj->canceled) {
                set_state(j, JOB_UNDOING);
                undo(j, s);
                (void) failure_set(&j->failure, FAILURE_CANCELED, "%s", "");
                job_end(f, fj, JOB_CANCELED);
        } else if (job_waits(fj, s))
                return;
        else if (s->state == STEP_PENDING)
                step_begin(j, s);
        else if (s->state == STEP_STARTED)
                step_finish(f, fj, s);
        else if (s->state == STEP_FAILED) {
                s->state = STEP_UNDOING;
                s->started_usec = clock_realtime_usec();
        } else {
                undo(j, s);
                set_state(j, JOB_RETRYING);
                /* At once: nobody sees that steps were undone, only that they are to be done again. */
                if (job_is_of(fj, "fickle"))
                        choose_another(j);
        }

        fj->seen = false;
        assert(sd_bus_emit_properties_changed(f->bus, fj->path, VGPU_HIBERNATE_JOB_INTERFACE, "Strategy",
                                              "State", "Step", "StepNumber", "StepCount", "Progress",
                                              "Bytes", "BytesTotal", "Rate", "Error", "ErrorMessage",
                                              "Cancelable", "QueuePosition", "Ended", "Functions", "Steps",
                                              "Attempts", "Events", NULL) >= 0);
        if (job_state_is_final(j->state))
                assert(sd_bus_emit_signal(f->bus, fj->path, "org.freedesktop.DBus.Properties",
                                          "PropertiesChanged", "sa{sv}as", VGPU_HIBERNATE_JOB_INTERFACE, 0,
                                          1, "Rate") >= 0);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
        Fake *f = userdata;

        for (size_t i = 0; i < f->n_jobs; i++)
                if (!job_state_is_final(f->jobs[i].job->state))
                        job_tick(f, &f->jobs[i]);

        assert(sd_event_source_set_time_relative(source, TICK_USEC) >= 0);
        assert(sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) >= 0);
        return 0;
}

FakeJob *job_add(Fake *f, uint64_t id, JobKind kind, const char *domain)
{
        FakeJob *j = &f->jobs[f->n_jobs++];
        FunctionSwap swap = { .has_from = true, .has_to = kind != JOB_HIBERNATE };

        assert(f->n_jobs <= JOBS_MAX);
        assert(pci_address_parse("0000:01:10.0", &swap.from) >= 0);
        assert(pci_address_parse("0000:02:10.0", &swap.to) >= 0);
        assert(job_new(id, kind, STRATEGY_AUTO, UUID, domain, &j->job) >= 0);
        assert(job_set_swaps(j->job, &swap, 1) >= 0);
        j->job->created_usec = clock_realtime_usec();
        (void) snprintf(j->path, sizeof(j->path), "%s/%" PRIu64, VGPU_HIBERNATE_JOB_PATH, id);
        job_export(f, j);
        return j;
}

/* The job that was in its save when the last daemon died, now free to go on. */
static void adopt_job(Fake *f, uint64_t id)
{
        Job *j = job_add(f, id, JOB_MOVE, "vm1")->job;

        assert(job_set_strategy(j, STRATEGY_SUSPEND_TO_RAM) >= 0);
        set_state(j, JOB_RUNNING);
        for (JobStep *s = j->steps; s->id != STEP_SAVE; s++) {
                s->started_usec = j->created_usec;
                step_end(s, STEP_DONE);
        }
        f->next_id = id + 1;
}

int main(int argc, char *argv[])
{
        Fake f = {
                .domains = { { "vm1", "running", { "0000:01:10.0" }, "", 0 },
                             { "cold", "hibernated", { NULL }, "suspend-to-ram", 2900 * MIB, "release", 0 },
                             { "plain", "running", { NULL }, "", 0 },
                             { HOSTILE_NAME, "running", { "0000:01:10.2", "0000:01:10.4" }, "", 0 } },
                .functions = { { "0000:01:10.4", "leased", "vm1", 9, 0, NULL },
                               { "0000:02:10.0", "free", "", 12, 1, NULL },
                               { "0000:01:10.2", "assigned", HOSTILE_NAME, 11, 0, NULL },
                               { "0000:01:10.0", "assigned", "vm1", 10, 0, NULL },
                               { "0000:02:10.2", "quarantined", "", -1, -1, NULL } },
                .next_id = 17,
        };

        f.functions[4].reason = strdup("reads as all ones after its reset");

        assert(sd_event_new(&f.event) >= 0);
        assert(sd_bus_open_user(&f.bus) >= 0);
        assert(sd_bus_attach_event(f.bus, f.event, 0) >= 0);
        assert(sd_bus_set_exit_on_disconnect(f.bus, true) >= 0);
        manager_export(&f);
        if (argc > 1)
                adopt_job(&f, strtoull(argv[1], NULL, 10));
        assert(sd_event_add_time_relative(f.event, NULL, CLOCK_MONOTONIC, TICK_USEC, 1, on_tick, &f) >= 0);
        assert(sd_bus_request_name(f.bus, VGPU_HIBERNATE_BUS_NAME, 0) >= 0);

        (void) puts("ready");
        (void) fflush(stdout);
        return sd_event_loop(f.event);
}
