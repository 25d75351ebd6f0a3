/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/apply-json.h"

#include "core/job.h"
#include "store/failure-json.h"
#include "store/json-util.h"

/* Both */

static int fixups_from_name(const char *s)
{
        return (int) guest_fixups_from_string(s);
}

static int set_string(char **dst, const char *value, Failure *reterr)
{
        return free_and_strdup(dst, value) < 0
                               ? failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the plan")
                               : 0;
}

static int changes_from_json(json_object *array, const char *where, ApplyMove *m, Failure *reterr)
{
        const size_t n = json_object_array_length(array);

        m->changes = calloc(n + 1, sizeof(ApplyChange));
        if (!m->changes)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the plan");

        for (; m->n_changes < n; m->n_changes++) {
                const char *at = JSON_PATH_ELEMENT(where, "functions", m->n_changes);
                json_object *o = json_object_array_get_idx(array, m->n_changes);
                ApplyChange *c = m->changes + m->n_changes;
                int r;

                if ((r = json_get_pci_address(o, at, "from", true, &c->from, reterr)) < 0 ||
                    (r = json_get_pci_address(o, at, "to", true, &c->to, reterr)) < 0)
                        return r;
        }

        return 0;
}

/* Domain and functions. */
static int move_from_json(json_object *o, const char *where, ApplyMove *m, Failure *reterr)
{
        const char *name, *uuid = NULL;
        json_object *functions;
        int r;

        if ((r = json_get_string(o, where, "domain", true, &name, reterr)) < 0 ||
            (r = json_get_string(o, where, "uuid", false, &uuid, reterr)) < 0 ||
            (r = json_get_array(o, where, "functions", true, JOB_FUNCTIONS_MAX, &functions, reterr)) < 0 ||
            (r = set_string(&m->name, name, reterr)) < 0 || (r = set_string(&m->uuid, uuid, reterr)) < 0)
                return r;

        return changes_from_json(functions, where, m, reterr);
}

/* Calls `read` for each element of the array "moves". */
static int moves_from_json(json_object *o, Apply *a,
                           int (*read)(json_object *o, const char *where, ApplyMove *m, Failure *reterr),
                           Failure *reterr)
{
        json_object *moves;
        int r;

        r = json_get_array(o, "", "moves", true, APPLY_MOVES_MAX, &moves, reterr);
        if (r < 0)
                return r;

        a->moves = calloc(json_object_array_length(moves) + 1, sizeof(ApplyMove));
        if (!a->moves)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the plan");

        for (size_t i = 0; i < json_object_array_length(moves); i++) {
                const char *where = JSON_PATH_ELEMENT("", "moves", i);

                a->n_moves++;
                r = read(json_object_array_get_idx(moves, i), where, a->moves + i, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* What it was made for. */
static int request_from_json(json_object *o, bool required, Apply *a, Failure *reterr)
{
        uint64_t parallel = 1;
        json_object *goals = NULL;
        int fixups = FIXUPS_UNKNOWN, r;

        if ((r = json_get_array(o, "", "goals", required, APPLY_GOALS_MAX, &goals, reterr)) < 0 ||
            (r = json_get_u64(o, "", "parallel", required, 1, UINT32_MAX, &parallel, reterr)) < 0 ||
            (r = json_get_enum(o, "", "guest_fixups", required, fixups_from_name, &fixups, reterr)) < 0)
                return r;

        a->parallel = (uint32_t) parallel;
        a->fixups = (GuestFixups) fixups;
        a->goals = calloc(APPLY_GOALS_MAX + 1, sizeof(char *));
        if (!a->goals)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the plan");

        for (size_t i = 0; goals && i < json_object_array_length(goals); i++) {
                json_object *goal = json_object_array_get_idx(goals, i);

                if (!json_object_is_type(goal, json_type_string))
                        return failure_set(reterr, FAILURE_INVALID_OPTION, "'goals[%zu]' is not a string",
                                           i);
                r = set_string(a->goals + a->n_goals, json_object_get_string(goal), reterr);
                if (r < 0)
                        return r;
                a->n_goals++;
        }

        return 0;
}

/* The plan */

static ApplyMove *find_move(Apply *a, const char *name)
{
        for (size_t i = 0; i < a->n_moves; i++)
                if (streq(a->moves[i].name, name))
                        return a->moves + i;

        return NULL;
}

#define NO_WAVE UINT32_MAX

static int wave_from_json(json_object *names, size_t wave, Apply *a, Failure *reterr)
{
        if (!json_object_is_type(names, json_type_array))
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'waves[%zu]' is not an array", wave);

        for (size_t i = 0; i < json_object_array_length(names); i++) {
                json_object *name = json_object_array_get_idx(names, i);
                ApplyMove *m = json_object_is_type(name, json_type_string)
                                               ? find_move(a, json_object_get_string(name))
                                               : NULL;

                if (!m)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "'waves[%zu][%zu]' is not the domain of a move", wave, i);
                if (m->wave != NO_WAVE)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "'waves[%zu][%zu]': domain '%s' is in two waves", wave, i,
                                           m->name);
                m->wave = (uint32_t) wave;
        }

        return 0;
}

static int waves_from_json(json_object *o, Apply *a, Failure *reterr)
{
        json_object *waves;
        int r;

        r = json_get_array(o, "", "waves", true, APPLY_MOVES_MAX, &waves, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; i < a->n_moves; i++) {
                if (find_move(a, a->moves[i].name) != a->moves + i)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "'moves[%zu]': domain '%s' has another move already", i,
                                           a->moves[i].name);
                a->moves[i].wave = NO_WAVE;
        }

        for (size_t i = 0; i < json_object_array_length(waves); i++) {
                r = wave_from_json(json_object_array_get_idx(waves, i), i, a, reterr);
                if (r < 0)
                        return r;
        }

        for (size_t i = 0; i < a->n_moves; i++)
                if (a->moves[i].wave == NO_WAVE)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "'moves[%zu]': domain '%s' is in no wave", i, a->moves[i].name);

        return 0;
}

