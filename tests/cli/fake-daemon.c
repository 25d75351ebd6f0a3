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

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "basic/clock.h"
#include "core/job.h"
#include "vgpu-hibernate.h"

#define TICK_USEC (20 * USEC_PER_MSEC)
#define JOBS_MAX 32
#define MIB UINT64_C(1048576)
#define UUID "0c4ab3e2-7f1d-4c3e-9c3b-25a1f1c6d9a1"

/* Everything that a terminal or a shell might take for an order. */
#define HOSTILE_NAME "evil\x1b[2J\n\x07$(touch pwned) \xe2\x80\xae\xc2\x9b x"

typedef struct FakeDomain {
        const char *name, *state;
        const char *functions[3];
        const char *strategy;
        uint64_t image_bytes;
} FakeDomain;

typedef struct FakeFunction {
        const char *address, *state, *domain;
        int32_t group, node;
        char *reason; /* owned */
} FakeFunction;

typedef struct FakeJob {
        uint64_t id;
        JobKind kind;
        const char *domain;
        const Plan *plan;
        JobState state;
        size_t step; /* index into the plan; its end: all done */
        uint64_t step_started[PLAN_STEPS_MAX], step_ended[PLAN_STEPS_MAX];
        uint64_t bytes, created, ended;
        bool canceled;
        char path[sizeof(VGPU_HIBERNATE_JOB_PATH) + 24];
} FakeJob;

typedef struct Fake {
        sd_event *event;
        sd_bus *bus;
        FakeFunction functions[5];
        FakeJob jobs[JOBS_MAX];
        size_t n_jobs;
        uint64_t next_id;
} Fake;

static const FakeDomain domains[] = {
        { "vm1", "running", { "0000:01:10.0" }, "", 0 },
        { "cold", "hibernated", { NULL }, "suspend-to-ram", 2900 * MIB },
        { "plain", "running", { NULL }, "", 0 },
        { HOSTILE_NAME, "running", { "0000:01:10.2", "0000:01:10.4" }, "", 0 },
};

static bool name_is(const FakeJob *j, const char *name)
{
        return streq(j->domain, name);
}

/* Properties of jobs */

static int get_uint64(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const FakeJob *j = userdata;
        uint64_t value = 0;

        if (streq(property, "Id"))
                value = j->id;
        else if (streq(property, "Bytes"))
                value = j->bytes;
        else if (streq(property, "BytesTotal"))
                value = j->bytes > 0 ? 96 * MIB : 0;
        else if (streq(property, "Rate"))
                value = j->bytes > 0 && j->bytes < 96 * MIB ? 12 * MIB : 0;
        else if (streq(property, "Created"))
                value = j->created;
        else if (streq(property, "Ended"))
                value = j->ended;
        return sd_bus_message_append_basic(reply, 't', &value);
}

static int get_string(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const FakeJob *j = userdata;
        const char *value = "";

        if (streq(property, "Kind"))
                value = job_kind_to_string(j->kind);
        else if (streq(property, "Domain"))
                value = j->domain;
        else if (streq(property, "DomainUUID"))
                value = UUID;
        else if (streq(property, "Strategy"))
                value = strategy_to_string(j->plan->strategy);
        else if (streq(property, "State"))
                value = job_state_to_string(j->state);
        else if (streq(property, "Step"))
                value = j->step < j->plan->n_steps ? step_id_to_string(j->plan->steps[j->step].id)
                                                   : "release";
        else if (streq(property, "Error") && j->state == JOB_FAILED)
                value = VGPU_HIBERNATE_ERROR_SAVE_FAILED;
        else if (streq(property, "ErrorMessage") && j->state == JOB_FAILED)
                value = "cannot write the image: the disk says \x1b[31mno\x1b[0m";
        else if (streq(property, "Error") && j->state == JOB_CANCELED)
                value = VGPU_HIBERNATE_ERROR_CANCELED;
        return sd_bus_message_append_basic(reply, 's', value);
}

static int get_uint32(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const FakeJob *j = userdata;
        uint32_t number = (uint32_t) (j->step < j->plan->n_steps ? j->step + 1 : j->plan->n_steps);
        uint32_t count = (uint32_t) j->plan->n_steps;

        return sd_bus_message_append_basic(reply, 'u', streq(property, "StepNumber") ? &number : &count);
}

static int get_progress(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const FakeJob *j = userdata;
        double progress = (double) j->step / (double) j->plan->n_steps;

        return sd_bus_message_append_basic(reply, 'd', &progress);
}

static int get_cancelable(sd_bus *bus, const char *path, const char *interface, const char *property,
                          sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const FakeJob *j = userdata;
        int cancelable = !job_state_is_final(j->state) && !name_is(j, "late");

        return sd_bus_message_append_basic(reply, 'b', &cancelable);
}

