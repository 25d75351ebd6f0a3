/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Targets that do not do: the daemon chooses others, and says what became of it. */

#include <signal.h>
#include <sys/stat.h>

#include "fixture.h"

#define JOB(n) VGPU_HIBERNATE_JOB_PATH "/" #n
#define FUNCTION(name) VGPU_HIBERNATE_FUNCTION_PATH "/" name

static void start_move(Fixture *f, uint64_t id, const char *fallback)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_free_ char *error = NULL;

        CHECK(sd_bus_message_new_method_call(f->bus, &call, VGPU_HIBERNATE_BUS_NAME,
                                             VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                             "Move") >= 0);
        CHECK(sd_bus_message_append(call, "sa{sv}", "vm1", 1, "fallback", "s", fallback) >= 0);
        error = call_message(f, call, NULL, NULL);
        CHECK(!error);
        fixture_tell(f, id, "strategy suspend-to-ram");
        fixture_tell(f, id, "step check done");
        fixture_tell(f, id, "step sync done");
}

/* The next worker goes on with what is committed. */
static void test_next_target(Fixture *f)
{
        _cleanup_free_ char *attempts = NULL, *events = NULL;

        fixture_start(f);
        forget_signals(f);
        start_move(f, 1, "back");
        expect_property(f, JOB(1), "Functions", "[[0000:01:10.0 0000:02:10.0]]");

        fixture_tell(f, 1, "quarantine-target it reads as all ones");
        fixture_tell(f, 1, "retry restore RestoreFailed it was of no use");
        expect_signal(f, "PropertiesChanged " FUNCTION("0000_02_10_0") " State=quarantined");
        expect_property(f, JOB(1), "Functions", "[[0000:01:10.0 0000:02:10.1]]");
        expect_property(f, JOB(1), "State", "running");
        expect_property(f, JOB(1), "Error", "");
        attempts = get_property(f, JOB(1), "Attempts");
        CHECK(strstr(attempts,
                     " [0000:02:10.0] restore " VGPU_HIBERNATE_ERROR_RESTORE_FAILED " it was of no use]]"));
        events = get_property(f, JOB(1), "Events");
        CHECK(strstr(events, "going on with function 0000:02:10.1"));
        expect_property(f, FUNCTION("0000_02_10_0"), "Reason", "it reads as all ones");
        expect_property(f, FUNCTION("0000_02_10_1"), "State", "leased");

        fixture_tell(f, 1, "fail Canceled the fixture's domain is to stay where it is");
        expect_signal(f, "JobRemoved 1 " JOB(1) " failed");
}

/* Three sets are tried; then the functions that the domain had. A daemon that dies in between chooses the same. */
static void test_back(Fixture *f)
{
        _cleanup_free_ char *error = NULL;

        error = simple_call(f, FUNCTION("0000_02_10_0"), "Clear", NULL, NULL);
        CHECK(!error);
        forget_signals(f);
        start_move(f, 2, "back");
        fixture_tell(f, 2, "retry restore RestoreFailed no");
        expect_property(f, JOB(2), "Functions", "[[0000:01:10.0 0000:02:10.1]]");
        expect_property(f, FUNCTION("0000_02_10_0"), "State", "free"); /* nothing was proven */
        fixture_tell(f, 2, "retry wake WakeFailed no");
        expect_property(f, JOB(2), "Functions", "[[0000:01:10.0 0000:02:10.2]]");

        CHECK(fixture_stop_daemon(f, SIGKILL) != 0);
        fixture_tell(f, 2, "retry rebind BindFailed no");
        fixture_start(f);
        expect_property(f, JOB(2), "Functions", "[[0000:01:10.0 0000:01:10.0]]");
        expect_property(f, JOB(2), "State", "running");

        forget_signals(f);
        fixture_tell(f, 2, "fail BindFailed the domain is back");
        expect_signal(f, "JobRemoved 2 " JOB(2) " failed");
}

static void test_stay(Fixture *f)
{
        _cleanup_free_ char *message = NULL;

        forget_signals(f);
        start_move(f, 3, "stay");
        for (unsigned i = 0; i < 3; i++)
                fixture_tell(f, 3, "retry restore RestoreFailed no");
        expect_signal(f, "JobRemoved 3 " JOB(3) " failed");
        expect_property(f, JOB(3), "Error", VGPU_HIBERNATE_ERROR_RESTORE_FAILED);
        message = get_property(f, JOB(3), "ErrorMessage");
        CHECK(strstr(message, "stays hibernated"));
}

/* A function that was asked for by name is not exchanged for another. */
static void test_asked_for(Fixture *f)
{
        forget_signals(f);
        start_ok(f, 4, "Move", "vm1", (const char *const[]) { "0000:02:10.1", NULL });
        fixture_tell(f, 4, "strategy suspend-to-ram");
        fixture_tell(f, 4, "retry bind BindFailed no");
        expect_signal(f, "JobRemoved 4 " JOB(4) " failed");
        expect_property(f, FUNCTION("0000_02_10_1"), "State", "free");
}

/* The ledger cannot be written: nothing goes on before what is bad is on disk. */
static void test_ledger_full(Fixture *f)
{
        _cleanup_free_ char *ledger = format("%s/state/ledger.json", f->dir);

        forget_signals(f);
        start_move(f, 5, "back");
        expect_property(f, JOB(5), "Functions", "[[0000:01:10.0 0000:02:10.0]]");
        CHECK(unlink(ledger) == 0 && mkdir(ledger, 0700) == 0);
        fixture_tell(f, 5, "quarantine-target it reads as all ones");
        fixture_tell(f, 5, "retry restore RestoreFailed it was of no use");
        expect_signal(f, "PropertiesChanged " FUNCTION("0000_02_10_0") " State=quarantined");
        expect_property(f, JOB(5), "Functions", "[[0000:01:10.0 0000:02:10.0]]");

        CHECK(rmdir(ledger) == 0);
        expect_property(f, JOB(5), "Functions", "[[0000:01:10.0 0000:02:10.1]]");
        CHECK(fixture_stop_daemon(f, SIGKILL) == SIGKILL);
        CHECK(access(ledger, F_OK) == 0);
        fixture_start(f);
        expect_property(f, FUNCTION("0000_02_10_0"), "Reason", "it reads as all ones");

        forget_signals(f);
        fixture_tell(f, 5, "fail Canceled the fixture's domain is to stay where it is");
        expect_signal(f, "JobRemoved 5 " JOB(5) " failed");
}

int main(int argc, char *argv[])
{
        Fixture f;

        fixture_init(&f, argv);
        test_next_target(&f);
        test_back(&f);
        test_stay(&f);
        test_asked_for(&f);
        test_ledger_full(&f);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
