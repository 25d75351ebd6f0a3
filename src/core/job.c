/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/job.h"

#include <stdarg.h>
#include <stdio.h>

#include "core/apply.h"
#include "core/enum-table.h"

static const char *const job_state_table[] = {
        [JOB_QUEUED] = "queued",         [JOB_RUNNING] = "running",   [JOB_UNDOING] = "undoing",
        [JOB_RECOVERING] = "recovering", [JOB_DONE] = "done",         [JOB_FAILED] = "failed",
        [JOB_CANCELED] = "canceled",     [JOB_RETRYING] = "retrying",
};
DEFINE_ENUM_TABLE(job_state, JobState, _JOB_STATE_MAX);

static const char *const step_state_table[] = {
        [STEP_PENDING] = "pending", [STEP_STARTED] = "started", [STEP_DONE] = "done",
        [STEP_FAILED] = "failed",   [STEP_UNDOING] = "undoing", [STEP_UNDONE] = "undone",
};
DEFINE_ENUM_TABLE(step_state, StepState, _STEP_STATE_MAX);

static const char *const job_fallback_table[] = {
        [FALLBACK_BACK] = "back",
        [FALLBACK_STAY] = "stay",
};
DEFINE_ENUM_TABLE(job_fallback, JobFallback, _JOB_FALLBACK_MAX);

#define BIT(state) (1U << (state))

/* Rows: from; bits: to. */
static const unsigned job_transitions[] = {
        [JOB_QUEUED] = BIT(JOB_RUNNING) | BIT(JOB_RECOVERING) | BIT(JOB_FAILED) | BIT(JOB_CANCELED),
        [JOB_RUNNING] = BIT(JOB_QUEUED) | BIT(JOB_UNDOING) | BIT(JOB_RECOVERING) | BIT(JOB_DONE) |
                        BIT(JOB_FAILED),
        [JOB_UNDOING] = BIT(JOB_RECOVERING) | BIT(JOB_RETRYING) | BIT(JOB_FAILED) | BIT(JOB_CANCELED),
        [JOB_RECOVERING] = BIT(JOB_RECOVERING) | BIT(JOB_RUNNING) | BIT(JOB_UNDOING) | BIT(JOB_DONE) |
                           BIT(JOB_FAILED) | BIT(JOB_CANCELED),
        [JOB_RETRYING] = BIT(JOB_QUEUED) | BIT(JOB_FAILED),
        [JOB_DONE] = 0,
        [JOB_FAILED] = 0,
        [JOB_CANCELED] = 0,
};
static_assert(ELEMENTSOF(job_transitions) == _JOB_STATE_MAX, "a state without a row");

bool job_state_is_final(JobState s)
{
        return job_transitions[s] == 0;
}

int job_set_state(Job *j, JobState state)
{
        if (!(job_transitions[j->state] & BIT(state)))
                return -EPERM;

        j->state = state;
        return 0;
}

static void job_attempt_done(JobAttempt *a)
{
        free(a->targets);
        failure_done(&a->failure);
}

Job *job_free(Job *j)
{
        if (!j)
                return NULL;

        for (size_t i = 0; i < j->n_attempts; i++)
                job_attempt_done(j->attempts + i);
        for (size_t i = 0; i < j->n_quarantines; i++)
                free(j->quarantines[i].reason);
        for (size_t i = 0; i < j->n_events; i++)
                free(j->events[i].text);

        free(j->attempts);
        free(j->quarantines);
        free(j->events);
        free(j->swaps);
        free(j->devices);
        failure_done(&j->failure);
        apply_free(j->apply);
        free(j->stuck);
        free(j->domain_uuid);
        free(j->domain_name);
        free(j);
        return NULL;
}

void job_list_done(JobList *l)
{
        for (size_t i = 0; i < l->n; i++)
                (void) job_free(l->jobs[i]);
        free(l->jobs);
        *l = (JobList) { 0 };
}

int job_new(uint64_t id, JobKind kind, Strategy strategy, const char *domain_uuid, const char *domain_name,
            Job **ret)
{
        _cleanup_(job_freep) Job *j = NULL;
        int r;

        j = malloc(sizeof(Job));
        if (!j)
                return -ENOMEM;

        *j = (Job) {
                .id = id,
                .kind = kind,
                .state = JOB_QUEUED,
        };

        if (free_and_strdup(&j->domain_uuid, domain_uuid) < 0 ||
            free_and_strdup(&j->domain_name, domain_name) < 0)
                return -ENOMEM;

        r = kind == JOB_APPLY ? 0 : job_set_strategy(j, strategy);
        if (r < 0)
                return r;
        j->strategy = strategy;

        *ret = TAKE_PTR(j);
        return 0;
}

