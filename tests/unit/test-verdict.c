/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/verdict.h"

#include "test.h"

#define GIB (UINT64_C(1) << 30)

static PciAddress one_function;
static char name[] = "vm1", uuid[] = "u";

/* A domain about which there is nothing to complain. */
static DomainFacts good_facts(void)
{
        return (DomainFacts) {
                .name = name,
                .uuid = uuid,
                .persistent = true,
                .state = DOMAIN_RUNNING,
                .qemu = QEMU_RUNNING,
                .image = IMAGE_NONE,
                .memory_bytes = GIB,
                .functions = &one_function,
                .n_functions = 1,
                .pm_mem_enabled = true,
                .pm_disk_enabled = true,
                .has_agent_channel = true,
                .agent_answers = true,
                .agent_suspend_ram = true,
                .agent_suspend_disk = true,
                .qemu_cpr_reboot = true,
                .qemu_version = 10000013,
                .image_space_bytes = 2 * GIB,
                .has_plain = true,
        };
}

static Verdict judge(const DomainFacts *f, Strategy asked)
{
        Verdict v;

        verdict_judge(&(VerdictRequest) { .kind = JOB_HIBERNATE, .strategy = asked }, f, &v);
        CHECK(!v.findings.incomplete);
        return v;
}

/* What a job would fail of. */
static void expect(const DomainFacts *f, Strategy asked, FailureCode code, const char *text)
{
        Verdict v = judge(f, asked);
        Failure why = { 0 };

        CHECK(findings_check(&v.findings, &why) < 0);
        CHECK(why.code == code);
        CHECK(strstr(failure_message(&why), "'vm1'"));
        CHECK(strstr(failure_message(&why), text));
        failure_done(&why);
        verdict_done(&v);
}

static void expect_move_refused(const DomainFacts *f, FailureCode code, const char *text)
{
        Failure why = { 0 };
        Verdict v;

        verdict_judge(&(VerdictRequest) { .kind = JOB_MOVE }, f, &v);
        CHECK(findings_check(&v.findings, &why) < 0);
        CHECK(why.code == code && strstr(failure_message(&why), text));
        failure_done(&why);
        verdict_done(&v);
}

static void expect_strategy(const DomainFacts *f, Strategy asked, Strategy expected)
{
        Verdict v = judge(f, asked);

        CHECK(findings_check(&v.findings, NULL) >= 0);
        CHECK(v.strategy == expected);
        verdict_done(&v);
}

/* All that was found, in its order; FAILURE_NONE is a remark, and ends the list where nothing else follows. */
static void expect_all(const DomainFacts *f, Strategy asked, size_t n, const FailureCode *codes)
{
        Verdict v = judge(f, asked);

        CHECK(v.findings.n == n);
        for (size_t i = 0; i < n; i++) {
                CHECK(v.findings.list[i].code == codes[i]);
                CHECK(v.findings.list[i].blocking == (codes[i] != FAILURE_NONE));
                CHECK(!v.findings.list[i].blocking || v.findings.list[i].remedy);
        }
        verdict_done(&v);
}

#define EXPECT_ALL(facts, asked, ...)                                           \
        expect_all(facts, asked, ELEMENTSOF(((FailureCode[]) { __VA_ARGS__ })), \
                   (FailureCode[]) { __VA_ARGS__ })

