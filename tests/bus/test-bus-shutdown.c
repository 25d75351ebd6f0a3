/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The host goes down while jobs are at work, told by a logind that this process plays, or by the unit's call. */

#include <signal.h>

#include "basic/clock.h"
#include "fake-logind.h"

/* Longer than the daemon waits before it tries again what could not go on. */
#define NO_RETRY_USEC (3 * USEC_PER_SEC)

#define JOB(n) VGPU_HIBERNATE_JOB_PATH "/" #n

/* Nothing of it can be had: jobs do not mind. */
static void test_without_logind(Fixture *f)
{
        start_ok(f, 1, "Hibernate", "vm1", NULL);
        expect_property(f, JOB(1), "State", "running");
        fixture_tell(f, 1, "fail NoAgent it does not answer");
        expect_signal(f, "JobRemoved 1 " JOB(1) " failed");
}

/* From the first job's start to the last one's end; then again. */
static void test_lock(Fixture *f, FakeLogind *l)
{
        start_ok(f, 2, "Hibernate", "vm1", NULL);
        expect_lock(l, f, true);
        CHECK(streq(l->asked, "shutdown vgpu-hibernated Hibernation jobs are at work delay"));
        start_ok(f, 3, "Hibernate", "vm2", NULL);
        fixture_tell(f, 2, "fail NoAgent it does not answer");
        expect_signal(f, "JobRemoved 2 " JOB(2) " failed");
        expect_lock(l, f, true);
        CHECK(l->n_asked == 1);

        /* It is not let go between a worker that died and the next one. */
        fixture_tell(f, 3, "die");
        fixture_tell(f, 3, "die");
        expect_property(f, JOB(3), "State", "recovering");
        expect_lock(l, f, true);
        CHECK(l->n_asked == 1);
        fixture_tell(f, 3, "fail NoAgent it does not answer");
        expect_lock(l, f, false);

        start_ok(f, 4, "Hibernate", "vm1", NULL);
        expect_lock(l, f, true);
        CHECK(l->n_asked == 2);
        fixture_tell(f, 4, "fail NoAgent it does not answer");
        expect_lock(l, f, false);
}

static void test_announced(Fixture *f, FakeLogind *l)
{
        start_ok(f, 5, "Hibernate", "vm1", NULL);
        start_ok(f, 6, "Hibernate", "vm2", NULL);
        expect_property(f, JOB(5), "State", "running");
        expect_property(f, JOB(6), "State", "running");
        expect_lock(l, f, true);

        /* One waits for better times already, and need not. */
        fixture_tell(f, 6, "exit 75");
        fake_logind_shut_down(l, f, true);
        fixture_tell(f, 5, "state-on-request undoing");
        expect_property(f, JOB(5), "State", "undoing");
        start_refused(f, VGPU_HIBERNATE_ERROR_SHUTTING_DOWN, "shut down", "Hibernate", "vm3", NULL);
        expect_lock(l, f, true); /* it has yet to come to rest */

        fixture_tell(f, 5, "exit 75");
        expect_lock(l, f, false);
        clock_sleep_usec(NO_RETRY_USEC);
        expect_property(f, JOB(5), "State", "undoing");
        expect_property(f, JOB(6), "State", "running");

        /* Called off. */
        fake_logind_shut_down(l, f, false);
        expect_property(f, JOB(5), "State", "recovering");
        expect_property(f, JOB(6), "State", "recovering");
        expect_lock(l, f, true);
        fixture_tell(f, 5, "fail Canceled undone");
        fixture_tell(f, 6, "fail Canceled undone");
        expect_lock(l, f, false);
}

/* A worker that dies has left the guest somewhere: another one sees to it, and is asked to rest as well. */
static void test_death_meanwhile(Fixture *f, FakeLogind *l)
{
        start_ok(f, 7, "Hibernate", "vm1", NULL);
        expect_lock(l, f, true);
        fake_logind_shut_down(l, f, true);
        fixture_tell(f, 7, "die");
        expect_property(f, JOB(7), "State", "recovering");
        expect_lock(l, f, true);
        fixture_tell(f, 7, "state-on-request undoing");
        expect_property(f, JOB(7), "State", "undoing");
        fixture_tell(f, 7, "fail Canceled undone");
        expect_lock(l, f, false);
        fake_logind_shut_down(l, f, false);
        expect_property(f, VM1_PATH, "State", "running");
}

/* The next daemon was not there to hear it, and is told when it asks for its lock. */
static void test_restart_meanwhile(Fixture *f, FakeLogind *l)
{
        start_ok(f, 8, "Hibernate", "vm1", NULL);
        expect_lock(l, f, true);
        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        expect_lock(l, f, false);

        l->going_down = true;
        fixture_start(f);
        fixture_tell(f, 8, "state-on-request undoing");
        expect_property(f, JOB(8), "State", "undoing");
        start_refused(f, VGPU_HIBERNATE_ERROR_SHUTTING_DOWN, "shut down", "Hibernate", "vm2", NULL);

        /* How an adopted worker ended, only its journal says. */
        fixture_tell(f, 8, "stuck the host shuts down");
        expect_property(f, JOB(8), "ErrorMessage", "the host shuts down");
        fixture_tell(f, 8, "exit 75");
        fixture_tell(f, 8, "fail Canceled undone");
        clock_sleep_usec(NO_RETRY_USEC);
        expect_property(f, JOB(8), "State", "undoing");
        fake_logind_shut_down(l, f, false);
        expect_signal(f, "JobRemoved 8 " JOB(8) " failed");
}

