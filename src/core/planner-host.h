/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * PlannerHost: an inventory and goals as a PlannerProblem, and the way back from its numbers to functions
 * and domains.
 */

#include "core/inventory.h"
#include "core/planner-goal.h"
#include "core/planner-search.h"

#define PLANNER_CLASSES_MAX 256U /* of a host */

typedef struct PlannerHostOptions {
        GuestFixups fixups;
        double image_rate;   /* bytes a second from this host to another; 0: no domain leaves it */
        size_t index;        /* among the hosts of the fleet */
        const bool *stays;   /* by domain of the inventory, or NULL: those that are not to be moved */
        const bool *remains; /* by domain, or NULL: those that are not to leave the host */
} PlannerHostOptions;

typedef struct PlannerHost {
        const Inventory *inventory;
        PlannerHostOptions options; /* without the lists */
        PlannerProblem problem;
        PciAddress *pfs;    /* owned; by pf, rising */
        uint32_t *pf_of;    /* owned; by function of the inventory */
        uint32_t *class_of; /* owned; by function, UINT32_MAX: it takes no part */
        size_t *examples;  /* owned; by class: a function of it, one of which ids are told if there is one */
        size_t *domains;   /* owned; by domain of the problem: that of the inventory */
        size_t *pinned_by; /* owned; by pf: a function that pins it, INVENTORY_NONE: nothing does */
} PlannerHost;

void planner_host_done(PlannerHost *h);

/* `inv` must outlive it. What is beyond the planner's limits is FAILURE_INVALID_OPTION. */
int planner_host_init(PlannerHost *h, const Inventory *inv, const PlannerHostOptions *options,
                      Failure *reterr) _warn_unused_result_;

/* May this domain be moved at all? Else `why`, a static text, says why not. */
bool planner_may_move(const Inventory *inv, const InventoryDomain *d, GuestFixups fixups, const char **why);

/* And of those that may: may it leave its host? */
bool planner_may_leave(const PlannerHost *h, const InventoryDomain *d, const char **why);
/* What that takes: its move, and carrying its image. */
double planner_leave_seconds(const PlannerHost *h, const InventoryDomain *d);

/* May a domain that has functions of a class of one host, and leaves that, have functions of a class of the other? */
bool planner_stands_in_elsewhere(const PlannerHost *h, uint32_t class, const PlannerHost *other,
                                 uint32_t other_class);

/* Replaces the goals of the problem. What is to be evacuated and not on this host is left out. */
int planner_host_set_goals(PlannerHost *h, const PlannerGoal *goals, size_t n,
                           Failure *reterr) _warn_unused_result_;

/* UINT32_MAX when the host has no such physical function. */
uint32_t planner_host_find_pf(const PlannerHost *h, const PciAddress *a);
