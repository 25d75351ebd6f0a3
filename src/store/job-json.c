/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/job-json.h"

#include "store/apply-json.h"
#include "store/failure-json.h"
#include "store/identity-json.h"
#include "store/locator-json.h"

#define JOURNAL_SCHEMA 3 /* 1 named functions by their addresses alone, 2 knew no apply */

static int swap_to_json(const FunctionSwap *s, json_object *array)
{
        _cleanup_json_ json_object *o = json_object_new_object(), *identity = NULL;

        if (!o || function_identity_to_json(&s->identity, &identity) < 0)
                return -ENOMEM;

        if ((s->has_from && json_add_pci_address(o, "from", &s->from) < 0) ||
            (s->has_from && json_add_locator(o, "from_locator", &s->from_locator) < 0) ||
            (s->has_to && json_add_pci_address(o, "to", &s->to) < 0) ||
            (s->has_to && json_add_locator(o, "to_locator", &s->to_locator) < 0) ||
            json_add_bool(o, "bound", s->bound) < 0 || json_add(o, "identity", TAKE_PTR(identity)) < 0 ||
            json_object_array_add(array, o) < 0)
                return -ENOMEM;

        (void) TAKE_PTR(o); /* the array's now */
        return 0;
}

static int step_to_json(const JobStep *s, json_object *array)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        if (!o || json_add_string(o, "step", step_id_to_string(s->id)) < 0 ||
            json_add_string(o, "state", step_state_to_string(s->state)) < 0 ||
            json_add_u64(o, "started_usec", s->started_usec) < 0 ||
            json_add_u64(o, "ended_usec", s->ended_usec) < 0 || json_object_array_add(array, o) < 0)
                return -ENOMEM;

        (void) TAKE_PTR(o); /* the array's now */
        return 0;
}

static int attempt_to_json(const JobAttempt *a, json_object *array)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        if (json_add_pci_addresses(o, "functions", a->targets, a->n_targets) < 0 ||
            json_add_u64(o, "usec", a->usec) < 0 ||
            json_add_string(o, "step", step_id_to_string(a->step)) < 0 ||
            failure_to_json(&a->failure, o) < 0)
                return -ENOMEM;

        if (json_object_array_add(array, o) < 0)
                return -ENOMEM;
        (void) TAKE_PTR(o); /* the array's now */
        return 0;
}

static int quarantine_to_json(const JobQuarantine *q, json_object *array)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        if (!o || json_add_function_ref(o, "function", &q->function) < 0 ||
            json_add_string(o, "reason", q->reason) < 0 || json_object_array_add(array, o) < 0)
                return -ENOMEM;

        (void) TAKE_PTR(o); /* the array's now */
        return 0;
}

static int event_to_json(const JobEvent *e, json_object *array)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        if (!o || json_add_u64(o, "usec", e->usec) < 0 || json_add_string(o, "text", e->text) < 0 ||
            json_object_array_add(array, o) < 0)
                return -ENOMEM;

        (void) TAKE_PTR(o); /* the array's now */
        return 0;
}

/* What was tried beside the plan. */
static int story_to_json(const Job *j, json_object *o)
{
        json_object *attempts = json_object_new_array(), *quarantines = json_object_new_array(),
                    *events = json_object_new_array();

        if (json_add(o, "attempts", attempts) < 0 || json_add(o, "quarantines", quarantines) < 0 ||
            json_add(o, "events", events) < 0 ||
            json_add_bool(o, "targets_asked_for", j->targets_asked_for) < 0 ||
            json_add_bool(o, "needs_fixups", j->needs_fixups) < 0 ||
            json_add_string(o, "fixups", guest_fixups_to_string(j->fixups)) < 0 ||
            json_add_bool(o, "by_libvirt", j->by_libvirt) < 0 || json_add_bool(o, "asleep", j->asleep) < 0 ||
            json_add_bool(o, "by_shutdown", j->by_shutdown) < 0 ||
            json_add_string(o, "fallback", job_fallback_to_string(j->fallback)) < 0 ||
            json_add_bool(o, "back", j->back) < 0 || json_add_bool(o, "retry", j->retry) < 0)
                return -ENOMEM;

        for (size_t i = 0; i < j->n_attempts; i++)
                if (attempt_to_json(j->attempts + i, attempts) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < j->n_quarantines; i++)
                if (quarantine_to_json(j->quarantines + i, quarantines) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < j->n_events; i++)
                if (event_to_json(j->events + i, events) < 0)
                        return -ENOMEM;

        return 0;
}

