/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * The project's heart: for every plan, let every operation fail, fail after its effect, die before or after it, or be
 * the last before a power cut; let the disk be full from any write on; cancel and hold at every operation; let targets
 * be bad in every way, so that others are tried; and let a second fault of each kind hit the way back or the recovery
 * too. Then the guest's memory must exist exactly once, nothing may be left behind, and the job must have ended with
 * an honest word.
 *
 * One case again: test-executor KIND STRATEGY BAD N_BAD FALLBACK FAULT CALL [FAULT2 CALL2], as a failing run prints it.
 */
#include "core/family.h"
#include "core/retarget.h"
#include "fake/fake-host.h"
#include "test.h"

#include <inttypes.h>

#define UUID "6ed0b4a4-6e5c-4a51-9d2b-1f3c0d8a7b10"
#define WORKERS_MAX 16
#define ATTEMPTS_MAX 3

typedef struct Case {
        JobKind kind;
        Strategy strategy;
        FakeBad bad; /* what the first n_bad of the functions 2, 3, 1, 0 are like */
        unsigned n_bad;
        JobFallback fallback;
        bool asleep; /* the guest was suspended before */
        FakeFault fault[FAKE_FAULTS];
        unsigned call[FAKE_FAULTS];
} Case;

static const FunctionIdentity vgpu = { .vendor = 0x1002, .device = 0x74b6 };

static bool trace;

static const char *const fault_names[] = {
        [FAKE_FAULT_NONE] = "none",
        [FAKE_FAULT_ERROR] = "error",
        [FAKE_FAULT_ERROR_AFTER] = "error-after",
        [FAKE_FAULT_ERROR_ASKED] = "error-asked",
        [FAKE_FAULT_DISK_FULL] = "disk-full",
        [FAKE_FAULT_CANCEL] = "cancel",
        [FAKE_FAULT_HOLD] = "hold",
        [FAKE_FAULT_KILL_BEFORE] = "kill-before",
        [FAKE_FAULT_KILL_AFTER] = "kill-after",
        [FAKE_FAULT_POWER_CUT] = "power-cut",
        [FAKE_FAULT_RENUMBER] = "renumber",
        [FAKE_FAULT_KILL_ASKED] = "kill-asked",
        [FAKE_FAULT_QEMU_DIES] = "qemu-dies",
};

static const char *const bad_names[] = {
        [FAKE_GOOD] = "good",     [FAKE_BAD_BIND] = "bind",   [FAKE_BAD_RESTORE] = "restore",
        [FAKE_BAD_WAKE] = "wake", [FAKE_BAD_PROBE] = "probe", [FAKE_BAD_GATE] = "gate",
        [FAKE_BAD_ASK] = "ask",   [FAKE_BAD_CLEAN] = "clean", [FAKE_BAD_FIXUPS] = "fixups",
};

static void fail_case(const Case *c, const FakeHost *h, const char *what)
{
        (void) fprintf(stderr,
                       "failed: %s\n  qemu=%s has=%u image=%d consumed=%d guard=%d s4=%d record=%d lost=%d cut=%d last=%s "
                       "job=%s: %s\n"
                       "  again: test-executor %s %s %s %u %s %s %u %s %u\n",
                       what, qemu_status_to_string(h->qemu), h->qemu_has, h->image, h->image_consumed,
                       h->guard, h->s4_image, h->record, h->memory_lost, h->memory_cut, h->last_call,
                       h->journal ? job_state_to_string(h->journal->state) : "(none)",
                       h->journal ? failure_message(&h->journal->failure) : "", job_kind_to_string(c->kind),
                       strategy_to_string(c->strategy), bad_names[c->bad], c->n_bad,
                       job_fallback_to_string(c->fallback), fault_names[c->fault[0]], c->call[0],
                       fault_names[c->fault[1]], c->call[1]);
        exit(EXIT_FAILURE);
}

