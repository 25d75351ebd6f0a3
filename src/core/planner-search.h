/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * PlannerSearch: the lightest set of moves that reaches all goals of a host.
 *
 * Theory of operation. It tries the sets of physical functions that could be left without an owner, lightest
 * first: the weight of what is on them is paid in any case. For a set, the classes have nothing to do with
 * each other any more, and each is a PlannerPack. Mostly the first set is the answer.
 */

#include "core/planner-pack.h"

typedef struct PlannerSolution {
        bool found;
        bool optimal; /* proven, or with !found: proven that there is none */
        uint64_t weight;
        uint64_t bound; /* no solution weighs less, nor, with compact, one that leaves more; not above weight */
        uint64_t emptied;    /* bits of the physical functions that were chosen to be without an owner */
        PlannerPart **parts; /* owned, each too; by domain: where it is then */
        size_t *n_parts;     /* owned; 0 of one that moves: it leaves the host */
        bool *moved;         /* owned; by domain */
        size_t n_domains;
        /* By fit: the class of its room, and the physical function or group where it is, if it must be on
         * one. */
        uint32_t fit_class[PLANNER_FITS_MAX], fit_place[PLANNER_FITS_MAX];
} PlannerSolution;

void planner_solution_done(PlannerSolution *s);

int planner_search(const PlannerProblem *p, PlannerBudget *budget,
                   PlannerSolution *ret) _warn_unused_result_;