int job_set_swaps(Job *j, const FunctionSwap *swaps, size_t n)
{
        FunctionSwap *copy;

        copy = calloc(n > 0 ? n : 1, sizeof(FunctionSwap));
        if (!copy)
                return -ENOMEM;

        if (n > 0)
                memcpy(copy, swaps, n * sizeof(FunctionSwap));

        free(j->swaps);
        j->swaps = copy;
        j->n_swaps = n;
        return 0;
}

int job_add_attempt(Job *j, uint64_t usec, StepId step, const Failure *failure)
{
        JobAttempt *a;

        if (j->n_attempts >= JOB_ATTEMPTS_MAX)
                return -E2BIG;
        if (!ARRAY_GROW(j->attempts, j->n_attempts))
                return -ENOMEM;

        a = j->attempts + j->n_attempts;
        *a = (JobAttempt) { .usec = usec, .step = step, .n_targets = j->n_swaps };
        a->targets = calloc(j->n_swaps + 1, sizeof(PciAddress));
        if (!a->targets)
                return -ENOMEM;

        for (size_t i = 0; i < j->n_swaps; i++)
                a->targets[i] = j->swaps[i].to;
        (void) failure_set(&a->failure, failure->code, "%s", failure_message(failure));
        j->n_attempts++;
        return 0;
}

void job_drop_attempt(Job *j)
{
        if (j->n_attempts > 0)
                job_attempt_done(j->attempts + --j->n_attempts);
}

FunctionRef swap_source(const FunctionSwap *s)
{
        return (FunctionRef) { .address = s->from, .locator = s->from_locator };
}

FunctionRef swap_target(const FunctionSwap *s)
{
        return (FunctionRef) { .address = s->to, .locator = s->to_locator };
}

void swap_set_target(FunctionSwap *s, const Function *f)
{
        s->has_to = true;
        s->to = f->address;
        s->to_locator = f->locator;
        s->bound = false;
}

int job_quarantine(Job *j, const FunctionRef *function, const char *reason)
{
        char *copy = NULL;

        for (size_t i = 0; i < j->n_quarantines; i++)
                if (function_ref_equal(&j->quarantines[i].function, function))
                        return 0;

        if (j->n_quarantines >= JOB_QUARANTINES_MAX)
                return -E2BIG;
        if (!ARRAY_GROW(j->quarantines, j->n_quarantines) || free_and_strdup(&copy, reason) < 0)
                return -ENOMEM;

        j->quarantines[j->n_quarantines++] = (JobQuarantine) { .function = *function, .reason = copy };
        return 0;
}

void job_tell(Job *j, uint64_t usec, const char *format, ...)
{
        char *text;
        va_list ap;
        int r;

        va_start(ap, format);
        r = vasprintf(&text, format, ap);
        va_end(ap);
        if (r < 0)
                return;

        if (j->n_events >= JOB_EVENTS_MAX) {
                free(j->events[1].text);
                memmove(j->events + 1, j->events + 2, (j->n_events - 2) * sizeof(JobEvent));
                j->n_events--;
        }

        if (ARRAY_GROW(j->events, j->n_events))
                j->events[j->n_events++] = (JobEvent) { .usec = usec, .text = text };
        else
                free(text);
}

/* Had the guest been disturbed, in the first stage? */
static bool has_touched(const Job *j)
{
        const Plan *plan = plan_find(j->kind, j->strategy);

        for (size_t i = 0; plan && i < plan->n_steps && plan->steps[i].stage == 0; i++)
                if ((plan->steps[i].flags & PLAN_TOUCHES) && j->steps[i].state != STEP_PENDING)
                        return true;

        return false;
}

const char *job_outcome_of_undo(const Job *j)
{
        if (job_is_committed(j))
                return "the domain stays hibernated, 'vgpu-hibernatectl resume' tries again";
        if (j->kind == JOB_RESUME)
                return "the domain stays hibernated";
        if (j->failure.code == FAILURE_LOST)
                return "the domain is off";
        if (j->failure.code == FAILURE_UNKNOWN_DOMAIN)
                return "somebody undefined the domain";
        if (j->failure.code == FAILURE_PLUG_FAILED)
                return JOB_RUNS_WITHOUT;
        if (!has_touched(j))
                return "nothing was changed";
        if (j->asleep)
                return "the guest, which slept, was woken";
        return "the domain runs on as before";
}

