/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Apply: the moves of a plan being carried out: what has become of each, and what is to be done next. Part of a Job of
 * kind JOB_APPLY, which has jobs of one domain as its children. Pure: the daemon asks apply_next(), does that, and says
 * what came of it.
 *
 * Moves go by wave (core/planner-waves.h): the next one begins when all of the one before have ended. A move whose
 * targets nobody else has is one job. Moves of a wave that wait for each other's functions are a circle: all of them are
 * hibernated, and when the last one is, resumed; until then each can go back to what it had. A move that waits for
 * another one without being waited for, waits; and so does a circle, before anybody of it is hibernated.
 *
 * A domain that is hibernated for its circle is never left so: when the circle breaks, or the whole ends before, it is
 * brought back, on the functions that it had or, if those are gone, on any that do. Only where the others of its circle have
 * taken them already does it go on to its targets. One that cannot be brought back is stranded, and the account names it.
 *
 * While a move has not ended its functions, those that it leaves as well as those that it gets, are kept for it.
 */

#include "core/claim.h"
#include "core/inventory.h"
#include "core/job.h"

#define APPLY_MOVES_MAX 256U
#define APPLY_GOALS_MAX 16U

typedef enum ApplyMoveState {
        APPLY_PENDING,     /* nothing of it has begun */
        APPLY_MOVING,      /* in one job */
        APPLY_HIBERNATING, /* the first half, in a job of its own */
        APPLY_HIBERNATED,  /* waits for the others of its circle, or to be brought back */
        APPLY_RESUMING,    /* on its targets */
        APPLY_RETURNING,   /* on what it had, or on any */
        APPLY_DONE,
        APPLY_FAILED,   /* the domain runs, or a job's failure says what it does */
        APPLY_STRANDED, /* it failed, and its domain is hibernated */
        APPLY_DROPPED,  /* it was never begun */
        _APPLY_MOVE_STATE_MAX,
        _APPLY_MOVE_STATE_INVALID = -EINVAL,
} ApplyMoveState;

const char *apply_move_state_to_string(ApplyMoveState s);
ApplyMoveState apply_move_state_from_string(const char *s);
bool apply_move_state_is_final(ApplyMoveState s);

typedef struct ApplyChange {
        PciAddress from, to;
} ApplyChange;

typedef struct ApplyMove {
        char *uuid, *name;    /* owned; of the domain. uuid NULL: not told, before apply_check() */
        uint32_t wave;        /* from 0 */
        uint32_t circle;      /* moves of one number, from 1, wait for each other; 0: it is in none */
        ApplyChange *changes; /* owned; what stays is not among them */
        size_t n_changes;
        ApplyMoveState state;
        bool comes_back; /* hibernated, and not to be resumed on its targets any more */
        bool has_left;   /* of one that failed: what it had is not its any more */
        bool refused; /* of one that failed: its verdict was against it, and nothing of the domain was touched */
        uint64_t job;    /* the child that it has or had last; 0: none */
        Failure failure; /* why it did not go as planned */
} ApplyMove;

typedef enum ApplyPhase {
        APPLY_GOES_ON,
        APPLY_REPLANS, /* ends what has begun, then the rest is planned anew */
        APPLY_STOPS,   /* ends what has begun */
        _APPLY_PHASE_MAX,
        _APPLY_PHASE_INVALID = -EINVAL,
} ApplyPhase;

const char *apply_phase_to_string(ApplyPhase p);
ApplyPhase apply_phase_from_string(const char *s);

/* What was planned for, so that it can be planned again; and what is kept for whom in the end. */
struct Apply {
        ApplyMove *moves; /* owned; by wave */
        size_t n_moves;
        uint32_t first_wave; /* of the plan; before it are those of plans that others took the place of */
        char **goals;        /* owned */
        size_t n_goals;
        GuestFixups fixups;
        PciAddress *rooms; /* owned; functions that are to be free in the end */
        size_t n_rooms;

        uint32_t parallel; /* children at once, 1 and more */
        bool continues;    /* on a failure, with the moves that do not depend on it */
        bool replans;      /* around a domain whose verdict is against its move */
        ApplyPhase phase;
        bool restarted; /* the host was, meanwhile: addresses may be others', so nothing is kept by them */
        char *boot;     /* owned; in which it began */

        char cookie[RESERVATION_COOKIE_MAX]; /* of the reservation that it makes; "": none */
        uint32_t uid;                        /* whose that will be */
        char *owner, *label;                 /* owned */
        uint64_t ttl_usec;
};

Apply *apply_new(void);
Apply *apply_free(Apply *a);
DEFINE_CLEANUP_FUNC(Apply *, apply_free);

/* Is this plan one that can be carried out on this host as it is: each domain there, movable, moved once, and owner of
 * what it leaves; and at every moment of every order that waves and circles allow no function with two owners? Fills in
 * names, UUIDs and circles, and puts the moves in order. FAILURE_INVALID_OPTION names the move. */
int apply_check(Apply *a, const Inventory *inv, Failure *reterr) _warn_unused_result_;

typedef enum ApplyAction {
        APPLY_WAIT,      /* for a child */
        APPLY_MOVE,      /* begin the move of a domain that runs */
        APPLY_HIBERNATE, /* begin its first half */
        APPLY_RESUME,    /* and its second */
        APPLY_RETURN,    /* resume it on what it had, or any */
        APPLY_DROP,      /* what it is to get stays with somebody: apply_drop() */
        APPLY_PLAN,      /* nothing is under way: plan the rest anew */
        APPLY_END,       /* nothing is under way, and nothing is left to do */
} ApplyAction;

/* What is to be done next, one thing at a time; *ret_move: of which move, where it is of one. */
ApplyAction apply_next(const Apply *a, size_t *ret_move);

/* Does a domain that is moved have this function still, or may it get it back? */
bool apply_has_owner(const Apply *a, const PciAddress *f);

/* The child `job` does `action` with the move. */
void apply_begun(Apply *a, size_t move, ApplyAction action, uint64_t job);
/* The child could not be begun: the verdict is against it. Takes the failure's text. */
void apply_refused(Apply *a, size_t move, ApplyAction action, const Failure *why);
/* Its child ended. Or it was given up, or has no record: then what it left is not known, and `child` may be NULL. */
void apply_ended(Apply *a, size_t move, const Job *child, bool given_up, const Failure *why);
/* A move that was to get what another one keeps. */
void apply_drop(Apply *a, size_t move);
/* Nothing new begins. */
void apply_stop(Apply *a);
/* Takes the moves and rooms of another one, which was planned and checked now: what is left of the old is dropped. -E2BIG:
 * there are too many. */
int apply_take_plan(Apply *a, Apply *plan) _warn_unused_result_;

/* Children that have begun and not ended. */
size_t apply_count_active(const Apply *a);
size_t apply_count(const Apply *a, ApplyMoveState state);
/* Moves that have not ended. */
size_t apply_count_open(const Apply *a);
/* The first that failed of itself, else the first that did not come to its end; what another plan goes around does not
 * count. NULL: all did, or may yet. */
const ApplyMove *apply_first_failure(const Apply *a);
/* "2 of 5 moves are done; not begun: vm3, vm4; hibernated still: vm2": for people. NULL: no memory. */
char *apply_account(const Apply *a);

/* The functions that it keeps from others: calls `keep` for each, some more than once. */
int apply_each_kept(const Apply *a, int (*keep)(const PciAddress *f, void *userdata), void *userdata);
