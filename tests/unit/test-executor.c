/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The project's heart: for every plan, let every operation fail, die before or after its effect, or be the last before
 * a power cut; recover; and let a second fault of each kind hit the recovery too. Then the guest's memory must exist
 * exactly once, nothing may be left behind, and the job must have ended with an honest word.
 *
 * One case again: test-executor KIND STRATEGY FAULT CALL [FAULT2 CALL2], as a failing run prints it.
 */
#include "fake/fake-host.h"
#include "test.h"

#include <inttypes.h>

#define UUID "6ed0b4a4-6e5c-4a51-9d2b-1f3c0d8a7b10"
#define RECOVERIES_MAX 8

typedef struct Case {
        JobKind kind;
        Strategy strategy;
        FakeFault fault[2];
        unsigned call[2];
} Case;

static const char *const fault_names[] = { "none",      "error",      "kill-before", "kill-after",
                                           "power-cut", "kill-asked", "qemu-dies" };

static void fail_case(const Case *c, const FakeHost *h, const char *what)
{
        (void) fprintf(stderr,
                       "failed: %s\n  qemu=%s image=%d consumed=%d guard=%d s4=%d record=%d lost=%d last=%s job=%s: %s\n"
                       "  again: test-executor %s %s %s %u %s %u\n",
                       what, qemu_status_to_string(h->qemu), h->image, h->image_consumed, h->guard,
                       h->s4_image, h->record, h->memory_lost, h->last_call,
                       h->journal ? job_state_to_string(h->journal->state) : "(none)",
                       h->journal ? failure_message(&h->journal->failure) : "", job_kind_to_string(c->kind),
                       strategy_to_string(c->strategy), fault_names[c->fault[0]], c->call[0],
                       fault_names[c->fault[1]], c->call[1]);
        exit(EXIT_FAILURE);
}

