/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the guest says of itself: files that its agent reads for us. Nothing is run in a guest and nothing written, so
 * that a policy which allows the agent no more than to read files is enough; one that forbids that leaves all unknown.
 */

#include "core/guest.h"
#include "host/guest-agent.h"

/* Never fails: what could not be read by the deadline (CLOCK_MONOTONIC, of all together) is not known. */
void guest_probe(virDomainPtr d, const AgentCommands *commands, uint64_t deadline_usec, GuestFacts *ret);
