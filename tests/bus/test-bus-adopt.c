/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Adopt and Disown: what is refused, what the worker is asked, what the caller hears, and who waits meanwhile. */

#include <inttypes.h>

#include "fixture.h"

#define ERROR(name) VGPU_HIBERNATE_ERROR_##name
#define CHANGE "{\"diff\":\"\",\"autostart_before\":true,\"autostart_after\":false}"
#define NOTHING "{\"diff\":\"\",\"autostart_before\":true,\"autostart_after\":true}"

typedef struct Call {
        const char *method, *domain;
        bool dry_run;
        int order;               /* negative: not given */
        const char *on_shutdown; /* NULL: not given */
} Call;

static sd_bus_message *new_call(Fixture *f, const Call *c)
{
        sd_bus_message *m;

        CHECK(sd_bus_message_new_method_call(f->bus, &m, VGPU_HIBERNATE_BUS_NAME, VGPU_HIBERNATE_ROOT_PATH,
                                             VGPU_HIBERNATE_MANAGER_INTERFACE, c->method) >= 0);
        CHECK(sd_bus_message_append(m, "s", c->domain) >= 0);
        CHECK(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
        if (c->dry_run)
                CHECK(sd_bus_message_append(m, "{sv}", "dry_run", "b", 1) >= 0);
        if (c->order >= 0)
                CHECK(sd_bus_message_append(m, "{sv}", "order", "t", (uint64_t) c->order) >= 0);
        if (c->on_shutdown)
                CHECK(sd_bus_message_append(m, "{sv}", "on_shutdown", "s", c->on_shutdown) >= 0);
        CHECK(sd_bus_message_close_container(m) >= 0);
        return m;
}

static void tell(int fd, const char *line)
{
        _cleanup_free_ char *whole = format("%s\n", line);

        CHECK(write(fd, whole, strlen(whole)) == (ssize_t) strlen(whole));
}

static void refused(Fixture *f, const char *expected, const char *words, const Call *c)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = new_call(f, c), *reply = NULL;
        _cleanup_free_ char *message = NULL, *error = call_message(f, m, &reply, &message);

        if (!streq_ptr(error, expected) || !strstr(message, words))
                (void) fprintf(stderr, "%s of '%s': %s: %s\n", c->method, c->domain,
                               error ? error : "no error", message ? message : "");
        CHECK(streq_ptr(error, expected) && strstr(message, words));
}

static void expect_change(sd_bus_message *reply, const char *diff, bool changed, bool before, bool after)
{
        const char *text;
        int is;

        CHECK(sd_bus_message_enter_container(reply, 'a', "{sv}") > 0);
        for (const char *key; sd_bus_message_enter_container(reply, 'e', "sv") > 0;) {
                CHECK(sd_bus_message_read(reply, "s", &key) > 0);
                if (streq(key, "diff")) {
                        CHECK(sd_bus_message_read(reply, "v", "s", &text) > 0 && streq(text, diff));
                } else {
                        CHECK(sd_bus_message_read(reply, "v", "b", &is) > 0);
                        CHECK(is == (streq(key, "changed")            ? changed
                                     : streq(key, "autostart_before") ? before
                                                                      : after));
                }
                CHECK(sd_bus_message_exit_container(reply) >= 0);
        }
}

