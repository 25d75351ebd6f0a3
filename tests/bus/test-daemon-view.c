/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The daemon's pure parts: view, outcome, paths, notifications. */

#include "daemon/job-shown.h"
#include "daemon/manager.h"
#include "daemon/notify-socket.h"
#include "daemon/object-path.h"
#include "daemon/view.h"
#include "tests/unit/test.h"

#define UUID "11111111-1111-1111-1111-111111111111"

static const PciAddress a = { .bus = 1, .slot = 16 }, b = { .bus = 2, .slot = 16 };

/* The domain is hibernated, and had b. */
static FunctionSwap swap_from_b = { .has_from = true, .from = { .bus = 2, .slot = 16 } };
static ImageRecord record_of_b = { .domain_uuid = (char *) UUID,
                                   .domain_name = (char *) "vm",
                                   .functions = &swap_from_b,
                                   .n_functions = 1 };

static World *new_world(bool active, const PciAddress *owned)
{
        World *w = calloc(1, sizeof(World));
        WorldDomain *d;

        CHECK(w);
        w->libvirt_ok = true;
        *world_add_function(w) = (Function) { .address = b };
        *world_add_function(w) = (Function) { .address = a };
        d = world_add_domain(w);
        CHECK(free_and_strdup(&d->uuid, UUID) >= 0 && free_and_strdup(&d->name, "vm") >= 0);
        d->active = active;
        d->state = active ? DOMAIN_RUNNING : DOMAIN_SHUTOFF;
        CHECK(world_domain_add_function(d, owned) >= 0);
        return w;
}

static Job *new_job(JobKind kind)
{
        const FunctionSwap swap = { .has_from = true, .from = a, .has_to = kind != JOB_HIBERNATE, .to = b };
        Job *j;

        CHECK(job_new(7, kind, STRATEGY_SUSPEND_TO_RAM, UUID, "vm", &j) >= 0);
        CHECK(job_set_swaps(j, &swap, 1) >= 0);
        return j;
}

static void expect_functions(const View *v, FunctionState state_a, FunctionState state_b)
{
        CHECK(view_find_function(v, &a)->state == state_a);
        CHECK(view_find_function(v, &b)->state == state_b);
}

static View *make(const ViewInput *in)
{
        _cleanup_(config_freep) Config *config = NULL;
        ViewInput with_config = *in;
        View *v;

        CHECK(config_new(&config) >= 0);
        with_config.config = config;
        CHECK(view_new(&with_config, &v) >= 0);
        return v;
}

