/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/executor.h"

#include <assert.h>
#include <stdio.h>

#include "core/job-walk.h"
#include "core/retarget.h"
#include "worker/guest-run.h"
#include "worker/steps.h"
#include "worker/walk.h"

int walk_write_job(Executor *e, Failure *reterr)
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

        return walk_write_job(e, reterr);
}

static bool is_canceled(const Executor *e)
{
        return e->canceled && *e->canceled;
}

static bool is_held(const Executor *e)
{
        return e->held && *e->held;
}

/* The job's last word. A journal that cannot be written leaves the job unfinished on disk; then a recovery, when there
 * is room again, finds every step done or undone already and says the same. */
int walk_finish(Executor *e, JobState state)
{
        e->job->ended_usec = clock_realtime_usec();
        e->job->worker_pid = 0;

        for (size_t i = 0; i < e->job->n_steps; i++)
                if (e->job->steps[i].state == STEP_STARTED || e->job->steps[i].state == STEP_UNDOING)
                        e->job->steps[i].state = STEP_FAILED;

        if (job_set_state(e->job, state) < 0)
                assert(false && "final states can be reached from every state that executes");

        if (walk_write_job(e, &e->stuck) < 0)
                return -EAGAIN;

        return state == JOB_DONE ? 0 : -EREMOTEIO;
}

/* The end of this worker, not of its job: the daemon chooses. */
static int ask_for_others(Executor *e)
{
        if (job_set_state(e->job, JOB_RETRYING) < 0)
                assert(false && "an undo may end in another attempt");

        e->job->worker_pid = 0;
        TELL(e, "this attempt is undone, other functions are wanted");
        (void) walk_write_job(e, NULL); /* else a recovery finds all undone, and comes here again */
        return -ERESTART;
}

/* Undoes what was done or begun of the stage of step `from`, last first. Each step stands on the ones before it, so one
 * that will not be undone stops the way back; the job stays unfinished, to be tried again. */
int walk_undo_stage(Executor *e, size_t from)
{
        unsigned stage = job_plan_step(e->job, from)->stage;

        if (e->job->state != JOB_UNDOING && job_set_state(e->job, JOB_UNDOING) < 0)
                assert(false && "every executing state may undo");

        for (size_t i = from + 1; i-- > 0 && job_plan_step(e->job, i)->stage == stage;) {
                JobStep *s = e->job->steps + i;
                Failure why = { 0 };

                if (s->state == STEP_PENDING || s->state == STEP_UNDONE)
                        continue;

                /* Before a commit, going back with a journal that cannot be written is still better than not going
                 * back. After one, a recovery would go forward from what is half undone, and nothing is in a hurry. */
                if (set_step(e, s, STEP_UNDOING, &e->stuck) < 0 && job_is_committed(e->job))
                        return -EAGAIN;
                failure_done(&e->stuck);
                e->store_ops->tell_step(e->store, e->job, s, NULL);
                if (step_undo(e, s->id, &why) >= 0)
                        (void) set_step(e, s, STEP_UNDONE, NULL);
                else if (why.code == FAILURE_LOST || why.code == FAILURE_UNKNOWN_DOMAIN ||
                         why.code == FAILURE_PLUG_FAILED) {
                        /* There is nothing left to go back to, and it is worse than what this job failed of. Nor is a
                         * function that the guest does not get back: whoever waits for that waits for a person. */
                        TELL(e, "going back from: %s", failure_message(&e->job->failure));
                        failure_done(&e->job->failure);
                        e->job->failure = why;
                        e->job->retry = false;
                        why = (Failure) { 0 };
                        (void) set_step(e, s, STEP_UNDONE, NULL);
                } else {
                        (void) failure_set(&e->stuck, why.code, "%s", failure_message(&why));
                        failure_done(&why);
                        return -EAGAIN;
                }
        }

        /* When there are no others the daemon ends this job. */
        if (job_is_committed(e->job) &&
            step_free_sources(e, !e->job->retry || is_canceled(e), &e->stuck) < 0)
                return -EAGAIN;

        if (e->job->retry && !is_canceled(e))
                return ask_for_others(e);
        e->job->retry = false;

        failure_append(&e->job->failure, job_outcome_of_undo(e->job));
        return walk_finish(e, e->job->failure.code == FAILURE_CANCELED ? JOB_CANCELED : JOB_FAILED);
}

/* The index behind the commit step of the stage of step `from`, with all of that stage marked done. */
static size_t commit_stage(Executor *e, size_t from)
{
        size_t i = from;

        for (size_t k = 0; k < i; k++)
                e->job->steps[k].state = STEP_DONE;

        for (;; i++) {
                e->job->steps[i].state = STEP_DONE;
                if (job_plan_step(e->job, i)->flags & PLAN_COMMIT)
                        return i + 1;
        }
}

