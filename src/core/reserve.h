/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reserve: which functions a reservation gets. Pure and deterministic, like the choice for a job, and made by it. */

#include "core/pool.h"

typedef enum ReserveGroup {
        RESERVE_ANY,
        RESERVE_PF, /* all of one physical function */
        _RESERVE_GROUP_MAX,
        _RESERVE_GROUP_INVALID = -EINVAL,
} ReserveGroup;

const char *reserve_group_to_string(ReserveGroup g);
ReserveGroup reserve_group_from_string(const char *s);

typedef struct ReserveRequest {
        const char *pool; /* "": any */
        size_t count;
        const FunctionIdentity
                        *like; /* what a guest knows, used over and over; NULL: one kind, whichever it be */
        size_t n_like;
        const FunctionRef *
                        from; /* the functions that this guest has or had, n_like, or NULL: nobody in particular */
        ReserveGroup group;
} ReserveRequest;

/* Chooses request->count functions, all or none: FAILURE_NO_FREE_FUNCTION with the reasons otherwise. */
int reserve_pick(const Function *functions, size_t n_functions, const ReserveRequest *request,
                 PickPolicy policy, PciAddress *ret, Failure *reterr) _warn_unused_result_;
