/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * usage: bus-calls DAEMON FAKE-WORKER
 *
 * What a call to the daemon costs, beside the same kind of call to systemd-hostnamed: both on one private bus, in turn,
 * by one client that waits for each answer. The daemon's workers are those of the tests, with a host of 512 functions
 * and 64 domains. libvirtd it never talks to; when that hangs, workers do, so here they are stopped with SIGSTOP, in the
 * middle of a job. Prints medians and ratios; the last line is JSON, where null is what could not be compared.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <math.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/wait.h>

#include "basic/clock.h"
#include "basic/fileio.h"
#include "call-times.h"
#include "tests/bus/fixture.h"

#define HOSTNAMED "/usr/lib/systemd/systemd-hostnamed"
#define FUNCTIONS 512U
#define DOMAINS 64U

#define ROUNDS 7U
#define CALLS 2000U /* of a kind and round */
#define OBJECTS_CALLS 50U
#define FROZEN_CALLS 5000U

static const Call our_property = { VGPU_HIBERNATE_BUS_NAME,
                                   VGPU_HIBERNATE_ROOT_PATH,
                                   "org.freedesktop.DBus.Properties",
                                   "Get",
                                   { VGPU_HIBERNATE_MANAGER_INTERFACE, "Version" },
                                   false,
                                   false };
static const Call their_property = { "org.freedesktop.hostname1",
                                     "/org/freedesktop/hostname1",
                                     "org.freedesktop.DBus.Properties",
                                     "Get",
                                     { "org.freedesktop.hostname1", "KernelRelease" },
                                     false,
                                     false };
/* Each refused by a handler of the service, before polkit. */
static const Call our_error = { VGPU_HIBERNATE_BUS_NAME,
                                VGPU_HIBERNATE_ROOT_PATH,
                                VGPU_HIBERNATE_MANAGER_INTERFACE,
                                "GetDomain",
                                { "nobody" },
                                false,
                                true };
static const Call their_error = { "org.freedesktop.hostname1",
                                  "/org/freedesktop/hostname1",
                                  "org.freedesktop.hostname1",
                                  "SetIconName",
                                  { "/" },
                                  true,
                                  true };
static const Call our_objects = { VGPU_HIBERNATE_BUS_NAME,
                                  VGPU_HIBERNATE_ROOT_PATH,
                                  "org.freedesktop.DBus.ObjectManager",
                                  "GetManagedObjects",
                                  { NULL },
                                  false,
                                  false };

/* Of those from one place in the order to another. */
static double mean(const uint64_t *usec, size_t from, size_t to)
{
        double sum = 0;

        for (size_t i = from; i < to; i++)
                sum += (double) usec[i];
        return sum / (double) (to - from);
}

static double measure(sd_bus *bus, const char *name, const Call *c)
{
        _cleanup_free_ uint64_t *usec = call_times(bus, c, CALLS);

        (void) printf("%-24s %7.0f calls/s  p50 %4" PRIu64 " us  p99 %5" PRIu64 " us\n", name,
                      1e6 / mean(usec, 0, CALLS), usec[CALLS / 2], usec[CALLS * 99 / 100]);
        /* The middle half: the other is what else the machine did. */
        return mean(usec, CALLS / 4, CALLS * 3 / 4);
}

static int compare_doubles(const void *a, const void *b)
{
        double x = *(const double *) a, y = *(const double *) b;

        return x < y ? -1 : x > y;
}

/* The median of what each round says: what disturbs one call then disturbs the other as well. */
static double compare_services(sd_bus *bus, const char *kind, const Call *ours, const Call *theirs,
                               bool there_is_other)
{
        _cleanup_free_ char *our_name = format("%s, ours", kind),
                            *their_name = format("%s, hostnamed", kind);
        double ratios[ROUNDS];

        for (size_t i = 0; i < ROUNDS; i++) {
                double our_usec = measure(bus, our_name, ours);

                ratios[i] = there_is_other ? our_usec / measure(bus, their_name, theirs) : NAN;
        }

        qsort(ratios, ROUNDS, sizeof(*ratios), compare_doubles);
        return ratios[ROUNDS / 2];
}

