/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/verdict.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/guest-verdict.h"

#define MIB (UINT64_C(1) << 20)

/* QEMU 9.0 commit 0cb51c183a91 "vfio: allow cpr-reboot migration if suspended". */
#define QEMU_VERSION_CPR_REBOOT 9000000U

/* Beside the memory: header, domain XML with libvirt's 64 KiB of growth room, device state; and what the file system
 * takes for itself. */
#define IMAGE_OVERHEAD_BYTES (64 * MIB)

#define WAITS_FOR_ROOM                                                                                   \
        "the image of domain '%s' may need %llu MiB, and %llu are to be had now on the disk that holds " \
        "managed saves: the job waits until other jobs (%zu) have written or removed theirs"

uint64_t verdict_image_bytes(const DomainFacts *facts, Strategy strategy)
{
        if (!strategy_writes_image(strategy))
                return 0;

        return facts->memory_bytes + facts->memory_bytes / 64 + IMAGE_OVERHEAD_BYTES +
               (strategy == STRATEGY_DEVICE_STATE ? facts->vram_used_bytes : 0);
}

/* Of an image it is known that it holds what is in use of the GPUs' memory: in the guest's own, where the driver moved it,
 * or among the state of the devices. */
static uint64_t known_bytes(const DomainFacts *facts, Strategy strategy)
{
        uint64_t vram = facts->vram_used_bytes;

        if (strategy == STRATEGY_SUSPEND_TO_RAM)
                return vram < facts->memory_bytes ? vram : facts->memory_bytes;
        return strategy == STRATEGY_DEVICE_STATE ? vram : 0;
}

void verdict_done(Verdict *v)
{
        findings_done(&v->findings);
        free(v->waits);
        for (size_t i = 0; i < v->n_options; i++)
                free(v->options[i].reason);
        v->n_options = 0;
}

int verdict_add_option(Verdict *v, Strategy strategy, bool chosen, bool possible, const char *reason)
{
        StrategyOption o = { .strategy = strategy, .chosen = chosen, .possible = possible };

        if (v->n_options == ELEMENTSOF(v->options))
                return -E2BIG;
        if (free_and_strdup(&o.reason, reason) < 0)
                return -ENOMEM;

        v->options[v->n_options++] = o;
        return 0;
}

static bool is_up(const DomainFacts *facts)
{
        return facts->state == DOMAIN_RUNNING && facts->qemu == QEMU_RUNNING;
}

static bool is_off(const DomainFacts *facts)
{
        return facts->state == DOMAIN_SHUTOFF || facts->state == DOMAIN_CRASHED;
}

static void judge_running(JobKind kind, const DomainFacts *facts, Findings *l)
{
        Finding *f;

        if (kind == JOB_HIBERNATE && domain_facts_asleep(facts))
                (void) findings_remark(
                                l, FINDING_GUEST,
                                "the guest of domain '%s' sleeps, and is saved as it is: what only its agent could "
                                "tell is not known, and if the save fails the guest is woken",
                                facts->name);
        else if (is_off(facts)) {
                f = findings_block(l, FAILURE_NOT_RUNNING, FINDING_GUEST, "domain '%s' is not running",
                                   facts->name);
                finding_set_remedy(f, "start it first");
        } else if (!is_up(facts)) {
                f = findings_block(l, FAILURE_NOT_RUNNING, FINDING_GUEST,
                                   "domain '%s' is %s (QEMU: %s), and only a running one can be %s",
                                   facts->name, domain_state_to_string(facts->state),
                                   qemu_status_to_string(facts->qemu),
                                   kind == JOB_MOVE ? "moved" : "hibernated");
                /* So it reads a QEMU that was suspended while it was started (libvirt 11.3, QEMU's "suspended" is unknown
                 * to it), and hears nothing of its waking up. */
                if (facts->state == DOMAIN_PAUSED && facts->qemu == QEMU_RUNNING)
                        finding_set_remedy(
                                        f,
                                        "libvirt did not notice that it runs: 'systemctl restart libvirtd'");
                else
                        finding_set_remedy(
                                        f,
                                        "bring it to 'running' first (virsh resume, or virsh dompmwakeup for "
                                        "a suspended guest)");
        }

        if (!facts->persistent) {
                f = findings_block(l, FAILURE_NOT_PERSISTENT, FINDING_GUEST,
                                   "domain '%s' is transient, it would vanish when saved", facts->name);
                finding_set_remedy(f, "define it with virsh define");
        }

        if (facts->n_functions == 0) {
                f = findings_block(l, FAILURE_NO_FUNCTION, FINDING_FUNCTION,
                                   "domain '%s' has no PCI function attached", facts->name);
                finding_set_remedy(f, "use plain virsh managedsave");
        }
}

