/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * usage: hook-times DAEMON FAKE-WORKER HOOK-PROCESS HOOK-EXIT
 *
 * What the hook adds to the start of a domain: libvirt runs it three times for one (prepare, start, started), each time
 * as a process that it waits for. Here these three are run in turn by a program that only ends, by ours for a domain
 * without a PCI device, and by ours for one that owns a function of the pool, which the daemon is asked about. The bus is
 * a private one, the daemon knows 512 functions and 64 domains. Prints percentiles for one start; the last line is JSON.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "basic/clock.h"
#include "tests/bus/fixture.h"

#define FUNCTIONS 512U
#define DOMAINS 64U
#define STARTS 1000U

#define DOMAIN_XML(devices)                                                            \
        "<domain type='kvm'><name>vm3</name><uuid>" VM3 "</uuid><memory>1024</memory>" \
        "<devices>" devices "</devices></domain>"
#define HOSTDEV                                                            \
        "<hostdev mode='subsystem' type='pci' managed='no'><source>"       \
        "<address domain='0x0000' bus='0x01' slot='0x10' function='0x3'/>" \
        "</source></hostdev>"

typedef struct Kind {
        const char *name, *program, *xml;
        uint64_t usec[STARTS];
} Kind;

static void run_hook(const Kind *k, const char *operation, const char *suboperation)
{
        const char *const argv[] = { k->program, "vm3", operation, suboperation, "-", NULL };
        posix_spawn_file_actions_t actions;
        int fd = memfd_create("xml", 0), status;
        pid_t pid;

        CHECK(fd >= 0 && write(fd, k->xml, strlen(k->xml)) > 0 && lseek(fd, 0, SEEK_SET) == 0);
        CHECK(posix_spawn_file_actions_init(&actions) == 0 &&
              posix_spawn_file_actions_adddup2(&actions, fd, STDIN_FILENO) == 0);
        CHECK(posix_spawn(&pid, k->program, &actions, NULL, (char *const *) argv, environ) == 0);
        CHECK(waitpid(pid, &status, 0) == pid && status == 0);
        (void) posix_spawn_file_actions_destroy(&actions);
        (void) close(fd);
}

static void time_start(Kind *k, size_t i)
{
        uint64_t begin = clock_monotonic_usec();

        run_hook(k, "prepare", "begin");
        run_hook(k, "start", "begin");
        run_hook(k, "started", "begin");
        k->usec[i] = clock_monotonic_usec() - begin;
        run_hook(k, "release", "end");
}

static int compare_usec(const void *a, const void *b)
{
        uint64_t x = *(const uint64_t *) a, y = *(const uint64_t *) b;

        return x < y ? -1 : x > y;
}

static double percentile_ms(const Kind *k, unsigned percent)
{
        return (double) k->usec[STARTS * percent / 100] / 1e3;
}

int main(int argc, char *argv[])
{
        Kind kinds[] = {
                { .name = "exit", .program = argv[4], .xml = DOMAIN_XML("") },
                { .name = "foreign", .program = argv[3], .xml = DOMAIN_XML("") },
                { .name = "owned", .program = argv[3], .xml = DOMAIN_XML(HOSTDEV) },
        };
        _cleanup_free_ char *config = NULL, *state_dir = NULL;
        Fixture f;

        if (argc != 5) {
                (void) fprintf(stderr, "usage: hook-times DAEMON FAKE-WORKER HOOK-PROCESS HOOK-EXIT\n");
                return 2;
        }

        fixture_init(&f, argv);
        /* It is started again at once, over and over: no reset comes between. */
        fixture_configure(&f, "{\"schema\": 1, \"reset_delay_seconds\": 3600}");
        fixture_add_crowd(&f, FUNCTIONS - f.world->n_functions, DOMAINS - f.world->n_domains);
        fixture_start(&f);
        config = format("%s/config.json", f.dir);
        state_dir = format("%s/state", f.dir);
        CHECK(setenv("DBUS_SESSION_BUS_ADDRESS", f.bus_address, true) == 0 &&
              setenv("HOOK_CONFIG", config, true) == 0 && setenv("HOOK_STATE_DIR", state_dir, true) == 0);

        /* In turn, so that what disturbs one disturbs the others as well. */
        for (size_t i = 0; i < STARTS; i++)
                for (size_t k = 0; k < ELEMENTSOF(kinds); k++)
                        time_start(kinds + k, i);

        for (size_t k = 0; k < ELEMENTSOF(kinds); k++) {
                qsort(kinds[k].usec, STARTS, sizeof(uint64_t), compare_usec);
                (void) printf("%-8s p50 %6.2f ms  p99 %6.2f ms for one start\n", kinds[k].name,
                              percentile_ms(kinds + k, 50), percentile_ms(kinds + k, 99));
        }

        (void) printf("{\"bench\":\"hook\",\"p99_ms_foreign\":%.2f,\"p99_ms_owned\":%.2f,\"p99_ms_exit\":%.2f}\n",
                      percentile_ms(kinds + 1, 99), percentile_ms(kinds + 2, 99),
                      percentile_ms(kinds + 0, 99));
        fixture_done(&f);
        return EXIT_SUCCESS;
}
