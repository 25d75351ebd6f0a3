/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * PlannerProblem: the moves of one host as numbers, without names and addresses. Functions of one physical
 * function, pool and kind can stand in for one another, so they are only counted: a "class" is a pool and a
 * kind, a "cell" the functions of a class on one physical function. What goals mean is said in
 * core/planner.h.
 *
 * What takes part: free functions, and those of domains that may be moved. All else stays where it is: a
 * function that is leased, held or assigned to a domain that may not be moved pins its physical function
 * (there will always be an owner), and one that is quarantined and nobody's does not count at all.
 *
 * A domain may leave the host, where nothing is known of the room that it finds elsewhere: as if there was enough.
 */

#include "basic/macro.h"

#define PLANNER_PFS_MAX 64U          /* of a host: sets of them are bits of a word */
#define PLANNER_DOMAINS_MAX 4095U    /* of a host: so many moves fit below the microseconds of a weight */
#define PLANNER_FUNCTIONS_MAX 16384U /* of a host */
#define PLANNER_FITS_MAX 4U
#define PLANNER_COST_SECONDS_MAX 1e6

/* The order is that of difficulty: what finds a place on a finer level finds it on a coarser one. */
typedef enum PlannerLevel {
        PLANNER_ANYWHERE,
        PLANNER_ONE_GROUP,
        PLANNER_ONE_PF,
        _PLANNER_LEVEL_MAX,
} PlannerLevel;

/* So many functions on this physical function. */
typedef struct PlannerPart {
        uint32_t pf, count;
} PlannerPart;

typedef struct PlannerDomain {
        uint32_t class;
        uint32_t size;
        PlannerLevel level;
        uint64_t weight;    /* planner_weight(): what its move costs */
        bool may_leave;     /* the host, for one where there is room for all of it */
        uint64_t leave;     /* what its move weighs more then */
        PlannerPart *parts; /* owned; by pf, each pf once */
        size_t n_parts;
} PlannerDomain;

/* "At least so many of these physical functions without an owner." */
typedef struct PlannerWant {
        uint32_t count;
        uint64_t among; /* bits of physical functions */
} PlannerWant;

/* "Room for so many more functions." */
typedef struct PlannerFit {
        uint32_t size;
        PlannerLevel level;
        uint64_t *classes; /* owned; a bit for each class that would do */
} PlannerFit;

typedef struct PlannerProblem {
        uint32_t n_pfs, n_classes, n_groups;
        uint32_t *group;        /* owned; by pf, below n_groups */
        uint32_t *free;         /* owned; by planner_cell() */
        uint64_t pinned;        /* bits of physical functions that cannot be emptied */
        uint64_t evacuated;     /* bits of those that must be, and on which there is no room */
        PlannerDomain *domains; /* owned; only those that may be moved */
        size_t n_domains;
        PlannerWant *wants; /* owned */
        size_t n_wants;
        PlannerFit *fits; /* owned */
        size_t n_fits;
        bool compact; /* before the cost: as few physical functions in use as can be */
} PlannerProblem;

void planner_problem_done(PlannerProblem *p);
void planner_problem_clear_goals(PlannerProblem *p);

static inline size_t planner_cell(const PlannerProblem *p, uint32_t pf, uint32_t class)
{
        return (size_t) pf * p->n_classes + class;
}

/*
 * Cost and number of moves in one number that adds up and compares as the pair does: microseconds above,
 * moves below. PLANNER_DOMAINS_MAX domains of PLANNER_COST_SECONDS_MAX are less than 2^64.
 */
#define PLANNER_MOVE_BITS 12

static inline uint64_t planner_weight(uint64_t cost_usec)
{
        return (cost_usec << PLANNER_MOVE_BITS) + 1;
}

/* What is added to a weight, without a further move. */
static inline uint64_t planner_weight_more(uint64_t cost_usec)
{
        return cost_usec << PLANNER_MOVE_BITS;
}

/* Of what an inventory tells, which is not negative and no more than PLANNER_COST_SECONDS_MAX. */
static inline uint64_t planner_cost_usec(double seconds)
{
        return (uint64_t) (seconds * (double) USEC_PER_SEC + 0.5);
}

static inline uint64_t planner_weight_usec(uint64_t weight)
{
        return weight >> PLANNER_MOVE_BITS;
}

static inline bool planner_bit(const uint64_t *bits, uint32_t i)
{
        return bits[i / 64] >> (i % 64) & 1;
}

/* How long a search may go on. The nodes make it end in the same place every time, the clock is the
 * caller's. */
typedef struct PlannerBudget {
        uint64_t nodes;                     /* left */
        bool (*time_is_up)(void *userdata); /* NULL: no limit */
        void *userdata;
        bool out;
} PlannerBudget;

/* Takes one node. False when nothing is left, and ever after. */
bool planner_budget_spend(PlannerBudget *b);
/* The same for what takes longer than a node does, by its steps. */
bool planner_budget_spend_steps(PlannerBudget *b, uint64_t steps);
