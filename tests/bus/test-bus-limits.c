/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * Clients that mean no good: they flood, send what no method needs, or do not read their answers. Another client is to
 * be answered all the same, and the daemon's memory to stay what it was.
 */

#include <grp.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "basic/clock.h"
#include "fixture.h"

#define NOBODY 65534
#define CALLS 100000U
#define MIB (UINT64_C(1024) * 1024)
/* As dbus-daemon's max_message_size, less what is beside the string. */
#define GIANT_BYTES (32 * MIB - 4096)

/* Machines differ: so many undisturbed calls may one last that is disturbed, at least the second. It is in a queue with
 * what the bus has taken from others. */
#define LATENCY_FACTOR 50000U
#define LATENCY_MIN_USEC (10 * USEC_PER_SEC)
/* Of the daemon's peak, over what it had. */
#define GROWTH_KIB_MAX (16 * 1024U)
/* As many answers as the bus lets wait, when it is slow to take them. */
#define GROWTH_OBJECTS_KIB_MAX (128 * 512U)
/* sd-bus reads a message into a buffer that it may have to move. */
#define GROWTH_GIANT_KIB_MAX (3 * 32 * 1024U)

#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true /* keeps what is freed */
#elif defined(__has_feature)
#define SANITIZED __has_feature(address_sanitizer)
#else
#define SANITIZED false
#endif

typedef sd_bus_message *(*MakeCall)(sd_bus *bus);

typedef struct Flood {
        const char *name;
        MakeCall make;
        bool no_reply;
        unsigned n;              /* 0: CALLS */
        uint64_t growth_kib_max; /* 0: GROWTH_KIB_MAX */
} Flood;

static sd_bus_message *new_call(sd_bus *bus, const char *interface, const char *member)
{
        sd_bus_message *m;

        CHECK(sd_bus_message_new_method_call(bus, &m, VGPU_HIBERNATE_BUS_NAME, VGPU_HIBERNATE_ROOT_PATH,
                                             interface, member) >= 0);
        return m;
}

static sd_bus_message *call_get(sd_bus *bus)
{
        sd_bus_message *m = new_call(bus, "org.freedesktop.DBus.Properties", "Get");

        CHECK(sd_bus_message_append(m, "ss", VGPU_HIBERNATE_MANAGER_INTERFACE, "Version") >= 0);
        return m;
}

static sd_bus_message *call_objects(sd_bus *bus)
{
        return new_call(bus, "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");
}

static sd_bus_message *call_unknown(sd_bus *bus)
{
        sd_bus_message *m = new_call(bus, VGPU_HIBERNATE_MANAGER_INTERFACE, "GetDomain");

        CHECK(sd_bus_message_append(m, "s", "nobody") >= 0);
        return m;
}

static sd_bus_message *call_hibernate(sd_bus *bus)
{
        sd_bus_message *m = new_call(bus, VGPU_HIBERNATE_MANAGER_INTERFACE, "Hibernate");

        CHECK(sd_bus_message_append(m, "sa{sv}", "vm1", 0) >= 0);
        return m;
}

static sd_bus_message *call_prepare(sd_bus *bus)
{
        return new_call(bus, VGPU_HIBERNATE_MANAGER_INTERFACE, "PrepareForShutdown");
}

static sd_bus_message *call_with_giant(sd_bus *bus, const char *interface, const char *member)
{
        sd_bus_message *m = new_call(bus, interface, member);
        char *space;

        CHECK(sd_bus_message_append_string_space(m, GIANT_BYTES, &space) >= 0);
        memset(space, 'x', GIANT_BYTES);
        return m;
}

static sd_bus_message *call_giant_domain(sd_bus *bus)
{
        sd_bus_message *m = call_with_giant(bus, VGPU_HIBERNATE_MANAGER_INTERFACE, "Hibernate");

        CHECK(sd_bus_message_append(m, "a{sv}", 0) >= 0);
        return m;
}

/* sd-bus itself answers it, and would quote it. */
static sd_bus_message *call_giant_interface(sd_bus *bus)
{
        sd_bus_message *m = call_with_giant(bus, "org.freedesktop.DBus.Properties", "Get");

        CHECK(sd_bus_message_append(m, "s", "Version") >= 0);
        return m;
}

