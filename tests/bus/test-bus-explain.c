/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Explain: from memory, from a worker, and from workers that do not do what they should. */

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "fixture.h"

#define WORKERS_MAX 8U

static int explain_fd = -EBADF;

static void tell(const char *line)
{
        _cleanup_free_ char *whole = format("%s\n", line);

        CHECK(write(explain_fd, whole, strlen(whole)) == (ssize_t) strlen(whole));
}

static sd_bus_message *new_call(sd_bus *bus, const char *domain, const char *kind, const char *strategy,
                                const char *function)
{
        sd_bus_message *call;

        CHECK(sd_bus_message_new_method_call(bus, &call, VGPU_HIBERNATE_BUS_NAME, VGPU_HIBERNATE_ROOT_PATH,
                                             VGPU_HIBERNATE_MANAGER_INTERFACE, "Explain") >= 0);
        CHECK(sd_bus_message_append(call, "s", domain) >= 0);
        CHECK(sd_bus_message_open_container(call, 'a', "{sv}") >= 0);
        /* Before the kind: its order must not matter. */
        if (function)
                CHECK(sd_bus_message_append(call, "{sv}", "functions", "as", 1, function) >= 0);
        if (strategy)
                CHECK(sd_bus_message_append(call, "{sv}", "strategy", "s", strategy) >= 0);
        if (kind)
                CHECK(sd_bus_message_append(call, "{sv}", "kind", "s", kind) >= 0);
        CHECK(sd_bus_message_close_container(call) >= 0);
        return call;
}

/* "possible=true\nfinding NoAgent guest true message|remedy\n0000:01:10.1 false reason\nsave_seconds=2.00\n" */
static char *as_text(sd_bus_message *reply)
{
        const char *key, *type, *code, *finer, *scope, *message, *remedy, *word;
        char *text = NULL;
        size_t size;
        FILE *out = open_memstream(&text, &size);
        uint64_t bytes;
        uint32_t number;
        double seconds;
        int flag;

        CHECK(out);
        CHECK(sd_bus_message_enter_container(reply, 'a', "{sv}") > 0);
        while (sd_bus_message_enter_container(reply, 'e', "sv") > 0) {
                CHECK(sd_bus_message_read(reply, "s", &key) > 0);
                CHECK(sd_bus_message_peek_type(reply, NULL, &type) > 0);
                CHECK(sd_bus_message_enter_container(reply, 'v', type) > 0);
                if (streq(key, "findings")) {
                        CHECK(sd_bus_message_enter_container(reply, 'a', "(sssbss)") > 0);
                        while (sd_bus_message_read(reply, "(sssbss)", &code, &finer, &scope, &flag, &message,
                                                   &remedy) > 0) {
                                CHECK(*code == '\0' || *finer != '\0');
                                (void) fprintf(out, "finding %s %s %s %s|%s\n",
                                               *code ? code + strlen(VGPU_HIBERNATE_ERROR_PREFIX) : "-",
                                               scope, flag ? "true" : "false", message, remedy);
                        }
                        CHECK(sd_bus_message_exit_container(reply) >= 0);
                } else if (streq(key, "functions")) {
                        CHECK(sd_bus_message_enter_container(reply, 'a', "(ss)") > 0);
                        while (sd_bus_message_read(reply, "(ss)", &word, &message) > 0)
                                (void) fprintf(out, "function %s to %s\n", word, message);
                        CHECK(sd_bus_message_exit_container(reply) >= 0);
                } else if (streq(key, "strategies")) {
                        int possible;

                        CHECK(sd_bus_message_enter_container(reply, 'a', "(sbbs)") > 0);
                        while (sd_bus_message_read(reply, "(sbbs)", &word, &flag, &possible, &message) > 0)
                                (void) fprintf(out, "option %s %s %s %s\n", word, flag ? "true" : "false",
                                               possible ? "true" : "false", message);
                        CHECK(sd_bus_message_exit_container(reply) >= 0);
                } else if (streq(key, "candidates")) {
                        CHECK(sd_bus_message_enter_container(reply, 'a', "(sbs)") > 0);
                        while (sd_bus_message_read(reply, "(sbs)", &word, &flag, &message) > 0)
                                (void) fprintf(out, "%s %s %s\n", word, flag ? "true" : "false", message);
                        CHECK(sd_bus_message_exit_container(reply) >= 0);
                } else if (streq(type, "b")) {
                        CHECK(sd_bus_message_read(reply, "b", &flag) > 0);
                        (void) fprintf(out, "%s=%s\n", key, flag ? "true" : "false");
                } else if (streq(type, "t")) {
                        CHECK(sd_bus_message_read(reply, "t", &bytes) > 0);
                        (void) fprintf(out, "%s=%" PRIu64 "\n", key, bytes);
                } else if (streq(type, "u")) {
                        CHECK(sd_bus_message_read(reply, "u", &number) > 0);
                        (void) fprintf(out, "%s=%" PRIu32 "\n", key, number);
                } else if (streq(type, "d")) {
                        CHECK(sd_bus_message_read(reply, "d", &seconds) > 0);
                        (void) fprintf(out, "%s=%.2f\n", key, seconds);
                } else {
                        CHECK(sd_bus_message_read(reply, "s", &word) > 0);
                        (void) fprintf(out, "%s=%s\n", key, word);
                }
                CHECK(sd_bus_message_exit_container(reply) >= 0);
                CHECK(sd_bus_message_exit_container(reply) >= 0);
        }

        CHECK(fclose(out) == 0);
        return text;
}

