/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * PlannerAcross: on which functions of which hosts domains go on that leave theirs.
 *
 * They take what is free there from the beginning and what nobody needs, neither for its own move nor as the room of a
 * goal, nor is it on a physical function that is to be left. So nobody moves for them or waits for them, and they wait
 * for nobody: who leaves costs the fleet its own move and nothing more, and the order of each host's moves is its own.
 *
 * The hardest to place are first: those that must be together on one physical function, then in one group, of these
 * the largest. Each goes where it leaves the least room over.
 */

#include "core/planner-share.h"

/* Of hosts with their moves and rooms, in each the entry that is asked of it. Who finds no place is noted in `remains` of
 * its host's table, and *ret_why, which is the caller's, tells of the first. Returns how many that are. */
int planner_across(PlannerShare *s, const size_t *entries, PlannerHostPlan *hosts,
                   char **ret_why) _warn_unused_result_;
