/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Verdict as one JSON object: the line that "vgpu-hibernate-worker explain" writes and the daemon reads. */

#include <json-c/json.h>

#include "core/verdict.h"

int verdict_to_json(const Verdict *v, json_object **ret) _warn_unused_result_;
/* FAILURE_INVALID_OPTION names the member that is wrong. */
int verdict_from_json(json_object *o, Verdict *ret, Failure *reterr) _warn_unused_result_;
