/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/steps.h"

#include <stdio.h>

#include "core/verdict.h"
#include "worker/walk.h"

/* Between a plan and its execution the host may have booted with other numbers for its buses: what is at the address then
 * may be anybody's. */
static int check_place(Executor *e, const FunctionRef *f, Failure *reterr)
{
        PciAddress now;
        int r;

        r = e->ops->function_find(e->host, f, &now, reterr);
        if (r < 0)
                return r;

        if (!pci_address_equal(&now, &f->address))
                return failure_set(
                                reterr, FAILURE_UNKNOWN_FUNCTION,
                                "the function that was at %s is at %s since this host was booted; try again",
                                PCI_ADDRESS_STR(&f->address), PCI_ADDRESS_STR(&now));

        return 0;
}

static int check_targets(Executor *e, Failure *reterr)
{
        for (size_t i = 0; i < e->job->n_swaps; i++) {
                const FunctionRef to = swap_target(e->job->swaps + i);
                int r = check_place(e, &to, reterr);

                if (r < 0)
                        return r;
        }

        return 0;
}

/* Are the functions of the world still those that the daemon saw when it made the job? */
static int check_functions(Executor *e, const DomainFacts *facts, Failure *reterr)
{
        const Job *j = e->job;
        bool same = facts->n_functions == j->n_swaps;

        for (size_t i = 0; same && i < j->n_swaps; i++)
                same = pci_address_equal(&facts->functions[i], &j->swaps[i].from);

        for (size_t i = 0; same && i < j->n_swaps; i++) {
                const FunctionRef from = swap_source(j->swaps + i);
                int r = check_place(e, &from, reterr);

                if (r < 0)
                        return r;
        }

        if (same)
                return 0;

        return failure_set(
                        reterr, FAILURE_NO_FUNCTION,
                        "the functions of domain '%s' are no longer those it had when this job was made; try again",
                        j->domain_name);
}

/* The version is that of the installed binary, this QEMU may be older. Sets what is set already: a mode other than
 * normal is only ever set by a job of this domain, and that is this one. */
