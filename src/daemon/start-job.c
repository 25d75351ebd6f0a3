/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/start-job.h"

#include <inttypes.h>

#include "basic/clock.h"
#include "basic/log.h"
#include "daemon/choose-targets.h"
#include "daemon/claims.h"
#include "daemon/domain-functions.h"
#include "daemon/job-queue.h"
#include "daemon/manager-jobs.h"
#include "daemon/manager-store.h"
#include "store/job-log.h"
#include "store/journal.h"
#include "vgpu-hibernate.h"

#define DOMAIN_ARGUMENT_BYTES_MAX 1024U

int find_domain(Manager *m, const char *domain, const DomainView **ret, Failure *reterr)
{
        const DomainView *d;

        if (strlen(domain) > DOMAIN_ARGUMENT_BYTES_MAX)
                return failure_set(reterr, FAILURE_UNKNOWN_DOMAIN,
                                   "the domain's name is longer than %u bytes: no domain has it; see "
                                   "'virsh list --all'",
                                   DOMAIN_ARGUMENT_BYTES_MAX);

        d = domain[0] ? view_find_domain(m->view, domain) : NULL;
        if (!d && manager_check_world(m, reterr) < 0)
                return -EREMOTEIO; /* unknown is not the same as absent */
        if (!d)
                return failure_set(reterr, FAILURE_UNKNOWN_DOMAIN,
                                   "there is no domain '%s'; see 'virsh list --all'", domain);

        *ret = d;
        return 0;
}

/* A job edits the same definition. */
static void judge_adopter(const Manager *m, const DomainView *d, Findings *l)
{
        Finding *f;

        if (!adopter_has(m->adopter, d->uuid))
                return;

        f = findings_block(l, FAILURE_DOMAIN_BUSY, FINDING_POLICY,
                           "the definition of domain '%s' is just being changed", d->name);
        finding_set_remedy(f, "try again in a few seconds");
}

/* What of the domain itself stands in the way. */
static void judge_state(const Manager *m, const JobDraft *draft, Findings *l)
{
        const DomainView *d = draft->domain;
        Finding *f;

        if (!d->defined && draft->kind != JOB_DISCARD) {
                f = findings_block(l, FAILURE_UNKNOWN_DOMAIN, FINDING_GUEST,
                                   "domain '%s' is hibernated, but libvirt no longer has its XML", d->name);
                finding_set_remedy(f, "define it again with 'virsh define', or give its memory up with "
                                      "'vgpu-hibernatectl discard'");
        }

        if (d->job != 0 && d->job_given_up) {
                f = findings_block(l, FAILURE_DOMAIN_BUSY, FINDING_POLICY,
                                   "job %" PRIu64
                                   " of domain '%s' could not be recovered, so nobody knows what it left",
                                   d->job, d->name);
                finding_set_remedy(f, "'systemctl restart vgpu-hibernated' tries again");
        } else if (d->job != 0) {
                f = findings_block(l, FAILURE_DOMAIN_BUSY, FINDING_POLICY,
                                   "domain '%s' is %s in job %" PRIu64, d->name, d->state, d->job);
                finding_set_remedy(f, "wait for its end or cancel it");
        }

        judge_adopter(m, d, l);

        if (draft->kind == JOB_DISCARD && !d->hibernated) {
                f = findings_block(l, FAILURE_NOT_HIBERNATED, FINDING_GUEST,
                                   "domain '%s' is %s, not hibernated: there is nothing to discard", d->name,
                                   d->state);
                finding_set_remedy(f, "'virsh destroy' ends one that runs");
        } else if (draft->kind != JOB_RESUME && draft->kind != JOB_DISCARD && !d->active) {
                f = findings_block(l, FAILURE_NOT_RUNNING, FINDING_GUEST, "domain '%s' is %s, not running",
                                   d->name, d->state);
                finding_set_remedy(f, d->hibernated ? "resume it first" : "start it first");
        } else if (draft->kind == JOB_RESUME && d->active) {
                f = findings_block(l, FAILURE_NOT_HIBERNATED, FINDING_GUEST,
                                   "domain '%s' is %s, not hibernated: there is nothing to resume", d->name,
                                   d->state);
                finding_set_remedy(f, "'vgpu-hibernatectl move' gives other functions to one that runs");
        } else if (draft->kind == JOB_RESUME && !d->hibernated) {
                f = findings_block(l, FAILURE_NOT_HIBERNATED, FINDING_GUEST,
                                   "domain '%s' is %s and has no record of a hibernation", d->name,
                                   d->state);
                finding_set_remedy(f, "see 'vgpu-hibernatectl jobs' for what became of it");
        }

        if (d->defined && !d->persistent) {
                f = findings_block(l, FAILURE_NOT_PERSISTENT, FINDING_GUEST,
                                   "domain '%s' is transient: libvirt forgets it when it stops", d->name);
                finding_set_remedy(f, "define it with 'virsh define'");
        }
}

