/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * PlannerShare: how the hosts of a fleet share the goals: each takes some of the physical functions of free-pf, and
 * some of the fits. For each such part ("what is asked of the host") its table has an entry, and the cheapest way
 * to share is found host after host. A single host is asked for everything.
 */

#include "core/planner.h"

typedef struct PlannerEntry {
        PlannerSolution solution;
        uint32_t emptied; /* with compact: how many physical functions have no owner */
        PlannerCost cost, bound;
} PlannerEntry;

typedef struct PlannerTable {
        PlannerHost host;
        bool *stays;           /* owned; by domain of the inventory: taken out for the sake of its limit */
        bool *remains;         /* owned; by domain of the inventory: no other host has room for it */
        bool is_stale;         /* what is to be taken into account has changed since it was filled */
        PlannerEntry *entries; /* owned; by pfs * n_masks + mask */
        uint32_t n_rows;
} PlannerTable;

/* What hosts reach together. */
typedef struct PlannerSum {
        bool found;
        uint64_t emptied;
        PlannerCost cost;
} PlannerSum;

typedef struct PlannerShare {
        const Fleet *fleet;
        const PlannerGoal *goals;
        size_t n_goals;
        size_t *evacuate_on; /* owned; by goal: the host */
        const PlannerOptions *options;
        PlannerBudget budget;

        const PlannerGoal *free_pf; /* shared; NULL: none is */
        size_t fits[PLANNER_FITS_MAX];
        uint32_t n_fits, n_masks; /* shared fits, and the sets of them */
        bool compact;
        double image_rate; /* 0: nobody leaves a host */

        PlannerTable *tables; /* owned; by host */
        size_t n_states;      /* (free_pf->count + 1) * n_masks */
        uint32_t *choices;    /* owned; by host * n_states + state: which entry this host has in it */
        bool is_cut;          /* planner_share_find() ran out of time: there may be a better sum */
} PlannerShare;

void planner_share_done(PlannerShare *s);

/* All that is given must outlive it. FAILURE_INVALID_OPTION: what cannot be planned together. */
int planner_share_init(PlannerShare *s, const Fleet *fleet, const PlannerGoal *goals, size_t n_goals,
                       const PlannerOptions *options, Failure *reterr) _warn_unused_result_;

/* Fills those tables that are stale, as all are in the beginning. Returns how many they were. */
int planner_share_refill(PlannerShare *s, Failure *reterr) _warn_unused_result_;
/* Nobody leaves a host any more. All tables are stale then. */
void planner_share_end_leaving(PlannerShare *s);
/* Who was taken out takes part again. The same. */
void planner_share_reset(PlannerShare *s);

/* The best sum over the hosts. With `entries`, by host, what is asked of each in it. */
int planner_share_find(PlannerShare *s, PlannerSum *ret, size_t *entries) _warn_unused_result_;
/* What every sum costs at least. */
int planner_share_find_bound(PlannerShare *s, PlannerSum *ret) _warn_unused_result_;
/* Is all known of what each host could do? Then the best sum over them is the best there is. */
bool planner_share_is_proven(const PlannerShare *s);

/* What an entry asks of a host; borrowed members only. Returns how many. */
size_t planner_share_goals(const PlannerShare *s, size_t host, size_t entry,
                           PlannerGoal ret[static PLANNER_GOALS_MAX]);
bool planner_share_is_impossible(const PlannerShare *s, size_t host, size_t entry);

bool planner_sum_is_better(const PlannerSum *a, const PlannerSum *b);
int planner_cost_compare(const PlannerCost *a, const PlannerCost *b);
