/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Reservations: made, shown without their cookies, ended by time, by hand and by a job. */

#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/wait.h>

#include "basic/clock.h"
#include "fixture.h"

#define FUNCTION(name) VGPU_HIBERNATE_FUNCTION_PATH "/" name
#define ERROR(name) VGPU_HIBERNATE_ERROR_##name
#define NOBODY 65534
#define COOKIE_SIZE 33U

/* "KEY=VALUE": a string, or when the key begins with '#' a number. */
static void append_options(sd_bus_message *call, const char *const *options)
{
        CHECK(sd_bus_message_open_container(call, 'a', "{sv}") >= 0);
        for (; options && *options; options++) {
                const char *equals = strchr(*options, '='), *name = *options + (**options == '#');
                _cleanup_free_ char *key = strndup(name, (size_t) (equals - name));

                CHECK(key);
                if (**options == '#')
                        CHECK(sd_bus_message_append(call, "{sv}", key, "t",
                                                    (uint64_t) strtoull(equals + 1, NULL, 10)) >= 0);
                else
                        CHECK(sd_bus_message_append(call, "{sv}", key, "s", equals + 1) >= 0);
        }
        CHECK(sd_bus_message_close_container(call) >= 0);
}

#define OPTIONS(...)                 \
        ((const char *const[]) {     \
                        __VA_ARGS__, \
                        NULL,        \
        })

static char *reserve_call(Fixture *f, const char *pool, uint32_t count, const char *const *options,
                          sd_bus_message **ret_reply, char **ret_message)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;

        CHECK(sd_bus_message_new_method_call(f->bus, &call, VGPU_HIBERNATE_BUS_NAME,
                                             VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                             "Reserve") >= 0);
        CHECK(sd_bus_message_append(call, "su", pool, count) >= 0);
        append_options(call, options);
        return call_message(f, call, ret_reply, ret_message);
}

/* functions: "ADDRESS ADDRESS" */
static void reserve(Fixture *f, const char *pool, uint32_t count, const char *const *options,
                    const char *functions, char ret_cookie[static COOKIE_SIZE])
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *message = NULL, *error = NULL, *got = strdup("");
        const char *cookie, *address;
        uint64_t expires;

        error = reserve_call(f, pool, count, options, &reply, &message);
        if (error)
                (void) fprintf(stderr, "%s: %s\n", error, message);
        CHECK(!error && got);

        CHECK(sd_bus_message_read(reply, "s", &cookie) > 0);
        CHECK(strlen(cookie) == COOKIE_SIZE - 1 && strspn(cookie, "0123456789abcdef") == COOKIE_SIZE - 1);
        memcpy(ret_cookie, cookie, COOKIE_SIZE);

        CHECK(sd_bus_message_enter_container(reply, 'a', "s") > 0);
        while (sd_bus_message_read(reply, "s", &address) > 0) {
                _cleanup_free_ char *before = got;

                got = format("%s%s%s", before, *before ? " " : "", address);
        }
        CHECK(sd_bus_message_exit_container(reply) >= 0);
        if (!streq(got, functions))
                (void) fprintf(stderr, "%s\n", got);
        CHECK(streq(got, functions));

        CHECK(sd_bus_message_read(reply, "t", &expires) > 0);
        CHECK(expires > clock_realtime_usec());
}

static void reserve_refused(Fixture *f, const char *error, const char *words, const char *pool,
                            uint32_t count, const char *const *options)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *message = NULL, *name = NULL;

        name = reserve_call(f, pool, count, options, &reply, &message);
        if (!streq_ptr(name, error) || !strstr(message, words))
                (void) fprintf(stderr, "%s: %s\n", name ? name : "no error", message ? message : "");
        CHECK(streq_ptr(name, error));
        CHECK(strstr(message, words));
}

static void release(Fixture *f, const char *cookie, const char *expected_error)
{
        _cleanup_free_ char *error = simple_call(f, VGPU_HIBERNATE_ROOT_PATH, "Release", "s", cookie);

        CHECK(streq_ptr(error, expected_error));
}