static int prediction_to_json(const JobPrediction *p, json_object *parent)
{
        json_object *o;

        if (p->bytes == 0 && p->save_usec == 0 && p->resume_usec == 0)
                return 0;

        o = json_object_new_object();
        if (json_add(parent, "predicted", o) < 0)
                return -ENOMEM;

        return json_add_u64(o, "bytes", p->bytes) < 0 || json_add_u64(o, "save_usec", p->save_usec) < 0
                               ? -ENOMEM
                               : json_add_u64(o, "resume_usec", p->resume_usec);
}

static int apply_member_to_json(const Apply *a, json_object *parent)
{
        json_object *o;

        return !a ? 0 : apply_to_json(a, &o) < 0 ? -ENOMEM : json_add(parent, "apply", o);
}

int job_to_json(const Job *j, json_object **ret)
{
        _cleanup_json_ json_object *o = json_object_new_object();
        json_object *functions = json_object_new_array(), *steps = json_object_new_array();

        if (json_add(o, "functions", functions) < 0 || json_add(o, "steps", steps) < 0)
                return -ENOMEM;

        if (json_add_u64(o, "schema", JOURNAL_SCHEMA) < 0 || json_add_u64(o, "id", j->id) < 0 ||
            (j->parent != 0 && json_add_u64(o, "parent", j->parent) < 0) ||
            json_add_string(o, "kind", job_kind_to_string(j->kind)) < 0 ||
            json_add_string(o, "state", job_state_to_string(j->state)) < 0 ||
            json_add_string(o, "strategy", strategy_to_string(j->strategy)) < 0 ||
            json_add_string(o, "domain_uuid", j->domain_uuid) < 0 ||
            json_add_string(o, "domain_name", j->domain_name) < 0 ||
            json_add_u64(o, "bytes", j->bytes) < 0 || json_add_u64(o, "bytes_total", j->bytes_total) < 0 ||
            json_add_u64(o, "space_bytes", j->space_bytes) < 0 ||
            json_add_u64(o, "created_usec", j->created_usec) < 0 ||
            json_add_u64(o, "ended_usec", j->ended_usec) < 0 ||
            json_add_u64(o, "worker_pid", j->worker_pid) < 0 ||
            json_add_u64(o, "worker_start_ticks", j->worker_start_ticks) < 0 ||
            json_add_string(o, "devices", j->devices) < 0 || json_add_string(o, "stuck", j->stuck) < 0 ||
            failure_to_json(&j->failure, o) < 0 || prediction_to_json(&j->predicted, o) < 0 ||
            story_to_json(j, o) < 0 || apply_member_to_json(j->apply, o) < 0)
                return -ENOMEM;

        for (size_t i = 0; i < j->n_swaps; i++)
                if (swap_to_json(j->swaps + i, functions) < 0)
                        return -ENOMEM;

        for (size_t i = 0; i < j->n_steps; i++)
                if (step_to_json(j->steps + i, steps) < 0)
                        return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}

static int kind_from_string(const char *s)
{
        return (int) job_kind_from_string(s);
}

static int job_state_from_name(const char *s)
{
        return (int) job_state_from_string(s);
}

static int strategy_from_name(const char *s)
{
        return (int) strategy_from_string(s);
}

static int step_id_from_name(const char *s)
{
        return (int) step_id_from_string(s);
}

static int step_state_from_name(const char *s)
{
        return (int) step_state_from_string(s);
}

