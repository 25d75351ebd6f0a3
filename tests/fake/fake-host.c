/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fake-host.h"

#include <assert.h>
#include <stdio.h>

#include "core/start-check.h"

#define FAKE_MEMORY_BYTES (UINT64_C(256) << 20)
#define FAKE_IMAGE_BYTES (UINT64_C(100) << 20)

PciAddress fake_function(unsigned index)
{
        return (PciAddress) { .bus = (uint8_t) (1 + index / 2),
                              .slot = 0x10,
                              .function = (uint8_t) (index % 2) };
}

static unsigned function_index(const PciAddress *a)
{
        for (unsigned i = 0; i < FAKE_FUNCTIONS; i++) {
                PciAddress f = fake_function(i);

                if (pci_address_equal(&f, a))
                        return i;
        }

        assert(false && "a function that the fake host does not have");
        return 0;
}

/* Which of the functions is at this place now? */
static unsigned function_at(const FakeHost *h, unsigned place)
{
        return (place + FAKE_FUNCTIONS - h->shift) % FAKE_FUNCTIONS;
}

static unsigned place_of(const FakeHost *h, unsigned function)
{
        return (function + h->shift) % FAKE_FUNCTIONS;
}

static Locator locator_of(unsigned function)
{
        Locator l = { .index = function % 2 };

        (void) snprintf(l.slot, sizeof(l.slot), "pci0000:00/1%u.0/00.0", function / 2);
        return l;
}

FunctionRef fake_ref(const FakeHost *h, unsigned place)
{
        return (FunctionRef) { .address = fake_function(place),
                               .locator = locator_of(function_at(h, place)) };
}

/* The host is booted with one more card: all buses have other numbers. */
static void renumber(FakeHost *h)
{
        const FakeHost was = *h;

        h->shift = FAKE_SHIFT;
        for (unsigned i = 0; i < FAKE_FUNCTIONS; i++) {
                h->bound[place_of(h, i)] = was.bound[place_of(&was, i)];
                h->bad[place_of(h, i)] = was.bad[place_of(&was, i)];
                h->asked[place_of(h, i)] = was.asked[place_of(&was, i)];
                h->gate_open[place_of(h, i)] = was.gate_open[place_of(&was, i)];
                h->dirty[place_of(h, i)] = was.dirty[place_of(&was, i)];
                h->used[place_of(h, i)] = was.used[place_of(&was, i)];
        }
}

void fake_host_init(FakeHost *h)
{
        *h = (FakeHost) {
                .qemu = QEMU_RUNNING,
                .libvirt = DOMAIN_RUNNING,
                .image = IMAGE_NONE,
                .bound = { true },
                .dirty = { true },
                .used = { true },
                .plugged = true,
                .canceled_in = _STEP_ID_INVALID,
                .space_bytes = UINT64_C(1) << 40,
                .other = _JOB_KIND_INVALID,
        };
}

void fake_host_done(FakeHost *h)
{
        h->journal = job_free(h->journal);
}

/* Is there, without its QEMU, still something to bring the guest back from? */
static bool memory_is_stored(const FakeHost *h)
{
        return h->s4_image || (!h->image_consumed && (h->image == IMAGE_VALID || h->guard));
}

static void qemu_dies(FakeHost *h)
{
        if (h->qemu != QEMU_NONE && !memory_is_stored(h))
                h->memory_cut = true;

        h->qemu = QEMU_NONE;
        h->libvirt = DOMAIN_SHUTOFF;
        h->cpr_mode = false;
        h->plugged = h->prelaunch = false;
        h->suspend_asked_for = h->unplug_asked_for = h->save_asked_for = false;
}

/* Nobody binds anything when it boots. */
static void host_dies(FakeHost *h)
{
        qemu_dies(h);
        memset(h->bound, 0, sizeof(h->bound));
        memset(h->used, 0, sizeof(h->used));
}

/* Which fault hits the present call? */
static FakeFault present_fault(const FakeHost *h)
{
        for (size_t i = 0; i < FAKE_FAULTS; i++)
                if (h->calls == h->fault_at[i])
                        return h->fault[i];

        return FAKE_FAULT_NONE;
}

