/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The fake daemon's jobs on the bus. */

#include "fake-daemon.h"

#include <assert.h>
#include <inttypes.h>

#define FAKE_JOB_EXPECTED_USEC (3600 * USEC_PER_SEC)

static int get_uint64(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        FakeJob *fj = userdata;
        const Job *j = fj->job;
        uint64_t value = 0;

        if (streq(property, "Id")) {
                value = j->id;
                fj->seen = true; /* who emits a signal does not ask for what is constant */
        } else if (streq(property, "Bytes"))
                value = j->bytes;
        else if (streq(property, "BytesTotal"))
                value = j->bytes > 0 ? 96 * MIB : 0;
        else if (streq(property, "Rate"))
                value = j->bytes > 0 && j->bytes < 96 * MIB ? 12 * MIB : 0;
        else if (streq(property, "ExpectedEnd"))
                value = job_is_of(fj, "late") ? j->created_usec + FAKE_JOB_EXPECTED_USEC : 0;
        else if (streq(property, "Predicted"))
                value = 14 * USEC_PER_SEC;
        else if (streq(property, "Took") && j->state == JOB_DONE)
                value = 15500 * USEC_PER_MSEC;
        else if (streq(property, "Created"))
                value = j->created_usec;
        else if (streq(property, "Ended"))
                value = j->ended_usec;
        return sd_bus_message_append_basic(reply, 't', &value);
}

static int get_string(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const Job *j = ((const FakeJob *) userdata)->job;
        const JobStep *step = job_current_step(j);
        const char *value = "";

        if (streq(property, "Kind"))
                value = job_kind_to_string(j->kind);
        else if (streq(property, "Domain"))
                value = j->domain_name;
        else if (streq(property, "DomainUUID"))
                value = j->domain_uuid;
        else if (streq(property, "Strategy"))
                value = strategy_to_string(j->strategy);
        else if (streq(property, "State"))
                value = job_state_to_string(j->state);
        else if (streq(property, "Step") && step)
                value = step_id_to_string(step->id);
        else if (streq(property, "Error") && j->failure.code != FAILURE_NONE)
                value = failure_code_to_bus_error(j->failure.code);
        else if (streq(property, "ErrorMessage") && j->failure.code != FAILURE_NONE)
                value = failure_message(&j->failure);
        return sd_bus_message_append_basic(reply, 's', value);
}

static int get_uint32(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const Job *j = ((const FakeJob *) userdata)->job;
        const JobStep *step = job_current_step(j);
        uint32_t number = step ? (uint32_t) (step - j->steps) + 1 : 0, count = (uint32_t) j->n_steps;

        return sd_bus_message_append_basic(reply, 'u', streq(property, "StepNumber") ? &number : &count);
}

static int get_queue_position(sd_bus *bus, const char *path, const char *interface, const char *property,
                              sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        uint32_t position = job_is_of(userdata, "queued") ? 2 : 0;

        return sd_bus_message_append_basic(reply, 'u', &position);
}

static int get_progress(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const Job *j = ((const FakeJob *) userdata)->job;
        double progress = 0;

        for (size_t i = 0; i < j->n_steps; i++)
                progress += j->steps[i].state == STEP_DONE ? 1 : 0;
        progress /= (double) j->n_steps;
        return sd_bus_message_append_basic(reply, 'd', &progress);
}

static int get_cancelable(sd_bus *bus, const char *path, const char *interface, const char *property,
                          sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const FakeJob *j = userdata;
        int cancelable = !job_state_is_final(j->job->state) && !job_is_of(j, "late");

        return sd_bus_message_append_basic(reply, 'b', &cancelable);
}

static int get_swaps(sd_bus *bus, const char *path, const char *interface, const char *property,
                     sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const FunctionSwap *s = ((const FakeJob *) userdata)->job->swaps;

        return sd_bus_message_append(reply, "a(ss)", 1, PCI_ADDRESS_STR(&s->from),
                                     s->has_to ? PCI_ADDRESS_STR(&s->to) : "");
}

static int get_steps(sd_bus *bus, const char *path, const char *interface, const char *property,
                     sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const Job *j = ((const FakeJob *) userdata)->job;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sstt)");
        for (size_t i = 0; r >= 0 && i < j->n_steps; i++) {
                const JobStep *s = &j->steps[i];

                r = sd_bus_message_append(reply, "(sstt)", step_id_to_string(s->id),
                                          step_state_to_string(s->state), s->started_usec, s->ended_usec);
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int get_attempts(sd_bus *bus, const char *path, const char *interface, const char *property,
                        sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const Job *j = ((const FakeJob *) userdata)->job;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(tassss)");
        for (size_t i = 0; r >= 0 && i < j->n_attempts; i++) {
                const JobAttempt *a = &j->attempts[i];

                r = sd_bus_message_append(reply, "(tassss)", a->usec, 1, PCI_ADDRESS_STR(&a->targets[0]),
                                          step_id_to_string(a->step),
                                          failure_code_to_bus_error(a->failure.code),
                                          failure_message(&a->failure));
        }
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int get_events(sd_bus *bus, const char *path, const char *interface, const char *property,
                      sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const Job *j = ((const FakeJob *) userdata)->job;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(ts)");
        for (size_t i = 0; r >= 0 && i < j->n_events; i++)
                r = sd_bus_message_append(reply, "(ts)", j->events[i].usec, j->events[i].text);
        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int on_cancel(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        FakeJob *j = userdata;

        if (job_is_of(j, "late") || job_state_is_final(j->job->state))
                return sd_bus_error_setf(reterr, VGPU_HIBERNATE_ERROR_TOO_LATE,
                                         "job %" PRIu64 " has passed its commit point", j->job->id);
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
        SD_BUS_PROPERTY("Predicted", "t", get_uint64, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Took", "t", get_uint64, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("ExpectedEnd", "t", get_uint64, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Error", "s", get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("ErrorMessage", "s", get_string, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Cancelable", "b", get_cancelable, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("QueuePosition", "u", get_queue_position, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Created", "t", get_uint64, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Ended", "t", get_uint64, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Functions", "a(ss)", get_swaps, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Steps", "a(sstt)", get_steps, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Attempts", "a(tassss)", get_attempts, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Events", "a(ts)", get_events, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        /* What a later version might add: clients must not mind. */
        SD_BUS_PROPERTY("FromTheFuture", "a(ss)", get_swaps, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_VTABLE_END,
};

void job_export(Fake *f, FakeJob *j)
{
        assert(sd_bus_add_object_vtable(f->bus, NULL, j->path, VGPU_HIBERNATE_JOB_INTERFACE, job_vtable,
                                        j) >= 0);
}
