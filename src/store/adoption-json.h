/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* AdoptionChange as one JSON object, the line that "vgpu-hibernate-worker adopt" writes and the daemon reads; or why not. */

#include <json-c/json.h>

#include "core/adoption.h"

/* `why`: NULL when there is a change to tell. */
int adoption_change_to_json(const AdoptionChange *c, const Failure *why,
                            json_object **ret) _warn_unused_result_;
/* Fails also as it is told; FAILURE_INVALID_OPTION names the member that is wrong. */
int adoption_change_from_json(json_object *o, AdoptionChange *ret, Failure *reterr) _warn_unused_result_;
