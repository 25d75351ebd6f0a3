/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Manager.Plan, of which a few callers are served at once: each takes a processor for as long as it may search. A caller
 * that goes away takes its worker along. */

#include <systemd/sd-bus.h>

#include "basic/macro.h"

#define PLANS_MAX 2U

typedef struct Manager Manager;
typedef struct PlanBus PlanBus;

int plan_bus_new(Manager *m, PlanBus **ret) _warn_unused_result_;
/* Callers that still wait get no answer from us: the bus tells them that we are gone. */
PlanBus *plan_bus_free(PlanBus *b);
int method_plan(sd_bus_message *message, void *userdata, sd_bus_error *error);
