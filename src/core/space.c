/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/space.h"

static uint64_t add(uint64_t a, uint64_t b)
{
        return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

static uint64_t subtract(uint64_t a, uint64_t b)
{
        return a > b ? a - b : 0;
}

static StepState step_state(const Job *j, StepId id)
{
        for (size_t i = 0; i < j->n_steps; i++)
                if (j->steps[i].id == id)
                        return j->steps[i].state;

        return _STEP_STATE_INVALID;
}

/* Its image is complete or was never to be written: it is among what is not free any more. */
static void add_complete(Space *s, const Job *j, StepState discard)
{
        if (discard == _STEP_STATE_INVALID || discard == STEP_DONE || j->bytes_total == 0)
                return;

        s->returned_bytes = add(s->returned_bytes, j->bytes_total);
        s->n_jobs++;
}

void space_add_job(Space *s, const Job *j)
{
        StepState save = step_state(j, STEP_SAVE), sync = step_state(j, STEP_SYNC),
                  discard = step_state(j, STEP_DISCARD);

        if (job_state_is_final(j->state))
                return;

        if (j->kind == JOB_RESUME || sync == STEP_DONE) {
                add_complete(s, j, discard);
                return;
        }
        if (j->space_bytes == 0)
                return;

        s->n_jobs++;
        s->promised_bytes = add(s->promised_bytes, j->space_bytes);
        if (discard != _STEP_STATE_INVALID) {
                /* Whatever it writes it removes again: what counts at its end is what of it is written now. */
                if (save != STEP_PENDING)
                        s->returned_bytes = add(s->returned_bytes, j->space_bytes);
        } else if (save == STEP_PENDING)
                s->kept_bytes = add(s->kept_bytes, j->space_bytes);
}

uint64_t space_available(const Space *s, uint64_t free_bytes)
{
        return subtract(subtract(free_bytes, s->reserve_bytes), s->promised_bytes);
}

SpaceAnswer space_judge(const Space *s, uint64_t free_bytes, uint64_t needed_bytes)
{
        uint64_t best = subtract(add(free_bytes, s->returned_bytes), add(s->reserve_bytes, s->kept_bytes));

        if (needed_bytes == 0 || needed_bytes <= space_available(s, free_bytes))
                return SPACE_NOW;

        return needed_bytes <= best ? SPACE_LATER : SPACE_NEVER;
}