/* Each claim over the weaker ones, with the domain at rest, active on `a`, and active on `b`. */
static void test_overlay(void)
{
        LedgerQuarantine quarantine = { .function = { .address = b }, .reason = (char *) "it smokes" };
        Ledger empty = { 0 }, ledger = { .quarantines = &quarantine, .n_quarantines = 1 };
        const struct {
                bool active;
                const PciAddress *owned;
                bool job;
                JobKind kind;
                const Ledger *ledger;
                FunctionState state_a, state_b;
                const char *domain_state;
        } table[] = {
                { false, &a, false, 0, &empty, FUNCTION_FREE, FUNCTION_FREE, "shut-off" },
                { true, &a, false, 0, &empty, FUNCTION_ASSIGNED, FUNCTION_FREE, "running" },
                { true, &a, false, 0, &ledger, FUNCTION_ASSIGNED, FUNCTION_QUARANTINED, "running" },
                { true, &b, false, 0, &ledger, FUNCTION_FREE, FUNCTION_QUARANTINED, "running" },
                { true, &a, true, JOB_HIBERNATE, &empty, FUNCTION_ASSIGNED, FUNCTION_FREE, "hibernating" },
                { false, &a, true, JOB_HIBERNATE, &empty, FUNCTION_LEASED, FUNCTION_FREE, "hibernating" },
                { true, &a, true, JOB_MOVE, &empty, FUNCTION_ASSIGNED, FUNCTION_LEASED, "moving" },
                { false, &a, true, JOB_MOVE, &empty, FUNCTION_LEASED, FUNCTION_LEASED, "moving" },
                { true, &b, true, JOB_MOVE, &empty, FUNCTION_LEASED, FUNCTION_ASSIGNED, "moving" },
                { false, &a, true, JOB_RESUME, &empty, FUNCTION_FREE, FUNCTION_LEASED, "resuming" },
                { false, &a, true, JOB_RESUME, &ledger, FUNCTION_FREE, FUNCTION_QUARANTINED, "resuming" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(world_freep) World *w = new_world(table[i].active, table[i].owned);
                _cleanup_(job_freep) Job *j = new_job(table[i].kind);
                const ViewJob jobs[] = { { .job = j } };
                _cleanup_(view_freep) View *v = make(&(ViewInput) { .world = w,
                                                                    .ledger = table[i].ledger,
                                                                    .jobs = jobs,
                                                                    .n_jobs = table[i].job });

                expect_functions(v, table[i].state_a, table[i].state_b);
                CHECK(streq(view_find_domain(v, "vm")->state, table[i].domain_state));
                CHECK(view_find_domain(v, UUID)->job == (table[i].job ? 7 : 0));
        }
}

/* A job that was given up holds what it held, and nobody knows what it left of its domain. */
static void test_given_up(void)
{
        _cleanup_(world_freep) World *w = new_world(false, &a);
        _cleanup_(job_freep) Job *j = new_job(JOB_MOVE);
        const ViewJob jobs[] = { { .job = j, .given_up = true } };
        _cleanup_(view_freep) View *v = NULL;
        Ledger ledger = { 0 };

        v = make(&(ViewInput) { .world = w, .ledger = &ledger, .jobs = jobs, .n_jobs = 1 });
        expect_functions(v, FUNCTION_LEASED, FUNCTION_LEASED);
        CHECK(streq(v->domains[0].state, "failed"));
        CHECK(v->domains[0].job == 7 && v->domains[0].job_given_up);
}

/* Until libvirt has told, nobody knows which are free. */
static void test_unknown(void)
{
        LedgerQuarantine quarantine = { .function = { .address = b }, .reason = (char *) "it smokes" };
        Ledger ledger = { .quarantines = &quarantine, .n_quarantines = 1 };
        _cleanup_(world_freep) World *w = new_world(false, &a);
        _cleanup_(view_freep) View *v =
                        make(&(ViewInput) { .world = w, .domains_unknown = true, .ledger = &ledger });

        expect_functions(v, FUNCTION_UNKNOWN, FUNCTION_QUARANTINED);
        CHECK(v->n_pools == 1 && v->pools[0].n[FUNCTION_UNKNOWN] == 1 &&
              v->pools[0].figures.largest_on_pf == 0);
        CHECK(v->pools[0].n_physical_functions == 1 && v->pools[0].n_free_physical_functions == 0);
}

/* Cards of one hive, and where none is known those near the same memory, are a group; for no other purpose. */
static void test_groups(void)
{
        _cleanup_(world_freep) World *w = new_world(false, &a);
        _cleanup_(view_freep) View *near = NULL, *linked = NULL;
        const Fragmentation *f;
        Ledger ledger = { 0 };

        for (size_t i = 0; i < w->n_functions; i++) {
                w->functions[i].physical_function = w->functions[i].address;
                w->functions[i].numa_node = (int) i;
        }
        near = make(&(ViewInput) { .world = w, .ledger = &ledger });
        f = &near->pools[0].figures;
        CHECK(f->n_free == 2 && f->largest_on_pf == 1 && f->largest_in_group == 1);
        CHECK(f->n_kinds == 1 && f->kinds[0].n_free == 2 && pci_address_equal(&f->kinds[0].like, &a));
        CHECK(!near->functions[0].group);

        for (size_t i = 0; i < w->n_functions; i++)
                CHECK(attributes_set(&w->functions[i].identity.attributes, "hive", "0x1f") >= 0);
        linked = make(&(ViewInput) { .world = w, .ledger = &ledger });
        f = &linked->pools[0].figures;
        CHECK(f->largest_on_pf == 1 && f->largest_in_group == 2 && f->kinds[0].largest_in_group == 2);
}

/* What is to be done about its image is said by the domain's last job alone. */
static void test_damaged(void)
{
        const char *const damaged[] = { "99999999-9999-9999-9999-999999999999", UUID };
        ImageRecord *records[] = { &record_of_b };
        Ledger ledger = { 0 };

        for (int i = 0; i < 4; i++) {
                _cleanup_(job_freep) Job *j = new_job(JOB_RESUME);
                const ViewJob jobs[] = { { .job = j } };
                _cleanup_(world_freep) World *w = new_world(i == 1, &a);
                _cleanup_(view_freep) View *v = make(&(ViewInput) { .world = w,
                                                                    .ledger = &ledger,
                                                                    .records = records,
                                                                    .n_records = i != 2,
                                                                    .jobs = jobs,
                                                                    .n_jobs = i == 3,
                                                                    .damaged = damaged,
                                                                    .n_damaged = ELEMENTSOF(damaged) });
                static const char *const states[] = { "failed", "running", "shut-off", "resuming" };

                CHECK(streq(view_find_domain(v, "vm")->state, states[i]));
                CHECK(view_find_domain(v, "vm")->hibernated == (i == 0 || i == 3));
        }
}

static void test_records(void)
{
        FunctionSwap swap = { .has_from = true, .from = b };
        ImageRecord record = { .domain_uuid = (char *) UUID,
                               .domain_name = (char *) "vm",
                               .strategy = STRATEGY_SUSPEND_TO_DISK,
                               .bytes = 5,
                               .functions = &swap,
                               .n_functions = 1 };
        ImageRecord *records[] = { &record };
        Ledger ledger = { 0 };

        /* Without a world, beside an inactive domain, beside one that runs again. */
        for (int i = 0; i < 3; i++) {
                _cleanup_(world_freep) World *w = i == 0 ? NULL : new_world(i == 2, &a);
                _cleanup_(view_freep) View *v = make(&(ViewInput) {
                                .world = w, .ledger = &ledger, .records = records, .n_records = 1 });
                const DomainView *d = view_find_domain(v, "vm");

                CHECK(d && v->n_domains == 1);
                CHECK(d->defined == (i > 0));
                CHECK(d->hibernated == (i < 2));
                CHECK(streq(d->state, i < 2 ? "hibernated" : "running"));
                CHECK(pci_address_equal(d->functions, i < 2 ? &b : &a));
                CHECK(d->image_bytes == (i < 2 ? 5 : 0));
        }
}

static Locator locator(const char *slot)
{
        Locator l = { 0 };

        (void) snprintf(l.slot, sizeof(l.slot), "%s", slot);
        return l;
}

/* The card of `a` is where `b` was, another one got the address of `a`, and that of `b` is gone: what was written down
 * speaks of the same functions as before. */
static void test_renumbered(void)
{
        const Locator of_a = locator("pci0000:00/10.0/00.0"), of_b = locator("pci0000:00/11.0/00.0"),
                      of_new = locator("pci0000:00/0f.0/00.0");
        FunctionSwap had[] = { { .has_from = true, .from = a, .from_locator = of_a },
                               { .has_from = true, .from = b, .from_locator = of_b } };
        ImageRecord record = { .domain_uuid = (char *) UUID,
                               .domain_name = (char *) "vm",
                               .functions = had,
                               .n_functions = 2 };
        ImageRecord *records[] = { &record };
        Hold hold = { .domain_uuid = (char *) UUID };
        FunctionRef reserved[] = { { a, of_a } };
        Reservation reservation = { .functions = reserved, .n_functions = 1, .until_usec = 77 };
        LedgerQuarantine quarantine = { .function = { a, of_a }, .reason = (char *) "it smokes" };
        const Ledger holds = { .claims = { .holds = &hold, .n_holds = 1 } },
                     reserves = { .claims = { .reservations = &reservation, .n_reservations = 1 } },
                     quarantines = { .quarantines = &quarantine, .n_quarantines = 1 }, none = { 0 };
        const Ledger *const ledgers[] = { &holds, &reserves, &quarantines, &none };
        const FunctionState states[] = { FUNCTION_HELD, FUNCTION_HELD, FUNCTION_QUARANTINED,
                                         FUNCTION_LEASED };

        for (size_t i = 0; i < ELEMENTSOF(ledgers); i++) {
                /* Its inactive XML names `a` still, which is no claim to what is there now. */
                _cleanup_(world_freep) World *w = new_world(false, &a);
                _cleanup_(job_freep) Job *j = new_job(JOB_MOVE);
                const ViewJob job = { .job = j };
                _cleanup_(view_freep) View *v = NULL;
                const DomainView *d;

                w->functions[0].locator = of_a;
                w->functions[1].locator = of_new;
                j->swaps[0].from_locator = of_a;
                j->swaps[0].to_locator = of_b;
                v = make(&(ViewInput) { .world = w,
                                        .ledger = ledgers[i],
                                        .records = records,
                                        .n_records = 1,
                                        .jobs = &job,
                                        .n_jobs = ledgers[i] == &none });
                d = view_find_domain(v, "vm");

                expect_functions(v, FUNCTION_FREE, states[i]);
                CHECK(d->hibernated && d->n_functions == 1 && pci_address_equal(d->functions, &b));
        }
}

/* What is kept, below each stronger claim, and what its own job may choose from. */
static void test_claims(void)
{
        ImageRecord *records[] = { &record_of_b };
        LedgerQuarantine quarantine = { .function = { .address = b }, .reason = (char *) "it smokes" };
        Hold hold = { .domain_uuid = (char *) UUID, .until_usec = 99 };
        FunctionRef reserved[] = { { .address = b } };
        Reservation reservation = { .functions = reserved, .n_functions = 1, .until_usec = 77 };
        const struct {
                bool recorded, active, held, reserved, quarantined;
                FunctionState state_b;
                uint64_t until;
                HoldMode mode;
        } table[] = {
                { .recorded = true,
                  .held = true,
                  .state_b = FUNCTION_HELD,
                  .until = 99,
                  .mode = HOLD_HOLD_UNTIL },
                { .recorded = false, .held = true, .state_b = FUNCTION_FREE },
                { .recorded = true, .state_b = FUNCTION_FREE },
                { .reserved = true, .state_b = FUNCTION_HELD, .until = 77 },
                /* Of two the first, which keeps the other away. */
                { .recorded = true,
                  .held = true,
                  .reserved = true,
                  .state_b = FUNCTION_HELD,
                  .until = 77,
                  .mode = HOLD_HOLD_UNTIL },
                { .recorded = true,
                  .active = true,
                  .held = true,
                  .reserved = true,
                  .state_b = FUNCTION_ASSIGNED },
                { .recorded = true,
                  .held = true,
                  .quarantined = true,
                  .state_b = FUNCTION_QUARANTINED,
                  .mode = HOLD_HOLD_UNTIL },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(world_freep) World *w = new_world(table[i].active, &b);
                const Ledger ledger = {
                        .quarantines = &quarantine,
                        .n_quarantines = table[i].quarantined,
                        .claims = { .holds = &hold,
                                    .n_holds = table[i].held,
                                    .reservations = &reservation,
                                    .n_reservations = table[i].reserved },
                };
                _cleanup_(view_freep) View *v = make(&(ViewInput) { .world = w,
                                                                    .ledger = &ledger,
                                                                    .records = records,
                                                                    .n_records = table[i].recorded });
                const DomainView *d = view_find_domain(v, "vm");
                _cleanup_free_ Function *own = NULL, *others = NULL, *by_cookie = NULL;
                bool is_hold = table[i].state_b == FUNCTION_HELD && table[i].until == 99;
                size_t n;

                expect_functions(v, FUNCTION_FREE, table[i].state_b);
                CHECK(view_find_function(v, &b)->held_until_usec == table[i].until);
                CHECK(d->hold == table[i].mode);
                CHECK(d->hold_until_usec == (table[i].mode == HOLD_RELEASE ? 0 : 99));
                CHECK(!is_hold || streq(view_find_function(v, &b)->domain, "vm"));

                CHECK(view_functions_for(v, d, NULL, &own, &n) >= 0);
                CHECK(n == 2 && own[1].state == (is_hold ? FUNCTION_FREE : table[i].state_b));
                CHECK(view_functions_for(v, NULL, NULL, &others, &n) >= 0);
                CHECK(n == 2 && others[1].state == table[i].state_b);
                CHECK(view_functions_for(v, d, &reservation, &by_cookie, &n) >= 0);
                CHECK(n == 1 && pci_address_equal(&by_cookie[0].address, &b));
                CHECK(by_cookie[0].state ==
                      (table[i].state_b == FUNCTION_HELD ? FUNCTION_FREE : table[i].state_b));
        }
}

static void test_outcomes(void)
{
        _cleanup_(world_freep) World *before = new_world(false, &a), *after = new_world(true, &b);
        _cleanup_(job_freep) Job *j = new_job(JOB_RESUME);
        _cleanup_(outcome_freep) Outcome *o = NULL, *hibernated = NULL, *none = NULL;
        _cleanup_(view_freep) View *v = NULL;
        Ledger ledger = { 0 };

        j->state = JOB_DONE;
        CHECK(outcome_new(j, false, 100, &o) == 1);
        CHECK(!outcome_agrees(o, before));
        CHECK(outcome_agrees(o, after));

        v = make(&(ViewInput) { .world = before, .ledger = &ledger, .outcomes = &o, .n_outcomes = 1 });
        CHECK(v->domains[0].active && streq(v->domains[0].state, "running"));
        expect_functions(v, FUNCTION_FREE, FUNCTION_ASSIGNED);

        j->state = JOB_FAILED;
        CHECK(outcome_new(j, true, 100, &hibernated) == 1);
        CHECK(outcome_agrees(hibernated, before) && !outcome_agrees(hibernated, after));
        CHECK(outcome_new(j, false, 100, &none) == 0);
}

static void test_paths(void)
{
        static const char *const bad[] = {
                "/org/vgpu/Hibernate1/function",
                "/org/vgpu/Hibernate1/function/",
                "/org/vgpu/Hibernate1/function/0000_01_10",
                "/org/vgpu/Hibernate1/function/0000_01_1F_0",
                "/org/vgpu/Hibernate1/function/00000_01_10_0",
                "/org/vgpu/Hibernate1/function/0000_01_10_0/x",
                "/org/vgpu/Hibernate1/function/00000000000000000000_01_10_0",
                "/org/vgpu/Hibernate1/functions/0000_01_10_0",
        };
        static const char *const bad_jobs[] = { "", "0", "01", "-1", "+1", "1x", "18446744073709551616" };
        char uuid[UUID_STRING_MAX];
        uint64_t id;

        for (PciAddress x = { 0 }; x.domain < 0xfffffff;
             x.domain = x.domain * 7 + 1, x.function = (x.function + 1) % 8) {
                _cleanup_free_ char *path = NULL;
                PciAddress y;

                x.bus = (uint8_t) x.domain;
                CHECK(function_path_from_address(&x, &path) >= 0);
                CHECK(function_path_to_address(path, &y) >= 0);
                CHECK(pci_address_equal(&x, &y));
        }

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                PciAddress x;

                CHECK(function_path_to_address(bad[i], &x) == -ENOENT);
        }

        for (size_t i = 0; i < ELEMENTSOF(bad_jobs); i++) {
                _cleanup_free_ char *path = NULL;

                CHECK(asprintf(&path, "/org/vgpu/Hibernate1/job/%s", bad_jobs[i]) >= 0);
                CHECK(job_path_to_id(path, &id) == -ENOENT);
        }

        CHECK(job_path_to_id("/org/vgpu/Hibernate1/job/18446744073709551615", &id) >= 0 && id == UINT64_MAX);
        CHECK(domain_path_to_uuid("/org/vgpu/Hibernate1/domain/11111111_1111_1111_1111_111111111111",
                                  uuid) >= 0);
        CHECK(streq(uuid, UUID));
        CHECK(domain_path_to_uuid("/org/vgpu/Hibernate1/domain/11111111_1111_1111_1111_11111111111A", uuid) <
              0);
        CHECK(domain_path_to_uuid("/org/vgpu/Hibernate1/domain/1111111111111111111111111111111111111",
                                  uuid) < 0);
}

