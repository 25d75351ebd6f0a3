/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/steps.h"

#include "core/verdict.h"
#include "worker/step-functions.h"
#include "worker/walk.h"

/* The version is that of the installed binary, this QEMU may be older. Sets what is set already: a mode other than
 * normal is only ever set by a job of this domain, and that is this one. */
static void probe_mode(Executor *e, DomainFacts *facts)
{
        if (facts->qemu_cpr_reboot && (facts->qemu == QEMU_RUNNING || domain_facts_asleep(facts)))
                facts->qemu_cpr_reboot =
                                e->ops->set_cpr_mode(e->host, e->job->domain_uuid, false, NULL) >= 0;
}

/* Others that want room wait from the survey until this job's part is in its journal; and in this order, so that an image
 * that becomes complete in between is counted twice, not left out. */
static int take_room(Executor *e, VerdictRequest *request, DomainFacts *facts, Failure *reterr)
{
        _cleanup_(verdict_done) Verdict verdict = { 0 };
        _cleanup_(job_list_done) JobList others = { 0 };
        int r;

        if ((r = e->store_ops->survey(e->store, e->job, &others, reterr)) < 0 ||
            (r = e->ops->image_space(e->host, &facts->image_space_bytes, reterr)) < 0)
                return r;

        verdict_request_set_others(request, &others);
        verdict_judge(request, facts, &verdict);
        r = findings_check(&verdict.findings, reterr);
        if (r < 0)
                return r;
        if (verdict.waits) {
                (void) failure_set(reterr, FAILURE_NO_SPACE, "%s", verdict.waits);
                return STEP_PUT_OFF;
        }

        e->job->predicted = verdict.predicted;
        e->job->space_bytes = verdict.bytes_needed;
        return 0;
}

/* What is to be plugged in the end: of a domain that runs, what it has; of one that is hibernated, what it had. */
static int note_devices(Executor *e, DomainFacts *facts, Failure *reterr)
{
        if (e->job->strategy != STRATEGY_UNPLUG || e->job->devices)
                return 0;
        if (e->job->kind == JOB_RESUME)
                return e->store_ops->read_devices(e->store, e->job->domain_uuid, &e->job->devices, reterr);

        e->job->devices = TAKE_PTR(facts->devices);
        return 0;
}

/* The daemon chose for a guest that follows to any card, since it cannot ask one. When this one does not, it chooses
 * again. A driver that is given a new device has nothing to follow with. */
static int check_fixups(Job *j, const DomainFacts *facts, Strategy strategy, Failure *reterr)
{
        j->fixups = facts->fixups;
        if (!j->needs_fixups || j->fixups == FIXUPS_YES || strategy == STRATEGY_UNPLUG)
                return 0;

        return failure_set(
                        reterr, FAILURE_INCOMPATIBLE,
                        "the driver in the guest of domain '%s' is not proven to follow to that function%s%s",
                        j->domain_name, facts->fixups_reason ? ": " : "",
                        facts->fixups_reason ? facts->fixups_reason : "");
}

/* Who asked for it may have seen the guest asleep, and not meant one that was woken meanwhile. */
static int check_sleep(Job *j, const DomainFacts *facts, Failure *reterr)
{
        bool asleep = j->kind == JOB_HIBERNATE && domain_facts_asleep(facts);

        if (j->asleep && !asleep)
                return failure_set(reterr, FAILURE_SUSPEND_FAILED,
                                   "the guest of domain '%s' woke up meanwhile", j->domain_name);

        j->asleep = asleep;
        return 0;
}

static int do_check(Executor *e, Failure *reterr)
{
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        _cleanup_(verdict_done) Verdict verdict = { 0 };
        VerdictRequest request = {
                .kind = e->job->kind,
                .strategy = e->job->strategy,
                .image_bytes = e->job->bytes_total,
                .space.reserve_bytes = e->image_reserve_bytes,
        };
        bool resume = e->job->kind == JOB_RESUME;
        int r;

        r = e->ops->inspect(e->host, e->job->domain_uuid, !resume, &facts, reterr);
        if (r < 0)
                return r;

        if (!resume) {
                r = check_sleep(e->job, &facts, reterr);
                if (r < 0)
                        return r;
                probe_mode(e, &facts);
        }

        /* By itself, before what takes longer; then, last, among the others. */
        verdict_judge(&request, &facts, &verdict);
        r = findings_check(&verdict.findings, reterr);
        if (r >= 0 && !resume)
                r = functions_check(e, &facts, reterr);
        if (r >= 0 && !resume)
                r = check_fixups(e->job, &facts, verdict.strategy, reterr);
        if (r >= 0)
                r = functions_check_gates(e, reterr);
        if (r >= 0)
                r = take_room(e, &request, &facts, reterr);
        if (r != 0)
                return r;
        if (resume)
                return note_devices(e, &facts, reterr);

        e->job->bytes_total = facts.memory_bytes;

        /* Every strategy the verdict gives has a plan. */
        r = job_set_strategy(e->job, verdict.strategy);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "no plan for strategy '%s'",
                                         strategy_to_string(verdict.strategy));

        return note_devices(e, &facts, reterr);
}