static char *explain(Fixture *f, const char *domain, const char *kind, const char *function)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call =
                        new_call(f->bus, domain, kind, NULL, function);
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *error = NULL, *message = NULL;

        error = call_message(f, call, &reply, &message);
        if (error)
                (void) fprintf(stderr, "%s: %s\n", error, message);
        CHECK(!error);
        return as_text(reply);
}

static void expect(const char *text, const char *words)
{
        if (!strstr(text, words))
                (void) fprintf(stderr, "'%s' is not in:\n%s", words, text);
        CHECK(strstr(text, words));
}

static void expect_error(Fixture *f, const char *name, const char *words, const char *domain,
                         const char *kind, const char *strategy, const char *function)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call =
                        new_call(f->bus, domain, kind, strategy, function);
        _cleanup_free_ char *error = NULL, *message = NULL;

        error = call_message(f, call, &reply, &message);
        if (!streq_ptr(error, name) || !strstr(message, words))
                (void) fprintf(stderr, "%s: %s\n", error ? error : "no error", message ? message : "");
        CHECK(streq_ptr(error, name) && strstr(message, words));
}

/* No worker is there to answer: so none is asked. */
static void test_memory(Fixture *f)
{
        _cleanup_free_ char *busy = NULL, *resume = NULL, *named = NULL;

        /* All at once: another kind of job, a domain without functions, transient. */
        fixture_set_domain(f, "plain", DOMAIN_SHUTOFF, (const char *const[]) { NULL });
        fixture_domain(f, "plain")->persistent = false;
        forget_signals(f);
        fixture_send_world(f);
        expect_signal(f, "InterfacesAdded " VGPU_HIBERNATE_DOMAIN_PATH);
        resume = explain(f, "plain", "resume", NULL);
        expect(resume, "possible=false\n");
        expect(resume, "finding NotHibernated guest true domain 'plain' is shut-off and has no record of a "
                       "hibernation|see 'vgpu-hibernatectl jobs' for what became of it\n");
        expect(resume, "finding NotPersistent guest true");
        CHECK(!strstr(resume, "strategy=") && !strstr(resume, "bytes_") && !strstr(resume, "seconds"));

        start_ok(f, 1, "Move", "vm1", (const char *const[]) { "0000:02:10.1", NULL });
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/1", "State", "running");
        busy = explain(f, "vm1", NULL, NULL);
        expect(busy, "possible=false\n");
        expect(busy, "finding DomainBusy policy true domain 'vm1' is moving in job 1|wait for its end or "
                     "cancel it\n");
        expect(busy, "0000:01:10.0 false function 0000:01:10.0 is assigned to domain vm1\n");
        expect(busy, "0000:02:10.1 false function 0000:02:10.1 is leased");
        expect(busy, "0000:02:10.2 true \n");
        expect(busy, "0000:02:10.3 false function 0000:02:10.3 is bound to driver 'amdgpu' on the host\n");
        expect(busy, "0000:03:10.0 false ");

        named = explain(f, VM1, "move", "0000:01:10.1");
        expect(named, "finding DomainBusy ");
        expect(named, "finding FunctionBusy function true function 0000:01:10.1 is assigned to domain "
                      "vm2|choose a free one\n");
        fixture_tell(f, 1, "fail NoAgent it does not answer");
        expect_signal(f, "JobRemoved 1 ");

        expect_error(f, VGPU_HIBERNATE_ERROR_UNKNOWN_DOMAIN, "virsh list", "nobody", NULL, NULL, NULL);
        expect_error(f, VGPU_HIBERNATE_ERROR_INVALID_OPTION, "'kind' cannot be 'jump'", "vm1", "jump", NULL,
                     NULL);
        expect_error(f, VGPU_HIBERNATE_ERROR_INVALID_OPTION, "no option 'functions' for hibernate", "vm1",
                     "hibernate", NULL, "0000:02:10.1");
        expect_error(f, VGPU_HIBERNATE_ERROR_INVALID_OPTION, "no option 'strategy' for resume", "vm1",
                     "resume", "auto", NULL);
        expect_error(f, VGPU_HIBERNATE_ERROR_UNKNOWN_FUNCTION, "0000:09:10.1", "vm1", NULL, NULL,
                     "0000:09:10.1");
        expect_error(f, VGPU_HIBERNATE_ERROR_INVALID_OPTION, "needs 2", "vm2", NULL, NULL, "0000:02:10.1");
}