/* The image stays on the disk under its guard name, for people; without a record nothing of ours restores it. */
static int give_up_image(Executor *e)
{
        failure_done(&e->job->failure);
        (void) failure_set(
                        &e->job->failure, FAILURE_LOST,
                        "QEMU of domain '%s' ended while its guest was being woken; the guest may have run, so its "
                        "image must not run again; 'virsh start' boots the domain anew",
                        e->job->domain_name);
        e->job->retry = false;
        if (e->store_ops->remove_record(e->store, e->job->domain_uuid, &e->stuck) < 0)
                return -EAGAIN; /* while the record stands the job is not at its end */

        return walk_finish(e, JOB_FAILED);
}

/* Step `i` cannot go on (the job's failure says why): back, or forward after all. -EAGAIN leaves the job unfinished,
 * for a recovery when the world answers again. */
int walk_turn_back(Executor *e, size_t i)
{
        GuestRun ran = GUEST_NOT_RUN;
        int r;

        r = ask_guest_run(e, i, &ran, &e->stuck);
        if (r < 0 && e->stuck.code != FAILURE_UNKNOWN_DOMAIN)
                return -EAGAIN;
        if (r < 0)
                failure_done(&e->stuck); /* nothing that could have run: the undo will say so */

        switch (ran) {
        case GUEST_NOT_RUN:
                TELL(e, "going back");
                return walk_undo_stage(e, i);
        case GUEST_MAY_HAVE_RUN:
                return give_up_image(e);
        case GUEST_ASLEEP:
                /* What its QEMU holds is the newest there is, so it is woken once more, and is never exchanged for
                 * the image. */
                r = step_do(e, strategy_saves_running(e->job->strategy) ? STEP_CONTINUE : STEP_WAKE,
                            &e->stuck);
                if (r < 0)
                        return -EAGAIN;
                break;
        case GUEST_RAN:
                break;
        }

        TELL(e, "the guest runs: there is only the way forward");
        if (e->job->retry)
                job_drop_attempt(e->job);
        e->job->retry = false;
        failure_done(&e->job->failure);
        return walk_from(e, commit_stage(e, i));
}

/* Intent: -EAGAIN when it cannot be made durable and nothing is in a hurry, because the domain is hibernated. */
static int begin_step(Executor *e, size_t i, Failure *reterr)
{
        bool last_stage = !job_stage_has_commit(e->job, i);
        JobStep *s = e->job->steps + i;
        StepState before = s->state;

        /* In the last stage the guest runs already: what is left to do is done with or without a journal. */
        if (set_step(e, s, STEP_STARTED, last_stage ? NULL : reterr) >= 0 || last_stage)
                return 0;

        s->state = before; /* it is not begun, and must not look as if the guest may have run */
        return job_is_committed(e->job) ? -EAGAIN : -EREMOTEIO;
}

/* Nothing was touched. `stuck`, which says what it waits for, becomes durable with this. */
static int put_off(Executor *e, JobStep *s)
{
        *s = (JobStep) { .id = s->id };
        e->job->worker_pid = 0;
        if (job_set_state(e->job, JOB_QUEUED) < 0)
                assert(false && "only a job that runs checks");

        return -EAGAIN;
}

static int do_step(Executor *e, size_t i, Failure *reterr)
{
        JobStep *s = e->job->steps + i;
        int r;

        r = begin_step(e, i, reterr);
        if (r < 0)
                return r;

        e->store_ops->tell_step(e->store, e->job, s, NULL);
        r = step_do(e, s->id, reterr);
        if (r == STEP_PUT_OFF)
                return put_off(e, s);
        if (r == -EAGAIN)
                return r;
        if (r < 0) {
                e->store_ops->tell_step(e->store, e->job, s, reterr);
                (void) set_step(e, s, STEP_FAILED, NULL); /* the failure itself is what is reported */
                return -EREMOTEIO;
        }

        /* The outcome becomes durable together with the next step's intent, or with the job's end: nothing happens in
         * between, so one write says as much as two. */
        s->state = STEP_DONE;
        s->ended_usec = clock_realtime_usec();
        return 0;
}

/* A guest that does not answer; a persistent definition that somebody changed, or took away, meanwhile; an image that its
 * owner may be asked about again. */
static bool is_finding(JobKind kind, StepId id, FailureCode code)
{
        return kind == JOB_DISCARD || id == STEP_HEALTH || code == FAILURE_UNKNOWN_DOMAIN ||
               (id == STEP_REDEFINE && code == FAILURE_UNKNOWN_FUNCTION);
}

