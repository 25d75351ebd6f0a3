/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * PlannerWaves: in which order the moves of a solution are carried out, and which function each gets.
 *
 * A wave's domains are all hibernated before any of them is resumed, and a wave begins when the one before
 * has ended. So a function that a domain gets in a wave was free before it, or is given up in it: by a
 * domain that needs none while it is hibernated. Domains are in one wave if they have to be, since each
 * waits for what another gives up; those that do not are put together as long as no more than `parallel` are
 * saved at the same time.
 *
 * Where more have to be in one wave than may be saved at once, it goes in rounds of `parallel`, those that
 * take longest first, and each round takes as long as the longest of it. Every domain of a wave may be down
 * for as long as all its rounds take together, since it may have to wait for the last: that must not be more
 * than the limit of any of them.
 *
 * A domain that leaves its host waits for nobody there, and who follows it waits for it.
 */

#include "core/planner-host.h"

/* A function is given up for another: indices of the inventory's functions, `to` of that of the host where the domain
 * goes; INVENTORY_NONE as long as that is not known. */
typedef struct PlannerChange {
        size_t from, to;
} PlannerChange;

typedef struct PlannerMove {
        size_t domain;          /* index of the inventory's domains */
        size_t host;            /* of the fleet, where it goes; INVENTORY_NONE: another one, not known yet */
        double cost_seconds;    /* how long it is down: with leaving its host, if it does */
        uint32_t wave;          /* from 0 */
        PlannerChange *changes; /* owned; what stays is not among them */
        size_t n_changes;
} PlannerMove;

typedef struct PlannerWaves {
        PlannerMove *moves; /* owned; by wave, then in the order of the inventory */
        size_t n_moves;
        uint32_t n;
} PlannerWaves;

/* Domains that have to be in one wave, which takes longer than one of them may be down: that with the least
 * limit, and of the others that which takes longest itself. Indices of the inventory's domains. */
typedef struct PlannerConflict {
        size_t strictest, longest;
} PlannerConflict;

void planner_waves_done(PlannerWaves *w);

/* 1: there are waves. 0: there is a conflict, and *ret_why, which is the caller's, says so. */
int planner_waves(const PlannerHost *h, const PlannerSolution *s, uint32_t parallel, PlannerWaves *ret,
                  PlannerConflict *ret_conflict, char **ret_why) _warn_unused_result_;
