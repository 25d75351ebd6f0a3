/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Changes: says on the bus what differs between what was said and what is. Each function is told once
 * however often something changed in between.
 */

#include "daemon/manager.h"

/* Replaces the manager's view and signals the difference. Takes `view`. */
void changes_set_view(Manager *m, View *view);
/* The list of reservations. */
void changes_of_reservations(Manager *m);
/* Properties of jobs that changed, then JobRemoved of those that ended. */
void changes_of_jobs(Manager *m);
/* InterfacesAdded, then JobNew. */
void changes_job_added(Manager *m, const ManagedJob *j);
/* While the job is still found. */
void changes_job_forgotten(Manager *m, const ManagedJob *j);
/* Takes `reason`; NULL: not degraded. */
void changes_set_degraded(Manager *m, char *reason);
