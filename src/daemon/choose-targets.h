/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The functions that a resume or move goes to: those that the caller names; else those that are held for its domain,
 * when all of them will do; else the choice of the configured policy. With a reservation, from its functions alone.
 */

#include "core/pool.h"
#include "daemon/job-options.h"
#include "daemon/view.h"

typedef struct TargetRequest {
        const View *view;
        PickPolicy policy;
        JobKind kind;
        const DomainView *domain;
        const JobOptions *options;
        GuestFixups fixups;
        bool anew;                      /* as in CompatGuest */
        const Reservation *reservation; /* NULL: none */
} TargetRequest;

/* Sets `to` of each swap. Why one will not do is a finding; negative only for a choice that makes no sense whatever the
 * state of the functions. */
int choose_targets(const TargetRequest *request, FunctionSwap *swaps, size_t n_swaps, Findings *findings,
                   Failure *reterr) _warn_unused_result_;

/* Would one of the chosen targets not do for a guest without fix-ups? */
bool targets_need_fixups(const TargetRequest *request, const FunctionSwap *swaps, size_t n_swaps);

/* Says of each function that there is to choose from whether it could be chosen. */
int consider_targets(const TargetRequest *request, FunctionSwap *swaps, size_t n_swaps,
                     PoolConsidered considered, void *userdata, Failure *reterr) _warn_unused_result_;