/* With this error, or without one. */
static void start_with(Fixture *f, const char *method, const char *domain, const char *cookie,
                       const char *expected_error)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_free_ char *error = NULL, *message = NULL;

        CHECK(sd_bus_message_new_method_call(f->bus, &call, VGPU_HIBERNATE_BUS_NAME,
                                             VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                             method) >= 0);
        CHECK(sd_bus_message_append(call, "sa{sv}", domain, 1, "reservation", "s", cookie) >= 0);
        error = call_message(f, call, &reply, &message);
        if (!streq_ptr(error, expected_error))
                (void) fprintf(stderr, "%s: %s\n", error ? error : "no error", message ? message : "");
        CHECK(streq_ptr(error, expected_error));
}

static void test_refusals(Fixture *f)
{
        char text[1024] = { 0 };
        _cleanup_free_ char *long_option = NULL, *long_like = NULL;

        memset(text, 'x', sizeof(text) - 1);
        long_option = format("label=%s", text);
        long_like = format("like=%s%s", text, text);

        reserve_refused(f, ERROR(INVALID_OPTION), "1 to 64", "", 0, NULL);
        reserve_refused(f, ERROR(INVALID_OPTION), "1 to 64", "", 65, NULL);
        reserve_refused(f, ERROR(INVALID_OPTION), "1 to 64", "", UINT32_MAX, NULL);
        reserve_refused(f, ERROR(INVALID_OPTION), "no pool 'nobody'", "nobody", 1, NULL);
        reserve_refused(f, ERROR(INVALID_OPTION), "128 bytes", text, 1, NULL);
        reserve_refused(f, ERROR(NO_FREE_FUNCTION), "assigned to domain vm1", "1002-74b6", 5, NULL);
        reserve_refused(f, ERROR(NO_FREE_FUNCTION), "amdgpu", "1002-74b6", 5, NULL);
        reserve_refused(f, ERROR(NO_FREE_FUNCTION), "no physical function has 4", "1002-74b6", 4,
                        OPTIONS("group=pf"));

        reserve_refused(f, ERROR(INVALID_OPTION), "1 to 604800", "", 1, OPTIONS("#ttl_seconds=0"));
        reserve_refused(f, ERROR(INVALID_OPTION), "604801", "", 1, OPTIONS("#ttl_seconds=604801"));
        reserve_refused(f, ERROR(INVALID_OPTION), "1 to 604800", "", 1,
                        OPTIONS("#ttl_seconds=18446744073709551615"));
        reserve_refused(f, ERROR(INVALID_OPTION), "D-Bus type 't'", "", 1, OPTIONS("ttl_seconds=5"));
        reserve_refused(f, ERROR(INVALID_OPTION), "'any' and 'pf'", "", 1, OPTIONS("group=card"));
        reserve_refused(f, ERROR(INVALID_OPTION), "D-Bus type 's'", "", 1, OPTIONS("#group=1"));
        reserve_refused(f, ERROR(INVALID_OPTION), "'ttl_seconds', 'like', 'group' and 'label'", "", 1,
                        OPTIONS("colour=red"));
        reserve_refused(f, ERROR(INVALID_OPTION), "twice", "", 1, OPTIONS("group=pf", "group=pf"));
        reserve_refused(f, ERROR(INVALID_OPTION), "128 bytes", "", 1, OPTIONS(long_option));
        reserve_refused(f, ERROR(INVALID_OPTION), "one line", "", 1, OPTIONS("label=a\x1b[2J"));
        reserve_refused(f, ERROR(INVALID_OPTION), "one line", "", 1, OPTIONS("label=a\nb"));
        reserve_refused(f, ERROR(UNKNOWN_DOMAIN), "virsh list", "", 1, OPTIONS("like=nobody"));
        reserve_refused(f, ERROR(UNKNOWN_DOMAIN), "1024", "", 1, OPTIONS(long_like));

        release(f, "", ERROR(UNKNOWN_RESERVATION));
        release(f, text, ERROR(UNKNOWN_RESERVATION));
        release(f, "00000000000000000000000000000000", ERROR(UNKNOWN_RESERVATION));
        start_with(f, "Move", "vm1", "00000000000000000000000000000000", ERROR(UNKNOWN_RESERVATION));
        start_with(f, "Hibernate", "vm1", "00000000000000000000000000000000", ERROR(INVALID_OPTION));
        expect_property(f, VGPU_HIBERNATE_ROOT_PATH, "Reservations", "[]");
}

