/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/claim.h"

#include "core/enum-table.h"

static const char *const hold_mode_table[] = {
        [HOLD_RELEASE] = "release",
        [HOLD_HOLD] = "hold",
        [HOLD_HOLD_UNTIL] = "hold-until",
};
DEFINE_ENUM_TABLE(hold_mode, HoldMode, _HOLD_MODE_MAX);

HoldMode hold_mode(const Hold *h)
{
        if (!h)
                return HOLD_RELEASE;

        return h->until_usec == 0 ? HOLD_HOLD : HOLD_HOLD_UNTIL;
}

void reservation_done(Reservation *r)
{
        free(r->owner);
        free(r->pool);
        free(r->label);
        free(r->functions);
        *r = (Reservation) { 0 };
}

bool reservation_has(const Reservation *r, const Function *f)
{
        for (size_t i = 0; i < r->n_functions; i++)
                if (function_ref_is(r->functions + i, f))
                        return true;

        return false;
}

void claims_done(Claims *c)
{
        for (size_t i = 0; i < c->n_holds; i++)
                free(c->holds[i].domain_uuid);
        for (size_t i = 0; i < c->n_reservations; i++)
                reservation_done(c->reservations + i);
        free(c->holds);
        free(c->reservations);
        *c = (Claims) { 0 };
}

static Hold *find_hold(const Claims *c, const char *domain_uuid)
{
        for (size_t i = 0; i < c->n_holds; i++)
                if (streq(c->holds[i].domain_uuid, domain_uuid))
                        return c->holds + i;

        return NULL;
}

const Hold *claims_find_hold(const Claims *c, const char *domain_uuid)
{
        return find_hold(c, domain_uuid);
}

int claims_hold(Claims *c, const char *domain_uuid, uint64_t until_usec)
{
        Hold *h = find_hold(c, domain_uuid);
        char *copy = NULL;

        if (h) {
                h->until_usec = until_usec;
                return 0;
        }

        if (!ARRAY_GROW(c->holds, c->n_holds) || free_and_strdup(&copy, domain_uuid) < 0)
                return -ENOMEM;

        c->holds[c->n_holds++] = (Hold) { .domain_uuid = copy, .until_usec = until_usec };
        return 0;
}

/* Those that stay keep their order: of two holds of one function the first is the one that counts. */
static void remove_hold(Claims *c, size_t index)
{
        free(c->holds[index].domain_uuid);
        c->n_holds--;
        memmove(c->holds + index, c->holds + index + 1, (c->n_holds - index) * sizeof(Hold));
}

bool claims_drop_hold(Claims *c, const char *domain_uuid)
{
        const Hold *h = find_hold(c, domain_uuid);

        if (!h)
                return false;

        remove_hold(c, (size_t) (h - c->holds));
        return true;
}

int claims_add_reservation(Claims *c, Reservation *r)
{
        if (!ARRAY_GROW(c->reservations, c->n_reservations))
                return -ENOMEM;

        c->reservations[c->n_reservations++] = *r;
        *r = (Reservation) { 0 };
        return 0;
}

static Reservation take_reservation(Claims *c, size_t index)
{
        Reservation taken = c->reservations[index];

        c->n_reservations--;
        memmove(c->reservations + index, c->reservations + index + 1,
                (c->n_reservations - index) * sizeof(Reservation));
        return taken;
}

static const Reservation *find_reservation(const Claims *c, const char *cookie)
{
        for (size_t i = 0; i < c->n_reservations; i++)
                if (streq(c->reservations[i].cookie, cookie))
                        return c->reservations + i;

        return NULL;
}

int claims_find_reservation(const Claims *c, const char *cookie, uint32_t uid, const Reservation **ret,
                            Failure *reterr)
{
        const Reservation *r = find_reservation(c, cookie);

        if (!r)
                return failure_set(reterr, FAILURE_UNKNOWN_RESERVATION,
                                   "there is no reservation with this cookie: it was released, used by a "
                                   "job, or its time was over; reserve again");
        if (uid != 0 && uid != r->uid)
                return failure_set(reterr, FAILURE_NOT_AUTHORIZED,
                                   "the reservation is another user's; call as that user or as root");

        *ret = r;
        return 0;
}

bool claims_take_reservation(Claims *c, const char *cookie, Reservation *ret)
{
        const Reservation *r = find_reservation(c, cookie);

        if (!r)
                return false;

        *ret = take_reservation(c, (size_t) (r - c->reservations));
        return true;
}

static bool has_ended(uint64_t until_usec, uint64_t now_usec)
{
        return until_usec != 0 && until_usec <= now_usec;
}

bool claims_drop_ended(Claims *c, uint64_t now_usec)
{
        bool any = false;

        for (size_t i = c->n_holds; i-- > 0;)
                if (has_ended(c->holds[i].until_usec, now_usec)) {
                        remove_hold(c, i);
                        any = true;
                }

        for (size_t i = c->n_reservations; i-- > 0;)
                if (has_ended(c->reservations[i].until_usec, now_usec)) {
                        Reservation ended = take_reservation(c, i);

                        reservation_done(&ended);
                        any = true;
                }

        return any;
}

uint64_t claims_next_end(const Claims *c)
{
        uint64_t next = UINT64_MAX;

        for (size_t i = 0; i < c->n_holds; i++)
                if (c->holds[i].until_usec != 0 && c->holds[i].until_usec < next)
                        next = c->holds[i].until_usec;
        for (size_t i = 0; i < c->n_reservations; i++)
                if (c->reservations[i].until_usec < next)
                        next = c->reservations[i].until_usec;

        return next == UINT64_MAX ? 0 : next;
}