/* Of the pool that the domain's first function is in; one that is gone has none. */
PickPolicy pick_policy_for(const Manager *m, const FunctionSwap *swaps, size_t n)
{
        const FunctionRef from = n > 0 ? swap_source(swaps) : (FunctionRef) { 0 };
        const Function *f = n > 0 ? view_find_ref(m->view, &from) : NULL;
        const PoolView *p = f ? view_find_pool(m->view, f->pool) : NULL;

        return p ? p->pick : m->config->pick;
}

/* What the families of its functions say. What only its own function will do for is kept for it, unless it is asked not
 * to be. */
static void draft_families(const Manager *m, JobDraft *draft, const JobOptions *options, Findings *l)
{
        for (size_t i = 0; i < draft->n_swaps; i++) {
                const Function *f = view_find_function(m->view, &draft->swaps[i].from);

                if (!f)
                        continue;
                (void) family_judge_hibernation(f, l);
                if (draft->strategy == STRATEGY_UNPLUG)
                        continue;
                draft->wants_fixups = draft->wants_fixups || (f->family && f->family->needs_fixups);
                if (family_needs_same_function(f) && !options->hold.given)
                        draft->hold.mode = HOLD_HOLD;
        }
}

static void draft_functions(const Manager *m, JobDraft *draft, const JobOptions *options, Findings *l)
{
        domain_functions(m, draft->domain, draft->swaps, &draft->n_swaps, l);

        if (draft->domain->hibernated) {
                draft->strategy = draft->domain->strategy;
                draft->image_bytes = draft->domain->image_bytes;
                draft->fixups = draft->domain->fixups;
        } else
                draft_families(m, draft, options, l);
}

TargetRequest job_draft_request(const Manager *m, const JobDraft *draft, const JobOptions *options)
{
        return (TargetRequest) {
                .view = m->view,
                .policy = pick_policy_for(m, draft->swaps, draft->n_swaps),
                .kind = draft->kind,
                .fixups = draft->fixups,
                .anew = draft->strategy == STRATEGY_UNPLUG,
                .domain = draft->domain,
                .options = options,
                .reservation = draft->reservation,
        };
}

static int draft_targets(const Manager *m, JobDraft *draft, const JobOptions *options, Findings *l,
                         Failure *reterr)
{
        TargetRequest request;
        int r;

        if (options->reservation) {
                r = claims_find_reservation(&m->ledger.claims, options->reservation, options->uid,
                                            &draft->reservation, reterr);

                if (r < 0)
                        return r;
        }

        request = job_draft_request(m, draft, options);
        r = choose_targets(&request, draft->swaps, draft->n_swaps, l, reterr);
        if (r >= 0 && draft->kind == JOB_MOVE)
                draft->needs_fixups = targets_need_fixups(&request, draft->swaps, draft->n_swaps);
        return r;
}

/* What of the host and of the daemon stands in the way of any job. */
static void judge_daemon(const Manager *m, const JobOptions *options, Findings *l)
{
        Failure why = { 0 };

        if (!options->by_shutdown && host_shutdown_check(m->shutdown, &why) < 0)
                (void) findings_block(l, why.code, FINDING_HOST, "%s", failure_message(&why));
        failure_done(&why);

        if (manager_check_world(m, &why) < 0)
                (void) findings_block(l, why.code, FINDING_HOST, "%s", failure_message(&why));
        failure_done(&why);

        if (manager_count_open_jobs(m) >= JOBS_OPEN_MAX)
                finding_set_remedy(findings_block(l, FAILURE_HOST, FINDING_POLICY,
                                                  "%u jobs are open, no more are taken", JOBS_OPEN_MAX),
                                   "wait for one to end");
}

int job_draft(Manager *m, const char *domain, const JobOptions *options, GuestFixups assumed, JobDraft *ret,
              Findings *findings, Failure *reterr)
{
        int r;

        *ret = (JobDraft) {
                .kind = options->kind,
                .strategy = options->strategy,
                .fixups = assumed,
                .targets_asked_for = options->functions || options->reservation,
                .fallback = options->fallback,
                .hold = options->hold,
                .by_shutdown = options->by_shutdown,
                .asleep = options->asleep,
                .parent = options->parent,
        };

        r = find_domain(m, domain, &ret->domain, reterr);
        if (r < 0)
                return r;

        judge_daemon(m, options, findings);
        judge_state(m, ret, findings);

        if (ret->kind == JOB_DISCARD) {
                ret->strategy = ret->domain->strategy;
                ret->image_bytes = ret->domain->image_bytes;
                return 0;
        }

        /* Else it has none that this job would be about. */
        if (ret->domain->hibernated == (ret->kind == JOB_RESUME))
                draft_functions(m, ret, options, findings);
        if (ret->kind == JOB_HIBERNATE || ret->n_swaps == 0)
                return 0;

        return draft_targets(m, ret, options, findings, reterr);
}

