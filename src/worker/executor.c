/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/executor.h"

#include <assert.h>
#include <stdio.h>

#include "basic/clock.h"
#include "core/retarget.h"
#include "worker/steps.h"

/* A line of the job's story. It becomes durable with the next write of the journal. */
#define TELL(e, ...) job_tell((e)->job, clock_realtime_usec(), __VA_ARGS__)

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
                if (plan_step(j, k)->flags & PLAN_COMMIT)
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

static bool is_held(const Executor *e)
{
        return e->held && *e->held;
}

/* Is the guest, before step `i`, neither running nor safely stored? */
static bool is_between(const Job *j, size_t i)
{
        for (size_t k = i; k-- > 0 && plan_step(j, k)->stage == plan_step(j, i)->stage;)
                if (plan_step(j, k)->flags & PLAN_TOUCHES)
                        return true;

        return false;
}

/* The job's last word. A journal that cannot be written leaves the job unfinished on disk; then a recovery, when there
 * is room again, finds every step done or undone already and says the same. */
static int finish(Executor *e, JobState state)
{
        e->job->ended_usec = clock_realtime_usec();
        e->job->worker_pid = 0;

        for (size_t i = 0; i < e->job->n_steps; i++)
                if (e->job->steps[i].state == STEP_STARTED || e->job->steps[i].state == STEP_UNDOING)
                        e->job->steps[i].state = STEP_FAILED;

        if (job_set_state(e->job, state) < 0)
                assert(false && "final states can be reached from every state that executes");

        if (write_job(e, &e->stuck) < 0)
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
        (void) write_job(e, NULL); /* else a recovery finds all undone, and comes here again */
        return -ERESTART;
}

/* Undoes what was done or begun of the stage of step `from`, last first. Each step stands on the ones before it, so one
 * that will not be undone stops the way back; the job stays unfinished, to be tried again. */