/* Those of all goals. */
static int rooms_from_json(json_object *o, Apply *a, Failure *reterr)
{
        json_object *rooms = NULL;
        int r;

        r = json_get_array(o, "", "rooms", false, APPLY_GOALS_MAX, &rooms, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; rooms && i < json_object_array_length(rooms); i++) {
                const char *where = JSON_PATH_ELEMENT("", "rooms", i);
                PciAddress functions[JOB_FUNCTIONS_MAX], *more;
                size_t n;

                r = json_get_pci_addresses(json_object_array_get_idx(rooms, i), where, "functions", true,
                                           JOB_FUNCTIONS_MAX, functions, &n, reterr);
                if (r < 0)
                        return r;

                more = reallocarray(a->rooms, a->n_rooms + n + 1, sizeof(PciAddress));
                if (!more)
                        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the plan");
                if (n > 0)
                        memcpy(more + a->n_rooms, functions, n * sizeof(PciAddress));
                a->rooms = more;
                a->n_rooms += n;
        }

        return 0;
}

/* Of a plan null says that there is none. */
static int get_told_string(json_object *o, const char *key, const char **ret, Failure *reterr)
{
        json_object *value;

        if (json_object_object_get_ex(o, key, &value) && !value)
                return 0;

        return json_get_string(o, "", key, false, ret, reterr);
}

int apply_from_plan(json_object *plan, Apply **ret, char **ret_stamp, Failure *reterr)
{
        _cleanup_(apply_freep) Apply *a = apply_new();
        _cleanup_free_ char *copy = NULL;
        const char *stamp = NULL, *reason = NULL;
        bool feasible = true;
        int r;

        if (!a)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the plan");

        if ((r = json_check_schema(plan, "the plan", 1, reterr)) < 0 ||
            (r = json_get_bool(plan, "", "feasible", false, &feasible, reterr)) < 0 ||
            (r = get_told_string(plan, "stamp", &stamp, reterr)) < 0 ||
            (r = get_told_string(plan, "reason", &reason, reterr)) < 0)
                return r;

        if (!feasible)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "there is no plan to carry out%s%s",
                                   reason ? ": " : "", reason ? reason : "");
        if (!stamp)
                return failure_set(
                                reterr, FAILURE_INVALID_OPTION,
                                "the plan has no 'stamp', so nobody knows for which host and when it was made; "
                                "plan from the inventory of this host, of a fleet one host at a time");

        if ((r = request_from_json(plan, false, a, reterr)) < 0 ||
            (r = moves_from_json(plan, a, move_from_json, reterr)) < 0 ||
            (r = waves_from_json(plan, a, reterr)) < 0 || (r = rooms_from_json(plan, a, reterr)) < 0 ||
            (r = set_string(&copy, stamp, reterr)) < 0)
                return r;

        *ret = TAKE_PTR(a);
        *ret_stamp = TAKE_PTR(copy);
        return 0;
}