static int get_swaps(sd_bus *bus, const char *path, const char *interface, const char *property,
                     sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const FakeJob *j = userdata;

        if (j->kind == JOB_HIBERNATE)
                return sd_bus_message_append(reply, "a(ss)", 1, "0000:01:10.0", "");
        return sd_bus_message_append(reply, "a(ss)", 1, "0000:01:10.0", "0000:02:10.0");
}

static StepState step_state(const FakeJob *j, size_t i)
{
        if (j->step_ended[i] > 0)
                return j->state == JOB_FAILED && i == j->step ? STEP_FAILED
                       : j->state == JOB_CANCELED             ? STEP_UNDONE
                                                              : STEP_DONE;
        return j->step_started[i] > 0 ? STEP_STARTED : STEP_PENDING;
}

static int get_steps(sd_bus *bus, const char *path, const char *interface, const char *property,
                     sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const FakeJob *j = userdata;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sstt)");
        for (size_t i = 0; r >= 0 && i < j->plan->n_steps; i++)
                r = sd_bus_message_append(reply, "(sstt)", step_id_to_string(j->plan->steps[i].id),
                                          step_state_to_string(step_state(j, i)), j->step_started[i],
                                          j->step_ended[i]);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int on_cancel(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        FakeJob *j = userdata;

        if (name_is(j, "late") || job_state_is_final(j->state))
                return sd_bus_error_setf(reterr, VGPU_HIBERNATE_ERROR_TOO_LATE,
                                         "job %" PRIu64 " has passed its commit point", j->id);
        j->canceled = true;
        return sd_bus_reply_method_return(m, NULL);
}

