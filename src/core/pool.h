/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Pool: the functions that may be given to domains, and the choice among them. Pure and deterministic: the same
 * functions give the same answer, and every refusal says why.
 */

#include "core/compat.h"

typedef enum PickPolicy {
        PICK_PACK,   /* fullest physical function first: keeps others empty */
        PICK_SPREAD, /* emptiest physical function first */
        PICK_NEAR,   /* near the guest's memory, there as PICK_PACK */
        _PICK_POLICY_MAX,
        _PICK_POLICY_INVALID = -EINVAL,
} PickPolicy;

const char *pick_policy_to_string(PickPolicy p);
PickPolicy pick_policy_from_string(const char *s);

typedef struct PoolRequest {
        const FunctionIdentity *wants; /* n of them */
        const FunctionRef *from;       /* n, or NULL: what the domain has or had */
        GuestFixups fixups;
        bool anew;            /* as in CompatGuest */
        bool any_pool;        /* it need not stay in the pools of `from` */
        const Function *host; /* where those are, if they are; NULL: among the functions to choose from */
        size_t n_host;
        bool leave; /* none of `from` is chosen, and each replacement is taken from another physical function where one
                     * is free, so that a move leaves the card */
        bool together; /* what of `from` lies together (core/bond.h) is replaced by what does */
        size_t n;
        PickPolicy policy;
        const int *memory_node; /* the NUMA node of the guest's memory, for PICK_NEAR; NULL: that of what it has or had */
} PoolRequest;

/* Chooses n functions out of `functions`, one for each identity wanted, all or none: none only where there is no such set. On success ret[i] answers
 * wants[i]. On failure *reterr is FAILURE_NO_FREE_FUNCTION and lists each candidate with the reason of its refusal; or
 * FAILURE_INCOMPATIBLE, when there is one that could be had, and only its family forbids it. */
int pool_pick(const Function *functions, size_t n_functions, const PoolRequest *request, PciAddress *ret,
              Failure *reterr) _warn_unused_result_;

/* `why` is NULL when the function could be chosen. What is negative ends it. */
typedef int (*PoolConsidered)(const Function *f, const Finding *why, void *userdata);
/* Says of each function whether it could answer one of the wants. */
int pool_consider(const Function *functions, size_t n_functions, const PoolRequest *request,
                  PoolConsidered considered, void *userdata) _warn_unused_result_;

/* Could this very function be taken now, whoever asks? Else one finding is added (NULL: none), of FAILURE_FUNCTION_BUSY or
 * FAILURE_FOREIGN_DRIVER. */
bool pool_judge_state(const Function *f, Findings *findings);
/* May it be taken now by that guest? The same, and when it could be taken all that compat_judge() says. */
bool pool_judge(const Function *f, const CompatGuest *guest, Findings *findings);

/* NULL when the address is not among them. */
const Function *pool_find(const Function *functions, size_t n_functions, const PciAddress *address);
