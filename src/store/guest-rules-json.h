/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The members "probes", "vram_used" and "health" of a family's file: vgpu-hibernate.json(5). */

#include <json-c/json.h>

#include "core/failure.h"
#include "core/guest-rules.h"

int guest_rules_from_json(json_object *family, GuestRules *ret, Failure *reterr) _warn_unused_result_;