#define EXPECT(c, h, condition)                          \
        do {                                             \
                if (!(condition))                        \
                        fail_case((c), (h), #condition); \
        } while (false)

static Job *make_job(const Case *c)
{
        FunctionSwap swap = { .has_from = true, .from = fake_function(0) };
        Job *j;

        if (c->kind != JOB_HIBERNATE) {
                swap.has_to = true;
                swap.to = fake_function(2);
        }

        CHECK(job_new(7, c->kind, c->strategy, UUID, "vm1", &j) >= 0);
        CHECK(job_set_swaps(j, &swap, 1) >= 0);
        return j;
}

static void make_world(const Case *c, FakeHost *h)
{
        fake_host_init(h);
        if (c->kind != JOB_RESUME)
                return;

        h->qemu = QEMU_NONE;
        h->libvirt = DOMAIN_SHUTOFF;
        h->record = true;
        if (c->strategy == STRATEGY_SUSPEND_TO_RAM) {
                h->image = IMAGE_VALID;
                h->guard = true;
        } else
                h->s4_image = true;
}

/* One process: runs until its end, or until a fault kills it. False: killed. */
static bool run_worker(FakeHost *h, bool recover)
{
        Executor e = {
                .ops = &fake_host_ops,
                .host = h,
                .store_ops = &fake_store_ops,
                .store = h,
        };
        int r;

        h->calls = 0;
        if (setjmp(h->killed) != 0)
                return false; /* the dead process's job leaks, as its memory would */

        /* What the process works on is what it read from the journal. */
        e.job = TAKE_PTR(h->journal);
        CHECK(fake_store_ops.write_job(h, e.job, NULL) >= 0 || h->fault == FAKE_FAULT_ERROR);
        if (!h->journal)
                h->journal = make_job(&(Case) { e.job->kind, e.job->strategy, { 0 }, { 0 } });

        r = recover ? executor_recover(&e) : executor_run(&e);
        CHECK((r >= 0) == (e.job->state == JOB_DONE));
        CHECK(r == -EAGAIN || job_state_is_final(e.job->state));

        failure_done(&e.stuck);
        (void) job_free(e.job);
        return true;
}

static void make_world_with_stale_guard(const Case *c, FakeHost *h)
{
        make_world(c, h);
        h->guard = h->image_consumed = true;
}

/* Runs the case. True when its last fault was reached. */
static bool run_case_in(const Case *c, FakeHost *h, void (*make)(const Case *c, FakeHost *h))
{
        bool reached;

        make(c, h);
        h->journal = make_job(c);
        h->fault = c->fault[0];
        h->fault_at = c->call[0];
        (void) run_worker(h, false);
        reached = h->calls >= h->fault_at;

        h->fault = c->fault[1];
        h->fault_at = c->call[1];
        if (h->fault != FAKE_FAULT_NONE)
                reached = false;
        for (unsigned i = 0; i < RECOVERIES_MAX && !job_state_is_final(h->journal->state); i++) {
                (void) run_worker(h, true);
                if (h->fault_at > 0)
                        reached = h->calls >= h->fault_at;
                h->fault_at = 0;
        }

        return reached;
}

static bool run_case(const Case *c, FakeHost *h)
{
        return run_case_in(c, h, make_world);
}

static bool is_hibernated(const FakeHost *h)
{
        return h->record && h->qemu == QEMU_NONE &&
               (h->s4_image || (h->image == IMAGE_VALID && h->guard && !h->image_consumed));
}

static void check_invariants(const Case *c, const FakeHost *h)
{
        const Job *j = h->journal;
        bool runs = h->qemu == QEMU_RUNNING;

        EXPECT(c, h, job_state_is_final(j->state));
        EXPECT(c, h, (j->state == JOB_DONE) == (j->failure.code == FAILURE_NONE));
        EXPECT(c, h, !h->memory_lost);
        EXPECT(c, h, !h->image_ran_twice);
        EXPECT(c, h, h->cold_boots == 0);

        if (!h->memory_cut)
                EXPECT(c, h, runs != is_hibernated(h) || (j->failure.code == FAILURE_LOST && !h->record));
        if (runs) {
                EXPECT(c, h, !h->record && !h->guard && h->image == IMAGE_NONE && !h->s4_image);
                EXPECT(c, h, !h->cpr_mode);
                EXPECT(c, h, h->libvirt == DOMAIN_RUNNING);
                EXPECT(c, h, h->bound[h->qemu_has]);
                EXPECT(c, h, h->definition_names == h->qemu_has || j->failure.code != FAILURE_NONE);
        }
        if (j->state == JOB_DONE && !h->memory_cut)
                EXPECT(c, h, c->kind == JOB_HIBERNATE ? is_hibernated(h) : runs && h->qemu_has == 2);
        for (size_t i = 0; i < j->n_steps; i++)
                EXPECT(c, h, j->steps[i].state != STEP_STARTED && j->steps[i].state != STEP_UNDOING);
}

static uint64_t run_and_check(const Case *c, bool *ret_reached)
{
        FakeHost h;

        *ret_reached = run_case(c, &h);
        check_invariants(c, &h);
        fake_host_done(&h);
        return 1;
}

/* Every first fault up to `last` at every call, and after each that killed, every second fault at every call of the
 * recovery. */
static uint64_t run_all(JobKind kind, Strategy strategy, FakeFault last)
{
        uint64_t n = 0;

        for (FakeFault f = FAKE_FAULT_ERROR; f <= last; f++) {
                bool reached = true;

                for (unsigned call = 2; reached; call++) {
                        Case c = { kind, strategy, { f, FAKE_FAULT_NONE }, { call, 0 } };

                        n += run_and_check(&c, &reached);
                        if (!reached || f == FAKE_FAULT_ERROR)
                                continue;

                        for (FakeFault g = FAKE_FAULT_ERROR; g < _FAKE_FAULT_MAX; g++) {
                                bool reached2 = true;

                                for (unsigned call2 = 2; reached2; call2++) {
                                        Case d = { kind, strategy, { f, g }, { call, call2 } };

                                        n += run_and_check(&d, &reached2);
                                }
                        }
                }
        }

        return n;
}

static void test_undisturbed(void)
{
        for (JobKind k = JOB_HIBERNATE; k < _JOB_KIND_MAX; k++)
                for (Strategy s = STRATEGY_SUSPEND_TO_RAM; s < _STRATEGY_MAX; s++) {
                        Case c = { k, s, { 0 }, { 0 } };
                        FakeHost h;

                        (void) run_case(&c, &h);
                        check_invariants(&c, &h);
                        EXPECT(&c, &h, h.journal->state == JOB_DONE);
                        fake_host_done(&h);
                }
}

static void test_auto_becomes_suspend_to_ram(void)
{
        Case c = { JOB_MOVE, STRATEGY_AUTO, { 0 }, { 0 } };
        FakeHost h;

        (void) run_case(&c, &h);
        check_invariants(&c, &h);
        CHECK(h.journal->strategy == STRATEGY_SUSPEND_TO_RAM);
        CHECK(h.journal->state == JOB_DONE);
        fake_host_done(&h);
}

/* The guest that claims to suspend and does not: it must run on, and nothing of the target stay bound. */
static void test_guest_ignores_suspend(void)
{
        for (Strategy s = STRATEGY_SUSPEND_TO_RAM; s < _STRATEGY_MAX; s++) {
                Case c = { JOB_MOVE, s, { 0 }, { 0 } };
                FakeHost h;

                make_world(&c, &h);
                h.ignores_suspend = true;
                h.journal = make_job(&c);
                (void) run_worker(&h, false);
                check_invariants(&c, &h);
                CHECK(h.journal->state == JOB_FAILED);
                CHECK(h.journal->failure.code == FAILURE_SUSPEND_FAILED);
                CHECK(h.qemu == QEMU_RUNNING);
                CHECK(!h.bound[2]);
                fake_host_done(&h);
        }
}

/* A guard link that outlived its guest, for whatever reason, is never the way back. */
static void test_stale_guard(void)
{
        for (FakeFault f = FAKE_FAULT_ERROR; f < _FAKE_FAULT_MAX; f++) {
                bool reached = true;

                for (unsigned call = 2; reached; call++) {
                        Case c = { JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, { f, FAKE_FAULT_NONE }, { call, 0 } };
                        FakeHost h;

                        reached = run_case_in(&c, &h, make_world_with_stale_guard);
                        EXPECT(&c, &h, !h.image_ran_twice && !h.memory_lost && h.cold_boots == 0);
                        EXPECT(&c, &h, job_state_is_final(h.journal->state));
                        fake_host_done(&h);
                }
        }
}

/* The wake took effect, its worker died, and somebody paused the guest or it fell asleep again: what its QEMU holds is
 * never exchanged for the image. */
static void test_ran_and_stopped(JobKind kind, QemuStatus stopped)
{
        Case c = { kind, STRATEGY_SUSPEND_TO_RAM, { 0 }, { 0 } };
        FakeHost h;
        Job *j;

        make_world(&c, &h);
        h.qemu = stopped;
        h.libvirt = DOMAIN_PAUSED;
        h.qemu_has = h.image_names = 2;
        h.bound[2] = h.guard = h.record = true;
        h.image = IMAGE_NONE;
        h.image_consumed = h.qemu_is_restored = true;

        j = make_job(&c);
        CHECK(job_set_state(j, JOB_RUNNING) >= 0);
        for (size_t i = 0; i < j->n_steps && j->steps[i].id != STEP_WAKE; i++)
                j->steps[i].state = STEP_DONE;
        job_find_step(j, STEP_WAKE)->state = STEP_STARTED;
        h.journal = j;

        (void) run_worker(&h, true);
        CHECK(h.qemu != QEMU_NONE && !h.memory_lost && !h.image_ran_twice);
        if (stopped == QEMU_SUSPENDED)
                CHECK(h.journal->state == JOB_DONE && h.qemu == QEMU_RUNNING);
        else
                CHECK(!job_state_is_final(h.journal->state) && h.journal->stuck);

        /* Somebody lets it run on. */
        h.qemu = QEMU_RUNNING;
        if (!job_state_is_final(h.journal->state))
                (void) run_worker(&h, true);
        CHECK(h.journal->state == JOB_DONE && !h.guard && !h.record);
        fake_host_done(&h);
}

static void test_cancel(void)
{
        volatile sig_atomic_t canceled = 1;
        Case c = { JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, { 0 }, { 0 } };
        FakeHost h;
        Executor e = { .ops = &fake_host_ops,
                       .host = &h,
                       .store_ops = &fake_store_ops,
                       .store = &h,
                       .canceled = &canceled };

        make_world(&c, &h);
        e.job = make_job(&c);
        CHECK(executor_run(&e) < 0);
        check_invariants(&c, &h);
        CHECK(h.journal->state == JOB_CANCELED);
        CHECK(h.qemu == QEMU_RUNNING);
        (void) job_free(e.job);
        fake_host_done(&h);
}

static FakeFault fault_from_string(const char *s)
{
        for (FakeFault f = FAKE_FAULT_NONE; f < _FAKE_FAULT_MAX; f++)
                if (streq(fault_names[f], s))
                        return f;
        exit(EXIT_FAILURE);
}

int main(int argc, char *argv[])
{
        /* "errors": without what dies by longjmp and leaks as a killed process does, so that real leaks show. */
        FakeFault last = argc == 2 && streq(argv[1], "errors") ? FAKE_FAULT_ERROR : _FAKE_FAULT_MAX - 1;
        uint64_t n = 0;

        if (argc >= 5) {
                Case c = { job_kind_from_string(argv[1]),
                           strategy_from_string(argv[2]),
                           { fault_from_string(argv[3]),
                             argc >= 7 ? fault_from_string(argv[5]) : FAKE_FAULT_NONE },
                           { (unsigned) atoi(argv[4]), argc >= 7 ? (unsigned) atoi(argv[6]) : 0 } };
                bool reached;

                (void) run_and_check(&c, &reached);
                return EXIT_SUCCESS;
        }

        test_undisturbed();
        test_auto_becomes_suspend_to_ram();
        test_guest_ignores_suspend();
        test_cancel();
        if (last != FAKE_FAULT_ERROR)
                test_stale_guard();
        for (JobKind k = JOB_RESUME; k <= JOB_MOVE; k++) {
                test_ran_and_stopped(k, QEMU_SUSPENDED);
                test_ran_and_stopped(k, QEMU_PAUSED);
        }

        for (JobKind k = JOB_HIBERNATE; k < _JOB_KIND_MAX; k++)
                for (Strategy s = STRATEGY_SUSPEND_TO_RAM; s < _STRATEGY_MAX; s++)
                        n += run_all(k, s, last);

        (void) printf("%" PRIu64 " cases of one and two faults\n", n);
        return EXIT_SUCCESS;
}
