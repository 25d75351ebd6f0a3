/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/executor.h"

#include <assert.h>
#include <stdio.h>

#include "basic/clock.h"
#include "worker/steps.h"

static const PlanStep *plan_step(const Job *j, size_t i)
{
        const Plan *plan = plan_find(j->kind, j->strategy);

        assert(plan && i < plan->n_steps);
        return plan->steps + i;
}

/* Does some step from `i` on commit the stage that step `i` is in? Else it is the last stage. */
static bool stage_has_commit(const Job *j, size_t i)
{
        unsigned stage = plan_step(j, i)->stage;

        for (size_t k = i; k < j->n_steps && plan_step(j, k)->stage == stage; k++)
                if (plan_step(j, k)->commit)
                        return true;

        /* Only the check of an undecided job is planned so far: all of it can still be undone. */
        return j->strategy == STRATEGY_AUTO;
}

static int write_job(Executor *e, Failure *reterr)
{
        return e->store_ops->write_job(e->store, e->job, reterr);
}

static int set_step(Executor *e, JobStep *s, StepState state, Failure *reterr)
{
        s->state = state;

        if (state == STEP_STARTED || state == STEP_UNDOING)
                s->started_usec = clock_realtime_usec();
        else
                s->ended_usec = clock_realtime_usec();

        return write_job(e, reterr);
}

static bool is_canceled(const Executor *e)
{
        return e->canceled && *e->canceled;
}

/* "cause; and then what": one line that also says in which state the domain was left. */
static void append_message(Failure *f, const char *text)
{
        char *longer;

        if (asprintf(&longer, "%s; %s", failure_message(f), text) < 0)
                return;

        free(f->message);
        f->message = longer;
}

/* The job's last word. A journal that cannot be written leaves the job unfinished on disk; then recovery finds every
 * step done or undone already and says the same. */
static int finish(Executor *e, JobState state)
{
        Failure why = { 0 };

        e->job->ended_usec = clock_realtime_usec();
        e->job->worker_pid = 0;

        if (job_set_state(e->job, state) < 0)
                assert(false && "final states can be reached from every state that executes");

        if (write_job(e, &why) < 0)
                append_message(&e->job->failure, failure_message(&why));
        failure_done(&why);

        return state == JOB_DONE ? 0 : -EREMOTEIO;
}

static const char *outcome_after_undo(const Job *j, unsigned stage)
{
        if (stage > 0)
                return "the domain stays hibernated, 'vgpu-hibernatectl resume' tries again";
        if (j->kind == JOB_RESUME)
                return "the domain stays hibernated";
        if (j->failure.code == FAILURE_LOST)
                return "the domain is off";
        return "the domain runs on as before";
}

/* Undoes what was done or begun of the stage of step `from`, last first. A step that will not be undone does not keep
 * the ones before it from being undone. */
static int undo_stage(Executor *e, size_t from)
{
        unsigned stage = plan_step(e->job, from)->stage;
        bool complete = true;
        Failure why = { 0 };

        if (e->job->state != JOB_UNDOING && job_set_state(e->job, JOB_UNDOING) < 0)
                assert(false && "every executing state may undo");

        for (size_t i = from + 1; i-- > 0 && plan_step(e->job, i)->stage == stage;) {
                JobStep *s = e->job->steps + i;

                if (s->state == STEP_PENDING || s->state == STEP_UNDONE)
                        continue;

                /* Going back with a journal that cannot be written is still better than not going back. */
                (void) set_step(e, s, STEP_UNDOING, NULL);
                if (step_undo(e, s->id, &why) < 0) {
                        append_message(&e->job->failure, "going back failed");
                        append_message(&e->job->failure, failure_message(&why));
                        failure_done(&why);
                        complete = false;
                        (void) set_step(e, s, STEP_FAILED, NULL);
                        continue;
                }
                (void) set_step(e, s, STEP_UNDONE, NULL);
        }

        if (complete)
                append_message(&e->job->failure, outcome_after_undo(e->job, stage));

        return finish(e, e->job->failure.code == FAILURE_CANCELED ? JOB_CANCELED : JOB_FAILED);
}

/* Has the guest of a stage that restores it run, although the step that wakes it did not come to its end? Asked of
 * QEMU, not of the journal. When the question cannot be answered the answer is yes: an image that may have run must
 * not run again. */
static bool guest_has_run(Executor *e, size_t from)
{
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        const JobStep *restore = job_find_step(e->job, STEP_RESTORE);

        if (!restore || restore->state == STEP_PENDING || restore->state == STEP_UNDONE ||
            plan_step(e->job, from)->stage != plan_step(e->job, (size_t) (restore - e->job->steps))->stage)
                return false;

        if (e->ops->inspect(e->host, e->job->domain_uuid, false, &facts, NULL) < 0)
                return true;

        return facts.qemu == QEMU_RUNNING;
}

