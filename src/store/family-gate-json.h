/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The members "gate" and "clean" of a family's file. One that is absent leaves *ret as it is. */

#include <json-c/json.h>

#include "core/family.h"

int family_gate_from_json(json_object *family, FamilyGate *ret, Failure *reterr) _warn_unused_result_;
int family_clean_from_json(json_object *family, HostCommand *ret, Failure *reterr) _warn_unused_result_;
