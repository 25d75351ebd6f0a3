/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/hook-question.h"

#include <inttypes.h>

#include "core/family.h"
#include "core/start-check.h"
#include "daemon/manager-jobs.h"
#include "daemon/manager-store.h"
#include "daemon/start-job.h"
#include "store/journal.h"

/* The domain's open job, as its worker wrote it last. */
static ManagedJob *find_job(Manager *m, const HookQuestion *q)
{
        ManagedJob *j = manager_find_open_job(m, q->uuid);

        /* The start may be this job's, and faster here than what its worker said before it asked for it. */
        if (j)
                managed_job_refresh(j);
        return j;
}

/* By the lock, as without a daemon: a worker's end may not be known here yet, nor one that an earlier daemon started. */
static bool is_at_work(const Manager *m, const ManagedJob *j)
{
        return job_is_starting(j->job) && journal_is_locked(m->jobs_fd, j->job->id) > 0;
}

/* The domain is inactive when libvirt asks, so its record, if there is one, counts: whatever a snapshot says that may be
 * older. */
static int check_domain(const Manager *m, const ManagedJob *j, const HookQuestion *q, Failure *reterr)
{
        return start_check_domain(
                        &(const StartCheck) {
                                        .name = q->name,
                                        .job = j ? j->job : NULL,
                                        .job_given_up = j && j->given_up,
                                        .at_work = j && is_at_work(m, j),
                                        .hibernated = manager_find_record(m, q->uuid) != NULL,
                        },
                        reterr);
}

