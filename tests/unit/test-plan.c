/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What every plan must be like, whoever edits the tables. */
#include "core/plan.h"

#include "core/job.h"
#include "test.h"

static size_t index_of(const Plan *p, StepId id)
{
        for (size_t i = 0; i < p->n_steps; i++)
                if (p->steps[i].id == id)
                        return i;

        return SIZE_MAX;
}

static bool has(const Plan *p, StepId id)
{
        return index_of(p, id) != SIZE_MAX;
}

static bool is_commit(const Plan *p, size_t i)
{
        return p->steps[i].flags & PLAN_COMMIT;
}

static void check_order(const Plan *p, StepId first, StepId second)
{
        if (has(p, first) && has(p, second))
                CHECK(index_of(p, first) < index_of(p, second));
}

static void check_plan(const Plan *p)
{
        unsigned commits = 0, touches = 0;

        CHECK(p->n_steps > 0 && p->n_steps <= PLAN_STEPS_MAX);
        CHECK(p->steps[0].id == STEP_CHECK);

        for (size_t i = 0; i < p->n_steps; i++) {
                for (size_t k = 0; k < i; k++)
                        CHECK(p->steps[k].id != p->steps[i].id);
                if (i > 0)
                        CHECK(p->steps[i].stage == p->steps[i - 1].stage + (is_commit(p, i - 1) ? 1 : 0));
                commits += is_commit(p, i);
                touches += (p->steps[i].flags & PLAN_TOUCHES) != 0;
                if (is_commit(p, i))
                        CHECK(touches == commits);
        }
        CHECK(commits == (p->kind == JOB_MOVE ? 2 : 1));
        CHECK(touches == commits);

        /* The last stage has no commit: there is only forward. */
        CHECK(!is_commit(p, p->n_steps - 1));

        check_order(p, STEP_BIND, STEP_SUSPEND);
        check_order(p, STEP_BIND, STEP_SUSPEND_DISK);
        check_order(p, STEP_SUSPEND, STEP_SET_MODE);
        check_order(p, STEP_SET_MODE, STEP_SAVE);
        check_order(p, STEP_SAVE, STEP_SYNC);
        check_order(p, STEP_BIND, STEP_UNPLUG);
        check_order(p, STEP_UNPLUG, STEP_SAVE);
        check_order(p, STEP_RESTORE, STEP_PLUG);
        check_order(p, STEP_PLUG, STEP_CONTINUE);
        check_order(p, STEP_CONTINUE, STEP_DISCARD);
        check_order(p, STEP_SYNC, STEP_REBIND);
        check_order(p, STEP_RECORD, STEP_REBIND);
        check_order(p, STEP_REBIND, STEP_REWRITE);
        check_order(p, STEP_REBIND, STEP_REDEFINE);
        check_order(p, STEP_REWRITE, STEP_RESTORE);
        check_order(p, STEP_RESTORE, STEP_CONTINUE);
        check_order(p, STEP_CONTINUE, STEP_WAKE);
        check_order(p, STEP_WAKE, STEP_DISCARD);
        check_order(p, STEP_REDEFINE, STEP_START);
        check_order(p, STEP_WAKE, STEP_RELEASE);
        check_order(p, STEP_START, STEP_RELEASE);
        check_order(p, STEP_RELEASE, STEP_CLEAN);
        check_order(p, STEP_HEALTH, STEP_CLEAN);

        CHECK(has(p, STEP_REBIND) == (p->kind == JOB_MOVE));
        if (p->kind != JOB_RESUME)
                CHECK(has(p, STEP_RELEASE));
        CHECK(has(p, STEP_CLEAN) == has(p, STEP_RELEASE));
        if (p->kind != JOB_HIBERNATE)
                CHECK(has(p, STEP_BIND) && has(p, STEP_DISCARD) && has(p, STEP_REDEFINE));
}

static void test_job_takes_its_plan(void)
{
        _cleanup_(job_freep) Job *j = NULL;

        CHECK(job_new(1, JOB_MOVE, STRATEGY_AUTO, "uuid", "name", &j) >= 0);
        CHECK(j->n_steps == 1);
        j->steps[0].state = STEP_STARTED;
        CHECK(job_set_strategy(j, STRATEGY_SUSPEND_TO_RAM) >= 0);
        CHECK(j->n_steps == plan_find(JOB_MOVE, STRATEGY_SUSPEND_TO_RAM)->n_steps);
        CHECK(j->steps[0].state == STEP_STARTED);
        CHECK(job_find_step(j, STEP_WAKE));
        CHECK(!job_find_step(j, STEP_START));
        CHECK(!job_is_committed(j));
        job_find_step(j, STEP_SYNC)->state = STEP_DONE;
        CHECK(job_is_committed(j));
}

