/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Jobs above the cap: they wait, in order, over restarts, and never before what has begun. */

#include <fcntl.h>
#include <signal.h>

#include "basic/clock.h"
#include "fixture.h"
#include "store/journal.h"

#define CONFIG(jobs_max) "{\"schema\": 1, \"finished_jobs_max\": 100, \"jobs_max\": " #jobs_max "}"
/* Longer than the daemon needs to begin a job. */
#define NOT_BEGUN_USEC (300 * USEC_PER_MSEC)

#define JOB(n) VGPU_HIBERNATE_JOB_PATH "/" #n
#define FUNCTION(name) VGPU_HIBERNATE_FUNCTION_PATH "/" name

static void expect_queue(Fixture *f, const char *path, const char *position)
{
        expect_property(f, path, "QueuePosition", position);
        expect_property(f, path, "State", streq(position, "0") ? "running" : "queued");
}

static void end_job(Fixture *f, uint64_t id)
{
        _cleanup_free_ char *words = format("JobRemoved %u ", (unsigned) id);

        fixture_tell(f, id, "fail NoAgent it does not answer");
        expect_signal(f, words);
}

static void test_order(Fixture *f)
{
        fixture_configure(f, CONFIG(2));
        fixture_start(f);
        expect_property(f, VGPU_HIBERNATE_ROOT_PATH, "JobsMax", "2");
        forget_signals(f);

        start_ok(f, 1, "Hibernate", "vm1", NULL);
        start_ok(f, 2, "Hibernate", "vm2", NULL);
        start_ok(f, 3, "Move", "vm4", (const char *const[]) { "0000:01:10.3", NULL });
        start_ok(f, 4, "Hibernate", "vm5", NULL);
        start_ok(f, 5, "Hibernate", "vm6", NULL);
        expect_queue(f, JOB(1), "0");
        expect_queue(f, JOB(2), "0");
        expect_queue(f, JOB(3), "1");
        expect_queue(f, JOB(4), "2");
        expect_queue(f, JOB(5), "3");

        /* What waits is taken for good all the same. */
        expect_property(f, JOB(3), "Cancelable", "true");
        expect_property(f, FUNCTION("0000_01_10_3"), "State", "leased");
        start_refused(f, VGPU_HIBERNATE_ERROR_DOMAIN_BUSY, "cancel it", "Hibernate", "vm4", NULL);

        /* The second ends first: its place is the next one's, whoever had it. */
        forget_signals(f);
        end_job(f, 2);
        expect_signal(f, "PropertiesChanged " JOB(3) " ");
        expect_queue(f, JOB(3), "0");
        expect_queue(f, JOB(4), "1");
        expect_queue(f, JOB(5), "2");
}

static void expect_no_lock(Fixture *f, const char *name)
{
        _cleanup_free_ char *path = format("%s/state/jobs/%s", f->dir, name);

        CHECK(access(path, F_OK) < 0);
}

