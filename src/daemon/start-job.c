/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/start-job.h"

#include <inttypes.h>

#include "basic/clock.h"
#include "basic/log.h"
#include "daemon/manager-jobs.h"
#include "daemon/manager-store.h"
#include "store/job-log.h"
#include "store/journal.h"
#include "vgpu-hibernate.h"

#define DOMAIN_ARGUMENT_BYTES_MAX 1024U

/* What a job is about to be: the decisions, before anything is written. */
typedef struct JobDraft {
        JobKind kind;
        Strategy strategy;
        const DomainView *domain;
        FunctionSwap swaps[JOB_FUNCTIONS_MAX];
        size_t n_swaps;
        uint64_t image_bytes; /* of a resume */
        bool targets_asked_for;
        JobFallback fallback;
} JobDraft;

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

static int check_state(const JobDraft *draft, Failure *reterr)
{
        const DomainView *d = draft->domain;

        if (!d->defined)
                return failure_set(reterr, FAILURE_UNKNOWN_DOMAIN,
                                   "domain '%s' is hibernated, but libvirt no longer has its XML; define it "
                                   "again with 'virsh define'",
                                   d->name);
        if (d->job != 0 && d->job_given_up)
                return failure_set(reterr, FAILURE_DOMAIN_BUSY,
                                   "job %" PRIu64
                                   " of domain '%s' could not be recovered, so nobody knows what it "
                                   "left; 'systemctl restart vgpu-hibernated' tries again",
                                   d->job, d->name);
        if (d->job != 0)
                return failure_set(reterr, FAILURE_DOMAIN_BUSY,
                                   "domain '%s' is %s in job %" PRIu64 "; wait for its end or cancel it",
                                   d->name, d->state, d->job);

        if (draft->kind != JOB_RESUME && !d->active)
                return failure_set(reterr, FAILURE_NOT_RUNNING, "domain '%s' is %s, not running; %s",
                                   d->name, d->state, d->hibernated ? "resume it first" : "start it first");
        if (draft->kind == JOB_RESUME && d->active)
                return failure_set(reterr, FAILURE_NOT_HIBERNATED,
                                   "domain '%s' is %s, not hibernated: there is nothing to resume", d->name,
                                   d->state);
        if (draft->kind == JOB_RESUME && !d->hibernated)
                return failure_set(
                                reterr, FAILURE_NOT_HIBERNATED,
                                "domain '%s' is %s and has no record of a hibernation; see 'vgpu-hibernatectl jobs' for "
                                "what became of it",
                                d->name, d->state);
        if (!d->persistent)
                return failure_set(
                                reterr, FAILURE_NOT_PERSISTENT,
                                "domain '%s' is transient: libvirt forgets it when it stops; define it with "
                                "'virsh define'",
                                d->name);

        return 0;
}

/* The functions that a running domain owns, and what its guest knows of them. */
static int draft_from_functions(const Manager *m, JobDraft *draft, Failure *reterr)
{
        const DomainView *d = draft->domain;

        if (d->n_functions == 0)
                return failure_set(reterr, FAILURE_NO_FUNCTION,
                                   "domain '%s' owns no virtual function; 'virsh managedsave' does for it",
                                   d->name);
        if (d->n_functions > JOB_FUNCTIONS_MAX)
                return failure_set(reterr, FAILURE_NO_FUNCTION,
                                   "domain '%s' owns %zu PCI devices; at most %d can be handled", d->name,
                                   d->n_functions, JOB_FUNCTIONS_MAX);

        for (size_t i = 0; i < d->n_functions; i++) {
                const Function *f = view_find_function(m->view, d->functions + i);

                if (!f)
                        return failure_set(reterr, FAILURE_NO_FUNCTION,
                                           "PCI device %s of domain '%s' is not in the pool; detach it, "
                                           "or let the configuration key 'functions.match' cover it",
                                           PCI_ADDRESS_STR(d->functions + i), d->name);

                draft->swaps[draft->n_swaps++] = (FunctionSwap) {
                        .has_from = true,
                        .from = f->address,
                        .identity = f->identity,
                };
        }

        return 0;
}

/* The functions that the image names. They may be anybody's by now, or gone from the host. */
static int draft_from_record(const Manager *m, JobDraft *draft, Failure *reterr)
{
        const ImageRecord *record = manager_find_record(m, draft->domain->uuid);

        if (!record || record->n_functions == 0 || record->n_functions > JOB_FUNCTIONS_MAX)
                return failure_set(reterr, FAILURE_NOT_HIBERNATED,
                                   "the record of hibernated domain '%s' names no function, or too many",
                                   draft->domain->name);

        for (size_t i = 0; i < record->n_functions; i++)
                draft->swaps[draft->n_swaps++] = (FunctionSwap) {
                        .has_from = true,
                        .from = record->functions[i].from,
                        .identity = record->functions[i].identity,
                };

        draft->strategy = record->strategy;
        draft->image_bytes = record->bytes;
        return 0;
}

static int choose_explicit(const Manager *m, JobDraft *draft, const JobOptions *options, Failure *reterr)
{
        if (options->n_functions != draft->n_swaps)
                return failure_set(
                                reterr, FAILURE_INVALID_OPTION,
                                "option 'functions' names %zu; domain '%s' needs %zu, in the order of its "
                                "devices",
                                options->n_functions, draft->domain->name, draft->n_swaps);

        for (size_t i = 0; i < draft->n_swaps; i++) {
                const Function *f = view_find_function(m->view, options->functions + i);
                int r;

                if (!f)
                        return failure_set(
                                        reterr, FAILURE_UNKNOWN_FUNCTION,
                                        "function %s is not in the pool; see 'vgpu-hibernatectl functions'",
                                        PCI_ADDRESS_STR(options->functions + i));

                r = pool_check(f, &draft->swaps[i].identity, reterr);
                if (r < 0)
                        return r;

                for (size_t k = 0; k < i; k++)
                        if (pci_address_equal(&draft->swaps[k].to, &f->address))
                                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                                   "option 'functions' names %s twice",
                                                   PCI_ADDRESS_STR(&f->address));

                draft->swaps[i].to = f->address;
                draft->swaps[i].has_to = true;
        }

        return 0;
}