static void test_states(void)
{
        _cleanup_(job_freep) Job *j = NULL;

        CHECK(job_new(1, JOB_HIBERNATE, STRATEGY_AUTO, "uuid", "name", &j) >= 0);
        CHECK(job_set_state(j, JOB_DONE) == -EPERM);
        CHECK(job_set_state(j, JOB_RUNNING) >= 0);
        CHECK(job_set_state(j, JOB_CANCELED) == -EPERM);
        CHECK(job_set_state(j, JOB_UNDOING) >= 0);
        CHECK(job_set_state(j, JOB_DONE) == -EPERM);
        CHECK(job_set_state(j, JOB_CANCELED) >= 0);
        for (JobState s = JOB_QUEUED; s < _JOB_STATE_MAX; s++)
                CHECK(job_set_state(j, s) == -EPERM);
}

/* What failed for another reason tells nothing of the image, unless it had found it to be whole before. */
static void test_image(void)
{
        static const struct {
                JobKind kind;
                FailureCode failure;
                size_t begun; /* so many steps */
                StepId commit;
                JobImage image;
        } table[] = {
                { JOB_RESUME, FAILURE_NONE, 0, -1, JOB_IMAGE_UNKNOWN },
                { JOB_RESUME, FAILURE_LIBVIRT, 1, -1, JOB_IMAGE_UNKNOWN },
                { JOB_RESUME, FAILURE_IMAGE_DAMAGED, 1, -1, JOB_IMAGE_DAMAGED },
                { JOB_RESUME, FAILURE_BIND_FAILED, 2, -1, JOB_IMAGE_WHOLE },
                { JOB_HIBERNATE, FAILURE_NO_AGENT, 3, -1, JOB_IMAGE_UNKNOWN },
                { JOB_HIBERNATE, FAILURE_NONE, 6, STEP_SYNC, JOB_IMAGE_WHOLE },
                { JOB_MOVE, FAILURE_RESTORE_FAILED, 8, STEP_SYNC, JOB_IMAGE_WHOLE },
                { JOB_MOVE, FAILURE_IMAGE_DAMAGED, 8, STEP_SYNC, JOB_IMAGE_DAMAGED },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(job_freep) Job *j = NULL;

                CHECK(job_new(1, table[i].kind, STRATEGY_SUSPEND_TO_RAM, "uuid", "name", &j) >= 0);
                for (size_t k = 0; k < table[i].begun; k++)
                        j->steps[k].state = STEP_UNDONE; /* as a failure leaves them */
                if ((int) table[i].commit >= 0)
                        job_find_step(j, table[i].commit)->state = STEP_DONE;
                j->failure.code = table[i].failure;
                CHECK(job_image(j) == table[i].image);
        }
}

/* What all families allow, in the order of the first that says something. */
static void test_strategies(void)
{
        static const StrategyList silent = { 0 },
                                  two = { { STRATEGY_DEVICE_STATE, STRATEGY_SUSPEND_TO_RAM }, 2, true },
                                  other = { { STRATEGY_SUSPEND_TO_DISK, STRATEGY_SUSPEND_TO_RAM }, 2, true },
                                  third = { { STRATEGY_SUSPEND_TO_DISK }, 1, true };
        StrategyList l = { 0 };

        strategy_list_narrow(&l, &silent);
        CHECK(!l.said && strategy_list_has(&l, STRATEGY_DEVICE_STATE));
        strategy_list_narrow(&l, &two);
        strategy_list_narrow(&l, &silent);
        CHECK(l.said && l.n == 2 && l.list[0] == STRATEGY_DEVICE_STATE);
        strategy_list_narrow(&l, &other);
        CHECK(l.n == 1 && strategy_list_has(&l, STRATEGY_SUSPEND_TO_RAM));
        strategy_list_narrow(&l, &third);
        CHECK(l.said && l.n == 0 && !strategy_list_has(&l, STRATEGY_SUSPEND_TO_DISK));
}

int main(void)
{
        for (JobKind k = JOB_HIBERNATE; k <= JOB_MOVE; k++) {
                CHECK(plan_find(k, STRATEGY_AUTO)->n_steps == 1);
                for (Strategy s = STRATEGY_SUSPEND_TO_RAM; s < _STRATEGY_MAX; s++)
                        check_plan(plan_find(k, s));
        }
        CHECK(!plan_find(JOB_DISCARD, STRATEGY_AUTO)); /* its record says which */
        for (Strategy s = STRATEGY_SUSPEND_TO_RAM; s < _STRATEGY_MAX; s++)
                CHECK(plan_find(JOB_DISCARD, s)->n_steps == 1);
        CHECK(!plan_find(_JOB_KIND_MAX, STRATEGY_SUSPEND_TO_RAM));
        test_job_takes_its_plan();
        test_states();
        test_strategies();
        test_image();
        return EXIT_SUCCESS;
}
