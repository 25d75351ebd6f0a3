/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/step-functions.h"

#include <stdio.h>

#include "core/left-function.h"

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

int functions_check_targets(Executor *e, Failure *reterr)
{
        for (size_t i = 0; i < e->job->n_swaps; i++) {
                const FunctionRef to = swap_target(e->job->swaps + i);
                int r = check_place(e, &to, reterr);

                if (r < 0)
                        return r;
        }

        return 0;
}

int functions_check(Executor *e, const DomainFacts *facts, Failure *reterr)
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
int functions_check_gates(Executor *e, Failure *reterr)
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

static int note_quarantine(Executor *e, const FunctionRef *f, const char *reason, Failure *reterr)
{
        int r = job_quarantine(e->job, f, reason);

        return r < 0 ? failure_set_errno(reterr, FAILURE_HOST, r, "cannot note that %s is bad",
                                         PCI_ADDRESS_STR(&f->address))
                     : 0;
}

static int judge_left_function(Executor *e, const FunctionRef *f, const Failure *why, Failure *reterr)
{
        switch (left_function_judge(why->code)) {
        case LEFT_FUNCTION_ELSEWHERE:
                return 0;
        case LEFT_FUNCTION_UNKNOWN:
                return failure_set(reterr, why->code, "%s", failure_message(why));
        case LEFT_FUNCTION_BAD:
                break;
        }

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

int functions_bind(Executor *e, Failure *reterr)
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

int functions_rebind(Executor *e, Failure *reterr)
{
        for (size_t i = 0; i < e->job->n_swaps && !e->job->back; i++) {
                const FunctionRef to = swap_target(e->job->swaps + i);
                int r = ask_gate(e, &to, GATE_ACCEPTS, reterr);

                if (r < 0)
                        return reterr->code == FAILURE_INVALID_OPTION ? -EAGAIN : r;
        }

        return functions_bind(e, reterr);
}

int functions_unbind(Executor *e, Failure *reterr)
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

int functions_await_gates(Executor *e, Failure *reterr)
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

int functions_regain(Executor *e, FunctionSwap moves[static JOB_FUNCTIONS_MAX], Failure *reterr)
{
        int r, moved = find_sources(e, moves, reterr);

        if (moved < 0)
                return moved;

        r = bind_sources(e, moves, reterr);
        return r < 0 ? r : moved;
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

static int release_one(Executor *e, const FunctionRef *f, Failure *reterr)
{
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        r = reset_or_quarantine(e, f, reterr);
        if (r < 0 || is_quarantined(e->job, f))
                return r;

        return ask_gate(e, f, GATE_WAIT, &why) >= 0 ? 0 : judge_left_function(e, f, &why, reterr);
}

static int clean_one(Executor *e, const FunctionRef *f, Failure *reterr)
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

/* Which of them an attempt that failed is to be blamed on, if one is, QEMU's words say; the others stay free: that a restore
 * failed may have many reasons. */
int functions_look_at_targets(Executor *e, Failure *reterr)
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
                        r = clean_one(e, &to, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
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

int functions_release(Executor *e, Failure *reterr)
{
        return for_each_left_function(e, release_one, reterr);
}

int functions_clean(Executor *e, Failure *reterr)
{
        return for_each_left_function(e, clean_one, reterr);
}
