/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who may be started, and with which functions. */
#include "core/start-check.h"

#include "test.h"

#define UUID "11111111-1111-1111-1111-111111111111"

static Job *new_job(JobKind kind, Strategy strategy, StepId step, StepState state)
{
        Job *j;

        CHECK(job_new(7, kind, strategy, UUID, "vm", &j) >= 0);
        CHECK(job_set_strategy(j, strategy) >= 0);
        job_find_step(j, step)->state = state;
        return j;
}

static void test_domains(void)
{
        static const struct {
                JobKind kind;
                Strategy strategy;
                StepId step;
                StepState state;
                int result; /* while its worker lives; 1, or < 0 */
        } jobs[] = {
                { JOB_RESUME, STRATEGY_SUSPEND_TO_RAM, STEP_RESTORE, STEP_STARTED, 1 },
                { JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, STEP_RESTORE, STEP_STARTED, 1 },
                { JOB_MOVE, STRATEGY_SUSPEND_TO_DISK, STEP_START, STEP_STARTED, 1 },
                { JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, STEP_RESTORE, STEP_PENDING, -1 },
                { JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, STEP_REWRITE, STEP_STARTED, -1 },
                { JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, STEP_RESTORE, STEP_UNDOING, -1 },
                { JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, STEP_SAVE, STEP_UNDOING, 1 },
                { JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, STEP_SUSPEND, STEP_UNDOING, 1 },
                { JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, STEP_SUSPEND, STEP_STARTED, -1 },
                { JOB_RESUME, STRATEGY_SUSPEND_TO_RAM, STEP_RESTORE, STEP_DONE, -1 },
                { JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, STEP_SAVE, STEP_STARTED, -1 },
        };
        StartCheck c = { .name = "vm" };

        CHECK(start_check_domain(&c, NULL) == 0);

        for (size_t i = 0; i < ELEMENTSOF(jobs); i++)
                for (int k = 0; k < 8; k++) {
                        /* Of one whose worker died nobody starts it, nor of one given up, whatever its journal says. */
                        bool starts = jobs[i].result > 0 && (k & 4) && !(k & 2);
                        _cleanup_(failure_done) Failure why = { 0 };
                        _cleanup_(job_freep) Job *j =
                                        new_job(jobs[i].kind, jobs[i].strategy, jobs[i].step, jobs[i].state);

                        c = (StartCheck) { .name = "vm",
                                           .job = j,
                                           .hibernated = k & 1,
                                           .job_given_up = k & 2,
                                           .at_work = k & 4 };
                        CHECK((start_check_domain(&c, &why) > 0) == starts);
                        CHECK(why.code == (starts ? FAILURE_NONE : FAILURE_DOMAIN_BUSY));
                }

        {
                _cleanup_(failure_done) Failure why = { 0 };

                c = (StartCheck) { .name = "vm", .hibernated = true };
                CHECK(start_check_domain(&c, &why) < 0 && why.code == FAILURE_HIBERNATED);
                CHECK(strstr(failure_message(&why), "vgpu-hibernatectl resume"));
        }
}

static void test_functions(void)
{
        static const struct {
                FunctionState state;
                const char *domain;
                const char *words; /* NULL: may have it */
                bool is_returned;
        } cases[] = {
                { FUNCTION_FREE, NULL, NULL },
                { FUNCTION_UNKNOWN, NULL, NULL },
                { FUNCTION_LEASED, "vm", NULL },
                { FUNCTION_ASSIGNED, "vm", NULL },
                { FUNCTION_HELD, "vm", NULL },
                { FUNCTION_LEASED, "other", "job of domain 'other'" },
                { FUNCTION_ASSIGNED, "other", "in use by domain 'other'" },
                { FUNCTION_HELD, "other", "hold --release" },
                { FUNCTION_HELD, NULL, "reserved" },
                { FUNCTION_QUARANTINED, NULL, "it smokes; 'vgpu-hibernatectl clear 0000:01:10.2'" },
                { FUNCTION_QUARANTINED, "vm", "it smokes" },
                { FUNCTION_LEASED, "vm", NULL, .is_returned = true },
                { FUNCTION_LEASED, "other", "domain 'other' gave it back", .is_returned = true },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                const Function f = {
                        .address = { .bus = 1, .slot = 16, .function = 2 },
                        .state = cases[i].state,
                        .is_returned = cases[i].is_returned,
                        .domain = (char *) cases[i].domain,
                        .reason = (char *) "it smokes",
                };
                _cleanup_(failure_done) Failure why = { 0 };
                int r = start_check_function(&f, "vm", &why);

                CHECK((r == 0) == !cases[i].words);
                CHECK(why.code == (cases[i].words ? FAILURE_FUNCTION_BUSY : FAILURE_NONE));
                CHECK(!cases[i].words || strstr(failure_message(&why), cases[i].words));
        }
}

int main(void)
{
        test_domains();
        test_functions();
        return EXIT_SUCCESS;
}
