/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * PlannerPack: the functions of one class of a problem. Which domains have to move so that given physical
 * functions are left and further requests find room, and where to.
 *
 * Theory of operation. Domains on closed physical functions must move. Those that may be anywhere need only
 * that enough is free in all, which moves of others do not change. So only items that must stay together on
 * one physical function (a "bin") or in one group have to be placed by a search (planner-pack-search.c). It
 * takes the largest that waits and tries each bin: where there is room at once, and where there is not, with
 * each minimal set of items there that make room by waiting themselves. Of items alike in size, level and
 * place the lightest go first.
 *
 * Where domains may leave the host, each item that is placed may also be placed outside. Of those that may be
 * anywhere, and of those that stay, the lightest leave of whom enough have left (planner-cover.h), when all
 * others have their places.
 */

#include "core/planner-problem.h"

typedef enum PackState {
        PACK_STAYS,
        PACK_WAITS,  /* it moves, and has no place yet */
        PACK_PLACED, /* in at[]: a bin, a group, or PACK_OUTSIDE */
} PackState;

#define PACK_OUTSIDE UINT32_MAX /* on another host */
#define PACK_NEVER UINT64_MAX   /* a weight that is never paid */

typedef struct PackPart {
        uint32_t bin, count;
} PackPart;

typedef struct PackItem {
        uint32_t domain; /* index of problem->domains */
        PlannerLevel level;
        uint32_t size;
        uint64_t weight;
        uint64_t leave;  /* what it weighs more when it leaves the host, PACK_NEVER: it may not */
        PackPart *parts; /* owned; by bin */
        size_t n_parts;
        size_t n_groups; /* of how many groups those bins are */
        bool is_apart;   /* on more than its level allows: it may stay so, but cannot be placed there */
        uint32_t type;   /* the same for all that are alike but for their weight */
} PackItem;

typedef struct PlannerPack {
        const PlannerProblem *problem;
        uint32_t class;
        size_t n_bins, n_groups;
        uint32_t *pf;              /* owned; by bin */
        uint32_t *group;           /* owned; by bin, below n_groups */
        uint32_t *free;            /* owned; by bin: what nobody has now */
        uint32_t *usable;          /* owned; by bin: that, and what those have who may move */
        PackItem *items;           /* owned; by type, then weight */
        size_t n_items, n_leavers; /* of these, so many may leave the host */
        bool has_apart;
        PackState *state; /* owned; by item: of the solution that was found last */
        uint32_t *at;     /* owned; by item, where PACK_PLACED */
        /* Of the same solution: what was closed, and the fits with the bin or group of each. */
        uint64_t closed;
        uint32_t fits[PLANNER_FITS_MAX], fit_at[PLANNER_FITS_MAX];
        size_t n_fits;
} PlannerPack;

/* `p` must outlive the pack. */
int planner_pack_new(const PlannerProblem *p, uint32_t class, PlannerPack **ret) _warn_unused_result_;
PlannerPack *planner_pack_free(PlannerPack *k);
DEFINE_CLEANUP_FUNC(PlannerPack *, planner_pack_free);

typedef enum PackMode {
        PACK_LIGHTEST,
        PACK_FORCED_ONLY, /* move nothing but what is on closed physical functions */
        PACK_ANY,         /* all move, whatever that weighs; it is made lighter where that is easy */
} PackMode;

typedef struct PackRequest {
        uint64_t closed;      /* physical functions that no domain may have functions of */
        const uint32_t *fits; /* those of problem->fits that look for their room in this class */
        size_t n_fits;
        uint64_t below; /* only what weighs less than this is a solution */
        PackMode mode;
} PackRequest;

/* 1: found, and *ret_weight is that of the best; 0: there is none below. *ret_open bounds from below what
 * was not looked at for want of budget; UINT64_MAX: all was. */
int planner_pack_solve(PlannerPack *k, const PackRequest *request, PlannerBudget *budget,
                       uint64_t *ret_weight, uint64_t *ret_open) _warn_unused_result_;

/* What the domains weigh that are on closed physical functions. */
uint64_t planner_pack_forced(const PlannerPack *k, uint64_t closed);

/* The same, and the least that those weigh more who have to leave the host then; PACK_NEVER: not enough may. Out of budget
 * only the same. */
int planner_pack_least(const PlannerPack *k, uint64_t closed, PlannerBudget *budget,
                       uint64_t *ret) _warn_unused_result_;

/* Where domains are in the solution that was found last: parts of each that moves are replaced by new
 * ones, and moved[] is set; who leaves the host has no parts. All three lists are by problem->domains. */
int planner_pack_place(const PlannerPack *k, PlannerPart **parts, size_t *n_parts,
                       bool *moved) _warn_unused_result_;
