/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/apply.h"

#include <assert.h>
#include <stdio.h>

#include "core/enum-table.h"
#include "core/job-left.h"

static const char *const apply_move_state_table[] = {
        [APPLY_PENDING] = "pending",
        [APPLY_MOVING] = "moving",
        [APPLY_HIBERNATING] = "hibernating",
        [APPLY_HIBERNATED] = "hibernated",
        [APPLY_RESUMING] = "resuming",
        [APPLY_RETURNING] = "returning",
        [APPLY_DONE] = "done",
        [APPLY_FAILED] = "failed",
        [APPLY_STRANDED] = "stranded",
        [APPLY_DROPPED] = "dropped",
};
DEFINE_ENUM_TABLE(apply_move_state, ApplyMoveState, _APPLY_MOVE_STATE_MAX);

static const char *const apply_phase_table[] = {
        [APPLY_GOES_ON] = "goes-on",
        [APPLY_REPLANS] = "replans",
        [APPLY_STOPS] = "stops",
};
DEFINE_ENUM_TABLE(apply_phase, ApplyPhase, _APPLY_PHASE_MAX);

bool apply_move_state_is_final(ApplyMoveState s)
{
        return s == APPLY_DONE || s == APPLY_FAILED || s == APPLY_STRANDED || s == APPLY_DROPPED;
}

static bool is_active(const ApplyMove *m)
{
        return m->state == APPLY_MOVING || m->state == APPLY_HIBERNATING || m->state == APPLY_RESUMING ||
               m->state == APPLY_RETURNING;
}

Apply *apply_new(void)
{
        Apply *a = malloc(sizeof(Apply));

        if (a)
                *a = (Apply) { .parallel = 1 };
        return a;
}

static void move_done(ApplyMove *m)
{
        free(m->uuid);
        free(m->name);
        free(m->changes);
        failure_done(&m->failure);
}

Apply *apply_free(Apply *a)
{
        if (!a)
                return NULL;

        for (size_t i = 0; i < a->n_moves; i++)
                move_done(a->moves + i);
        for (size_t i = 0; i < a->n_goals; i++)
                free(a->goals[i]);
        free(a->moves);
        free(a->goals);
        free(a->rooms);
        free(a->boot);
        free(a->owner);
        free(a->label);
        free(a);
        return NULL;
}

/* What is to be done next */

static bool leaves(const ApplyMove *m, const PciAddress *f)
{
        for (size_t i = 0; i < m->n_changes; i++)
                if (pci_address_equal(&m->changes[i].from, f))
                        return true;

        return false;
}

/* What it leaves may be another's: it is, or will be if the other one takes it. */
static bool has_left(const ApplyMove *m)
{
        return m->state == APPLY_DONE || m->state == APPLY_RESUMING ||
               (m->state == APPLY_HIBERNATED && !m->comes_back) || (m->state == APPLY_FAILED && m->has_left);
}

/* It has what it leaves, and will. */
static bool keeps(const ApplyMove *m)
{
        return (apply_move_state_is_final(m->state) && !has_left(m)) || m->comes_back;
}

/* The move that has this function before the plan; NULL: it was free. */
static const ApplyMove *find_leaver(const Apply *a, const PciAddress *f)
{
        for (size_t i = 0; i < a->n_moves; i++)
                if (a->moves[i].wave >= a->first_wave && leaves(a->moves + i, f))
                        return a->moves + i;

        return NULL;
}

/* Who is not of its circle waits until it is certain that it does not go back. */
static bool has_left_for(const ApplyMove *leaver, const ApplyMove *m)
{
        const bool same_circle = m->circle != 0 && leaver->circle == m->circle;

        return has_left(leaver) && (same_circle || apply_move_state_is_final(leaver->state));
}

bool apply_has_owner(const Apply *a, const PciAddress *f)
{
        const ApplyMove *leaver = find_leaver(a, f);

        return leaver && (leaver->state == APPLY_HIBERNATED || !has_left(leaver));
}

typedef enum Readiness {
        NOT_YET,
        READY,
        NEVER,
} Readiness;

static Readiness targets_ready(const Apply *a, const ApplyMove *m)
{
        Readiness r = READY;

        for (size_t i = 0; i < m->n_changes; i++) {
                const ApplyMove *leaver = find_leaver(a, &m->changes[i].to);

                if (!leaver || has_left_for(leaver, m))
                        continue;
                if (keeps(leaver))
                        return NEVER;
                r = NOT_YET;
        }

        return r;
}

