/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/hook-question.h"

#include "core/start-check.h"
#include "daemon/manager-jobs.h"
#include "daemon/manager-store.h"

/* The domain is inactive when libvirt asks, so its record, if there is one, counts: whatever a snapshot says that may be
 * older. */
static int check_domain(Manager *m, const HookQuestion *q, Failure *reterr)
{
        ManagedJob *j = manager_find_open_job(m, q->uuid);

        /* The start may be this job's, and faster here than what its worker wrote before it asked for it. */
        if (j)
                managed_job_refresh(j);

        return start_check_domain(
                        &(const StartCheck) {
                                        .name = q->name,
                                        .job = j ? j->job : NULL,
                                        .job_given_up = j && j->given_up,
                                        .hibernated = manager_find_record(m, q->uuid) != NULL,
                        },
                        reterr);
}

static int check_functions(const Manager *m, const HookQuestion *q, Failure *reterr)
{
        for (size_t i = 0; i < q->n_functions; i++) {
                const Function *f = view_find_function(m->view, q->functions + i);
                int r = f ? start_check_function(f, q->name, reterr) : 0;

                if (r < 0)
                        return r;
        }

        return 0;
}

/* NULL for want of memory: the next snapshots tell. */
static void believe(Manager *m, const HookQuestion *q)
{
        Outcome *o = NULL;
        uint64_t now = 0;
        int r;

        (void) sd_event_now(m->event, CLOCK_MONOTONIC, &now); /* fails only after a fork */

        r = q->operation == HOOK_RELEASE
                            ? outcome_new_stop(q->uuid, now, &o)
                            : outcome_new_start(q->uuid, q->name, q->functions, q->n_functions, now, &o);
        manager_believe(m, q->uuid, r < 0 ? NULL : o);
        manager_changed(m);
}

int hook_question_answer(Manager *m, const HookQuestion *q, Failure *reterr)
{
        int r = 0;

        switch (q->operation) {
        case HOOK_RESTORE: /* "prepare" follows, with the same functions */
                r = check_domain(m, q, reterr);
                return r < 0 ? r : 0;
        case HOOK_PREPARE:
                r = check_domain(m, q, reterr);
                if (r == 0)
                        r = check_functions(m, q, reterr);
                if (r != 0)
                        return r < 0 ? r : 0;
                believe(m, q);
                return 0;
        case HOOK_RELEASE:
                /* A job knows itself what it did with its domain. */
                if (!manager_find_open_job(m, q->uuid))
                        believe(m, q);
                return 0;
        case _HOOK_OPERATION_MAX:
        case _HOOK_OPERATION_INVALID:
                break;
        }

        return failure_set(reterr, FAILURE_INVALID_OPTION, "no such operation");
}