/* Of the pool that the domain's first function is in; one that is gone has none. */
PickPolicy pick_policy_for(const Manager *m, const FunctionSwap *swaps, size_t n)
{
        const Function *f = n > 0 ? view_find_function(m->view, &swaps[0].from) : NULL;
        const PoolView *p = f ? view_find_pool(m->view, f->pool) : NULL;

        return p ? p->pick : m->config->pick;
}

static int choose_by_policy(const Manager *m, JobDraft *draft, Failure *reterr)
{
        PciAddress from[JOB_FUNCTIONS_MAX], chosen[JOB_FUNCTIONS_MAX];
        FunctionIdentity wants[JOB_FUNCTIONS_MAX];
        int r;

        for (size_t i = 0; i < draft->n_swaps; i++) {
                wants[i] = draft->swaps[i].identity;
                from[i] = draft->swaps[i].from;
        }

        r = pool_pick(m->view->functions, m->view->n_functions,
                      &(PoolRequest) {
                                      .wants = wants,
                                      .from = from,
                                      .leave = draft->kind ==
                                               JOB_MOVE, /* a resume may come back to where it was */
                                      .n = draft->n_swaps,
                                      .policy = pick_policy_for(m, draft->swaps, draft->n_swaps),
                      },
                      chosen, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; i < draft->n_swaps; i++) {
                draft->swaps[i].to = chosen[i];
                draft->swaps[i].has_to = true;
        }

        return 0;
}

static int draft_job(Manager *m, JobKind kind, const char *domain, const JobOptions *options,
                     JobDraft *draft, Failure *reterr)
{
        int r;

        *draft = (JobDraft) {
                .kind = kind,
                .strategy = options->strategy,
                .targets_asked_for = options->functions,
                .fallback = options->fallback,
        };

        r = host_shutdown_check(m->shutdown, reterr);
        if (r < 0)
                return r;

        r = manager_check_world(m, reterr);
        if (r < 0)
                return r;

        r = find_domain(m, domain, &draft->domain, reterr);
        if (r < 0)
                return r;

        r = check_state(draft, reterr);
        if (r < 0)
                return r;

        if (manager_count_open_jobs(m) >= JOBS_OPEN_MAX)
                return failure_set(reterr, FAILURE_HOST,
                                   "%u jobs are open, no more are taken; wait for one to end",
                                   JOBS_OPEN_MAX);

        r = kind == JOB_RESUME ? draft_from_record(m, draft, reterr)
                               : draft_from_functions(m, draft, reterr);
        if (r < 0 || kind == JOB_HIBERNATE)
                return r;

        return options->functions ? choose_explicit(m, draft, options, reterr)
                                  : choose_by_policy(m, draft, reterr);
}

/* The caller gets an error: no daemon may take the job for one to recover. */
static void forget_request(Manager *m, uint64_t id)
{
        int r = journal_remove(m->jobs_fd, id);

        if (r < 0)
                (void) log_error_errno(
                                r, "Failed to remove the journal of job %" PRIu64 ", which was refused: %m",
                                id);
}

static int write_job(Manager *m, const JobDraft *draft, Job **ret, Failure *reterr)
{
        _cleanup_(job_freep) Job *job = NULL;
        uint64_t id;
        int r;

        r = manager_take_job_id(m, &id, reterr);
        if (r < 0)
                return r;

        r = job_new(id, draft->kind, draft->strategy, draft->domain->uuid, draft->domain->name, &job);
        if (r >= 0)
                r = job_set_swaps(job, draft->swaps, draft->n_swaps);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "failed to create a job");

        job->targets_asked_for = draft->targets_asked_for;
        job->fallback = draft->fallback;
        job->bytes = job->bytes_total = draft->image_bytes;
        job->created_usec = clock_realtime_usec();

        r = journal_write(m->jobs_fd, job, reterr);
        if (r < 0) {
                forget_request(m, id);
                return r;
        }

        *ret = TAKE_PTR(job);
        return 0;
}

int start_job(Manager *m, JobKind kind, const char *domain, const JobOptions *options, ManagedJob **ret,
              Failure *reterr)
{
        Job *job = NULL;
        JobDraft draft;
        ManagedJob *j;
        uint64_t id;
        int r;

        /* 1. Decide, touching nothing. */
        r = draft_job(m, kind, domain, options, &draft, reterr);
        if (r < 0)
                return r;

        /* 2. The request and the functions it may use, durably: from here on a crash is a job to recover. */
        r = write_job(m, &draft, &job, reterr);
        if (r < 0)
                return r;

        job_log_struct(job, LOG_INFO, VGPU_HIBERNATE_MESSAGE_JOB_ACCEPTED, NULL, "accepted");

        /* 3. Known to the bus before its worker can say anything of it. */
        id = job->id;
        r = manager_add_job(m, job, &j);
        if (r < 0) {
                forget_request(m, id);
                return failure_set_errno(reterr, FAILURE_HOST, r, "failed to create a job");
        }

        /* 4. A worker that cannot be started is for supervision: the caller has a job now, and watches
         * it. */
        managed_job_run(j);
        *ret = j;
        return 0;
}
