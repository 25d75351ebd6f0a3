/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Returns: a function that a guest had is offered to nobody before it was reset, its config space has been read, its gate
 * asked and it was cleaned. A job does that itself to what its domain leaves. Of all else - a domain that is shut down,
 * destroyed, or crashes, a function that is unplugged - libvirt's hook or the next snapshot tells, and the daemon has it
 * probed (probe.h). Which functions guests have is in the ledger from the moment when they get them, so that the end of
 * a guest while no daemon runs is not missed.
 *
 * A boot of the host is a reset: what guests had before it is only cleaned, where the family asks for it.
 *
 * Meanwhile such a function is leased, to the domain that had it: one that is started again at once, as after "virsh
 * destroy", gets it back. For that the reset waits for Config.reset_delay_usec. A function that does not come through
 * goes into quarantine.
 */

#include "core/failure.h"
#include "core/locator.h"

typedef struct Manager Manager;
typedef struct Returns Returns;

int returns_new(Manager *m, Returns **ret) _warn_unused_result_;
Returns *returns_free(Returns *x);
DEFINE_CLEANUP_FUNC(Returns *, returns_free);
/* From the view: notes who has what, and begins the probes that are due. Logs. */
void returns_update(Returns *x);
/* It is to be free before long: no try to reset it has failed yet. */
bool returns_awaits(const Returns *x, const FunctionRef *f);
/* Such a probe ended. NULL: the function is as new. Logs. */
void returns_settle(Returns *x, const FunctionRef *f, const Failure *found);
