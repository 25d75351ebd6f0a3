/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Fragmentation: how the free functions lie on the physical functions. */

#include "core/function.h"

/* What one physical function has of one pool. */
typedef struct PoolShare {
        const char *pool; /* borrowed */
        bool in_use;      /* somebody has, or may have, one of its functions, of this pool or of another */
        uint32_t largest_free; /* how many free functions of one kind can be had there */
} PoolShare;

/* Of functions that all have a pool. The list is the caller's. */
int pool_shares(const Function *functions, size_t n, PoolShare **ret, size_t *ret_n) _warn_unused_result_;
