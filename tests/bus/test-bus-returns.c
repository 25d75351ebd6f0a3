/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What guests give back: nobody gets it before it is reset, whoever stops the guest, and whether or not a daemon sees it. */

#include <fcntl.h>
#include <signal.h>

#include "basic/fileio.h"
#include "fixture.h"

#define FUNCTION(name) VGPU_HIBERNATE_FUNCTION_PATH "/" name
#define OF_VM1 FUNCTION("0000_01_10_0")
#define OF_VM2 FUNCTION("0000_01_10_1")

#define GOOD "{\"strategy\":\"auto\",\"findings\":[]}\n"
#define BAD(code, why)                                           \
        "{\"strategy\":\"auto\",\"findings\":[{\"code\":\"" code \
        "\",\"scope\":\"function\",\"blocking\":true,"           \
        "\"message\":\"" why "\"}]}\n"

static void answer(int fd, const char *line)
{
        CHECK(write(fd, line, strlen(line)) == (ssize_t) strlen(line));
}

static void set_vm1(Fixture *f, DomainState state)
{
        fixture_set_domain(f, "vm1", state, (const char *const[]) { "0000:01:10.0", NULL });
        fixture_send_world(f);
}

static void expect_returned(Fixture *f)
{
        expect_property(f, OF_VM1, "State", "leased");
        expect_property(f, OF_VM1, "Domain", "vm1");
        expect_property(f, OF_VM1, "Reason", "domain 'vm1' gave it back, and it is not reset yet");
        start_refused(f, VGPU_HIBERNATE_ERROR_FUNCTION_BUSY, "is not reset yet", "Move", "vm2",
                      (const char *const[]) { "0000:01:10.0", "0000:02:10.0", NULL });
}

static void expect_free(Fixture *f)
{
        expect_property(f, OF_VM1, "State", "free");
        expect_property(f, OF_VM1, "Domain", "");
        expect_property(f, OF_VM1, "Reason", "");
}

/* No hook, only the next snapshot. */
static void test_shutdown(Fixture *f, int fd)
{
        set_vm1(f, DOMAIN_SHUTOFF);
        expect_returned(f);

        /* Nor is it forgotten. */
        CHECK(fixture_stop_daemon(f, SIGKILL) == SIGKILL);
        fixture_start(f);
        expect_returned(f);
        answer(fd, GOOD); /* for either of the two that the daemons asked */
        answer(fd, GOOD);
        expect_free(f);

        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        fixture_start(f);
        expect_free(f);
}

/* Nobody was there to see it. */
static void test_without_daemon(Fixture *f, int fd)
{
        set_vm1(f, DOMAIN_RUNNING);
        expect_property(f, OF_VM1, "State", "assigned");
        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        fixture_set_domain(f, "vm1", DOMAIN_SHUTOFF, NULL);
        fixture_start(f);
        expect_returned(f);
        answer(fd, GOOD);
        expect_free(f);
}

/* As if the ledger were from an earlier boot. */
static void edit_boot(const Fixture *f)
{
        _cleanup_free_ char *dir = format("%s/state", f->dir), *text = NULL;
        _cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        size_t size;

        CHECK(fd >= 0 && read_file_at(fd, "ledger.json", 1 << 20, &text, &size) >= 0);
        for (char *p = text; (p = strstr(p, "\"boot\"")); p += 6) {
                char *digit = strchr(p, ':');

                digit += strcspn(digit, "0123456789abcdef");
                *digit = *digit == '0' ? '1' : '0';
        }
        CHECK(write_file_atomic_at(fd, "ledger.json", text, size) >= 0);
}

static void test_boot(Fixture *f, int fd)
{
        set_vm1(f, DOMAIN_RUNNING);
        expect_property(f, OF_VM1, "State", "assigned");
        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        edit_boot(f);
        fixture_set_domain(f, "vm1", DOMAIN_SHUTOFF, NULL);
        fixture_start(f);
        expect_free(f);

        /* What is started in this boot has it again. */
        set_vm1(f, DOMAIN_RUNNING);
        expect_property(f, OF_VM1, "State", "assigned");
        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        edit_boot(f);
        fixture_start(f);
        expect_property(f, OF_VM1, "State", "assigned");
        set_vm1(f, DOMAIN_SHUTOFF);
        expect_returned(f);
        answer(fd, GOOD);
        expect_free(f);
}

static void test_bad(Fixture *f, int fd)
{
        set_vm1(f, DOMAIN_RUNNING);
        expect_property(f, OF_VM1, "State", "assigned");
        set_vm1(f, DOMAIN_SHUTOFF);
        expect_returned(f);
        answer(fd, BAD("Host", "it does not come through"));
        expect_property(f, OF_VM1, "State", "quarantined");
        expect_property(f, OF_VM1, "Reason", "it does not come through");
        expect_property(f, OF_VM1, "Domain", "");
        CHECK(!simple_call(f, OF_VM1, "Clear", NULL, NULL));
        expect_free(f); /* at that word it is not even reset */
}