static void test_notify(void)
{
        const struct {
                const char *text;
                int r;
                NotifyMessage message;
        } table[] = {
                { "X_VGPU_JOB=17", 0, { .job = 17 } },
                { "X_VGPU_JOB=17\nSTATUS=fine\nnonsense\n", 0, { .job = 17 } },
                { "X_VGPU_BYTES=5\nX_VGPU_BYTES_TOTAL=9\nX_VGPU_JOB=1", 0, { 1, true, 5, 9 } },
                { "X_VGPU_JOB=1\nX_VGPU_BYTES_TOTAL=9", 0, { 1, false, 0, 9 } },
                { "", -EBADMSG, { 0 } },
                { "X_VGPU_JOB=0", -EBADMSG, { 0 } },
                { "X_VGPU_JOB=", -EBADMSG, { 0 } },
                { "X_VGPU_JOB=-1", -EBADMSG, { 0 } },
                { "X_VGPU_JOB=1\nX_VGPU_BYTES=many", -EBADMSG, { 0 } },
                { "X_VGPU_JOB=99999999999999999999", -EBADMSG, { 0 } },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_free_ char *text = strdup(table[i].text);
                NotifyMessage m = { 0 };

                CHECK(text);
                CHECK(notify_message_parse(text, &m) == table[i].r);
                CHECK(m.job == table[i].message.job && m.has_bytes == table[i].message.has_bytes);
                CHECK(m.bytes == table[i].message.bytes && m.bytes_total == table[i].message.bytes_total);
        }
}