static void test_shown(Fixture *f)
{
        _cleanup_free_ char *until = NULL, *expected = NULL;
        char cookie[COOKIE_SIZE];

        forget_signals(f);
        reserve(f, "1002-74b6", 2, OPTIONS("group=pf", "label=the night shift"), "0000:02:10.0 0000:02:10.1",
                cookie);
        expect_signal(f, "PropertiesChanged " FUNCTION("0000_02_10_0") " State=held HeldUntil=");
        expect_property(f, FUNCTION("0000_02_10_1"), "State", "held");
        expect_property(f, FUNCTION("0000_02_10_1"), "Domain", "");
        start_refused(f, ERROR(FUNCTION_BUSY), "reserved", "Move", "vm1",
                      (const char *const[]) { "0000:02:10.0", NULL });

        /* All that there is to know, except the cookie. */
        until = get_property(f, FUNCTION("0000_02_10_1"), "HeldUntil");
        expected = format("[[1002-74b6 [0000:02:10.0 0000:02:10.1] %u %s the night shift]]",
                          (unsigned) geteuid(), until);
        expect_property(f, VGPU_HIBERNATE_ROOT_PATH, "Reservations", expected);

        forget_signals(f);
        release(f, cookie, NULL);
        expect_signal(f, "PropertiesChanged " FUNCTION("0000_02_10_0") " State=free HeldUntil=0 ");
        expect_signal(f, "PropertiesChanged " VGPU_HIBERNATE_ROOT_PATH " Reservations=[] ");
        release(f, cookie, ERROR(UNKNOWN_RESERVATION));
}

static void test_like(Fixture *f)
{
        char cookie[COOKIE_SIZE];

        reserve(f, "", 2, OPTIONS("like=vm1"), "0000:01:10.3 0000:02:10.0", cookie);
        release(f, cookie, NULL);
        reserve(f, "", 1, OPTIONS("like=" VM2), "0000:01:10.3", cookie);
        release(f, cookie, NULL);
        reserve_refused(f, ERROR(NO_FREE_FUNCTION), "device is 74bc", "1002-74bc", 1, OPTIONS("like=vm1"));
}

static int on_reserved(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const char *cookie, *address;
        char **got = userdata;

        CHECK(!sd_bus_message_is_method_error(reply, NULL));
        CHECK(sd_bus_message_read(reply, "s", &cookie) > 0);
        CHECK(sd_bus_message_enter_container(reply, 'a', "s") > 0);
        CHECK(sd_bus_message_read(reply, "s", &address) > 0);
        *got = format("%s %s", cookie, address);
        return 0;
}

/* Two that arrive together never get the same function. */
static void test_at_once(Fixture *f)
{
        char *got[2] = { NULL };

        for (size_t i = 0; i < ELEMENTSOF(got); i++)
                CHECK(sd_bus_call_method_async(f->bus, NULL, VGPU_HIBERNATE_BUS_NAME,
                                               VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                               "Reserve", on_reserved, &got[i], "sua{sv}", "", 1, 0) >= 0);
        while (!got[0] || !got[1]) {
                int r = sd_bus_process(f->bus, NULL);

                CHECK(r >= 0);
                if (r == 0)
                        CHECK(sd_bus_wait(f->bus, WAIT_USEC) > 0);
        }

        CHECK(streq(got[0] + COOKIE_SIZE, "0000:01:10.3") && streq(got[1] + COOKIE_SIZE, "0000:02:10.0"));
        for (size_t i = 0; i < ELEMENTSOF(got); i++) {
                got[i][COOKIE_SIZE - 1] = '\0';
                release(f, got[i], NULL);
                free(got[i]);
        }
}

