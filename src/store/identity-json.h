/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* FunctionIdentity as a JSON object: in snapshots, journals, records and inventories. */

#include <json-c/json.h>

#include "core/function.h"

int function_identity_to_json(const FunctionIdentity *id, json_object **ret) _warn_unused_result_;
/* `whole`: all that we write ourselves must be there. Else vendor and device alone: others tell what they know. Members that
 * are not known are ignored. */
int function_identity_from_json(json_object *o, const char *where, bool whole, FunctionIdentity *ret,
                                Failure *reterr) _warn_unused_result_;