/* libvirt gave it to a driver of the host: what then becomes of it is no business of ours. */
static void test_foreign_driver(Fixture *f, int fd)
{
        set_vm1(f, DOMAIN_RUNNING);
        expect_property(f, OF_VM1, "State", "assigned");
        set_vm1(f, DOMAIN_SHUTOFF);
        expect_returned(f);
        answer(fd, BAD("ForeignDriver", "the host has it"));
        expect_free(f);
}

/* Who cannot find out blames no function, and tries again. */
static void test_again(Fixture *f, int fd)
{
        set_vm1(f, DOMAIN_RUNNING);
        expect_property(f, OF_VM1, "State", "assigned");
        set_vm1(f, DOMAIN_SHUTOFF);
        answer(fd, BAD("Libvirt", "libvirt does not answer"));
        answer(fd, GOOD);
        expect_returned(f);
        expect_free(f);
}

/* As a guest does after a job has given up waiting for it, or somebody's "virsh detach-device". */
static void test_ejected(Fixture *f, int fd)
{
        fixture_set_domain(f, "vm2", DOMAIN_RUNNING, (const char *const[]) { "0000:01:10.2", NULL });
        fixture_send_world(f);
        expect_property(f, OF_VM2, "State", "leased");
        expect_property(f, OF_VM2, "Domain", "vm2");
        answer(fd, GOOD);
        expect_property(f, OF_VM2, "State", "free");
        expect_property(f, FUNCTION("0000_01_10_2"), "State", "assigned");
}

/* Its last steps did it: nobody asks for it again. */
static void test_job(Fixture *f)
{
        set_vm1(f, DOMAIN_RUNNING);
        start_ok(f, 1, "Hibernate", "vm1", NULL);
        fixture_tell(f, 1, "strategy suspend-to-ram");
        fixture_tell(f, 1, "record 17");
        fixture_tell(f, 1, "end done");
        expect_signal(f, "JobRemoved 1 ");
        expect_property(f, VM1_PATH, "State", "hibernated");
        expect_free(f);
}

/* What a hibernated domain had long ago is not its job's any more. */
static void test_left_long_ago(Fixture *f, int fd)
{
        set_vm1(f, DOMAIN_SHUTOFF);
        start_ok(f, 2, "Resume", "vm1", (const char *const[]) { "0000:02:10.0", NULL });
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/2", "State", "running");
        fixture_set_domain(f, "other", DOMAIN_RUNNING, (const char *const[]) { "0000:01:10.0", NULL });
        fixture_send_world(f);
        expect_property(f, OF_VM1, "State", "assigned");
        fixture_set_domain(f, "other", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, OF_VM1, "State", "leased");
        answer(fd, GOOD);
        expect_free(f);
        fixture_tell(f, 2, "fail RestoreFailed no");
        expect_signal(f, "JobRemoved 2 ");
}

static char *ask_hook(Fixture *f, const char *uuid, const char *name, const char *function)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        char *message = NULL;

        CHECK(sd_bus_message_new_method_call(f->bus, &call, VGPU_HIBERNATE_BUS_NAME,
                                             VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                             "AnswerHook") >= 0);
        CHECK(sd_bus_message_append(call, "sssasa{sv}", "prepare", uuid, name, 1, function, 0) >= 0);
        free(call_message(f, call, &reply, &message));
        return message;
}

/* "virsh destroy" and "virsh start": the domain gets back what it had, and nobody else does. */
static void test_restart(Fixture *f)
{
        _cleanup_free_ char *own = NULL, *other = NULL;

        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        fixture_configure(f, "{\"schema\": 1, \"reset_delay_seconds\": 3600}");
        fixture_start(f);
        fixture_set_domain(f, "vm3", DOMAIN_RUNNING, NULL);
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_01_10_3"), "State", "assigned");
        fixture_set_domain(f, "vm3", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_01_10_3"), "State", "leased");

        other = ask_hook(f, VM2, "vm2", "0000:01:10.3");
        CHECK(other && strstr(other, "not reset yet since domain 'vm3' gave it back"));
        own = ask_hook(f, VM3, "vm3", "0000:01:10.3");
        CHECK(!own);
        expect_property(f, FUNCTION("0000_01_10_3"), "State", "assigned");

        /* An administrator may have reasons to keep it out of use. */
        fixture_set_domain(f, "vm2", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_01_10_2"), "State", "leased");
        CHECK(!simple_call(f, FUNCTION("0000_01_10_2"), "Quarantine", "s", "it smokes"));
        expect_property(f, FUNCTION("0000_01_10_2"), "State", "quarantined");
}

int main(int argc, char *argv[])
{
        Fixture f;
        int fd;

        fixture_init(&f, argv);
        fixture_start(&f);
        fd = fixture_open_pipe(&f, "probe");
        test_shutdown(&f, fd);
        test_without_daemon(&f, fd);
        test_boot(&f, fd);
        test_bad(&f, fd);
        test_foreign_driver(&f, fd);
        test_again(&f, fd);
        test_ejected(&f, fd);
        test_job(&f);
        test_left_long_ago(&f, fd);
        test_restart(&f);
        closep(&fd);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
