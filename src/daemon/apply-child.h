/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The jobs by which a plan is carried out. Each goes through the same verdict as if somebody had asked for it. That of a
 * domain which is only hibernated first is judged for the whole move all the same: it must not turn out afterwards that
 * it cannot go where it is to go.
 */

#include "core/apply.h"
#include "daemon/manager.h"

/* Would the verdict be against the move, as far as it is known from memory, if all that is to become free before were
 * free? Changes nothing. */
int apply_child_rehearse(Manager *m, const ApplyMove *move, Strategy strategy,
                         Failure *reterr) _warn_unused_result_;
/* A function that it needs is being reset, and *why says which. */
bool apply_child_has_to_wait(const Manager *m, const ApplyMove *move, Failure *why);
/* Makes the job that does `action` with the move; its worker begins when its turn has come. */
int apply_child_start(Manager *m, const Job *parent, const ApplyMove *move, ApplyAction action,
                      ManagedJob **ret, Failure *reterr) _warn_unused_result_;
/* The job of this parent that the domain had last; NULL: none is on record. */
ManagedJob *apply_child_find(const Manager *m, uint64_t parent, const char *domain_uuid);