static int look_asleep(Executor *e, Failure *reterr)
{
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        int r = e->ops->inspect(e->host, e->job->domain_uuid, false, &facts, reterr);

        return r < 0 ? r : check_sleep(e->job, &facts, reterr);
}

static int do_suspend(Executor *e, Failure *reterr)
{
        int r = e->job->asleep ? look_asleep(e, reterr)
                               : e->ops->suspend_to_ram(e->host, e->job->domain_uuid, reterr);

        return r < 0 ? r : functions_await_gates(e, reterr);
}

static void report_bytes(uint64_t bytes, uint64_t bytes_total, void *userdata)
{
        Executor *e = userdata;

        e->job->bytes = bytes;
        e->job->bytes_total = bytes_total;
        e->store_ops->progress(e->store, e->job);
}

static int do_save(Executor *e, Failure *reterr)
{
        return e->ops->save(e->host, e->job->domain_uuid, strategy_saves_running(e->job->strategy),
                            report_bytes, e, reterr);
}

/* Paused, on the way back. Whether as restored, or in a QEMU that libvirt started anew because it found the image bad,
 * restore() tells: in the latter the guard link is all there is. A guest that was suspended sleeps on when it is
 * continued, and can be restored again until it is woken. One that was running runs: what it was restored from must be
 * gone before. */
static int continue_restored(Executor *e, Failure *reterr)
{
        bool runs_then = strategy_saves_running(e->job->strategy);
        const char *uuid = e->job->domain_uuid;
        int r;

        r = e->ops->restore(e->host, uuid, reterr);
        if (r < 0)
                return r;

        r = runs_then ? e->ops->image_discard(e->host, uuid, reterr) : e->ops->cont(e->host, uuid, reterr);
        if (r < 0)
                return r;

        return runs_then ? e->ops->cont(e->host, uuid, reterr)
                         : e->ops->image_discard(e->host, uuid, reterr);
}

/* The image, unless it was unplugged before, and the definition name the functions that the domain had. Since a boot with
 * other numbers of buses they are elsewhere, and who has their addresses is not the domain's. */
static int follow_sources(Executor *e, Failure *reterr)
{
        FunctionSwap moves[JOB_FUNCTIONS_MAX];
        const char *uuid = e->job->domain_uuid;
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        r = functions_regain(e, moves, reterr);
        if (r <= 0)
                return r;

        r = e->job->strategy == STRATEGY_UNPLUG
                            ? 0
                            : e->ops->image_set_functions(e->host, uuid, moves, e->job->n_swaps, false,
                                                          reterr);
        if (r < 0)
                return r;

        /* Somebody may have changed it meanwhile, who then knows what it is to name. */
        r = e->ops->definition_set_functions(e->host, uuid, moves, e->job->n_swaps, false, &why);
        if (r < 0 && why.code != FAILURE_UNKNOWN_FUNCTION)
                return failure_set(reterr, why.code, "%s", failure_message(&why));
        return 0;
}

/* Whatever libvirt makes of the image that it is to restore, its guard link keeps it. That this job made it is noted first. */
static int guard_for_return(Executor *e, Failure *reterr)
{
        JobStep *sync = job_find_step(e->job, STEP_SYNC);
        uint64_t bytes;

        if (!sync)
                return 0;

        if (sync->state == STEP_PENDING) {
                sync->state = STEP_STARTED;
                (void) walk_write_job(
                                e,
                                NULL); /* as in all of going back: better without a journal than not at all */
        }

        return e->ops->image_guard(e->host, e->job->domain_uuid, &bytes, reterr);
}