/* Before step `i`, which can be undone: does anything speak against going on? 0: no. */
static int check_requests(Executor *e, size_t i)
{
        if (is_canceled(e) && !job_is_committed(e->job))
                return failure_set(&e->job->failure, FAILURE_CANCELED, "canceled on request");
        if (!is_held(e) || job_is_between(e->job, i))
                return 0;
        if (!job_is_committed(e->job))
                return failure_set(&e->job->failure, FAILURE_CANCELED,
                                   "canceled, the host is shutting down");

        (void) failure_set(
                        &e->stuck, FAILURE_HOST,
                        "the host is shutting down; the domain is hibernated, the rest follows after the boot");
        return -EAGAIN;
}

/* The job's failure is that of step `i`, which can be undone. Others may do where these targets did not. */
static void note_failure(Executor *e, size_t i)
{
        StepId step = e->job->steps[i].id;
        const Failure *f = &e->job->failure;

        TELL(e, "step %s failed: %s", step_id_to_string(step), failure_message(f));
        e->job->retry = retarget_blames(step, f->code) &&
                        job_add_attempt(e->job, clock_realtime_usec(), step, f) >= 0;
}

/* The domain is where it was: what was asked for did not happen. */
static void note_back(Executor *e)
{
        const JobAttempt *last = e->job->attempts + e->job->n_attempts - 1;

        (void) failure_set(&e->job->failure, last->failure.code, "%s", failure_message(&last->failure));
        failure_append(&e->job->failure, "the domain runs again on the functions that it had");
}

int walk_from(Executor *e, size_t i)
{
        bool complete = true;
        int r;

        /* n_steps grows when the check decides the strategy. */
        for (; i < e->job->n_steps; i++) {
                bool can_undo = job_stage_has_commit(e->job, i);
                Failure why = { 0 };

                if (e->job->steps[i].state == STEP_DONE)
                        continue;

                r = can_undo ? check_requests(e, i) : 0;
                if (r == -EAGAIN)
                        return r;
                if (r < 0)
                        return walk_turn_back(e, i);

                r = do_step(e, i, &why);
                if (r >= 0)
                        continue;
                if (r == -EAGAIN) {
                        e->stuck = why;
                        return r;
                }

                if (can_undo) {
                        e->job->failure = why;
                        note_failure(e, i);
                        /* FAILURE_LOST: it was seen to shut down. */
                        if (e->job->steps[i].id == STEP_SUSPEND_DISK && e->job->failure.code != FAILURE_LOST)
                                return walk_settle_suspend_disk(e, i, false);
                        return walk_turn_back(e, i);
                }

                /* What a last stage has to do must be done, if need be later; what can never be done is a finding. */
                if (is_finding(e->job->kind, e->job->steps[i].id, why.code))
                        (void) failure_set(&e->job->failure, why.code, "%s", failure_message(&why));
                else {
                        (void) failure_set(&e->stuck, why.code, "%s", failure_message(&why));
                        complete = false;
                }
                failure_done(&why);
        }

        if (!complete)
                return -EAGAIN;

        if (e->job->back && e->job->n_attempts > 0)
                note_back(e);
        return walk_finish(e, e->job->failure.code == FAILURE_NONE ? JOB_DONE : JOB_FAILED);
}

static int run(Executor *e)
{
        Failure why = { 0 };

        if (free_and_strdup(&e->job->stuck, NULL) < 0)
                assert(false && "freeing cannot fail");

        if (job_set_state(e->job, JOB_RUNNING) < 0)
                return failure_set(&e->job->failure, FAILURE_HOST, "job %llu is '%s', it cannot be run",
                                   (unsigned long long) e->job->id, job_state_to_string(e->job->state));

        if (walk_write_job(e, &why) < 0) {
                if (e->job->by_libvirt) { /* it has begun already */
                        e->stuck = why;
                        return -EAGAIN;
                }
                e->job->failure = why;
                return walk_finish(e, JOB_FAILED);
        }

        /* Not the first one when other targets are tried after a commit. */
        return walk_from(e, job_first_open_step(e->job));
}

/* Why an unfinished job stands still is for people to see. */
int walk_note_stuck(Executor *e, int r)
{
        if (r != -EAGAIN || job_state_is_final(e->job->state))
                return r;

        if (free_and_strdup(&e->job->stuck, failure_message(&e->stuck)) >= 0)
                (void) walk_write_job(e, NULL); /* only a note */
        return r;
}

int executor_run(Executor *e)
{
        return walk_note_stuck(e, run(e));
}
