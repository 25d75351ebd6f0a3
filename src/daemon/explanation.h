/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Explanation: what Explain answers. First what the daemon knows from memory, by the same checks that start a job; then
 * what a worker found in the world, by the same verdict that is the job's first step.
 */

#include "core/verdict.h"
#include "daemon/start-job.h"

/* One function of this host, as a target. */
typedef struct Candidate {
        PciAddress address;
        bool fits;
        char *reason; /* owned; why not */
} Candidate;

typedef struct Explanation {
        JobKind kind;
        Strategy strategy; /* STRATEGY_AUTO: not known */
        char *uuid;
        Findings findings;
        Candidate *candidates; /* none for a hibernate */
        size_t n_candidates;
        FunctionSwap *swaps; /* addresses only: what the job would take */
        size_t n_swaps;
        bool wants_verdict; /* there is a world to look at */
        bool wants_fixups;  /* what is said of targets depends on the guest, which memory does not know */
        StrategyOption options[_STRATEGY_MAX];
        size_t n_options;
        bool sized; /* the next three are known */
        uint64_t bytes_needed, bytes_available, bytes_promised;
        JobPrediction predicted;
        PredictionError error;
} Explanation;

void explanation_done(Explanation *e);

/* Negative for an unknown domain and for targets that do not exist. Of a guest that runs `assumed` is what is taken for
 * so. */
int explanation_from_memory(Manager *m, const char *domain, const JobOptions *options, GuestFixups assumed,
                            Explanation *ret, Failure *reterr) _warn_unused_result_;
/* Takes what it needs of the verdict. */
void explanation_add_verdict(Explanation *e, Verdict *v);
/* The a{sv}; what is not known is left out. */
int explanation_append(const Explanation *e, sd_bus_message *reply) _warn_unused_result_;
