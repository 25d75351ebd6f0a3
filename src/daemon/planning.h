/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Planning: a plan for this host as it is now, which a worker finds: a search may take seconds and all of a processor,
 * and the daemon answers others meanwhile. The worker plans by the same code as vgpu-hibernatectl does.
 */

#include <json-c/json.h>

#include "core/failure.h"
#include "core/family.h"

#define PLAN_SECONDS_DEFAULT 10U
#define PLAN_SECONDS_MAX 3600U
#define PLAN_PARALLEL_MAX 1000U

typedef struct Manager Manager;
typedef struct Planning Planning;

typedef struct PlanningRequest {
        char **goals; /* as core/planner-goal.h reads them */
        size_t n_goals;
        uint32_t parallel;
        uint64_t seconds; /* to search for */
        GuestFixups fixups;
        const char *const *stays; /* UUIDs of domains that are not to be moved */
        size_t n_stays;
} PlanningRequest;

typedef struct PlanningHandlers {
        /* At most once. NULL: there is no plan, and `why` says why. One that cannot be reached is one. */
        void (*planned)(json_object *plan, const Failure *why, void *userdata);
        /* Once, and last: the handler is to free the planning. */
        void (*ended)(void *userdata);
} PlanningHandlers;

/* What is wrong with the goals themselves, whatever there is on the host: FAILURE_INVALID_OPTION. */
int planning_check(const PlanningRequest *request, Failure *reterr) _warn_unused_result_;
int planning_new(Manager *m, const PlanningRequest *request, const PlanningHandlers *handlers,
                 void *userdata, Planning **ret, Failure *reterr) _warn_unused_result_;
/* Nobody wants to know any more: no handler but `ended` is called. */
void planning_cancel(Planning *p);
/* Before its end: calls nobody. */
Planning *planning_free(Planning *p);
DEFINE_CLEANUP_FUNC(Planning *, planning_free);
