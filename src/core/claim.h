/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Claim: what keeps a free function away from all jobs but one. A Hold keeps the functions of a hibernated domain for
 * its resume; a Reservation keeps functions for whoever knows its cookie. Times are CLOCK_REALTIME in microseconds,
 * and the caller's: nothing here reads a clock.
 *
 * A hold does not say which functions: they are those that the record of its domain names, so there is no second list
 * that could disagree.
 */

#include "core/failure.h"
#include "core/locator.h"

typedef enum HoldMode {
        HOLD_RELEASE, /* none: the functions are anybody's */
        HOLD_HOLD,    /* for ever */
        HOLD_HOLD_UNTIL,
        _HOLD_MODE_MAX,
        _HOLD_MODE_INVALID = -EINVAL,
} HoldMode;

const char *hold_mode_to_string(HoldMode m);
HoldMode hold_mode_from_string(const char *s);

typedef struct Hold {
        char *domain_uuid;   /* owned */
        uint64_t until_usec; /* 0: for ever */
} Hold;

/* NULL: HOLD_RELEASE. */
HoldMode hold_mode(const Hold *h);

#define RESERVATION_COOKIE_MAX sizeof("00112233445566778899aabbccddeeff")

typedef struct Reservation {
        char cookie[RESERVATION_COOKIE_MAX]; /* for who asked alone: never shown, never logged */
        uint32_t uid;                        /* of who asked */
        char *owner;                         /* owned; its unique name on the bus, for the log */
        char *pool;                          /* owned; as asked, "": any */
        char *label;                         /* owned; what its owner wants others to read, "": nothing */
        FunctionRef *functions;              /* owned */
        size_t n_functions;
        uint64_t until_usec;
} Reservation;

void reservation_done(Reservation *r);
bool reservation_has(const Reservation *r, const Function *f);

typedef struct Claims {
        Hold *holds;
        size_t n_holds;
        Reservation *reservations;
        size_t n_reservations;
} Claims;

void claims_done(Claims *c);

/* NULL when there is none. */
const Hold *claims_find_hold(const Claims *c, const char *domain_uuid);
/* Replaces the one that there is; until_usec 0: for ever. */
int claims_hold(Claims *c, const char *domain_uuid, uint64_t until_usec) _warn_unused_result_;
/* False when there was none. */
bool claims_drop_hold(Claims *c, const char *domain_uuid);

/* Takes what *r has, and leaves it empty. */
int claims_add_reservation(Claims *c, Reservation *r) _warn_unused_result_;
/* The cookie is what counts, not the connection that it was given to: a scheduler that was restarted goes on with it.
 * From another user than who asked, root excepted, it is FAILURE_NOT_AUTHORIZED, in spite of the cookie;
 * FAILURE_UNKNOWN_RESERVATION when nothing has it, or no longer. */
int claims_find_reservation(const Claims *c, const char *cookie, uint32_t uid, const Reservation **ret,
                            Failure *reterr) _warn_unused_result_;
/* Takes it out into *ret; false when there was none. */
bool claims_take_reservation(Claims *c, const char *cookie, Reservation *ret);

/* Those whose time is over. */
bool claims_drop_ended(Claims *c, uint64_t now_usec);
/* When the next one's is; 0: never. */
uint64_t claims_next_end(const Claims *c);
