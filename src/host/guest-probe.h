/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the guest says of itself. What could not be read by the deadline is not known, and no error. */

#include "core/family.h"
#include "host/guest-reader.h"

void guest_probe(const GuestReader *g, GuestFacts *ret);
/* Adds what one family's devices have in use. False: how much that is cannot be read. */
bool guest_probe_vram(const GuestReader *g, const char *pattern, GuestFacts *f);
/* Does the guest's driver follow to another card, as the family's probes tell? *ret_reason (the caller's, NULL without
 * memory) goes on after "since ". */
GuestFixups guest_probe_fixups(const GuestReader *g, const GuestRules *rules, char **ret_reason);
