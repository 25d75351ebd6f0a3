/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Domains that run again after a boot of the host, or when its shutdown was called off: which, in which order, on what. */

#include <inttypes.h>
#include <json-c/json.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "basic/clock.h"
#include "fake-logind.h"

#define JOB(n) VGPU_HIBERNATE_JOB_PATH "/" #n
#define OTHER_BOOT "00112233445566778899aabbccddeeff"
#define NOT_FOUND_OUT                                                                        \
        "{\"strategy\":\"auto\",\"findings\":[{\"code\":\"Libvirt\",\"scope\":\"function\"," \
        "\"blocking\":true,\"message\":\"libvirt does not answer\"}]}"
#define STARTED "{\"strategy\":\"auto\",\"fixups\":\"unknown\",\"findings\":[]}"

/* Longer than a daemon takes that has something to bring back. */
#define NOTHING_USEC (500 * USEC_PER_MSEC)

static void adopt(Fixture *f, const char *name, bool autostart, uint32_t order)
{
        fixture_domain(f, name)->adoption = (Adoption) {
                .adopted = true,
                .autostart = autostart,
                .order = order,
        };
}

static int on_answer(sd_bus_message *answer, void *userdata, sd_bus_error *error)
{
        CHECK(!sd_bus_message_is_method_error(answer, NULL));
        *(bool *) userdata = true;
        return 0;
}

static void prepare(Fixture *f, bool *answered)
{
        CHECK(sd_bus_call_method_async(f->bus, NULL, VGPU_HIBERNATE_BUS_NAME, VGPU_HIBERNATE_ROOT_PATH,
                                       VGPU_HIBERNATE_MANAGER_INTERFACE, "PrepareForShutdown", on_answer,
                                       answered, NULL) >= 0);
}

