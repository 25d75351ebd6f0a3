/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/claims.h"

#include <inttypes.h>
#include <systemd/sd-id128.h>

#include "basic/clock.h"
#include "basic/log.h"
#include "daemon/manager-jobs.h"
#include "daemon/manager-store.h"

/* Waits for what ends next, and has the view computed anew. */
static void manager_claims_changed(Manager *m)
{
        uint64_t next = claims_next_end(&m->ledger.claims);

        (void) sd_event_source_set_time(m->claims_end, next);
        (void) sd_event_source_set_enabled(m->claims_end, next > 0 ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
        manager_changed(m);
}

void manager_drop_ended_claims(Manager *m)
{
        size_t n = m->ledger.claims.n_reservations;

        if (claims_drop_ended(&m->ledger.claims, clock_realtime_usec()))
                log_info("The time of a hold or a reservation is over, its functions are free");

        m->reservations_changed = m->reservations_changed || m->ledger.claims.n_reservations != n;
        manager_claims_changed(m);
}

void manager_drop_idle_holds(Manager *m)
{
        Claims *c = &m->ledger.claims;

        for (size_t i = c->n_holds; i-- > 0;) {
                const char *uuid = c->holds[i].domain_uuid;

                if (!manager_find_record(m, uuid) && !manager_has_open_job(m, uuid))
                        (void) claims_drop_hold(c, uuid); /* it is there */
        }

        manager_claims_changed(m);
}

int manager_reserve(Manager *m, Reservation *r, const Reservation **ret, Failure *reterr)
{
        Claims *c = &m->ledger.claims;
        const Reservation *added;
        sd_id128_t id;
        int q;

        q = *r->cookie ? 0 : sd_id128_randomize(&id);
        if (q >= 0 && !*r->cookie)
                (void) sd_id128_to_string(id, r->cookie);
        if (q >= 0)
                q = claims_add_reservation(c, r);
        if (q < 0)
                return failure_set_errno(reterr, FAILURE_HOST, q, "failed to reserve");

        added = c->reservations + c->n_reservations - 1;
        q = manager_save_ledger(m, reterr);
        if (q < 0) {
                _cleanup_(reservation_done) Reservation taken = { 0 };

                (void) claims_take_reservation(c, added->cookie, &taken);
                return q;
        }

        log_info("User %" PRIu32 " (%s) has reserved %zu function%s%s%s", added->uid, added->owner,
                 added->n_functions, added->n_functions == 1 ? "" : "s", *added->label ? ": " : "",
                 added->label);
        m->reservations_changed = true;
        manager_claims_changed(m);
        *ret = added;
        return 0;
}

int manager_release(Manager *m, const Reservation *r, Failure *reterr)
{
        _cleanup_(reservation_done) Reservation taken = { 0 };
        Claims *c = &m->ledger.claims;
        int q;

        (void) claims_take_reservation(c, r->cookie, &taken); /* it is there */
        q = manager_save_ledger(m, reterr);
        if (q < 0) {
                if (claims_add_reservation(c, &taken) < 0)
                        log_error("A reservation is forgotten for want of memory; it is on disk");
                return q;
        }

        log_info("User %" PRIu32 " has reserved %zu function%s no longer", taken.uid, taken.n_functions,
                 taken.n_functions == 1 ? "" : "s");
        m->reservations_changed = true;
        manager_claims_changed(m);
        return 0;
}

void manager_use_reservation(Manager *m, const Reservation *r, uint64_t job)
{
        _cleanup_(reservation_done) Reservation taken = { 0 };
        Failure f = { 0 };

        (void) claims_take_reservation(&m->ledger.claims, r->cookie, &taken); /* it is there */

        /* After the journal: should the daemon end in between, the reservation lasts on until its time is over. The
         * other way round its functions would be lost to who had them. */
        if (manager_save_ledger(m, &f) < 0)
                log_error("The reservation that job %" PRIu64 " used is still on disk: %s", job,
                          failure_message(&f));

        failure_done(&f);
        m->reservations_changed = true;
        manager_claims_changed(m);
}

static int set_hold(Claims *c, const char *domain_uuid, HoldMode mode, uint64_t until_usec)
{
        if (mode != HOLD_RELEASE)
                return claims_hold(c, domain_uuid, until_usec);

        (void) claims_drop_hold(c, domain_uuid);
        return 0;
}

int manager_prepare_hold(Manager *m, const char *domain_uuid, HoldMode mode, uint64_t until_usec)
{
        int r = set_hold(&m->ledger.claims, domain_uuid, mode, until_usec);

        manager_claims_changed(m);
        return r;
}

/* What others have taken meanwhile cannot be kept from them. */
static int check_can_hold(const Manager *m, const DomainView *d, Failure *reterr)
{
        _cleanup_free_ Function *functions = NULL;
        size_t n;
        int r;

        r = view_functions_for(m->view, d, NULL, &functions, &n);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "failed to hold");

        for (size_t i = 0; i < d->n_functions; i++) {
                const Function *f = pool_find(functions, n, d->functions + i);
                _cleanup_(findings_done) Findings why = { 0 };

                if (!f)
                        return failure_set(reterr, FAILURE_UNKNOWN_FUNCTION,
                                           "function %s, which domain '%s' had, is not in the pool any more",
                                           PCI_ADDRESS_STR(d->functions + i), d->name);

                if (!pool_judge_state(f, &why))
                        return findings_check(&why, reterr);
        }

        return 0;
}

int manager_hold(Manager *m, const DomainView *d, HoldMode mode, uint64_t until_usec, Failure *reterr)
{
        int r;

        if (d->job != 0)
                return failure_set(reterr, FAILURE_DOMAIN_BUSY,
                                   "domain '%s' is %s in job %" PRIu64 "; wait for its end", d->name,
                                   d->state, d->job);
        if (!d->hibernated)
                return failure_set(reterr, FAILURE_NOT_HIBERNATED,
                                   "domain '%s' is %s, not hibernated: there is nothing to hold; hibernate "
                                   "it with the option 'hold'",
                                   d->name, d->state);

        r = mode == HOLD_RELEASE ? 0 : check_can_hold(m, d, reterr);
        if (r < 0)
                return r;

        r = set_hold(&m->ledger.claims, d->uuid, mode, until_usec);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "failed to hold");

        r = manager_save_ledger(m, reterr);
        if (r < 0 && set_hold(&m->ledger.claims, d->uuid, d->hold, d->hold_until_usec) < 0)
                log_error("A hold is forgotten for want of memory; it is on disk");
        if (r < 0)
                return r;

        log_info("Functions of domain '%s': %s", d->name, hold_mode_to_string(mode));
        manager_claims_changed(m);
        return 0;
}
