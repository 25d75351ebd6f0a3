/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* A family's gate and its cleaning, with a stand-in for the host's tool, a tree that looks like sysfs, and libvirt's own
 * test driver, whose domains have no functions. */
#include "host/function-command.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "basic/clock.h"
#include "host/real-host.h"
#include "test.h"

static char dir[] = "/tmp/test-function-command-XXXXXX";
static char tool[sizeof(dir) + 8], absent[] = "/nowhere/tool", placeholder[] = "--vf={address}",
                                   path[] = "/0/schedule/vf_state", available[] = "AVAILABLE";
static const PciAddress function = { .bus = 1, .slot = 16 }, other = { .bus = 2, .slot = 16 };

static void write_tool(const char *interpreter, const char *text)
{
        FILE *f = fopen(tool, "we");

        CHECK(f && fprintf(f, "#!%s\n%s\n", interpreter, text) > 0 && fclose(f) == 0);
        CHECK(chmod(tool, 0700) == 0);
}

/* What the stand-in is to do, with its argument in $1. */
static void set_tool(const char *text)
{
        write_tool("/bin/sh", text);
}

static void says(const char *state)
{
        char text[256];

        (void) snprintf(text, sizeof(text),
                        "[ \"$1\" = --vf=0000:01:10.0 ] && echo '[{\"vf\":0,\"schedule\":{\"vf_state\":\"%s\"}}]'",
                        state);
        set_tool(text);
}

static void expect(RealHost *h, GateQuestion question, FailureCode code, const char *words)
{
        _cleanup_(failure_done) Failure why = { 0 };
        int r = host_function_gate(h, &function, question, &why);

        CHECK((r >= 0) == (code == FAILURE_NONE) && why.code == code);
        if (words && !strstr(failure_message(&why), words)) {
                (void) fprintf(stderr, "got: %s\n", failure_message(&why));
                abort();
        }
}

static void test_gate(RealHost *h, Family *f)
{
        uint64_t begin;

        says("AVAILABLE");
        expect(h, GATE_ACCEPTS, FAILURE_NONE, NULL);
        expect(h, GATE_WAIT, FAILURE_NONE, NULL);

        says("ACTIVE");
        expect(h, GATE_ANSWERS, FAILURE_NONE, NULL);
        expect(h, GATE_ACCEPTS, FAILURE_GATE_CLOSED, "says 'ACTIVE'");
        begin = clock_monotonic_usec();
        expect(h, GATE_WAIT, FAILURE_GATE_CLOSED, "a driver has not let go of it");
        CHECK(clock_monotonic_usec() - begin >= f->gate.command.deadline_usec);

        /* It opens while it is waited for. */
        set_tool("cd \"${0%/*}\"; state=ACTIVE; [ ! -e asked ] || state=AVAILABLE; : > asked\n"
                 "echo \"[{\\\"schedule\\\":{\\\"vf_state\\\":\\\"$state\\\"}}]\"");
        expect(h, GATE_WAIT, FAILURE_NONE, NULL);

        set_tool("echo no such device >&2; exit 19");
        expect(h, GATE_ANSWERS, FAILURE_GATE_UNANSWERED, "exited with status 19: no such device");
        set_tool("echo Usage: tool");
        expect(h, GATE_ACCEPTS, FAILURE_GATE_UNANSWERED, "printed no JSON");
        set_tool("sleep 60");
        expect(h, GATE_ACCEPTS, FAILURE_GATE_UNANSWERED, "did not end within 1 s");

        /* Only a tool that is not there may be passed over, where the family says so. */
        f->gate.optional = true;
        expect(h, GATE_ACCEPTS, FAILURE_GATE_UNANSWERED, "did not end");
        f->gate.command.words[0] = absent;
        expect(h, GATE_ACCEPTS, FAILURE_NONE, NULL);
        f->gate.command.words[0] = tool;
        set_tool("exit 0");
        CHECK(chmod(tool, 0600) == 0);
        expect(h, GATE_ACCEPTS, FAILURE_GATE_UNANSWERED, "Permission denied");
        write_tool("/nowhere/python", "");
        expect(h, GATE_ACCEPTS, FAILURE_GATE_UNANSWERED, "its interpreter is not there");
        CHECK(unlink(tool) == 0 && symlink("/nowhere/tool", tool) == 0);
        expect(h, GATE_ACCEPTS, FAILURE_GATE_UNANSWERED, "cannot run");
        CHECK(unlink(tool) == 0);
        f->gate.command.words[0] = absent;
        f->gate.optional = false;
        expect(h, GATE_ANSWERS, FAILURE_GATE_UNANSWERED, "there is no program '/nowhere/tool'");
        f->gate.command.words[0] = tool;
}