/* Of a domain that is off it is no older one: it is what the domain was saved to. */
static void judge_older_image(const DomainFacts *facts, Findings *l)
{
        Finding *f;

        if (is_off(facts) || facts->image == IMAGE_NONE)
                return;

        if (facts->image == IMAGE_DAMAGED) {
                (void) findings_remark(
                                l, FINDING_IMAGE,
                                "an incomplete managed save image of domain '%s' exists, the waste of "
                                "a save that failed: the next save replaces it",
                                facts->name);
                return;
        }

        f = findings_block(l, FAILURE_IMAGE_DAMAGED, FINDING_IMAGE,
                           "domain '%s' runs although an older managed save image of it exists",
                           facts->name);
        finding_set_remedy(f,
                           "remove that with virsh managedsave-remove once you are sure that it is stale");
}

/* What the domain's XML and its QEMU say, without asking the guest. */
static void judge_ram(const DomainFacts *facts, Findings *l)
{
        Finding *f;

        if (facts->qemu_version < QEMU_VERSION_CPR_REBOOT || !facts->qemu_cpr_reboot) {
                f = findings_block(
                                l, FAILURE_QEMU_TOO_OLD, FINDING_HOST,
                                "the QEMU of domain '%s' (%u.%u.%u) cannot save a suspended guest with a "
                                "VFIO function: that needs migration mode cpr-reboot of QEMU 9.0 or later",
                                facts->name, facts->qemu_version / 1000000,
                                facts->qemu_version / 1000 % 1000, facts->qemu_version % 1000);
                finding_set_remedy(f, "restart the domain on a newer QEMU, or use --strategy "
                                      "suspend-to-disk");
        }

        if (facts->has_migration_mode)
                finding_set_remedy(
                                findings_remark(l, FINDING_GUEST,
                                                "the XML of domain '%s' sets QEMU's migration mode for good: libvirt "
                                                "then takes snapshots and dumps that its guest does not survive",
                                                facts->name),
                                "take it out of <qemu:commandline>; see PLAIN VIRSH in vgpu-hibernate(7)");

        if (!facts->pm_mem_enabled) {
                f = findings_block(l, FAILURE_SUSPEND_DISABLED, FINDING_GUEST,
                                   "domain '%s' may not suspend to RAM", facts->name);
                finding_set_remedy(f, "set <pm><suspend-to-mem enabled='yes'/></pm> in its XML and restart "
                                      "it");
        }
}

/* What needs the guest's help. */
static void judge_awake(const DomainFacts *facts, Findings *l)
{
        if (domain_facts_asleep(facts))
                finding_set_remedy(findings_block(l, FAILURE_NOT_RUNNING, FINDING_GUEST,
                                                  "the guest of domain '%s' sleeps: it can be hibernated by "
                                                  "suspend-to-ram alone",
                                                  facts->name),
                                   "wake it first with virsh dompmwakeup");
}

static void judge_disk(const DomainFacts *facts, Findings *l)
{
        Finding *f;

        judge_awake(facts, l);

        if (!facts->pm_disk_enabled) {
                f = findings_block(l, FAILURE_SUSPEND_DISABLED, FINDING_GUEST,
                                   "domain '%s' may not suspend to disk", facts->name);
                finding_set_remedy(f, "set <pm><suspend-to-disk enabled='yes'/></pm> in its XML and restart "
                                      "it");
        }
}