static int undo_stage(Executor *e, size_t from)
{
        unsigned stage = plan_step(e->job, from)->stage;

        if (e->job->state != JOB_UNDOING && job_set_state(e->job, JOB_UNDOING) < 0)
                assert(false && "every executing state may undo");

        for (size_t i = from + 1; i-- > 0 && plan_step(e->job, i)->stage == stage;) {
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
                else if (why.code == FAILURE_LOST || why.code == FAILURE_UNKNOWN_DOMAIN) {
                        /* There is nothing left to go back to, and it is worse than what this job failed of. */
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

        if (e->job->retry && !is_canceled(e))
                return ask_for_others(e);
        e->job->retry = false;

        failure_append(&e->job->failure, job_outcome_of_undo(e->job));
        return finish(e, e->job->failure.code == FAILURE_CANCELED ? JOB_CANCELED : JOB_FAILED);
}

typedef enum GuestRun {
        GUEST_NOT_RUN,
        GUEST_RAN,
        GUEST_MAY_HAVE_RUN, /* its QEMU is gone, and the wake-up may have reached it before */
        GUEST_ASLEEP,       /* its QEMU lives, and the wake-up may or may not have reached it */
} GuestRun;

/* A wake that is being undone was found not to have happened. */
static bool may_have_happened(const JobStep *s)
{
        return s && (s->state == STEP_STARTED || s->state == STEP_DONE || s->state == STEP_FAILED);
}

/* Has the guest that the stage of step `from` brings back run? Asked of QEMU, not of the journal. Negative: the
 * question cannot be answered now, so nothing may be done in either direction. */
static int ask_guest_run(Executor *e, size_t from, GuestRun *ret, Failure *reterr)
{
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        const JobStep *begin = job_find_step(e->job, STEP_RESTORE);
        bool woken = may_have_happened(job_find_step(e->job, STEP_WAKE));
        int r;

        if (!begin)
                begin = job_find_step(e->job, STEP_START);

        *ret = GUEST_NOT_RUN;
        if (!begin || begin->state == STEP_PENDING || begin->state == STEP_UNDONE ||
            plan_step(e->job, from)->stage != plan_step(e->job, (size_t) (begin - e->job->steps))->stage)
                return 0;

        r = e->ops->inspect(e->host, e->job->domain_uuid, false, &facts, reterr);
        if (r < 0)
                return r;

        if (facts.qemu == QEMU_RUNNING)
                *ret = GUEST_RAN;
        else if (woken && facts.qemu == QEMU_NONE)
                *ret = GUEST_MAY_HAVE_RUN;
        else if (woken && facts.qemu == QEMU_SUSPENDED && !e->recovering)
                *ret = GUEST_NOT_RUN; /* this very process waited for it to run until now */
        else if (woken && facts.qemu == QEMU_SUSPENDED)
                *ret = GUEST_ASLEEP;
        else if (woken)
                return failure_set(
                                reterr, FAILURE_WAKE_FAILED,
                                "the guest of domain '%s' was being woken, and QEMU is %s: it cannot be told whether "
                                "the guest ran; bring it to run (virsh resume, virsh dompmwakeup)",
                                e->job->domain_name, qemu_status_to_string(facts.qemu));
        return 0;
}

/* The index behind the commit step of the stage of step `from`, with all of that stage marked done. */
static size_t commit_stage(Executor *e, size_t from)
{
        size_t i = from;

        for (size_t k = 0; k < i; k++)
                e->job->steps[k].state = STEP_DONE;

        for (;; i++) {
                e->job->steps[i].state = STEP_DONE;
                if (plan_step(e->job, i)->flags & PLAN_COMMIT)
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

        return finish(e, JOB_FAILED);
}

static int run_from(Executor *e, size_t i);

/* Step `i` cannot go on (the job's failure says why): back, or forward after all. -EAGAIN leaves the job unfinished,
 * for a recovery when the world answers again. */
static int turn_back(Executor *e, size_t i)
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
                TELL(e, "the guest has not run from an image: going back");
                return undo_stage(e, i);
        case GUEST_MAY_HAVE_RUN:
                return give_up_image(e);
        case GUEST_ASLEEP:
                /* What its QEMU holds is the newest there is, so it is woken once more, and is never exchanged for
                 * the image. */
                r = e->ops->wake(e->host, e->job->domain_uuid, &e->stuck);
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
        return run_from(e, commit_stage(e, i));
}

/* Intent: -EAGAIN when it cannot be made durable and nothing is in a hurry, because the domain is hibernated. */
static int begin_step(Executor *e, size_t i, Failure *reterr)
{
        bool last_stage = !stage_has_commit(e->job, i);
        JobStep *s = e->job->steps + i;
        StepState before = s->state;

        /* In the last stage the guest runs already: what is left to do is done with or without a journal. */
        if (set_step(e, s, STEP_STARTED, last_stage ? NULL : reterr) >= 0 || last_stage)
                return 0;

        s->state = before; /* it is not begun, and must not look as if the guest may have run */
        return job_is_committed(e->job) ? -EAGAIN : -EREMOTEIO;
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

/* A guest that does not answer; a persistent definition that somebody changed, or took away, meanwhile. */
static bool is_finding(StepId id, FailureCode code)
{
        return id == STEP_HEALTH || code == FAILURE_UNKNOWN_DOMAIN ||
               (id == STEP_REDEFINE && code == FAILURE_UNKNOWN_FUNCTION);
}

/* Before step `i`, which can be undone: does anything speak against going on? 0: no. */
static int check_requests(Executor *e, size_t i)
{
        if (is_canceled(e) && !job_is_committed(e->job))
                return failure_set(&e->job->failure, FAILURE_CANCELED, "canceled on request");
        if (!is_held(e) || is_between(e->job, i))
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

/* The guest was told to hibernate to its own disk, and nobody saw whether it did: who listened for that died, or lost
 * libvirt. Without its QEMU nothing tells a hibernated guest from one that was shut down, so a start is left to whoever
 * asks for it: the guest's kernel knows whether there is an image. With `again` a guest that runs is asked again. */
static int settle_suspend_disk(Executor *e, size_t i, bool again)
{
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };

        if (e->ops->inspect(e->host, e->job->domain_uuid, false, &facts, &e->stuck) < 0) {
                if (e->stuck.code != FAILURE_UNKNOWN_DOMAIN)
                        return -EAGAIN;
                failure_done(&e->job->failure);
                e->job->failure = e->stuck;
                e->stuck = (Failure) { 0 };
                return undo_stage(e, i);
        }

        if (facts.qemu != QEMU_NONE && again) {
                failure_done(&e->job->failure);
                return run_from(e, i);
        }
        if (facts.qemu != QEMU_NONE)
                return undo_stage(e, i);

        if (e->store_ops->write_record(e->store, e->job, 0, &e->stuck) < 0)
                return -EAGAIN;

        for (size_t k = i; k-- > 0;)
                if (step_undo(e, e->job->steps[k].id, &e->stuck) < 0)
                        return -EAGAIN;

        failure_append(&e->job->failure,
                       "'vgpu-hibernatectl resume' continues the guest if it came to the end of that, else it boots");
        return finish(e, JOB_FAILED);
}

static int run_from(Executor *e, size_t i)
{
        bool complete = true;
        int r;

        /* n_steps grows when the check decides the strategy. */
        for (; i < e->job->n_steps; i++) {
                bool can_undo = stage_has_commit(e->job, i);
                Failure why = { 0 };

                if (e->job->steps[i].state == STEP_DONE)
                        continue;

                r = can_undo ? check_requests(e, i) : 0;
                if (r == -EAGAIN)
                        return r;
                if (r < 0)
                        return turn_back(e, i);

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
                                return settle_suspend_disk(e, i, false);
                        return turn_back(e, i);
                }

                /* What a last stage has to do must be done, if need be later; what can never be done is a finding. */
                if (is_finding(e->job->steps[i].id, why.code))
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
        return finish(e, e->job->failure.code == FAILURE_NONE ? JOB_DONE : JOB_FAILED);
}

/* The first step that is not done. */
static size_t first_open_step(const Job *j)
{
        for (size_t i = 0; i < j->n_steps; i++)
                if (j->steps[i].state != STEP_DONE)
                        return i;

        return j->n_steps;
}

static int run(Executor *e)
{
        Failure why = { 0 };

        if (job_set_state(e->job, JOB_RUNNING) < 0)
                return failure_set(&e->job->failure, FAILURE_HOST, "job %llu is '%s', it cannot be run",
                                   (unsigned long long) e->job->id, job_state_to_string(e->job->state));

        if (write_job(e, &why) < 0) {
                e->job->failure = why;
                return finish(e, JOB_FAILED);
        }

        /* Not the first one when other targets are tried after a commit. */
        return run_from(e, first_open_step(e->job));
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

/* For people: what the recovery found. */
static void tell_what_is_found(Executor *e, size_t i)
{
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        Failure why = { 0 };
        const char *step = i < e->job->n_steps ? step_id_to_string(e->job->steps[i].id) : "health";

        if (e->ops->inspect(e->host, e->job->domain_uuid, false, &facts, &why) < 0)
                TELL(e, "recovery at step %s: the domain cannot be asked: %s", step, failure_message(&why));
        else
                TELL(e, "recovery at step %s: libvirt's state is '%s', QEMU's '%s', its image '%s'", step,
                     domain_state_to_string(facts.state), qemu_status_to_string(facts.qemu),
                     image_state_to_string(facts.image));
        failure_done(&why);
}

static int recover(Executor *e)
{
        size_t i = first_open_step(e->job);
        bool undoing = e->job->state == JOB_UNDOING || undo_was_begun(e->job);

        e->recovering = true;
        if (job_set_state(e->job, JOB_RECOVERING) < 0)
                return failure_set(&e->job->failure, FAILURE_HOST, "job %llu has ended already",
                                   (unsigned long long) e->job->id);

        tell_what_is_found(e, i);
        (void) write_job(e, NULL); /* what follows is the same without this note */

        if (i == e->job->n_steps || !stage_has_commit(e->job, i))
                return run_from(e, i);

        (void) failure_set(&e->job->failure, FAILURE_WORKER_DIED,
                           "the worker of this job died during step '%s'",
                           step_id_to_string(e->job->steps[i].id));

        if (e->job->steps[i].id == STEP_SUSPEND_DISK &&
            (e->job->steps[i].state == STEP_STARTED || e->job->steps[i].state == STEP_FAILED))
                return settle_suspend_disk(e, i, e->job->steps[i].state == STEP_STARTED);

        if (job_is_committed(e->job) && !undoing) {
                GuestRun ran;
                int r;

                r = ask_guest_run(e, i, &ran, &e->stuck);
                if (r < 0 && e->stuck.code != FAILURE_UNKNOWN_DOMAIN)
                        return -EAGAIN;
                failure_done(&e->stuck);
                /* A boot that may have happened is not repeated unasked: it would be one without memory. */
                if (r >= 0 && ran == GUEST_NOT_RUN &&
                    !may_have_happened(job_find_step(e->job, STEP_START))) {
                        TELL(e, "the image is safe and has not run: going forward");
                        failure_done(&e->job->failure);
                        return run_from(e, i);
                }
        }

        return turn_back(e, last_touched_step(e->job, i));
}

/* Why an unfinished job stands still is for people to see. */
static int note_stuck(Executor *e, int r)
{
        if (r != -EAGAIN || job_state_is_final(e->job->state))
                return r;

        if (free_and_strdup(&e->job->stuck, failure_message(&e->stuck)) >= 0)
                (void) write_job(e, NULL); /* only a note */
        return r;
}

int executor_run(Executor *e)
{
        return note_stuck(e, run(e));
}

int executor_recover(Executor *e)
{
        if (free_and_strdup(&e->job->stuck, NULL) < 0)
                assert(false && "freeing cannot fail");

        return note_stuck(e, recover(e));
}