static int check_functions(const Manager *m, const HookQuestion *q, Failure *reterr)
{
        for (size_t i = 0; i < q->n_functions; i++) {
                const Function *f = view_find_function(m->view, q->functions + i);
                FunctionRef ref;
                int r;

                if (!f)
                        continue;
                r = start_check_function(f, q->name, reterr);
                if (r < 0)
                        return r;

                /* It gets back what it had, unless somebody is just resetting or cleaning it. */
                ref = function_ref(f);
                if (prober_has(m->prober, &ref))
                        return failure_set(reterr, FAILURE_FUNCTION_BUSY,
                                           "function %s is being reset since domain '%s' gave it back; try "
                                           "again in a few seconds",
                                           PCI_ADDRESS_STR(&f->address), q->name);
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

static bool follows_libvirt(const ManagedJob *j)
{
        return j && j->job->by_libvirt && job_is_starting(j->job) && !j->given_up;
}

/* A resume whose first half is libvirt's. libvirt binds nothing, and we cannot now: it would be waited for. */
static int check_draft(const Manager *m, const HookQuestion *q, const JobDraft *draft, Failure *reterr)
{
        if (draft->strategy != STRATEGY_SUSPEND_TO_RAM)
                return failure_set(
                                reterr, FAILURE_HIBERNATED,
                                "domain '%s' is hibernated by %s; resume it with 'vgpu-hibernatectl resume'",
                                q->name, strategy_to_string(draft->strategy));
        if (draft->n_swaps != q->n_functions)
                return failure_set(
                                reterr, FAILURE_HIBERNATED,
                                "the image of domain '%s' has %zu PCI devices, and it was hibernated with %zu; is "
                                "that its image?",
                                q->name, q->n_functions, draft->n_swaps);

        for (size_t i = 0; i < draft->n_swaps; i++) {
                const Function *f = view_find_function(m->view, &draft->swaps[i].to);

                if (!f || !f->driver || !function_driver_is_vfio(f->driver))
                        return failure_set(
                                        reterr, FAILURE_FOREIGN_DRIVER,
                                        "function %s is not on vfio-pci, 'vgpu-hibernatectl resume' would "
                                        "bring it there",
                                        PCI_ADDRESS_STR(&draft->swaps[i].to));
                if (f->family && f->family->gate.command.words)
                        return failure_set(reterr, FAILURE_HIBERNATED,
                                           "whether function %s is fit to be taken is asked by jobs alone; "
                                           "resume domain '%s' with 'vgpu-hibernatectl resume'",
                                           PCI_ADDRESS_STR(&f->address), q->name);
        }

        return 0;
}

static int draft_resume(Manager *m, const HookQuestion *q, JobDraft *ret, Failure *reterr)
{
        const JobOptions options = { .kind = JOB_RESUME };
        _cleanup_(findings_done) Findings findings = { 0 };
        int r;

        if ((r = job_draft(m, q->uuid, &options, FIXUPS_YES, ret, &findings, reterr)) < 0 ||
            (r = findings_check(&findings, reterr)) < 0)
                return r;

        return check_draft(m, q, ret, reterr);
}

static int begin_resume(Manager *m, const HookQuestion *q, ManagedJob **ret, Failure *reterr)
{
        JobDraft draft;
        int r;

        r = draft_resume(m, q, &draft, reterr);
        if (r < 0)
                return r;

        /* Durable before libvirt is answered: whatever dies, somebody follows what libvirt has begun. */
        draft.by_libvirt = true;
        r = start_job_draft(m, &draft, ret, reterr);
        if (r < 0)
                return r;

        managed_job_run(*ret);
        return 0;
}

static int answer_targets(ManagedJob *j, const HookQuestion *q, PciAddress **ret, size_t *ret_n,
                          Failure *reterr)
{
        PciAddress *targets;

        if (j->job->n_swaps != q->n_functions)
                return failure_set(reterr, FAILURE_DOMAIN_BUSY,
                                   "job %" PRIu64 " of domain '%s' is about another image", j->job->id,
                                   q->name);

        targets = calloc(j->job->n_swaps + 1, sizeof(PciAddress));
        if (!targets)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot answer");

        for (size_t i = 0; i < j->job->n_swaps; i++)
                targets[i] = j->job->swaps[i].to;

        j->prepare_due = true;
        *ret = targets;
        *ret_n = j->job->n_swaps;
        return 0;
}

static int answer_restore(Manager *m, const HookQuestion *q, PciAddress **ret, size_t *ret_n,
                          Failure *reterr)
{
        ManagedJob *j = find_job(m, q);
        int r;

        /* Tried again, at once after libvirt did not succeed. */
        if (follows_libvirt(j))
                return answer_targets(j, q, ret, ret_n, reterr);

        if (j || !manager_find_record(m, q->uuid)) {
                r = check_domain(m, j, q, reterr);
                return r < 0 ? r : 0;
        }

        r = begin_resume(m, q, &j, reterr);
        return r < 0 ? r : answer_targets(j, q, ret, ret_n, reterr);
}

/* Once for each restore: a start without one, whose image is gone, would boot. And with the functions that were chosen:
 * another hook may have changed them. */
static int check_followed(ManagedJob *j, const HookQuestion *q, Failure *reterr)
{
        bool same = j->prepare_due && j->job->n_swaps == q->n_functions;

        for (size_t i = 0; same && i < q->n_functions; i++)
                same = pci_address_equal(&j->job->swaps[i].to, q->functions + i);

        j->prepare_due = false;
        return same ? 0
                    : failure_set(reterr, FAILURE_HIBERNATED,
                                  "domain '%s' is hibernated and this is not the start that job %" PRIu64
                                  " follows; see 'vgpu-hibernatectl job %" PRIu64 "'",
                                  q->name, j->job->id, j->job->id);
}

static int answer_prepare(Manager *m, const HookQuestion *q, Failure *reterr)
{
        ManagedJob *j = find_job(m, q);
        int r;

        if (follows_libvirt(j))
                return check_followed(j, q, reterr);

        /* The restore of which this is the rest was not let begin, for the same reason; else it is a boot. */
        if (!j && manager_find_record(m, q->uuid) && (r = draft_resume(m, q, &(JobDraft) { 0 }, reterr)) < 0)
                return r;

        r = check_domain(m, j, q, reterr);
        if (r == 0)
                r = check_functions(m, q, reterr);
        if (r != 0)
                return r < 0 ? r : 0;

        believe(m, q);
        return 0;
}

int hook_question_answer(Manager *m, const HookQuestion *q, PciAddress **ret, size_t *ret_n, Failure *reterr)
{
        *ret = NULL;
        *ret_n = 0;

        switch (q->operation) {
        case HOOK_RESTORE:
                return answer_restore(m, q, ret, ret_n, reterr);
        case HOOK_PREPARE:
                return answer_prepare(m, q, reterr);
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
