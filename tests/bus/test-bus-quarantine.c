/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Functions that are not to be used. */

#include <signal.h>

#include "basic/clock.h"
#include "fixture.h"

#define FREE_ONE VGPU_HIBERNATE_FUNCTION_PATH "/0000_02_10_0"
#define ASSIGNED_ONE VGPU_HIBERNATE_FUNCTION_PATH "/0000_01_10_0"

static void call_ok(Fixture *f, const char *path, const char *method, const char *types,
                    const char *argument)
{
        _cleanup_free_ char *error = simple_call(f, path, method, types, argument);

        if (error)
                (void) fprintf(stderr, "%s\n", error);
        CHECK(!error);
}

static void call_fails(Fixture *f, const char *error, const char *path, const char *method,
                       const char *types, const char *argument)
{
        _cleanup_free_ char *name = simple_call(f, path, method, types, argument);

        CHECK(streq_ptr(name, error));
}

static void test_by_operator(Fixture *f)
{
        _cleanup_free_ char *since = NULL;
        char reason[1026] = { 0 };
        uint64_t before = clock_realtime_usec();

        fixture_start(f);
        forget_signals(f);
        call_ok(f, FREE_ONE, "Quarantine", "s", "it smokes");
        expect_signal(f, "PropertiesChanged " FREE_ONE " State=quarantined Reason=it smokes ");
        since = get_property(f, FREE_ONE, "QuarantinedSince");
        CHECK(strtoull(since, NULL, 10) >= before && strtoull(since, NULL, 10) <= clock_realtime_usec());
        expect_property(f, ASSIGNED_ONE, "QuarantinedSince", "0");
        start_refused(f, VGPU_HIBERNATE_ERROR_FUNCTION_BUSY, "it smokes", "Move", "vm1",
                      (const char *const[]) { "0000:02:10.0", NULL });

        /* Another reason replaces it; one that is none does not. */
        call_ok(f, FREE_ONE, "Quarantine", "s", "it burns");
        expect_signal(f, "PropertiesChanged " FREE_ONE " Reason=it burns ");
        call_fails(f, VGPU_HIBERNATE_ERROR_INVALID_OPTION, FREE_ONE, "Quarantine", "s", "");
        call_fails(f, VGPU_HIBERNATE_ERROR_INVALID_OPTION, FREE_ONE, "Quarantine", "s", "two\nlines");
        memset(reason, 'r', sizeof(reason) - 1);
        call_fails(f, VGPU_HIBERNATE_ERROR_INVALID_OPTION, FREE_ONE, "Quarantine", "s", reason);
        call_fails(f, VGPU_HIBERNATE_ERROR_FUNCTION_BUSY, ASSIGNED_ONE, "Quarantine", "s", "no");
        call_fails(f, VGPU_HIBERNATE_ERROR_NOT_QUARANTINED, ASSIGNED_ONE, "Clear", NULL, NULL);

        CHECK(fixture_stop_daemon(f, SIGKILL) == SIGKILL);
        fixture_start(f);
        expect_property(f, FREE_ONE, "State", "quarantined");
        expect_property(f, FREE_ONE, "Reason", "it burns");
        expect_property(f, FREE_ONE, "QuarantinedSince", since);

        call_ok(f, FREE_ONE, "Clear", NULL, NULL);
        expect_property(f, FREE_ONE, "State", "free");
        expect_property(f, FREE_ONE, "Reason", "");
        expect_property(f, FREE_ONE, "QuarantinedSince", "0");
        call_fails(f, VGPU_HIBERNATE_ERROR_NOT_QUARANTINED, FREE_ONE, "Clear", NULL, NULL);
}

/* A source that failed its probe after a move. */
static void test_by_job(Fixture *f)
{
        const char *const target[] = { "0000:02:10.0", NULL };

        start_ok(f, 1, "Move", "vm1", target);
        expect_property(f, FREE_ONE, "State", "leased");
        call_fails(f, VGPU_HIBERNATE_ERROR_FUNCTION_BUSY, FREE_ONE, "Quarantine", "s", "no");
        fixture_tell(f, 1, "quarantine its config space reads all ones");
        fixture_tell(f, 1, "end done");
        expect_signal(f, "JobRemoved 1 ");
        expect_property(f, ASSIGNED_ONE, "State", "quarantined");
        expect_property(f, ASSIGNED_ONE, "Domain", "");
        expect_property(f, FREE_ONE, "State", "assigned");
        start_refused(f, VGPU_HIBERNATE_ERROR_FUNCTION_BUSY, "all ones", "Move", "vm1",
                      (const char *const[]) { "0000:01:10.0", NULL });
}

typedef struct Reply {
        bool came;
        char *error; /* name and message; NULL: none */
} Reply;

static int on_reply(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        const sd_bus_error *e = sd_bus_message_get_error(message);
        Reply *r = userdata;

        r->came = true;
        if (e)
                r->error = format("%s %s", e->name, e->message);
        return 0;
}

static void probe(Fixture *f, Reply *ret)
{
        *ret = (Reply) { 0 };
        CHECK(sd_bus_call_method_async(f->bus, NULL, VGPU_HIBERNATE_BUS_NAME, FREE_ONE,
                                       VGPU_HIBERNATE_FUNCTION_INTERFACE, "Probe", on_reply, ret,
                                       NULL) >= 0);
}

static void expect_reply(Fixture *f, Reply *r, const char *words)
{
        await(f, &r->came);
        CHECK(words ? r->error && strstr(r->error, words) : !r->error);
        free(r->error);
}

