/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Workers that die, and a daemon that does. */

#include <signal.h>
#include <sys/wait.h>

#include "basic/clock.h"
#include "fixture.h"

#define JOB(n) VGPU_HIBERNATE_JOB_PATH "/" #n
#define FUNCTION(name) VGPU_HIBERNATE_FUNCTION_PATH "/" name

static void test_worker_dies(Fixture *f)
{
        fixture_start(f);

        start_ok(f, 1, "Hibernate", "vm1", NULL);
        expect_property(f, JOB(1), "State", "running");
        fixture_tell(f, 1, "die");
        expect_property(f, JOB(1), "State", "recovering");
        expect_property(f, JOB(1), "Cancelable", "false");

        /* One that cannot go on now is no death. */
        fixture_tell(f, 1, "exit 75");
        fixture_tell(f, 1, "die");
        fixture_tell(f, 1, "fail SaveFailed the disk is full");
        expect_signal(f, "JobRemoved 1 " JOB(1) " failed");
        expect_property(f, JOB(1), "Error", VGPU_HIBERNATE_ERROR_SAVE_FAILED);
        expect_property(f, VM1_PATH, "State", "running");
}

/* Given up: shown as failed, but its functions and its domain are nobody's until a daemon starts again. */
static void test_give_up(Fixture *f)
{
        forget_signals(f);
        start_ok(f, 2, "Move", "vm1", (const char *const[]) { "0000:02:10.0", NULL });
        expect_property(f, JOB(2), "State", "running");
        for (unsigned i = 0; i < 4; i++)
                fixture_tell(f, 2, "die");
        expect_signal(f, "JobRemoved 2 " JOB(2) " failed");
        expect_property(f, JOB(2), "State", "failed");
        expect_property(f, JOB(2), "Error", VGPU_HIBERNATE_ERROR_WORKER_DIED);
        expect_property(f, VM1_PATH, "State", "failed");
        expect_property(f, VM1_PATH, "Job", "/");
        expect_property(f, FUNCTION("0000_02_10_0"), "State", "leased");
        start_refused(f, VGPU_HIBERNATE_ERROR_DOMAIN_BUSY, "restart", "Hibernate", "vm1", NULL);

        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        fixture_start(f);
        expect_property(f, JOB(2), "State", "recovering");
        fixture_tell(f, 2, "fail Host it was no use");
        expect_signal(f, "JobRemoved 2 " JOB(2) " failed");
        expect_property(f, FUNCTION("0000_02_10_0"), "State", "free");
        expect_property(f, JOB(2), "Error", VGPU_HIBERNATE_ERROR_HOST);
}

/* Also by SIGKILL: the worker goes on, and the next daemon hears of it. */
static void test_daemon_restarts(Fixture *f, int signal_number)
{
        _cleanup_free_ char *path = NULL, *removed = NULL;
        static uint64_t id = 3;

        path = format(VGPU_HIBERNATE_JOB_PATH "/%u", (unsigned) id);
        removed = format("JobRemoved %u %s done", (unsigned) id, path);
        start_ok(f, id, "Hibernate", "vm2", NULL);
        expect_property(f, path, "State", "running");
        fixture_tell(f, id, "strategy suspend-to-ram");
        expect_property(f, path, "Strategy", "suspend-to-ram");

        (void) fixture_stop_daemon(f, signal_number);
        fixture_tell(f, id, "step suspend done"); /* with nobody listening */
        fixture_start(f);
        forget_signals(f);
        expect_property(f, path, "State", "running"); /* not recovering: the same worker */
        expect_property(f, path, "Cancelable", "true");
        expect_property(f, VM2_PATH, "State", "hibernating");

        fixture_tell(f, id, "bytes 5 10");
        expect_signal(f, "Bytes=5 ");
        fixture_tell(f, id, "step save started");
        expect_property(f, path, "Step", "save");
        clock_sleep_usec(RATE_USEC);
        fixture_tell(f, id, "bytes 4000000 10000000");
        expect_signal(f, "Rate=");
        fixture_tell(f, id, "step save done");
        expect_signal(f, " Rate! ");
        expect_absent(f, path, "Rate");

        fixture_tell(f, id, "end done");
        expect_signal(f, removed);
        id++;
}

/* The job ended while there was no daemon. */
static void test_end_unseen(Fixture *f)
{
        _cleanup_free_ char *error = NULL;

        start_ok(f, 5, "Hibernate", "vm2", NULL);
        expect_property(f, JOB(5), "State", "running");
        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);

        fixture_tell(f, 5, "quarantine it does not answer to its reset");
        fixture_tell(f, 5, "fail NoSpace there is none");
        fixture_start(f);
        expect_property(f, JOB(5), "State", "failed");
        expect_property(f, FUNCTION("0000_01_10_1"), "State", "quarantined");
        expect_property(f, FUNCTION("0000_01_10_1"), "Domain", "vm2");
        expect_property(f, FUNCTION("0000_01_10_1"), "Reason", "it does not answer to its reset");

        /* Said once: what an operator has cleared stays clear. */
        error = simple_call(f, FUNCTION("0000_01_10_1"), "Clear", NULL, NULL);
        CHECK(!error);
        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        fixture_start(f);
        expect_property(f, FUNCTION("0000_01_10_1"), "State", "assigned");
}

static void test_watch_dies(Fixture *f)
{
        forget_signals(f);
        fixture_send_line(f, "die");
        expect_signal(f, "Degraded=true ");
        start_refused(f, VGPU_HIBERNATE_ERROR_LIBVIRT, "killed by signal 9", "Hibernate", "vm1", NULL);
        expect_property(f, VM1_PATH, "State", "running"); /* as last seen */
        fixture_send_world(f);
        expect_signal(f, "Degraded=false ");

        forget_signals(f);
        fixture_send_line(f, "{\"this is\": \"no world\"}");
        expect_signal(f, "Degraded=true ");
        fixture_send_world(f);
        expect_signal(f, "Degraded=false ");

        /* Without libvirt the functions are still seen, and the domains stay as they were. */
        f->world->libvirt_ok = false;
        fixture_send_world(f);
        expect_signal(f, "Degraded=true ");
        expect_property(f, VM1_PATH, "State", "running");
        f->world->libvirt_ok = true;
        fixture_send_world(f);
        expect_signal(f, "Degraded=false ");
}

int main(int argc, char *argv[])
{
        Fixture f;

        fixture_init(&f, argv);
        test_worker_dies(&f);
        test_give_up(&f);
        test_daemon_restarts(&f, SIGTERM);
        test_daemon_restarts(&f, SIGKILL);
        test_end_unseen(&f);
        test_watch_dies(&f);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
