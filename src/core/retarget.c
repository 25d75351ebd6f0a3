/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/retarget.h"

bool retarget_blames(StepId step, FailureCode code)
{
        static const struct {
                StepId step;
                FailureCode code;
        } blames[] = {
                { STEP_CHECK, FAILURE_GATE_CLOSED },       { STEP_REBIND, FAILURE_GATE_CLOSED },
                { STEP_REBIND, FAILURE_GATE_UNANSWERED },  { STEP_BIND, FAILURE_BIND_FAILED },
                { STEP_BIND, FAILURE_FOREIGN_DRIVER },     { STEP_BIND, FAILURE_UNKNOWN_FUNCTION },
                { STEP_REBIND, FAILURE_BIND_FAILED },      { STEP_REBIND, FAILURE_FOREIGN_DRIVER },
                { STEP_REBIND, FAILURE_UNKNOWN_FUNCTION }, { STEP_RESTORE, FAILURE_RESTORE_FAILED },
                { STEP_CONTINUE, FAILURE_RESTORE_FAILED }, { STEP_WAKE, FAILURE_WAKE_FAILED },
                { STEP_START, FAILURE_RESTORE_FAILED },    { STEP_RESTORE, FAILURE_UNKNOWN_FUNCTION },
                { STEP_START, FAILURE_UNKNOWN_FUNCTION },  { STEP_BIND, FAILURE_NOT_MIGRATABLE },
                { STEP_REBIND, FAILURE_NOT_MIGRATABLE },   { STEP_PLUG, FAILURE_PLUG_FAILED },
                { STEP_CHECK, FAILURE_INCOMPATIBLE },
        };

        for (size_t i = 0; i < ELEMENTSOF(blames); i++)
                if (blames[i].step == step && blames[i].code == code)
                        return true;

        return false;
}

static bool was_tried(const Job *j, const PciAddress *a)
{
        for (size_t i = 0; i < j->n_attempts; i++)
                for (size_t k = 0; k < j->attempts[i].n_targets; k++)
                        if (pci_address_equal(&j->attempts[i].targets[k], a))
                                return true;

        return false;
}

/* What was tried counts as in use: it is not chosen again, and still makes its physical function a full one. */
static bool pick_other(const Job *j, const Function *functions, size_t n_functions, PickPolicy policy,
                       const Function **ret)
{
        _cleanup_free_ Function *candidates = calloc(n_functions + 1, sizeof(Function));
        _cleanup_free_ FunctionIdentity *wants = calloc(j->n_swaps + 1, sizeof(FunctionIdentity));
        _cleanup_free_ FunctionRef *from = calloc(j->n_swaps + 1, sizeof(FunctionRef));
        _cleanup_free_ PciAddress *chosen = calloc(j->n_swaps + 1, sizeof(PciAddress));

        if (!candidates || !wants || !from || !chosen)
                return false;

        for (size_t i = 0; i < n_functions; i++) {
                candidates[i] = functions[i]; /* borrows its strings */
                if (was_tried(j, &functions[i].address))
                        candidates[i].state = FUNCTION_LEASED;
        }
        for (size_t i = 0; i < j->n_swaps; i++) {
                wants[i] = j->swaps[i].identity;
                from[i] = swap_source(j->swaps + i);
        }

        if (pool_pick(candidates, n_functions,
                      &(PoolRequest) { .wants = wants,
                                       .fixups = j->fixups,
                                       .anew = j->strategy == STRATEGY_UNPLUG,
                                       .from = from,
                                       .leave = j->kind == JOB_MOVE,
                                       .together = true,
                                       .n = j->n_swaps,
                                       .policy = policy },
                      chosen, NULL) < 0)
                return false;

        for (size_t i = 0; i < j->n_swaps; i++)
                ret[i] = pool_find(functions, n_functions, chosen + i);
        return true;
}

/* The functions the domain had, if all of them are still here. */
static bool find_sources(const Job *j, const Function *functions, size_t n_functions, const Function **ret)
{
        for (size_t i = 0; i < j->n_swaps; i++) {
                const FunctionRef from = swap_source(j->swaps + i);

                ret[i] = function_ref_find(&from, functions, n_functions);
                if (!ret[i])
                        return false;
        }

        return true;
}

Retarget retarget_decide(const Job *j, const Function *functions, size_t n_functions, PickPolicy policy,
                         uint64_t attempts_max, const Function **ret)
{
        if (j->back)
                return RETARGET_END;

        if (!j->targets_asked_for && j->n_attempts < attempts_max && j->n_attempts < JOB_ATTEMPTS_MAX - 1 &&
            pick_other(j, functions, n_functions, policy, ret))
                return RETARGET_OTHER;

        /* Before the commit the domain runs on them still. */
        if (j->kind != JOB_MOVE || j->fallback != FALLBACK_BACK || !job_is_committed(j))
                return RETARGET_END;

        return find_sources(j, functions, n_functions, ret) ? RETARGET_BACK : RETARGET_END;
}

int retarget_apply(Job *j, Retarget how, const Function *const *to, uint64_t usec)
{
        int r = job_set_state(j, JOB_QUEUED);

        if (r < 0)
                return r;

        for (size_t i = 0; i < j->n_swaps; i++) {
                swap_set_target(j->swaps + i, to[i]);
                job_tell(j, usec, "going on with function %s%s", PCI_ADDRESS_STR(&to[i]->address),
                         how == RETARGET_BACK ? ", which the domain had" : "");
        }

        /* What is done stays done: it is of a stage that was committed. */
        for (size_t i = 0; i < j->n_steps; i++)
                if (j->steps[i].state != STEP_DONE)
                        j->steps[i] = (JobStep) { .id = j->steps[i].id };

        /* What was true is asked once more, with the rest of the check. */
        j->needs_fixups = j->fixups == FIXUPS_YES;
        failure_done(&j->failure);
        j->retry = false;
        j->back = how == RETARGET_BACK;
        return 0;
}

int retarget_end(Job *j, uint64_t usec)
{
        int r = job_set_state(j, JOB_FAILED);

        if (r < 0)
                return r;

        failure_append(&j->failure, job_outcome_of_undo(j));
        j->ended_usec = usec;
        j->retry = false;
        return 0;
}
