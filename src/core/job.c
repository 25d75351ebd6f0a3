/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/job.h"

#include "core/enum-table.h"

static const char *const job_state_table[] = {
        [JOB_QUEUED] = "queued",         [JOB_RUNNING] = "running", [JOB_UNDOING] = "undoing",
        [JOB_RECOVERING] = "recovering", [JOB_DONE] = "done",       [JOB_FAILED] = "failed",
        [JOB_CANCELED] = "canceled",
};
DEFINE_ENUM_TABLE(job_state, JobState, _JOB_STATE_MAX);

static const char *const step_state_table[] = {
        [STEP_PENDING] = "pending", [STEP_STARTED] = "started", [STEP_DONE] = "done",
        [STEP_FAILED] = "failed",   [STEP_UNDOING] = "undoing", [STEP_UNDONE] = "undone",
};
DEFINE_ENUM_TABLE(step_state, StepState, _STEP_STATE_MAX);

#define BIT(state) (1U << (state))

/* Rows: from; bits: to. */
static const unsigned job_transitions[] = {
        [JOB_QUEUED] = BIT(JOB_RUNNING) | BIT(JOB_RECOVERING) | BIT(JOB_FAILED) | BIT(JOB_CANCELED),
        [JOB_RUNNING] = BIT(JOB_UNDOING) | BIT(JOB_RECOVERING) | BIT(JOB_DONE) | BIT(JOB_FAILED),
        [JOB_UNDOING] = BIT(JOB_RECOVERING) | BIT(JOB_FAILED) | BIT(JOB_CANCELED),
        [JOB_RECOVERING] = BIT(JOB_RECOVERING) | BIT(JOB_RUNNING) | BIT(JOB_UNDOING) | BIT(JOB_DONE) |
                           BIT(JOB_FAILED) | BIT(JOB_CANCELED),
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

static void job_free_swaps(Job *j)
{
        for (size_t i = 0; i < j->n_swaps; i++)
                free(j->swaps[i].quarantine);

        free(j->swaps);
        j->swaps = NULL;
        j->n_swaps = 0;
}

Job *job_free(Job *j)
{
        if (!j)
                return NULL;

        job_free_swaps(j);
        failure_done(&j->failure);
        free(j->stuck);
        free(j->domain_uuid);
        free(j->domain_name);
        free(j);
        return NULL;
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

        r = job_set_strategy(j, strategy);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(j);
        return 0;
}

int job_set_swaps(Job *j, const FunctionSwap *swaps, size_t n)
{
        FunctionSwap *copy;

        copy = calloc(n > 0 ? n : 1, sizeof(FunctionSwap));
        if (!copy)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                copy[i] = swaps[i];
                copy[i].quarantine = NULL;
        }

        job_free_swaps(j);
        j->swaps = copy;
        j->n_swaps = n;
        return 0;
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

bool job_is_committed(const Job *j)
{
        const Plan *plan = plan_find(j->kind, j->strategy);

        for (size_t i = 0; plan && i < plan->n_steps; i++)
                if (plan->steps[i].commit && j->steps[i].state == STEP_DONE)
                        return true;

        return false;
}