/* The index behind the commit step of the stage of step `from`, with all of that stage marked done. */
static size_t commit_stage(Executor *e, size_t from)
{
        size_t i = from;

        for (;; i++) {
                e->job->steps[i].state = STEP_DONE;
                if (plan_step(e->job, i)->commit)
                        return i + 1;
        }
}

static int do_step(Executor *e, size_t i, Failure *reterr)
{
        bool last_stage = !stage_has_commit(e->job, i), commit = plan_step(e->job, i)->commit;
        JobStep *s = e->job->steps + i;
        int r;

        /* In the last stage the guest runs already: what is left to do is done with or without a journal. */
        r = set_step(e, s, STEP_STARTED, last_stage ? NULL : reterr);
        if (r < 0 && !last_stage)
                return r;

        r = step_do(e, s->id, reterr);
        if (r < 0) {
                (void) set_step(e, s, STEP_FAILED, NULL); /* the failure itself is what is reported */
                return r;
        }

        /* A commit is a fact of the world: it does not become undone by a journal that cannot say so. */
        r = set_step(e, s, STEP_DONE, commit || last_stage ? NULL : reterr);
        return commit || last_stage ? 0 : r;
}

static int run_from(Executor *e, size_t i)
{
        /* n_steps grows when the check decides the strategy. */
        for (; i < e->job->n_steps; i++) {
                bool can_undo = stage_has_commit(e->job, i);
                Failure why = { 0 };

                if (e->job->steps[i].state == STEP_DONE)
                        continue;

                if (can_undo && is_canceled(e)) {
                        (void) failure_set(&e->job->failure, FAILURE_CANCELED, "canceled on request");
                        return undo_stage(e, i);
                }

                if (do_step(e, i, &why) >= 0)
                        continue;

                if (e->job->failure.code == FAILURE_NONE)
                        e->job->failure = why;
                else
                        failure_done(&why);

                if (!can_undo)
                        continue;
                if (!guest_has_run(e, i))
                        return undo_stage(e, i);
                i = commit_stage(e, i) - 1;
        }

        return finish(e, e->job->failure.code == FAILURE_NONE ? JOB_DONE : JOB_FAILED);
}

int executor_run(Executor *e)
{
        Failure why = { 0 };

        if (job_set_state(e->job, JOB_RUNNING) < 0)
                return failure_set(&e->job->failure, FAILURE_HOST, "job %llu is '%s', it cannot be run",
                                   (unsigned long long) e->job->id, job_state_to_string(e->job->state));

        if (write_job(e, &why) < 0) {
                e->job->failure = why;
                return finish(e, JOB_FAILED);
        }

        return run_from(e, 0);
}

/* The first step that is not done. */
static size_t first_open_step(const Job *j)
{
        for (size_t i = 0; i < j->n_steps; i++)
                if (j->steps[i].state != STEP_DONE)
                        return i;

        return j->n_steps;
}

/* The last step that was touched: where undoing begins. */
static size_t last_touched_step(const Job *j, size_t from)
{
        size_t last = from;

        for (size_t i = from; i < j->n_steps; i++)
                if (j->steps[i].state != STEP_PENDING)
                        last = i;

        return last;
}

static bool undo_was_begun(const Job *j)
{
        for (size_t i = 0; i < j->n_steps; i++)
                if (j->steps[i].state == STEP_UNDOING || j->steps[i].state == STEP_UNDONE)
                        return true;

        return false;
}

int executor_recover(Executor *e)
{
        size_t i = first_open_step(e->job);
        bool undoing = e->job->state == JOB_UNDOING || undo_was_begun(e->job);

        if (job_set_state(e->job, JOB_RECOVERING) < 0)
                return failure_set(&e->job->failure, FAILURE_HOST, "job %llu has ended already",
                                   (unsigned long long) e->job->id);

        (void) write_job(e, NULL); /* what follows is the same without this note */

        if (i == e->job->n_steps || !stage_has_commit(e->job, i))
                return run_from(e, i);

        (void) failure_set(&e->job->failure, FAILURE_WORKER_DIED,
                           "the worker of this job died during step '%s'", step_id_to_string(e->job->steps[i].id));

        if (guest_has_run(e, i)) {
                failure_done(&e->job->failure);
                return run_from(e, commit_stage(e, i));
        }

        if (job_is_committed(e->job) && !undoing) {
                failure_done(&e->job->failure);
                return run_from(e, i);
        }

        return undo_stage(e, last_touched_step(e->job, i));
}
