/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.vgpu.Hibernate1.Job: one object for each ManagedJob. */

#include "core/apply.h"
#include "core/prediction.h"
#include "daemon/daemon-bus.h"
#include "daemon/job-queue.h"
#include "daemon/manager-jobs.h"
#include "daemon/object-path.h"
#include "vgpu-hibernate.h"

/* Getters that are one expression of `j`. */
#define DEFINE_JOB_PROPERTY(name, type, expression)                                                 \
        static int property_get_##name(sd_bus *bus, const char *path, const char *interface,        \
                                       const char *property, sd_bus_message *reply, void *userdata, \
                                       sd_bus_error *error)                                         \
        {                                                                                           \
                const ManagedJob *j = userdata;                                                     \
                                                                                                    \
                return sd_bus_message_append(reply, type, expression);                              \
        }                                                                                           \
        typedef int property_get_##name##_defined_

/* "/": none. */
static int append_job_path(sd_bus_message *reply, uint64_t id)
{
        _cleanup_free_ char *path = NULL;
        int r;

        if (id == 0)
                return sd_bus_message_append(reply, "o", "/");

        r = job_path_from_id(id, &path);
        return r < 0 ? r : sd_bus_message_append(reply, "o", path);
}

static uint32_t moves_done(const Job *j)
{
        return j->apply ? (uint32_t) apply_count(j->apply, APPLY_DONE) : 0;
}

static uint32_t moves_remaining(const Job *j)
{
        return j->apply ? (uint32_t) apply_count_open(j->apply) : 0;
}

static const char *step_name(const Job *j)
{
        const JobStep *s = job_current_step(j);

        return s ? step_id_to_string(s->id) : "";
}

static const char *error_name(const ManagedJob *j)
{
        const Failure *f = managed_job_failure(j);

        return f->code == FAILURE_NONE ? "" : failure_code_to_bus_error(f->code);
}

static const char *error_message(const ManagedJob *j)
{
        const Failure *f = managed_job_failure(j);

        if (f->code != FAILURE_NONE)
                return failure_message(f);
        return j->job->stuck ? j->job->stuck : "";
}

DEFINE_JOB_PROPERTY(id, "t", j->job->id);
DEFINE_JOB_PROPERTY(kind, "s", job_kind_to_string(j->job->kind));
DEFINE_JOB_PROPERTY(domain, "s", j->job->domain_name);
DEFINE_JOB_PROPERTY(domain_uuid, "s", j->job->domain_uuid);
DEFINE_JOB_PROPERTY(strategy, "s", strategy_to_string(j->job->strategy));
DEFINE_JOB_PROPERTY(state, "s", job_state_to_string(managed_job_state(j)));
DEFINE_JOB_PROPERTY(step, "s", step_name(j->job));
DEFINE_JOB_PROPERTY(step_number, "u", job_step_number(j->job));
DEFINE_JOB_PROPERTY(step_count, "u", (uint32_t) j->job->n_steps);
DEFINE_JOB_PROPERTY(progress, "d", managed_job_progress(j));
DEFINE_JOB_PROPERTY(error, "s", error_name(j));
DEFINE_JOB_PROPERTY(error_message, "s", error_message(j));
DEFINE_JOB_PROPERTY(cancelable, "b", managed_job_is_cancelable(j));
DEFINE_JOB_PROPERTY(queue_position, "u", job_queue_position(j));
DEFINE_JOB_PROPERTY(created, "t", j->job->created_usec);
DEFINE_JOB_PROPERTY(ended, "t", j->job->ended_usec);
DEFINE_JOB_PROPERTY(took, "t", prediction_took_usec(j->job));
DEFINE_JOB_PROPERTY(done, "u", moves_done(j->job));
DEFINE_JOB_PROPERTY(remaining, "u", moves_remaining(j->job));