static void test_refusals(Fixture *f)
{
        refused(f, ERROR(UNKNOWN_DOMAIN), "virsh list", &(Call) { "Adopt", "nobody", .order = -1 });
        refused(f, ERROR(INVALID_OPTION), "'hibernate' and 'nothing'",
                &(Call) { "Adopt", "vm1", .order = -1, .on_shutdown = "pray" });
        refused(f, ERROR(INVALID_OPTION), "65535", &(Call) { "Adopt", "vm1", .order = 65536 });
        refused(f, ERROR(INVALID_OPTION), "allowed: 'dry_run'", &(Call) { "Disown", "vm1", .order = 1 });

        fixture_set_domain(f, "plain", DOMAIN_RUNNING, (const char *const[]) { NULL });
        fixture_set_domain(f, "transient", DOMAIN_RUNNING, (const char *const[]) { "0000:02:10.0", NULL });
        fixture_domain(f, "transient")->persistent = false;
        fixture_send_world(f);
        refused(f, ERROR(NO_FUNCTION), "no function of the pool", &(Call) { "Adopt", "plain", .order = -1 });
        refused(f, ERROR(NOT_PERSISTENT), "virsh define", &(Call) { "Adopt", "transient", .order = -1 });

        start_ok(f, 1, "Hibernate", "vm1", NULL);
        refused(f, ERROR(DOMAIN_BUSY), "in job 1", &(Call) { "Disown", "vm1", .order = -1 });
        fixture_tell(f, 1, "strategy suspend-to-ram");
        fixture_tell(f, 1, "record 17");
        fixture_tell(f, 1, "end done");
        expect_signal(f, "JobRemoved 1 ");
        fixture_set_domain(f, "vm1", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        refused(f, ERROR(HIBERNATED), "resume it first", &(Call) { "Adopt", "vm1", .order = -1 });
}

static void test_answers(Fixture *f, int fd)
{
        static const struct {
                Call call;
                const char *line, *diff;
                bool changed, before, after;
        } table[] = {
                { { "Adopt", "vm2", .order = -1 }, "echo", "adopt " VM2 " - -", true, true, false },
                { { "Adopt", VM2, true, 0, "nothing" },
                  "echo",
                  "dry adopt " VM2 " 0 nothing",
                  true,
                  true,
                  false },
                { { "Adopt", "vm3", .order = 65535 }, "echo", "adopt " VM3 " 65535 -", true, true, false },
                { { "Disown", "vm2", .order = -1 }, "echo", "disown " VM2, true, true, false },
                { { "Disown", "vm2", true, -1, NULL }, "echo", "dry disown " VM2, true, true, false },
                { { "Adopt", "vm2", .order = -1 }, CHANGE, "", true, true, false },
                { { "Adopt", "vm2", .order = -1 }, NOTHING, "", false, true, true },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = new_call(f, &table[i].call),
                                                                *reply = NULL;
                _cleanup_free_ char *message = NULL, *error = NULL;

                tell(fd, table[i].line);
                error = call_message(f, m, &reply, &message);
                CHECK(!error);
                expect_change(reply, table[i].diff, table[i].changed, table[i].before, table[i].after);
        }

        tell(fd, "{\"error\":\"NoFunction\",\"message\":\"it has none\"}");
        refused(f, ERROR(NO_FUNCTION), "it has none", &(Call) { "Adopt", "vm2", .order = -1 });
        tell(fd, "{\"diff\":7}");
        refused(f, ERROR(INVALID_OPTION), "'diff'", &(Call) { "Adopt", "vm2", .order = -1 });
        tell(fd, "mumble");
        refused(f, ERROR(HOST), "not understood", &(Call) { "Adopt", "vm2", .order = -1 });
        tell(fd, "die");
        refused(f, ERROR(WORKER_DIED), "killed", &(Call) { "Adopt", "vm2", .order = -1 });
}

static int on_reply(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        CHECK(!sd_bus_message_is_method_error(reply, NULL));
        *(bool *) userdata = true;
        return 0;
}

/* While the definition changes nobody else may change it; one who only asks is in nobody's way. */
static void test_meanwhile(Fixture *f, int fd)
{
        const Call adopt = { "Adopt", "vm2", .order = -1 }, ask = { "Adopt", "vm2", true, -1, NULL };

        for (unsigned dry = 0; dry < 2; dry++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = new_call(f, dry ? &ask : &adopt);
                bool answered = false;

                CHECK(sd_bus_call_async(f->bus, NULL, m, on_reply, &answered, 0) >= 0);
                if (dry)
                        start_ok(f, 2, "Hibernate", "vm2", NULL);
                else {
                        start_refused(f, ERROR(DOMAIN_BUSY), "just being changed", "Hibernate", "vm2", NULL);
                        refused(f, ERROR(DOMAIN_BUSY), "just being changed", &ask);
                }
                tell(fd, NOTHING);
                await(f, &answered);
        }

        fixture_tell(f, 2, "fail NoAgent it does not answer");
        expect_signal(f, "JobRemoved 2 ");
}

static void test_properties(Fixture *f)
{
        WorldDomain *d = fixture_domain(f, "vm2");

        expect_property(f, VM2_PATH, "Adopted", "false");
        expect_property(f, VM2_PATH, "OnShutdown", "nothing");
        d->adoption = (Adoption) { .adopted = true, .autostart = true, .order = 7 };
        fixture_send_world(f);
        expect_signal(f, "PropertiesChanged " VM2_PATH
                         " Adopted=true Autostart=true Order=7 OnShutdown=hibernate");

        d->adoption.has_on_shutdown = true;
        fixture_send_world(f);
        expect_property(f, VM2_PATH, "OnShutdown", "nothing");
        d->adoption = (Adoption) { 0 };
        fixture_send_world(f);
        expect_property(f, VM2_PATH, "Adopted", "false");
}

int main(int argc, char *argv[])
{
        Fixture f;
        int fd;

        fixture_init(&f, argv);
        fixture_start(&f);
        fd = fixture_open_pipe(&f, "adopt");
        test_refusals(&f);
        test_answers(&f, fd);
        test_meanwhile(&f, fd);
        test_properties(&f);
        CHECK(close(fd) == 0);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