static void end_hibernated(Fixture *f, uint64_t id, const char *name)
{
        _cleanup_free_ char *removed = format("JobRemoved %" PRIu64 " ", id);

        fixture_tell(f, id, "strategy suspend-to-ram");
        fixture_tell(f, id, "record 17");
        fixture_tell(f, id, "end done");
        expect_signal(f, removed);
        fixture_set_domain(f, name, DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
}

static void end_resumed(Fixture *f, uint64_t id, const char *name)
{
        _cleanup_free_ char *removed = format("JobRemoved %" PRIu64 " ", id);

        fixture_tell(f, id, "unrecord");
        fixture_tell(f, id, "end done");
        expect_signal(f, removed);
        fixture_set_domain(f, name, DOMAIN_RUNNING, NULL);
        fixture_send_world(f);
}

/* As if the ledger had been written in another boot of the host. */
static void boot(Fixture *f)
{
        _cleanup_free_ char *path = format("%s/state/ledger.json", f->dir);
        json_object *ledger;

        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        ledger = json_object_from_file(path);
        CHECK(ledger && json_object_object_get_ex(ledger, "boot", NULL));
        json_object_object_add(ledger, "boot", json_object_new_string(OTHER_BOOT));
        CHECK(json_object_to_file(path, ledger) == 0);
        json_object_put(ledger);
        forget_signals(f);
        fixture_start(f);
}

/* Until the daemon has written down that it has seen to this boot. */
static void await_dealt_with(Fixture *f)
{
        _cleanup_free_ char *path = format("%s/state/ledger.json", f->dir);
        uint64_t until = clock_monotonic_usec() + WAIT_USEC;
        bool done = false;

        while (!done) {
                json_object *ledger = json_object_from_file(path), *boot;

                CHECK(clock_monotonic_usec() < until);
                done = ledger && json_object_object_get_ex(ledger, "boot", &boot) &&
                       !streq(json_object_get_string(boot), OTHER_BOOT);
                json_object_put(ledger);
                clock_sleep_usec(10 * USEC_PER_MSEC);
        }
}

static size_t unread(int fd)
{
        int n;

        CHECK(ioctl(fd, FIONREAD, &n) >= 0);
        return (size_t) n;
}

static void tell(int fd, const char *line)
{
        _cleanup_free_ char *whole = format("%s\n", line);

        CHECK(write(fd, whole, strlen(whole)) == (ssize_t) strlen(whole));
}

static void await_read(Fixture *f, int fd)
{
        uint64_t until = clock_monotonic_usec() + WAIT_USEC;

        while (unread(fd) > 0) {
                CHECK(clock_monotonic_usec() < until);
                clock_sleep_usec(10 * USEC_PER_MSEC);
        }
}

/* A daemon that knows of no boot before this one was only installed. */
static void test_installed(Fixture *f, int fd)
{
        adopt(f, "vm3", true, 0);
        tell(fd, STARTED);
        fixture_start(f);
        clock_sleep_usec(NOTHING_USEC);
        CHECK(unread(fd) > 0);
}

/* Four are hibernated: two by the shutdown, two by hand, of which one is to be started; one function is missing for the last. */
static void test_boot(Fixture *f, int fd)
{
        bool answered = false;

        fixture_set_domain(f, "hand", DOMAIN_RUNNING, (const char *const[]) { "0000:02:10.0", NULL });
        fixture_set_domain(f, "starts", DOMAIN_RUNNING, (const char *const[]) { "0000:02:10.1", NULL });
        fixture_send_world(f);
        start_ok(f, 1, "Hibernate", "hand", NULL);
        end_hibernated(f, 1, "hand");
        start_ok(f, 2, "Hibernate", "starts", NULL);
        end_hibernated(f, 2, "starts");

        adopt(f, "vm1", false, 7);
        adopt(f, "vm2", true, 5);
        adopt(f, "hand", false, 1);
        adopt(f, "starts", true, 6);
        fixture_send_world(f);
        prepare(f, &answered);
        expect_property(f, JOB(3), "State", "running");
        expect_property(f, JOB(4), "State", "running");
        end_hibernated(f, 3, "vm1");
        end_hibernated(f, 4, "vm2");
        await(f, &answered);

        /* All that is left is three functions. */
        for (size_t i = 0; i < f->world->n_functions; i++)
                if (f->world->functions[i].address.bus != 1 || f->world->functions[i].address.function > 2)
                        CHECK(free_and_strdup(&f->world->functions[i].driver, "amdgpu") >= 0);
        boot(f);
        expect_property(f, JOB(5), "Domain", "vm2");
        expect_property(f, JOB(5), "Kind", "resume");
        expect_signal(f, "JobNew 6 ");
        expect_property(f, VM1_PATH, "State", "hibernated");
        CHECK(!had_signal(f, "JobNew 7 "));

        /* Who gave up leaves its function to it. */
        fixture_tell(f, 6, "fail RestoreFailed not today");
        expect_property(f, JOB(7), "Domain", "vm1");
        fixture_tell(f, 7, "fail RestoreFailed not today");
        expect_signal(f, "JobRemoved 7 ");
        CHECK(unread(fd) > 0); /* boots follow when no resume is under way */
        end_resumed(f, 5, "vm2");
        await_read(f, fd);
        await_dealt_with(f);
        expect_property(f, VM1_PATH, "State", "hibernated");

        /* Once for each boot. */
        tell(fd, STARTED);
        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        fixture_start(f);
        clock_sleep_usec(NOTHING_USEC);
        CHECK(unread(fd) > 0 && !had_signal(f, "JobNew 8 "));
}

/* What the boot interrupted comes first; a daemon that dies in the middle leaves nothing undone. */
static void test_recovery_first(Fixture *f, int fd)
{
        fixture_domain(f, "starts")->adoption = (Adoption) { 0 };
        start_ok(f, 8, "Hibernate", "vm2", NULL);
        expect_property(f, JOB(8), "State", "running");
        fixture_tell(f, 8, "die");
        expect_property(f, JOB(8), "State", "recovering");
        boot(f);
        expect_property(f, JOB(8), "State", "recovering");
        clock_sleep_usec(NOTHING_USEC);
        CHECK(!had_signal(f, "JobNew 9 "));
        fixture_tell(f, 8, "fail NoAgent it does not answer");

        for (size_t i = 0; i < f->world->n_functions; i++)
                if (f->world->functions[i].address.bus == 1)
                        CHECK(free_and_strdup(&f->world->functions[i].driver, "vfio-pci") >= 0);
        fixture_send_world(f);
        CHECK(fixture_stop_daemon(f, SIGKILL) == SIGKILL);
        fixture_start(f);
        expect_property(f, JOB(9), "Domain", "vm1");
        end_resumed(f, 9, "vm1");
        await_read(f, fd);
        await_dealt_with(f);
}

/* What has begun comes to its end, and is taken back. */
static void test_called_off(Fixture *f, FakeLogind *l)
{
        fixture_domain(f, "vm2")->adoption = fixture_domain(f, "vm3")->adoption = (Adoption) { 0 };
        fixture_send_world(f);

        fake_logind_shut_down(l, f, true);
        expect_property(f, JOB(10), "Kind", "hibernate");
        expect_property(f, JOB(10), "State", "running");
        fake_logind_shut_down(l, f, false);
        end_hibernated(f, 10, "vm1");
        expect_property(f, JOB(11), "Domain", "vm1");
        expect_property(f, JOB(11), "Kind", "resume");
        end_resumed(f, 11, "vm1");

        /* Whichever daemon hears of it. */
        fake_logind_shut_down(l, f, true);
        expect_property(f, JOB(12), "Kind", "hibernate");
        end_hibernated(f, 12, "vm1");
        CHECK(fixture_stop_daemon(f, SIGKILL) == SIGKILL);
        fixture_start(f);
        clock_sleep_usec(NOTHING_USEC);
        CHECK(!had_signal(f, "JobNew 13 "));
        fake_logind_shut_down(l, f, false);
        expect_property(f, JOB(13), "Domain", "vm1");
        end_resumed(f, 13, "vm1");
}

/* Who does not know of an earlier boot brings back no less of what a shutdown hibernated. */
static void test_ledger_lost(Fixture *f, FakeLogind *l)
{
        _cleanup_free_ char *path = format("%s/state/ledger.json", f->dir);

        fake_logind_shut_down(l, f, true);
        expect_property(f, JOB(14), "Kind", "hibernate");
        end_hibernated(f, 14, "vm1");
        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        CHECK(truncate(path, 3) == 0);
        l->going_down = false;
        forget_signals(f);
        fixture_start(f);
        expect_property(f, JOB(15), "Domain", "vm1");
        end_resumed(f, 15, "vm1");
        await_dealt_with(f);
}

static void give_back(Fixture *f, const char *name, const char *path)
{
        fixture_set_domain(f, name, DOMAIN_RUNNING, NULL);
        fixture_send_world(f);
        expect_property(f, path, "State", "assigned");
        fixture_set_domain(f, name, DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, path, "State", "leased");
}

/* A start would be refused as long as its function is being reset. One that cannot be reset now may not be for days: nobody
 * waits for that, neither with a start nor with a resume that there is no other function for. */
static void test_returned(Fixture *f, int fd)
{
        static const char of_vm3[] = VGPU_HIBERNATE_FUNCTION_PATH "/0000_01_10_3";
        int probe = fixture_open_pipe(f, "probe");

        give_back(f, "vm3", of_vm3);
        adopt(f, "vm3", true, 0);
        fixture_send_world(f);
        tell(fd, STARTED);
        boot(f);
        clock_sleep_usec(NOTHING_USEC);
        CHECK(unread(fd) > 0);
        tell(probe, NOT_FOUND_OUT);
        tell(probe, NOT_FOUND_OUT); /* for each of the two that the daemons asked */
        await_read(f, fd);
        await_dealt_with(f);

        for (size_t i = 0; i < f->world->n_functions; i++)
                if (!pci_address_equal(&f->world->functions[i].address,
                                       &fixture_function(f, "0000:01:10.3")->address))
                        CHECK(free_and_strdup(&f->world->functions[i].driver, "amdgpu") >= 0);
        adopt(f, "hand", true, 0);
        tell(fd, STARTED);
        tell(probe, NOT_FOUND_OUT);
        boot(f);
        expect_property(f, of_vm3, "State", "leased");
        await_read(f, fd);
        await_dealt_with(f);
        CHECK(close(probe) == 0);
}

int main(int argc, char *argv[])
{
        FakeLogind l;
        Fixture f;
        int fd;

        fixture_init(&f, argv);
        fd = fixture_open_pipe(&f, "start");
        test_installed(&f, fd);
        test_boot(&f, fd);
        test_recovery_first(&f, fd);
        fake_logind_start(&l, &f);
        test_called_off(&f, &l);
        test_ledger_lost(&f, &l);
        fake_logind_stop(&l, &f);
        test_returned(&f, fd);
        CHECK(close(fd) == 0);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