static int property_get_functions(sd_bus *bus, const char *path, const char *interface, const char *property,
                                  sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const ManagedJob *j = userdata;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(ss)");
        for (size_t i = 0; r >= 0 && i < j->job->n_swaps; i++) {
                const FunctionSwap *s = j->job->swaps + i;

                r = sd_bus_message_append(reply, "(ss)", s->has_from ? PCI_ADDRESS_STR(&s->from) : "",
                                          s->has_to ? PCI_ADDRESS_STR(&s->to) : "");
        }

        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int property_get_steps(sd_bus *bus, const char *path, const char *interface, const char *property,
                              sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const ManagedJob *j = userdata;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(sstt)");
        for (size_t i = 0; r >= 0 && i < j->job->n_steps; i++) {
                const JobStep *s = j->job->steps + i;

                r = sd_bus_message_append(reply, "(sstt)", step_id_to_string(s->id),
                                          step_state_to_string(s->state), s->started_usec, s->ended_usec);
        }

        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int append_attempt(sd_bus_message *reply, const JobAttempt *a)
{
        int r;

        if ((r = sd_bus_message_open_container(reply, 'r', "tassss")) < 0 ||
            (r = sd_bus_message_append(reply, "t", a->usec)) < 0 ||
            (r = sd_bus_message_open_container(reply, 'a', "s")) < 0)
                return r;

        for (size_t i = 0; i < a->n_targets; i++) {
                r = sd_bus_message_append(reply, "s", PCI_ADDRESS_STR(&a->targets[i]));
                if (r < 0)
                        return r;
        }

        if ((r = sd_bus_message_close_container(reply)) < 0 ||
            (r = sd_bus_message_append(reply, "sss", step_id_to_string(a->step),
                                       failure_code_to_bus_error(a->failure.code),
                                       failure_message(&a->failure))) < 0)
                return r;
        return sd_bus_message_close_container(reply);
}

static int property_get_attempts(sd_bus *bus, const char *path, const char *interface, const char *property,
                                 sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const ManagedJob *j = userdata;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(tassss)");
        for (size_t i = 0; r >= 0 && i < j->job->n_attempts; i++)
                r = append_attempt(reply, j->job->attempts + i);

        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int property_get_events(sd_bus *bus, const char *path, const char *interface, const char *property,
                               sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const ManagedJob *j = userdata;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(ts)");
        for (size_t i = 0; r >= 0 && i < j->job->n_events; i++)
                r = sd_bus_message_append(reply, "(ts)", j->job->events[i].usec, j->job->events[i].text);

        return r < 0 ? r : sd_bus_message_close_container(reply);
}

static int property_get_parent(sd_bus *bus, const char *path, const char *interface, const char *property,
                               sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const ManagedJob *j = userdata;

        return append_job_path(reply, j->job->parent);
}

static int append_move(sd_bus_message *reply, const ApplyMove *m)
{
        int r;

        if ((r = sd_bus_message_open_container(reply, 'r', "ussa(ss)sos")) < 0 ||
            (r = sd_bus_message_append(reply, "uss", m->wave, m->name, m->uuid)) < 0 ||
            (r = sd_bus_message_open_container(reply, 'a', "(ss)")) < 0)
                return r;

        for (size_t i = 0; i < m->n_changes; i++) {
                r = sd_bus_message_append(reply, "(ss)", PCI_ADDRESS_STR(&m->changes[i].from),
                                          PCI_ADDRESS_STR(&m->changes[i].to));
                if (r < 0)
                        return r;
        }

        if ((r = sd_bus_message_close_container(reply)) < 0 ||
            (r = sd_bus_message_append(reply, "s", apply_move_state_to_string(m->state))) < 0 ||
            (r = append_job_path(reply, m->job)) < 0 ||
            (r = sd_bus_message_append(reply, "s",
                                       m->failure.code == FAILURE_NONE ? ""
                                                                       : failure_message(&m->failure))) < 0)
                return r;

        return sd_bus_message_close_container(reply);
}

static int property_get_moves(sd_bus *bus, const char *path, const char *interface, const char *property,
                              sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const ManagedJob *j = userdata;
        const Apply *a = j->job->apply;
        int r;

        r = sd_bus_message_open_container(reply, 'a', "(ussa(ss)sos)");
        for (size_t i = 0; r >= 0 && a && i < a->n_moves; i++)
                r = append_move(reply, a->moves + i);

        return r < 0 ? r : sd_bus_message_close_container(reply);
}

/* The job may have been forgotten while polkit was asked. */
static int cancel(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        ManagedJob *j = NULL;
        Failure f = { 0 };
        uint64_t id;
        int r;

        if (job_path_to_id(sd_bus_message_get_path(message), &id) >= 0)
                j = manager_find_job(userdata, id);

        r = j ? managed_job_cancel(j, &f) : failure_set(&f, FAILURE_TOO_LATE, "the job ended long ago");
        if (r < 0)
                return bus_error_from_failure(error, &f);

        return sd_bus_reply_method_return(message, NULL);
}

static int method_cancel(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        ManagedJob *j = userdata;
        const PolkitRequest request = {
                .action = POLKIT_ACTION_CANCEL,
                .detail_key = "domain",
                .detail_value = j->job->domain_name,
                .method = cancel,
                .userdata = j->manager,
        };

        return polkit_authorize(j->manager->polkit, message, &request, error);
}

static int job_find(sd_bus *bus, const char *path, const char *interface, void *userdata, void **ret_found,
                    sd_bus_error *error)
{
        const Manager *m = userdata;
        ManagedJob *j;
        uint64_t id;

        if (job_path_to_id(path, &id) < 0)
                return 0;

        j = manager_find_job(m, id);
        if (!j)
                return 0;

        *ret_found = j;
        return 1;
}

static int job_enumerate(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes,
                         sd_bus_error *error)
{
        const Manager *m = userdata;
        char **nodes;

        nodes = calloc(m->n_jobs + 1, sizeof(char *));
        if (!nodes)
                return -ENOMEM;

        for (size_t i = 0; i < m->n_jobs; i++)
                if (job_path_from_id(m->jobs[i]->job->id, nodes + i) < 0)
                        break; /* bus_return_nodes() sees the gap */

        return bus_return_nodes(nodes, m->n_jobs, ret_nodes);
}

#define JOB_PROPERTY(name, type, getter) \
        SD_BUS_PROPERTY(name, type, property_get_##getter, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE)
#define JOB_PROPERTY_CONST(name, type, getter) \
        SD_BUS_PROPERTY(name, type, property_get_##getter, 0, SD_BUS_VTABLE_PROPERTY_CONST)

static const sd_bus_vtable job_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Cancel", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_cancel,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        JOB_PROPERTY_CONST("Id", "t", id),
        JOB_PROPERTY_CONST("Kind", "s", kind),
        JOB_PROPERTY_CONST("Domain", "s", domain),
        JOB_PROPERTY_CONST("DomainUUID", "s", domain_uuid),
        JOB_PROPERTY("Strategy", "s", strategy),
        JOB_PROPERTY("State", "s", state),
        JOB_PROPERTY("Step", "s", step),
        JOB_PROPERTY("StepNumber", "u", step_number),
        JOB_PROPERTY("StepCount", "u", step_count),
        JOB_PROPERTY("Progress", "d", progress),
        SD_BUS_PROPERTY("Bytes", "t", NULL, offsetof(ManagedJob, bytes),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        JOB_PROPERTY("Error", "s", error),
        JOB_PROPERTY("ErrorMessage", "s", error_message),
        JOB_PROPERTY("Cancelable", "b", cancelable),
        JOB_PROPERTY("QueuePosition", "u", queue_position),
        JOB_PROPERTY_CONST("Created", "t", created),
        JOB_PROPERTY("Ended", "t", ended),
        JOB_PROPERTY("Took", "t", took),
        JOB_PROPERTY("Functions", "a(ss)", functions),
        JOB_PROPERTY("Steps", "a(sstt)", steps),
        JOB_PROPERTY("Attempts", "a(tassss)", attempts),
        JOB_PROPERTY("Events", "a(ts)", events),
        JOB_PROPERTY_CONST("Parent", "o", parent),
        JOB_PROPERTY("Moves", "a(ussa(ss)sos)", moves),
        JOB_PROPERTY("MovesDone", "u", done),
        JOB_PROPERTY("MovesRemaining", "u", remaining),
        SD_BUS_VTABLE_END,
};

DEFINE_BUS_OPTIONAL_PROPERTY(bytes_total, "BytesTotal", "t", ManagedJob, job_find, o->bytes_total > 0,
                             o->bytes_total);
DEFINE_BUS_OPTIONAL_PROPERTY(rate, "Rate", "t", ManagedJob, job_find, o->rate > 0, o->rate);
DEFINE_BUS_OPTIONAL_PROPERTY(expected_end, "ExpectedEnd", "t", ManagedJob, job_find,
                             managed_job_expected_end(o) > 0, managed_job_expected_end(o));
DEFINE_BUS_OPTIONAL_PROPERTY(predicted, "Predicted", "t", ManagedJob, job_find,
                             prediction_said_usec(o->job) > 0, prediction_said_usec(o->job));

int job_bus_add(Manager *m)
{
        static const BusVtable vtables[] = {
                { job_vtable, job_find },
                { bytes_total_vtable, find_bytes_total },
                { rate_vtable, find_rate },
                { expected_end_vtable, find_expected_end },
                { predicted_vtable, find_predicted },
        };
        int r;

        r = bus_add_vtables(m, VGPU_HIBERNATE_JOB_PATH, VGPU_HIBERNATE_JOB_INTERFACE, vtables,
                            ELEMENTSOF(vtables));
        if (r < 0)
                return r;

        return sd_bus_add_node_enumerator(m->bus, NULL, VGPU_HIBERNATE_JOB_PATH, job_enumerate, m);
}
