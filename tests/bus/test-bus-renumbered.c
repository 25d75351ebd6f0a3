/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A boot with one more card, before the others: what was card 1 is card 2 now, what was card 2 is card 3. What the daemon
 * wrote down before speaks of the same functions after it.
 */

#include <fcntl.h>
#include <signal.h>

#include "basic/fileio.h"
#include "fixture.h"

#define FUNCTION(name) VGPU_HIBERNATE_FUNCTION_PATH "/" name

/* The fixture's functions: card 1 is in slot 10h, card 2 in slot 11h, and so on. */
static void locate(Fixture *f)
{
        for (size_t i = 0; i < f->world->n_functions; i++) {
                Function *x = f->world->functions + i;

                (void) snprintf(x->locator.slot, sizeof(x->locator.slot), "pci0000:00/%02x.0/00.0",
                                0x0f + x->address.bus);
                x->locator.index = x->address.function;
        }
}

/* Their buses have the numbers that are `by` higher now. */
static void renumber(Fixture *f, int by)
{
        for (size_t i = 0; i < f->world->n_functions; i++) {
                Function *x = f->world->functions + i;

                x->address.bus = (uint8_t) (x->address.bus + by);
                x->physical_function.bus = x->address.bus;
        }
}

static void call_ok(Fixture *f, const char *path, const char *method, const char *types,
                    const char *argument)
{
        _cleanup_free_ char *error = simple_call(f, path, method, types, argument);

        CHECK(!error);
}

/* Hold, or Reserve with a count. */
static void keep(Fixture *f, const char *method, const char *argument, uint32_t count)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_free_ char *error = NULL, *message = NULL;

        CHECK(sd_bus_message_new_method_call(f->bus, &m, VGPU_HIBERNATE_BUS_NAME, VGPU_HIBERNATE_ROOT_PATH,
                                             VGPU_HIBERNATE_MANAGER_INTERFACE, method) >= 0);
        CHECK(sd_bus_message_append(m, "s", argument) >= 0);
        if (count > 0)
                CHECK(sd_bus_message_append(m, "u", count) >= 0);
        CHECK(sd_bus_message_append(m, "a{sv}", 0) >= 0);
        error = call_message(f, m, &reply, &message);
        CHECK(!error);
}