static pid_t start_hostnamed(const Fixture *f)
{
        _cleanup_free_ char *address = format("DBUS_SYSTEM_BUS_ADDRESS=%s", f->bus_address);
        char *const argv[] = { (char *) HOSTNAMED, NULL }, *const env[] = { address, NULL };
        pid_t pid;

        if (access(HOSTNAMED, X_OK) < 0 || posix_spawn(&pid, HOSTNAMED, NULL, NULL, argv, env) != 0)
                return 0;

        for (uint64_t until = clock_monotonic_usec() + WAIT_USEC; clock_monotonic_usec() < until;) {
                if (sd_bus_get_name_creds(f->bus, their_property.service, 0, NULL) >= 0)
                        return pid;
                if (waitpid(pid, NULL, WNOHANG) == pid)
                        return 0;
                clock_sleep_usec(20 * USEC_PER_MSEC);
        }

        return 0;
}

static void signal_workers(const Fixture *f, int signal_number)
{
        _cleanup_free_ char *path = format("/proc/%d/task/%d/children", (int) f->daemon_pid,
                                           (int) f->daemon_pid),
                            *children = NULL;
        char *rest;
        unsigned n = 0;

        CHECK(read_file_at(AT_FDCWD, path, 4096, &children, NULL) >= 0);
        for (char *pid = strtok_r(children, " ", &rest); pid; pid = strtok_r(NULL, " ", &rest), n++)
                CHECK(kill(atoi(pid), signal_number) >= 0);
        CHECK(n == 2); /* the one that watches, and the job's */
}

static double time_frozen(Fixture *f)
{
        _cleanup_free_ uint64_t *usec = NULL;

        start_ok(f, 1, "Hibernate", "vm1", NULL);
        fixture_tell(f, 1, "strategy suspend-to-ram");
        fixture_tell(f, 1, "step save started");
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/1", "Step", "save");

        signal_workers(f, SIGSTOP);
        usec = call_times(f->bus, &our_property, FROZEN_CALLS);
        signal_workers(f, SIGCONT);

        fixture_tell(f, 1, "fail NoAgent it does not answer");
        expect_signal(f, "JobRemoved 1 ");
        return (double) usec[FROZEN_CALLS * 99 / 100] / 1e3;
}

static void print_json_number(const char *name, double value)
{
        if (isnan(value))
                (void) printf(",\"%s\":null", name);
        else
                (void) printf(",\"%s\":%.3f", name, value);
}

int main(int argc, char *argv[])
{
        double property, error, objects_ms, frozen_ms;
        _cleanup_free_ uint64_t *objects = NULL;
        pid_t hostnamed;
        Fixture f;

        if (argc != 3) {
                (void) fprintf(stderr, "usage: bus-calls DAEMON FAKE-WORKER\n");
                return 2;
        }

        fixture_init(&f, argv);
        fixture_add_crowd(&f, FUNCTIONS - f.world->n_functions, DOMAINS - f.world->n_domains);
        fixture_start(&f);
        hostnamed = start_hostnamed(&f);
        if (hostnamed == 0)
                (void) printf("%s cannot be had: nothing to compare with\n", HOSTNAMED);

        property = compare_services(f.bus, "property", &our_property, &their_property, hostnamed > 0);
        error = compare_services(f.bus, "error", &our_error, &their_error, hostnamed > 0);
        objects = call_times(f.bus, &our_objects, OBJECTS_CALLS);
        objects_ms = (double) objects[OBJECTS_CALLS / 2] / 1e3;
        frozen_ms = time_frozen(&f);

        (void) printf("A call of ours takes as long as one of hostnamed: property %.2f times, error %.2f times\n"
                      "All %u functions and %u domains: %.1f ms; p99 of a property while workers stand still: %.2f ms\n",
                      property, error, FUNCTIONS, DOMAINS, objects_ms, frozen_ms);
        (void) printf("{\"bench\":\"bus\"");
        print_json_number("ratio_property", property);
        print_json_number("ratio_error", error);
        print_json_number("objects_ms", objects_ms);
        print_json_number("p99_ms_frozen", frozen_ms);
        (void) printf("}\n");

        if (hostnamed > 0)
                CHECK(kill(hostnamed, SIGTERM) >= 0 && waitpid(hostnamed, NULL, 0) == hostnamed);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