/* The options are those of the job. */
static void test_reservation(Fixture *f)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        _cleanup_free_ char *error = NULL;

        CHECK(sd_bus_message_new_method_call(f->bus, &call, VGPU_HIBERNATE_BUS_NAME,
                                             VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                             "Explain") >= 0);
        CHECK(sd_bus_message_append(call, "sa{sv}", "vm1", 1, "reservation", "s",
                                    "00112233445566778899aabbccddeeff") >= 0);
        error = call_message(f, call, &reply, NULL);
        CHECK(streq_ptr(error, VGPU_HIBERNATE_ERROR_UNKNOWN_RESERVATION));
}

static void test_worker(Fixture *f)
{
        _cleanup_free_ char *move = NULL, *bound = NULL, *hibernate = NULL, *blind = NULL, *off = NULL;

        tell("echo");
        move = explain(f, "vm1", NULL, NULL);
        expect(move, "possible=true\n");
        expect(move, "strategy=suspend-to-ram\n");
        expect(move, "function 0000:01:10.0 to 0000:02:10.0\n");
        CHECK(!strstr(move, "option "));
        expect(move, "finding - policy false " VM1 " move auto|\n");
        expect(move, "bytes_needed=1000\nbytes_available=5000\n");
        expect(move, "0000:02:10.1 true \n");
        CHECK(!strstr(move, "seconds")); /* nothing was measured yet */

        /* A guest that does not follow to another card is not told of one. */
        tell("{\"strategy\":\"suspend-to-ram\",\"fixups\":\"no\",\"findings\":[{\"scope\":\"guest\","
             "\"blocking\":false,\"message\":\"it does not\"}]}");
        bound = explain(f, "vm1", NULL, NULL);
        expect(bound, "finding - guest false it does not|\n");
        expect(bound, "0000:02:10.1 false function 0000:02:10.1 cannot stand in for 0000:01:10.0");

        tell("{\"strategy\":\"suspend-to-disk\",\"bytes_needed\":0,\"bytes_available\":1,\"findings\":["
             "{\"code\":\"NoAgent\",\"scope\":\"guest\",\"blocking\":true,\"message\":\"m\",\"remedy\":\"r\"},"
             "{\"code\":\"NoSpace\",\"scope\":\"image\",\"blocking\":true,\"message\":\"m2\"}],"
             "\"strategies\":[{\"strategy\":\"suspend-to-ram\",\"chosen\":false,\"possible\":false,"
             "\"reason\":\"no\"},{\"strategy\":\"suspend-to-disk\",\"chosen\":true,\"possible\":true}]}");
        hibernate = explain(f, "vm1", "hibernate", NULL);
        expect(hibernate, "possible=false\n");
        expect(hibernate, "strategy=suspend-to-disk\n");
        expect(hibernate, "option suspend-to-ram false false no\noption suspend-to-disk true true \n");
        expect(hibernate, "finding NoAgent guest true m|r\nfinding NoSpace image true m2|\n");
        expect(hibernate, "function 0000:01:10.0 to \n");
        CHECK(!strstr(hibernate, "0000:02"));

        /* One that found nothing out: that is a finding, and nothing is made up. */
        tell("{\"strategy\":\"auto\",\"findings\":[{\"code\":\"Libvirt\",\"scope\":\"host\","
             "\"blocking\":true,\"message\":\"it sleeps\"}]}");
        blind = explain(f, "vm1", "hibernate", NULL);
        expect(blind, "possible=false\n");
        expect(blind, "finding Libvirt host true it sleeps|\n");
        CHECK(!strstr(blind, "strategy=") && !strstr(blind, "bytes_"));

        /* What memory says already, the worker need not say again; the rest it may. */
        tell("{\"strategy\":\"suspend-to-ram\",\"bytes_needed\":7,\"bytes_available\":1,\"findings\":["
             "{\"code\":\"NotRunning\",\"scope\":\"guest\",\"blocking\":true,\"message\":\"twice\"},"
             "{\"code\":\"NoSpace\",\"scope\":\"image\",\"blocking\":true,\"message\":\"once\"}]}");
        off = explain(f, "vm3", "move", NULL);
        expect(off, "finding NotRunning guest true domain 'vm3' is shut-off, not running|start it first\n");
        expect(off, "finding NoSpace image true once|\n");
        CHECK(!strstr(off, "twice"));
}