/* Of those in no circle, or in another one: a domain that is hibernated waits for its own circle alone. */
static Readiness others_ready(const Apply *a, uint32_t circle)
{
        Readiness all = READY;

        for (size_t i = 0; i < a->n_moves; i++) {
                const ApplyMove *m = a->moves + i;

                for (size_t k = 0; m->circle == circle && k < m->n_changes; k++) {
                        const ApplyMove *leaver = find_leaver(a, &m->changes[k].to);

                        if (!leaver || leaver->circle == circle || has_left_for(leaver, m))
                                continue;
                        if (keeps(leaver))
                                return NEVER;
                        all = NOT_YET;
                }
        }

        return all;
}

/* Of a circle: could all of it still be done? */
static bool circle_holds(const Apply *a, uint32_t circle)
{
        for (size_t i = 0; i < a->n_moves; i++)
                if (a->moves[i].circle == circle && keeps(a->moves + i))
                        return false;

        return true;
}

static bool circle_is_hibernated(const Apply *a, uint32_t circle)
{
        for (size_t i = 0; i < a->n_moves; i++)
                if (a->moves[i].circle == circle && !has_left(a->moves + i))
                        return false;

        return true;
}

/* One of it has, or is about to have, what another one left: there is no way back for all of them any more. */
static bool circle_is_closing(const Apply *a, uint32_t circle)
{
        for (size_t i = 0; i < a->n_moves; i++) {
                const ApplyMove *m = a->moves + i;

                if (m->circle == circle && m->state != APPLY_HIBERNATED && has_left(m))
                        return true;
        }

        return false;
}

static ApplyAction next_of_hibernated(const Apply *a, const ApplyMove *m)
{
        const bool goes_on = a->phase == APPLY_GOES_ON;

        if (m->comes_back || m->circle == 0)
                return APPLY_RETURN;
        if (circle_is_closing(a, m->circle))
                return targets_ready(a, m) == READY ? APPLY_RESUME : APPLY_RETURN;
        if (!goes_on || !circle_holds(a, m->circle))
                return APPLY_RETURN;

        return circle_is_hibernated(a, m->circle) ? APPLY_RESUME : APPLY_WAIT;
}

/* Of a circle of which something has begun: its domains wait, hibernated. */
static bool circle_has_begun(const Apply *a, uint32_t circle)
{
        for (size_t i = 0; circle != 0 && i < a->n_moves; i++)
                if (a->moves[i].circle == circle && a->moves[i].state != APPLY_PENDING)
                        return true;

        return false;
}

static ApplyAction next_of_pending(const Apply *a, const ApplyMove *m)
{
        if (a->phase != APPLY_GOES_ON)
                return APPLY_WAIT;
        if (m->circle != 0 && !circle_holds(a, m->circle))
                return APPLY_DROP;
        if (m->circle != 0 && circle_has_begun(a, m->circle))
                return APPLY_HIBERNATE;

        switch (m->circle != 0 ? others_ready(a, m->circle) : targets_ready(a, m)) {
        case NOT_YET:
                return APPLY_WAIT;
        case READY:
                return m->circle != 0 ? APPLY_HIBERNATE : APPLY_MOVE;
        case NEVER:
                break;
        }

        return APPLY_DROP;
}

static uint32_t current_wave(const Apply *a)
{
        uint32_t wave = UINT32_MAX;

        for (size_t i = 0; i < a->n_moves; i++)
                if (!apply_move_state_is_final(a->moves[i].state) && a->moves[i].wave < wave)
                        wave = a->moves[i].wave;

        return wave;
}

ApplyAction apply_next(const Apply *a, size_t *ret_move)
{
        const uint32_t wave = current_wave(a);
        size_t active = apply_count_active(a);

        /* First who waits hibernated, then the circles of those, then what is next in order. */
        for (unsigned pass = 0; pass < 3; pass++)
                for (size_t i = 0; i < a->n_moves; i++) {
                        const ApplyMove *m = a->moves + i;
                        ApplyAction action = APPLY_WAIT;

                        if (m->wave != wave)
                                continue;
                        if (pass == 0 && m->state == APPLY_HIBERNATED)
                                action = next_of_hibernated(a, m);
                        if (m->state == APPLY_PENDING && pass == (circle_has_begun(a, m->circle) ? 1 : 2))
                                action = next_of_pending(a, m);
                        if (action == APPLY_WAIT || (action != APPLY_DROP && active >= a->parallel))
                                continue;

                        *ret_move = i;
                        return action;
                }

        if (active > 0)
                return APPLY_WAIT;
        return a->phase == APPLY_REPLANS ? APPLY_PLAN : APPLY_END;
}

/* What came of it */

