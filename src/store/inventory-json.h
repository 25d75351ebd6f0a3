/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Inventory and fleet as JSON. The form is documented in vgpu-hibernatectl(1), under "Inventories". Members that are not known
 * are ignored; what is known must be of its type, make sense, and agree with the rest: an error names the member, such as
 * "functions[3].state" or "hosts[7].domains[0].cost_seconds".
 */

#include <json-c/json.h>

#include "core/inventory.h"

/* A thousand hosts of 64 functions, each told in full with white space, are 90 MB without it 45. */
#define INVENTORY_BYTES_MAX (UINT64_C(64) << 20)

/* The text of a file that has one inventory, which gives a fleet of one, or "hosts". `what` is for messages.
 * Memory is bounded by the size that is allowed: FAILURE_INVALID_OPTION when there is more. */
int fleet_parse(const char *text, size_t size, const char *what, Fleet *ret,
                Failure *reterr) _warn_unused_result_;
int fleet_read_file(const char *path, Fleet *ret, Failure *reterr) _warn_unused_result_;

int inventory_to_json(const Inventory *inv, json_object **ret) _warn_unused_result_;