static void judge_agent(const DomainFacts *facts, const char *command, bool offered, Findings *l)
{
        Finding *f;

        if (!facts->has_agent_channel) {
                f = findings_block(l, FAILURE_NO_AGENT, FINDING_GUEST,
                                   "domain '%s' has no guest agent channel", facts->name);
                finding_set_remedy(f, "add <channel type='unix'><target type='virtio' "
                                      "name='org.qemu.guest_agent.0'/></channel> to it");
                return;
        }

        /* Then nobody could have answered. */
        if (!is_up(facts))
                return;

        if (!facts->agent_answers) {
                f = findings_block(l, FAILURE_NO_AGENT, FINDING_GUEST,
                                   "the guest agent of domain '%s' does not answer", facts->name);
                finding_set_remedy(f, "start qemu-guest-agent in the guest");
        } else if (!offered) {
                f = findings_block(l, FAILURE_NO_AGENT, FINDING_GUEST,
                                   "the guest agent of domain '%s' does not offer %s", facts->name, command);
                finding_set_remedy(f, "allow it in the guest's agent configuration");
        }
}

/* libvirt, which has another view of it, would save all the same. */
static void judge_image_dir(const DomainFacts *facts, Findings *l)
{
        Finding *f;

        if (facts->image_dir_read_only) {
                f = findings_block(l, FAILURE_HOST, FINDING_HOST,
                                   "the directory for the image of domain '%s' is read-only for "
                                   "vgpu-hibernated",
                                   facts->name);
                finding_set_remedy(f, "if a file system was mounted or unmounted there, restart "
                                      "vgpu-hibernated");
        }
}

static unsigned long long in_mib(uint64_t bytes)
{
        return (unsigned long long) (bytes / MIB);
}

static void judge_space(const VerdictRequest *request, const DomainFacts *facts, Strategy strategy,
                        Findings *l)
{
        uint64_t needed = verdict_image_bytes(facts, strategy), available = facts->image_space_bytes;
        const Space *space = &request->space;
        Finding *f;

        switch (space_judge(space, available, needed)) {
        case SPACE_NOW:
                break;
        case SPACE_LATER:
                (void) findings_remark(l, FINDING_IMAGE, WAITS_FOR_ROOM, facts->name,
                                       in_mib(needed + MIB - 1), in_mib(space_available(space, available)),
                                       space->n_jobs);
                break;
        case SPACE_NEVER:
                f = findings_block(l, FAILURE_NO_SPACE, FINDING_IMAGE,
                                   "the image of domain '%s' may need %llu MiB, the disk that holds managed "
                                   "saves has %llu MiB free, of which %llu are to stay so and %llu are "
                                   "promised to other jobs",
                                   facts->name, in_mib(needed + MIB - 1), in_mib(available),
                                   in_mib(space->reserve_bytes), in_mib(space->promised_bytes));
                finding_set_remedy(f, "make room there");
        }
}

/* Before it suspends, the driver of a GPU moves what is in use of its memory into the guest's (amdgpu: AMD's guest
 * driver, amdgpu_device_evict_resources()). So that needs no further room on the host, but the guest must have it. */
static void judge_vram(const DomainFacts *facts, Findings *l)
{
        Finding *f;

        if (facts->vram_used_bytes < facts->memory_bytes)
                return;

        f = findings_block(l, FAILURE_NO_SPACE, FINDING_GUEST,
                           "the guest of domain '%s' uses %llu MiB of its GPUs' memory, more than its %llu "
                           "MiB of memory can take when it suspends",
                           facts->name, in_mib(facts->vram_used_bytes), in_mib(facts->memory_bytes));
        finding_set_remedy(f, "end what uses the GPU in the guest, or give the domain more memory");
}

static void judge_suspend_to_ram(const VerdictRequest *request, const DomainFacts *facts, Findings *l)
{
        judge_ram(facts, l);
        judge_image_dir(facts, l);
        judge_vram(facts, l);
        judge_space(request, facts, STRATEGY_SUSPEND_TO_RAM, l);
        judge_agent(facts, "guest-suspend-ram", facts->agent_suspend_ram, l);
        guest_judge_ram(facts, l);
}

static void judge_suspend_to_disk(const VerdictRequest *request, const DomainFacts *facts, Findings *l)
{
        judge_disk(facts, l);
        judge_agent(facts, "guest-suspend-disk", facts->agent_suspend_disk, l);
        guest_judge_disk(facts, l);
}