static sd_bus_message *call_with_option(sd_bus *bus, const char *types)
{
        sd_bus_message *m = new_call(bus, VGPU_HIBERNATE_MANAGER_INTERFACE, "Hibernate");

        CHECK(sd_bus_message_append(m, "s", "vm1") >= 0);
        CHECK(sd_bus_message_open_container(m, 'a', "{sv}") >= 0);
        CHECK(sd_bus_message_open_container(m, 'e', "sv") >= 0);
        CHECK(sd_bus_message_append(m, "s", "strategy") >= 0);
        CHECK(sd_bus_message_open_container(m, 'v', types) >= 0);
        return m;
}

static sd_bus_message *end_option(sd_bus_message *m)
{
        for (unsigned i = 0; i < 3; i++)
                CHECK(sd_bus_message_close_container(m) >= 0);
        return m;
}

static sd_bus_message *call_giant_array(sd_bus *bus)
{
        sd_bus_message *m = call_with_option(bus, "at");
        void *space;

        CHECK(sd_bus_message_append_array_space(m, 't', GIANT_BYTES, &space) >= 0);
        memset(space, 0xff, GIANT_BYTES);
        return end_option(m);
}

static sd_bus_message *call_many_strings(sd_bus *bus)
{
        sd_bus_message *m = call_with_option(bus, "as");

        CHECK(sd_bus_message_open_container(m, 'a', "s") >= 0);
        for (unsigned i = 0; i < 1000000; i++)
                CHECK(sd_bus_message_append(m, "s", "") >= 0);
        CHECK(sd_bus_message_close_container(m) >= 0);
        return end_option(m);
}

/* As deep as D-Bus has it: 64 containers. */
static sd_bus_message *call_deep(sd_bus *bus)
{
        sd_bus_message *m = call_with_option(bus, "v");
        unsigned depth = 59;

        for (unsigned i = 0; i < depth; i++)
                CHECK(sd_bus_message_open_container(m, 'v', i + 1 < depth ? "v" : "s") >= 0);
        CHECK(sd_bus_message_append(m, "s", "auto") >= 0);
        for (unsigned i = 0; i < depth; i++)
                CHECK(sd_bus_message_close_container(m) >= 0);
        return end_option(m);
}

static sd_bus *connect_bus(const Fixture *f)
{
        const char *name;
        sd_bus *bus;

        CHECK(sd_bus_new(&bus) >= 0 && sd_bus_set_address(bus, f->bus_address) >= 0);
        CHECK(sd_bus_set_bus_client(bus, true) >= 0 && sd_bus_start(bus) >= 0);
        CHECK(sd_bus_get_unique_name(bus, &name) >= 0); /* which waits */
        return bus;
}

/* Whose process does not outlive this one, however that ends: the setting is lost with the user. */
static void become_nobody(void)
{
        const gid_t group = NOBODY;

        if (geteuid() == 0)
                CHECK(setgroups(1, &group) >= 0 && setresgid(NOBODY, NOBODY, NOBODY) >= 0 &&
                      setresuid(NOBODY, NOBODY, NOBODY) >= 0);
        CHECK(prctl(PR_SET_PDEATHSIG, SIGKILL) >= 0);
}

/* Nothing of what comes back is read. */
static void send_calls(sd_bus *bus, const Flood *flood, unsigned n)
{
        for (unsigned i = 0; i < n; i++) {
                sd_bus_message *m = flood->make(bus);
                uint64_t cookie;

                CHECK(sd_bus_message_set_expect_reply(m, !flood->no_reply) >= 0);
                CHECK(sd_bus_send(bus, m, &cookie) >= 0 && sd_bus_flush(bus) >= 0);
                sd_bus_message_unref(m);
        }
}

/* Until all that was sent has been handled: the bus refuses one more while too many have not. */
static void await_end(sd_bus *bus)
{
        for (;;) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = call_get(bus);

                if (sd_bus_call(bus, call, UINT64_MAX, NULL, NULL) >= 0)
                        return;
                clock_sleep_usec(10 * USEC_PER_MSEC);
        }
}

static pid_t start_flood(const Fixture *f, const Flood *flood)
{
        pid_t pid = fork();
        sd_bus *bus;

        CHECK(pid >= 0);
        if (pid > 0)
                return pid;

        become_nobody();
        bus = connect_bus(f);
        send_calls(bus, flood, flood->n > 0 ? flood->n : CALLS);
        await_end(bus);
        _exit(EXIT_SUCCESS);
}

