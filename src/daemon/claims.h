/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The manager's holds and reservations (core/claim.h): made, changed, given back, and ended by a timer. They are in
 * the ledger; whatever changes them writes it before anybody is answered.
 */

#include "core/reserve.h"
#include "daemon/manager.h"

/* Takes *r, which has functions, until and who asked; fills in the cookie, where it has none yet, and returns what is in
 * the ledger then. */
int manager_reserve(Manager *m, Reservation *r, const Reservation **ret,
                    Failure *reterr) _warn_unused_result_;
/* `r` is the ledger's own. */
int manager_release(Manager *m, const Reservation *r, Failure *reterr) _warn_unused_result_;
/* A job has its functions now, durably: there is nothing to reserve any more. */
void manager_use_reservation(Manager *m, const Reservation *r, uint64_t job);

/* What a hibernated domain keeps. FAILURE_FUNCTION_BUSY when it would not be free for it. */
int manager_hold(Manager *m, const DomainView *d, HoldMode mode, uint64_t until_usec,
                 Failure *reterr) _warn_unused_result_;
/* The same for a domain that is about to be hibernated; whoever writes the ledger next makes it durable. */
int manager_prepare_hold(Manager *m, const char *domain_uuid, HoldMode mode,
                         uint64_t until_usec) _warn_unused_result_;

/* Drops holds of domains that are not hibernated, and that no open job may leave so. */
void manager_drop_idle_holds(Manager *m);
/* Drops what has ended, and waits for what ends next. On disk they go when the ledger is next written: a daemon that
 * is started anew comes here first. */
void manager_drop_ended_claims(Manager *m);
