/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this host has, as planners and fleets read it (store/inventory-json.h). */

#include "core/inventory.h"

typedef struct Manager Manager;

/* What the view shows, with the name of this host, what moves would take by the jobs on record, and a stamp: another one
 * when anything else of it is. */
int inventory_of(const Manager *m, Inventory *ret) _warn_unused_result_;
/* As JSON. -ENOMEM. */
int inventory_text(const Inventory *inv, char **ret) _warn_unused_result_;