static int on_answer(sd_bus_message *answer, void *userdata, sd_bus_error *error)
{
        bool *answered = userdata;

        CHECK(!sd_bus_message_is_method_error(answer, NULL));
        *answered = true;
        return 0;
}

static void call_prepare(Fixture *f, bool *answered)
{
        CHECK(sd_bus_call_method_async(f->bus, NULL, VGPU_HIBERNATE_BUS_NAME, VGPU_HIBERNATE_ROOT_PATH,
                                       VGPU_HIBERNATE_MANAGER_INTERFACE, "PrepareForShutdown", on_answer,
                                       answered, NULL) >= 0);
}

/* What vgpu-hibernate-shutdown.service does, in a host without logind. */
static void test_called(Fixture *f)
{
        bool first = false, second = false, third = false;

        start_ok(f, 9, "Hibernate", "vm1", NULL);
        expect_property(f, JOB(9), "State", "running");
        call_prepare(f, &first);
        call_prepare(f, &second);
        fixture_tell(f, 9, "state-on-request undoing");
        expect_property(f, JOB(9), "State", "undoing");
        start_refused(f, VGPU_HIBERNATE_ERROR_SHUTTING_DOWN, "shut down", "Hibernate", "vm2", NULL);
        CHECK(!first && !second);

        fixture_tell(f, 9, "exit 75");
        await(f, &first);
        await(f, &second);
        call_prepare(f, &third);
        await(f, &third);

        /* As after the boot. */
        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        fixture_start(f);
        expect_property(f, JOB(9), "State", "recovering");
        fixture_tell(f, 9, "fail Canceled undone");
        expect_signal(f, "JobRemoved 9 " JOB(9) " failed");
}

static void adopt(Fixture *f, const char *name, OnShutdown on_shutdown)
{
        fixture_domain(f, name)->adoption = (Adoption) { .adopted = true,
                                                         .order = ADOPTION_ORDER_DEFAULT,
                                                         .has_on_shutdown = true,
                                                         .on_shutdown = on_shutdown };
}

/* Adopted ones, each once; who cannot be is left alone, and not tried again. */
static void test_hibernates(Fixture *f)
{
        bool answered = false;

        adopt(f, "vm1", ON_SHUTDOWN_HIBERNATE);
        adopt(f, "vm2", ON_SHUTDOWN_HIBERNATE);
        adopt(f, "vm3", ON_SHUTDOWN_HIBERNATE); /* it is off */
        fixture_set_domain(f, "foreign", DOMAIN_RUNNING, (const char *const[]) { "0000:09:00.0", NULL });
        adopt(f, "foreign", ON_SHUTDOWN_HIBERNATE);
        fixture_set_domain(f, "other", DOMAIN_RUNNING, (const char *const[]) { "0000:02:10.0", NULL });
        adopt(f, "other", ON_SHUTDOWN_NOTHING);
        fixture_send_world(f);

        /* A job that is at work comes to rest, and leaves its domain running: then that is hibernated. */
        start_ok(f, 10, "Move", "vm1", NULL);
        expect_property(f, JOB(10), "State", "running");
        call_prepare(f, &answered);
        fixture_tell(f, 10, "state-on-request undoing");
        expect_property(f, JOB(11), "State", "running");
        expect_property(f, JOB(11), "Kind", "hibernate");
        expect_property(f, VM2_PATH, "State", "hibernating");
        fixture_tell(f, 10, "end canceled");
        expect_signal(f, "JobRemoved 10 ");
        expect_property(f, JOB(12), "State", "running");
        expect_property(f, VM1_PATH, "State", "hibernating");

        fixture_tell(f, 11, "fail NoAgent it does not answer");
        expect_signal(f, "JobRemoved 11 ");
        CHECK(!answered);

        /* It does not rest, as the others do. */
        fixture_tell(f, 12, "stuck libvirt does not answer");
        fixture_tell(f, 12, "exit 75");
        expect_property(f, JOB(12), "State", "recovering");
        CHECK(!answered);
        fixture_tell(f, 12, "strategy suspend-to-ram");
        fixture_tell(f, 12, "record 17");
        fixture_tell(f, 12, "end done");
        await(f, &answered);
        CHECK(!had_signal(f, "JobNew 13 "));
        start_refused(f, VGPU_HIBERNATE_ERROR_SHUTTING_DOWN, "shut down", "Hibernate", "vm2", NULL);
}

int main(int argc, char *argv[])
{
        FakeLogind l;
        Fixture f;

        fixture_init(&f, argv);
        fixture_start(&f);
        test_without_logind(&f);
        fake_logind_start(&l, &f);
        test_lock(&f, &l);
        test_announced(&f, &l);
        test_death_meanwhile(&f, &l);
        test_restart_meanwhile(&f, &l);
        fake_logind_stop(&l, &f);
        test_called(&f);
        test_hibernates(&f);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
