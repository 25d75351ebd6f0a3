/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/claims-json.h"

#include "core/job.h"
#include "store/locator-json.h"

#define CLAIMS_MAX 65536U

static int hold_to_json(const Hold *h, json_object *array)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        if (!o || json_add_string(o, "domain_uuid", h->domain_uuid) < 0 ||
            (h->until_usec != 0 && json_add_u64(o, "until_usec", h->until_usec) < 0) ||
            json_object_array_add(array, o) < 0)
                return -ENOMEM;

        (void) TAKE_PTR(o); /* the array's now */
        return 0;
}

static int function_to_json(const FunctionRef *f, json_object *array)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        if (!o || json_add_function_ref(o, "function", f) < 0 || json_object_array_add(array, o) < 0)
                return -ENOMEM;

        (void) TAKE_PTR(o); /* the array's now */
        return 0;
}

static int reservation_to_json(const Reservation *r, json_object *array)
{
        _cleanup_json_ json_object *o = json_object_new_object();
        json_object *functions = json_object_new_array();

        if (json_add(o, "functions", functions) < 0 || json_add_string(o, "cookie", r->cookie) < 0 ||
            json_add_u64(o, "uid", r->uid) < 0 || json_add_string(o, "owner", r->owner) < 0 ||
            json_add_string(o, "pool", r->pool) < 0 || json_add_string(o, "label", r->label) < 0 ||
            json_add_u64(o, "until_usec", r->until_usec) < 0)
                return -ENOMEM;

        for (size_t i = 0; i < r->n_functions; i++)
                if (function_to_json(r->functions + i, functions) < 0)
                        return -ENOMEM;

        if (json_object_array_add(array, o) < 0)
                return -ENOMEM;
        (void) TAKE_PTR(o); /* the array's now */
        return 0;
}

int claims_to_json(const Claims *c, json_object *ledger)
{
        json_object *holds = json_object_new_array(), *reservations = json_object_new_array();
        int r;

        /* Both, so that neither is lost: json_add() takes its value in every case. */
        r = json_add(ledger, "holds", holds);
        if (json_add(ledger, "reservations", reservations) < 0 || r < 0)
                return -ENOMEM;

        for (size_t i = 0; i < c->n_holds; i++)
                if (hold_to_json(c->holds + i, holds) < 0)
                        return -ENOMEM;
        for (size_t i = 0; i < c->n_reservations; i++)
                if (reservation_to_json(c->reservations + i, reservations) < 0)
                        return -ENOMEM;

        return 0;
}

static int hold_from_json(json_object *o, Claims *c, Failure *reterr)
{
        uint64_t until = 0;
        const char *uuid;
        int r;

        if ((r = json_get_string(o, "holds[]", "domain_uuid", true, &uuid, reterr)) < 0 ||
            (r = json_get_u64(o, "holds[]", "until_usec", false, 1, INT64_MAX, &until, reterr)) < 0)
                return r;

        return claims_hold(c, uuid, until);
}

/* Up to schema 1 they were addresses and nothing else. */
static int function_from_json(json_object *o, FunctionRef *ret, Failure *reterr)
{
        if (!json_object_is_type(o, json_type_string))
                return json_get_function_ref(o, "reservations[].functions[]", "function", ret, reterr);

        if (pci_address_parse(json_object_get_string(o), &ret->address) < 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'reservations[].functions[]' is no PCI address");
        return 0;
}

static int functions_from_json(json_object *o, Reservation *reservation, Failure *reterr)
{
        json_object *array;
        int r;

        r = json_get_array(o, "reservations[]", "functions", true, JOB_FUNCTIONS_MAX, &array, reterr);
        if (r < 0)
                return r;

        reservation->functions = calloc(JOB_FUNCTIONS_MAX, sizeof(FunctionRef));
        if (!reservation->functions)
                return -ENOMEM;

        for (size_t i = 0; i < json_object_array_length(array); i++) {
                r = function_from_json(json_object_array_get_idx(array, i), reservation->functions + i,
                                       reterr);
                if (r < 0)
                        return r;
                reservation->n_functions++;
        }

        return 0;
}

static int reservation_from_json(json_object *o, Claims *c, Failure *reterr)
{
        _cleanup_(reservation_done) Reservation reservation = { 0 };
        const char *cookie, *owner, *pool, *label;
        uint64_t uid;
        int r;

        if ((r = json_get_string(o, "reservations[]", "cookie", true, &cookie, reterr)) < 0 ||
            (r = json_get_u64(o, "reservations[]", "uid", true, 0, UINT32_MAX, &uid, reterr)) < 0 ||
            (r = json_get_string(o, "reservations[]", "owner", true, &owner, reterr)) < 0 ||
            (r = json_get_string(o, "reservations[]", "pool", true, &pool, reterr)) < 0 ||
            (r = json_get_string(o, "reservations[]", "label", true, &label, reterr)) < 0 ||
            (r = json_get_u64(o, "reservations[]", "until_usec", true, 1, INT64_MAX, &reservation.until_usec,
                              reterr)) < 0 ||
            (r = functions_from_json(o, &reservation, reterr)) < 0)
                return r;

        if (strlen(cookie) != RESERVATION_COOKIE_MAX - 1)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'reservations[].cookie' is no cookie");

        memcpy(reservation.cookie, cookie, RESERVATION_COOKIE_MAX);
        reservation.uid = (uint32_t) uid;
        if (free_and_strdup(&reservation.owner, owner) < 0 || free_and_strdup(&reservation.pool, pool) < 0 ||
            free_and_strdup(&reservation.label, label) < 0)
                return -ENOMEM;

        return claims_add_reservation(c, &reservation);
}

int claims_from_json(json_object *ledger, Claims *c, Failure *reterr)
{
        static const struct {
                const char *key;
                int (*read)(json_object *o, Claims *c, Failure *reterr);
        } lists[] = {
                { "holds", hold_from_json },
                { "reservations", reservation_from_json },
        };

        for (size_t i = 0; i < ELEMENTSOF(lists); i++) {
                json_object *array = NULL;
                int r;

                r = json_get_array(ledger, "", lists[i].key, false, CLAIMS_MAX, &array, reterr);
                if (r < 0)
                        return r;

                for (size_t k = 0; r > 0 && k < json_object_array_length(array); k++) {
                        int q = lists[i].read(json_object_array_get_idx(array, k), c, reterr);

                        if (q == -ENOMEM)
                                return failure_set_errno(reterr, FAILURE_HOST, q, "cannot read the ledger");
                        if (q < 0)
                                return q;
                }
        }

        return 0;
}