/* Called on entry and on exit of every operation. */
static int enter(FakeHost *h, const char *name, bool in_store, Failure *reterr)
{
        FakeFault fault;

        h->last_call = name;
        h->calls++;
        if (h->trace) {
                const JobStep *s = job_current_step(h->journal);

                (void) printf("%3u %-32s qemu %-10s journal: %s, step %s %s\n", h->calls, name,
                              qemu_status_to_string(h->qemu), job_state_to_string(h->journal->state),
                              s ? step_id_to_string(s->id) : "-", s ? step_state_to_string(s->state) : "");
        }
        for (size_t i = 0; i < FAKE_FAULTS; i++)
                if (h->calls == h->fault_at[i])
                        h->reached[i] = true;

        fault = present_fault(h);
        if (fault == FAKE_FAULT_CANCEL) {
                h->canceled = 1;
                if (!in_store && job_current_step(h->journal))
                        h->canceled_in = job_current_step(h->journal)->id;
        }
        if (fault == FAKE_FAULT_HOLD)
                h->held = 1;
        if (fault == FAKE_FAULT_DISK_FULL)
                h->disk_full = true;
        if (fault == FAKE_FAULT_ERROR)
                return failure_set(reterr, FAILURE_HOST, "injected failure of %s", name);
        if (fault == FAKE_FAULT_KILL_BEFORE)
                longjmp(h->killed, 1);

        return 0;
}

static int leave(FakeHost *h, Failure *reterr)
{
        FakeFault fault = present_fault(h);

        if (fault == FAKE_FAULT_ERROR_AFTER)
                return failure_set(reterr, FAILURE_LIBVIRT, "injected loss of the reply of %s",
                                   h->last_call);
        if (fault == FAKE_FAULT_POWER_CUT || fault == FAKE_FAULT_RENUMBER)
                host_dies(h);
        if (fault == FAKE_FAULT_RENUMBER)
                renumber(h);
        if (fault == FAKE_FAULT_KILL_AFTER || fault == FAKE_FAULT_POWER_CUT || fault == FAKE_FAULT_RENUMBER)
                longjmp(h->killed, 1);

        return 0;
}

void fake_host_goes_down(FakeHost *h)
{
        host_dies(h);
}

void fake_host_suspends(FakeHost *h)
{
        if (h->suspend_asked_for && h->qemu == QEMU_RUNNING) {
                h->qemu = QEMU_SUSPENDED;
                h->libvirt = h->libvirt_is_new ? DOMAIN_PAUSED : DOMAIN_PMSUSPENDED;
        }
        h->suspend_asked_for = false;
}

#define ENTER_AS(host, in_store, reterr)                           \
        FakeHost *h = (host);                                      \
        {                                                          \
                int _r = enter(h, __func__, (in_store), (reterr)); \
                                                                   \
                if (_r < 0)                                        \
                        return _r;                                 \
        }
#define ENTER(host, reterr) ENTER_AS(host, false, reterr)
#define ENTER_STORE(host, reterr) ENTER_AS(host, true, reterr)

static GuestFixups fixups(const FakeHost *h)
{
        for (unsigned i = 0; i < FAKE_FUNCTIONS; i++)
                if (h->bad[i] == FAKE_BAD_FIXUPS)
                        return FIXUPS_NO;

        return FIXUPS_YES;
}

static int fake_inspect(void *host, const char *uuid, bool ask_guest, DomainFacts *ret, Failure *reterr)
{
        bool active;

        ENTER(host, reterr);

        active = h->qemu != QEMU_NONE;
        *ret = (DomainFacts) {
                .name = strdup("vm1"),
                .uuid = strdup(uuid),
                .persistent = true,
                .state = h->libvirt,
                .qemu = h->qemu,
                .image = h->image,
                .memory_bytes = FAKE_MEMORY_BYTES,
                .functions = calloc(1, sizeof(PciAddress)),
                .n_functions = active && !h->plugged ? 0 : 1,
                .devices = strdup("<domain/>"),
                .has_plain = !h->device_state,
                .pm_mem_enabled = true,
                .pm_disk_enabled = true,
                .has_agent_channel = true,
                .agent_answers = ask_guest && !h->agent_dead,
                .agent_suspend_ram = ask_guest,
                .agent_suspend_disk = ask_guest,
                .qemu_cpr_reboot = ask_guest,
                .qemu_version = 10000013,
                .fixups = ask_guest ? fixups(h) : FIXUPS_UNKNOWN,
                .image_space_bytes = h->space_bytes,
        };
        assert(ret->functions);
        ret->functions[0] = fake_function(active ? h->qemu_has : h->definition_names);
        return leave(h, reterr);
}

/* A new one, that finds a QEMU suspended which its predecessor did not know to be, takes it for paused. */
static int libvirtd_went_away(FakeHost *h, FailureCode code, Failure *reterr)
{
        h->libvirt_is_new = true;
        return failure_set(reterr, code, "libvirtd went away");
}

