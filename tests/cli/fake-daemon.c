/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A daemon that only talks: the D-Bus contract over a model that the names of its domains script.
 *
 *   vm1       jobs run through their whole plan and end well
 *   refused   every request is refused
 *   broken    the job fails in the middle
 *   slow      the job stops in its save and waits: for a cancel, or for the next daemon
 *   late      like slow, but too late to cancel
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

#define TICK_USEC (20 * USEC_PER_MSEC)

/* Everything that a terminal or a shell might take for an order. */
#define HOSTILE_NAME "evil\x1b[2J\n\x07$(touch pwned) \xe2\x80\xae\xc2\x9b x"

bool job_is_of(const FakeJob *j, const char *domain)
{
        return streq(j->domain, domain);
}

static void job_end(Fake *f, FakeJob *j, JobState state)
{
        assert(job_set_state(&(Job) { .state = j->state }, state) >= 0 || state == JOB_CANCELED);
        j->state = state;
        j->ended = clock_realtime_usec();
        assert(sd_bus_emit_signal(f->bus, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                  "JobRemoved", "tos", j->id, j->path, job_state_to_string(state)) >= 0);
}

/* One step further: the step that runs ends, the next one begins. */
static void job_tick(Fake *f, FakeJob *j)
{
        StepId id = j->plan->steps[j->step].id;
        bool waits = id == STEP_SAVE && (job_is_of(j, "slow") || job_is_of(j, "late"));

        if (job_state_is_final(j->state))
                return;

        if (j->canceled) {
                for (size_t i = 0; i <= j->step; i++)
                        j->step_ended[i] = clock_realtime_usec();
                job_end(f, j, JOB_CANCELED);
        } else if (waits && j->step_started[j->step] > 0)
                return;
        else if (j->step_started[j->step] == 0) {
                j->state = JOB_RUNNING;
                j->step_started[j->step] = clock_realtime_usec();
                if (id == STEP_SAVE)
                        j->bytes = 43 * MIB;
        } else {
                j->step_ended[j->step] = clock_realtime_usec();
                if (id == STEP_SAVE && job_is_of(j, "broken"))
                        job_end(f, j, JOB_FAILED);
                else {
                        if (id == STEP_SAVE)
                                j->bytes = 96 * MIB;
                        if (id == STEP_CHECK) /* only now the strategy is known, and with it the plan */
                                j->plan = plan_find(j->kind, STRATEGY_SUSPEND_TO_RAM);
                        if (++j->step == j->plan->n_steps)
                                job_end(f, j, JOB_DONE);
                }
        }

        assert(sd_bus_emit_properties_changed(f->bus, j->path, VGPU_HIBERNATE_JOB_INTERFACE, "Strategy",
                                              "State", "Step", "StepNumber", "StepCount", "Progress",
                                              "Bytes", "BytesTotal", "Rate", "Error", "ErrorMessage",
                                              "Cancelable", "Ended", "Steps", NULL) >= 0);
}

static int on_tick(sd_event_source *source, uint64_t usec, void *userdata)
{
        Fake *f = userdata;

        for (size_t i = 0; i < f->n_jobs; i++)
                if (!job_state_is_final(f->jobs[i].state))
                        job_tick(f, &f->jobs[i]);

        assert(sd_event_source_set_time_relative(source, TICK_USEC) >= 0);
        assert(sd_event_source_set_enabled(source, SD_EVENT_ONESHOT) >= 0);
        return 0;
}

FakeJob *job_add(Fake *f, uint64_t id, JobKind kind, const char *domain)
{
        FakeJob *j = &f->jobs[f->n_jobs++];

        assert(f->n_jobs <= JOBS_MAX);
        *j = (FakeJob) {
                .id = id,
                .kind = kind,
                .domain = strdup(domain),
                .plan = plan_find(kind, STRATEGY_AUTO),
                .created = clock_realtime_usec(),
        };
        (void) snprintf(j->path, sizeof(j->path), "%s/%" PRIu64, VGPU_HIBERNATE_JOB_PATH, id);
        job_export(f, j);
        return j;
}

/* The job that was in its save when the last daemon died, now free to go on. */
static void adopt_job(Fake *f, uint64_t id)
{
        FakeJob *j = job_add(f, id, JOB_MOVE, "vm1");

        j->plan = plan_find(JOB_MOVE, STRATEGY_SUSPEND_TO_RAM);
        j->state = JOB_RUNNING;
        while (j->plan->steps[j->step].id != STEP_SAVE) {
                j->step_started[j->step] = j->created;
                j->step_ended[j->step] = j->created + 1;
                j->step++;
        }
        f->next_id = id + 1;
}

int main(int argc, char *argv[])
{
        Fake f = {
                .domains = { { "vm1", "running", { "0000:01:10.0" }, "", 0 },
                             { "cold", "hibernated", { NULL }, "suspend-to-ram", 2900 * MIB },
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
