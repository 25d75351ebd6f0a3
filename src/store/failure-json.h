/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A Failure as the member "failure" of another object: code and message. */

#include <json-c/json.h>

#include "core/failure.h"

/* Nothing is added for FAILURE_NONE. */
int failure_to_json(const Failure *f, json_object *parent) _warn_unused_result_;
/* 1: read. 0: there is none, *ret is as it was. `where`: the path of `o`, for messages. */
int failure_from_json(json_object *o, const char *where, Failure *ret, Failure *reterr) _warn_unused_result_;