static int fake_suspend_to_ram(void *host, const char *uuid, Failure *reterr)
{
        ENTER(host, reterr);

        if (h->ignores_suspend || h->qemu != QEMU_RUNNING)
                return failure_set(reterr, FAILURE_SUSPEND_FAILED, "the guest did not suspend");

        h->suspend_asked_for = true;
        if (present_fault(h) == FAKE_FAULT_KILL_ASKED)
                longjmp(h->killed, 1);
        if (present_fault(h) == FAKE_FAULT_ERROR_ASKED)
                return libvirtd_went_away(h, FAILURE_SUSPEND_FAILED, reterr);

        fake_host_suspends(h);
        return leave(h, reterr);
}

static int fake_settle_suspend(void *host, const char *uuid, Failure *reterr)
{
        ENTER(host, reterr);

        fake_host_suspends(h);
        return leave(h, reterr);
}

static void guest_runs_on(FakeHost *h, unsigned function)
{
        h->dirty[function] = true;
        h->gate_open[function] = false;
}

static bool cannot_be_given(const FakeHost *h, unsigned function)
{
        return h->bad[function] == FAKE_BAD_RESTORE || h->bad[function] == FAKE_BAD_PROBE;
}

static void unplug_happens(FakeHost *h)
{
        if (h->unplug_asked_for && h->qemu == QEMU_RUNNING)
                h->plugged = false;
        h->unplug_asked_for = false;
}

static int fake_unplug(void *host, const char *uuid, const PciAddress *functions, size_t n, Failure *reterr)
{
        ENTER(host, reterr);

        if (h->ignores_unplug || h->qemu != QEMU_RUNNING)
                return failure_set(reterr, FAILURE_UNPLUG_FAILED, "the guest did not let go of it");

        h->unplug_asked_for = true;
        if (present_fault(h) == FAKE_FAULT_KILL_ASKED)
                longjmp(h->killed, 1);
        if (present_fault(h) == FAKE_FAULT_ERROR_ASKED)
                return failure_set(reterr, FAILURE_UNPLUG_FAILED, "the guest takes its time");

        unplug_happens(h);
        return leave(h, reterr);
}

static int fake_plug(void *host, const char *uuid, const char *devices, const PciAddress *functions,
                     size_t n, bool back, Failure *reterr)
{
        unsigned function;

        ENTER(host, reterr);

        assert(devices && n == 1);
        function = function_index(functions);
        if (back)
                unplug_happens(h);
        if (h->qemu == QEMU_NONE)
                return failure_set(reterr, FAILURE_LIBVIRT, "domain is not running");
        if (h->plugged && h->qemu_has == function)
                return leave(h, reterr);
        if (h->plugged || !h->bound[function] || cannot_be_given(h, function))
                return failure_set(reterr, FAILURE_PLUG_FAILED, "vfio_pci: no");

        h->plugged = true;
        h->qemu_has = function;
        h->used[function] = true;
        if (h->qemu == QEMU_RUNNING)
                guest_runs_on(h, function);
        return leave(h, reterr);
}

static int fake_suspend_to_disk(void *host, const char *uuid, Failure *reterr)
{
        ENTER(host, reterr);

        if (h->ignores_suspend || h->qemu != QEMU_RUNNING)
                return failure_set(reterr, FAILURE_SUSPEND_FAILED, "the guest did not suspend");

        h->s4_image = true;
        h->qemu = QEMU_NONE;
        h->libvirt = DOMAIN_SHUTOFF;
        h->plugged = false;
        return leave(h, reterr);
}

static int fake_wake(void *host, const char *uuid, Failure *reterr)
{
        ENTER(host, reterr);

        if (h->qemu != QEMU_SUSPENDED && h->qemu != QEMU_RUNNING)
                return failure_set(reterr, FAILURE_WAKE_FAILED, "QEMU is %s",
                                   qemu_status_to_string(h->qemu));

        if (h->qemu == QEMU_SUSPENDED && h->qemu_is_restored && h->bad[h->qemu_has] == FAKE_BAD_WAKE)
                return failure_set(reterr, FAILURE_WAKE_FAILED, "it does not wake up");

        h->qemu = QEMU_RUNNING;
        guest_runs_on(h, h->qemu_has);
        if (h->libvirt != DOMAIN_PAUSED) /* for that state it has no event to wait for */
                h->libvirt = DOMAIN_RUNNING;
        if (h->qemu_is_restored)
                h->image_consumed = true;
        return leave(h, reterr);
}