void apply_begun(Apply *a, size_t move, ApplyAction action, uint64_t job)
{
        ApplyMove *m = a->moves + move;

        m->job = job;
        if (action == APPLY_MOVE)
                m->state = APPLY_MOVING;
        else if (action == APPLY_HIBERNATE)
                m->state = APPLY_HIBERNATING;
        else if (action == APPLY_RESUME)
                m->state = APPLY_RESUMING;
        else {
                assert(action == APPLY_RETURN);
                m->state = APPLY_RETURNING;
                m->comes_back = true;
        }
}

void apply_stop(Apply *a)
{
        a->phase = APPLY_STOPS;
}

static void set_failure(ApplyMove *m, const Failure *why)
{
        if (why && why->code != FAILURE_NONE)
                (void) failure_set(&m->failure, why->code, "%s", failure_message(why));
}

/* What a failure means for the rest. */
static void note_failure(Apply *a, const ApplyMove *m)
{
        if (a->phase != APPLY_GOES_ON)
                return;
        if (m->refused && a->replans)
                a->phase = APPLY_REPLANS;
        else if (!a->continues)
                a->phase = APPLY_STOPS;
}

static void fail(Apply *a, ApplyMove *m, const Failure *why)
{
        set_failure(m, why);
        m->state = APPLY_FAILED;
        m->comes_back = false;
        note_failure(a, m);
}

/* Hibernated, with nothing to wait for. */
static void come_back(Apply *a, ApplyMove *m, const Failure *why)
{
        set_failure(m, why);
        m->state = APPLY_HIBERNATED;
        m->comes_back = true;
        note_failure(a, m);
}

void apply_refused(Apply *a, size_t move, ApplyAction action, const Failure *why)
{
        ApplyMove *m = a->moves + move;

        /* Somebody else has resumed it, on what it had or on something else. */
        if (why->code == FAILURE_NOT_HIBERNATED) {
                fail(a, m, why);
                return;
        }
        if (action == APPLY_RESUME) {
                come_back(a, m, why);
                return;
        }
        if (action == APPLY_RETURN) {
                set_failure(m, why);
                m->state = APPLY_STRANDED;
                m->comes_back = false;
                note_failure(a, m);
                return;
        }

        m->refused = true;
        fail(a, m, why);
}

void apply_ended(Apply *a, size_t move, const Job *child, bool given_up, const Failure *why)
{
        ApplyMove *m = a->moves + move;
        const JobLeft left = given_up ? JOB_LEFT_UNKNOWN : job_left(child);
        const bool returning = m->state == APPLY_RETURNING, hibernating = m->state == APPLY_HIBERNATING;
        const bool succeeded = !given_up && child->state == JOB_DONE;

        assert(is_active(m));

        switch (left) {
        case JOB_LEFT_AS_IT_WAS:
                m->refused = !given_up && job_was_refused(child);
                fail(a, m, why);
                break;
        case JOB_LEFT_HIBERNATED:
                if (hibernating && succeeded)
                        m->state = APPLY_HIBERNATED;
                else if (returning)
                        apply_refused(a, move, APPLY_RETURN, why);
                else
                        come_back(a, m, why);
                break;
        case JOB_LEFT_ON_TARGETS:
                if (succeeded && !returning) {
                        m->state = APPLY_DONE;
                        break;
                }
                m->has_left = !returning;
                fail(a, m, why);
                (void) failure_set(&m->failure, FAILURE_CANCELED, "domain '%s' was brought back", m->name);
                break;
        case JOB_LEFT_UNKNOWN:
                fail(a, m, why);
                break;
        }
}

void apply_drop(Apply *a, size_t move)
{
        ApplyMove *m = a->moves + move;
        const ApplyMove *keeper = NULL;

        assert(m->state == APPLY_PENDING);

        for (size_t i = 0; !keeper && i < m->n_changes; i++) {
                keeper = find_leaver(a, &m->changes[i].to);
                if (keeper && !keeps(keeper))
                        keeper = NULL;
        }

        m->state = APPLY_DROPPED;
        (void) failure_set(&m->failure, FAILURE_FUNCTION_BUSY,
                           "domain '%s' keeps what domain '%s' was to get",
                           keeper ? keeper->name : "of its circle", m->name);
}

/* Leaves out what was not begun. */
static void drop_pending(Apply *a)
{
        size_t n = 0;

        for (size_t i = 0; i < a->n_moves; i++) {
                if (a->moves[i].state == APPLY_PENDING || a->moves[i].state == APPLY_DROPPED)
                        move_done(a->moves + i);
                else
                        a->moves[n++] = a->moves[i];
        }

        a->n_moves = n;
}

