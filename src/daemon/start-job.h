/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Starting a job. What can be refused is refused here, from memory, before anything is touched: the caller
 * gets one clear error and no job. What only the host or the guest can tell, the worker asks as the job's
 * first step.
 */

#include "core/finding.h"
#include "daemon/choose-targets.h"
#include "daemon/job-options.h"
#include "daemon/manager.h"

/* What a job is about to be: the decisions, before anything is written. */
typedef struct JobDraft {
        JobKind kind;
        Strategy strategy;
        const DomainView *domain; /* of the present view */
        FunctionSwap swaps[JOB_FUNCTIONS_MAX];
        size_t n_swaps;       /* 0: which functions it is about is not known */
        uint64_t image_bytes; /* of a resume */
        GuestFixups fixups; /* of the guest: of one that runs what is assumed, until the job's first step asks it */
        bool targets_asked_for;
        bool wants_fixups; /* a family of the functions asks for some */
        bool needs_fixups; /* one of the targets would not do without */
        bool by_libvirt;   /* libvirt starts the domain */
        bool by_shutdown;
        bool asleep; /* Job.asleep */
        JobFallback fallback;
        HoldOptions hold;
        const Reservation *reservation; /* to be used, the ledger's; NULL: none */
        uint64_t parent;                /* 0: none */
} JobDraft;

/* All that can be said from memory for and against the job. Negative only for a request that makes no sense whatever
 * the state of the world: an unknown domain, targets that do not exist. */
int job_draft(Manager *m, const char *domain, const JobOptions *options, GuestFixups assumed, JobDraft *ret,
              Findings *findings, Failure *reterr) _warn_unused_result_;
/* How its targets are chosen; of a draft that was made with these options. */
TargetRequest job_draft_request(const Manager *m, const JobDraft *draft, const JobOptions *options);

/* Makes the job of a draft that nothing speaks against: durable, and known to the bus. It has no worker yet. */
int start_job_draft(Manager *m, const JobDraft *draft, ManagedJob **ret,
                    Failure *reterr) _warn_unused_result_;
/* The caller gets an error: no daemon may take the job for one to begin or to recover. */
void forget_job_request(Manager *m, uint64_t id);
/* `domain`: name or UUID, as it came from the wire. */
int start_job(Manager *m, const char *domain, const JobOptions *options, ManagedJob **ret,
              Failure *reterr) _warn_unused_result_;
/* FAILURE_UNKNOWN_DOMAIN. */
int find_domain(Manager *m, const char *domain, const DomainView **ret,
                Failure *reterr) _warn_unused_result_;
/* How targets for these are chosen. */
PickPolicy pick_policy_for(const Manager *m, const FunctionSwap *swaps, size_t n);
