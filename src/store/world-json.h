/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* World as one JSON object: the line that the watch worker writes and the daemon reads. */

#include <json-c/json.h>

#include "core/world.h"

int world_to_json(const World *w, json_object **ret) _warn_unused_result_;
int world_from_json(json_object *o, World **ret, Failure *reterr) _warn_unused_result_;
