/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/apply-child.h"

#include <assert.h>

#include "daemon/job-queue.h"
#include "daemon/start-job.h"

/* What the job's options name, and what is free to it. */
typedef struct ChildFunctions {
        PciAddress targets[JOB_FUNCTIONS_MAX]; /* in the order of the domain's devices */
        size_t n_targets;
        PciAddress granted[2 * JOB_FUNCTIONS_MAX];
        size_t n_granted;
} ChildFunctions;

/* The domain has them; or had, and its record tells where they are now. */
static int find_functions(const DomainView *d, const ApplyMove *move, ChildFunctions *ret, Failure *reterr)
{
        size_t changed = 0;

        *ret = (ChildFunctions) { 0 };
        for (size_t i = 0; i < d->n_functions && i < JOB_FUNCTIONS_MAX; i++) {
                PciAddress *to = ret->targets + ret->n_targets++;

                *to = d->functions[i];
                for (size_t k = 0; k < move->n_changes; k++)
                        if (pci_address_equal(&move->changes[k].from, d->functions + i)) {
                                *to = move->changes[k].to;
                                changed++;
                        }
        }

        if (changed != move->n_changes)
                return failure_set(reterr, FAILURE_DOMAIN_BUSY,
                                   "domain '%s' has no longer the functions that it was to leave; plan anew",
                                   move->name);

        return 0;
}

static void grant(ChildFunctions *f, const PciAddress *a)
{
        f->granted[f->n_granted++] = *a;
}

static void grant_all(ChildFunctions *f, const ApplyMove *move)
{
        for (size_t i = 0; i < move->n_changes; i++) {
                grant(f, &move->changes[i].from);
                grant(f, &move->changes[i].to);
        }
}

/* Those whose domains come back, too, are to find what they had. */
static void grant_for_return(ChildFunctions *f, const Apply *a, const ApplyMove *move)
{
        for (size_t i = 0; i < move->n_changes; i++) {
                grant(f, &move->changes[i].from);
                if (!apply_has_owner(a, &move->changes[i].to))
                        grant(f, &move->changes[i].to);
        }
}

static int draft(Manager *m, const char *uuid, const JobOptions *options, JobDraft *ret, Failure *reterr)
{
        _cleanup_(findings_done) Findings findings = { 0 };

        /* A guest that runs is taken for one that follows: the job's first step asks it. */
        if (job_draft(m, uuid, options, FIXUPS_YES, ret, &findings, reterr) < 0)
                return -EREMOTEIO;

        return findings_check(&findings, reterr);
}

static int rehearse(Manager *m, const ApplyMove *move, Strategy strategy, JobDraft *ret, Failure *reterr)
{
        const DomainView *d;
        ChildFunctions f;
        JobOptions options = {
                .kind = JOB_MOVE,
                .strategy = strategy,
                .functions = f.targets,
                .granted = f.granted,
                .rehearses = true,
        };

        if (find_domain(m, move->uuid, &d, reterr) < 0 || find_functions(d, move, &f, reterr) < 0)
                return -EREMOTEIO;

        grant_all(&f, move);
        options.n_functions = f.n_targets;
        options.n_granted = f.n_granted;
        return draft(m, move->uuid, &options, ret, reterr);
}

int apply_child_rehearse(Manager *m, const ApplyMove *move, Strategy strategy, Failure *reterr)
{
        JobDraft ignored;

        return rehearse(m, move, strategy, &ignored, reterr);
}

static int draft_hibernate(Manager *m, const Job *parent, const ApplyMove *move, JobDraft *ret,
                           Failure *reterr)
{
        /* The hold is for the case that nobody is there to bring it back: what it had is kept for it then. */
        const JobOptions options = {
                .kind = JOB_HIBERNATE,
                .strategy = parent->strategy,
                .hold = { .mode = HOLD_HOLD, .given = true },
                .parent = parent->id,
        };
        JobDraft whole;

        if (rehearse(m, move, parent->strategy, &whole, reterr) < 0 ||
            draft(m, move->uuid, &options, ret, reterr) < 0)
                return -EREMOTEIO;

        ret->needs_fixups = whole.needs_fixups;
        return 0;
}

/* Move and resume: to the targets, or when it comes back to what the daemon chooses. */
static int draft_with_functions(Manager *m, const Job *parent, const ApplyMove *move, ApplyAction action,
                                JobDraft *ret, Failure *reterr)
{
        const DomainView *d;
        ChildFunctions f;
        JobOptions options = {
                .kind = action == APPLY_MOVE ? JOB_MOVE : JOB_RESUME,
                .strategy = parent->strategy,
                .granted = f.granted,
                .parent = parent->id,
        };

        if (find_domain(m, move->uuid, &d, reterr) < 0)
                return -EREMOTEIO;
        if (find_functions(d, move, &f, action == APPLY_RETURN ? NULL : reterr) < 0 &&
            action != APPLY_RETURN)
                return -EREMOTEIO;

        if (action == APPLY_RETURN)
                grant_for_return(&f, parent->apply, move);
        else {
                grant_all(&f, move);
                options.functions = f.targets;
                options.n_functions = f.n_targets;
        }
        options.n_granted = f.n_granted;
        return draft(m, move->uuid, &options, ret, reterr);
}

bool apply_child_has_to_wait(const Manager *m, const ApplyMove *move, Failure *why)
{
        for (size_t i = 0; i < move->n_changes; i++) {
                const Function *f = view_find_function(m->view, &move->changes[i].to);

                if (f && f->is_returned) {
                        (void) failure_set(why, FAILURE_FUNCTION_BUSY, "function %s is being reset",
                                           PCI_ADDRESS_STR(&f->address));
                        return true;
                }
        }

        return false;
}

int apply_child_start(Manager *m, const Job *parent, const ApplyMove *move, ApplyAction action,
                      ManagedJob **ret, Failure *reterr)
{
        JobDraft d;
        int r;

        r = action == APPLY_HIBERNATE ? draft_hibernate(m, parent, move, &d, reterr)
                                      : draft_with_functions(m, parent, move, action, &d, reterr);
        if (r < 0)
                return r;

        r = start_job_draft(m, &d, ret, reterr);
        if (r < 0)
                return r;

        job_queue_advance(m);
        return 0;
}

ManagedJob *apply_child_find(const Manager *m, uint64_t parent, const char *domain_uuid)
{
        for (size_t i = m->n_jobs; i > 0; i--) {
                ManagedJob *j = m->jobs[i - 1];

                if (j->job->parent == parent && streq(j->job->domain_uuid, domain_uuid))
                        return j;
        }

        return NULL;
}
