/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Plan: what the real planner makes of the daemon's inventory, and workers that do not do what they should. */

#include "fixture.h"
#include "store/json-util.h"

static int plan_fd = -EBADF;

static void tell(const char *line)
{
        _cleanup_free_ char *whole = format("%s\n", line);

        CHECK(write(plan_fd, whole, strlen(whole)) == (ssize_t) strlen(whole));
}

/* With one option, or none. */
static sd_bus_message *new_call(Fixture *f, const char *goal, const char *key, const char *type,
                                uint64_t number, const char *text)
{
        sd_bus_message *call;

        CHECK(sd_bus_message_new_method_call(f->bus, &call, VGPU_HIBERNATE_BUS_NAME,
                                             VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                             "Plan") >= 0);
        CHECK(sd_bus_message_append(call, "as", goal ? 1 : 0, goal) >= 0);
        CHECK(sd_bus_message_open_container(call, 'a', "{sv}") >= 0);
        if (key && *type == 't')
                CHECK(sd_bus_message_append(call, "{sv}", key, "t", number) >= 0);
        else if (key)
                CHECK(sd_bus_message_append(call, "{sv}", key, "s", text) >= 0);
        CHECK(sd_bus_message_close_container(call) >= 0);
        return call;
}

static void expect_plan(Fixture *f, const char *goal, const char *words)
{
        _cleanup_(sd_bus_message_unrefp)
                        sd_bus_message *call = new_call(f, goal, "guest_fixups", "s", 0, "yes"),
                                       *reply = NULL;
        _cleanup_free_ char *error = NULL, *message = NULL;
        const char *text;

        tell("make-plan");
        error = call_message(f, call, &reply, &message);
        if (error)
                (void) fprintf(stderr, "%s: %s\n", error, message);
        CHECK(!error);
        CHECK(sd_bus_message_read_basic(reply, 's', &text) > 0);
        if (!strstr(text, words))
                (void) fprintf(stderr, "%s\nis not in %s\n", words, text);
        CHECK(strstr(text, words));
        CHECK(strstr(text, "\"stamp\":\"") && strstr(text, "\"guest_fixups\":\"yes\""));
}

static void expect_refusal(Fixture *f, sd_bus_message *call, const char *name, const char *words)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *owned = call, *reply = NULL;
        _cleanup_free_ char *error = NULL, *message = NULL;

        error = call_message(f, owned, &reply, &message);
        CHECK(error && message);
        if (!streq(error, name) || !strstr(message, words))
                (void) fprintf(stderr, "%s: %s\nexpected: %s: %s\n", error, message, name, words);
        CHECK(streq(error, name) && strstr(message, words));
}

/* Each card has four; vm1 and vm2 have three of the first one, where vm3 left one, and a driver of the host has one of
 * the second. */
static void test_plans(Fixture *f)
{
        expect_plan(f, "evacuate=0000:01:00.0",
                    "{\"domain\":\"vm1\",\"uuid\":\"" VM1 "\",\"cost_seconds\":");
        expect_plan(f, "free-pf=1", "\"goals\":[\"free-pf=1\"],\"parallel\":1,");
        expect_plan(f, "fit=4",
                    "\"feasible\":true"); /* 01:10.3, 02:10.0 to .2: not what the host's driver has */
        expect_plan(f, "fit=5", "\"feasible\":false");
        expect_plan(f, "fit=100", "\"feasible\":false");
        expect_plan(f, "fit=1", "\"moves\":[],\"waves\":[],\"rooms\":[{\"goal\":0,\"functions\":[\"0000:");
}

