/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/space.h"

#include "test.h"

/* A job as far as its step `at`, which has begun; everything before it is done. */
static void add_job(Space *s, JobKind kind, Strategy strategy, JobState state, StepId at, uint64_t promised,
                    uint64_t image)
{
        _cleanup_(job_freep) Job *j = NULL;

        CHECK(job_new(1, kind, strategy, "u", "vm1", &j) >= 0);
        for (size_t i = 0; i < j->n_steps && j->steps[i].id != at; i++)
                j->steps[i].state = STEP_DONE;
        job_find_step(j, at)->state = STEP_STARTED;
        j->state = state;
        j->space_bytes = promised;
        j->bytes_total = image;
        space_add_job(s, j);
}

/* One other job with a promise of 100, of which the image turned out to have 60; 1000 bytes free, 10 of them reserved. */
static void test_one(void)
{
        static const struct {
                JobKind kind;
                Strategy strategy;
                JobState state;
                StepId at;
                uint64_t promised, image;
                uint64_t now, best; /* the most that may be asked for */
        } table[] = {
                /* Not yet granted anything, or without an image. */
                { JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, JOB_RUNNING, STEP_CHECK, 0, 0, 990, 990 },
                { JOB_HIBERNATE, STRATEGY_SUSPEND_TO_DISK, JOB_RUNNING, STEP_SUSPEND_DISK, 0, 0, 990, 990 },
                { JOB_RESUME, STRATEGY_SUSPEND_TO_DISK, JOB_RUNNING, STEP_START, 0, 0, 990, 990 },
                /* What is written stays: it may all be, or nothing. */
                { JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, JOB_RUNNING, STEP_SUSPEND, 100, 0, 890, 890 },
                { JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, JOB_RUNNING, STEP_SAVE, 100, 0, 890, 990 },
                { JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, JOB_UNDOING, STEP_SAVE, 100, 0, 890, 990 },
                { JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, JOB_RUNNING, STEP_RELEASE, 100, 60, 990, 990 },
                /* A move gives it back. */
                { JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, JOB_RUNNING, STEP_BIND, 100, 0, 890, 990 },
                { JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, JOB_RUNNING, STEP_SAVE, 100, 0, 890, 1090 },
                { JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, JOB_RECOVERING, STEP_SYNC, 100, 0, 890, 1090 },
                { JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, JOB_RETRYING, STEP_RESTORE, 100, 60, 990, 1050 },
                { JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, JOB_RUNNING, STEP_HEALTH, 100, 60, 990, 990 },
                { JOB_RESUME, STRATEGY_SUSPEND_TO_RAM, JOB_QUEUED, STEP_CHECK, 0, 60, 990, 1050 },
                { JOB_RESUME, STRATEGY_SUSPEND_TO_RAM, JOB_RUNNING, STEP_HEALTH, 0, 60, 990, 990 },
                /* Whatever a job that has ended left is there to be seen. */
                { JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, JOB_FAILED, STEP_SAVE, 100, 0, 990, 990 },
                { JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, JOB_CANCELED, STEP_SUSPEND, 100, 0, 990, 990 },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                Space s = { .reserve_bytes = 10 };

                add_job(&s, table[i].kind, table[i].strategy, table[i].state, table[i].at, table[i].promised,
                        table[i].image);
                CHECK(s.n_jobs == (table[i].now < 990 || table[i].best > 990));
                CHECK(space_available(&s, 1000) == table[i].now);
                CHECK(space_judge(&s, 1000, 0) == SPACE_NOW);
                CHECK(space_judge(&s, 1000, table[i].now) == SPACE_NOW);
                CHECK(space_judge(&s, 1000, table[i].now + 1) ==
                      (table[i].best > table[i].now ? SPACE_LATER : SPACE_NEVER));
                CHECK(table[i].best == table[i].now || space_judge(&s, 1000, table[i].best) == SPACE_LATER);
                CHECK(space_judge(&s, 1000, table[i].best + 1) == SPACE_NEVER);
        }
}

/* Their needs are added up, and never wrap around. */
static void test_many(void)
{
        Space s = { .reserve_bytes = 10 };

        for (int i = 0; i < 3; i++)
                add_job(&s, JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, JOB_RUNNING, STEP_SUSPEND, 100, 0);
        add_job(&s, JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, JOB_RUNNING, STEP_SAVE, 50, 0);
        CHECK(s.n_jobs == 4 && space_available(&s, 1000) == 640);
        CHECK(space_judge(&s, 1000, 641) == SPACE_LATER && space_judge(&s, 1000, 740) == SPACE_LATER);
        CHECK(space_judge(&s, 1000, 741) == SPACE_NEVER);
        CHECK(space_available(&s, 100) == 0 && space_judge(&s, 100, 1) == SPACE_NEVER);
        CHECK(space_judge(&s, 0, 1) == SPACE_NEVER && space_judge(&s, 0, 0) == SPACE_NOW);

        for (int i = 0; i < 2; i++) {
                add_job(&s, JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, JOB_RUNNING, STEP_SUSPEND, UINT64_MAX,
                        0);
                add_job(&s, JOB_RESUME, STRATEGY_SUSPEND_TO_RAM, JOB_RUNNING, STEP_BIND, 0, UINT64_MAX);
        }
        CHECK(space_available(&s, UINT64_MAX) == 0 && space_judge(&s, UINT64_MAX, 1) == SPACE_NEVER);
}

int main(void)
{
        test_one();
        test_many();
        return EXIT_SUCCESS;
}