/* What is wrong decides what helps. */
static void test_not_up(void)
{
        static const struct {
                DomainState state;
                QemuStatus qemu;
                const char *remedy;
        } table[] = {
                { DOMAIN_SHUTOFF, QEMU_NONE, "start it" },
                { DOMAIN_PAUSED, QEMU_PAUSED, "virsh resume" },
                { DOMAIN_RUNNING, QEMU_SUSPENDED, "virsh dompmwakeup" },
                { DOMAIN_PAUSED, QEMU_RUNNING, "restart libvirtd" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                DomainFacts f = good_facts();
                Verdict v;

                f.state = table[i].state;
                f.qemu = table[i].qemu;
                v = judge(&f, STRATEGY_SUSPEND_TO_RAM);
                CHECK(v.findings.n > 0 && v.findings.list[0].code == FAILURE_NOT_RUNNING);
                CHECK(strstr(v.findings.list[0].remedy, table[i].remedy));
                verdict_done(&v);
        }
}

static void test_all_at_once(void)
{
        DomainFacts f = good_facts();

        expect_all(&f, STRATEGY_AUTO, 0, NULL);

        /* Everything that can be wrong together. */
        f.state = DOMAIN_PAUSED;
        f.qemu = QEMU_PAUSED;
        f.persistent = false;
        f.n_functions = 0;
        f.image = IMAGE_VALID;
        f.qemu_cpr_reboot = false;
        f.pm_mem_enabled = false;
        f.image_space_bytes = 0;
        f.has_agent_channel = false;
        EXPECT_ALL(&f, STRATEGY_SUSPEND_TO_RAM, FAILURE_NOT_RUNNING, FAILURE_NOT_PERSISTENT,
                   FAILURE_NO_FUNCTION, FAILURE_IMAGE_DAMAGED, FAILURE_QEMU_TOO_OLD,
                   FAILURE_SUSPEND_DISABLED, FAILURE_NO_SPACE, FAILURE_NO_AGENT);

        /* An agent that could not be asked is not one that does not answer. */
        f = good_facts();
        f.state = DOMAIN_SHUTOFF;
        f.qemu = QEMU_NONE;
        f.agent_answers = f.agent_suspend_ram = false;
        f.image_space_bytes = 0;
        EXPECT_ALL(&f, STRATEGY_AUTO, FAILURE_NOT_RUNNING, FAILURE_NO_SPACE);
        f.image = IMAGE_VALID;
        EXPECT_ALL(&f, STRATEGY_AUTO, FAILURE_NOT_RUNNING, FAILURE_NO_SPACE);

        /* Remarks stand among them and do not block. */
        f = good_facts();
        f.image = IMAGE_DAMAGED;
        f.pm_mem_enabled = false;
        EXPECT_ALL(&f, STRATEGY_AUTO, FAILURE_NONE, FAILURE_NONE);
        expect_strategy(&f, STRATEGY_AUTO, STRATEGY_SUSPEND_TO_DISK);
        f.agent_suspend_disk = false;
        EXPECT_ALL(&f, STRATEGY_AUTO, FAILURE_NONE, FAILURE_NONE, FAILURE_NO_AGENT);
        expect(&f, STRATEGY_AUTO, FAILURE_NO_AGENT, "guest-suspend-disk; allow it");
}

static void test_bytes(void)
{
        DomainFacts f = good_facts();
        Verdict v = judge(&f, STRATEGY_AUTO);

        CHECK(v.bytes_needed == verdict_image_bytes(&f, STRATEGY_SUSPEND_TO_RAM) &&
              v.bytes_available == 2 * GIB);
        verdict_done(&v);
        v = judge(&f, STRATEGY_SUSPEND_TO_DISK);
        CHECK(v.bytes_needed == 0);
        verdict_done(&v);
}

static void test_strategy(void)
{
        DomainFacts f = good_facts();

        expect_strategy(&f, STRATEGY_AUTO, STRATEGY_SUSPEND_TO_RAM);
        expect_strategy(&f, STRATEGY_SUSPEND_TO_DISK, STRATEGY_SUSPEND_TO_DISK);
        f.pm_mem_enabled = false;
        expect_strategy(&f, STRATEGY_AUTO, STRATEGY_SUSPEND_TO_DISK);
        expect(&f, STRATEGY_SUSPEND_TO_RAM, FAILURE_SUSPEND_DISABLED, "suspend-to-mem enabled='yes'");
        f.pm_disk_enabled = false;
        expect(&f, STRATEGY_AUTO, FAILURE_SUSPEND_DISABLED, "suspend-to-mem");
        expect(&f, STRATEGY_SUSPEND_TO_DISK, FAILURE_SUSPEND_DISABLED, "suspend-to-disk enabled='yes'");
}

/* Which is chosen, which could be, and the words that say why not. */
static void expect_option(const Verdict *v, Strategy strategy, bool chosen, bool possible,
                          const char *reason)
{
        const StrategyOption *o = NULL;

        for (size_t i = 0; i < v->n_options; i++)
                if (v->options[i].strategy == strategy) {
                        CHECK(!o);
                        o = v->options + i;
                }

        CHECK(o && o->chosen == chosen && o->possible == possible);
        CHECK(reason ? o->reason && strstr(o->reason, reason) : !o->reason);
}

static void test_options(void)
{
        static const struct {
                Strategy asked;
                bool off, old_qemu, silent, no_mem, no_disk, full;
                Strategy chosen;
                bool ram, disk;
                const char *why_not_ram, *why_not_disk;
        } table[] = {
                { .chosen = STRATEGY_SUSPEND_TO_RAM, .ram = true, .disk = true },
                { .asked = STRATEGY_SUSPEND_TO_DISK,
                  .chosen = STRATEGY_SUSPEND_TO_DISK,
                  .ram = true,
                  .disk = true },
                { .no_mem = true,
                  .chosen = STRATEGY_SUSPEND_TO_DISK,
                  .disk = true,
                  .why_not_ram = "may not suspend to RAM" },
                { .old_qemu = true,
                  .chosen = STRATEGY_SUSPEND_TO_RAM,
                  .disk = true,
                  .why_not_ram = "cpr-reboot" },
                { .full = true,
                  .chosen = STRATEGY_SUSPEND_TO_RAM,
                  .disk = true,
                  .why_not_ram = "make room" },
                { .no_disk = true,
                  .chosen = STRATEGY_SUSPEND_TO_RAM,
                  .ram = true,
                  .why_not_disk = "may not suspend to disk" },
                { .silent = true,
                  .chosen = STRATEGY_SUSPEND_TO_RAM,
                  .why_not_ram = "does not answer",
                  .why_not_disk = "does not answer" },
                /* Nothing speaks against either but what the findings say of both. */
                { .off = true, .chosen = STRATEGY_SUSPEND_TO_RAM },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                DomainFacts f = good_facts();
                Verdict v;

                if (table[i].off) {
                        f.state = DOMAIN_SHUTOFF;
                        f.qemu = QEMU_NONE;
                }
                f.qemu_cpr_reboot = !table[i].old_qemu;
                f.agent_answers = !table[i].silent;
                f.pm_mem_enabled = !table[i].no_mem;
                f.pm_disk_enabled = !table[i].no_disk;
                if (table[i].full)
                        f.image_space_bytes = 0;

                v = judge(&f, table[i].asked);
                CHECK(v.strategy == table[i].chosen);
                expect_option(&v, STRATEGY_SUSPEND_TO_RAM, v.strategy == STRATEGY_SUSPEND_TO_RAM,
                              table[i].ram, table[i].why_not_ram);
                expect_option(&v, STRATEGY_SUSPEND_TO_DISK, v.strategy == STRATEGY_SUSPEND_TO_DISK,
                              table[i].disk, table[i].why_not_disk);
                CHECK(v.n_options == _STRATEGY_MAX - 1); /* each has a word said of it */
                verdict_done(&v);
        }
}

/* What the families of its functions name, in their order, and what the drivers of these can. */
static void test_families(void)
{
        static char blockers[] = "0000:01:10.0: VFIO migration is not supported in kernel";
        static const struct {
                StrategyList families;
                Strategy asked;
                bool plain, blocked, no_mem;
                Strategy chosen;
                FailureCode code; /* FAILURE_NONE: possible */
                const char *word; /* in what is said first */
        } table[] = {
                /* Where nothing is said, it is never taken unasked. */
                { .chosen = STRATEGY_SUSPEND_TO_RAM },
                { .asked = STRATEGY_DEVICE_STATE, .chosen = STRATEGY_DEVICE_STATE },
                { .asked = STRATEGY_DEVICE_STATE,
                  .plain = true,
                  .blocked = true,
                  .chosen = STRATEGY_DEVICE_STATE,
                  .code = FAILURE_NOT_MIGRATABLE,
                  .word = "QEMU says: 0000:01:10.0: VFIO migration is not supported in kernel" },
                { .asked = STRATEGY_DEVICE_STATE,
                  .blocked = true,
                  .chosen = STRATEGY_DEVICE_STATE,
                  .code = FAILURE_NOT_MIGRATABLE,
                  .word = "not supported in kernel" },

                /* The first that can work. */
                { .families = { { STRATEGY_DEVICE_STATE, STRATEGY_SUSPEND_TO_RAM }, 2, true },
                  .chosen = STRATEGY_DEVICE_STATE },
                { .families = { { STRATEGY_DEVICE_STATE, STRATEGY_SUSPEND_TO_RAM }, 2, true },
                  .plain = true,
                  .chosen = STRATEGY_SUSPEND_TO_RAM,
                  .word = "do not save their state" },
                { .families = { { STRATEGY_SUSPEND_TO_RAM, STRATEGY_DEVICE_STATE }, 2, true },
                  .no_mem = true,
                  .chosen = STRATEGY_DEVICE_STATE,
                  .word = "does not allow suspend-to-ram" },
                { .families = { { STRATEGY_DEVICE_STATE }, 1, true },
                  .plain = true,
                  .chosen = STRATEGY_DEVICE_STATE,
                  .code = FAILURE_NOT_MIGRATABLE,
                  .word = "on vfio-pci itself" },

                /* What they do not name is not for these functions, but to lose everything is always possible. */
                { .families = { { STRATEGY_DEVICE_STATE }, 1, true },
                  .asked = STRATEGY_SUSPEND_TO_RAM,
                  .chosen = STRATEGY_SUSPEND_TO_RAM,
                  .code = FAILURE_INCOMPATIBLE,
                  .word = "do not name it" },
                { .families = { .said = true },
                  .chosen = STRATEGY_SUSPEND_TO_RAM,
                  .code = FAILURE_INCOMPATIBLE,
                  .word = "do not name it" },
                { .families = { { STRATEGY_DEVICE_STATE }, 1, true },
                  .asked = STRATEGY_UNPLUG,
                  .chosen = STRATEGY_UNPLUG,
                  .word = "loses all that the functions" },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                DomainFacts f = good_facts();
                Failure why = { 0 };
                Verdict v;

                f.has_plain = table[i].plain;
                f.migration_blockers = table[i].blocked ? blockers : NULL;
                f.pm_mem_enabled = !table[i].no_mem;
                f.strategies = table[i].families;
                verdict_judge(&(VerdictRequest) { .kind = JOB_MOVE, .strategy = table[i].asked }, &f, &v);
                CHECK(v.strategy == table[i].chosen);
                CHECK((findings_check(&v.findings, &why) < 0) == (table[i].code != FAILURE_NONE));
                CHECK(why.code == table[i].code);
                CHECK(table[i].word ? v.findings.n > 0 && strstr(v.findings.list[0].message, table[i].word)
                                    : v.findings.n == 0);
                failure_done(&why);
                verdict_done(&v);
        }
}

/* It is possible, and never chosen; that it has its price is said wherever it is named. */
static void test_unplug(void)
{
        DomainFacts f = good_facts();
        Verdict v = judge(&f, STRATEGY_AUTO);

        expect_option(&v, STRATEGY_UNPLUG, false, true, "never taken unasked");
        expect_option(&v, STRATEGY_DEVICE_STATE, false, false, "vfio-pci");
        verdict_done(&v);

        f.pm_mem_enabled = f.pm_disk_enabled = false;
        expect(&f, STRATEGY_AUTO, FAILURE_SUSPEND_DISABLED, "suspend-to-mem");
        f.has_agent_channel = false;
        expect_strategy(&f, STRATEGY_UNPLUG, STRATEGY_UNPLUG);
        f.image_space_bytes = 0;
        expect(&f, STRATEGY_UNPLUG, FAILURE_NO_SPACE, "MiB free");

        /* It would not hear of it. */
        f = good_facts();
        f.guest.acpi_mapped = GUEST_NO;
        expect(&f, STRATEGY_UNPLUG, FAILURE_UNPLUG_FAILED, "SeaBIOS");

        /* The job will look for it at its end. */
        f = good_facts();
        f.agent_answers = false;
        EXPECT_ALL(&f, STRATEGY_UNPLUG, FAILURE_NONE, FAILURE_NONE);
}

static void test_no_silent_change_of_strategy(void)
{
        DomainFacts f = good_facts();

        f.qemu_version = 7002000;
        expect(&f, STRATEGY_AUTO, FAILURE_QEMU_TOO_OLD, "(7.2.0)");
        expect_strategy(&f, STRATEGY_SUSPEND_TO_DISK, STRATEGY_SUSPEND_TO_DISK);

        f = good_facts();
        f.qemu_cpr_reboot = false;
        expect(&f, STRATEGY_AUTO, FAILURE_QEMU_TOO_OLD, "cpr-reboot");
}

static void test_state(void)
{
        DomainFacts f = good_facts();

        f.state = DOMAIN_SHUTOFF;
        f.qemu = QEMU_NONE;
        expect(&f, STRATEGY_AUTO, FAILURE_NOT_RUNNING, "start it first");

        f = good_facts();
        f.qemu = QEMU_SUSPENDED; /* libvirt's state lies */
        expect(&f, STRATEGY_AUTO, FAILURE_NOT_RUNNING, "QEMU: suspended");

        /* A guest that sleeps is saved as it is, by the only strategy that asks nothing of it. */
        f.state = DOMAIN_PMSUSPENDED;
        f.agent_answers = false;
        expect_strategy(&f, STRATEGY_AUTO, STRATEGY_SUSPEND_TO_RAM);
        expect(&f, STRATEGY_SUSPEND_TO_DISK, FAILURE_NOT_RUNNING, "dompmwakeup");
        expect(&f, STRATEGY_UNPLUG, FAILURE_NOT_RUNNING, "dompmwakeup");
        f.strategies = (StrategyList) { { STRATEGY_DEVICE_STATE, STRATEGY_SUSPEND_TO_RAM }, 2, true };
        f.has_plain = false;
        expect_strategy(&f, STRATEGY_AUTO, STRATEGY_SUSPEND_TO_RAM);
        expect(&f, STRATEGY_DEVICE_STATE, FAILURE_NOT_RUNNING, "dompmwakeup");
        expect_move_refused(&f, FAILURE_NOT_RUNNING, "virsh dompmwakeup");

        /* What it is about works; what else it does is said. */
        f = good_facts();
        f.has_migration_mode = true;
        EXPECT_ALL(&f, STRATEGY_SUSPEND_TO_RAM, FAILURE_NONE);

        f = good_facts();
        f.persistent = false;
        expect(&f, STRATEGY_AUTO, FAILURE_NOT_PERSISTENT, "virsh define");

        f = good_facts();
        f.n_functions = 0;
        expect(&f, STRATEGY_AUTO, FAILURE_NO_FUNCTION, "managedsave");

        f = good_facts();
        f.image = IMAGE_VALID;
        expect(&f, STRATEGY_AUTO, FAILURE_IMAGE_DAMAGED, "managedsave-remove");
}

static void test_agent(void)
{
        DomainFacts f = good_facts();

        f.has_agent_channel = false;
        expect(&f, STRATEGY_AUTO, FAILURE_NO_AGENT, "org.qemu.guest_agent.0");
        f = good_facts();
        f.agent_answers = false;
        expect(&f, STRATEGY_AUTO, FAILURE_NO_AGENT, "does not answer");
        f = good_facts();
        f.agent_suspend_ram = false;
        expect(&f, STRATEGY_AUTO, FAILURE_NO_AGENT, "guest-suspend-ram");
        f = good_facts();
        f.agent_suspend_disk = false;
        expect(&f, STRATEGY_SUSPEND_TO_DISK, FAILURE_NO_AGENT, "guest-suspend-disk");
}

static void test_space(void)
{
        DomainFacts f = good_facts();

        f.image_space_bytes = verdict_image_bytes(&f, STRATEGY_SUSPEND_TO_RAM);
        expect_strategy(&f, STRATEGY_AUTO, STRATEGY_SUSPEND_TO_RAM);
        f.image_space_bytes--;
        expect(&f, STRATEGY_AUTO, FAILURE_NO_SPACE, "1104 MiB");
        f.image_space_bytes = 0;
        expect_strategy(&f, STRATEGY_SUSPEND_TO_DISK, STRATEGY_SUSPEND_TO_DISK);
}

/* Beside what is to stay free, and what others are to write: now, later, never. */
static void test_shared_space(void)
{
        DomainFacts f = good_facts();
        const uint64_t needed = verdict_image_bytes(&f, STRATEGY_SUSPEND_TO_RAM);
        VerdictRequest request = { .kind = JOB_MOVE, .space.reserve_bytes = GIB };
        Job *others[2];
        Verdict v;

        CHECK(job_new(1, JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, "o", "other", others) >= 0);
        CHECK(job_new(2, JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, "o", "other", others + 1) >= 0);
        for (size_t i = 0; i < ELEMENTSOF(others); i++) {
                others[i]->state = JOB_RUNNING;
                others[i]->space_bytes = GIB;
        }
        others[0]->steps[0].state = STEP_DONE;
        job_find_step(others[0], STEP_SAVE)->state = STEP_STARTED;
        verdict_request_set_others(&request, &(JobList) { others, ELEMENTSOF(others) });

        f.image_space_bytes = needed + 3 * GIB;
        verdict_judge(&request, &f, &v);
        CHECK(v.findings.n == 0 && !v.waits);
        CHECK(v.bytes_available == needed && v.bytes_promised == 2 * GIB);
        verdict_done(&v);

        f.image_space_bytes--;
        verdict_judge(&request, &f, &v);
        CHECK(v.findings.n == 1 && !v.findings.list[0].blocking &&
              v.findings.list[0].scope == FINDING_IMAGE);
        CHECK(v.waits && streq(v.waits, v.findings.list[0].message) &&
              strstr(v.waits, "other jobs (2) have"));
        CHECK(v.options[0].possible);
        verdict_done(&v);

        /* What writes no image has no need to wait. */
        request.strategy = STRATEGY_SUSPEND_TO_DISK;
        verdict_judge(&request, &f, &v);
        CHECK(v.findings.n == 0 && !v.waits);
        verdict_done(&v);
        request.strategy = STRATEGY_AUTO;

        /* The other hibernate keeps its image; the move gives back all that it may have written. */
        f.image_space_bytes = needed + GIB;
        verdict_judge(&request, &f, &v);
        CHECK(v.waits);
        verdict_done(&v);
        f.image_space_bytes--;
        verdict_judge(&request, &f, &v);
        CHECK(!v.waits && v.findings.n == 1 && v.findings.list[0].code == FAILURE_NO_SPACE);
        CHECK(strstr(v.findings.list[0].message, "of which 1024 are to stay so and 2048 are promised"));
        verdict_done(&v);

        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                (void) job_free(others[i]);
}

/* Which goes into the guest's memory, and that is what is saved. */
static void test_vram(void)
{
        DomainFacts f = good_facts();

        f.vram_used_bytes = f.memory_bytes - 1;
        CHECK(verdict_image_bytes(&f, STRATEGY_DEVICE_STATE) ==
              verdict_image_bytes(&f, STRATEGY_SUSPEND_TO_RAM) + f.vram_used_bytes);
        expect_strategy(&f, STRATEGY_AUTO, STRATEGY_SUSPEND_TO_RAM);
        f.vram_used_bytes++;
        expect(&f, STRATEGY_AUTO, FAILURE_NO_SPACE, "uses 1024 MiB of its GPUs' memory");
}

static void test_read_only(void)
{
        DomainFacts f = good_facts();
        Failure why = { 0 };
        Verdict v;

        f.image_dir_read_only = true;
        expect(&f, STRATEGY_AUTO, FAILURE_HOST, "restart vgpu-hibernated");
        expect_strategy(&f, STRATEGY_SUSPEND_TO_DISK, STRATEGY_SUSPEND_TO_DISK);

        f.state = DOMAIN_SHUTOFF;
        f.image = IMAGE_VALID;
        verdict_judge(&(VerdictRequest) { .kind = JOB_RESUME, .strategy = STRATEGY_SUSPEND_TO_RAM }, &f, &v);
        CHECK(findings_check(&v.findings, &why) < 0 && why.code == FAILURE_HOST);
        failure_done(&why);
        verdict_done(&v);
}

static void expect_resume(DomainState state, ImageState image, Strategy strategy, uint64_t image_bytes,
                          FailureCode code)
{
        DomainFacts f = good_facts();
        Failure why = { 0 };
        Verdict v;
        int r;

        f.state = state;
        f.qemu = QEMU_NONE;
        f.image = image;
        f.image_bytes = image == IMAGE_NONE ? 0 : 4096;
        verdict_judge(&(VerdictRequest) { .kind = JOB_RESUME,
                                          .strategy = strategy,
                                          .image_bytes = image_bytes },
                      &f, &v);
        CHECK(v.strategy == strategy && v.bytes_needed == 0 && v.n_options == 0);
        r = findings_check(&v.findings, &why);
        CHECK((r < 0) == (code != FAILURE_NONE));
        CHECK(why.code == code);
        failure_done(&why);
        verdict_done(&v);
}

static void test_resume(void)
{
        expect_resume(DOMAIN_SHUTOFF, IMAGE_VALID, STRATEGY_SUSPEND_TO_RAM, 4096, FAILURE_NONE);
        expect_resume(DOMAIN_SHUTOFF, IMAGE_NONE, STRATEGY_SUSPEND_TO_RAM, 4096, FAILURE_IMAGE_DAMAGED);
        expect_resume(DOMAIN_SHUTOFF, IMAGE_DAMAGED, STRATEGY_SUSPEND_TO_RAM, 4096, FAILURE_IMAGE_DAMAGED);
        expect_resume(DOMAIN_SHUTOFF, IMAGE_NONE, STRATEGY_SUSPEND_TO_DISK, 0, FAILURE_NONE);
        expect_resume(DOMAIN_SHUTOFF, IMAGE_VALID, STRATEGY_SUSPEND_TO_DISK, 0, FAILURE_IMAGE_DAMAGED);
        expect_resume(DOMAIN_SHUTOFF, IMAGE_VALID, STRATEGY_SUSPEND_TO_RAM, 0, FAILURE_NONE);
        expect_resume(DOMAIN_SHUTOFF, IMAGE_VALID, STRATEGY_SUSPEND_TO_RAM, 4097, FAILURE_IMAGE_DAMAGED);
        expect_resume(DOMAIN_SHUTOFF, IMAGE_VALID, STRATEGY_UNPLUG, 4096, FAILURE_NONE);
        expect_resume(DOMAIN_SHUTOFF, IMAGE_NONE, STRATEGY_DEVICE_STATE, 4096, FAILURE_IMAGE_DAMAGED);
        expect_resume(DOMAIN_PAUSED, IMAGE_VALID, STRATEGY_SUSPEND_TO_RAM, 4096, FAILURE_NOT_HIBERNATED);
        expect_resume(DOMAIN_SHUTOFF, IMAGE_VALID, STRATEGY_AUTO, 4096, FAILURE_NOT_HIBERNATED);
}

int main(void)
{
        test_not_up();
        test_all_at_once();
        test_bytes();
        test_strategy();
        test_options();
        test_families();
        test_unplug();
        test_no_silent_change_of_strategy();
        test_state();
        test_agent();
        test_space();
        test_shared_space();
        test_vram();
        test_read_only();
        test_resume();
        return EXIT_SUCCESS;
}
