/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Pool: the functions that may be given to domains, and the choice among them. Pure and deterministic: the same
 * functions give the same answer, and every refusal says why.
 */

#include "core/function.h"

typedef enum PickPolicy {
        PICK_PACK,   /* fullest physical function first: keeps others empty */
        PICK_SPREAD, /* emptiest physical function first */
        _PICK_POLICY_MAX,
        _PICK_POLICY_INVALID = -EINVAL,
} PickPolicy;

const char *pick_policy_to_string(PickPolicy p);
PickPolicy pick_policy_from_string(const char *s);

/* Chooses n functions out of `functions`, one for each identity in `wants`, all or none.
 * `current` (n entries or NULL) are the functions to move away from: each replacement is taken from another physical
 * function where one is free, so that a move leaves the card; `current` itself is never chosen.
 * On success ret[i] answers wants[i]. On failure *reterr is FAILURE_NO_FREE_FUNCTION and lists each candidate with
 * the reason of its refusal. */
int pool_pick(const Function *functions, size_t n_functions, const FunctionIdentity *wants,
              const PciAddress *current, size_t n, PickPolicy policy, PciAddress *ret,
              Failure *reterr) _warn_unused_result_;

/* May this very function be taken now by a guest that knows `wants`? FAILURE_FUNCTION_BUSY, FAILURE_FOREIGN_DRIVER
 * or FAILURE_INCOMPATIBLE otherwise. */
int pool_check(const Function *f, const FunctionIdentity *wants, Failure *reterr) _warn_unused_result_;

/* NULL when the address is not among them. */
const Function *pool_find(const Function *functions, size_t n_functions, const PciAddress *address);
