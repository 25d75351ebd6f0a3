/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this host has, as planners and fleets read it (store/inventory-json.h). */

#include "core/inventory.h"
#include "daemon/view.h"

/* With the name of this host, and a stamp: another one when anything else of it is. */
int inventory_of_view(const View *v, Inventory *ret) _warn_unused_result_;
/* As JSON. -ENOMEM. */
int inventory_text(const Inventory *inv, char **ret) _warn_unused_result_;