int job_set_strategy(Job *j, Strategy strategy)
{
        const Plan *plan = plan_find(j->kind, strategy);
        JobStep check = j->steps[0];

        if (!plan)
                return -EINVAL;

        for (size_t i = 0; i < plan->n_steps; i++)
                j->steps[i] = (JobStep) { .id = plan->steps[i].id };
        if (j->n_steps > 0)
                j->steps[0] = check;

        j->strategy = strategy;
        j->n_steps = plan->n_steps;
        return 0;
}

void job_follow_libvirt(Job *j, uint64_t usec)
{
        assert(j->kind == JOB_RESUME && j->strategy == STRATEGY_SUSPEND_TO_RAM);

        for (size_t i = 0; i < j->n_steps && j->steps[i].id != STEP_RESTORE; i++)
                j->steps[i] = (JobStep) { j->steps[i].id, STEP_DONE, usec, usec };

        *job_find_step(j, STEP_RESTORE) = (JobStep) { STEP_RESTORE, STEP_STARTED, usec, 0 };
        j->by_libvirt = j->targets_asked_for = true;
        job_tell(j, usec, "libvirt was asked to start the domain, this job goes on from there");
}

JobStep *job_find_step(Job *j, StepId id)
{
        for (size_t i = 0; i < j->n_steps; i++)
                if (j->steps[i].id == id)
                        return j->steps + i;

        return NULL;
}

const JobStep *job_current_step(const Job *j)
{
        const JobStep *last = NULL;

        for (size_t i = 0; i < j->n_steps; i++) {
                const JobStep *s = j->steps + i;

                if (s->state == STEP_STARTED || s->state == STEP_UNDOING)
                        return s;
                if (s->state != STEP_PENDING)
                        last = s;
        }

        return last;
}

/* A save that was complete, or a suspend after whose save QEMU ended, is undone by restoring the image. */
static bool step_starts_domain(const JobStep *s)
{
        if (s->state == STEP_STARTED)
                return s->id == STEP_RESTORE || s->id == STEP_START;

        return s->state == STEP_UNDOING &&
               (s->id == STEP_SAVE || s->id == STEP_SUSPEND || s->id == STEP_UNPLUG);
}

bool job_is_starting(const Job *j)
{
        for (size_t i = 0; i < j->n_steps; i++)
                if (step_starts_domain(j->steps + i))
                        return true;

        return false;
}

bool job_is_committed(const Job *j)
{
        const Plan *plan = plan_find(j->kind, j->strategy);

        if (j->kind == JOB_DISCARD)
                return j->steps[0].state != STEP_PENDING;

        for (size_t i = 0; plan && i < plan->n_steps; i++)
                if ((plan->steps[i].flags & PLAN_COMMIT) && j->steps[i].state == STEP_DONE)
                        return true;

        return false;
}

JobImage job_image(const Job *j)
{
        if (j->failure.code == FAILURE_IMAGE_DAMAGED)
                return JOB_IMAGE_DAMAGED;

        if (j->kind == JOB_DISCARD)
                return JOB_IMAGE_UNKNOWN;

        /* A resume that came past its check found it to be whole, whatever became of it then; any other makes one. */
        if (j->kind != JOB_RESUME)
                return job_is_committed(j) ? JOB_IMAGE_WHOLE : JOB_IMAGE_UNKNOWN;
        for (size_t i = 1; i < j->n_steps; i++)
                if (j->steps[i].state != STEP_PENDING)
                        return JOB_IMAGE_WHOLE;

        return JOB_IMAGE_UNKNOWN;
}

bool job_cleaned(const Job *j)
{
        bool released = false;

        for (size_t i = 0; i < j->n_steps; i++) {
                bool done = j->steps[i].state == STEP_DONE;

                released = released || (j->steps[i].id == STEP_RELEASE && done);
                if (j->steps[i].id == STEP_CLEAN)
                        return released && done;
        }

        return false;
}

bool job_left_unclean(const Job *j)
{
        for (size_t i = 0; i < j->n_steps; i++)
                if (j->steps[i].id == STEP_CLEAN)
                        return job_state_is_final(j->state) && job_is_committed(j) &&
                               j->steps[i].state != STEP_DONE;

        return false;
}