/* It is over by itself, to the bus and for the cookie. */
static void test_expiry(Fixture *f)
{
        char cookie[COOKIE_SIZE], later[COOKIE_SIZE];

        reserve(f, "", 1, OPTIONS("#ttl_seconds=100"), "0000:01:10.3", later);
        reserve(f, "", 1, OPTIONS("#ttl_seconds=1"), "0000:02:10.0", cookie);
        forget_signals(f);
        expect_signal(f, "PropertiesChanged " FUNCTION("0000_02_10_0") " State=free HeldUntil=0 ");
        release(f, cookie, ERROR(UNKNOWN_RESERVATION));
        start_with(f, "Move", "vm1", cookie, ERROR(UNKNOWN_RESERVATION));
        expect_property(f, FUNCTION("0000_01_10_3"), "State", "held");
        release(f, later, NULL);
}

/* One is there after a crash, and its cookie works from another connection; one was over meanwhile. */
static void test_restart(Fixture *f)
{
        char cookie[COOKIE_SIZE], brief[COOKIE_SIZE];
        sd_bus *before = f->bus;
        char **signals = f->signals;

        reserve(f, "", 1, OPTIONS("#ttl_seconds=100"), "0000:01:10.3", cookie);
        reserve(f, "", 1, OPTIONS("#ttl_seconds=1"), "0000:02:10.0", brief);
        CHECK(fixture_stop_daemon(f, SIGKILL) == SIGKILL);
        forget_signals(f);
        sd_bus_slot_unref(f->match);
        sd_bus_flush_close_unref(before);
        free(signals);
        fixture_connect(f);
        clock_sleep_usec(1100 * USEC_PER_MSEC);

        fixture_start(f);
        expect_property(f, FUNCTION("0000_01_10_3"), "State", "held");
        expect_property(f, FUNCTION("0000_02_10_0"), "State", "free");
        release(f, brief, ERROR(UNKNOWN_RESERVATION));
        release(f, cookie, NULL);
        expect_property(f, FUNCTION("0000_01_10_3"), "State", "free");

        CHECK(fixture_stop_daemon(f, SIGKILL) == SIGKILL);
        fixture_start(f);
        expect_property(f, VGPU_HIBERNATE_ROOT_PATH, "Reservations", "[]");
}

/* A move goes where its reservation is, the rest of which is free then; and the cookie is used up. */
static void test_consumption(Fixture *f)
{
        char cookie[COOKIE_SIZE];

        reserve(f, "1002-74b6", 2, OPTIONS("group=pf"), "0000:02:10.0 0000:02:10.1", cookie);
        start_refused(f, ERROR(FUNCTION_BUSY), "reserved", "Move", "vm1",
                      (const char *const[]) { "0000:02:10.1", NULL });
        start_with(f, "Move", "vm1", cookie, NULL);
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/1", "Functions", "[[0000:01:10.0 0000:02:10.0]]");
        expect_property(f, FUNCTION("0000_02_10_0"), "State", "leased");
        expect_property(f, FUNCTION("0000_02_10_0"), "HeldUntil", "0");
        expect_property(f, FUNCTION("0000_02_10_1"), "State", "free");
        release(f, cookie, ERROR(UNKNOWN_RESERVATION));

        /* Also for the daemon that comes after a crash. */
        CHECK(fixture_stop_daemon(f, SIGKILL) == SIGKILL);
        fixture_start(f);
        expect_property(f, VGPU_HIBERNATE_ROOT_PATH, "Reservations", "[]");
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/1", "State", "running");

        /* When it fails nobody has them: no other function is tried. */
        fixture_tell(f, 1, "retry bind BindFailed it does not do");
        expect_signal(f, "JobRemoved 1 " VGPU_HIBERNATE_JOB_PATH "/1 failed");
        expect_property(f, FUNCTION("0000_02_10_0"), "State", "free");
}

