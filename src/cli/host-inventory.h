/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The inventory of a host, as its daemon tells it: the text of one JSON object. */

#include "cli/ctl.h"

int host_inventory_get(Ctl *c, char **ret, sd_bus_error *e) _warn_unused_result_;