/* All together no longer than one, and a cancellation is heard, but not where nothing can be canceled any more. */
static void test_await(RealHost *h, const Family *f)
{
        const PciAddress twice[] = { function, function };
        _cleanup_(failure_done) Failure closed = { 0 }, asked = { 0 };
        const volatile sig_atomic_t canceled = 1;
        uint64_t begin;

        says("AVAILABLE");
        CHECK(host_await_gates(h, twice, 2, NULL) == 0);

        /* The first opens at the last moment, the second does not. */
        set_tool("cd \"${0%/*}\"; echo >> waits; state=ACTIVE; [ $(wc -l < waits) != 3 ] || state=AVAILABLE\n"
                 "echo \"[{\\\"schedule\\\":{\\\"vf_state\\\":\\\"$state\\\"}}]\"");
        begin = clock_monotonic_usec();
        CHECK(host_await_gates(h, twice, 2, &closed) < 0 && closed.code == FAILURE_GATE_CLOSED);
        CHECK(clock_monotonic_usec() - begin < 2 * f->gate.command.deadline_usec);

        says("ACTIVE");
        h->settings.canceled = &canceled;
        begin = clock_monotonic_usec();
        CHECK(host_await_gates(h, twice, 2, &asked) < 0 && asked.code == FAILURE_CANCELED);
        CHECK(clock_monotonic_usec() - begin < f->gate.command.deadline_usec);
        expect(h, GATE_WAIT, FAILURE_GATE_CLOSED, NULL);
        h->settings.canceled = NULL;

        /* So is the host's shutdown, which no gate may hold up. */
        h->settings.held = &canceled;
        failure_done(&asked);
        CHECK(host_await_gates(h, twice, 2, &asked) < 0 && asked.code == FAILURE_CANCELED);
        CHECK(strstr(failure_message(&asked), "shutting down"));
        expect(h, GATE_WAIT, FAILURE_GATE_CLOSED, NULL);
        says("AVAILABLE");
        CHECK(host_await_gates(h, twice, 2, NULL) == 0);
        h->settings.held = NULL;
}

static void test_clean(RealHost *h)
{
        _cleanup_(failure_done) Failure why = { 0 };

        set_tool("exit 0");
        CHECK(host_function_clean(h, &function, NULL) >= 0);
        set_tool("echo it is stuck >&2; exit 3");
        CHECK(host_function_clean(h, &function, &why) < 0 && why.code == FAILURE_HOST);
        CHECK(strstr(failure_message(&why), "function 0000:01:10.0 is not clean") &&
              strstr(failure_message(&why), "status 3: it is stuck"));
}

/* One that is gone, one of a family without either, and families that could not be read. */
static void test_others(RealHost *h, Family *f)
{
        _cleanup_(failure_done) Failure gone = { 0 }, unread = { 0 };

        CHECK(host_function_gate(h, &other, GATE_ACCEPTS, &gone) < 0 &&
              gone.code == FAILURE_UNKNOWN_FUNCTION);

        f->devices[0].device = 1;
        set_tool("exit 1");
        expect(h, GATE_ACCEPTS, FAILURE_NONE, NULL);
        CHECK(host_function_clean(h, &function, NULL) >= 0);

        h->settings.families_unread = true;
        expect(h, GATE_ACCEPTS, FAILURE_INVALID_OPTION, "families.d");
        CHECK(host_function_clean(h, &function, &unread) < 0 && unread.code == FAILURE_INVALID_OPTION);
}

static void make_tree(void)
{
        char command[512];

        (void) snprintf(command, sizeof(command),
                        "d=%s/devices/0000:01:10.0; mkdir -p $d; echo 0x1002 > $d/vendor; echo 0x74b6 > $d/device; "
                        "ln -s ../0000:01:00.0 $d/physfn",
                        dir);
        CHECK(system(command) == 0);
}

int main(void)
{
        FamilyDevice device = { 0x1002, 0x74b6 };
        Family family = {
                .name = available,
                .devices = &device,
                .n_devices = 1,
                .gate = { .command = { .words = (char *[]) { tool, placeholder, NULL },
                                       .deadline_usec = USEC_PER_SEC },
                          .path = path,
                          .accepts = (char *[]) { available, NULL } },
                .clean = { .words = (char *[]) { tool, NULL }, .deadline_usec = USEC_PER_SEC },
        };
        const Families families = { .list = &family, .n = 1 };
        RealHostSettings settings = {
                .libvirt_uri = "test:///default", .image_dir = dir, .sysfs_pci = dir, .families = &families
        };
        _cleanup_(real_host_freep) RealHost *h = NULL;
        char command[64];

        CHECK(mkdtemp(dir));
        (void) snprintf(tool, sizeof(tool), "%s/tool", dir);
        make_tree();
        CHECK(real_host_new(&settings, &h, NULL) >= 0);

        test_gate(h, &family);
        test_await(h, &family);
        test_clean(h);
        test_others(h, &family);

        (void) snprintf(command, sizeof(command), "rm -r %s", dir);
        CHECK(system(command) == 0);
        return EXIT_SUCCESS;
}
