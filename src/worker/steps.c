/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/steps.h"

#include "core/verdict.h"

/* Are the functions of the world still those that the daemon saw when it made the job? */
static int check_functions(const Job *j, const DomainFacts *facts, Failure *reterr)
{
        bool same = facts->n_functions == j->n_swaps;

        for (size_t i = 0; same && i < j->n_swaps; i++)
                same = pci_address_equal(&facts->functions[i], &j->swaps[i].from);

        if (same)
                return 0;

        return failure_set(
                        reterr, FAILURE_NO_FUNCTION,
                        "the functions of domain '%s' are no longer those it had when this job was made; try again",
                        j->domain_name);
}

static int do_check(Executor *e, Failure *reterr)
{
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        Strategy strategy = e->job->strategy;
        int r;

        r = e->ops->inspect(e->host, e->job->domain_uuid, e->job->kind != JOB_RESUME, &facts, reterr);
        if (r < 0)
                return r;

        if (e->job->kind == JOB_RESUME)
                return verdict_resume(&facts, strategy, reterr);

        if ((r = verdict_hibernate(&facts, strategy, &strategy, reterr)) < 0 ||
            (r = check_functions(e->job, &facts, reterr)) < 0)
                return r;

        e->job->bytes_total = facts.memory_bytes;

        /* Every strategy the verdict gives has a plan. */
        r = job_set_strategy(e->job, strategy);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "no plan for strategy '%s'",
                                         strategy_to_string(strategy));
        return 0;
}

static int do_bind(Executor *e, Failure *reterr)
{
        for (size_t i = 0; i < e->job->n_swaps; i++) {
                FunctionSwap *s = e->job->swaps + i;
                char *previous = NULL;
                int r;

                r = e->ops->function_bind(e->host, &s->to, &previous, reterr);
                if (r < 0)
                        return r;

                free(s->previous_driver);
                s->previous_driver = previous;
        }

        return 0;
}

static int undo_bind(Executor *e, Failure *reterr)
{
        int ret = 0;

        /* All of them, even when one refuses: each that is left behind is one more to clean up by hand. Pooled
         * functions that were on a VFIO driver stay there. */
        for (size_t i = 0; i < e->job->n_swaps; i++) {
                FunctionSwap *s = e->job->swaps + i;
                int r;

                if (s->previous_driver)
                        continue;

                r = e->ops->function_unbind(e->host, &s->to, NULL, reterr);
                if (r < 0)
                        ret = r;
        }

        return ret;
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
        return e->ops->save(e->host, e->job->domain_uuid, report_bytes, e, reterr);
}

/* The image is all there is: going back means to restore it, on the function that it still names. */
static int restore_back(Executor *e, Failure *reterr)
{
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        const char *uuid = e->job->domain_uuid;
        int r;

        if ((r = e->ops->image_put_back(e->host, uuid, reterr)) < 0 ||
            (r = e->ops->inspect(e->host, uuid, false, &facts, reterr)) < 0)
                return r;

        if (facts.image != IMAGE_VALID)
                return failure_set(
                                reterr, FAILURE_LOST,
                                "QEMU of domain '%s' ended before its image was complete, the memory of the guest is "
                                "lost%s",
                                e->job->domain_name,
                                facts.image == IMAGE_DAMAGED ? "; the partial image is left where it is"
                                                             : "");

        if ((r = e->ops->restore(e->host, uuid, reterr)) < 0 ||
            (r = e->ops->cont(e->host, uuid, reterr)) < 0)
                return r;

        return e->ops->image_discard(e->host, uuid, reterr);
}

/* A save may still be under way, or complete with nobody there who ends its QEMU, when the worker that asked for it
 * died: then the operation itself is the one that knows how to come to an end of it. Whether that is an image or a
 * QEMU that lives on shows afterwards. */
static int settle_save(Executor *e, DomainFacts *facts, Failure *reterr)
{
        Failure why = { 0 };
        int r;

        if (e->ops->save(e->host, e->job->domain_uuid, report_bytes, e, &why) < 0)
                failure_done(&why);

        domain_facts_done(facts);
        r = e->ops->inspect(e->host, e->job->domain_uuid, false, facts, reterr);
        if (r < 0)
                return r;

        if (facts->qemu != QEMU_FINISH_MIGRATE && facts->qemu != QEMU_POSTMIGRATE)
                return 0;

        return failure_set(
                        reterr, FAILURE_SAVE_FAILED,
                        "the save of domain '%s' does not come to an end (QEMU: %s); do not destroy or start the "
                        "domain, its memory may exist only there",
                        facts->name, qemu_status_to_string(facts->qemu));
}