#define EXPECT(c, h, condition)                          \
        do {                                             \
                if (!(condition))                        \
                        fail_case((c), (h), #condition); \
        } while (false)

static Job *make_job(const Case *c, const FakeHost *h)
{
        const FunctionRef from = fake_ref(h, 0), to = fake_ref(h, 2);
        FunctionSwap swap = {
                .has_from = true, .from = from.address, .from_locator = from.locator, .identity = vgpu
        };
        Job *j;

        if (c->kind == JOB_RESUME || c->kind == JOB_MOVE) {
                swap.has_to = true;
                swap.to = to.address;
                swap.to_locator = to.locator;
        }

        CHECK(job_new(7, c->kind, c->strategy, UUID, "vm1", &j) >= 0);
        CHECK(job_set_swaps(j, &swap, 1) >= 0);
        j->fallback = c->fallback;
        j->needs_fixups = c->kind == JOB_MOVE; /* to the other card */
        j->fixups = c->kind == JOB_RESUME ? FIXUPS_YES : FIXUPS_UNKNOWN;
        return j;
}

static void make_world(const Case *c, FakeHost *h)
{
        static const unsigned turn[FAKE_FUNCTIONS] = { 2, 3, 1, 0 }; /* as the policy chooses */

        fake_host_init(h);
        for (unsigned i = 0; i < c->n_bad; i++)
                h->bad[turn[i]] = c->bad;
        h->device_state = c->strategy == STRATEGY_DEVICE_STATE;
        if (c->asleep) {
                h->qemu = QEMU_SUSPENDED;
                h->libvirt = DOMAIN_PMSUSPENDED;
        }
        if (c->kind != JOB_RESUME && c->kind != JOB_DISCARD)
                return;

        h->qemu = QEMU_NONE;
        h->libvirt = DOMAIN_SHUTOFF;
        h->plugged = false;
        h->record = true;
        h->used[0] = false;
        h->s4_image = !strategy_writes_image(c->strategy);
        if (h->s4_image)
                return;

        h->image = IMAGE_VALID;
        h->guard = true;
        h->image_has_none = c->strategy == STRATEGY_UNPLUG;
        h->image_was_running = strategy_saves_running(c->strategy);
}

typedef enum WorkerEnd {
        WORKER_KILLED,
        WORKER_LATER, /* status 75 */
        WORKER_ENDED,
} WorkerEnd;

static WorkerEnd run_worker(FakeHost *h, bool recover)
{
        Executor e = {
                .ops = &fake_host_ops,
                .host = h,
                .store_ops = &fake_store_ops,
                .store = h,
                .canceled = &h->canceled,
                .held = &h->held,
        };
        int r;

        if (setjmp(h->killed) != 0)
                return WORKER_KILLED; /* the dead process's job leaks, as its memory would */

        e.job = fake_host_read_journal(h);
        r = recover ? executor_recover(&e) : executor_run(&e);
        CHECK(r < 0 || e.job->state == JOB_DONE);
        CHECK((r == -ERESTART) == (e.job->state == JOB_RETRYING));
        CHECK(r == -EAGAIN || r == -ERESTART || job_state_is_final(h->journal->state));

        failure_done(&e.stuck);
        (void) job_free(e.job);
        return r == -EAGAIN || r == -ERESTART ? WORKER_LATER : WORKER_ENDED;
}

static bool is_source(const Job *j, const Function *f)
{
        const FunctionRef from = swap_source(j->swaps);

        return function_ref_is(&from, f);
}

static bool is_target(const Job *j, const Function *f)
{
        const FunctionRef to = swap_target(j->swaps);

        return j->swaps[0].has_to && function_ref_is(&to, f);
}

/* What the daemon does with a job that wants other functions. */
static void choose_targets(FakeHost *h)
{
        static const Family family = { .targets = TARGETS_ANY,
                                       .needs_fixups = true,
                                       .without_fixups = TARGETS_SAME_PHYSICAL_NODE };
        Function functions[FAKE_FUNCTIONS];
        Job *j = h->journal;
        const Function *to;
        Retarget how;

        for (unsigned i = 0; i < FAKE_FUNCTIONS; i++) {
                const FunctionRef ref = fake_ref(h, i);

                functions[i] = (Function) { .address = ref.address,
                                            .locator = ref.locator,
                                            .physical_function = { .bus = fake_function(i).bus },
                                            .identity = vgpu,
                                            .family = &family };
                for (size_t k = 0; k < j->n_quarantines; k++)
                        if (function_ref_is(&j->quarantines[k].function, functions + i))
                                functions[i].state = FUNCTION_QUARANTINED;
                if (is_target(j, functions + i) || (j->kind != JOB_RESUME && is_source(j, functions + i)))
                        functions[i].state = FUNCTION_LEASED;
        }

        how = retarget_decide(j, functions, FAKE_FUNCTIONS, PICK_PACK, ATTEMPTS_MAX, &to);
        CHECK((how == RETARGET_END ? retarget_end(j, 1) : retarget_apply(j, how, &to, 1)) >= 0);
}

static bool fault_ends_worker(FakeFault f)
{
        return f >= FAKE_FAULT_KILL_BEFORE;
}

static void arm(FakeHost *h, const Case *c, size_t i)
{
        h->fault[i] = c->fault[i];
        h->fault_at[i] = c->fault[i] == FAKE_FAULT_NONE ? 0 : c->call[i];
}

/* The next worker is another process: its signals and its calls are its own, and there is room on the disk again. */
static void next_process(FakeHost *h, const Case *c)
{
        h->calls = 0;
        h->canceled = h->held = 0;
        h->disk_full = false;
        h->fault_at[0] = h->fault_at[1] = 0;
        if (!h->reached[1])
                arm(h, c, 1);
}

static void make_world_with_stale_guard(const Case *c, FakeHost *h)
{
        make_world(c, h);
        h->guard = h->image_consumed = true;
}

/* Runs the case. True when its last fault was reached. A second fault hits the same process, unless the first one ends
 * that. */
static bool run_case_in(const Case *c, FakeHost *h, void (*make)(const Case *c, FakeHost *h))
{
        bool recover = false;

        make(c, h);
        h->trace = trace;
        h->journal = make_job(c, h);
        arm(h, c, 0);
        if (!fault_ends_worker(c->fault[0]))
                arm(h, c, 1);

        for (unsigned i = 0; i < WORKERS_MAX && !job_state_is_final(h->journal->state); i++) {
                WorkerEnd end;

                if (h->trace)
                        (void) printf("--- %s\n", recover ? "recover" : "run");
                end = run_worker(h, recover);

                if (h->journal->state == JOB_RETRYING) {
                        choose_targets(h);
                        recover = false;
                        continue;
                }

                recover = true;
                if (end == WORKER_LATER && h->held && h->qemu != QEMU_RUNNING)
                        fake_host_goes_down(h);
                if (end != WORKER_ENDED)
                        next_process(h, c);
        }

        fake_host_suspends(h);
        return h->reached[c->fault[1] != FAKE_FAULT_NONE];
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

/* Nobody died: then every function that is in nobody's hands is as it was, on no driver. */
static void check_bindings(const Case *c, const FakeHost *h)
{
        for (size_t i = 0; i < FAKE_FAULTS; i++)
                if (c->fault[i] != FAKE_FAULT_NONE && c->fault[i] != FAKE_FAULT_CANCEL)
                        return;

        for (unsigned i = 1; i < FAKE_FUNCTIONS; i++)
                EXPECT(c, h, !h->bound[i] || (h->plugged && h->qemu_has == i));
}

/* Index of the function that the job was for. */
static unsigned target_of(const Job *j)
{
        unsigned i = 0;

        for (PciAddress a = fake_function(0); !pci_address_equal(&a, &j->swaps[0].to); a = fake_function(i))
                i++;
        return i;
}

/* Whatever its address is by now. */
static bool has_own_function(const FakeHost *h)
{
        const FunctionRef has = fake_ref(h, h->qemu_has);
        const Function f = { .address = has.address, .locator = has.locator };

        return is_source(h->journal, &f) || is_target(h->journal, &f);
}

static bool is_quarantined(const Job *j, const FunctionRef *f)
{
        for (size_t i = 0; i < j->n_quarantines; i++)
                if (function_ref_equal(&j->quarantines[i].function, f))
                        return true;

        return false;
}

/* The function that the guest had is kept from others. */
static bool is_kept(const FakeHost *h)
{
        const FunctionRef from = swap_source(h->journal->swaps);

        return is_quarantined(h->journal, &from);
}

/* What a guest left is cleaned before anybody else may have it. Where the job did not come so far, the daemon sees to it. */
static void check_clean(const Case *c, const FakeHost *h)
{
        const JobStep *clean = job_find_step(h->journal, STEP_CLEAN);
        const FunctionRef from = swap_source(h->journal->swaps);

        for (unsigned i = 0; clean && clean->state == STEP_DONE && i < FAKE_FUNCTIONS; i++) {
                const FunctionRef here = fake_ref(h, i);

                if (function_ref_equal(&here, &from) && !h->journal->back &&
                    (h->qemu == QEMU_NONE || h->qemu_has != i))
                        EXPECT(c, h, !h->dirty[i] || is_kept(h));
        }

        for (unsigned i = 0; i < FAKE_FUNCTIONS; i++) {
                const FunctionRef here = fake_ref(h, i);

                /* What a guest that runs did not get back again: a person sees to it. */
                if (function_ref_equal(&here, &from) && h->journal->failure.code == FAILURE_PLUG_FAILED)
                        continue;
                if ((h->plugged && h->qemu_has == i) || is_quarantined(h->journal, &here) ||
                    h->journal->failure.code == FAILURE_LOST || h->memory_cut)
                        continue;
                EXPECT(c, h, !h->used[i]);
                if (!function_ref_equal(&here, &from))
                        EXPECT(c, h, !h->dirty[i] || !h->device_state);
        }

        EXPECT(c, h,
               job_left_unclean(h->journal) == (c->kind != JOB_RESUME && job_is_committed(h->journal) &&
                                                clean->state != STEP_DONE));
}

/* Only when it does not get back what it had: that went bad meanwhile. */
static bool is_said_to_run_without(const Case *c, const Job *j)
{
        return c->n_bad == FAKE_FUNCTIONS && j->failure.code == FAILURE_PLUG_FAILED &&
               strstr(failure_message(&j->failure), JOB_RUNS_WITHOUT);
}

static bool has_begun(const Job *j, StepId id)
{
        for (size_t i = 0; i < j->n_steps; i++)
                if (j->steps[i].id == id)
                        return j->steps[i].state != STEP_PENDING;

        return false;
}

static void check_invariants(const Case *c, const FakeHost *h)
{
        const Job *j = h->journal;
        bool runs = h->qemu == QEMU_RUNNING;

        /* It did not come so far as to touch a guest that slept. */
        if (h->qemu == QEMU_SUSPENDED && c->asleep) {
                EXPECT(c, h, !h->cpr_mode && !has_begun(j, STEP_SUSPEND));
                EXPECT(c, h, h->libvirt == DOMAIN_PMSUSPENDED && !h->record && h->plugged);
                EXPECT(c, h, job_state_is_final(j->state) && j->state != JOB_DONE);
                return;
        }
        /* A worker died over a guest that was being woken, and it does not wake: it may have run and be asleep again,
         * so nobody but a person may decide to end it. */
        if (c->bad == FAKE_BAD_WAKE && c->fault[0] != FAKE_FAULT_NONE && !job_state_is_final(j->state)) {
                EXPECT(c, h,
                       h->qemu == (strategy_saves_running(c->strategy) ? QEMU_PAUSED : QEMU_SUSPENDED) &&
                                       j->stuck && !h->memory_lost);
                return;
        }
        /* The way back is the restore of what was saved, and the domain's own function went bad meanwhile: tried again
         * until a person sees to it. */
        if (c->n_bad == FAKE_FUNCTIONS && c->fault[0] != FAKE_FAULT_NONE && !job_state_is_final(j->state)) {
                EXPECT(c, h,
                       h->qemu == QEMU_NONE && j->stuck && h->image == IMAGE_VALID && !h->image_consumed);
                return;
        }

        EXPECT(c, h, job_state_is_final(j->state));
        EXPECT(c, h, (j->state == JOB_DONE) == (j->failure.code == FAILURE_NONE));
        EXPECT(c, h, !h->memory_lost);
        EXPECT(c, h, !h->image_ran_twice);
        EXPECT(c, h, h->cold_boots == 0);
        EXPECT(c, h, !h->took_from_guest && !h->saved_ungated);

        if (!h->memory_cut)
                EXPECT(c, h, runs != is_hibernated(h) || (j->failure.code == FAILURE_LOST && !h->record));
        /* A host that goes down in an orderly way is no power cut: what is held can be held. */
        if (c->fault[0] == FAKE_FAULT_HOLD && c->fault[1] == FAKE_FAULT_NONE)
                EXPECT(c, h, !h->memory_cut);
        if (runs) {
                EXPECT(c, h, !h->record && !h->guard && h->image == IMAGE_NONE && !h->s4_image);
                EXPECT(c, h, !h->cpr_mode);
                EXPECT(c, h, h->libvirt == DOMAIN_RUNNING);
                EXPECT(c, h, h->plugged || is_said_to_run_without(c, j));
                EXPECT(c, h, !h->plugged || (h->bound[h->qemu_has] && has_own_function(h)));
                EXPECT(c, h, h->definition_names == h->qemu_has || j->failure.code != FAILURE_NONE);
        }
        if (j->state == JOB_DONE && !h->memory_cut)
                EXPECT(c, h,
                       c->kind == JOB_HIBERNATE ? is_hibernated(h)
                                                : runs && h->plugged && h->qemu_has == target_of(j));
        /* The image is safe, and after the boot all that a restore wants is made ready again. */
        if (c->kind == JOB_MOVE && c->fault[0] == FAKE_FAULT_POWER_CUT && c->fault[1] == FAKE_FAULT_NONE &&
            c->n_bad == 0 && strategy_writes_image(c->strategy) && job_is_committed(j))
                EXPECT(c, h, j->state == JOB_DONE || j->failure.code == FAILURE_LOST || h->memory_cut);
        for (size_t i = 0; i < j->n_steps; i++)
                EXPECT(c, h, j->steps[i].state != STEP_STARTED && j->steps[i].state != STEP_UNDOING);
        check_bindings(c, h);
        check_clean(c, h);
}

static uint64_t run_and_check(const Case *c, bool *ret_reached)
{
        FakeHost h;

        *ret_reached = run_case(c, &h);
        check_invariants(c, &h);
        fake_host_done(&h);
        return 1;
}

/* Every first fault at every call, and with `twice` after or beside each of them every second fault at every call. */
static uint64_t run_all(const Case *base, FakeFault last, bool twice)
{
        uint64_t n = 0;

        for (FakeFault f = FAKE_FAULT_ERROR; f <= last; f++) {
                bool reached = true;

                for (unsigned call = 1; reached; call++) {
                        Case c = *base;

                        c.fault[0] = f;
                        c.call[0] = call;
                        n += run_and_check(&c, &reached);
                        if (!reached || !twice)
                                continue;

                        for (FakeFault g = FAKE_FAULT_ERROR; g <= last; g++) {
                                bool reached2 = true;

                                for (unsigned call2 = fault_ends_worker(f) ? 1 : call + 1; reached2;
                                     call2++) {
                                        Case d = c;

                                        d.fault[1] = g;
                                        d.call[1] = call2;
                                        n += run_and_check(&d, &reached2);
                                }
                        }
                }
        }

        return n;
}

static void test_undisturbed(void)
{
        for (JobKind k = JOB_HIBERNATE; k <= JOB_MOVE; k++)
                for (Strategy s = STRATEGY_SUSPEND_TO_RAM; s < _STRATEGY_MAX; s++) {
                        Case c = { .kind = k, .strategy = s };
                        FakeHost h;

                        (void) run_case(&c, &h);
                        check_invariants(&c, &h);
                        EXPECT(&c, &h, h.journal->state == JOB_DONE);
                        fake_host_done(&h);
                }
}

/* Of a guest that sleeps: it is saved as it is, and asked for nothing. */
static uint64_t test_asleep(FakeFault last, bool twice)
{
        Case c = { .kind = JOB_HIBERNATE, .strategy = STRATEGY_SUSPEND_TO_RAM, .asleep = true };
        uint64_t n;
        FakeHost h;

        make_world(&c, &h);
        h.ignores_suspend = h.agent_dead = true;
        h.journal = make_job(&c, &h);
        (void) run_worker(&h, false);
        check_invariants(&c, &h);
        EXPECT(&c, &h, h.journal->state == JOB_DONE && h.journal->asleep);
        fake_host_done(&h);

        n = run_all(&c, last, twice);

        /* Who asked saw it asleep, and it was woken. */
        c.asleep = false;
        make_world(&c, &h);
        h.journal = make_job(&c, &h);
        h.journal->asleep = true;
        (void) run_worker(&h, false);
        check_invariants(&c, &h);
        EXPECT(&c, &h, h.qemu == QEMU_RUNNING && h.journal->failure.code == FAILURE_SUSPEND_FAILED);
        fake_host_done(&h);

        /* A move ends with a guest that runs, so it begins with one. */
        c = (Case) { .kind = JOB_MOVE, .strategy = STRATEGY_SUSPEND_TO_RAM, .asleep = true };
        (void) run_case(&c, &h);
        check_invariants(&c, &h);
        EXPECT(&c, &h, h.journal->failure.code == FAILURE_NOT_RUNNING && h.qemu == QEMU_SUSPENDED);
        fake_host_done(&h);

        return n;
}

/* The guest that does not let go of its function, or only when nobody waits for that any more: it runs on with it. */
static void test_guest_ignores_unplug(void)
{
        for (unsigned late = 0; late < 2; late++) {
                Case c = { .kind = JOB_MOVE,
                           .strategy = STRATEGY_UNPLUG,
                           .fault = { late ? FAKE_FAULT_ERROR_ASKED : FAKE_FAULT_NONE } };
                bool reached = true;

                for (unsigned call = 1; reached && call < 64; call++) {
                        FakeHost h;

                        c.call[0] = call;
                        make_world(&c, &h);
                        h.ignores_unplug = !late;
                        h.journal = make_job(&c, &h);
                        arm(&h, &c, 0);
                        (void) run_worker(&h, false);
                        reached = h.reached[0];
                        if (h.journal->state == JOB_RETRYING) { /* it was hit in the restore */
                                fake_host_done(&h);
                                continue;
                        }
                        check_invariants(&c, &h);
                        if (!late)
                                CHECK(h.journal->failure.code == FAILURE_UNPLUG_FAILED);
                        if (h.journal->failure.code == FAILURE_UNPLUG_FAILED)
                                CHECK(h.plugged && h.qemu_has == 0 && h.qemu == QEMU_RUNNING && !h.bound[2]);
                        fake_host_done(&h);
                }
        }
}

/* Nothing of a device's state can be saved of a function on plain vfio-pci, and it is found before anything is done. */
static void test_no_device_state(void)
{
        Case c = { .kind = JOB_MOVE, .strategy = STRATEGY_DEVICE_STATE };
        FakeHost h;

        make_world(&c, &h);
        h.device_state = false;
        h.journal = make_job(&c, &h);
        (void) run_worker(&h, false);
        check_invariants(&c, &h);
        CHECK(h.journal->failure.code == FAILURE_NOT_MIGRATABLE && !h.bound[2]);
        CHECK(job_find_step(h.journal, STEP_BIND)->state == STEP_PENDING);
        fake_host_done(&h);
}

/* Somebody lets the restored guest run before its function is plugged: it gets that all the same. */
static void test_ran_before_it_was_plugged(void)
{
        Case c = { .kind = JOB_RESUME, .strategy = STRATEGY_UNPLUG };
        FakeHost h;
        Job *j;

        make_world(&c, &h);
        h.qemu = QEMU_RUNNING;
        h.libvirt = DOMAIN_RUNNING;
        h.image = IMAGE_NONE;
        h.image_consumed = h.qemu_is_restored = h.bound[2] = true;
        j = make_job(&c, &h);
        CHECK(free_and_strdup(&j->devices, "<domain/>") >= 0 && job_set_state(j, JOB_RUNNING) >= 0);
        for (size_t i = 0; i < j->n_steps && j->steps[i].id != STEP_PLUG; i++)
                j->steps[i].state = STEP_DONE;
        h.journal = j;

        (void) run_worker(&h, true);
        check_invariants(&c, &h);
        CHECK(h.journal->state == JOB_DONE && h.plugged && h.qemu_has == 2);
        fake_host_done(&h);
}

static void test_auto_becomes_suspend_to_ram(void)
{
        Case c = { .kind = JOB_MOVE, .strategy = STRATEGY_AUTO };
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
        for (Strategy s = STRATEGY_SUSPEND_TO_RAM; s <= STRATEGY_SUSPEND_TO_DISK; s++) {
                Case c = { .kind = JOB_MOVE, .strategy = s };
                FakeHost h;

                make_world(&c, &h);
                h.ignores_suspend = true;
                h.journal = make_job(&c, &h);
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
static void test_stale_guard(Strategy strategy)
{
        for (FakeFault f = FAKE_FAULT_ERROR; f < _FAKE_FAULT_MAX; f++) {
                bool reached = true;

                for (unsigned call = 1; reached; call++) {
                        Case c = {
                                .kind = JOB_MOVE, .strategy = strategy, .fault = { f }, .call = { call }
                        };
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
        Case c = { .kind = kind, .strategy = STRATEGY_SUSPEND_TO_RAM };
        FakeHost h;
        Job *j;

        make_world(&c, &h);
        h.qemu = stopped;
        h.libvirt = DOMAIN_PAUSED;
        h.qemu_has = h.image_names = 2;
        h.bound[2] = h.guard = h.record = true;
        h.image = IMAGE_NONE;
        h.image_consumed = h.qemu_is_restored = true;

        j = make_job(&c, &h);
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

/* Asked before the first step, and too late. */
static void test_cancel(void)
{
        static const struct {
                StepId during;
                JobState end;
        } table[] = {
                { STEP_CHECK, JOB_CANCELED }, { STEP_BIND, JOB_CANCELED }, { STEP_SUSPEND, JOB_CANCELED },
                { STEP_SAVE, JOB_CANCELED },  { STEP_SYNC, JOB_DONE },     { STEP_RESTORE, JOB_DONE },
                { STEP_WAKE, JOB_DONE },      { STEP_HEALTH, JOB_DONE },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                bool reached = true, found = false;

                for (unsigned call = 1; reached; call++) {
                        Case c = { .kind = JOB_MOVE,
                                   .strategy = STRATEGY_SUSPEND_TO_RAM,
                                   .fault = { FAKE_FAULT_CANCEL },
                                   .call = { call } };
                        FakeHost h;

                        reached = run_case(&c, &h);
                        check_invariants(&c, &h);
                        EXPECT(&c, &h, h.qemu == QEMU_RUNNING);
                        if (reached && h.canceled_in == table[i].during) {
                                found = true;
                                EXPECT(&c, &h, h.journal->state == table[i].end);
                                EXPECT(&c, &h, h.qemu_has == (table[i].end == JOB_DONE ? 2 : 0));
                        }
                        fake_host_done(&h);
                }
                CHECK(found);
        }
}

/* Another job's image may leave room or not: this one goes back to the queue with nothing touched, and then it goes on. */
static void test_waits_for_room(void)
{
        for (JobKind k = JOB_HIBERNATE; k <= JOB_MOVE; k++) {
                Case c = { .kind = k, .strategy = STRATEGY_SUSPEND_TO_RAM };
                bool waits = k != JOB_RESUME;
                FakeHost h;

                make_world(&c, &h);
                h.space_bytes = UINT64_C(1) << 30;
                h.other = JOB_HIBERNATE;
                h.journal = make_job(&c, &h);
                CHECK(run_worker(&h, false) == (waits ? WORKER_LATER : WORKER_ENDED));
                EXPECT(&c, &h, h.journal->state == (waits ? JOB_QUEUED : JOB_DONE));
                if (waits) {
                        EXPECT(&c, &h, h.qemu == QEMU_RUNNING && !h.bound[2] && !h.record);
                        EXPECT(&c, &h, strstr(h.journal->stuck, "other jobs (1) have"));
                        EXPECT(&c, &h, h.journal->space_bytes == 0 && h.journal->worker_pid == 0);
                        EXPECT(&c, &h, h.journal->steps[0].state == STEP_PENDING);

                        h.other = _JOB_KIND_INVALID;
                        CHECK(run_worker(&h, false) == WORKER_ENDED);
                        EXPECT(&c, &h, h.journal->state == JOB_DONE && !h.journal->stuck);
                        EXPECT(&c, &h, h.journal->space_bytes > 0);
                }
                check_invariants(&c, &h);
                fake_host_done(&h);

                /* And there is none. */
                make_world(&c, &h);
                h.space_bytes = 0;
                h.journal = make_job(&c, &h);
                CHECK(run_worker(&h, false) == WORKER_ENDED);
                EXPECT(&c, &h, h.journal->state == (waits ? JOB_FAILED : JOB_DONE));
                EXPECT(&c, &h, h.journal->failure.code == (waits ? FAILURE_NO_SPACE : FAILURE_NONE));
                check_invariants(&c, &h);
                fake_host_done(&h);
        }
}

/* Targets that do not do: the next is taken; after the last, the domain goes back, or stays hibernated. */
static void check_bad_targets(const Case *c, const FakeHost *h)
{
        /* As the policy chooses: a move leaves the card first, a resume has the old function to choose from as well. */
        unsigned expected = c->kind == JOB_MOVE ? (const unsigned[]) { 2, 3, 1 }[c->n_bad % 3]
                                                : (const unsigned[]) { 2, 3, 0, 0 }[c->n_bad % 4];
        unsigned n_tried = c->kind == JOB_RESUME && c->n_bad == 3 ? 2 : c->n_bad;
        const Job *j = h->journal;

        if (c->bad == FAKE_BAD_FIXUPS && c->n_bad > 0) {
                EXPECT(c, h, j->state == JOB_DONE && j->n_attempts == 1 && h->qemu_has == 1);
                return;
        }

        if (c->n_bad < (c->kind == JOB_MOVE ? 3 : 4)) {
                EXPECT(c, h, j->state == JOB_DONE && j->n_attempts == n_tried && h->qemu_has == expected);
                return;
        }

        EXPECT(c, h, j->state == JOB_FAILED && j->n_attempts >= ATTEMPTS_MAX);
        if (c->kind == JOB_RESUME)
                EXPECT(c, h, is_hibernated(h));
        else if (c->bad == FAKE_BAD_BIND || c->bad == FAKE_BAD_GATE) /* it never got so far as to leave */
                EXPECT(c, h, h->qemu == QEMU_RUNNING && h->qemu_has == 0 && !j->back);
        else if (c->fallback == FALLBACK_BACK && c->n_bad == 3)
                EXPECT(c, h, h->qemu == QEMU_RUNNING && h->qemu_has == 0 && j->back);
        else
                EXPECT(c, h, is_hibernated(h) && j->back == (c->fallback == FALLBACK_BACK));
}

static void test_bad_targets(void)
{
        for (unsigned i = 0; i < 2 * 4 * 2 * _FAKE_BAD_MAX * (FAKE_FUNCTIONS + 1); i++) {
                Case c = {
                        .kind = i & 1 ? JOB_MOVE : JOB_RESUME,
                        .strategy = (Strategy) (STRATEGY_SUSPEND_TO_RAM + (i >> 1) % 4),
                        .fallback = i & 8 ? FALLBACK_STAY : FALLBACK_BACK,
                        .bad = (FakeBad) (i / 16 % _FAKE_BAD_MAX),
                        .n_bad = i / 16 / _FAKE_BAD_MAX,
                };
                const Job *j;
                FakeHost h;

                /* No wake-up of ours is part of a boot. */
                if (c.bad == FAKE_GOOD ||
                    (c.bad == FAKE_BAD_FIXUPS && (c.kind == JOB_RESUME || c.strategy == STRATEGY_UNPLUG)) ||
                    (c.strategy == STRATEGY_SUSPEND_TO_DISK && c.bad == FAKE_BAD_WAKE))
                        c.n_bad = 0;
                /* These are about the function that it leaves: test_gates(). */
                if (c.bad == FAKE_BAD_ASK || c.bad == FAKE_BAD_CLEAN)
                        continue;
                /* The function that the domain had is on vfio-pci already. */
                if (c.bad == FAKE_BAD_BIND && c.n_bad == FAKE_FUNCTIONS)
                        c.n_bad--;

                (void) run_case(&c, &h);
                check_invariants(&c, &h);
                check_bad_targets(&c, &h);

                /* Only what is proven is kept from others. */
                j = h.journal;
                EXPECT(&c, &h,
                       j->n_quarantines == (c.bad == FAKE_BAD_PROBE && c.kind == JOB_MOVE ? c.n_bad
                                            : c.bad == FAKE_BAD_BIND || c.bad == FAKE_BAD_PROBE
                                                            ? j->n_attempts
                                                            : 0));
                fake_host_done(&h);
        }
}

static void run_undisturbed(const Case *c, FakeHost *h)
{
        (void) run_case(c, h);
        check_invariants(c, h);
}

static void test_gates(void)
{
        for (Strategy s = STRATEGY_SUSPEND_TO_RAM; s <= STRATEGY_SUSPEND_TO_DISK; s++) {
                Case c = {
                        .kind = JOB_HIBERNATE, .strategy = s, .bad = FAKE_BAD_GATE, .n_bad = FAKE_FUNCTIONS
                };
                bool ram = s == STRATEGY_SUSPEND_TO_RAM;
                FakeHost h;

                /* A driver does not let go: the guest is woken, or where that is too late, nobody gets the function. */
                run_undisturbed(&c, &h);
                if (ram)
                        EXPECT(&c, &h,
                               h.qemu == QEMU_RUNNING && h.journal->failure.code == FAILURE_GATE_CLOSED);
                else
                        EXPECT(&c, &h, is_hibernated(&h) && is_kept(&h));
                fake_host_done(&h);

                /* The tool breaks after the check. */
                c.bad = FAKE_BAD_ASK;
                run_undisturbed(&c, &h);
                if (ram)
                        EXPECT(&c, &h,
                               h.qemu == QEMU_RUNNING && h.journal->failure.code == FAILURE_GATE_UNANSWERED);
                else
                        EXPECT(&c, &h, is_hibernated(&h) && is_kept(&h));
                fake_host_done(&h);

                /* It was asked about this target before: the next one is taken. */
                c.kind = JOB_MOVE;
                c.n_bad = 1;
                run_undisturbed(&c, &h);
                EXPECT(&c, &h, h.qemu_has == 3 && h.journal->n_attempts == 1);
                EXPECT(&c, &h, h.journal->attempts[0].step == STEP_REBIND);
                fake_host_done(&h);

                /* A cleaning that fails keeps the function from others, and the guest from nothing. */
                c.bad = FAKE_BAD_CLEAN;
                c.n_bad = FAKE_FUNCTIONS;
                run_undisturbed(&c, &h);
                EXPECT(&c, &h, h.journal->state == JOB_DONE && h.qemu == QEMU_RUNNING && h.qemu_has == 2);
                EXPECT(&c, &h, h.journal->n_quarantines == 1 && is_kept(&h));
                fake_host_done(&h);
        }
}

/* The host shuts down while a gate is waited for: the guest is woken at once, and is no worse off than if it were
 * canceled. */
static void test_gate_while_shutting_down(void)
{
        bool reached = true, waited = false;

        for (unsigned call = 1; reached; call++) {
                Case c = { .kind = JOB_HIBERNATE,
                           .strategy = STRATEGY_SUSPEND_TO_RAM,
                           .bad = FAKE_BAD_GATE,
                           .n_bad = FAKE_FUNCTIONS,
                           .fault = { FAKE_FAULT_HOLD },
                           .call = { call } };
                FakeHost h;

                reached = run_case(&c, &h);
                check_invariants(&c, &h);
                EXPECT(&c, &h, h.qemu == QEMU_RUNNING);
                waited = waited || strstr(failure_message(&h.journal->failure), "nobody waits");
                fake_host_done(&h);
        }
        CHECK(waited);
}

/* libvirt was let start the hibernated domain: it has, it will, or it does not succeed. */
typedef enum FollowedStart {
        START_HAPPENED,
        START_COMES,
        START_FAILED,
        _FOLLOWED_START_MAX,
} FollowedStart;

static bool run_followed(const Case *c, FakeHost *h, FollowedStart start)
{
        bool recover = false;

        make_world(c, h);
        h->bound[2] = true;
        h->libvirt_starts = start == START_COMES ? FAKE_START_COMES : FAKE_START_NONE;
        if (start == START_HAPPENED)
                fake_libvirt_starts(h);

        h->journal = make_job(c, h);
        job_follow_libvirt(h->journal, 1);
        arm(h, c, 0);
        if (!fault_ends_worker(c->fault[0]))
                arm(h, c, 1);

        for (unsigned i = 0; i < WORKERS_MAX && !job_state_is_final(h->journal->state); i++) {
                WorkerEnd end = run_worker(h, recover);

                if (h->journal->state == JOB_RETRYING) {
                        choose_targets(h);
                        recover = false;
                        continue;
                }

                recover = true;
                if (end == WORKER_LATER && h->held && h->qemu != QEMU_RUNNING)
                        fake_host_goes_down(h);
                /* With the host, libvirt's start ends. */
                if (h->qemu == QEMU_NONE && end != WORKER_ENDED)
                        h->libvirt_starts = FAKE_START_NONE;
                if (end != WORKER_ENDED)
                        next_process(h, c);
        }

        return h->reached[c->fault[1] != FAKE_FAULT_NONE];
}

static bool check_followed(const Case *c, FollowedStart start)
{
        const Job *j;
        FakeHost h;
        bool reached = run_followed(c, &h, start);

        j = h.journal;
        EXPECT(c, &h, job_state_is_final(j->state));
        EXPECT(c, &h, !h.memory_lost && !h.image_ran_twice && h.cold_boots == 0 && !h.took_from_guest);
        if (!h.memory_cut)
                EXPECT(c, &h,
                       (h.qemu == QEMU_RUNNING) != is_hibernated(&h) ||
                                       (j->failure.code == FAILURE_LOST && !h.record));
        if (h.qemu == QEMU_RUNNING)
                EXPECT(c, &h, !h.record && !h.guard && h.image == IMAGE_NONE && h.qemu_has == 2);
        if (c->fault[0] == FAKE_FAULT_NONE)
                EXPECT(c, &h, j->state == (start == START_FAILED ? JOB_FAILED : JOB_DONE));
        EXPECT(c, &h, j->state != JOB_DONE || h.qemu == QEMU_RUNNING || h.memory_cut);
        EXPECT(c, &h, j->state != JOB_DONE || h.definition_names == 2);
        fake_host_done(&h);
        return reached;
}

static void test_followed(FakeFault last)
{
        for (FollowedStart start = START_HAPPENED; start < _FOLLOWED_START_MAX; start++) {
                Case c = { .kind = JOB_RESUME, .strategy = STRATEGY_SUSPEND_TO_RAM };

                (void) check_followed(&c, start);

                for (FakeFault f = FAKE_FAULT_ERROR; f <= last; f++) {
                        bool reached = true;

                        for (unsigned call = 1; reached; call++) {
                                c.fault[0] = f;
                                c.call[0] = call;
                                c.fault[1] = FAKE_FAULT_NONE;
                                reached = check_followed(&c, start);

                                for (FakeFault g = FAKE_FAULT_ERROR; reached && g <= last; g++) {
                                        bool reached2 = true;

                                        c.fault[1] = g;
                                        for (c.call[1] = fault_ends_worker(f) ? 1 : call + 1; reached2;
                                             c.call[1]++)
                                                reached2 = check_followed(&c, start);
                                }
                        }
                }
        }
}

/* Nothing of it is there any more, or the domain is still said to be hibernated and it can be asked for again. */
static bool check_discard(const Case *c)
{
        bool reached;
        FakeHost h;

        reached = run_case(c, &h);
        EXPECT(c, &h, job_state_is_final(h.journal->state));
        EXPECT(c, &h, h.qemu == QEMU_NONE && h.cold_boots == 0 && !h.took_from_guest);
        EXPECT(c, &h, h.journal->state == JOB_DONE || h.journal->state == JOB_FAILED);
        EXPECT(c, &h, h.journal->state == JOB_FAILED || !h.record);
        EXPECT(c, &h, h.record || (h.image == IMAGE_NONE && !h.guard));
        EXPECT(c, &h, h.journal->state == JOB_DONE || c->fault[0] != FAKE_FAULT_NONE);
        fake_host_done(&h);
        return reached;
}

static void test_discard(FakeFault last)
{
        for (Strategy s = STRATEGY_SUSPEND_TO_RAM; s < _STRATEGY_MAX; s++)
                for (FakeFault f = FAKE_FAULT_NONE; f <= last; f++) {
                        Case c = { .kind = JOB_DISCARD, .strategy = s, .fault[0] = f };
                        bool reached = true;

                        for (c.call[0] = 1; reached; c.call[0]++) {
                                reached = check_discard(&c) && f != FAKE_FAULT_NONE;

                                for (FakeFault g = FAKE_FAULT_ERROR; reached && g <= last; g++) {
                                        Case d = c;
                                        bool reached2 = true;

                                        d.fault[1] = g;
                                        for (d.call[1] = fault_ends_worker(f) ? 1 : c.call[0] + 1; reached2;
                                             d.call[1]++)
                                                reached2 = check_discard(&d);
                                }
                        }
                }
}

static int from_name(const char *const *names, int n, const char *s)
{
        for (int i = 0; i < n; i++)
                if (streq_ptr(names[i], s))
                        return i;

        (void) fprintf(stderr, "what is '%s'?\n", s);
        exit(EXIT_FAILURE);
}

static int run_one(char *argv[], int argc)
{
        Case c = {
                .kind = job_kind_from_string(argv[1]),
                .strategy = strategy_from_string(argv[2]),
                .bad = (FakeBad) from_name(bad_names, _FAKE_BAD_MAX, argv[3]),
                .n_bad = (unsigned) atoi(argv[4]),
                .fallback = job_fallback_from_string(argv[5]),
        };
        bool reached;

        trace = true;
        for (int i = 0; 7 + 2 * i < argc && i < FAKE_FAULTS; i++) {
                c.fault[i] = (FakeFault) from_name(fault_names, _FAKE_FAULT_MAX, argv[6 + 2 * i]);
                c.call[i] = (unsigned) atoi(argv[7 + 2 * i]);
        }

        (void) run_and_check(&c, &reached);
        return EXIT_SUCCESS;
}

int main(int argc, char *argv[])
{
        /* "errors": without what dies by longjmp and leaks as a killed process does, so that real leaks show. */
        bool errors = argc == 2 && streq(argv[1], "errors");
        /* "once": no second fault. Under sanitizers all pairs with kills take minutes, and "errors" has those without. */
        bool twice = argc != 2 || !streq(argv[1], "once");
        FakeFault last = errors ? FAKE_FAULT_KILL_BEFORE - 1 : _FAKE_FAULT_MAX - 1;
        uint64_t n = 0;

        if (argc >= 6)
                return run_one(argv, argc);

        test_undisturbed();
        test_auto_becomes_suspend_to_ram();
        test_guest_ignores_suspend();
        test_cancel();
        test_guest_ignores_unplug();
        test_no_device_state();
        test_ran_before_it_was_plugged();
        for (Strategy s = STRATEGY_SUSPEND_TO_RAM; !errors && s < _STRATEGY_MAX; s++)
                if (strategy_writes_image(s))
                        test_stale_guard(s);
        for (JobKind k = JOB_RESUME; k <= JOB_MOVE; k++) {
                test_ran_and_stopped(k, QEMU_SUSPENDED);
                test_ran_and_stopped(k, QEMU_PAUSED);
        }

        test_bad_targets();
        test_followed(last);
        test_discard(last);
        test_waits_for_room();
        test_gates();
        test_gate_while_shutting_down();
        n += test_asleep(last, twice);

        for (JobKind k = JOB_HIBERNATE; k <= JOB_MOVE; k++)
                for (Strategy s = STRATEGY_SUSPEND_TO_RAM; s < _STRATEGY_MAX; s++) {
                        Case c = { .kind = k, .strategy = s };

                        n += run_all(&c, last, twice);
                        for (FakeBad bad = FAKE_BAD_BIND; k != JOB_HIBERNATE && bad < _FAKE_BAD_MAX; bad++)
                                for (unsigned n_bad = 1; n_bad <= FAKE_FUNCTIONS; n_bad++) {
                                        c.bad = bad;
                                        c.n_bad = n_bad;
                                        n += run_all(&c, last,
                                                     twice && n_bad == 1 && bad == FAKE_BAD_PROBE &&
                                                                     s != STRATEGY_DEVICE_STATE);
                                }
                }

        (void) printf("%" PRIu64 " cases of one and two faults\n", n);
        return EXIT_SUCCESS;
}