/* Neither needs the agent, but a job asks it in the end whether the guest is well. */
static void judge_silent(const DomainFacts *facts, Findings *l)
{
        if (is_up(facts) && facts->has_agent_channel && !facts->agent_answers)
                (void) findings_remark(
                                l, FINDING_GUEST,
                                "the guest agent of domain '%s' does not answer: whether the guest is well "
                                "afterwards will not be known, and the job says so",
                                facts->name);
}

static void judge_device_state(const VerdictRequest *request, const DomainFacts *facts, Findings *l)
{
        Finding *f = NULL;

        judge_awake(facts, l);

        if (facts->has_plain)
                f = findings_block(
                                l, FAILURE_NOT_MIGRATABLE, FINDING_FUNCTION,
                                "the state of function %s of domain '%s' cannot be saved: the host has it on "
                                "vfio-pci itself, not on a driver that knows the device%s%s",
                                PCI_ADDRESS_STR(&facts->plain), facts->name,
                                facts->migration_blockers ? "; QEMU says: " : "",
                                facts->migration_blockers ? facts->migration_blockers : "");
        else if (facts->migration_blockers)
                f = findings_block(l, FAILURE_NOT_MIGRATABLE, FINDING_FUNCTION,
                                   "the state of domain '%s' cannot be saved as it is: %s", facts->name,
                                   facts->migration_blockers);
        finding_set_remedy(f, "use --strategy suspend-to-ram");

        judge_image_dir(facts, l);
        judge_space(request, facts, STRATEGY_DEVICE_STATE, l);
        judge_silent(facts, l);
}

static void judge_unplug(const VerdictRequest *request, const DomainFacts *facts, Findings *l)
{
        judge_awake(facts, l);
        if (facts->guest.acpi_mapped == GUEST_NO)
                finding_set_remedy(
                                findings_block(l, FAILURE_UNPLUG_FAILED, FINDING_GUEST,
                                               "the guest of domain '%s' cannot be asked to let go of a function: "
                                               "SeaBIOS on q35 left its ACPI registers unmapped when it woke",
                                               facts->name),
                                "boot it anew, and use OVMF for the next time");
        judge_image_dir(facts, l);
        judge_space(request, facts, STRATEGY_UNPLUG, l);
        judge_silent(facts, l);
        (void) findings_remark(
                        l, FINDING_POLICY,
                        "strategy unplug loses all that the functions of domain '%s' hold: device memory and "
                        "contexts; what uses them in the guest ends or fails. It is never taken unasked",
                        facts->name);
}

/* What speaks against each by itself, the better ones first. */
static const struct {
        Strategy strategy;
        void (*judge)(const VerdictRequest *request, const DomainFacts *facts, Findings *l);
} strategies[] = {
        { STRATEGY_SUSPEND_TO_RAM, judge_suspend_to_ram },
        { STRATEGY_SUSPEND_TO_DISK, judge_suspend_to_disk },
        { STRATEGY_DEVICE_STATE, judge_device_state },
        { STRATEGY_UNPLUG, judge_unplug },
};

/* Which can work is decided by the XML and the host's drivers alone; everything else that is missing has a remedy and is
 * therefore said, not answered with a silent change of strategy. */
static bool can_work(const DomainFacts *facts, Strategy s)
{
        if (domain_facts_asleep(facts))
                return s == STRATEGY_SUSPEND_TO_RAM;

        switch (s) {
        case STRATEGY_SUSPEND_TO_RAM:
                return facts->pm_mem_enabled;
        case STRATEGY_SUSPEND_TO_DISK:
                return facts->pm_disk_enabled;
        case STRATEGY_DEVICE_STATE:
                return !facts->has_plain && !facts->migration_blockers;
        case STRATEGY_AUTO:
        case STRATEGY_UNPLUG:
        case _STRATEGY_MAX:
        case _STRATEGY_INVALID:
                break;
        }

        return false;
}