/* "Step Rate!": what differs, and what is gone by now. */
static void expect_changes(const JobShown *before, const JobShown *after, const char *expected)
{
        PropertyChange changes[JOB_PROPERTIES_MAX];
        size_t n = job_shown_compare(before, after, changes), size;
        _cleanup_free_ char *text = NULL;
        FILE *out = open_memstream(&text, &size);

        CHECK(out);
        for (size_t i = 0; i < n; i++)
                if (changes[i].differs)
                        (void) fprintf(out, "%s%s ", changes[i].name, changes[i].absent ? "!" : "");
        CHECK(fclose(out) == 0);
        CHECK(streq(text, expected));
}

static void test_shown(void)
{
        _cleanup_(job_freep) Job *job = new_job(JOB_MOVE);
        _cleanup_(job_shown_freep) JobShown *before = NULL, *after = NULL;
        Manager m = { .n_jobs = 0 };
        ManagedJob j = { .manager = &m, .job = job };

        CHECK(job_shown_new(&j, &before) >= 0);
        expect_changes(before, before, "");

        job->steps[0].state = STEP_STARTED;
        job->swaps[0].to = a;
        j.rate = 7;
        CHECK(job_shown_new(&j, &after) >= 0);
        expect_changes(before, after, "Step StepNumber Rate Functions Steps ");
        expect_changes(after, before, "Step StepNumber Rate! Functions Steps ");
}

int main(int argc, char *argv[])
{
        test_overlay();
        test_given_up();
        test_unknown();
        test_groups();
        test_damaged();
        test_records();
        test_renumbered();
        test_claims();
        test_outcomes();
        test_paths();
        test_notify();
        test_shown();
        return EXIT_SUCCESS;
}