static void test_refusals(Fixture *f)
{
        expect_refusal(f, new_call(f, NULL, NULL, NULL, 0, NULL), VGPU_HIBERNATE_ERROR_INVALID_OPTION,
                       "there are 0 goals");
        expect_refusal(f, new_call(f, "fit=0", NULL, NULL, 0, NULL), VGPU_HIBERNATE_ERROR_INVALID_OPTION,
                       "goal 'fit=0'");
        expect_refusal(f, new_call(f, "fit=1", "parallel", "t", 0, NULL),
                       VGPU_HIBERNATE_ERROR_INVALID_OPTION, "1 to 1000");
        expect_refusal(f, new_call(f, "fit=1", "time_limit_seconds", "t", 3601, NULL),
                       VGPU_HIBERNATE_ERROR_INVALID_OPTION, "1 to 3600");
        expect_refusal(f, new_call(f, "fit=1", "guest_fixups", "s", 0, "perhaps"),
                       VGPU_HIBERNATE_ERROR_INVALID_OPTION, "cannot be 'perhaps'");
        expect_refusal(f, new_call(f, "fit=1", "speed", "t", 1, NULL), VGPU_HIBERNATE_ERROR_INVALID_OPTION,
                       "there is no option 'speed' for plan");

        /* Only the worker finds this. */
        tell("make-plan");
        expect_refusal(f, new_call(f, "evacuate=0000:77:00.0", NULL, NULL, 0, NULL),
                       VGPU_HIBERNATE_ERROR_INVALID_OPTION, "0000:77:00.0");
}

static void test_workers(Fixture *f)
{
        const struct {
                const char *line, *error, *words;
        } tests[] = {
                { "die", VGPU_HIBERNATE_ERROR_WORKER_DIED, "killed by signal 9" },
                { "exit 1", VGPU_HIBERNATE_ERROR_WORKER_DIED, "exited with status 1" },
                { "flood", VGPU_HIBERNATE_ERROR_HOST, "says more than" },
                { "no JSON", VGPU_HIBERNATE_ERROR_HOST, "not understood" },
                { "{\"failure\":{\"code\":\"Nonsense\",\"message\":\"m\"}}", VGPU_HIBERNATE_ERROR_HOST,
                  "not understood" },
                { "{\"failure\":{\"code\":\"NoSpace\",\"message\":\"said so\"}}",
                  VGPU_HIBERNATE_ERROR_NO_SPACE, "said so" },
        };

        for (size_t i = 0; i < ELEMENTSOF(tests); i++) {
                tell(tests[i].line);
                expect_refusal(f, new_call(f, "fit=1", NULL, NULL, 0, NULL), tests[i].error, tests[i].words);
        }
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        unsigned *n = userdata;

        CHECK(!sd_bus_message_is_method_error(reply, NULL));
        (*n)++;
        return 0;
}

/* Two at once; a third is told so, and finds a place when one has got his plan. */
static void test_limit(Fixture *f)
{
        unsigned n = 0;

        for (unsigned i = 0; i < 2; i++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *call =
                                new_call(f, "fit=1", NULL, NULL, 0, NULL);

                CHECK(sd_bus_call_async(f->bus, NULL, call, on_reply, &n, 0) >= 0);
        }

        expect_refusal(f, new_call(f, "fit=1", NULL, NULL, 0, NULL), VGPU_HIBERNATE_ERROR_HOST,
                       "2 plans are being made");
        tell("make-plan");
        tell("make-plan");
        while (n < 2) {
                int r = sd_bus_process(f->bus, NULL);

                CHECK(r >= 0);
                if (r == 0)
                        CHECK(sd_bus_wait(f->bus, WAIT_USEC) > 0);
        }
}

static void test_blind(Fixture *f)
{
        f->world->libvirt_ok = false;
        fixture_send_world(f);
        expect_refusal(f, new_call(f, "fit=1", NULL, NULL, 0, NULL), VGPU_HIBERNATE_ERROR_LIBVIRT,
                       "libvirt");
}

int main(int argc, char *argv[])
{
        Fixture f;

        fixture_init(&f, argv);
        plan_fd = fixture_open_pipe(&f, "plan");
        fixture_start(&f);
        test_plans(&f);
        test_refusals(&f);
        test_workers(&f);
        test_limit(&f);
        test_blind(&f);
        (void) close(plan_fd);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
