/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Who may: another user asks, with no polkit there, and with one that this process plays. */

#include <grp.h>
#include <signal.h>
#include <sys/wait.h>

#include "fixture.h"

#define NOBODY 65534
#define PLAN_TYPES "asa{sv}"
#define NO_MOVES "{\"schema\":1,\"stamp\":\"s\",\"moves\":[],\"waves\":[]}"
#define HOOK_TYPES "sssasa{sv}"
#define FREE_ONE VGPU_HIBERNATE_FUNCTION_PATH "/0000_02_10_0"

typedef struct Authority {
        bool authorized, challenge;
        char *asked; /* "ACTION KEY=VALUE FLAGS" */
} Authority;

static int on_check_authorization(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *action, *kind, *key, *value, *cancel;
        Authority *a = userdata;
        uint32_t flags;

        CHECK(sd_bus_message_enter_container(m, 'r', "sa{sv}") > 0);
        CHECK(sd_bus_message_read(m, "s", &kind) > 0);
        CHECK(streq(kind, "system-bus-name"));
        CHECK(sd_bus_message_skip(m, "a{sv}") >= 0);
        CHECK(sd_bus_message_exit_container(m) >= 0);
        CHECK(sd_bus_message_read(m, "sa{ss}us", &action, 1, &key, &value, &flags, &cancel) > 0);

        free(a->asked);
        a->asked = format("%s %s=%s %u", action, key, value, (unsigned) flags);
        return sd_bus_reply_method_return(m, "(bba{ss})", a->authorized, a->challenge, 0);
}

static const sd_bus_vtable authority_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD("CheckAuthorization", "(sa{sv})sa{ss}us", "(bba{ss})", on_check_authorization,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_VTABLE_END,
};

/* In a child that is another user; what it prints is the error's name, or "ok". */
static void call_as_nobody(Fixture *f, int out, const char *path, const char *method, const char *types,
                           const char *argument, bool interactive)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        const gid_t group = NOBODY;
        const char *interface = strstr(path, "/function/") ? VGPU_HIBERNATE_FUNCTION_INTERFACE
                                : strstr(path, "/job/")    ? VGPU_HIBERNATE_JOB_INTERFACE
                                                           : VGPU_HIBERNATE_MANAGER_INTERFACE;
        sd_bus *bus;
        const char *answer;

        CHECK(setgroups(1, &group) >= 0 && setresgid(NOBODY, NOBODY, NOBODY) >= 0 &&
              setresuid(NOBODY, NOBODY, NOBODY) >= 0);
        CHECK(sd_bus_new(&bus) >= 0 && sd_bus_set_address(bus, f->bus_address) >= 0);
        CHECK(sd_bus_set_bus_client(bus, true) >= 0 && sd_bus_start(bus) >= 0);
        CHECK(sd_bus_message_new_method_call(bus, &call, VGPU_HIBERNATE_BUS_NAME, path, interface, method) >=
              0);
        CHECK(sd_bus_message_set_allow_interactive_authorization(call, interactive) >= 0);
        if (types && !streq(types, PLAN_TYPES))
                CHECK(sd_bus_message_append_basic(call, types[0], argument) >= 0);
        if (types && streq(types, PLAN_TYPES))
                CHECK(sd_bus_message_append(call, types, 1, argument, 0) >= 0);
        else if (types && streq(types, HOOK_TYPES))
                CHECK(sd_bus_message_append(call, types + 1, VM1, "vm1", 0, 0) >= 0);
        else if (types && types[1] == 'u')
                CHECK(sd_bus_message_append(call, types + 1, 1, 0) >= 0);
        else if (types && types[1])
                CHECK(sd_bus_message_append(call, types + 1, 0) >= 0);

        answer = sd_bus_call(bus, call, WAIT_USEC, &error, NULL) < 0 ? error.name : "ok";
        CHECK(write(out, answer, strlen(answer)) == (ssize_t) strlen(answer));
        _exit(EXIT_SUCCESS);
}

static void expect_as_nobody(Fixture *f, const char *path, const char *method, const char *types,
                             const char *argument, bool interactive, const char *expected)
{
        char answer[256] = { 0 };
        int fds[2], status;
        size_t n = 0;
        pid_t pid;

        CHECK(pipe(fds) >= 0);
        pid = fork();
        CHECK(pid >= 0);
        if (pid == 0)
                call_as_nobody(f, fds[1], path, method, types, argument, interactive);
        (void) close(fds[1]);

        /* This process is the authority meanwhile. */
        while (waitpid(pid, &status, WNOHANG) == 0)
                if (sd_bus_process(f->bus, NULL) == 0)
                        (void) sd_bus_wait(f->bus, 10 * USEC_PER_MSEC);

        for (ssize_t k;
             n < sizeof(answer) - 1 && (k = read(fds[0], answer + n, sizeof(answer) - 1 - n)) > 0;)
                n += (size_t) k;
        (void) close(fds[0]);
        if (!streq(answer, expected))
                (void) fprintf(stderr, "%s: %s, not %s\n", method, answer, expected);
        CHECK(status == 0 && streq(answer, expected));
}