static int fake_mend(void *host, const char *uuid, bool again, Failure *reterr)
{
        ENTER(host, reterr);

        if (h->qemu == QEMU_RUNNING && h->libvirt == DOMAIN_PAUSED) {
                h->qemu = QEMU_PAUSED;
                if (present_fault(h) == FAKE_FAULT_KILL_ASKED)
                        longjmp(h->killed, 1);
        } else if (h->qemu != QEMU_PAUSED || !again)
                return leave(h, reterr);

        h->cold_boots += h->prelaunch;
        h->qemu = QEMU_RUNNING;
        h->libvirt = DOMAIN_RUNNING;
        return leave(h, reterr);
}

static int fake_set_cpr_mode(void *host, const char *uuid, bool cpr, Failure *reterr)
{
        ENTER(host, reterr);

        if (h->qemu == QEMU_NONE)
                return failure_set(reterr, FAILURE_LIBVIRT, "domain is not running");

        h->cpr_mode = cpr;
        return leave(h, reterr);
}

static void save_happens(FakeHost *h)
{
        h->image = IMAGE_VALID;
        h->image_consumed = false;
        h->image_names = h->qemu_has;
        h->image_has_none = !h->plugged;
        h->image_was_running = h->qemu == QEMU_RUNNING;
        h->plugged = false;
        h->qemu = QEMU_NONE;
        h->qemu_is_restored = false;
        h->libvirt = DOMAIN_SHUTOFF;
        h->cpr_mode = false;
}

static int fake_save(void *host, const char *uuid, bool running, HostProgress progress, void *userdata,
                     Failure *reterr)
{
        ENTER(host, reterr);

        if (running ? h->qemu != QEMU_RUNNING || (h->plugged && !h->device_state)
                    : h->qemu != QEMU_SUSPENDED || !h->cpr_mode)
                return failure_set(reterr, FAILURE_SAVE_FAILED, "cannot migrate domain");

        h->saved_ungated = h->saved_ungated || !(h->gate_open[h->qemu_has] || (running && h->plugged));
        progress(FAKE_IMAGE_BYTES / 2, FAKE_IMAGE_BYTES, userdata);

        /* Whatever is stored of a domain that is alive is outdated. */
        h->image = IMAGE_NONE;
        h->guard = false;
        h->image_consumed = false;

        if (present_fault(h) == FAKE_FAULT_KILL_ASKED) {
                h->save_asked_for = true;
                longjmp(h->killed, 1);
        }
        if (present_fault(h) == FAKE_FAULT_ERROR_ASKED && running) {
                h->qemu = QEMU_PAUSED;
                h->libvirt = DOMAIN_PAUSED;
                return failure_set(reterr, FAILURE_SAVE_FAILED, "it was not finished");
        }
        if (present_fault(h) == FAKE_FAULT_QEMU_DIES) {
                qemu_dies(h);
                return failure_set(reterr, FAILURE_SAVE_FAILED, "QEMU was killed");
        }

        save_happens(h);
        return leave(h, reterr);
}

static int fake_settle_save(void *host, const char *uuid, Failure *reterr)
{
        ENTER(host, reterr);

        /* A save that had only been asked for by a worker that died now happens. */
        if (h->save_asked_for && (h->qemu == QEMU_SUSPENDED || h->qemu == QEMU_RUNNING))
                save_happens(h);
        h->save_asked_for = false;
        return leave(h, reterr);
}

static int fake_image_space(void *host, uint64_t *ret_bytes, Failure *reterr)
{
        ENTER(host, reterr);

        *ret_bytes = h->space_bytes;
        return leave(h, reterr);
}

static int fake_image_guard(void *host, const char *uuid, uint64_t *ret_bytes, Failure *reterr)
{
        ENTER(host, reterr);

        if (h->image != IMAGE_VALID)
                return failure_set(reterr, FAILURE_IMAGE_DAMAGED, "no image");

        h->guard = true;
        *ret_bytes = FAKE_IMAGE_BYTES;
        return leave(h, reterr);
}

static int fake_image_put_back(void *host, const char *uuid, Failure *reterr)
{
        ENTER(host, reterr);

        if (h->image == IMAGE_NONE && h->guard)
                h->image = IMAGE_VALID;
        return leave(h, reterr);
}

