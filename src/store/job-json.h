/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The JSON form of a whole Job, as the journal holds it (store/journal.h). */

#include <json-c/json.h>

#include "core/job.h"

int job_to_json(const Job *j, json_object **ret) _warn_unused_result_;
int job_from_json(json_object *o, Job **ret, Failure *reterr) _warn_unused_result_;