static void test_without_polkit(Fixture *f)
{
        const char *no = VGPU_HIBERNATE_ERROR_NOT_AUTHORIZED;

        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Hibernate", "sa{sv}", "vm1", true, no);
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Resume", "sa{sv}", "vm3", true, no);
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Move", "sa{sv}", "vm1", true, no);
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Reserve", "sua{sv}", "", true, no);
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Hold", "sa{sv}", "vm1", true, no);
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Explain", "sa{sv}", "vm1", true, no);
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Plan", PLAN_TYPES, "fit=1", true, no);
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Apply", "sa{sv}", NO_MOVES, true, no);
        expect_as_nobody(f, FREE_ONE, "Quarantine", "s", "it smokes", true, no);
        expect_as_nobody(f, FREE_ONE, "Clear", NULL, NULL, true, no);
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "AnswerHook", HOOK_TYPES, "release", true, no);
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "PrepareForShutdown", NULL, NULL, true, no);
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "GetDomain", "s", "vm1", true, "ok");
}

static void test_with_polkit(Fixture *f)
{
        const char *no = VGPU_HIBERNATE_ERROR_NOT_AUTHORIZED;
        Authority a = { 0 };
        sd_bus_slot *slot;

        CHECK(sd_bus_add_object_vtable(f->bus, &slot, "/org/freedesktop/PolicyKit1/Authority",
                                       "org.freedesktop.PolicyKit1.Authority", authority_vtable, &a) >= 0);
        CHECK(sd_bus_request_name(f->bus, "org.freedesktop.PolicyKit1", 0) >= 0);

        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Hibernate", "sa{sv}", VM1, true, no);
        CHECK(streq(a.asked, "org.vgpu.hibernate1.hibernate domain=vm1 1"));
        a.challenge = true;
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Resume", "sa{sv}", "vm3", false, no);
        CHECK(streq(a.asked, "org.vgpu.hibernate1.resume domain=vm3 0"));
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Move", "sa{sv}", "vm1", false, no);
        CHECK(streq(a.asked, "org.vgpu.hibernate1.move domain=vm1 0"));
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Discard", "sa{sv}", "vm1", false, no);
        CHECK(streq(a.asked, "org.vgpu.hibernate1.discard domain=vm1 0"));

        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Explain", "sa{sv}", "vm1", false, no);
        CHECK(streq(a.asked, "org.vgpu.hibernate1.explain domain=vm1 0"));
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Plan", PLAN_TYPES, "fit=1", false, no);
        CHECK(streq(a.asked, "org.vgpu.hibernate1.plan goals=fit=1 0"));
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Apply", "sa{sv}", NO_MOVES, false, no);
        CHECK(streq(a.asked, "org.vgpu.hibernate1.apply moves=0 0"));

        /* Nobody is bothered about what is not there. */
        free(a.asked);
        a.asked = NULL;
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Hibernate", "sa{sv}", "nobody", true,
                         VGPU_HIBERNATE_ERROR_UNKNOWN_DOMAIN);
        CHECK(!a.asked);

        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Plan", PLAN_TYPES, "fit=0", true,
                         VGPU_HIBERNATE_ERROR_INVALID_OPTION);
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Apply", "sa{sv}", "nonsense", true,
                         VGPU_HIBERNATE_ERROR_INVALID_OPTION);
        CHECK(!a.asked);

        /* Root's alone, so there is nothing to ask. */
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "PrepareForShutdown", NULL, NULL, true, no);
        CHECK(!a.asked);

        /* A yes is no more than that: the request is judged as anyone's. */
        a.authorized = true;
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Resume", "sa{sv}", "vm1", true,
                         VGPU_HIBERNATE_ERROR_NOT_HIBERNATED);
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Reserve", "sua{sv}", "1002-74b6", true, "ok");
        CHECK(streq(a.asked, "org.vgpu.hibernate1.reserve pool=1002-74b6 1"));
        expect_property(f, FREE_ONE, "State", "free"); /* it was another one */
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Hold", "sa{sv}", "vm1", true,
                         VGPU_HIBERNATE_ERROR_NOT_HIBERNATED);
        CHECK(streq(a.asked, "org.vgpu.hibernate1.hold domain=vm1 1"));
        expect_as_nobody(f, FREE_ONE, "Quarantine", "s", "it smokes", true, "ok");
        CHECK(streq(a.asked, "org.vgpu.hibernate1.quarantine function=0000:02:10.0 1"));
        expect_property(f, FREE_ONE, "Reason", "it smokes");
        expect_as_nobody(f, FREE_ONE, "Clear", NULL, NULL, true, "ok");
        CHECK(streq(a.asked, "org.vgpu.hibernate1.clear function=0000:02:10.0 1"));
        expect_as_nobody(f, VGPU_HIBERNATE_ROOT_PATH, "Hibernate", "sa{sv}", "vm1", true, "ok");
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/1", "Cancelable", "true");
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/1", "State", "running");
        expect_as_nobody(f, VGPU_HIBERNATE_JOB_PATH "/1", "Cancel", NULL, NULL, true, "ok");
        CHECK(streq(a.asked, "org.vgpu.hibernate1.cancel domain=vm1 1"));
        expect_signal(f, "JobRemoved 1 " VGPU_HIBERNATE_JOB_PATH "/1 canceled");

        free(a.asked);
        sd_bus_slot_unref(slot);
}

int main(int argc, char *argv[])
{
        Fixture f;

        if (geteuid() != 0) {
                (void) fprintf(stderr, "Only root can be another user: skipped\n");
                return SKIP;
        }

        fixture_init(&f, argv);
        fixture_start(&f);
        test_without_polkit(&f);
        test_with_polkit(&f);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