static void test_probe(Fixture *f)
{
        static const char bad[] =
                        "{\"strategy\":\"auto\",\"findings\":[{\"code\":\"GateClosed\",\"scope\":\"function\","
                        "\"blocking\":true,\"message\":\"it is held on to\"}]}\n";
        static const char good[] = "{\"strategy\":\"auto\",\"findings\":[]}\n";
        int fd = fixture_open_pipe(f, "probe");
        Reply first, second;

        call_fails(f, VGPU_HIBERNATE_ERROR_NOT_QUARANTINED, FREE_ONE, "Probe", NULL, NULL);
        call_ok(f, FREE_ONE, "Quarantine", "s", "it smokes");

        /* One at a time, and nobody comes between. */
        probe(f, &first);
        probe(f, &second);
        expect_reply(f, &second, "is being probed");
        call_fails(f, VGPU_HIBERNATE_ERROR_FUNCTION_BUSY, FREE_ONE, "Clear", NULL, NULL);
        call_fails(f, VGPU_HIBERNATE_ERROR_FUNCTION_BUSY, FREE_ONE, "Quarantine", "s", "it burns");

        CHECK(write(fd, bad, strlen(bad)) == (ssize_t) strlen(bad));
        expect_reply(f, &first, VGPU_HIBERNATE_ERROR_GATE_CLOSED " it is held on to");
        expect_property(f, FREE_ONE, "State", "quarantined");
        expect_property(f, FREE_ONE, "Reason", "it smokes");

        for (const char *const *line = (const char *const[]) { "die\n", "exit 1\n", "garbage\n", NULL };
             *line; line++) {
                probe(f, &first);
                CHECK(write(fd, *line, strlen(*line)) == (ssize_t) strlen(*line));
                expect_reply(f, &first, VGPU_HIBERNATE_ERROR_PREFIX);
                expect_property(f, FREE_ONE, "State", "quarantined");
        }

        probe(f, &first);
        CHECK(write(fd, good, strlen(good)) == (ssize_t) strlen(good));
        expect_reply(f, &first, NULL);
        expect_property(f, FREE_ONE, "State", "free");
        closep(&fd);
}

static char *path_of(const PciAddress *a)
{
        return format(VGPU_HIBERNATE_FUNCTION_PATH "/%04x_%02x_%02x_%x", a->domain, a->bus, a->slot,
                      a->function);
}

static void set_card(Fixture *f, uint8_t bus, bool dead)
{
        for (size_t i = 0; i < f->world->n_functions; i++)
                if (f->world->functions[i].physical_function.bus == bus)
                        f->world->functions[i].is_dead = dead;
        fixture_send_world(f);
}

static void clear_card(Fixture *f, uint8_t bus)
{
        for (size_t i = 0; i < f->world->n_functions; i++) {
                _cleanup_free_ char *path = path_of(&f->world->functions[i].address), *error = NULL;

                if (f->world->functions[i].physical_function.bus == bus)
                        error = simple_call(f, path, "Clear", NULL, NULL); /* not all are */
        }
}

/* A card that does not answer takes its functions with it, until each has proven fit. */
static void test_suspects(Fixture *f)
{
        static const char bad[] =
                        "{\"strategy\":\"auto\",\"findings\":[{\"code\":\"Host\",\"scope\":\"function\","
                        "\"blocking\":true,\"message\":\"it does not come through\"}]}\n";
        static const char good[] = "{\"strategy\":\"auto\",\"findings\":[]}\n";
        int fd = fixture_open_pipe(f, "probe");
        unsigned n = 0, n_free = 0, n_bad = 0;

        for (size_t i = 0; i < f->world->n_functions; i++)
                n += f->world->functions[i].physical_function.bus == 2;
        CHECK(n > 1);

        set_card(f, 2, true);
        expect_property(f, FREE_ONE, "State", "quarantined");
        expect_property(f, FREE_ONE, "Reason",
                        "its physical function 0000:02:00.0 does not answer: its config space reads as all ones");

        /* That it answers again is not enough, nor is it forgotten. */
        CHECK(fixture_stop_daemon(f, SIGKILL) == SIGKILL);
        for (size_t i = 0; i < f->world->n_functions; i++)
                f->world->functions[i].is_dead = false;
        fixture_start(f);
        expect_property(f, FREE_ONE, "State", "quarantined");

        for (unsigned i = 0; i < n; i++) {
                const char *line = i == 0 ? bad : good;

                CHECK(write(fd, line, strlen(line)) == (ssize_t) strlen(line));
        }
        expect_signal(f, "State=free");
        while (n_free + n_bad < n) {
                n_free = n_bad = 0;
                for (size_t i = 0; i < f->world->n_functions; i++) {
                        const PciAddress *a = &f->world->functions[i].address;
                        _cleanup_free_ char *path = path_of(a), *state = NULL, *reason = NULL;

                        if (a->bus != 2)
                                continue;
                        state = get_property(f, path, "State");
                        reason = get_property(f, path, "Reason");
                        n_free += streq(state, "free") || streq(state, "assigned");
                        n_bad += streq(reason, "it does not come through");
                }
        }
        CHECK(n_bad == 1);

        clear_card(f, 2); /* that one is a case for people now */

        /* What a guest runs on is not reset, but given to nobody after it. */
        set_card(f, 1, true);
        expect_property(f, ASSIGNED_ONE, "State", "quarantined");
        expect_property(f, ASSIGNED_ONE, "Domain", "vm1");
        clear_card(f, 1);
        expect_property(f, ASSIGNED_ONE, "State", "assigned");
        set_card(f, 1, false);
        closep(&fd);
}

int main(int argc, char *argv[])
{
        Fixture f;

        fixture_init(&f, argv);
        test_by_operator(&f);
        test_probe(&f);
        test_suspects(&f);
        test_by_job(&f);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