void forget_job_request(Manager *m, uint64_t id)
{
        int r = journal_remove(m->jobs_fd, id);

        if (r < 0)
                (void) log_error_errno(
                                r, "Failed to remove the journal of job %" PRIu64 ", which was refused: %m",
                                id);
}

/* What the domain keeps when this hibernates it: said anew each time, so that nothing of old counts. */
static int prepare_hold(Manager *m, const JobDraft *draft, Failure *reterr)
{
        int r = draft->kind == JOB_RESUME || draft->kind == JOB_DISCARD
                                ? 0
                                : manager_prepare_hold(m, draft->domain->uuid, draft->hold.mode,
                                                       draft->hold.until_usec);

        return r < 0 ? failure_set_errno(reterr, FAILURE_HOST, r, "failed to hold") : 0;
}

static int write_job(Manager *m, const JobDraft *draft, Job **ret, Failure *reterr)
{
        _cleanup_(job_freep) Job *job = NULL;
        uint64_t id;
        int r;

        r = prepare_hold(m, draft, reterr);
        if (r < 0)
                return r;

        /* This writes the ledger, the hold with it. */
        r = manager_take_job_id(m, &id, reterr);
        if (r < 0)
                return r;

        r = job_new(id, draft->kind, draft->strategy, draft->domain->uuid, draft->domain->name, &job);
        if (r >= 0)
                r = job_set_swaps(job, draft->swaps, draft->n_swaps);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "failed to create a job");

        job->parent = draft->parent;
        job->targets_asked_for = draft->targets_asked_for;
        job->needs_fixups = draft->needs_fixups;
        job->by_shutdown = draft->by_shutdown;
        if (draft->kind == JOB_RESUME)
                job->fixups = draft->fixups;
        job->fallback = draft->fallback;
        job->bytes = job->bytes_total = draft->image_bytes;
        job->created_usec = clock_realtime_usec();
        job->asleep = draft->asleep;
        if (job->asleep)
                job_tell(job, job->created_usec,
                         "the guest was suspended, and the domain's metadata say that it is hibernated then");
        if (draft->by_shutdown)
                job_tell(job, job->created_usec, "begun since the host shuts down");
        if (draft->by_libvirt)
                job_follow_libvirt(job, job->created_usec);

        r = journal_write(m->jobs_fd, job, reterr);
        if (r < 0) {
                forget_job_request(m, id);
                return r;
        }

        *ret = TAKE_PTR(job);
        return 0;
}

int start_job_draft(Manager *m, const JobDraft *draft, ManagedJob **ret, Failure *reterr)
{
        Job *job = NULL;
        uint64_t id;
        int r;

        /* 1. The request and the functions it may use, durably: from here on a crash is a job to recover. */
        r = write_job(m, draft, &job, reterr);
        if (r < 0) {
                manager_drop_idle_holds(m);
                return r;
        }
        if (draft->reservation)
                manager_use_reservation(m, draft->reservation, job->id);

        job_log_struct(job, LOG_INFO, VGPU_HIBERNATE_MESSAGE_JOB_ACCEPTED, NULL, "accepted");

        /* 2. Known to the bus before its worker can say anything of it. */
        id = job->id;
        r = manager_add_job(m, job, ret);
        if (r < 0) {
                forget_job_request(m, id);
                return failure_set_errno(reterr, FAILURE_HOST, r, "failed to create a job");
        }

        return 0;
}

int start_job(Manager *m, const char *domain, const JobOptions *options, ManagedJob **ret, Failure *reterr)
{
        _cleanup_(findings_done) Findings findings = { 0 };
        JobDraft draft;
        int r;

        /* Decide, touching nothing. */
        if ((r = job_draft(m, domain, options, FIXUPS_YES, &draft, &findings, reterr)) < 0 ||
            (r = findings_check(&findings, reterr)) < 0 || (r = start_job_draft(m, &draft, ret, reterr)) < 0)
                return r;

        /* Perhaps at once. A worker that cannot be started is for supervision: the caller has a job now, and watches
         * it. */
        job_queue_advance(m);
        return 0;
}
