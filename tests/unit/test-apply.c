/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Carrying out a plan: what is next, whatever comes of what was before. */
#include "core/apply.h"

#include "core/job-left.h"
#include "test.h"

#define FUNCTIONS 8U
#define DOMAINS_MAX 6U

static PciAddress address(size_t i)
{
        return (PciAddress) { .bus = (uint8_t) (1 + i / 4), .slot = 16, .function = (uint8_t) (i % 4) };
}

/* A host of FUNCTIONS functions; `owners`: the letter of the domain that has each, '.': nobody, '!': in quarantine. */
static void host_init(Inventory *inv, const char *owners)
{
        size_t again;

        *inv = (Inventory) {
                .functions = calloc(FUNCTIONS, sizeof(InventoryFunction)),
                .n_functions = FUNCTIONS,
                .domains = calloc(DOMAINS_MAX, sizeof(InventoryDomain)),
        };
        CHECK(inv->functions && inv->domains && strlen(owners) == FUNCTIONS);

        for (size_t i = 0; i < FUNCTIONS; i++) {
                InventoryFunction *f = inv->functions + i;
                const size_t d = (size_t) (owners[i] - 'a');

                f->function.address = address(i);
                f->domain = INVENTORY_NONE;
                f->function.state = owners[i] == '.'   ? FUNCTION_FREE
                                    : owners[i] == '!' ? FUNCTION_QUARANTINED
                                                       : FUNCTION_ASSIGNED;
                if (f->function.state != FUNCTION_ASSIGNED)
                        continue;
                f->domain = d;
                inv->n_domains = d >= inv->n_domains ? d + 1 : inv->n_domains;
        }
        for (size_t d = 0; d < inv->n_domains; d++) {
                const char name[] = { (char) ('a' + d), '\0' };

                inv->domains[d].movable = true;
                CHECK(free_and_strdup(&inv->domains[d].name, name) >= 0);
                CHECK(free_and_strdup(&inv->domains[d].uuid, name) >= 0);
        }
        CHECK(inventory_index(inv, &again) >= 0 && again == INVENTORY_NONE);
}

static void plan_add(Apply *a, const char *name, uint32_t wave)
{
        CHECK(ARRAY_GROW(a->moves, a->n_moves));
        a->moves[a->n_moves] = (ApplyMove) { .wave = wave };
        CHECK(free_and_strdup(&a->moves[a->n_moves++].name, name) >= 0);
}

static void plan_change(Apply *a, size_t from, size_t to)
{
        ApplyMove *m = a->moves + a->n_moves - 1;

        CHECK(ARRAY_GROW(m->changes, m->n_changes));
        m->changes[m->n_changes++] = (ApplyChange) { address(from), address(to) };
}

/* "a 0>4 1>5/b 2>0;c 3>2": moves of a wave, then after ';' of the next. */
static Apply *plan_new(const char *text)
{
        Apply *a = apply_new();
        uint32_t wave = 0;

        CHECK(a);
        for (; *text; text++) {
                if (*text == ';')
                        wave++;
                else if (*text >= 'a' && *text <= 'z')
                        plan_add(a, (char[]) { *text, '\0' }, wave);
                else if (text[1] == '>') {
                        plan_change(a, (size_t) (*text - '0'), (size_t) (text[2] - '0'));
                        text += 2;
                }
        }

        return a;
}