int apply_take_plan(Apply *a, Apply *plan)
{
        uint32_t waves = 0, circles = 0;
        ApplyMove *moves;

        if (a->n_moves + plan->n_moves > APPLY_MOVES_MAX)
                return -E2BIG;

        moves = calloc(a->n_moves + plan->n_moves + 1, sizeof(ApplyMove));
        if (!moves)
                return -ENOMEM;

        drop_pending(a);
        for (size_t i = 0; i < a->n_moves; i++) {
                moves[i] = a->moves[i];
                waves = moves[i].wave >= waves ? moves[i].wave + 1 : waves;
                circles = moves[i].circle > circles ? moves[i].circle : circles;
        }
        for (size_t i = 0; i < plan->n_moves; i++) {
                ApplyMove *m = moves + a->n_moves + i;

                *m = plan->moves[i];
                m->wave += waves;
                m->circle += m->circle > 0 ? circles : 0;
        }

        free(a->moves);
        a->moves = moves;
        a->n_moves += plan->n_moves;
        a->first_wave = waves;
        plan->n_moves = 0;

        free(a->rooms);
        a->rooms = TAKE_PTR(plan->rooms);
        a->n_rooms = plan->n_rooms;
        plan->n_rooms = 0;
        a->phase = APPLY_GOES_ON;
        return 0;
}

/* What it is */

size_t apply_count(const Apply *a, ApplyMoveState state)
{
        size_t n = 0;

        for (size_t i = 0; i < a->n_moves; i++)
                n += a->moves[i].state == state;
        return n;
}

size_t apply_count_active(const Apply *a)
{
        size_t n = 0;

        for (size_t i = 0; i < a->n_moves; i++)
                n += is_active(a->moves + i);
        return n;
}

size_t apply_count_open(const Apply *a)
{
        size_t n = 0;

        for (size_t i = 0; i < a->n_moves; i++)
                n += !apply_move_state_is_final(a->moves[i].state);
        return n;
}

/* Another plan took its place, and it has done no harm. */
static bool is_replaced(const Apply *a, const ApplyMove *m)
{
        return m->wave < a->first_wave && m->state == APPLY_FAILED &&
               (m->refused || m->failure.code == FAILURE_CANCELED);
}

/* Who was brought back, or was not begun, is that for the sake of another one. */
const ApplyMove *apply_first_failure(const Apply *a)
{
        const ApplyMove *follows = NULL;

        for (size_t i = 0; i < a->n_moves; i++) {
                const ApplyMove *m = a->moves + i;

                if ((m->state != APPLY_FAILED && m->state != APPLY_STRANDED && m->state != APPLY_DROPPED) ||
                    is_replaced(a, m))
                        continue;
                if (m->state != APPLY_DROPPED && m->failure.code != FAILURE_CANCELED)
                        return m;
                if (!follows)
                        follows = m;
        }

        return follows;
}

/* A line that nobody reads to its end tells less than one that ends. */
#define NAMES_MAX 8U

static void print_names(FILE *f, const Apply *a, const char *what, ApplyMoveState one, ApplyMoveState other)
{
        size_t n = 0;

        for (size_t i = 0; i < a->n_moves; i++) {
                if (a->moves[i].state != one && a->moves[i].state != other)
                        continue;
                if (n < NAMES_MAX)
                        (void) fprintf(f, "%s%s", n == 0 ? what : ", ", a->moves[i].name);
                n++;
        }

        if (n > NAMES_MAX)
                (void) fprintf(f, " and %zu more", n - NAMES_MAX);
}

char *apply_account(const Apply *a)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;

        (void) fprintf(f, "%zu of %zu %s %s done", apply_count(a, APPLY_DONE), a->n_moves,
                       a->n_moves == 1 ? "move" : "moves", apply_count(a, APPLY_DONE) == 1 ? "is" : "are");
        print_names(f, a, "; failed: ", APPLY_FAILED, APPLY_STRANDED);
        print_names(f, a, "; not begun: ", APPLY_PENDING, APPLY_DROPPED);
        print_names(f, a, "; hibernated still, resume by hand: ", APPLY_STRANDED, APPLY_STRANDED);

        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }
        return text;
}

int apply_each_kept(const Apply *a, int (*keep)(const PciAddress *f, void *userdata), void *userdata)
{
        int r = 0;

        if (a->restarted)
                return 0;

        for (size_t i = 0; i < a->n_moves; i++) {
                const ApplyMove *m = a->moves + i;

                if (apply_move_state_is_final(m->state) ||
                    (m->state == APPLY_PENDING && a->phase != APPLY_GOES_ON))
                        continue;
                for (size_t k = 0; r >= 0 && k < m->n_changes; k++) {
                        r = keep(&m->changes[k].from, userdata);
                        if (r >= 0)
                                r = keep(&m->changes[k].to, userdata);
                }
        }

        for (size_t i = 0; r >= 0 && *a->cookie && a->phase == APPLY_GOES_ON && i < a->n_rooms; i++)
                r = keep(a->rooms + i, userdata);
        return r;
}