static uint64_t time_call(Fixture *f, uint64_t timeout_usec)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = call_get(f->bus), *reply = NULL;
        uint64_t begun = clock_monotonic_usec();
        int r;

        r = sd_bus_call(f->bus, call, timeout_usec, NULL, &reply);
        if (r < 0)
                (void) fprintf(stderr, "After %" PRIu64 " ms: %s\n",
                               (clock_monotonic_usec() - begun) / USEC_PER_MSEC, strerror(-r));
        CHECK(r >= 0);
        return clock_monotonic_usec() - begun;
}

static uint64_t undisturbed_usec(Fixture *f)
{
        const unsigned n = 200;
        uint64_t sum = 0;

        for (unsigned i = 0; i < n; i++)
                sum += time_call(f, WAIT_USEC);
        return sum / n;
}

/* A line of proc_pid_status(5), "VmHWM:" and the like. */
static uint64_t read_status_kib(const Fixture *f, const char *name)
{
        _cleanup_free_ char *path = format("/proc/%d/status", (int) f->daemon_pid);
        uint64_t kib = 0;
        char line[256];
        FILE *in;

        in = fopen(path, "re");
        CHECK(in);
        while (fgets(line, sizeof(line), in))
                if (strncmp(line, name, strlen(name)) == 0)
                        kib = strtoull(line + strlen(name), NULL, 10);
        CHECK(fclose(in) == 0 && kib > 0);
        return kib;
}

/* What the daemon has now, and from now on the peak. */
static uint64_t begin_to_measure_kib(const Fixture *f)
{
        _cleanup_free_ char *path = format("/proc/%d/clear_refs", (int) f->daemon_pid);
        FILE *out = fopen(path, "we");

        CHECK(out && fputs("5", out) >= 0 && fclose(out) == 0); /* proc_pid_clear_refs(5) */
        return read_status_kib(f, "VmRSS:");
}

static void expect_growth(const Fixture *f, const char *what, uint64_t before_kib, uint64_t max_kib)
{
        uint64_t now = read_status_kib(f, "VmHWM:"), more = now > before_kib ? now - before_kib : 0;

        (void) fprintf(stderr, "%s: %" PRIu64 " KiB more\n", what, more);
        CHECK(SANITIZED || more <= max_kib);
}

static void test_floods(Fixture *f)
{
        static const Flood floods[] = {
                { "properties", call_get, false },
                /* Not as many as the bus stops to read at: test_deaf(). */
                { "objects", call_objects, false, 300, GROWTH_OBJECTS_KIB_MAX },
                { "objects, no answer wanted", call_objects, true },
                { "errors", call_unknown, false },
                { "not allowed, no answer wanted", call_hibernate, true },
                { "root's, no answer wanted", call_prepare, true },
        };
        uint64_t usual = undisturbed_usec(f);
        uint64_t max = usual * LATENCY_FACTOR > LATENCY_MIN_USEC ? usual * LATENCY_FACTOR : LATENCY_MIN_USEC;

        for (size_t i = 0; i < ELEMENTSOF(floods); i++) {
                uint64_t before = begin_to_measure_kib(f), longest = 0;
                pid_t pid = start_flood(f, floods + i);
                int status;

                do {
                        uint64_t usec = time_call(f, max);

                        longest = usec > longest ? usec : longest;
                } while (waitpid(pid, &status, WNOHANG) == 0);

                CHECK(status == 0);
                (void) fprintf(stderr, "%s: a call took %" PRIu64 " us at most, usually %" PRIu64 "\n",
                               floods[i].name, longest, usual);
                expect_growth(f, floods[i].name, before,
                              floods[i].growth_kib_max > 0 ? floods[i].growth_kib_max : GROWTH_KIB_MAX);
        }
}

static void expect_error(Fixture *f, sd_bus_message *call, const char *expected)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *owned = call;
        _cleanup_free_ char *error = NULL, *message = NULL;

        error = call_message(f, owned, NULL, &message);
        if (!streq_ptr(error, expected))
                (void) fprintf(stderr, "%s: %s\n", error ? error : "no error", message ? message : "");
        CHECK(streq_ptr(error, expected) && strlen(message) < 1024);
}