static void run_job(Fixture *f, uint64_t id, const char *const *lines)
{
        _cleanup_free_ char *removed = format("JobRemoved %" PRIu64 " ", id);

        for (; *lines; lines++)
                fixture_tell(f, id, *lines);
        expect_signal(f, removed);
}

/* What the worker predicts is told, and what it does not know is left out. */
static void test_seconds(Fixture *f)
{
        _cleanup_free_ char *move = NULL, *resume = NULL;

        start_ok(f, 2, "Hibernate", "vm1", NULL);
        run_job(f, 2,
                (const char *const[]) { "strategy suspend-to-ram", "bytes-total 1000", "step save started",
                                        "step save done", "step sync started", "step sync done",
                                        "record 1000", "end done", NULL });
        fixture_set_domain(f, "vm1", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, VM1_PATH, "State", "hibernated");

        tell("echo");
        resume = explain(f, "vm1", "resume", NULL);
        expect(resume, "possible=true\n");
        expect(resume, VM1 " resume suspend-to-ram|\n");
        expect(resume, "0000:01:10.0 true \n");
        CHECK(!strstr(resume, "seconds"));

        tell("{\"strategy\":\"suspend-to-ram\",\"findings\":[],\"predicted\":{\"bytes\":300,"
             "\"save_usec\":12500000,\"resume_usec\":0,\"error_permille\":120,\"error_samples\":8}}");
        move = explain(f, "vm2", "move", NULL);
        expect(move,
               "bytes_expected=300\nsave_seconds=12.50\nprediction_error=0.12\nprediction_samples=8\n");
        CHECK(!strstr(move, "resume_seconds"));
}