static int fake_image_discard(void *host, const char *uuid, Failure *reterr)
{
        ENTER(host, reterr);

        if ((h->qemu == QEMU_NONE || h->prelaunch) && memory_is_stored(h))
                h->memory_lost = true;
        /* A file that is just about to be written: what comes then goes nowhere. */
        if (h->save_asked_for && (h->qemu == QEMU_SUSPENDED || h->qemu == QEMU_RUNNING))
                h->memory_lost = true;
        h->image = IMAGE_NONE;
        h->guard = false;
        return leave(h, reterr);
}

static unsigned swapped(unsigned names, const FunctionSwap *swaps, size_t n, bool back)
{
        assert(n == 1);
        if (names == function_index(back ? &swaps[0].to : &swaps[0].from))
                return function_index(back ? &swaps[0].from : &swaps[0].to);
        return names;
}

static int fake_image_set_functions(void *host, const char *uuid, const FunctionSwap *swaps, size_t n,
                                    bool back, Failure *reterr)
{
        ENTER(host, reterr);

        if (h->image != IMAGE_VALID)
                return failure_set(reterr, FAILURE_IMAGE_DAMAGED, "no image");

        h->image_names = swapped(h->image_names, swaps, n, back);
        return leave(h, reterr);
}

static int fake_definition_set_functions(void *host, const char *uuid, const FunctionSwap *swaps, size_t n,
                                         bool back, Failure *reterr)
{
        ENTER(host, reterr);

        h->definition_names = swapped(h->definition_names, swaps, n, back);
        return leave(h, reterr);
}

/* libvirt's hook, without a daemon: it goes by the journal (core/start-check.h). */
static int check_hook(const FakeHost *h, Failure *reterr)
{
        const StartCheck c = { .name = "vm", .job = h->journal, .at_work = true, .hibernated = h->record };

        return start_check_domain(&c, reterr);
}

static int fake_restore(void *host, const char *uuid, Failure *reterr)
{
        ENTER(host, reterr);

        if (h->prelaunch)
                qemu_dies(h);
        if (h->qemu == QEMU_PAUSED || h->qemu == QEMU_SUSPENDED)
                return leave(h, reterr);
        if (h->qemu != QEMU_NONE || h->image != IMAGE_VALID)
                return failure_set(reterr, FAILURE_IMAGE_DAMAGED, "no image to restore");
        if (check_hook(h, reterr) < 0)
                return -EREMOTEIO;
        if (!h->image_has_none && !h->bound[h->image_names])
                return failure_set(reterr, FAILURE_RESTORE_FAILED, "Unmanaged PCI device must be detached");
        if (!h->image_has_none && cannot_be_given(h, h->image_names))
                return failure_set(reterr, FAILURE_RESTORE_FAILED, "vfio_pci: no");

        if (h->image_consumed)
                h->image_ran_twice = true;
        h->image = IMAGE_NONE; /* libvirt unlinks it */
        h->qemu = QEMU_PAUSED;
        h->libvirt = DOMAIN_PAUSED;
        if (!h->image_consumed) {
                h->prelaunch = present_fault(h) == FAKE_FAULT_KILL_ASKED ||
                               present_fault(h) == FAKE_FAULT_ERROR_ASKED;
                h->memory_lost = h->memory_lost || (h->prelaunch && !h->guard);
                if (present_fault(h) == FAKE_FAULT_KILL_ASKED)
                        longjmp(h->killed, 1);
                if (h->prelaunch)
                        return failure_set(reterr, FAILURE_RESTORE_FAILED, "it is not as restored");
        }
        h->qemu_has = h->image_names;
        h->plugged = !h->image_has_none;
        if (h->plugged)
                h->used[h->qemu_has] = true;
        if (h->plugged && h->device_state) /* what the guest had in its function is in this one now */
                h->dirty[h->qemu_has] = true;
        h->qemu_is_restored = true;
        h->libvirt_is_new = false;
        return leave(h, reterr);
}

/* What libvirt unlinks is the image; what it starts has what the hook wrote into the XML, not what the image names. */
void fake_libvirt_starts(FakeHost *h)
{
        if (h->image_consumed)
                h->image_ran_twice = true;
        h->libvirt_starts = FAKE_START_NONE;
        h->image = IMAGE_NONE;
        h->qemu = QEMU_PAUSED;
        h->qemu_has = 2;
        h->qemu_is_restored = true;
        h->libvirt_is_new = false;
        h->libvirt = DOMAIN_PAUSED;
}