static Strategy choose_strategy(const VerdictRequest *request, const DomainFacts *facts, Findings *l)
{
        static const StrategyList unsaid = { .list = { STRATEGY_SUSPEND_TO_RAM, STRATEGY_SUSPEND_TO_DISK },
                                             .n = 2 };
        const StrategyList *order = facts->strategies.n > 0 ? &facts->strategies : &unsaid;
        size_t i = 0;

        if (request->strategy != STRATEGY_AUTO)
                return request->strategy;

        while (i < order->n && !can_work(facts, order->list[i]))
                i++;
        if (i == order->n)
                return order->list[0];

        if (i > 0 && order->list[0] == STRATEGY_DEVICE_STATE)
                (void) findings_remark(
                                l, FINDING_POLICY,
                                "strategy %s is chosen, since the drivers of the functions of domain '%s' do "
                                "not save their state",
                                strategy_to_string(order->list[i]), facts->name);
        else if (i > 0)
                (void) findings_remark(
                                l, FINDING_POLICY,
                                "strategy %s is chosen, since the XML of domain '%s' does not allow %s",
                                strategy_to_string(order->list[i]), facts->name,
                                strategy_to_string(order->list[0]));
        return order->list[i];
}

static void judge_allowed(const DomainFacts *facts, Strategy s, Findings *l)
{
        if (s == STRATEGY_UNPLUG || strategy_list_has(&facts->strategies, s))
                return;

        finding_set_remedy(
                        findings_block(l, FAILURE_INCOMPATIBLE, FINDING_POLICY,
                                       "strategy %s is not for the functions of domain '%s': their families do not "
                                       "name it",
                                       strategy_to_string(s), facts->name),
                        facts->strategies.n > 0 ? "use --strategy auto"
                                                : "they name no strategy that would do for all of them");
}

/* Of the chosen one the findings say it all; of the others one reason is enough. */
static void judge_option(const VerdictRequest *request, const DomainFacts *facts, size_t i, bool blocked,
                         Verdict *v)
{
        bool chosen = strategies[i].strategy == v->strategy, possible;
        _cleanup_(findings_done) Findings own = { 0 };
        _cleanup_(failure_done) Failure why = { 0 };
        const char *reason = NULL;

        judge_allowed(facts, strategies[i].strategy, &own);
        strategies[i].judge(request, facts, &own);
        if (chosen) {
                judge_allowed(facts, strategies[i].strategy, &v->findings);
                strategies[i].judge(request, facts, &v->findings);
        }

        possible = findings_check(&own, &why) >= 0 && !blocked;
        if (why.code != FAILURE_NONE)
                reason = why.message;
        else if (own.n > 0) /* possible, but not for nothing */
                reason = own.list[own.n - 1].message;
        if (verdict_add_option(v, strategies[i].strategy, chosen, possible, reason) < 0)
                v->findings.incomplete = true;
}

static void judge_wait(const VerdictRequest *request, const DomainFacts *facts, Verdict *v)
{
        if (space_judge(&request->space, facts->image_space_bytes, v->bytes_needed) == SPACE_LATER &&
            asprintf(&v->waits, WAITS_FOR_ROOM, facts->name, in_mib(v->bytes_needed + MIB - 1),
                     in_mib(v->bytes_available), request->space.n_jobs) < 0) {
                v->waits = NULL;
                v->findings.incomplete = true;
        }
}

static void judge_hibernate(const VerdictRequest *request, const DomainFacts *facts, Verdict *v)
{
        bool blocked;

        judge_running(request->kind, facts, &v->findings);
        judge_older_image(facts, &v->findings);
        blocked = findings_are_blocking(&v->findings);

        v->strategy = choose_strategy(request, facts, &v->findings);
        v->bytes_needed = verdict_image_bytes(facts, v->strategy);
        for (size_t i = 0; i < ELEMENTSOF(strategies); i++)
                judge_option(request, facts, i, blocked, v);
        judge_wait(request, facts, v);
}

/* Of suspend-to-disk, the memory is in the guest's own swap. */
static void judge_no_image(const DomainFacts *facts, Findings *l)
{
        Finding *f;

        if (facts->image == IMAGE_NONE)
                return;

        f = findings_block(l, FAILURE_IMAGE_DAMAGED, FINDING_IMAGE,
                           "domain '%s' hibernated to its own disk, yet a managed save image of it exists",
                           facts->name);
        finding_set_remedy(f,
                           "remove that with virsh managedsave-remove once you are sure that it is stale");
}

