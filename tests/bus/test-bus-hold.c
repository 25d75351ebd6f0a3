/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions that are kept for a hibernated domain: for ever, until a time, until it is said otherwise. */

#include <inttypes.h>
#include <signal.h>

#include "basic/clock.h"
#include "fixture.h"

#define FUNCTION(name) VGPU_HIBERNATE_FUNCTION_PATH "/" name
#define OWN FUNCTION("0000_01_10_0")
#define ERROR(name) VGPU_HIBERNATE_ERROR_##name

#define ONE(a)                \
        (const char *const[]) \
        {                     \
                a, NULL       \
        }

/* Hibernate or Hold; mode NULL, until 0: not given. Expects the error, or that there is none. */
static void call(Fixture *f, const char *method, const char *domain, const char *mode, uint64_t until,
                 const char *expected_error, const char *words)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_free_ char *error = NULL, *message = NULL;

        CHECK(sd_bus_message_new_method_call(f->bus, &m, VGPU_HIBERNATE_BUS_NAME, VGPU_HIBERNATE_ROOT_PATH,
                                             VGPU_HIBERNATE_MANAGER_INTERFACE, method) >= 0);
        CHECK(sd_bus_message_append(m, "s", domain) >= 0);
        CHECK(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
        if (mode)
                CHECK(sd_bus_message_append(m, "{sv}", "hold", "s", mode) >= 0);
        if (until > 0)
                CHECK(sd_bus_message_append(m, "{sv}", "hold_until", "t", until) >= 0);
        CHECK(sd_bus_message_close_container(m) >= 0);

        error = call_message(f, m, &reply, &message);
        if (!streq_ptr(error, expected_error) || (error && !strstr(message, words)))
                (void) fprintf(stderr, "%s of '%s': %s: %s\n", method, domain, error ? error : "no error",
                               message ? message : "");
        CHECK(streq_ptr(error, expected_error));
        CHECK(!error || strstr(message, words));
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

static void end_resumed(Fixture *f, uint64_t id, const char *name, const char *function)
{
        _cleanup_free_ char *removed = format("JobRemoved %" PRIu64 " ", id);

        fixture_tell(f, id, "unrecord");
        fixture_tell(f, id, "end done");
        expect_signal(f, removed);
        fixture_set_domain(f, name, DOMAIN_RUNNING, ONE(function));
        fixture_send_world(f);
}

static void test_refusals(Fixture *f)
{
        uint64_t now = clock_realtime_usec();

        for (int i = 0; i < 2; i++) {
                const char *method = i == 0 ? "Hibernate" : "Hold";

                call(f, method, "vm1", "for ever", 0, ERROR(INVALID_OPTION), "'hold-until'");
                call(f, method, "vm1", "hold-until", 0, ERROR(INVALID_OPTION), "needs the option");
                call(f, method, "vm1", "hold", now + USEC_PER_SEC, ERROR(INVALID_OPTION), "'hold-until'");
                call(f, method, "vm1", "hold-until", now, ERROR(INVALID_OPTION), "has passed");
                call(f, method, "vm1", "hold-until", UINT64_MAX, ERROR(INVALID_OPTION), "must be");
                call(f, method, "nobody", "hold", 0, ERROR(UNKNOWN_DOMAIN), "virsh list");
        }

        call(f, "Hold", "vm1", "hold", 0, ERROR(NOT_HIBERNATED), "running");
        call(f, "Hold", "vm3", "release", 0, ERROR(NOT_HIBERNATED), "shut-off");
        call(f, "Move", "vm1", "hold", 0, ERROR(INVALID_OPTION), "'strategy'");
        call(f, "Resume", "vm1", "hold", 0, ERROR(INVALID_OPTION), "'functions'");
        expect_property(f, VM1_PATH, "Hold", "");
}

/* Kept over the end of the job and of the daemon, for its own resume alone. */
static void test_hold(Fixture *f)
{
        call(f, "Hibernate", "vm1", "hold", 0, NULL, NULL);
        expect_property(f, OWN, "State", "assigned");
        expect_property(f, VM1_PATH, "Hold", "");
        forget_signals(f);
        end_hibernated(f, 1, "vm1");
        expect_property(f, OWN, "State", "held");
        expect_property(f, OWN, "Domain", "vm1");
        expect_property(f, OWN, "HeldUntil", "0");
        expect_property(f, VM1_PATH, "State", "hibernated");
        expect_property(f, VM1_PATH, "Hold", "hold");
        expect_property(f, VM1_PATH, "HoldUntil", "0");

        CHECK(fixture_stop_daemon(f, SIGKILL) == SIGKILL);
        fixture_start(f);
        expect_property(f, OWN, "State", "held");
        expect_property(f, VM1_PATH, "Hold", "hold");
        start_refused(f, ERROR(FUNCTION_BUSY), "held for domain vm1", "Move", "vm2",
                      (const char *const[]) { "0000:01:10.0", "0000:02:10.0", NULL });

        /* Home, although the fuller card has another free one before it. */
        start_ok(f, 2, "Resume", "vm1", NULL);
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/2", "Functions", "[[0000:01:10.0 0000:01:10.0]]");
        call(f, "Hold", "vm1", "release", 0, ERROR(DOMAIN_BUSY), "job 2");
        fixture_tell(f, 2, "fail RestoreFailed not today");
        expect_signal(f, "JobRemoved 2 ");
        expect_property(f, OWN, "State", "held");
        expect_property(f, VM1_PATH, "Hold", "hold");

        start_ok(f, 3, "Resume", "vm1", NULL);
        end_resumed(f, 3, "vm1", "0000:01:10.0");
        expect_property(f, OWN, "State", "assigned");
        expect_property(f, VM1_PATH, "Hold", "");
}

/* Without the option of old nothing is kept; a resume elsewhere ends the hold. */
static void test_elsewhere(Fixture *f)
{
        start_ok(f, 4, "Hibernate", "vm1", NULL);
        end_hibernated(f, 4, "vm1");
        expect_property(f, OWN, "State", "free");
        expect_property(f, VM1_PATH, "Hold", "release");

        forget_signals(f);
        call(f, "Hold", "vm1", NULL, 0, NULL, NULL);
        expect_signal(f, "PropertiesChanged " VM1_PATH " Hold=hold ");
        expect_signal(f, "PropertiesChanged " OWN " State=held Domain=vm1 ");
        free(get_property(f, VM1_PATH, "Hold")); /* what came before the answer is here */
        while (sd_bus_process(f->bus, NULL) > 0)
                ;
        CHECK(!had_signal(f, "Reservations"));

        start_ok(f, 5, "Resume", "vm1", ONE("0000:02:10.0"));
        expect_property(f, OWN, "State", "held");
        end_resumed(f, 5, "vm1", "0000:02:10.0");
        expect_property(f, OWN, "State", "free");
        expect_property(f, OWN, "Domain", "");
}

/* One that others have taken cannot be kept from them. */
static void test_taken(Fixture *f)
{
        start_ok(f, 6, "Hibernate", "vm1", NULL);
        end_hibernated(f, 6, "vm1");
        fixture_set_domain(f, "vm3", DOMAIN_RUNNING, ONE("0000:02:10.0"));
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_02_10_0"), "State", "assigned");
        call(f, "Hold", "vm1", "hold", 0, ERROR(FUNCTION_BUSY), "assigned to domain vm3");
        fixture_set_domain(f, "vm3", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_02_10_0"), "State", "free");
}

/* Until a time, changed, and over by itself; a second one is given back by hand. */
static void test_until(Fixture *f)
{
        uint64_t until = clock_realtime_usec() + 1000 * USEC_PER_SEC;
        _cleanup_free_ char *text = format("%" PRIu64, until);

        call(f, "Hold", "vm1", "hold-until", until, NULL, NULL);
        expect_property(f, FUNCTION("0000_02_10_0"), "HeldUntil", text);
        expect_property(f, VM1_PATH, "HoldUntil", text);
        expect_property(f, VM1_PATH, "Hold", "hold-until");

        forget_signals(f);
        call(f, "Hold", "vm1", "hold-until", clock_realtime_usec() + USEC_PER_SEC, NULL, NULL);
        expect_signal(f, "PropertiesChanged " VM1_PATH " HoldUntil=");
        expect_signal(f, "PropertiesChanged " VM1_PATH " Hold=release HoldUntil=0 ");
        expect_signal(f, "PropertiesChanged " FUNCTION("0000_02_10_0") " State=free Domain= HeldUntil=0 ");

        call(f, "Hold", "vm1", "hold", 0, NULL, NULL);
        expect_property(f, FUNCTION("0000_02_10_0"), "State", "held");
        call(f, "Hold", "vm1", "release", 0, NULL, NULL);
        expect_property(f, FUNCTION("0000_02_10_0"), "State", "free");
        expect_property(f, VM1_PATH, "Hold", "release");
}

/* A hibernation that failed keeps nothing, not even for one that hibernates the domain later. */
static void test_failed(Fixture *f)
{
        call(f, "Hibernate", "vm2", "hold", 0, NULL, NULL);
        fixture_tell(f, 7, "fail NoAgent it does not answer");
        expect_signal(f, "JobRemoved 7 ");
        start_ok(f, 8, "Hibernate", "vm2", NULL);
        end_hibernated(f, 8, "vm2");
        expect_property(f, FUNCTION("0000_01_10_1"), "State", "free");
        expect_property(f, VM2_PATH, "Hold", "release");

        /* It may be in quarantine: of several, the whole set is not what it was then. */
        call(f, "Hold", "vm2", "hold", 0, NULL, NULL);
        {
                _cleanup_free_ char *error =
                                simple_call(f, FUNCTION("0000_01_10_1"), "Quarantine", "s", "it smokes");

                CHECK(!error);
        }
        start_ok(f, 9, "Resume", "vm2", NULL);
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/9", "Functions",
                        "[[0000:01:10.1 0000:01:10.0] [0000:01:10.2 0000:01:10.2]]");
        fixture_tell(f, 9, "fail RestoreFailed not today");
        expect_signal(f, "JobRemoved 9 ");
}

int main(int argc, char *argv[])
{
        Fixture f;

        fixture_init(&f, argv);
        fixture_start(&f);
        test_refusals(&f);
        test_hold(&f);
        test_elsewhere(&f);
        test_taken(&f);
        test_until(&f);
        test_failed(&f);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