static void test_bad_workers(Fixture *f)
{
        _cleanup_free_ char *after = NULL;

        tell("exit 1");
        expect_error(f, VGPU_HIBERNATE_ERROR_WORKER_DIED, "status 1", "vm2", NULL, NULL, NULL);
        tell("exit 0");
        expect_error(f, VGPU_HIBERNATE_ERROR_HOST, "not understood", "vm2", NULL, NULL, NULL);
        tell("die");
        expect_error(f, VGPU_HIBERNATE_ERROR_WORKER_DIED, "signal 9", "vm2", NULL, NULL, NULL);
        tell("flood");
        expect_error(f, VGPU_HIBERNATE_ERROR_HOST, "more than 1048576 bytes", "vm2", NULL, NULL, NULL);
        tell("hello");
        expect_error(f, VGPU_HIBERNATE_ERROR_HOST, "not understood", "vm2", NULL, NULL, NULL);
        tell("{\"strategy\":\"auto\"}");
        expect_error(f, VGPU_HIBERNATE_ERROR_HOST, "'findings' is missing", "vm2", NULL, NULL, NULL);
        tell("{\"strategy\":\"auto\",\"bytes_needed\":0,\"bytes_available\":0,\"findings\":[{\"scope\":"
             "\"guest\",\"blocking\":true,\"message\":\"no code\"}]}");
        expect_error(f, VGPU_HIBERNATE_ERROR_HOST, "blocks without a code", "vm2", NULL, NULL, NULL);
        tell("hang");
        expect_error(f, VGPU_HIBERNATE_ERROR_LIBVIRT, "within 11 s", "vm2", NULL, NULL, NULL);

        tell("echo");
        after = explain(f, "vm2", NULL, NULL);
        expect(after, "possible=true\n");
}

static unsigned answers;

static int on_answer(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        CHECK(!sd_bus_message_is_method_error(reply, NULL));
        answers++;
        return 0;
}

/* Eight at once, and no more; those of a caller that goes away make room. */
static void test_many(Fixture *f)
{
        _cleanup_free_ char *error = NULL;
        sd_bus_message *call;
        sd_bus *other;

        CHECK(sd_bus_new(&other) >= 0 && sd_bus_set_address(other, f->bus_address) >= 0);
        CHECK(sd_bus_set_bus_client(other, true) >= 0 && sd_bus_start(other) >= 0);

        for (unsigned i = 0; i < WORKERS_MAX; i++) {
                sd_bus *bus = i < 2 ? f->bus : other;
                call = new_call(bus, "vm2", NULL, NULL, NULL);
                CHECK(sd_bus_call_async(bus, NULL, call, on_answer, NULL, WAIT_USEC) >= 0);
                CHECK(sd_bus_flush(bus) >= 0);
                sd_bus_message_unref(call);
        }

        /* Once this is answered, what the other connection sent before it was read. */
        call = new_call(other, "nobody", NULL, NULL, NULL);
        CHECK(sd_bus_call(other, call, WAIT_USEC, NULL, NULL) < 0);
        sd_bus_message_unref(call);

        expect_error(f, VGPU_HIBERNATE_ERROR_HOST, "8 explanations", "vm2", NULL, NULL, NULL);

        /* The rest of the daemon is as quick as ever. */
        expect_property(f, VM2_PATH, "State", "running");

        /* Some lines more than callers: a worker that is about to be killed may take one along. */
        sd_bus_close_unref(other);
        for (unsigned i = 0; i < 2 * WORKERS_MAX; i++)
                tell("echo");

        for (unsigned i = 0; i < 500 && (i == 0 || error); i++) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

                call = new_call(f->bus, "vm2", NULL, NULL, NULL);
                free(error);
                error = call_message(f, call, &reply, NULL);
                sd_bus_message_unref(call);
                if (error)
                        (void) usleep(20000);
        }
        CHECK(!error);

        for (unsigned i = 0; i < 500 && answers < 2; i++)
                if (sd_bus_process(f->bus, NULL) == 0)
                        (void) sd_bus_wait(f->bus, 20 * USEC_PER_MSEC);
        CHECK(answers == 2);
}

int main(int argc, char *argv[])
{
        _cleanup_free_ char *config = NULL;
        Fixture f;
        FILE *out;

        fixture_init(&f, argv);
        explain_fd = fixture_open_pipe(&f, "explain");

        config = format("%s/config.json", f.dir);
        out = fopen(config, "w");
        CHECK(out && fputs("{\"schema\": 1, \"timeouts\": {\"agent_seconds\": 1}}", out) >= 0 &&
              fclose(out) == 0);

        fixture_start(&f);
        test_memory(&f);
        test_reservation(&f);
        test_worker(&f);
        test_seconds(&f);
        test_bad_workers(&f);
        test_many(&f);
        (void) close(explain_fd);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