static int fake_follow_restore(void *host, const char *uuid, Failure *reterr)
{
        ENTER(host, reterr);

        if (h->qemu == QEMU_NONE && h->libvirt_starts == FAKE_START_COMES)
                fake_libvirt_starts(h);
        if (h->qemu == QEMU_NONE)
                return failure_set(reterr, FAILURE_RESTORE_FAILED, "libvirt did not start the domain");
        return leave(h, reterr);
}

static int fake_cont(void *host, const char *uuid, Failure *reterr)
{
        ENTER(host, reterr);

        if (h->qemu == QEMU_NONE || h->prelaunch)
                return failure_set(reterr, FAILURE_RESTORE_FAILED, "domain is not running");
        if (h->qemu == QEMU_PAUSED && (!h->qemu_is_restored || h->image_was_running)) {
                if (h->qemu_is_restored && h->plugged && h->bad[h->qemu_has] == FAKE_BAD_WAKE)
                        return failure_set(reterr, FAILURE_RESTORE_FAILED, "it does not run");
                h->qemu = QEMU_RUNNING;
                h->libvirt = DOMAIN_RUNNING;
                if (h->plugged)
                        guest_runs_on(h, h->qemu_has);
                h->image_consumed = h->image_consumed || h->qemu_is_restored;
        } else if (h->qemu == QEMU_PAUSED) {
                h->qemu = QEMU_SUSPENDED;
                h->libvirt = present_fault(h) == FAKE_FAULT_ERROR_ASKED ? DOMAIN_PAUSED : DOMAIN_RUNNING;
        }
        if (present_fault(h) == FAKE_FAULT_ERROR_ASKED)
                return libvirtd_went_away(h, FAILURE_RESTORE_FAILED, reterr);
        return leave(h, reterr);
}

static int fake_start(void *host, const char *uuid, Failure *reterr)
{
        ENTER(host, reterr);

        if (h->qemu != QEMU_NONE)
                return leave(h, reterr);
        if (h->image != IMAGE_NONE)
                return failure_set(reterr, FAILURE_RESTORE_FAILED, "a managed save image exists");
        if (check_hook(h, reterr) < 0)
                return -EREMOTEIO;
        if (!h->bound[h->definition_names])
                return failure_set(reterr, FAILURE_RESTORE_FAILED, "Unmanaged PCI device must be detached");
        if (cannot_be_given(h, h->definition_names))
                return failure_set(reterr, FAILURE_RESTORE_FAILED, "vfio_pci: no");

        if (!h->s4_image)
                h->cold_boots++;
        h->s4_image = false;
        h->qemu = QEMU_RUNNING;
        h->qemu_has = h->definition_names;
        h->used[h->qemu_has] = true;
        guest_runs_on(h, h->qemu_has);
        h->plugged = true;
        h->libvirt = DOMAIN_RUNNING;
        return leave(h, reterr);
}

static int fake_destroy_unwoken(void *host, const char *uuid, Failure *reterr)
{
        ENTER(host, reterr);

        if (h->qemu == QEMU_RUNNING)
                return failure_set(reterr, FAILURE_RESTORE_FAILED, "the guest runs");
        if (h->qemu != QEMU_NONE && !memory_is_stored(h))
                h->memory_lost = true;
        h->qemu = QEMU_NONE;
        h->libvirt = DOMAIN_SHUTOFF;
        h->plugged = h->prelaunch = false;
        return leave(h, reterr);
}

static int fake_wait_agent(void *host, const char *uuid, Failure *reterr)
{
        ENTER(host, reterr);

        if (h->agent_dead || h->qemu != QEMU_RUNNING || h->libvirt != DOMAIN_RUNNING)
                return failure_set(reterr, FAILURE_GUEST_UNHEALTHY, "the agent does not answer");
        return leave(h, reterr);
}

static int fake_function_find(void *host, const FunctionRef *f, PciAddress *ret, Failure *reterr)
{
        ENTER(host, reterr);

        for (unsigned i = 0; i < FAKE_FUNCTIONS; i++) {
                const FunctionRef here = fake_ref(h, i);

                if (function_ref_equal(&here, f))
                        *ret = here.address;
        }
        return leave(h, reterr);
}

static int fake_function_bind(void *host, const PciAddress *a, bool *ret_bound, Failure *reterr)
{
        ENTER(host, reterr);

        if (h->bad[function_index(a)] == FAKE_BAD_BIND && !h->bound[function_index(a)])
                return failure_set(reterr, FAILURE_BIND_FAILED, "vfio-pci does not take it");

        *ret_bound = !h->bound[function_index(a)];
        h->bound[function_index(a)] = true;
        return leave(h, reterr);
}

