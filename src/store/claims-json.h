/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Claims as two members of the ledger, "holds" and "reservations". A ledger that has neither has no claims. */

#include <json-c/json.h>

#include "core/claim.h"

int claims_to_json(const Claims *c, json_object *ledger) _warn_unused_result_;
/* Adds to *c, which is to be done on failure too. */
int claims_from_json(json_object *ledger, Claims *c, Failure *reterr) _warn_unused_result_;
