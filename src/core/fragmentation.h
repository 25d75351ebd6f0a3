/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Fragmentation: how the free functions lie on the physical functions. */

#include "core/function.h"
#include "core/planner-goal.h"

/* What one physical function has of one pool. */
typedef struct PoolShare {
        const char *pool; /* borrowed */
        bool in_use;      /* somebody has, or may have, one of its functions, of this pool or of another */
} PoolShare;

/* Of functions that all have a pool. The list is the caller's. */
int pool_shares(const Function *functions, size_t n, PoolShare **ret, size_t *ret_n) _warn_unused_result_;

/* What is asked for: so large a share of all requests is for so many functions of one kind, on one
 * physical function, in one group, or anywhere in the pool. The shares of a mix make 1. */
typedef struct RequestShare {
        uint32_t functions;
        PlannerLevel on;
        double share;
} RequestShare;

#define REQUESTS_MAX 32U

/* 1, 2, 4 and 8 functions on one physical function, as often the one as the other: until something else
 * is configured. */
extern const RequestShare request_mix_default[4];

/* Of functions that stand in for one another. */
typedef struct KindShare {
        PciAddress like; /* the first of them */
        uint16_t vendor, device;
        uint32_t n, n_free; /* in all, and those that can be had */
        uint32_t largest_on_pf, largest_in_group;
} KindShare;

bool kind_shares_equal(const KindShare *a, size_t n_a, const KindShare *b, size_t n_b);

/*
 * How a pool's free functions lie.
 *
 * Unusable is the measure of: Qizhen Weng et al., Beware of Fragmentation: Scheduling GPU-Sharing Workloads
 * with Fragmentation Gradient Descent, USENIX ATC 2023. There the fragmentation of a node for a task is what
 * is free on the node if the task does not fit, and that of the node the mean over the tasks of a workload,
 * each with its share. A node is here where a request looks for its functions, and the sum over all nodes is
 * divided by what is free in all.
 */
typedef struct Fragmentation {
        uint32_t n_free;
        uint32_t stranded; /* free, and to be had by nobody: off the bus, beside a device of the host's, or bound by it */
        uint32_t largest_on_pf, largest_in_group; /* free functions of one kind */
        double unusable;                          /* 0 to 1; 0 when nothing is free */
        KindShare *kinds;                         /* owned; in the order of the functions */
        size_t n_kinds;
} Fragmentation;

void fragmentation_done(Fragmentation *f);
int fragmentation_copy(const Fragmentation *f, Fragmentation *ret) _warn_unused_result_;

/* Of the functions of one pool; a group is what Function.group tells, and of one that tells none its physical function. */
int fragmentation_measure(const Function *functions, size_t n, const char *pool, const RequestShare *mix,
                          size_t n_mix, Fragmentation *ret) _warn_unused_result_;