static void judge_image(const DomainFacts *facts, uint64_t image_bytes, Findings *l)
{
        Finding *f;

        switch (facts->image) {
        case IMAGE_VALID:
                /* libvirt reads no further than the header: of an image that was cut off it would say nothing. */
                if (image_bytes == 0 || facts->image_bytes == image_bytes)
                        return;
                f = findings_block(l, FAILURE_IMAGE_DAMAGED, FINDING_IMAGE,
                                   "the managed save image of domain '%s' has %" PRIu64
                                   " bytes, it had %" PRIu64 " when it was made",
                                   facts->name, facts->image_bytes, image_bytes);
                finding_set_remedy(f, "restore the file from a backup, do not start the domain");
                return;
        case IMAGE_NONE:
                f = findings_block(l, FAILURE_IMAGE_DAMAGED, FINDING_IMAGE,
                                   "the managed save image of domain '%s' is gone; its memory cannot be "
                                   "resumed",
                                   facts->name);
                finding_set_remedy(
                                f,
                                "'vgpu-hibernatectl discard' gives it up, and then 'virsh start' boots it "
                                "anew");
                return;
        case IMAGE_DAMAGED:
        case _IMAGE_STATE_MAX:
        case _IMAGE_STATE_INVALID:
                break;
        }

        f = findings_block(l, FAILURE_IMAGE_DAMAGED, FINDING_IMAGE,
                           "the managed save image of domain '%s' is incomplete or damaged", facts->name);
        finding_set_remedy(f, "do not start the domain (libvirt would delete the image and boot it anew) "
                              "before you made a copy of it");
}

static void judge_resume(const DomainFacts *facts, Strategy strategy, uint64_t image_bytes, Findings *l)
{
        Finding *f;

        if (strategy == STRATEGY_AUTO) {
                f = findings_block(l, FAILURE_NOT_HIBERNATED, FINDING_IMAGE,
                                   "the record of domain '%s' does not say how it was hibernated",
                                   facts->name);
                finding_set_remedy(f, RECORD_REMEDY);
                return;
        }

        /* Whether there is an image beside a guest that runs is beside the point. */
        if (!is_off(facts)) {
                f = findings_block(l, FAILURE_NOT_HIBERNATED, FINDING_GUEST,
                                   "domain '%s' is already active (%s): somebody started it outside of "
                                   "vgpu-hibernate",
                                   facts->name, domain_state_to_string(facts->state));
                finding_set_remedy(f,
                                   "let it run; 'vgpu-hibernatectl move' gives other functions to one that "
                                   "runs");
                return;
        }

        if (strategy == STRATEGY_SUSPEND_TO_DISK)
                judge_no_image(facts, l);
        else {
                judge_image_dir(facts, l);
                judge_image(facts, image_bytes, l);
        }
}

void verdict_request_set_others(VerdictRequest *request, const JobList *others)
{
        request->others = others;
        for (size_t i = 0; i < others->n; i++)
                space_add_job(&request->space, others->jobs[i]);
}

static void predict(const VerdictRequest *request, const DomainFacts *facts, Verdict *v)
{
        const PredictionRequest q = {
                .kind = request->kind,
                .strategy = v->strategy,
                .domain_uuid = facts->uuid,
                .image_bytes = request->image_bytes,
                .space_bytes = v->bytes_needed,
                .bytes_min = known_bytes(facts, v->strategy),
        };

        if (!request->others)
                return;

        prediction_make(&q, request->others, &v->predicted);
        prediction_judge(request->others, facts->uuid, &v->error);
}

void verdict_judge(const VerdictRequest *request, const DomainFacts *facts, Verdict *ret)
{
        *ret = (Verdict) {
                .strategy = request->strategy,
                .sized = true,
                .bytes_available = space_available(&request->space, facts->image_space_bytes),
                .bytes_promised = request->space.promised_bytes,
                .fixups = facts->fixups,
        };

        if (request->kind == JOB_RESUME)
                judge_resume(facts, request->strategy, request->image_bytes, &ret->findings);
        else
                judge_hibernate(request, facts, ret);
        predict(request, facts, ret);
}