/* The image is all there is: going back means to restore it, on the function that it still names. Under libvirt's name
 * it is of this job; under its guard link only if this job made that, else it may be of a guest that ran since. */
static int restore_back(Executor *e, Failure *reterr)
{
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        const JobStep *sync = job_find_step(e->job, STEP_SYNC);
        const char *uuid = e->job->domain_uuid;
        int r;

        if (sync && sync->state != STEP_PENDING) {
                r = e->ops->image_put_back(e->host, uuid, reterr);
                if (r < 0)
                        return r;
        }

        r = e->ops->inspect(e->host, uuid, false, &facts, reterr);
        if (r < 0)
                return r;

        if (facts.image != IMAGE_VALID)
                return failure_set(
                                reterr, FAILURE_LOST,
                                "QEMU of domain '%s' ended before its image was complete, the memory of the guest is "
                                "lost%s",
                                e->job->domain_name,
                                facts.image == IMAGE_DAMAGED ? "; the partial image is left where it is"
                                                             : "");

        r = guard_for_return(e, reterr);
        if (r >= 0)
                r = follow_sources(e, reterr);
        return r < 0 ? r : continue_restored(e, reterr);
}

static int undo_save(Executor *e, Failure *reterr)
{
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        int r;

        /* What a dead worker asked for may be about to begin, be under way, or be complete without anybody who ends its
         * QEMU. A file that is being written must not be removed: with it goes the only copy. */
        if (e->recovering) {
                r = e->ops->settle_save(e->host, e->job->domain_uuid, reterr);
                if (r < 0)
                        return r;
        }

        r = e->ops->inspect(e->host, e->job->domain_uuid, false, &facts, reterr);
        if (r < 0)
                return r;

        switch (facts.qemu) {
        case QEMU_NONE:
                return restore_back(e, reterr);
        case QEMU_PAUSED: /* an earlier try to go back died between restore and continue, or a save left it so */
                return continue_restored(e, reterr);
        case QEMU_RUNNING:
        case QEMU_SUSPENDED:
                /* It holds the memory; what was written of an image is waste. */
                return e->ops->image_discard(e->host, e->job->domain_uuid, reterr);
        case QEMU_FINISH_MIGRATE:
        case QEMU_POSTMIGRATE:
        case QEMU_OTHER:
        case _QEMU_STATUS_MAX:
        case _QEMU_STATUS_INVALID:
                break;
        }

        return failure_set(
                        reterr, FAILURE_SAVE_FAILED,
                        "QEMU of domain '%s' is in state '%s' and must not be touched; do not destroy or start the "
                        "domain, its memory may exist only there",
                        facts.name, qemu_status_to_string(facts.qemu));
}

static int undo_set_mode(Executor *e, Failure *reterr)
{
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        int r;

        r = e->ops->inspect(e->host, e->job->domain_uuid, false, &facts, reterr);
        if (r < 0 || facts.qemu == QEMU_NONE)
                return r; /* the mode ended with its QEMU */

        return e->ops->set_cpr_mode(e->host, e->job->domain_uuid, false, reterr);
}

static int undo_suspend(Executor *e, Failure *reterr)
{
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        int r;

        r = e->ops->inspect(e->host, e->job->domain_uuid, false, &facts, reterr);
        if (r < 0)
                return r;

        if (facts.qemu == QEMU_NONE)
                r = restore_back(e, reterr);
        else if (facts.qemu == QEMU_RUNNING)
                /* It may have been asked and not be there yet: then it would fall asleep after all, and nobody wake it. */
                r = e->ops->settle_suspend(e->host, e->job->domain_uuid, reterr);
        if (r < 0)
                return r;

        /* Paused: an earlier worker was about to mend what libvirt sees, so the guest was awake. */
        if (facts.qemu != QEMU_PAUSED || !e->recovering) {
                r = e->ops->wake(e->host, e->job->domain_uuid, reterr);
                if (r < 0)
                        return r;
        }

        return e->ops->mend(e->host, e->job->domain_uuid, e->recovering, reterr);
}

static int do_unplug(Executor *e, Failure *reterr)
{
        PciAddress functions[JOB_FUNCTIONS_MAX];
        int r;

        for (size_t i = 0; i < e->job->n_swaps; i++)
                functions[i] = e->job->swaps[i].from;

        TELL(e, "the guest is asked to let go of its functions: all that they hold is lost");
        r = e->ops->unplug(e->host, e->job->domain_uuid, functions, e->job->n_swaps, reterr);
        return r < 0 ? r : functions_await_gates(e, reterr);
}

