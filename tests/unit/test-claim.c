/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who may have what is kept, and when nobody keeps it any more. */
#include "core/claim.h"

#include "core/function.h"
#include "test.h"

#define UUID_1 "11111111-1111-1111-1111-111111111111"
#define UUID_2 "22222222-2222-2222-2222-222222222222"
#define COOKIE_1 "0123456789abcdef0123456789abcdef"
#define COOKIE_2 "fedcba9876543210fedcba9876543210"

static const PciAddress a = { .bus = 1, .slot = 16 }, b = { .bus = 2, .slot = 16 };

static void add(Claims *c, const char *cookie, uint32_t uid, const PciAddress *function, uint64_t until_usec)
{
        Reservation r = { .uid = uid, .until_usec = until_usec, .n_functions = 1 };

        memcpy(r.cookie, cookie, sizeof(r.cookie));
        r.functions = malloc(sizeof(FunctionRef));
        CHECK(r.functions);
        r.functions[0] = (FunctionRef) { .address = *function };
        CHECK(claims_add_reservation(c, &r) >= 0);
        CHECK(!r.functions && !*r.cookie);
}

static void test_holds(void)
{
        _cleanup_(claims_done) Claims c = { 0 };

        CHECK(hold_mode(claims_find_hold(&c, UUID_1)) == HOLD_RELEASE);
        CHECK(!claims_drop_hold(&c, UUID_1));
        CHECK(claims_hold(&c, UUID_1, 0) >= 0);
        CHECK(claims_hold(&c, UUID_2, 17) >= 0);
        CHECK(hold_mode(claims_find_hold(&c, UUID_1)) == HOLD_HOLD);
        CHECK(hold_mode(claims_find_hold(&c, UUID_2)) == HOLD_HOLD_UNTIL);

        /* Said again it is changed, and not there twice. */
        CHECK(claims_hold(&c, UUID_1, 23) >= 0);
        CHECK(c.n_holds == 2 && claims_find_hold(&c, UUID_1)->until_usec == 23);
        CHECK(claims_drop_hold(&c, UUID_1));
        CHECK(!claims_find_hold(&c, UUID_1) && claims_find_hold(&c, UUID_2)->until_usec == 17);
}

static void test_who(void)
{
        static const struct {
                const char *cookie;
                uint32_t uid;
                FailureCode code;
        } table[] = {
                { COOKIE_1, 1000, FAILURE_NONE },
                { COOKIE_1, 0, FAILURE_NONE }, /* root, always */
                { COOKIE_1, 1001, FAILURE_NOT_AUTHORIZED },
                { COOKIE_2, 0, FAILURE_NONE },
                { COOKIE_2, 1000, FAILURE_NOT_AUTHORIZED }, /* root's is nobody else's */
                { "", 0, FAILURE_UNKNOWN_RESERVATION },
                { "0123456789abcdef0123456789abcde", 0, FAILURE_UNKNOWN_RESERVATION },
                { COOKIE_1 "0", 0, FAILURE_UNKNOWN_RESERVATION },
                { "0123456789ABCDEF0123456789ABCDEF", 0, FAILURE_UNKNOWN_RESERVATION },
        };
        _cleanup_(claims_done) Claims c = { 0 };

        add(&c, COOKIE_1, 1000, &a, 50);
        add(&c, COOKIE_2, 0, &b, 50);

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(failure_done) Failure f = { 0 };
                const Reservation *r = NULL;
                int q = claims_find_reservation(&c, table[i].cookie, table[i].uid, &r, &f);

                CHECK(f.code == table[i].code && (q >= 0) == (f.code == FAILURE_NONE));
                CHECK(q < 0 || streq(r->cookie, table[i].cookie));
        }
}

static void test_take(void)
{
        const Function fa = { .address = a }, fb = { .address = b };
        _cleanup_(reservation_done) Reservation taken = { 0 };
        _cleanup_(claims_done) Claims c = { 0 };

        add(&c, COOKIE_1, 1000, &a, 50);
        add(&c, COOKIE_2, 1000, &b, 60);
        CHECK(claims_take_reservation(&c, COOKIE_1, &taken));
        CHECK(c.n_reservations == 1 && streq(c.reservations[0].cookie, COOKIE_2));
        CHECK(reservation_has(&taken, &fa) && !reservation_has(&taken, &fb));
        CHECK(!claims_take_reservation(&c, COOKIE_1, &taken));
}

/* Each claim until its own time, to the microsecond. */
static void test_ends(void)
{
        static const struct {
                uint64_t now, next;
                size_t holds, reservations;
                bool any;
        } table[] = {
                { 0, 10, 3, 2, false },         { 9, 10, 3, 2, false }, { 10, 20, 2, 2, true },
                { 19, 20, 2, 2, false },        { 30, 40, 2, 1, true }, { 40, 0, 1, 0, true },
                { UINT64_MAX, 0, 1, 0, false },
        };
        _cleanup_(claims_done) Claims c = { 0 };

        CHECK(claims_next_end(&c) == 0);
        CHECK(claims_hold(&c, UUID_1, 0) >= 0);
        CHECK(claims_hold(&c, UUID_2, 10) >= 0);
        CHECK(claims_hold(&c, "3", 40) >= 0);
        add(&c, COOKIE_1, 0, &a, 20);
        add(&c, COOKIE_2, 0, &b, 40);

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                CHECK(claims_drop_ended(&c, table[i].now) == table[i].any);
                CHECK(c.n_holds == table[i].holds && c.n_reservations == table[i].reservations);
                CHECK(claims_next_end(&c) == table[i].next);
        }
        CHECK(claims_find_hold(&c, UUID_1));
}

int main(void)
{
        test_holds();
        test_who();
        test_take();
        test_ends();
        return EXIT_SUCCESS;
}