int apply_parse_plan(const char *text, size_t size, Apply **ret, char **ret_stamp, Failure *reterr)
{
        _cleanup_json_ json_object *o = NULL;
        int r;

        r = json_parse_up_to(text, size, APPLY_PLAN_BYTES_MAX, "the plan", &o, reterr);
        return r < 0 ? r : apply_from_plan(o, ret, ret_stamp, reterr);
}

/* The journal */

static int move_state_from_name(const char *s)
{
        return (int) apply_move_state_from_string(s);
}

static int phase_from_name(const char *s)
{
        return (int) apply_phase_from_string(s);
}

/* Takes the element. */
static int append(json_object *array, json_object *o)
{
        if (o && json_object_array_add(array, o) == 0)
                return 0;

        (void) json_object_put(o);
        return -ENOMEM;
}

static int move_to_json(const ApplyMove *m, json_object *array)
{
        _cleanup_json_ json_object *o = json_object_new_object();
        json_object *functions = json_object_new_array();

        if (json_add(o, "functions", functions) < 0)
                return -ENOMEM;

        for (size_t i = 0; i < m->n_changes; i++) {
                json_object *change = json_object_new_object();

                if (append(functions, change) < 0 ||
                    json_add_pci_address(change, "from", &m->changes[i].from) < 0 ||
                    json_add_pci_address(change, "to", &m->changes[i].to) < 0)
                        return -ENOMEM;
        }

        if (json_add_string(o, "domain", m->name) < 0 || json_add_string(o, "uuid", m->uuid) < 0 ||
            json_add_u64(o, "wave", m->wave) < 0 || json_add_u64(o, "circle", m->circle) < 0 ||
            json_add_string(o, "state", apply_move_state_to_string(m->state)) < 0 ||
            json_add_bool(o, "comes_back", m->comes_back) < 0 ||
            json_add_bool(o, "has_left", m->has_left) < 0 || json_add_bool(o, "refused", m->refused) < 0 ||
            json_add_u64(o, "job", m->job) < 0 || failure_to_json(&m->failure, o) < 0)
                return -ENOMEM;

        return append(array, TAKE_PTR(o));
}

static int move_of_journal(json_object *o, const char *where, ApplyMove *m, Failure *reterr)
{
        uint64_t wave, circle;
        int state, r;

        if ((r = move_from_json(o, where, m, reterr)) < 0 ||
            (r = json_get_u64(o, where, "wave", true, 0, UINT32_MAX - 1, &wave, reterr)) < 0 ||
            (r = json_get_u64(o, where, "circle", true, 0, UINT32_MAX - 1, &circle, reterr)) < 0 ||
            (r = json_get_enum(o, where, "state", true, move_state_from_name, &state, reterr)) < 0 ||
            (r = json_get_bool(o, where, "comes_back", true, &m->comes_back, reterr)) < 0 ||
            (r = json_get_bool(o, where, "has_left", true, &m->has_left, reterr)) < 0 ||
            (r = json_get_bool(o, where, "refused", true, &m->refused, reterr)) < 0 ||
            (r = json_get_u64(o, where, "job", true, 0, INT64_MAX, &m->job, reterr)) < 0 ||
            (r = failure_from_json(o, where, &m->failure, reterr)) < 0)
                return r;
        if (!m->uuid)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s.uuid' is missing", where);

        m->wave = (uint32_t) wave;
        m->circle = (uint32_t) circle;
        m->state = (ApplyMoveState) state;
        return 0;
}

static int reservation_to_json(const Apply *a, json_object *parent)
{
        json_object *o;

        if (!*a->cookie)
                return 0;

        o = json_object_new_object();
        if (json_add(parent, "reservation", o) < 0)
                return -ENOMEM;

        return json_add_string(o, "cookie", a->cookie) < 0 || json_add_u64(o, "uid", a->uid) < 0 ||
                                               json_add_string(o, "owner", a->owner) < 0 ||
                                               json_add_string(o, "label", a->label) < 0 ||
                                               json_add_u64(o, "ttl_usec", a->ttl_usec) < 0
                               ? -ENOMEM
                               : 0;
}