static int swap_from_json(json_object *o, FunctionSwap *s, Failure *reterr)
{
        json_object *identity;
        int r;

        if ((r = json_get_pci_address(o, "functions[]", "from", false, &s->from, reterr)) < 0)
                return r;
        s->has_from = r > 0;

        if ((r = json_get_pci_address(o, "functions[]", "to", false, &s->to, reterr)) < 0)
                return r;
        s->has_to = r > 0;

        if ((r = json_get_locator(o, "functions[]", "from_locator", &s->from_locator, reterr)) < 0 ||
            (r = json_get_locator(o, "functions[]", "to_locator", &s->to_locator, reterr)) < 0 ||
            (r = json_get_bool(o, "functions[]", "bound", false, &s->bound, reterr)) < 0 ||
            (r = json_get_object(o, "functions[]", "identity", true, &identity, reterr)) < 0 ||
            (r = function_identity_from_json(identity, "functions[].identity", true, &s->identity, reterr)) <
                            0)
                return r;

        return 0;
}

static int swaps_from_json(json_object *o, Job *j, Failure *reterr)
{
        json_object *array;
        int r;

        r = json_get_array(o, "", "functions", true, JOB_FUNCTIONS_MAX, &array, reterr);
        if (r < 0)
                return r;

        j->swaps = calloc(JOB_FUNCTIONS_MAX, sizeof(FunctionSwap));
        if (!j->swaps)
                return -ENOMEM;

        for (size_t i = 0; i < json_object_array_length(array); i++) {
                j->n_swaps++;
                r = swap_from_json(json_object_array_get_idx(array, i), j->swaps + i, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int steps_from_json(json_object *o, Job *j, Failure *reterr)
{
        json_object *array;
        int r;

        r = json_get_array(o, "", "steps", true, PLAN_STEPS_MAX, &array, reterr);
        if (r < 0)
                return r;

        if (json_object_array_length(array) != j->n_steps)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'steps' does not belong to this plan");

        for (size_t i = 0; i < j->n_steps; i++) {
                json_object *step = json_object_array_get_idx(array, i);
                int id, state;

                if ((r = json_get_enum(step, "steps[]", "step", true, step_id_from_name, &id, reterr)) < 0 ||
                    (r = json_get_enum(step, "steps[]", "state", true, step_state_from_name, &state,
                                       reterr)) < 0 ||
                    (r = json_get_u64(step, "steps[]", "started_usec", true, 0, INT64_MAX,
                                      &j->steps[i].started_usec, reterr)) < 0 ||
                    (r = json_get_u64(step, "steps[]", "ended_usec", true, 0, INT64_MAX,
                                      &j->steps[i].ended_usec, reterr)) < 0)
                        return r;

                if ((StepId) id != j->steps[i].id)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "'steps[%zu]' does not belong to this plan", i);
                j->steps[i].state = (StepState) state;
        }

        return 0;
}

static int prediction_from_json(json_object *o, JobPrediction *p, Failure *reterr)
{
        json_object *predicted;
        int r;

        r = json_get_object(o, "", "predicted", false, &predicted, reterr);
        if (r <= 0)
                return r;

        if ((r = json_get_u64(predicted, "predicted", "bytes", true, 0, INT64_MAX, &p->bytes, reterr)) < 0 ||
            (r = json_get_u64(predicted, "predicted", "save_usec", true, 0, INT64_MAX, &p->save_usec,
                              reterr)) < 0 ||
            (r = json_get_u64(predicted, "predicted", "resume_usec", true, 0, INT64_MAX, &p->resume_usec,
                              reterr)) < 0)
                return r;

        return 0;
}

static int fallback_from_name(const char *s)
{
        return (int) job_fallback_from_string(s);
}

static int fixups_from_name(const char *s)
{
        return (int) guest_fixups_from_string(s);
}

static int attempt_targets_from_json(json_object *o, const Job *j, PciAddress *targets, Failure *reterr)
{
        size_t n;
        int r;

        r = json_get_pci_addresses(o, "attempts[]", "functions", true, JOB_FUNCTIONS_MAX, targets, &n,
                                   reterr);
        if (r < 0)
                return r;
        if (n != j->n_swaps)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'attempts[].functions' has not as many as 'functions'");

        return 0;
}

static int attempt_from_json(json_object *o, Job *j, Failure *reterr)
{
        PciAddress targets[JOB_FUNCTIONS_MAX];
        Failure why = { 0 };
        uint64_t usec;
        int r, step;

        if ((r = json_get_u64(o, "attempts[]", "usec", true, 0, INT64_MAX, &usec, reterr)) < 0 ||
            (r = json_get_enum(o, "attempts[]", "step", true, step_id_from_name, &step, reterr)) < 0 ||
            (r = attempt_targets_from_json(o, j, targets, reterr)) < 0 ||
            (r = failure_from_json(o, "attempts[]", &why, reterr)) < 0)
                return r;

        r = why.code == FAILURE_NONE
                            ? failure_set(reterr, FAILURE_INVALID_OPTION, "'attempts[].failure' is missing")
                            : job_add_attempt(j, usec, (StepId) step, &why);
        failure_done(&why);
        if (r < 0)
                return r;

        if (j->n_swaps > 0)
                memcpy(j->attempts[j->n_attempts - 1].targets, targets, j->n_swaps * sizeof(PciAddress));
        return 0;
}

static int quarantine_from_json(json_object *o, Job *j, Failure *reterr)
{
        FunctionRef function = { 0 };
        const char *reason;
        int r;

        if ((r = json_get_function_ref(o, "quarantines[]", "function", &function, reterr)) < 0 ||
            (r = json_get_string(o, "quarantines[]", "reason", true, &reason, reterr)) < 0)
                return r;

        return job_quarantine(j, &function, reason);
}

static int event_from_json(json_object *o, Job *j, Failure *reterr)
{
        const char *text;
        uint64_t usec;
        int r;

        if ((r = json_get_u64(o, "events[]", "usec", true, 0, INT64_MAX, &usec, reterr)) < 0 ||
            (r = json_get_string(o, "events[]", "text", true, &text, reterr)) < 0)
                return r;

        job_tell(j, usec, "%s", text);
        return 0;
}

static int story_from_json(json_object *o, Job *j, Failure *reterr)
{
        const struct {
                const char *key;
                size_t max;
                int (*read)(json_object *o, Job *j, Failure *reterr);
        } lists[] = {
                { "attempts", JOB_ATTEMPTS_MAX, attempt_from_json },
                { "quarantines", JOB_QUARANTINES_MAX, quarantine_from_json },
                { "events", JOB_EVENTS_MAX, event_from_json },
        };
        int r, fallback = FALLBACK_BACK, fixups = FIXUPS_UNKNOWN;

        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                json_object *array = NULL;

                r = json_get_array(o, "", lists[i].key, false, lists[i].max, &array, reterr);
                if (r < 0)
                        return r;
                for (size_t k = 0; r > 0 && k < json_object_array_length(array); k++) {
                        int q = lists[i].read(json_object_array_get_idx(array, k), j, reterr);

                        if (q < 0)
                                return q;
                }
        }

        if ((r = json_get_bool(o, "", "targets_asked_for", false, &j->targets_asked_for, reterr)) < 0 ||
            (r = json_get_bool(o, "", "needs_fixups", false, &j->needs_fixups, reterr)) < 0 ||
            (r = json_get_enum(o, "", "fixups", false, fixups_from_name, &fixups, reterr)) < 0 ||
            (r = json_get_bool(o, "", "by_libvirt", false, &j->by_libvirt, reterr)) < 0 ||
            (r = json_get_bool(o, "", "asleep", false, &j->asleep, reterr)) < 0 ||
            (r = json_get_bool(o, "", "by_shutdown", false, &j->by_shutdown, reterr)) < 0 ||
            (r = json_get_enum(o, "", "fallback", false, fallback_from_name, &fallback, reterr)) < 0 ||
            (r = json_get_bool(o, "", "back", false, &j->back, reterr)) < 0 ||
            (r = json_get_bool(o, "", "retry", false, &j->retry, reterr)) < 0)
                return r;

        j->fixups = (GuestFixups) fixups;
        j->fallback = (JobFallback) fallback;
        return 0;
}

static int job_numbers_from_json(json_object *o, Job *j, Failure *reterr)
{
        uint64_t pid = 0;
        int r;

        if ((r = json_get_u64(o, "", "parent", false, 1, INT64_MAX, &j->parent, reterr)) < 0 ||
            (r = json_get_u64(o, "", "bytes", false, 0, INT64_MAX, &j->bytes, reterr)) < 0 ||
            (r = json_get_u64(o, "", "space_bytes", false, 0, INT64_MAX, &j->space_bytes, reterr)) < 0 ||
            (r = json_get_u64(o, "", "bytes_total", false, 0, INT64_MAX, &j->bytes_total, reterr)) < 0 ||
            (r = json_get_u64(o, "", "created_usec", true, 0, INT64_MAX, &j->created_usec, reterr)) < 0 ||
            (r = json_get_u64(o, "", "ended_usec", true, 0, INT64_MAX, &j->ended_usec, reterr)) < 0 ||
            (r = json_get_u64(o, "", "worker_pid", true, 0, INT32_MAX, &pid, reterr)) < 0 ||
            (r = json_get_u64(o, "", "worker_start_ticks", true, 0, INT64_MAX, &j->worker_start_ticks,
                              reterr)) < 0)
                return r;

        j->worker_pid = (uint32_t) pid;
        return 0;
}

static int apply_member_from_json(json_object *o, Job *j, Failure *reterr)
{
        json_object *apply;
        int r;

        if (j->kind != JOB_APPLY)
                return 0;

        r = json_get_object(o, "", "apply", true, &apply, reterr);
        return r < 0 ? r : apply_from_json(apply, &j->apply, reterr);
}

int job_from_json(json_object *o, Job **ret, Failure *reterr)
{
        _cleanup_(job_freep) Job *j = NULL;
        int kind, state, strategy, r;
        const char *uuid, *name, *devices = NULL, *stuck = NULL;
        uint64_t id;

        if ((r = json_check_schema(o, "the journal", JOURNAL_SCHEMA, reterr)) < 0 ||
            (r = json_get_u64(o, "", "id", true, 1, INT64_MAX, &id, reterr)) < 0 ||
            (r = json_get_enum(o, "", "kind", true, kind_from_string, &kind, reterr)) < 0 ||
            (r = json_get_enum(o, "", "state", true, job_state_from_name, &state, reterr)) < 0 ||
            (r = json_get_enum(o, "", "strategy", true, strategy_from_name, &strategy, reterr)) < 0 ||
            (r = json_get_string(o, "", "domain_uuid", true, &uuid, reterr)) < 0 ||
            (r = json_get_string(o, "", "domain_name", true, &name, reterr)) < 0 ||
            (r = json_get_string(o, "", "devices", false, &devices, reterr)) < 0 ||
            (r = json_get_string(o, "", "stuck", false, &stuck, reterr)) < 0)
                return r;

        r = job_new(id, (JobKind) kind, (Strategy) strategy, uuid, name, &j);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read the journal");
        j->state = (JobState) state;
        if (free_and_strdup(&j->devices, devices) < 0 || free_and_strdup(&j->stuck, stuck) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the journal");

        if ((r = job_numbers_from_json(o, j, reterr)) < 0 || (r = swaps_from_json(o, j, reterr)) < 0 ||
            (r = steps_from_json(o, j, reterr)) < 0 ||
            (r = failure_from_json(o, "", &j->failure, reterr)) < 0 ||
            (r = prediction_from_json(o, &j->predicted, reterr)) < 0 ||
            (r = story_from_json(o, j, reterr)) < 0 || (r = apply_member_from_json(o, j, reterr)) < 0)
                return r == -ENOMEM ? failure_set_errno(reterr, FAILURE_HOST, r, "cannot read the journal")
                                    : r;

        *ret = TAKE_PTR(j);
        return 0;
}