/* Too few, of the wrong kind, or not the ones that are named: refused, and still reserved. */
static void test_wrong_reservation(Fixture *f)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        char one[COOKIE_SIZE], other_kind[COOKIE_SIZE];
        _cleanup_free_ char *error = NULL;

        reserve(f, "", 1, NULL, "0000:01:10.3", one);
        reserve(f, "1002-74bc", 1, NULL, "0000:03:10.0", other_kind);
        start_with(f, "Move", "vm2", one, ERROR(NO_FREE_FUNCTION));
        start_with(f, "Move", "vm1", other_kind, ERROR(NO_FREE_FUNCTION));

        CHECK(sd_bus_message_new_method_call(f->bus, &call, VGPU_HIBERNATE_BUS_NAME,
                                             VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                             "Move") >= 0);
        CHECK(sd_bus_message_append(call, "sa{sv}", "vm1", 2, "reservation", "s", one, "functions", "as", 1,
                                    "0000:02:10.0") >= 0);
        error = call_message(f, call, &reply, NULL);
        CHECK(streq_ptr(error, ERROR(INVALID_OPTION)));

        expect_property(f, FUNCTION("0000_01_10_3"), "State", "held");
        release(f, one, NULL);
        release(f, other_kind, NULL);
}

/* A resume goes there too, whatever the policy would choose. */
static void test_resume(Fixture *f)
{
        char cookie[COOKIE_SIZE], keep[COOKIE_SIZE];

        start_ok(f, 2, "Hibernate", "vm1", NULL);
        fixture_tell(f, 2, "strategy suspend-to-ram");
        fixture_tell(f, 2, "record 17");
        fixture_tell(f, 2, "end done");
        expect_signal(f, "JobRemoved 2 ");
        expect_property(f, VM1_PATH, "State", "hibernated");

        reserve(f, "", 1, NULL, "0000:01:10.0", keep);
        reserve(f, "1002-74b6", 2, OPTIONS("group=pf"), "0000:02:10.0 0000:02:10.1", cookie);
        release(f, keep, NULL);
        start_with(f, "Resume", "vm1", cookie, NULL);
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/3", "Functions", "[[0000:01:10.0 0000:02:10.0]]");
        fixture_tell(f, 3, "unrecord");
        fixture_tell(f, 3, "end done");
        expect_signal(f, "JobRemoved 3 ");
        expect_property(f, FUNCTION("0000_02_10_0"), "State", "assigned");
        expect_property(f, VGPU_HIBERNATE_ROOT_PATH, "Reservations", "[]");
}

/* In a child that is another user, with the right cookie. */
static void call_as_nobody(Fixture *f, const char *cookie)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        const gid_t group = NOBODY;
        sd_bus *bus;

        CHECK(setgroups(1, &group) >= 0 && setresgid(NOBODY, NOBODY, NOBODY) >= 0 &&
              setresuid(NOBODY, NOBODY, NOBODY) >= 0);
        CHECK(sd_bus_new(&bus) >= 0 && sd_bus_set_address(bus, f->bus_address) >= 0);
        CHECK(sd_bus_set_bus_client(bus, true) >= 0 && sd_bus_start(bus) >= 0);
        CHECK(sd_bus_call_method(bus, VGPU_HIBERNATE_BUS_NAME, VGPU_HIBERNATE_ROOT_PATH,
                                 VGPU_HIBERNATE_MANAGER_INTERFACE, "Release", &error, NULL, "s",
                                 cookie) < 0);
        CHECK(streq(error.name, ERROR(NOT_AUTHORIZED)) && strstr(error.message, "another user's"));
        _exit(EXIT_SUCCESS);
}

static void test_other_user(Fixture *f)
{
        char cookie[COOKIE_SIZE];
        int status;
        pid_t pid;

        if (geteuid() != 0)
                return; /* only root can be another user */

        reserve(f, "", 1, NULL, "0000:01:10.0", cookie);
        pid = fork();
        CHECK(pid >= 0);
        if (pid == 0)
                call_as_nobody(f, cookie);
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
        expect_property(f, FUNCTION("0000_01_10_0"), "State", "held");
        release(f, cookie, NULL);
}

int main(int argc, char *argv[])
{
        Fixture f;

        fixture_init(&f, argv);
        fixture_start(&f);
        test_refusals(&f);
        test_shown(&f);
        test_like(&f);
        test_at_once(&f);
        test_expiry(&f);
        test_restart(&f);
        test_consumption(&f);
        test_wrong_reservation(&f);
        test_resume(&f);
        test_other_user(&f);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