static const sd_bus_vtable job_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Cancel", "", "", on_cancel, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Id", "t", get_uint64, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Kind", "s", get_string, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Domain", "s", get_string, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("DomainUUID", "s", get_string, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Strategy", "s", get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("State", "s", get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Step", "s", get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("StepNumber", "u", get_uint32, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("StepCount", "u", get_uint32, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Progress", "d", get_progress, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Bytes", "t", get_uint64, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("BytesTotal", "t", get_uint64, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Rate", "t", get_uint64, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Error", "s", get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("ErrorMessage", "s", get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Cancelable", "b", get_cancelable, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Created", "t", get_uint64, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Ended", "t", get_uint64, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Functions", "a(ss)", get_swaps, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Steps", "a(sstt)", get_steps, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        /* What a later version might add: clients must not mind. */
        SD_BUS_PROPERTY("FromTheFuture", "a(ss)", get_swaps, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_VTABLE_END,
};

/* The life of a job */

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
        bool waits = id == STEP_SAVE && (name_is(j, "slow") || name_is(j, "late"));

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
                if (id == STEP_SAVE && name_is(j, "broken"))
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

static FakeJob *job_add(Fake *f, uint64_t id, JobKind kind, const char *domain)
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
        assert(sd_bus_add_object_vtable(f->bus, NULL, j->path, VGPU_HIBERNATE_JOB_INTERFACE, job_vtable,
                                        j) >= 0);
        return j;
}

/* The manager */

static int read_options(sd_bus_message *m, sd_bus_error *reterr)
{
        const char *name, *value;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                assert(sd_bus_message_read_basic(m, 's', &name) >= 0);
                if (streq(name, "strategy")) {
                        assert(sd_bus_message_read(m, "v", "s", &value) >= 0);
                        if (strategy_from_string(value) < 0)
                                return sd_bus_error_setf(reterr, VGPU_HIBERNATE_ERROR_INVALID_OPTION,
                                                         "there is no strategy '%s'", value);
                } else if (streq(name, "functions")) {
                        assert(sd_bus_message_enter_container(m, 'v', "as") >= 0);
                        assert(sd_bus_message_enter_container(m, 'a', "s") >= 0);
                        while (sd_bus_message_read_basic(m, 's', &value) > 0)
                                if (!streq(value, "0000:02:10.0"))
                                        return sd_bus_error_setf(reterr, VGPU_HIBERNATE_ERROR_FUNCTION_BUSY,
                                                                 "function '%s' is taken", value);
                        assert(sd_bus_message_exit_container(m) >= 0);
                        assert(sd_bus_message_exit_container(m) >= 0);
                } else
                        return sd_bus_error_setf(reterr, VGPU_HIBERNATE_ERROR_INVALID_OPTION,
                                                 "there is no option '%s'", name);
                r = sd_bus_message_exit_container(m);
        }

        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* What the signals say is all that there is to know. */
static int answer_brief(Fake *f, sd_bus_message *m, bool failed)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *changed = NULL;
        uint64_t id = f->next_id++;
        char path[sizeof(VGPU_HIBERNATE_JOB_PATH) + 24];

        (void) snprintf(path, sizeof(path), "%s/%" PRIu64, VGPU_HIBERNATE_JOB_PATH, id);

        if (failed) {
                assert(sd_bus_message_new_signal(f->bus, &changed, path, "org.freedesktop.DBus.Properties",
                                                 "PropertiesChanged") >= 0);
                assert(sd_bus_message_append(changed, "sa{sv}as", VGPU_HIBERNATE_JOB_INTERFACE, 3, "State",
                                             "s", "failed", "Error", "s", VGPU_HIBERNATE_ERROR_NO_AGENT,
                                             "ErrorMessage", "s", "nobody is at home", 0) >= 0);
                assert(sd_bus_send(f->bus, changed, NULL) >= 0);
        }
        assert(sd_bus_emit_signal(f->bus, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                  "JobRemoved", "tos", id, path, failed ? "failed" : "done") >= 0);
        return sd_bus_reply_method_return(m, "o", path);
}

static int start_job(sd_bus_message *m, Fake *f, JobKind kind, sd_bus_error *reterr)
{
        const char *domain;
        int r;

        r = sd_bus_message_read_basic(m, 's', &domain);
        if (r < 0)
                return r;

        r = read_options(m, reterr);
        if (r < 0)
                return r;

        if (streq(domain, "refused"))
                return sd_bus_error_set(reterr, VGPU_HIBERNATE_ERROR_NO_FREE_FUNCTION,
                                        "no function of this host is free; 0000:02:10.0 is held");
        if (streq(domain, "ask") && sd_bus_message_get_allow_interactive_authorization(m) <= 0)
                return sd_bus_error_set(reterr, SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED,
                                        "a password is needed");
        if (streq(domain, "mute"))
                return sd_event_exit(f->event, 0) < 0 ? -ENOMEM : 1; /* taken, and never answered */
        if (streq(domain, "brief") || streq(domain, "doomed"))
                return answer_brief(f, m, streq(domain, "doomed"));
        if (streq(domain, "unknown"))
                return sd_bus_error_set(reterr, VGPU_HIBERNATE_ERROR_UNKNOWN_DOMAIN,
                                        "libvirt has no domain 'unknown'");

        return sd_bus_reply_method_return(m, "o", job_add(f, f->next_id++, kind, domain)->path);
}

static int on_hibernate(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        return start_job(m, userdata, JOB_HIBERNATE, reterr);
}

static int on_resume(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        return start_job(m, userdata, JOB_RESUME, reterr);
}

static int on_move(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        return start_job(m, userdata, JOB_MOVE, reterr);
}

static int on_get_job(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        Fake *f = userdata;
        uint64_t id;
        int r;

        r = sd_bus_message_read_basic(m, 't', &id);
        if (r < 0)
                return r;

        for (size_t i = 0; i < f->n_jobs; i++)
                if (f->jobs[i].id == id)
                        return sd_bus_reply_method_return(m, "o", f->jobs[i].path);

        return sd_bus_error_setf(reterr, VGPU_HIBERNATE_ERROR_UNKNOWN_JOB, "there is no job %" PRIu64, id);
}

static int on_get_function(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        Fake *f = userdata;
        const char *address;
        int r;

        r = sd_bus_message_read_basic(m, 's', &address);
        if (r < 0)
                return r;

        for (size_t i = 0; i < ELEMENTSOF(f->functions); i++)
                if (streq(f->functions[i].address, address)) {
                        char path[sizeof(VGPU_HIBERNATE_FUNCTION_PATH) + 8];

                        (void) snprintf(path, sizeof(path), "%s/%zu", VGPU_HIBERNATE_FUNCTION_PATH, i);
                        return sd_bus_reply_method_return(m, "o", path);
                }

        return sd_bus_error_setf(reterr, VGPU_HIBERNATE_ERROR_UNKNOWN_FUNCTION, "there is no function '%s'",
                                 address);
}

static int get_manager(sd_bus *bus, const char *path, const char *interface, const char *property,
                       sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        if (streq(property, "Degraded"))
                return sd_bus_message_append(reply, "b", 1);
        return sd_bus_message_append(reply, "s", streq(property, "Version") ? "9.8.7" : "libvirt is away");
}

static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Hibernate", "sa{sv}", "o", on_hibernate, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Resume", "sa{sv}", "o", on_resume, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Move", "sa{sv}", "o", on_move, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("GetJob", "t", "o", on_get_job, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("GetFunction", "s", "o", on_get_function, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Version", "s", get_manager, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Degraded", "b", get_manager, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("DegradedReason", "s", get_manager, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_SIGNAL("JobNew", "to", 0),
        SD_BUS_SIGNAL("JobRemoved", "tos", 0),
        SD_BUS_VTABLE_END,
};

/* Domains */

static int get_domain(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const FakeDomain *d = userdata;

        if (streq(property, "Functions"))
                return sd_bus_message_append_strv(reply, (char **) (uintptr_t) d->functions);
        if (streq(property, "ImageBytes"))
                return sd_bus_message_append_basic(reply, 't', &d->image_bytes);
        if (streq(property, "Job"))
                return sd_bus_message_append_basic(
                                reply, 'o', streq(d->name, "vm1") ? VGPU_HIBERNATE_JOB_PATH "/17" : "/");
        return sd_bus_message_append_basic(reply, 's',
                                           streq(property, "Name")       ? d->name
                                           : streq(property, "State")    ? d->state
                                           : streq(property, "Strategy") ? d->strategy
                                                                         : UUID);
}

static const sd_bus_vtable domain_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_PROPERTY("Name", "s", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("UUID", "s", get_domain, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("State", "s", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Functions", "as", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Strategy", "s", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("ImageBytes", "t", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Job", "o", get_domain, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_VTABLE_END,
};

/* Functions */

static int get_function(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const FakeFunction *f = userdata;

        if (streq(property, "IommuGroup"))
                return sd_bus_message_append_basic(reply, 'i', &f->group);
        if (streq(property, "NumaNode"))
                return sd_bus_message_append_basic(reply, 'i', &f->node);
        return sd_bus_message_append_basic(reply, 's',
                                           streq(property, "Address")            ? f->address
                                           : streq(property, "PhysicalFunction") ? "0000:01:00.0"
                                           : streq(property, "Device")           ? "8086:10ca"
                                           : streq(property, "Driver")           ? "vfio-pci"
                                           : streq(property, "State")            ? f->state
                                           : streq(property, "Domain")           ? f->domain
                                           : f->reason                           ? f->reason
                                                                                 : "");
}

static int on_quarantine(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        FakeFunction *f = userdata;
        const char *reason;
        int r;

        r = sd_bus_message_read_basic(m, 's', &reason);
        if (r < 0)
                return r;

        assert(free_and_strdup(&f->reason, reason) >= 0);
        f->state = "quarantined";
        return sd_bus_reply_method_return(m, NULL);
}

static int on_clear(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        FakeFunction *f = userdata;

        assert(free_and_strdup(&f->reason, NULL) >= 0);
        f->state = "free";
        return sd_bus_reply_method_return(m, NULL);
}

static const sd_bus_vtable function_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("Quarantine", "s", "", on_quarantine, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD("Clear", "", "", on_clear, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Address", "s", get_function, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("PhysicalFunction", "s", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Device", "s", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Driver", "s", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("IommuGroup", "i", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("NumaNode", "i", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("State", "s", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Domain", "s", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Reason", "s", get_function, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_VTABLE_END,
};

static void export_objects(Fake *f)
{
        char path[sizeof(VGPU_HIBERNATE_FUNCTION_PATH) + 8];

        assert(sd_bus_add_object_manager(f->bus, NULL, VGPU_HIBERNATE_ROOT_PATH) >= 0);
        assert(sd_bus_add_object_vtable(f->bus, NULL, VGPU_HIBERNATE_ROOT_PATH,
                                        VGPU_HIBERNATE_MANAGER_INTERFACE, manager_vtable, f) >= 0);

        for (size_t i = 0; i < ELEMENTSOF(domains); i++) {
                (void) snprintf(path, sizeof(path), "%s/%zu", VGPU_HIBERNATE_DOMAIN_PATH, i);
                assert(sd_bus_add_object_vtable(f->bus, NULL, path, VGPU_HIBERNATE_DOMAIN_INTERFACE,
                                                domain_vtable, (void *) (uintptr_t) &domains[i]) >= 0);
        }
        for (size_t i = 0; i < ELEMENTSOF(f->functions); i++) {
                (void) snprintf(path, sizeof(path), "%s/%zu", VGPU_HIBERNATE_FUNCTION_PATH, i);
                assert(sd_bus_add_object_vtable(f->bus, NULL, path, VGPU_HIBERNATE_FUNCTION_INTERFACE,
                                                function_vtable, &f->functions[i]) >= 0);
        }
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
        export_objects(&f);
        if (argc > 1)
                adopt_job(&f, strtoull(argv[1], NULL, 10));
        assert(sd_event_add_time_relative(f.event, NULL, CLOCK_MONOTONIC, TICK_USEC, 1, on_tick, &f) >= 0);
        assert(sd_bus_request_name(f.bus, VGPU_HIBERNATE_BUS_NAME, 0) >= 0);

        (void) puts("ready");
        (void) fflush(stdout);
        return sd_event_loop(f.event);
}