/* Left alone, by the contract; that it was asked for is a mistake all the same. */
static bool is_in_use(FakeHost *h, const PciAddress *a)
{
        bool in_use = h->plugged && h->qemu_has == function_index(a);

        h->took_from_guest = h->took_from_guest || in_use;
        return in_use;
}

static int fake_function_unbind(void *host, const PciAddress *a, Failure *reterr)
{
        ENTER(host, reterr);

        if (is_in_use(h, a))
                return leave(h, reterr);
        h->bound[function_index(a)] = false;
        return leave(h, reterr);
}

static int fake_function_takes_state(void *host, const PciAddress *a, Failure *reterr)
{
        ENTER(host, reterr);

        if (!h->device_state)
                return failure_set(reterr, FAILURE_NOT_MIGRATABLE, "vfio-pci knows nothing of it");
        return leave(h, reterr);
}

static int fake_function_reset(void *host, const PciAddress *a, Failure *reterr)
{
        ENTER(host, reterr);

        if (is_in_use(h, a))
                return leave(h, reterr);
        if (h->bad[function_index(a)] == FAKE_BAD_PROBE)
                return failure_set(reterr, FAILURE_HOST, "it reads as all ones");
        h->used[function_index(a)] = false;
        return leave(h, reterr);
}

static int ask_gate(FakeHost *h, const PciAddress *a, GateQuestion question, Failure *reterr)
{
        unsigned i = function_index(a);

        if (h->bad[i] == FAKE_BAD_ASK && h->asked[i])
                return failure_set(reterr, FAILURE_GATE_UNANSWERED, "its tool is gone");
        h->asked[i] = true;
        if (question == GATE_ANSWERS)
                return 0;

        if (h->bad[i] == FAKE_BAD_GATE || (h->qemu == QEMU_RUNNING && h->plugged && h->qemu_has == i))
                return failure_set(reterr, FAILURE_GATE_CLOSED, "it is active");
        h->gate_open[i] = true;
        return 0;
}

static int fake_function_gate(void *host, const PciAddress *a, GateQuestion question, Failure *reterr)
{
        int r;

        ENTER(host, reterr);

        r = ask_gate(h, a, question, reterr);
        return r < 0 ? r : leave(h, reterr);
}

static int fake_await_gates(void *host, const PciAddress *functions, size_t n, Failure *reterr)
{
        ENTER(host, reterr);

        for (size_t i = 0; i < n; i++) {
                _cleanup_(failure_done) Failure why = { 0 };

                if (ask_gate(h, functions + i, GATE_WAIT, &why) >= 0)
                        continue;
                if (why.code == FAILURE_GATE_CLOSED && (h->canceled || h->held))
                        return failure_set(reterr, FAILURE_CANCELED, "nobody waits any more");
                return failure_set(reterr, why.code, "%s", failure_message(&why));
        }

        return leave(h, reterr);
}

static int fake_function_clean(void *host, const PciAddress *a, Failure *reterr)
{
        unsigned i = function_index(a);

        ENTER(host, reterr);

        if (is_in_use(h, a))
                return leave(h, reterr);
        if (h->bad[i] == FAKE_BAD_CLEAN)
                return failure_set(reterr, FAILURE_HOST, "it is not clean");
        h->dirty[i] = false;
        return leave(h, reterr);
}

const HostOps fake_host_ops = {
        .inspect = fake_inspect,
        .suspend_to_ram = fake_suspend_to_ram,
        .suspend_to_disk = fake_suspend_to_disk,
        .wake = fake_wake,
        .set_cpr_mode = fake_set_cpr_mode,
        .unplug = fake_unplug,
        .plug = fake_plug,
        .save = fake_save,
        .settle_suspend = fake_settle_suspend,
        .settle_save = fake_settle_save,
        .image_space = fake_image_space,
        .image_guard = fake_image_guard,
        .image_put_back = fake_image_put_back,
        .image_discard = fake_image_discard,
        .image_set_functions = fake_image_set_functions,
        .definition_set_functions = fake_definition_set_functions,
        .restore = fake_restore,
        .follow_restore = fake_follow_restore,
        .cont = fake_cont,
        .start = fake_start,
        .destroy_unwoken = fake_destroy_unwoken,
        .mend = fake_mend,
        .wait_agent = fake_wait_agent,
        .function_find = fake_function_find,
        .function_bind = fake_function_bind,
        .function_takes_state = fake_function_takes_state,
        .function_unbind = fake_function_unbind,
        .function_reset = fake_function_reset,
        .function_gate = fake_function_gate,
        .await_gates = fake_await_gates,
        .function_clean = fake_function_clean,
};

