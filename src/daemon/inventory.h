/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this host has, as planners and fleets read it (store/inventory-json.h). */

#include "core/inventory.h"
#include "daemon/view.h"

/* -ENOMEM. */
int inventory_from_view(const View *v, const char *host, Inventory *ret) _warn_unused_result_;
/* The same as JSON text, with a stamp: another one when any other character of it is. */
int inventory_text(const View *v, const char *host, char **ret) _warn_unused_result_;