static void test_giants(Fixture *f)
{
        uint64_t before = begin_to_measure_kib(f);

        for (unsigned i = 0; i < 5; i++) {
                expect_error(f, call_giant_domain(f->bus), SD_BUS_ERROR_LIMITS_EXCEEDED);
                expect_error(f, call_giant_interface(f->bus), SD_BUS_ERROR_LIMITS_EXCEEDED);
                expect_error(f, call_giant_array(f->bus), SD_BUS_ERROR_LIMITS_EXCEEDED);
                expect_error(f, call_many_strings(f->bus), SD_BUS_ERROR_LIMITS_EXCEEDED);
                expect_error(f, call_deep(f->bus), VGPU_HIBERNATE_ERROR_INVALID_OPTION);
        }

        expect_growth(f, "giants", before, GROWTH_GIANT_KIB_MAX);
}

/* Fewer at once than the bus would refuse, for as long as this process lives. */
static pid_t start_deaf(const Fixture *f)
{
        const Flood flood = { .make = call_objects };
        pid_t pid = fork();
        sd_bus *bus;

        CHECK(pid >= 0);
        if (pid > 0)
                return pid;

        become_nobody();
        bus = connect_bus(f);
        for (;;) {
                send_calls(bus, &flood, 10);
                clock_sleep_usec(250 * USEC_PER_MSEC);
        }
}

static bool daemon_has_ended(Fixture *f)
{
        int status;

        if (waitpid(f->daemon_pid, &status, WNOHANG) == 0)
                return false;

        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == EXIT_FAILURE);
        f->daemon_pid = 0;
        return true;
}

/* The bus, which reads no more from that connection, sees its end when it writes to it, and keeps the name until then. */
static void await_no_name(Fixture *f)
{
        int has_owner = true;

        for (uint64_t until = clock_monotonic_usec() + WAIT_USEC; has_owner;
             clock_sleep_usec(10 * USEC_PER_MSEC)) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = call_get(f->bus), *reply = NULL;

                CHECK(clock_monotonic_usec() < until);
                (void) sd_bus_call(f->bus, call, USEC_PER_SEC, NULL, NULL); /* nobody answers */
                CHECK(sd_bus_call_method(f->bus, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                         "org.freedesktop.DBus", "NameHasOwner", NULL, &reply, "s",
                                         VGPU_HIBERNATE_BUS_NAME) >= 0);
                CHECK(sd_bus_message_read(reply, "b", &has_owner) >= 0);
        }
}

/* The bus stops to read from the daemon, which then ends, to be started by systemd, here by us. That is the end of it. */
static void test_deaf(Fixture *f)
{
        uint64_t until, before = begin_to_measure_kib(f);
        pid_t pid = start_deaf(f);

        for (until = clock_monotonic_usec() + WAIT_USEC; !daemon_has_ended(f);) {
                _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = call_get(f->bus);

                CHECK(SANITIZED || read_status_kib(f, "VmHWM:") <= before + GROWTH_OBJECTS_KIB_MAX);
                (void) sd_bus_call(f->bus, call, USEC_PER_SEC, NULL, NULL); /* may fail */
                clock_sleep_usec(50 * USEC_PER_MSEC);
                CHECK(clock_monotonic_usec() < until);
        }

        await_no_name(f);
        fixture_start(f);
        before = begin_to_measure_kib(f);
        for (until = clock_monotonic_usec() + 7 * USEC_PER_SEC; clock_monotonic_usec() < until;) {
                (void) time_call(f, WAIT_USEC);
                clock_sleep_usec(10 * USEC_PER_MSEC);
        }
        CHECK(!daemon_has_ended(f));
        expect_growth(f, "unread by then", before, GROWTH_KIB_MAX);

        CHECK(kill(pid, SIGKILL) >= 0 && waitpid(pid, NULL, 0) == pid);
}

int main(int argc, char *argv[])
{
        Fixture f;

        fixture_init(&f, argv);
        fixture_add_crowd(&f, 512, 64);
        fixture_start(&f);
        test_floods(&f);
        test_giants(&f);
        fixture_done(&f);

        /* Less, or this would take minutes and gigabytes. */
        fixture_init_limited(&f, argv,
                             "<limit name=\"max_incoming_bytes\">8000000</limit>"
                             "<limit name=\"max_outgoing_bytes\">8000000</limit>"
                             "<limit name=\"max_message_size\">4000000</limit>");
        fixture_add_crowd(&f, 512, 64);
        fixture_start(&f);
        test_deaf(&f);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