static int do_plug(Executor *e, bool back, Failure *reterr)
{
        FunctionSwap moves[JOB_FUNCTIONS_MAX];
        PciAddress functions[JOB_FUNCTIONS_MAX];
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        r = back ? functions_regain(e, moves, &why) : 0;
        if (r < 0)
                return failure_set(reterr,
                                   why.code == FAILURE_UNKNOWN_FUNCTION ? FAILURE_PLUG_FAILED : why.code,
                                   "%s", failure_message(&why));

        for (size_t i = 0; i < e->job->n_swaps; i++)
                functions[i] = back ? moves[i].to : e->job->swaps[i].to;

        if (!e->job->devices)
                return failure_set(reterr, FAILURE_PLUG_FAILED,
                                   "nobody noted what functions domain '%s' had", e->job->domain_name);

        return e->ops->plug(e->host, e->job->domain_uuid, e->job->devices, functions, e->job->n_swaps, back,
                            reterr);
}

static int undo_unplug(Executor *e, Failure *reterr)
{
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        int r;

        r = e->ops->inspect(e->host, e->job->domain_uuid, false, &facts, reterr);
        if (r >= 0 && facts.qemu == QEMU_NONE)
                r = restore_back(e, reterr);
        if (r < 0)
                return r;

        return do_plug(e, true, reterr);
}

/* Somebody may have let the guest run before the job came to that, and what went forward from there knows of no step that
 * was left out. */
static int check_plugged(Executor *e, Failure *reterr)
{
        int r = e->job->strategy == STRATEGY_UNPLUG ? do_plug(e, false, reterr) : 0;

        if (r < 0 && reterr->code == FAILURE_PLUG_FAILED)
                failure_append(reterr, JOB_RUNS_WITHOUT);
        return r;
}

static int do_health(Executor *e, Failure *reterr)
{
        int r;

        r = e->ops->mend(e->host, e->job->domain_uuid, e->recovering, reterr);
        if (r < 0)
                return r;

        r = check_plugged(e, reterr);
        if (r < 0)
                return r;

        return e->ops->wait_agent(e->host, e->job->domain_uuid, reterr);
}

static int do_sync(Executor *e, Failure *reterr)
{
        uint64_t bytes;
        int r;

        r = e->ops->image_guard(e->host, e->job->domain_uuid, &bytes, reterr);
        if (r < 0)
                return r;

        e->job->bytes = e->job->bytes_total = bytes;
        return e->store_ops->write_record(e->store, e->job, bytes, reterr);
}

static int do_rewrite(Executor *e, bool back, Failure *reterr)
{
        return e->ops->image_set_functions(e->host, e->job->domain_uuid, e->job->swaps, e->job->n_swaps,
                                           back, reterr);
}

static int do_redefine(Executor *e, bool back, Failure *reterr)
{
        return e->ops->definition_set_functions(e->host, e->job->domain_uuid, e->job->swaps, e->job->n_swaps,
                                                back, reterr);
}

static int do_discard(Executor *e, Failure *reterr)
{
        int r;

        if (strategy_writes_image(e->job->strategy)) {
                r = e->ops->image_discard(e->host, e->job->domain_uuid, reterr);
                if (r < 0)
                        return r;
        }

        /* The record goes last: while it exists, what it speaks of may still be there. */
        return e->store_ops->remove_record(e->store, e->job->domain_uuid, reterr);
}

static int undo_restore(Executor *e, Failure *reterr)
{
        int r;

        /* The image gets its name back only when no QEMU can wake any more. */
        r = e->ops->destroy_unwoken(e->host, e->job->domain_uuid, reterr);
        if (r < 0)
                return r;

        r = e->ops->image_put_back(e->host, e->job->domain_uuid, reterr);
        if (r < 0)
                return r;

        return functions_look_at_targets(e, reterr);
}

static int do_restore(Executor *e, Failure *reterr)
{
        int r;

        if (e->job->by_libvirt)
                return e->ops->follow_restore(e->host, e->job->domain_uuid, reterr);

        r = functions_check_targets(e, reterr);

        return r < 0 ? r : e->ops->restore(e->host, e->job->domain_uuid, reterr);
}

static int do_start(Executor *e, Failure *reterr)
{
        int r = functions_check_targets(e, reterr);

        return r < 0 ? r : e->ops->start(e->host, e->job->domain_uuid, reterr);
}