static void probe_mode(Executor *e, DomainFacts *facts)
{
        if (facts->qemu_cpr_reboot && facts->qemu == QEMU_RUNNING)
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

/* A move that exchanges some of several functions keeps the others, and with them what the guest has in them. */
static bool is_kept(const Job *j, const FunctionSwap *s)
{
        const FunctionRef from = swap_source(s), to = swap_target(s);

        return j->kind == JOB_MOVE && s->has_from && s->has_to && function_ref_equal(&from, &to);
}

static int ask_gate(Executor *e, const FunctionRef *f, GateQuestion question, Failure *reterr)
{
        PciAddress now;
        int r;

        r = e->ops->function_find(e->host, f, &now, reterr);
        return r < 0 ? r : e->ops->function_gate(e->host, &now, question, reterr);
}

/* That the gates of the sources can be asked matters now, when it costs the guest nothing; what they say matters when it
 * is suspended. Those of the targets need not be asked again in step bind, which follows at once. */
static int check_gates(Executor *e, Failure *reterr)
{
        for (size_t i = 0; i < e->job->n_swaps; i++) {
                const FunctionSwap *s = e->job->swaps + i;
                const FunctionRef from = swap_source(s), to = swap_target(s);
                _cleanup_(failure_done) Failure why = { 0 };
                int r = 0;

                if (s->has_from && e->job->kind != JOB_RESUME)
                        r = ask_gate(e, &from, GATE_ANSWERS, &why);
                if (r >= 0 && s->has_to && !is_kept(e->job, s)) {
                        r = ask_gate(e, &to, GATE_ACCEPTS, &why);
                        if (r < 0 && why.code == FAILURE_UNKNOWN_FUNCTION)
                                continue; /* step bind has the words for it */
                }
                if (r < 0)
                        return failure_set(reterr, why.code, "%s", failure_message(&why));
        }

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

        if (!resume)
                probe_mode(e, &facts);

        /* By itself, before what takes longer; then, last, among the others. */
        verdict_judge(&request, &facts, &verdict);
        r = findings_check(&verdict.findings, reterr);
        if (r >= 0 && !resume)
                r = check_functions(e, &facts, reterr);
        if (r >= 0 && !resume)
                r = check_fixups(e->job, &facts, verdict.strategy, reterr);
        if (r >= 0)
                r = check_gates(e, reterr);
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

static int note_quarantine(Executor *e, const FunctionRef *f, const char *reason, Failure *reterr)
{
        int r = job_quarantine(e->job, f, reason);

        return r < 0 ? failure_set_errno(reterr, FAILURE_HOST, r, "cannot note that %s is bad",
                                         PCI_ADDRESS_STR(&f->address))
                     : 0;
}

/* What was found of a function that no guest has any more. One that is bad is not offered to anybody; one that is gone or
 * that somebody else took is not bad: the scan sees to it. */
static int judge_left_function(Executor *e, const FunctionRef *f, const Failure *why, Failure *reterr)
{
        if (why->code == FAILURE_UNKNOWN_FUNCTION || why->code == FAILURE_FOREIGN_DRIVER)
                return 0;
        /* Whether a guest has it, or what its family says, cannot be known now. */
        if (why->code == FAILURE_LIBVIRT || why->code == FAILURE_DOMAIN_BUSY ||
            why->code == FAILURE_INVALID_OPTION)
                return failure_set(reterr, why->code, "%s", failure_message(why));

        return note_quarantine(e, f, failure_message(why), reterr);
}

static int reset_or_quarantine(Executor *e, const FunctionRef *f, Failure *reterr)
{
        _cleanup_(failure_done) Failure why = { 0 };
        FunctionRef now = *f;
        int r;

        r = e->ops->function_find(e->host, f, &now.address, &why);
        if (r >= 0)
                r = e->ops->function_reset(e->host, &now.address, &why);

        return r >= 0 ? 0 : judge_left_function(e, &now, &why, reterr);
}

static int do_bind(Executor *e, Failure *reterr)
{
        for (size_t i = 0; i < e->job->n_swaps; i++) {
                FunctionSwap *s = e->job->swaps + i;
                const FunctionRef to = swap_target(s);
                bool bound = false;
                Failure why = { 0 };
                int r;

                r = check_place(e, &to, &why);
                if (r >= 0)
                        r = e->ops->function_bind(e->host, &s->to, &bound, &why);
                if (r < 0) {
                        if (why.code == FAILURE_BIND_FAILED)
                                (void) note_quarantine(e, &to, failure_message(&why), NULL);
                        (void) failure_set(reterr, why.code, "%s", failure_message(&why));
                        failure_done(&why);
                        return r;
                }

                s->bound = s->bound || bound;

                if (e->job->strategy == STRATEGY_DEVICE_STATE) {
                        r = e->ops->function_takes_state(e->host, &s->to, reterr);
                        if (r < 0)
                                return r;
                }
        }

        return 0;
}

/* Time has passed since the check, or these are others. Those that the domain had let go of it. -EAGAIN: what the family of
 * one says cannot be read now. */
static int do_rebind(Executor *e, Failure *reterr)
{
        for (size_t i = 0; i < e->job->n_swaps && !e->job->back; i++) {
                const FunctionRef to = swap_target(e->job->swaps + i);
                int r = ask_gate(e, &to, GATE_ACCEPTS, reterr);

                if (r < 0)
                        return reterr->code == FAILURE_INVALID_OPTION ? -EAGAIN : r;
        }

        return do_bind(e, reterr);
}

static int undo_bind(Executor *e, Failure *reterr)
{
        int ret = 0;

        /* All of them, even when one refuses: each that is left behind is one more to clean up by hand. What was on a
         * VFIO driver before stays there, and so does what a killed worker may have bound: it is where pooled
         * functions belong. */
        for (size_t i = 0; i < e->job->n_swaps; i++) {
                FunctionSwap *s = e->job->swaps + i;
                const FunctionRef to = swap_target(s);
                Failure why = { 0 };
                int r;

                if (!s->bound)
                        continue;

                r = check_place(e, &to, &why);
                if (r >= 0)
                        r = e->ops->function_unbind(e->host, &s->to, &why);
                if (r >= 0 || why.code == FAILURE_UNKNOWN_FUNCTION) /* a boot has undone it */
                        s->bound = false;
                else {
                        (void) failure_set(reterr, why.code, "%s", failure_message(&why));
                        ret = r;
                }
                failure_done(&why);
        }

        return ret;
}

/* A guest that sleeps, or was unplugged, has let go of its functions only when their gates say so. */
static int await_gates(Executor *e, Failure *reterr)
{
        PciAddress functions[JOB_FUNCTIONS_MAX];

        for (size_t i = 0; i < e->job->n_swaps; i++) {
                const FunctionRef from = swap_source(e->job->swaps + i);
                int r = e->ops->function_find(e->host, &from, functions + i, reterr);

                if (r < 0)
                        return r;
        }

        return e->ops->await_gates(e->host, functions, e->job->n_swaps, reterr);
}

static int do_suspend(Executor *e, Failure *reterr)
{
        int r = e->ops->suspend_to_ram(e->host, e->job->domain_uuid, reterr);

        return r < 0 ? r : await_gates(e, reterr);
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

/* Where the functions that the domain had are now. 1: not all where they were. */
static int find_sources(Executor *e, FunctionSwap moves[static JOB_FUNCTIONS_MAX], Failure *reterr)
{
        bool moved = false;
        int r;

        for (size_t i = 0; i < e->job->n_swaps; i++) {
                const FunctionRef from = swap_source(e->job->swaps + i);

                moves[i] = (FunctionSwap) { .has_from = true, .has_to = true, .from = from.address };
                r = e->ops->function_find(e->host, &from, &moves[i].to, reterr);
                if (r < 0)
                        return r;
                moved = moved || !pci_address_equal(&moves[i].from, &moves[i].to);
        }

        return moved;
}

/* Since a boot nobody may have bound them, and libvirt takes a function that it does not manage only from vfio-pci. Of what
 * will not be bound libvirt has the last word, which may itself bind what it manages. */
static int bind_sources(Executor *e, const FunctionSwap *moves, Failure *reterr)
{
        for (size_t i = 0; i < e->job->n_swaps; i++) {
                _cleanup_(failure_done) Failure why = { 0 };
                bool bound;
                int r = e->ops->function_bind(e->host, &moves[i].to, &bound, &why);

                if (r < 0 && why.code != FAILURE_FOREIGN_DRIVER && why.code != FAILURE_BIND_FAILED)
                        return failure_set(reterr, why.code, "%s", failure_message(&why));
        }

        return 0;
}

/* The image, unless it was unplugged before, and the definition name the functions that the domain had. Since a boot with
 * other numbers of buses they are elsewhere, and who has their addresses is not the domain's. */
static int follow_sources(Executor *e, Failure *reterr)
{
        FunctionSwap moves[JOB_FUNCTIONS_MAX];
        const char *uuid = e->job->domain_uuid;
        _cleanup_(failure_done) Failure why = { 0 };
        bool moved;
        int r;

        r = find_sources(e, moves, reterr);
        if (r < 0)
                return r;
        moved = r > 0;

        r = bind_sources(e, moves, reterr);
        if (r < 0 || !moved)
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
        return r < 0 ? r : await_gates(e, reterr);
}

static int do_plug(Executor *e, bool back, Failure *reterr)
{
        FunctionSwap moves[JOB_FUNCTIONS_MAX];
        PciAddress functions[JOB_FUNCTIONS_MAX];
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        r = back ? find_sources(e, moves, &why) : 0;
        if (r >= 0 && back)
                r = bind_sources(e, moves, &why);
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

/* QEMU's own words, "vfio 0000:01:10.0: ...", accuse one function (QEMU 10.0 include/hw/vfio/vfio-device.h,
 * VFIO_MSG_PREFIX). */
static bool is_accused(const JobAttempt *attempt, const PciAddress *a)
{
        _cleanup_free_ char *words = NULL;

        if (asprintf(&words, "vfio %s: ", PCI_ADDRESS_STR(a)) < 0) {
                words = NULL;
                return false;
        }

        return strstr(failure_message(&attempt->failure), words);
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

static bool is_target(const Job *j, const FunctionRef *f)
{
        for (size_t i = 0; i < j->n_swaps; i++) {
                const FunctionRef to = swap_target(j->swaps + i);

                if (j->swaps[i].has_to && function_ref_equal(&to, f))
                        return true;
        }

        return false;
}

static bool is_quarantined(const Job *j, const FunctionRef *f)
{
        for (size_t i = 0; i < j->n_quarantines; i++)
                if (function_ref_equal(&j->quarantines[i].function, f))
                        return true;

        return false;
}

static int release_function(Executor *e, const FunctionRef *f, Failure *reterr)
{
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        r = reset_or_quarantine(e, f, reterr);
        if (r < 0 || is_quarantined(e->job, f))
                return r;

        return ask_gate(e, f, GATE_WAIT, &why) >= 0 ? 0 : judge_left_function(e, f, &why, reterr);
}

static int clean_function(Executor *e, const FunctionRef *f, Failure *reterr)
{
        _cleanup_(failure_done) Failure why = { 0 };
        FunctionRef now = *f;
        int r;

        if (is_quarantined(e->job, f))
                return 0;

        r = e->ops->function_find(e->host, f, &now.address, &why);
        if (r >= 0)
                r = e->ops->function_clean(e->host, &now.address, &why);

        return r >= 0 ? 0 : judge_left_function(e, &now, &why, reterr);
}

/* QEMU had these targets, or tried to. One that is bad is found here, before others get it. Which of them an attempt that
 * failed is to be blamed on, if one is, QEMU's words say; the others stay free: that a restore failed may have many
 * reasons. */
static int look_at_targets(Executor *e, Failure *reterr)
{
        const Job *j = e->job;
        const JobAttempt *last = j->retry && j->n_attempts > 0 ? j->attempts + j->n_attempts - 1 : NULL;

        for (size_t i = 0; i < j->n_swaps; i++) {
                const FunctionRef to = swap_target(j->swaps + i);
                int r;

                r = reset_or_quarantine(e, &to, reterr);
                if (r >= 0 && last && is_accused(last, &to.address))
                        r = note_quarantine(e, &to, failure_message(&last->failure), reterr);
                /* The restore put into it what the guest had in its own. */
                if (r >= 0 && j->strategy == STRATEGY_DEVICE_STATE)
                        r = clean_function(e, &to, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
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

        return look_at_targets(e, reterr);
}

static int for_each_left_function(Executor *e, int (*handle)(Executor *, const FunctionRef *, Failure *),
                                  Failure *reterr)
{
        for (size_t i = 0; i < e->job->n_swaps; i++) {
                const FunctionSwap *s = e->job->swaps + i;
                const FunctionRef from = swap_source(s);
                int r;

                if (!s->has_from || is_target(e->job, &from))
                        continue;

                r = handle(e, &from, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int do_restore(Executor *e, Failure *reterr)
{
        int r;

        if (e->job->by_libvirt)
                return e->ops->follow_restore(e->host, e->job->domain_uuid, reterr);

        r = check_targets(e, reterr);

        return r < 0 ? r : e->ops->restore(e->host, e->job->domain_uuid, reterr);
}

static int do_start(Executor *e, Failure *reterr)
{
        int r = check_targets(e, reterr);

        return r < 0 ? r : e->ops->start(e->host, e->job->domain_uuid, reterr);
}

int step_do(Executor *e, StepId id, Failure *reterr)
{
        const char *uuid = e->job->domain_uuid;

        switch (id) {
        case STEP_CHECK:
                return do_check(e, reterr);
        case STEP_BIND:
                return do_bind(e, reterr);
        case STEP_REBIND:
                return do_rebind(e, reterr);
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
                return for_each_left_function(e, release_function, reterr);
        case STEP_CLEAN:
                return for_each_left_function(e, clean_function, reterr);
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
                return undo_bind(e, reterr);
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
                return look_at_targets(e, reterr);
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