static int undo_save(Executor *e, Failure *reterr)
{
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        int r;

        r = e->ops->inspect(e->host, e->job->domain_uuid, false, &facts, reterr);
        if (r < 0)
                return r;

        if (facts.qemu == QEMU_FINISH_MIGRATE || facts.qemu == QEMU_POSTMIGRATE) {
                r = settle_save(e, &facts, reterr);
                if (r < 0)
                        return r;
        }

        if (facts.qemu == QEMU_NONE)
                return restore_back(e, reterr);

        if (facts.qemu == QEMU_PAUSED) { /* an earlier try to go back died between restore and continue */
                r = e->ops->cont(e->host, e->job->domain_uuid, reterr);
                if (r < 0)
                        return r;
        }

        /* QEMU holds the memory; what was written of an image is waste. */
        return e->ops->image_discard(e->host, e->job->domain_uuid, reterr);
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

        /* By now an image would have been restored. */
        if (facts.qemu == QEMU_NONE)
                return failure_set(
                                reterr, FAILURE_LOST,
                                "QEMU of domain '%s' ended before there was an image, the memory of the guest is lost",
                                e->job->domain_name);

        return e->ops->wake(e->host, e->job->domain_uuid, reterr);
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

static int undo_restore(Executor *e, Failure *reterr)
{
        int r;

        /* The image gets its name back only when no QEMU can wake any more. */
        r = e->ops->destroy_unwoken(e->host, e->job->domain_uuid, reterr);
        if (r < 0)
                return r;

        return e->ops->image_put_back(e->host, e->job->domain_uuid, reterr);
}

static int do_discard(Executor *e, Failure *reterr)
{
        int r;

        if (e->job->strategy == STRATEGY_SUSPEND_TO_RAM) {
                r = e->ops->image_discard(e->host, e->job->domain_uuid, reterr);
                if (r < 0)
                        return r;
        }

        /* The record goes last: while it exists, what it speaks of may still be there. */
        return e->store_ops->remove_record(e->store, e->job->domain_uuid, reterr);
}

static bool is_target(const Job *j, const PciAddress *a)
{
        for (size_t i = 0; i < j->n_swaps; i++)
                if (j->swaps[i].has_to && pci_address_equal(&j->swaps[i].to, a))
                        return true;

        return false;
}

/* A function that does not come through its reset is not the guest's problem: it is noted for quarantine. */
static int do_release(Executor *e, Failure *reterr)
{
        for (size_t i = 0; i < e->job->n_swaps; i++) {
                FunctionSwap *s = e->job->swaps + i;
                Failure why = { 0 };
                int r;

                if (!s->has_from || is_target(e->job, &s->from))
                        continue;

                r = e->ops->function_reset(e->host, &s->from, &why);
                if (r < 0)
                        r = free_and_strdup(&s->quarantine, failure_message(&why));
                failure_done(&why);
                if (r < 0)
                        return failure_set_errno(reterr, FAILURE_HOST, r, "cannot note a quarantine");
        }

        return 0;
}

int step_do(Executor *e, StepId id, Failure *reterr)
{
        const char *uuid = e->job->domain_uuid;

        switch (id) {
        case STEP_CHECK:
                return do_check(e, reterr);
        case STEP_BIND:
                return do_bind(e, reterr);
        case STEP_SUSPEND:
                return e->ops->suspend_to_ram(e->host, uuid, reterr);
        case STEP_SET_MODE:
                return e->ops->set_cpr_mode(e->host, uuid, true, reterr);
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
                return e->ops->restore(e->host, uuid, reterr);
        case STEP_CONTINUE:
                return e->ops->cont(e->host, uuid, reterr);
        case STEP_WAKE:
                return e->ops->wake(e->host, uuid, reterr);
        case STEP_START:
                return e->ops->start(e->host, uuid, reterr);
        case STEP_DISCARD:
                return do_discard(e, reterr);
        case STEP_HEALTH:
                return e->ops->wait_agent(e->host, uuid, reterr);
        case STEP_RELEASE:
                return do_release(e, reterr);
        case _STEP_ID_MAX:
        case _STEP_ID_INVALID:
                break;
        }

        return failure_set(reterr, FAILURE_HOST, "unknown step %d", (int) id);
}

int step_undo(Executor *e, StepId id, Failure *reterr)
{
        const char *uuid = e->job->domain_uuid;

        switch (id) {
        case STEP_BIND:
                return undo_bind(e, reterr);
        case STEP_SUSPEND:
                return undo_suspend(e, reterr);
        case STEP_SET_MODE:
                return undo_set_mode(e, reterr);
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
        case STEP_CHECK:        /* touched nothing */
        case STEP_SUSPEND_DISK: /* it either happened, and is the commit, or the guest runs */
        case STEP_CONTINUE:     /* undone by restore's undo, as are the next two */
        case STEP_WAKE:
        case STEP_START:
        case STEP_DISCARD: /* the rest belongs to a last stage, which is never undone */
        case STEP_HEALTH:
        case STEP_RELEASE:
                return 0;
        case _STEP_ID_MAX:
        case _STEP_ID_INVALID:
                break;
        }

        return failure_set(reterr, FAILURE_HOST, "unknown step %d", (int) id);
}