int step_do(Executor *e, StepId id, Failure *reterr)
{
        const char *uuid = e->job->domain_uuid;

        switch (id) {
        case STEP_CHECK:
                return do_check(e, reterr);
        case STEP_BIND:
                return functions_bind(e, reterr);
        case STEP_REBIND:
                return functions_rebind(e, reterr);
        case STEP_SUSPEND:
                return do_suspend(e, reterr);
        case STEP_SET_MODE:
                return e->ops->set_cpr_mode(e->host, uuid, true, reterr);
        case STEP_UNPLUG:
                return do_unplug(e, reterr);
        case STEP_SAVE:
                return do_save(e, reterr);
        case STEP_SYNC:
                return do_sync(e, reterr);
        case STEP_SUSPEND_DISK:
                return e->ops->suspend_to_disk(e->host, uuid, reterr);
        case STEP_RECORD:
                return e->store_ops->write_record(e->store, e->job, 0, reterr);
        case STEP_REWRITE:
                return do_rewrite(e, false, reterr);
        case STEP_REDEFINE:
                return do_redefine(e, false, reterr);
        case STEP_RESTORE:
                return do_restore(e, reterr);
        case STEP_PLUG:
                return do_plug(e, false, reterr);
        case STEP_CONTINUE:
                return e->ops->cont(e->host, uuid, reterr);
        case STEP_WAKE:
                return e->ops->wake(e->host, uuid, reterr);
        case STEP_START:
                return do_start(e, reterr);
        case STEP_DISCARD:
                return do_discard(e, reterr);
        case STEP_HEALTH:
                return do_health(e, reterr);
        case STEP_RELEASE:
                return functions_release(e, reterr);
        case STEP_CLEAN:
                return functions_clean(e, reterr);
        case _STEP_ID_MAX:
        case _STEP_ID_INVALID:
                break;
        }

        return failure_set(reterr, FAILURE_HOST, "unknown step %d", (int) id);
}

int step_free_sources(Executor *e, bool last, Failure *reterr)
{
        JobStep *release = job_find_step(e->job, STEP_RELEASE), *clean = job_find_step(e->job, STEP_CLEAN);
        int r;

        if (!release || !clean)
                return 0;

        r = step_do(e, STEP_RELEASE, reterr);
        if (r < 0 || !last)
                return r;
        r = step_do(e, STEP_CLEAN, reterr);
        if (r < 0)
                return r;

        /* Both or none: a recovery takes what is done of a last stage for the end of the one before. */
        release->state = clean->state = STEP_DONE;
        return 0;
}

int step_undo(Executor *e, StepId id, Failure *reterr)
{
        const char *uuid = e->job->domain_uuid;

        switch (id) {
        case STEP_BIND:
        case STEP_REBIND:
                return functions_unbind(e, reterr);
        case STEP_SUSPEND:
                return undo_suspend(e, reterr);
        case STEP_SET_MODE:
                return undo_set_mode(e, reterr);
        case STEP_UNPLUG:
                return undo_unplug(e, reterr);
        case STEP_SAVE:
                return undo_save(e, reterr);
        case STEP_SYNC:
                return e->store_ops->remove_record(e->store, uuid, reterr);
        case STEP_RECORD:
                /* Going back ends in a hibernated domain, and that is what the record says. */
                return e->store_ops->write_record(e->store, e->job, 0, reterr);
        case STEP_REWRITE:
                return do_rewrite(e, true, reterr);
        case STEP_REDEFINE:
                return do_redefine(e, true, reterr);
        case STEP_RESTORE:
                return undo_restore(e, reterr);
        case STEP_START: /* it failed, so that no guest has run */
                return functions_look_at_targets(e, reterr);
        case STEP_CHECK:        /* touched nothing */
        case STEP_SUSPEND_DISK: /* it either happened, and is the commit, or the guest runs */
        case STEP_PLUG:         /* undone by restore's undo, as are the next three */
        case STEP_CONTINUE:
        case STEP_WAKE:
        case STEP_DISCARD: /* the rest belongs to a last stage, which is never undone */
        case STEP_HEALTH:
        case STEP_RELEASE:
        case STEP_CLEAN:
                return 0;
        case _STEP_ID_MAX:
        case _STEP_ID_INVALID:
                break;
        }

        return failure_set(reterr, FAILURE_HOST, "unknown step %d", (int) id);
}
