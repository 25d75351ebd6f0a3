/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A plan as it is brought to be carried out, and what the journal keeps of one that is. */

#include <json-c/json.h>

#include "core/apply.h"

/* More than this many bytes are no plan for one host. */
#define APPLY_PLAN_BYTES_MAX (UINT64_C(1) << 20)

/* The text of a plan (vgpu-hibernatectl(1), under "Plans") as moves, rooms, and what it was made for; nothing of it has
 * been checked against a host. *ret_stamp, which is the caller's, is that of the inventory it was made from.
 * FAILURE_INVALID_OPTION names the member. */
int apply_parse_plan(const char *text, size_t size, Apply **ret, char **ret_stamp,
                     Failure *reterr) _warn_unused_result_;
/* The same of one that was parsed. */
int apply_from_plan(json_object *plan, Apply **ret, char **ret_stamp, Failure *reterr) _warn_unused_result_;

/* In the journal. */
int apply_to_json(const Apply *a, json_object **ret) _warn_unused_result_;
int apply_from_json(json_object *o, Apply **ret, Failure *reterr) _warn_unused_result_;
