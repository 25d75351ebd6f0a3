/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/job-shown.h"

#include <assert.h>

#include "core/apply.h"
#include "core/prediction.h"
#include "daemon/job-queue.h"

/* Of a plan's. */
typedef struct MoveShown {
        ApplyMoveState state;
        uint64_t job;
        FailureCode error;
} MoveShown;

struct JobShown {
        Strategy strategy;
        JobState state;
        int step; /* StepId, -1: none yet */
        unsigned step_number;
        double progress;
        uint64_t bytes, bytes_total, rate, expected_end_usec, predicted_usec, took_usec;
        FailureCode error;
        char *message;
        bool cancelable;
        uint32_t queue_position;
        uint64_t ended_usec;
        JobStep steps[PLAN_STEPS_MAX];
        size_t n_steps;
        FunctionSwap *swaps; /* addresses only */
        size_t n_swaps;
        size_t n_attempts; /* they only come and go at the end */
        uint64_t last_attempt_usec, last_event_usec;
        size_t n_events;
        MoveShown *moves;
        size_t n_moves, moves_done, moves_remaining;
};

JobShown *job_shown_free(JobShown *s)
{
        if (!s)
                return NULL;

        free(s->message);
        free(s->swaps);
        free(s->moves);
        free(s);
        return NULL;
}

uint64_t job_shown_expected_end(const JobShown *s)
{
        return s->expected_end_usec;
}

unsigned job_step_number(const Job *j)
{
        const JobStep *s = job_current_step(j);

        return s ? (unsigned) (s - j->steps) + 1 : 0;
}

static int show_moves(JobShown *s, const Apply *a)
{
        s->moves = calloc(a->n_moves + 1, sizeof(MoveShown));
        if (!s->moves)
                return -ENOMEM;

        for (; s->n_moves < a->n_moves; s->n_moves++) {
                const ApplyMove *m = a->moves + s->n_moves;

                s->moves[s->n_moves] = (MoveShown) { m->state, m->job, m->failure.code };
        }
        s->moves_done = apply_count(a, APPLY_DONE);
        s->moves_remaining = apply_count_open(a);
        return 0;
}

/* A plan in place of another one has moves that have not begun. */
static bool moves_equal(const JobShown *a, const JobShown *b)
{
        if (a->n_moves != b->n_moves)
                return false;

        for (size_t i = 0; i < a->n_moves; i++)
                if (a->moves[i].state != b->moves[i].state || a->moves[i].job != b->moves[i].job ||
                    a->moves[i].error != b->moves[i].error)
                        return false;

        return true;
}

int job_shown_new(const ManagedJob *j, JobShown **ret)
{
        _cleanup_(job_shown_freep) JobShown *s = NULL;
        const JobStep *step = job_current_step(j->job);
        const Failure *f = managed_job_failure(j);

        s = malloc(sizeof(JobShown));
        if (!s)
                return -ENOMEM;

        *s = (JobShown) {
                .strategy = j->job->strategy,
                .state = managed_job_state(j),
                .step = step ? (int) step->id : -1,
                .step_number = job_step_number(j->job),
                .progress = managed_job_progress(j),
                .bytes = j->bytes,
                .bytes_total = j->bytes_total,
                .rate = j->rate,
                .expected_end_usec = managed_job_forecast_end(j),
                .predicted_usec = prediction_said_usec(j->job),
                .took_usec = prediction_took_usec(j->job),
                .error = f->code,
                .cancelable = managed_job_is_cancelable(j),
                .queue_position = job_queue_position(j),
                .ended_usec = j->job->ended_usec,
                .n_steps = j->job->n_steps,
                .n_swaps = j->job->n_swaps,
                .n_attempts = j->job->n_attempts,
                .n_events = j->job->n_events,
        };
        if (s->n_attempts > 0)
                s->last_attempt_usec = j->job->attempts[s->n_attempts - 1].usec;
        if (s->n_events > 0)
                s->last_event_usec = j->job->events[s->n_events - 1].usec;
        memcpy(s->steps, j->job->steps, sizeof(s->steps));

        s->swaps = calloc(s->n_swaps + 1, sizeof(FunctionSwap));
        if (!s->swaps || free_and_strdup(&s->message, f->message ? f->message : j->job->stuck) < 0)
                return -ENOMEM;

        for (size_t i = 0; i < s->n_swaps; i++)
                s->swaps[i] = (FunctionSwap) {
                        .has_from = j->job->swaps[i].has_from,
                        .has_to = j->job->swaps[i].has_to,
                        .from = j->job->swaps[i].from,
                        .to = j->job->swaps[i].to,
                };

        if (j->job->apply && show_moves(s, j->job->apply) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(s);
        return 0;
}

static bool steps_equal(const JobShown *a, const JobShown *b)
{
        if (a->n_steps != b->n_steps)
                return false;

        for (size_t i = 0; i < a->n_steps; i++)
                if (a->steps[i].id != b->steps[i].id || a->steps[i].state != b->steps[i].state ||
                    a->steps[i].started_usec != b->steps[i].started_usec ||
                    a->steps[i].ended_usec != b->steps[i].ended_usec)
                        return false;

        return true;
}

static bool swaps_equal(const JobShown *a, const JobShown *b)
{
        if (a->n_swaps != b->n_swaps)
                return false;

        for (size_t i = 0; i < a->n_swaps; i++)
                if (a->swaps[i].has_from != b->swaps[i].has_from ||
                    a->swaps[i].has_to != b->swaps[i].has_to ||
                    !pci_address_equal(&a->swaps[i].from, &b->swaps[i].from) ||
                    !pci_address_equal(&a->swaps[i].to, &b->swaps[i].to))
                        return false;

        return true;
}

size_t job_shown_compare(const JobShown *a, const JobShown *b, PropertyChange ret[static JOB_PROPERTIES_MAX])
{
        const PropertyChange changes[] = {
                { "Strategy", a->strategy != b->strategy },
                { "State", a->state != b->state },
                { "Step", a->step != b->step },
                { "StepNumber", a->step_number != b->step_number },
                { "StepCount", a->n_steps != b->n_steps },
                { "Progress", a->progress < b->progress || a->progress > b->progress },
                { "Bytes", a->bytes != b->bytes },
                { "BytesTotal", a->bytes_total != b->bytes_total, b->bytes_total == 0 },
                { "Rate", a->rate != b->rate, b->rate == 0 },
                { "ExpectedEnd", a->expected_end_usec != b->expected_end_usec, b->expected_end_usec == 0 },
                { "Predicted", a->predicted_usec != b->predicted_usec, b->predicted_usec == 0 },
                { "Took", a->took_usec != b->took_usec },
                { "Error", a->error != b->error },
                { "ErrorMessage", !streq_ptr(a->message, b->message) },
                { "Cancelable", a->cancelable != b->cancelable },
                { "QueuePosition", a->queue_position != b->queue_position },
                { "Ended", a->ended_usec != b->ended_usec },
                { "Functions", !swaps_equal(a, b) },
                { "Steps", !steps_equal(a, b) },
                { "Attempts",
                  a->n_attempts != b->n_attempts || a->last_attempt_usec != b->last_attempt_usec },
                { "Moves", !moves_equal(a, b) },
                { "MovesDone", a->moves_done != b->moves_done },
                { "MovesRemaining", a->moves_remaining != b->moves_remaining },
                { "Events", a->n_events != b->n_events || a->last_event_usec != b->last_event_usec },
        };

        static_assert(ELEMENTSOF(changes) <= JOB_PROPERTIES_MAX, "a property too many");

        memcpy(ret, changes, sizeof(changes));
        return ELEMENTSOF(changes);
}