static void test_cancel(Fixture *f)
{
        _cleanup_free_ char *error = NULL, *again = NULL, *message = NULL,
                            *jobs = format("%s/state/jobs", f->dir);
        _cleanup_close_ int jobs_fd = open(jobs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_(job_freep) Job *j = NULL;

        forget_signals(f);
        error = simple_call(f, JOB(4), "Cancel", NULL, NULL);
        CHECK(!error);

        /* No worker was there to do it. */
        CHECK(journal_read(jobs_fd, 4, &j, NULL) >= 0);
        CHECK(j->state == JOB_CANCELED && j->worker_pid == 0 && j->ended_usec >= j->created_usec);
        expect_no_lock(f, "4.lock");

        expect_signal(f, "JobRemoved 4 " JOB(4) " canceled");
        expect_property(f, JOB(4), "State", "canceled");
        expect_property(f, JOB(4), "QueuePosition", "0");
        expect_property(f, JOB(4), "Error", VGPU_HIBERNATE_ERROR_CANCELED);
        message = get_property(f, JOB(4), "ErrorMessage");
        CHECK(strstr(message, "nothing was changed"));
        expect_queue(f, JOB(5), "1");
        again = simple_call(f, JOB(4), "Cancel", NULL, NULL);
        CHECK(streq_ptr(again, VGPU_HIBERNATE_ERROR_TOO_LATE));
}

/* Killed, in the middle of two jobs. The next one takes its queue over with its cap, and two workers. */
static void test_restart(Fixture *f)
{
        start_ok(f, 6, "Hibernate", "vm5", NULL);
        CHECK(fixture_stop_daemon(f, SIGKILL) != 0);
        fixture_start(f);
        expect_queue(f, JOB(1), "0");
        expect_queue(f, JOB(3), "0");
        expect_queue(f, JOB(5), "1");
        expect_queue(f, JOB(6), "2");
        clock_sleep_usec(NOT_BEGUN_USEC);
        expect_queue(f, JOB(5), "1");
}

/* Workers that died with the daemon are followed at once, though that is more than may run now. */
static void test_recovery_first(Fixture *f)
{
        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        fixture_tell(f, 1, "die");
        fixture_tell(f, 3, "die");
        fixture_configure(f, CONFIG(1));
        fixture_start(f);
        expect_property(f, JOB(1), "State", "recovering");
        expect_property(f, JOB(3), "State", "recovering");

        /* Nor does one that cannot go on keep others waiting, and it comes back when it can. */
        end_job(f, 1);
        clock_sleep_usec(NOT_BEGUN_USEC);
        expect_queue(f, JOB(5), "1");
        fixture_tell(f, 3, "stuck its QEMU does not answer");
        fixture_tell(f, 3, "exit 75");
        expect_queue(f, JOB(5), "0");
        expect_queue(f, JOB(6), "1");
        end_job(f, 3);
        clock_sleep_usec(NOT_BEGUN_USEC);
        expect_queue(f, JOB(6), "1");
}

/* A job that began now would fail for it. */
static void test_libvirt_away(Fixture *f)
{
        f->world->libvirt_ok = false;
        fixture_send_world(f);
        expect_property(f, VGPU_HIBERNATE_ROOT_PATH, "Degraded", "true");
        end_job(f, 5);
        clock_sleep_usec(NOT_BEGUN_USEC);
        expect_queue(f, JOB(6), "1");

        f->world->libvirt_ok = true;
        fixture_send_world(f);
        expect_queue(f, JOB(6), "0");
}

static void test_shutdown(Fixture *f)
{
        _cleanup_free_ char *error = NULL;

        start_ok(f, 7, "Hibernate", "vm1", NULL);
        expect_queue(f, JOB(7), "1");
        fixture_tell(f, 6, "exit 75");
        error = simple_call(f, VGPU_HIBERNATE_ROOT_PATH, "PrepareForShutdown", NULL, NULL);
        CHECK(!error);
        clock_sleep_usec(NOT_BEGUN_USEC);
        expect_queue(f, JOB(7), "1");

        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        fixture_start(f);
        expect_property(f, JOB(6), "State", "recovering");
        expect_queue(f, JOB(7), "1");
        end_job(f, 6);
        expect_queue(f, JOB(7), "0");
        end_job(f, 7);
}

static void put_off(Fixture *f, uint64_t id)
{
        fixture_tell(f, id, "stuck there is no room yet");
        fixture_tell(f, id, "state queued");
        fixture_tell(f, id, "exit 75");
}

/* It keeps its place, lets others by, and begins when one has ended; it can be canceled like any that waits. */
static void test_put_off(Fixture *f)
{
        _cleanup_free_ char *error = NULL;

        forget_signals(f);
        start_ok(f, 8, "Hibernate", "vm1", NULL);
        put_off(f, 8);
        expect_queue(f, JOB(8), "1");
        expect_property(f, JOB(8), "ErrorMessage", "there is no room yet");
        expect_property(f, JOB(8), "Cancelable", "true");
        start_ok(f, 9, "Hibernate", "vm2", NULL);
        expect_queue(f, JOB(9), "0");
        expect_queue(f, JOB(8), "1");
        end_job(f, 9);
        expect_queue(f, JOB(8), "0");

        put_off(f, 8);
        expect_queue(f, JOB(8), "1");
        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        fixture_start(f);
        expect_queue(f, JOB(8), "0");

        put_off(f, 8);
        expect_queue(f, JOB(8), "1");
        error = simple_call(f, JOB(8), "Cancel", NULL, NULL);
        CHECK(!error);
        expect_signal(f, "JobRemoved 8 " JOB(8) " canceled");
}

/* One that goes on with other functions waits for room like any other: nothing is committed yet. */
static void test_put_off_with_other_functions(Fixture *f)
{
        _cleanup_free_ char *error = NULL;

        fixture_set_domain(f, "vm5", DOMAIN_SHUTOFF, NULL);
        fixture_set_domain(f, "vm6", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_02_10_2"), "State", "free");

        forget_signals(f);
        start_ok(f, 10, "Move", "vm1", NULL);
        fixture_tell(f, 10, "strategy suspend-to-ram");
        fixture_tell(f, 10, "retry bind BindFailed no");
        put_off(f, 10);
        expect_queue(f, JOB(10), "1");
        expect_property(f, JOB(10), "Cancelable", "true");

        start_ok(f, 11, "Hibernate", "vm2", NULL);
        expect_queue(f, JOB(11), "0");
        end_job(f, 11);
        expect_queue(f, JOB(10), "0");

        put_off(f, 10);
        expect_queue(f, JOB(10), "1");
        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        fixture_start(f);
        expect_queue(f, JOB(10), "0");

        put_off(f, 10);
        expect_queue(f, JOB(10), "1");
        error = simple_call(f, JOB(10), "Cancel", NULL, NULL);
        CHECK(!error);
        expect_signal(f, "JobRemoved 10 " JOB(10) " canceled");
}

int main(int argc, char *argv[])
{
        Fixture f;

        fixture_init(&f, argv);
        fixture_set_domain(&f, "vm4", DOMAIN_RUNNING, (const char *const[]) { "0000:02:10.0", NULL });
        fixture_set_domain(&f, "vm5", DOMAIN_RUNNING, (const char *const[]) { "0000:02:10.1", NULL });
        fixture_set_domain(&f, "vm6", DOMAIN_RUNNING, (const char *const[]) { "0000:02:10.2", NULL });
        test_order(&f);
        test_cancel(&f);
        test_restart(&f);
        test_recovery_first(&f);
        test_libvirt_away(&f);
        test_shutdown(&f);
        test_put_off(&f);
        test_put_off_with_other_functions(&f);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