static Job *copy_job(const Job *j)
{
        Job *copy;

        if (job_new(j->id, j->kind, j->strategy, j->domain_uuid, j->domain_name, &copy) < 0 ||
            job_set_swaps(copy, j->swaps, j->n_swaps) < 0 || free_and_strdup(&copy->stuck, j->stuck) < 0 ||
            free_and_strdup(&copy->devices, j->devices) < 0)
                assert(false && "out of memory");

        for (size_t i = 0; i < j->n_attempts; i++) {
                if (job_add_attempt(copy, j->attempts[i].usec, j->attempts[i].step,
                                    &j->attempts[i].failure) < 0)
                        assert(false && "out of memory");
                memcpy(copy->attempts[i].targets, j->attempts[i].targets, j->n_swaps * sizeof(PciAddress));
        }
        for (size_t i = 0; i < j->n_quarantines; i++)
                if (job_quarantine(copy, &j->quarantines[i].function, j->quarantines[i].reason) < 0)
                        assert(false && "out of memory");

        copy->state = j->state;
        copy->targets_asked_for = j->targets_asked_for;
        copy->needs_fixups = j->needs_fixups;
        copy->fixups = j->fixups;
        copy->by_libvirt = j->by_libvirt;
        copy->asleep = j->asleep;
        copy->by_shutdown = j->by_shutdown;
        copy->fallback = j->fallback;
        copy->back = j->back;
        copy->retry = j->retry;
        copy->space_bytes = j->space_bytes;
        memcpy(copy->steps, j->steps, sizeof(j->steps));
        if (j->failure.code != FAILURE_NONE)
                (void) failure_set(&copy->failure, j->failure.code, "%s", failure_message(&j->failure));
        return copy;
}

Job *fake_host_read_journal(const FakeHost *h)
{
        return copy_job(h->journal);
}

static int fail_if_full(const FakeHost *h, Failure *reterr)
{
        return h->disk_full ? failure_set(reterr, FAILURE_HOST, "no space left on device") : 0;
}

static int fake_survey(void *host, const Job *j, JobList *ret, Failure *reterr)
{
        Job *other;

        ENTER_STORE(host, reterr);

        if (h->other < 0)
                return leave(h, reterr);

        *ret = (JobList) { .jobs = calloc(1, sizeof(Job *)), .n = 1 };
        assert(ret->jobs);
        if (job_new(j->id + 1, h->other, STRATEGY_SUSPEND_TO_RAM, "u", "vm2", &other) < 0)
                assert(false && "no memory");
        other->state = JOB_RUNNING;
        other->space_bytes = h->space_bytes;
        job_find_step(other, STEP_SAVE)->state = STEP_STARTED;
        ret->jobs[0] = other;
        return leave(h, reterr);
}

static int fake_write_job(void *host, const Job *j, Failure *reterr)
{
        Job *copy;

        ENTER_STORE(host, reterr);

        if (fail_if_full(h, reterr) < 0)
                return -EREMOTEIO;
        copy = copy_job(j);
        (void) job_free(h->journal);
        h->journal = copy;
        return leave(h, reterr);
}

static int fake_write_record(void *host, const Job *j, uint64_t bytes, Failure *reterr)
{
        ENTER_STORE(host, reterr);

        if (fail_if_full(h, reterr) < 0)
                return -EREMOTEIO;
        h->record = true;
        return leave(h, reterr);
}

static int fake_remove_record(void *host, const char *domain_uuid, Failure *reterr)
{
        ENTER_STORE(host, reterr);

        h->record = false;
        return leave(h, reterr);
}

static int fake_read_devices(void *host, const char *domain_uuid, char **ret, Failure *reterr)
{
        ENTER_STORE(host, reterr);

        *ret = strdup("<domain/>");
        return leave(h, reterr);
}

static void fake_progress(void *host, const Job *j)
{
}

static void fake_tell_step(void *host, const Job *j, const JobStep *s, const Failure *why)
{
}

const ExecutorStore fake_store_ops = {
        .survey = fake_survey,
        .write_job = fake_write_job,
        .write_record = fake_write_record,
        .remove_record = fake_remove_record,
        .read_devices = fake_read_devices,
        .progress = fake_progress,
        .tell_step = fake_tell_step,
};