static void test_check(void)
{
        static const struct {
                const char *owners, *plan, *circles, *error; /* error NULL: it can be carried out */
        } tests[] = {
                { "ab......", "a0>4", "0", NULL },
                { "ab......", "a0>1/b1>0", "11", NULL },
                { "ab......", "a0>1/b1>4", "00", NULL },
                { "ab......", "b1>4;a0>1", "00", NULL },
                { "ab......", "a0>1;b1>4", "", "gets what is not free then, 0000:01:10.1" },
                { "abc.....", "a0>1/b1>2/c2>0", "111", NULL },
                { "abcd....", "a0>1/b1>0/c2>3/d3>2", "1122", NULL },
                { "abcd....", "a0>1/b1>0/c2>3;d3>2", "", "gets what is not free" },
                { "abc.....", "a0>1/b1>0/c2>4", "110", NULL },
                { "aab.....", "a0>2 1>4/b2>0", "11", NULL },
                { "aab.....", "a0>2/b2>0", "11", NULL },
                { "ab......", "a0>4;a4>5", "", "is its second" },
                { "ab......", "a1>4", "", "leaves what is not its" },
                { "aa......", "a0>4 0>5", "", "leaves what is not its, or twice, 0000:01:10.0" },
                { "aa......", "a0>4 1>4", "", "gets what is not free" },
                { "aa......", "a0>1 1>0", "", "gets what it has" },
                { "aa......", "a0>0", "", "gets what it has" },
                { "ab!.....", "a0>2", "", "gets what is not free" },
                { "ab......", "a0>4/b1>4", "", "gets what is not free" },
                { "ab......", "a", "", "changes nothing" },
                { "ab......", "z0>4", "", "none that has functions" },
                { "ab......", "a0>9", "", "there is none" },
                { "ab......", "", "", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(tests); i++) {
                _cleanup_(apply_freep) Apply *a = plan_new(tests[i].plan);
                _cleanup_(failure_done) Failure why = { 0 };
                _cleanup_(inventory_done) Inventory inv = { 0 };
                int r;

                host_init(&inv, tests[i].owners);
                r = apply_check(a, &inv, &why);
                if ((r < 0) != (tests[i].error != NULL) ||
                    (r < 0 && !strstr(failure_message(&why), tests[i].error))) {
                        (void) fprintf(stderr, "%s, %s: %s\n", tests[i].owners, tests[i].plan,
                                       failure_message(&why));
                        abort();
                }
                for (size_t k = 0; r >= 0 && k < a->n_moves; k++)
                        CHECK(a->moves[k].circle == (uint32_t) (tests[i].circles[k] - '0'));
        }
}

static void test_rooms(void)
{
        static const struct {
                size_t rooms[2];
                bool good;
        } tests[] = {
                { { 0, 5 }, true },  { { 0, 0 }, false }, { { 4, 5 }, false },
                { { 1, 5 }, false }, { { 0, 7 }, false },
        };

        for (size_t i = 0; i < ELEMENTSOF(tests); i++) {
                _cleanup_(apply_freep) Apply *a = plan_new("a0>4");
                _cleanup_(failure_done) Failure why = { 0 };
                _cleanup_(inventory_done) Inventory inv = { 0 };

                host_init(&inv, "ab.....!");
                a->rooms = calloc(2, sizeof(PciAddress));
                CHECK(a->rooms);
                for (; a->n_rooms < 2; a->n_rooms++)
                        a->rooms[a->n_rooms] = address(tests[i].rooms[a->n_rooms]);
                CHECK((apply_check(a, &inv, &why) >= 0) == tests[i].good);
        }
}

/* A job that ended so. */
static Job *child_new(JobKind kind, JobLeft left, bool done)
{
        Job *j;

        CHECK(job_new(1, kind, STRATEGY_SUSPEND_TO_RAM, "u", "n", &j) >= 0);
        j->state = done ? JOB_DONE : JOB_FAILED;
        if (done || left != JOB_LEFT_AS_IT_WAS)
                j->steps[0].state = STEP_DONE;
        if (kind != JOB_RESUME && left != JOB_LEFT_AS_IT_WAS)
                job_find_step(j, STEP_SYNC)->state = STEP_DONE;
        if (kind != JOB_HIBERNATE && left == JOB_LEFT_ON_TARGETS)
                job_find_step(j, STEP_WAKE)->state = STEP_DONE;
        if (left == JOB_LEFT_UNKNOWN)
                (void) failure_set(&j->failure, FAILURE_LOST, "gone");
        else if (!done)
                (void) failure_set(&j->failure, FAILURE_RESTORE_FAILED, "no");
        CHECK(job_left(j) == left);
        return j;
}

static JobKind kind_of(ApplyMoveState s)
{
        return s == APPLY_MOVING ? JOB_MOVE : s == APPLY_HIBERNATING ? JOB_HIBERNATE : JOB_RESUME;
}

static void end(Apply *a, size_t move, JobLeft left, bool done)
{
        _cleanup_(job_freep) Job *j = child_new(kind_of(a->moves[move].state), left, done);

        apply_ended(a, move, j, false, &j->failure);
}

/* The next thing to be done, "move a". */
static void expect_next(const Apply *a, ApplyAction action, const char *name)
{
        ApplyAction is;
        size_t i = 0;

        is = apply_next(a, &i);
        if (is != action || (name && !streq(a->moves[i].name, name)))
                (void) fprintf(stderr, "action %d of %s, %d of %s expected\n", is, a->moves[i].name, action,
                               name ? name : "-");
        CHECK(is == action && (!name || streq(a->moves[i].name, name)));
}

static void begin(Apply *a, ApplyAction action, const char *name)
{
        size_t i;

        expect_next(a, action, name);
        CHECK(apply_next(a, &i) == action);
        apply_begun(a, i, action, 1);
}

static Apply *ready(const char *owners, const char *plan)
{
        _cleanup_(inventory_done) Inventory inv = { 0 };
        Apply *a = plan_new(plan);

        host_init(&inv, owners);
        CHECK(apply_check(a, &inv, NULL) >= 0);
        return a;
}

static void expect_account(const Apply *a, const char *text)
{
        _cleanup_free_ char *is = apply_account(a);

        CHECK(is);
        if (!streq(is, text))
                (void) fprintf(stderr, "%s\n%s expected\n", is, text);
        CHECK(streq(is, text));
}

static void test_order(void)
{
        _cleanup_(apply_freep) Apply *a = ready("abc.....", "b1>4/c2>5;a0>1");

        begin(a, APPLY_MOVE, "b");
        expect_next(a, APPLY_WAIT, NULL);
        a->parallel = 2;
        begin(a, APPLY_MOVE, "c");
        a->parallel = 9;
        expect_next(a, APPLY_WAIT, NULL); /* the wave has not ended */
        end(a, 0, JOB_LEFT_ON_TARGETS, true);
        expect_next(a, APPLY_WAIT, NULL);
        end(a, 1, JOB_LEFT_ON_TARGETS, true);
        begin(a, APPLY_MOVE, "a");
        end(a, 2, JOB_LEFT_ON_TARGETS, true);
        expect_next(a, APPLY_END, NULL);
        CHECK(!apply_first_failure(a));
        expect_account(a, "3 of 3 moves are done");
}

static void test_circle(void)
{
        _cleanup_(apply_freep) Apply *a = ready("abc.....", "a0>1/b1>0/c2>4");

        begin(a, APPLY_HIBERNATE, "a");
        end(a, 0, JOB_LEFT_HIBERNATED, true);
        begin(a, APPLY_HIBERNATE, "b"); /* before others: somebody waits for it */
        end(a, 1, JOB_LEFT_HIBERNATED, true);
        begin(a, APPLY_RESUME, "a");
        end(a, 0, JOB_LEFT_ON_TARGETS, true);
        begin(a, APPLY_RESUME, "b");
        end(a, 1, JOB_LEFT_ON_TARGETS, true);
        begin(a, APPLY_MOVE, "c");
        end(a, 2, JOB_LEFT_ON_TARGETS, true);
        expect_next(a, APPLY_END, NULL);
        CHECK(apply_count(a, APPLY_DONE) == 3);
}

/* It gets something of one that is in none: that one goes first, and nobody is hibernated meanwhile. */
static void test_circle_waits(void)
{
        _cleanup_(apply_freep) Apply *a = ready("aabc....", "a0>2 1>3/b2>0/c3>4"),
                                     *b = ready("aabc....", "a0>2 1>3/b2>0/c3>4");

        a->parallel = 3;
        begin(a, APPLY_MOVE, "c");
        expect_next(a, APPLY_WAIT, NULL);
        end(a, 2, JOB_LEFT_ON_TARGETS, true);
        begin(a, APPLY_HIBERNATE, "a");
        begin(a, APPLY_HIBERNATE, "b");
        end(a, 0, JOB_LEFT_HIBERNATED, true);
        end(a, 1, JOB_LEFT_HIBERNATED, true);
        begin(a, APPLY_RESUME, "a");

        b->continues = true;
        begin(b, APPLY_MOVE, "c");
        end(b, 2, JOB_LEFT_AS_IT_WAS, false);
        expect_next(b, APPLY_DROP, "a");
        apply_drop(b, 0);
        expect_next(b, APPLY_DROP, "b");
        apply_drop(b, 1);
        expect_next(b, APPLY_END, NULL);
}

/* The one that is hibernated is brought back; what is not begun stays so. */
static void test_circle_breaks(void)
{
        _cleanup_(apply_freep) Apply *a = ready("abc.....", "a0>1/b1>0;c2>4");

        begin(a, APPLY_HIBERNATE, "a");
        end(a, 0, JOB_LEFT_HIBERNATED, true);
        begin(a, APPLY_HIBERNATE, "b");
        end(a, 1, JOB_LEFT_AS_IT_WAS, false);
        CHECK(a->phase == APPLY_STOPS && a->moves[1].state == APPLY_FAILED);
        begin(a, APPLY_RETURN, "a");
        end(a, 0, JOB_LEFT_ON_TARGETS, true);
        CHECK(a->moves[0].state == APPLY_FAILED);
        expect_next(a, APPLY_END, NULL);
        expect_account(a, "0 of 3 moves are done; failed: a, b; not begun: c");
}

static void test_goes_on(void)
{
        _cleanup_(apply_freep) Apply *a = ready("abcd....", "a0>1/b1>4/c2>5;d3>0");

        a->continues = true;
        begin(a, APPLY_MOVE, "b");
        end(a, 1, JOB_LEFT_AS_IT_WAS, false);
        expect_next(a, APPLY_DROP, "a");
        apply_drop(a, 0);
        CHECK(strstr(failure_message(&a->moves[0].failure), "domain 'b' keeps"));
        begin(a, APPLY_MOVE, "c");
        end(a, 2, JOB_LEFT_ON_TARGETS, false); /* unhealthy, but there */
        expect_next(a, APPLY_DROP, "d");       /* in a later wave, too */
        apply_drop(a, 3);
        expect_next(a, APPLY_END, NULL);
        expect_account(a, "0 of 4 moves are done; failed: b, c; not begun: a, d");
        CHECK(streq(apply_first_failure(a)->name, "b"));
}

static void test_stop(void)
{
        _cleanup_(apply_freep) Apply *a = ready("abc.....", "a0>1/b1>2/c2>0");

        begin(a, APPLY_HIBERNATE, "a");
        end(a, 0, JOB_LEFT_HIBERNATED, true);
        begin(a, APPLY_HIBERNATE, "b");
        apply_stop(a);
        expect_next(a, APPLY_WAIT, NULL);
        a->parallel = 2;
        begin(a, APPLY_RETURN, "a");
        end(a, 1, JOB_LEFT_HIBERNATED, true);
        begin(a, APPLY_RETURN, "b");
        end(a, 0, JOB_LEFT_HIBERNATED, false);
        end(a, 1, JOB_LEFT_ON_TARGETS, true);
        expect_next(a, APPLY_END, NULL);
        CHECK(a->moves[0].state == APPLY_STRANDED && a->moves[2].state == APPLY_PENDING);
        expect_account(a,
                       "0 of 3 moves are done; failed: a, b; not begun: c; hibernated still, resume by hand: a");
}

/* When one of a circle has what another one had there is only one way: forward. */
static void test_stop_too_late(void)
{
        _cleanup_(apply_freep) Apply *a = ready("abc.....", "a0>1/b1>2/c2>0");

        a->parallel = 3;
        for (size_t i = 0; i < 3; i++)
                begin(a, APPLY_HIBERNATE, (char[]) { (char) ('a' + i), '\0' });
        for (size_t i = 0; i < 3; i++)
                end(a, i, JOB_LEFT_HIBERNATED, true);
        a->parallel = 1;
        begin(a, APPLY_RESUME, "a");
        apply_stop(a);
        end(a, 0, JOB_LEFT_ON_TARGETS, true);
        begin(a, APPLY_RESUME, "b");
        end(a, 1, JOB_LEFT_ON_TARGETS, true);
        begin(a, APPLY_RESUME, "c");
        end(a, 2, JOB_LEFT_ON_TARGETS, true);
        expect_next(a, APPLY_END, NULL);
        expect_account(a, "3 of 3 moves are done");
}

static void test_replan(void)
{
        _cleanup_(apply_freep) Apply *a = ready("abcd....", "a0>4;b1>5;c2>0"), *plan = NULL;

        a->replans = true;
        begin(a, APPLY_MOVE, "a");
        end(a, 0, JOB_LEFT_ON_TARGETS, true);
        expect_next(a, APPLY_MOVE, "b");
        apply_refused(a, 1, APPLY_MOVE, &(Failure) { .code = FAILURE_NO_AGENT });
        CHECK(a->phase == APPLY_REPLANS && a->moves[1].refused);
        expect_next(a, APPLY_PLAN, NULL);

        plan = ready(".bcda...", "c2>0/d3>2");
        CHECK(apply_take_plan(a, plan) >= 0);
        CHECK(a->n_moves == 4 && a->phase == APPLY_GOES_ON && a->first_wave == 2 && plan->n_moves == 0);
        begin(a, APPLY_MOVE, "c"); /* that 'a' had it once is another story */
        end(a, 2, JOB_LEFT_ON_TARGETS, true);
        begin(a, APPLY_MOVE, "d");
        end(a, 3, JOB_LEFT_ON_TARGETS, true);
        expect_next(a, APPLY_END, NULL);
        expect_account(a, "3 of 4 moves are done; failed: b");
        CHECK(!apply_first_failure(a));
}

/* Carried out at random: whatever fails, no function is given twice, nothing hangs and nobody is left hibernated without
 * a word. */
typedef struct Host {
        Apply *apply;
        char owners[FUNCTIONS]; /* '.': nobody */
        uint64_t random;
} Host;

static uint64_t next_random(Host *h)
{
        h->random ^= h->random << 13;
        h->random ^= h->random >> 7;
        h->random ^= h->random << 17;
        return h->random;
}

static size_t below(Host *h, size_t n)
{
        return (size_t) (next_random(h) % n);
}

static size_t index_of(const PciAddress *f)
{
        return (size_t) (f->bus - 1) * 4 + f->function;
}

static bool is_free_for(const Host *h, const ApplyMove *m, bool targets)
{
        for (size_t i = 0; i < m->n_changes; i++)
                if (h->owners[index_of(targets ? &m->changes[i].to : &m->changes[i].from)] != '.')
                        return false;

        return true;
}

static void give(Host *h, const ApplyMove *m, bool targets, char owner)
{
        for (size_t i = 0; i < m->n_changes; i++)
                h->owners[index_of(targets ? &m->changes[i].to : &m->changes[i].from)] = owner;
}

/* A job needs its targets from its beginning on. */
static void host_begin(Host *h, ApplyAction action, size_t i)
{
        ApplyMove *m = h->apply->moves + i;
        const char name = *m->name;
        const Failure no = { .code = FAILURE_NO_AGENT };
        bool own = false;

        if (action == APPLY_MOVE || action == APPLY_RESUME)
                CHECK(is_free_for(h, m, true));
        if (action == APPLY_RETURN)
                own = is_free_for(h, m, false);
        if ((action == APPLY_RETURN && !own && !is_free_for(h, m, true)) || below(h, 8) == 0) {
                apply_refused(h->apply, i, action, &no);
                return;
        }

        if (action != APPLY_HIBERNATE)
                give(h, m, !own, name);
        apply_begun(h->apply, i, action, 1);
}

static void host_end(Host *h, size_t i)
{
        ApplyMove *m = h->apply->moves + i;
        const bool good = below(h, 4) != 0;
        const ApplyMoveState was = m->state;
        const bool own = was == APPLY_RETURNING && h->owners[index_of(&m->changes[0].from)] == *m->name;

        if (was == APPLY_MOVING && good)
                give(h, m, false, '.');
        else if (was == APPLY_MOVING)
                give(h, m, true, '.');
        else if (was == APPLY_HIBERNATING && good)
                give(h, m, false, '.');
        else if (was != APPLY_HIBERNATING && !good)
                give(h, m, !own, '.');

        if (was == APPLY_HIBERNATING)
                end(h->apply, i, good ? JOB_LEFT_HIBERNATED : JOB_LEFT_AS_IT_WAS, good);
        else if (was == APPLY_MOVING)
                end(h->apply, i, good ? JOB_LEFT_ON_TARGETS : JOB_LEFT_AS_IT_WAS, good);
        else
                end(h->apply, i, good ? JOB_LEFT_ON_TARGETS : JOB_LEFT_HIBERNATED, good);
}

static void host_end_one(Host *h)
{
        size_t skip = below(h, apply_count_active(h->apply));

        for (size_t i = 0; i < h->apply->n_moves; i++) {
                const ApplyMoveState s = h->apply->moves[i].state;

                if ((s == APPLY_MOVING || s == APPLY_HIBERNATING || s == APPLY_RESUMING ||
                     s == APPLY_RETURNING) &&
                    skip-- == 0) {
                        host_end(h, i);
                        return;
                }
        }
}

static void host_run(Host *h)
{
        Apply *a = h->apply;

        for (unsigned steps = 0;; steps++) {
                ApplyAction action;
                size_t i = 0;

                CHECK(steps < 1000);
                if (below(h, 16) == 0)
                        apply_stop(a);

                action = apply_next(a, &i);
                if (action == APPLY_END)
                        break;
                if (action == APPLY_DROP)
                        apply_drop(a, i);
                else if (action == APPLY_WAIT || (apply_count_active(a) > 0 && below(h, 2) == 0))
                        host_end_one(h);
                else
                        host_begin(h, action, i);
        }

        CHECK(apply_count_active(a) == 0);
        for (size_t i = 0; i < a->n_moves; i++)
                CHECK(apply_move_state_is_final(a->moves[i].state) ||
                      (a->moves[i].state == APPLY_PENDING && a->phase == APPLY_STOPS));
}

/* Each domain has one function or two, and moves anywhere. */
static bool host_plan(Host *h, char owners[static FUNCTIONS + 1], char plan[static 64])
{
        size_t to[FUNCTIONS], n = 1 + below(h, DOMAINS_MAX), length = 0;

        memset(owners, '.', FUNCTIONS);
        owners[FUNCTIONS] = '\0';
        for (size_t i = 0; i < FUNCTIONS; i++)
                to[i] = i;
        for (size_t i = FUNCTIONS; i > 1; i--) {
                size_t k = below(h, i), t = to[k];

                to[k] = to[i - 1];
                to[i - 1] = t;
        }
        for (size_t d = 0; d < n; d++) {
                const size_t second = n + d;

                owners[d] = (char) ('a' + d);
                if (to[d] == d)
                        continue;
                length += (size_t) snprintf(plan + length, 64 - length, "%s%c%zu>%zu",
                                            length > 0 && below(h, 8) == 0 ? ";" : "", owners[d], d, to[d]);
                if (second >= FUNCTIONS || to[second] == second || below(h, 2) == 0)
                        continue;
                owners[second] = owners[d];
                length += (size_t) snprintf(plan + length, 64 - length, " %zu>%zu", second, to[second]);
        }

        return length > 0;
}

static void test_random(void)
{
        unsigned circles = 0, carried_out = 0, finished = 0;

        for (uint64_t seed = 1; seed <= 20000; seed++) {
                char owners[FUNCTIONS + 1], text[64];
                Host h = { .random = seed * UINT64_C(0x9e3779b97f4a7c15) };
                _cleanup_(apply_freep) Apply *a = NULL;
                _cleanup_(inventory_done) Inventory inv = { 0 };

                if (!host_plan(&h, owners, text))
                        continue;
                a = plan_new(text);
                host_init(&inv, owners);
                if (apply_check(a, &inv, NULL) < 0)
                        continue;

                memcpy(h.owners, owners, FUNCTIONS);
                h.apply = a;
                a->parallel = 1 + (uint32_t) below(&h, 3);
                a->continues = below(&h, 2) == 0;
                carried_out++;
                for (size_t i = 0; i < a->n_moves; i++)
                        if (a->moves[i].circle > 0) {
                                circles++;
                                break;
                        }
                host_run(&h);
                finished += apply_count(a, APPLY_DONE) == a->n_moves;
        }

        CHECK(carried_out > 5000 && circles > 1000 && finished > 500);
}

int main(void)
{
        test_check();
        test_rooms();
        test_order();
        test_circle();
        test_circle_waits();
        test_circle_breaks();
        test_goes_on();
        test_stop();
        test_stop_too_late();
        test_replan();
        test_random();
        return EXIT_SUCCESS;
}