static int reservation_of_journal(json_object *parent, Apply *a, Failure *reterr)
{
        const char *cookie, *owner, *label;
        uint64_t uid;
        json_object *o;
        int r;

        r = json_get_object(parent, "", "reservation", false, &o, reterr);
        if (r <= 0)
                return r;

        if ((r = json_get_string(o, "reservation", "cookie", true, &cookie, reterr)) < 0 ||
            (r = json_get_u64(o, "reservation", "uid", true, 0, UINT32_MAX, &uid, reterr)) < 0 ||
            (r = json_get_string(o, "reservation", "owner", true, &owner, reterr)) < 0 ||
            (r = json_get_string(o, "reservation", "label", true, &label, reterr)) < 0 ||
            (r = json_get_u64(o, "reservation", "ttl_usec", true, 1, INT64_MAX, &a->ttl_usec, reterr)) < 0 ||
            (r = set_string(&a->owner, owner, reterr)) < 0 || (r = set_string(&a->label, label, reterr)) < 0)
                return r;
        if (strlen(cookie) != sizeof(a->cookie) - 1)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'reservation.cookie' is none");

        memcpy(a->cookie, cookie, sizeof(a->cookie));
        a->uid = (uint32_t) uid;
        return 0;
}

static int goals_to_json(const Apply *a, json_object *o)
{
        json_object *goals = json_object_new_array();

        if (json_add(o, "goals", goals) < 0)
                return -ENOMEM;
        for (size_t i = 0; i < a->n_goals; i++)
                if (append(goals, json_object_new_string(a->goals[i])) < 0)
                        return -ENOMEM;

        return json_add_u64(o, "parallel", a->parallel) < 0
                               ? -ENOMEM
                               : json_add_string(o, "guest_fixups", guest_fixups_to_string(a->fixups));
}

int apply_to_json(const Apply *a, json_object **ret)
{
        _cleanup_json_ json_object *o = json_object_new_object();
        json_object *moves = json_object_new_array();

        if (json_add(o, "moves", moves) < 0)
                return -ENOMEM;

        for (size_t i = 0; i < a->n_moves; i++)
                if (move_to_json(a->moves + i, moves) < 0)
                        return -ENOMEM;

        if (goals_to_json(a, o) < 0 || json_add_pci_addresses(o, "rooms", a->rooms, a->n_rooms) < 0 ||
            json_add_u64(o, "first_wave", a->first_wave) < 0 ||
            json_add_bool(o, "continues", a->continues) < 0 || json_add_bool(o, "replans", a->replans) < 0 ||
            json_add_string(o, "phase", apply_phase_to_string(a->phase)) < 0 ||
            json_add_bool(o, "restarted", a->restarted) < 0 || json_add_string(o, "boot", a->boot) < 0 ||
            reservation_to_json(a, o) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}

static int rooms_of_journal(json_object *o, Apply *a, Failure *reterr)
{
        const size_t max = (size_t) APPLY_GOALS_MAX * JOB_FUNCTIONS_MAX;

        a->rooms = calloc(max, sizeof(PciAddress));
        if (!a->rooms)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the plan");

        return json_get_pci_addresses(o, "apply", "rooms", true, max, a->rooms, &a->n_rooms, reterr);
}

int apply_from_json(json_object *o, Apply **ret, Failure *reterr)
{
        _cleanup_(apply_freep) Apply *a = apply_new();
        uint64_t first_wave;
        const char *boot;
        int phase, r;

        if (!a)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the plan");

        if ((r = request_from_json(o, true, a, reterr)) < 0 ||
            (r = moves_from_json(o, a, move_of_journal, reterr)) < 0 ||
            (r = rooms_of_journal(o, a, reterr)) < 0 ||
            (r = json_get_u64(o, "apply", "first_wave", true, 0, UINT32_MAX - 1, &first_wave, reterr)) < 0 ||
            (r = json_get_bool(o, "apply", "continues", true, &a->continues, reterr)) < 0 ||
            (r = json_get_bool(o, "apply", "replans", true, &a->replans, reterr)) < 0 ||
            (r = json_get_enum(o, "apply", "phase", true, phase_from_name, &phase, reterr)) < 0 ||
            (r = json_get_bool(o, "apply", "restarted", true, &a->restarted, reterr)) < 0 ||
            (r = json_get_string(o, "apply", "boot", true, &boot, reterr)) < 0 ||
            (r = set_string(&a->boot, boot, reterr)) < 0 || (r = reservation_of_journal(o, a, reterr)) < 0)
                return r;

        a->first_wave = (uint32_t) first_wave;
        a->phase = (ApplyPhase) phase;
        *ret = TAKE_PTR(a);
        return 0;
}
