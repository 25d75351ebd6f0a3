/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* May one function of a fleet take over from another, by what is told of both? The judge is core/compat.h, as for jobs; what
 * is asked in addition is whether the function could be had now. */

#include "core/finding.h"
#include "core/inventory.h"

/* Else all that speaks against it is in `findings`. */
bool fits_judge(const Fleet *fleet, const FleetFunction *from, const FleetFunction *to,
                const Families *families, GuestFixups fixups, Findings *findings);
