/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The part of the verdict that is about the system in the guest: can it suspend, and wake, by this strategy? What is not
 * known of it is no finding. */

#include "core/facts.h"
#include "core/finding.h"

void guest_judge_ram(const DomainFacts *facts, Findings *findings);
void guest_judge_disk(const DomainFacts *facts, Findings *findings);