static void hibernate(Fixture *f, uint64_t id, const char *name)
{
        _cleanup_free_ char *removed = format("JobRemoved %u ", (unsigned) id);

        start_ok(f, id, "Hibernate", name, NULL);
        fixture_tell(f, id, "strategy suspend-to-ram");
        fixture_tell(f, id, "record 17");
        fixture_tell(f, id, "end done");
        expect_signal(f, removed);
        fixture_set_domain(f, name, DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
}

static void test_boot(char **argv)
{
        Fixture f;

        fixture_init(&f, argv);
        locate(&f);
        fixture_start(&f);

        /* 1. vm1 is hibernated and held, one of card 2 is bad, the one of its kind is reserved. */
        hibernate(&f, 1, "vm1");
        keep(&f, "Hold", "vm1", 0);
        call_ok(&f, FUNCTION("0000_02_10_1"), "Quarantine", "s", "it smokes");
        keep(&f, "Reserve", "1002-74bc", 1);
        expect_property(&f, FUNCTION("0000_01_10_0"), "State", "held");
        expect_property(&f, FUNCTION("0000_03_10_0"), "State", "held");
        start_ok(&f, 2, "Move", "vm2", (const char *const[]) { "0000:02:10.0", "0000:02:10.2", NULL });
        expect_property(&f, VGPU_HIBERNATE_JOB_PATH "/2", "State", "running");
        expect_property(&f, FUNCTION("0000_02_10_0"), "State", "leased");

        /* 2. All are one bus further; vm2 was running, and its worker has gone with the power. */
        CHECK(fixture_stop_daemon(&f, SIGKILL) == SIGKILL);
        fixture_tell(&f, 2, "die");
        fixture_set_domain(&f, "vm2", DOMAIN_SHUTOFF, NULL);
        renumber(&f, 1);
        fixture_start(&f);
        expect_property(&f, FUNCTION("0000_02_10_0"), "State", "held");
        expect_property(&f, FUNCTION("0000_02_10_0"), "Domain", "vm1");
        expect_property(&f, VM1_PATH, "Functions", "[0000:02:10.0]");
        expect_property(&f, FUNCTION("0000_03_10_1"), "Reason", "it smokes");
        expect_property(&f, FUNCTION("0000_04_10_0"), "State", "held");
        expect_property(&f, FUNCTION("0000_03_10_0"), "State", "leased");
        expect_property(&f, FUNCTION("0000_03_10_2"), "State", "leased");
        expect_property(&f, FUNCTION("0000_02_10_1"), "State",
                        "leased"); /* what vm2 had is reset at its end */
        expect_property(&f, FUNCTION("0000_02_10_3"), "State",
                        "free"); /* vm3 is off, its XML names 01:10.3 */

        /* 3. The resume takes what is held for it; what the image names is what it finds there. */
        start_ok(&f, 3, "Resume", "vm1", NULL);
        expect_property(&f, VGPU_HIBERNATE_JOB_PATH "/3", "Functions", "[[0000:01:10.0 0000:02:10.0]]");
        fixture_tell(&f, 3, "fail RestoreFailed not today");
        expect_signal(&f, "JobRemoved 3 ");

        fixture_tell(&f, 2, "fail Lost it was in QEMU alone");
        expect_signal(&f, "JobRemoved 2 ");

        /* 4. The card of vm1 is out, another one has all its numbers. */
        CHECK(fixture_stop_daemon(&f, SIGKILL) == SIGKILL);
        renumber(&f, -1);
        for (size_t i = 0; i < f.world->n_functions; i++)
                if (f.world->functions[i].address.bus == 1)
                        (void) snprintf(f.world->functions[i].locator.slot, LOCATOR_SLOT_MAX,
                                        "pci0000:00/0e.0/00.0");
        fixture_start(&f);
        expect_property(&f, FUNCTION("0000_01_10_0"), "State", "free");
        expect_property(&f, VM1_PATH, "State", "hibernated");
        expect_property(&f, VM1_PATH, "Functions", "[]");

        fixture_done(&f);
}

static void write_state(const Fixture *f, const char *directory, const char *name, const char *text)
{
        _cleanup_free_ char *path = format("%s/state/%s", f->dir, directory);
        _cleanup_close_ int fd = -EBADF;

        CHECK(open_directory_at(AT_FDCWD, path, false, &fd) >= 0);
        CHECK(write_file_atomic_at(fd, name, text, strlen(text)) >= 0);
}

/* Files of a version that knew addresses alone: read, and learned from while the addresses are still good. */
static void test_older_files(char **argv)
{
        Fixture f;

        fixture_init(&f, argv);
        locate(&f);
        fixture_set_domain(&f, "vm1", DOMAIN_SHUTOFF, NULL);
        fixture_start(&f); /* makes the directories */
        CHECK(fixture_stop_daemon(&f, SIGTERM) == 0);

        write_state(&f, ".", "ledger.json",
                    "{\"schema\":1,\"next_job\":7,\"quarantined\":[{\"function\":\"0000:02:10.1\",\"reason\":\"old\"}],"
                    "\"holds\":[{\"domain_uuid\":\"" VM1 "\"}]}");
        write_state(&f, "images", VM1 ".json",
                    "{\"schema\":1,\"domain_uuid\":\"" VM1 "\",\"domain_name\":\"vm1\",\"strategy\":"
                    "\"suspend-to-ram\",\"job\":5,\"bytes\":17,\"created_usec\":1,\"functions\":[{\"address\":"
                    "\"0000:01:10.0\",\"identity\":{\"vendor\":\"1002\",\"device\":\"74b6\",\"subsystem\":"
                    "\"0000:0000\",\"revision\":\"00\",\"class\":\"120000\",\"bars\":[]}}]}");
        fixture_start(&f);
        expect_property(&f, FUNCTION("0000_01_10_0"), "State", "held");
        expect_property(&f, FUNCTION("0000_02_10_1"), "State", "quarantined");

        CHECK(fixture_stop_daemon(&f, SIGKILL) == SIGKILL);
        renumber(&f, 1);
        fixture_start(&f);
        expect_property(&f, FUNCTION("0000_02_10_0"), "State", "held");
        expect_property(&f, FUNCTION("0000_03_10_1"), "State", "quarantined");
        expect_property(&f, FUNCTION("0000_02_10_1"), "State", "free");
        fixture_done(&f);
}

int main(int argc, char *argv[])
{
        test_boot(argv);
        test_older_files(argv);
        return EXIT_SUCCESS;
}
