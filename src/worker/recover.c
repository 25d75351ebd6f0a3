/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A job whose worker died: what the world says, and from there on the way of executor.c. */

#include <assert.h>

#include "core/job-walk.h"
#include "worker/guest-run.h"
#include "worker/steps.h"
#include "worker/walk.h"

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

/* The image has not run, and has no QEMU (any more): what was made ready for one may be so no longer since a boot of the
 * host, and a restore that is done has to be done again. All of it may be done twice. */
static int repeat_stage(Executor *e, size_t i, Failure *reterr)
{
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        unsigned stage = job_plan_step(e->job, i)->stage;
        int r;

        r = e->ops->inspect(e->host, e->job->domain_uuid, false, &facts, reterr);
        if (r < 0 || facts.qemu != QEMU_NONE)
                return r;

        if (step_may_have_happened(job_find_step(e->job, STEP_RESTORE))) {
                r = step_undo(e, STEP_RESTORE, reterr);
                if (r < 0)
                        return r;
        }

        for (size_t k = 0; k < e->job->n_steps; k++)
                if (job_plan_step(e->job, k)->stage == stage)
                        e->job->steps[k] = (JobStep) { .id = e->job->steps[k].id };
        return 0;
}

static int recover(Executor *e)
{
        size_t i = job_first_open_step(e->job);
        bool undoing = e->job->state == JOB_UNDOING || job_undo_was_begun(e->job);

        e->recovering = true;
        if (job_set_state(e->job, JOB_RECOVERING) < 0)
                return failure_set(&e->job->failure, FAILURE_HOST, "job %llu has ended already",
                                   (unsigned long long) e->job->id);

        tell_what_is_found(e, i);
        (void) walk_write_job(e, NULL); /* what follows is the same without this note */

        if (i == e->job->n_steps || !job_stage_has_commit(e->job, i))
                return walk_from(e, i);

        /* libvirt's own start goes on without us, and asking whether it came up repeats nothing. */
        if (e->job->by_libvirt && !undoing && !step_may_have_happened(job_find_step(e->job, STEP_WAKE))) {
                TELL(e, "going on behind libvirt's start");
                failure_done(&e->job->failure);
                return walk_from(e, i);
        }

        (void) failure_set(&e->job->failure, FAILURE_WORKER_DIED,
                           "the worker of this job died during step '%s'",
                           step_id_to_string(e->job->steps[i].id));

        if (e->job->steps[i].id == STEP_SUSPEND_DISK &&
            (e->job->steps[i].state == STEP_STARTED || e->job->steps[i].state == STEP_FAILED))
                return walk_settle_suspend_disk(e, i, e->job->steps[i].state == STEP_STARTED);

        if (job_is_committed(e->job) && !undoing) {
                GuestRun ran;
                int r;

                r = ask_guest_run(e, i, &ran, &e->stuck);
                if (r < 0 && e->stuck.code != FAILURE_UNKNOWN_DOMAIN)
                        return -EAGAIN;
                failure_done(&e->stuck);
                /* A boot that may have happened is not repeated unasked: it would be one without memory. */
                if (r >= 0 && ran == GUEST_NOT_RUN &&
                    !step_may_have_happened(job_find_step(e->job, STEP_START))) {
                        TELL(e, "the image is safe and has not run: going forward");
                        if (repeat_stage(e, i, &e->stuck) < 0)
                                return -EAGAIN;
                        failure_done(&e->job->failure);
                        return walk_from(e, job_first_open_step(e->job));
                }
        }

        return walk_turn_back(e, job_last_touched_step(e->job, i));
}

int executor_recover(Executor *e)
{
        if (free_and_strdup(&e->job->stuck, NULL) < 0)
                assert(false && "freeing cannot fail");

        return walk_note_stuck(e, recover(e));
}
