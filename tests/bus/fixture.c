/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fixture.h"

#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <sys/file.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "basic/fileio.h"
#include "store/world-json.h"

#define DBUS_DAEMON "dbus-daemon"

char *format(const char *text, ...)
{
        va_list ap;
        char *s;

        va_start(ap, text);
        CHECK(vasprintf(&s, text, ap) >= 0);
        va_end(ap);
        return s;
}

static void write_file_in(const char *dir, const char *name, const char *text)
{
        _cleanup_close_ int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        CHECK(fd >= 0 && write_file_atomic_at(fd, name, text, strlen(text)) >= 0);
}

/* A child that does not outlive this process, however that ends. */
static pid_t spawn(const char *const *argv, const char *bus_address)
{
        pid_t parent = getpid(), pid = fork();

        CHECK(pid >= 0);
        if (pid > 0)
                return pid;

        if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
                _exit(EXIT_FAILURE);
        if (bus_address && setenv("DBUS_SESSION_BUS_ADDRESS", bus_address, true) < 0)
                _exit(EXIT_FAILURE);

        (void) execvp(argv[0], (char *const *) argv);
        _exit(errno == ENOENT ? SKIP : EXIT_FAILURE);
}

static void start_bus(Fixture *f, const char *limits)
{
        _cleanup_free_ char *config = NULL, *config_option = NULL, *print = NULL;
        char address[4096];
        int fds[2], status;
        ssize_t n;

        config = format("<busconfig><type>session</type><auth>EXTERNAL</auth>"
                        "<listen>unix:path=%s/bus</listen>%s"
                        "<policy context=\"default\"><allow user=\"*\"/><allow own=\"*\"/>"
                        "<allow send_destination=\"*\"/><allow receive_sender=\"*\"/></policy></busconfig>",
                        f->dir, limits);
        write_file_in(f->dir, "bus.conf", config);

        CHECK(pipe(fds) >= 0);
        CHECK(fcntl(fds[0], F_SETFD, FD_CLOEXEC) >= 0);
        config_option = format("--config-file=%s/bus.conf", f->dir);
        print = format("--print-address=%d", fds[1]);
        f->bus_pid = spawn((const char *const[]) { DBUS_DAEMON, config_option, "--nofork", "--nopidfile",
                                                   print, NULL },
                           NULL);
        (void) close(fds[1]);

        n = read(fds[0], address, sizeof(address) - 1);
        (void) close(fds[0]);
        if (n <= 0) {
                CHECK(waitpid(f->bus_pid, &status, 0) == f->bus_pid);
                CHECK(WIFEXITED(status) && WEXITSTATUS(status) == SKIP);
                (void) fprintf(stderr, "There is no " DBUS_DAEMON ": skipped\n");
                exit(SKIP);
        }

        address[n] = '\0';
        address[strcspn(address, "\n")] = '\0';
        f->bus_address = format("%s", address);
}

static const char *const uuids[][2] = { { "vm1", VM1 }, { "vm2", VM2 }, { "vm3", VM3 } };

static const char *uuid_of(const char *name, size_t number)
{
        static char other[sizeof(VM1)];

        for (size_t i = 0; i < ELEMENTSOF(uuids); i++)
                if (streq(uuids[i][0], name))
                        return uuids[i][1];

        (void) snprintf(other, sizeof(other), "%08zu-0000-0000-0000-000000000000", number);
        return other;
}

WorldDomain *fixture_domain(Fixture *f, const char *name)
{
        WorldDomain *d;

        for (size_t i = 0; i < f->world->n_domains; i++)
                if (streq(f->world->domains[i].name, name))
                        return f->world->domains + i;

        d = world_add_domain(f->world);
        CHECK(d && free_and_strdup(&d->name, name) >= 0);
        CHECK(free_and_strdup(&d->uuid, uuid_of(name, f->world->n_domains)) >= 0);
        d->persistent = true;
        d->state = DOMAIN_SHUTOFF;
        return d;
}

void fixture_set_domain(Fixture *f, const char *name, DomainState state, const char *const *functions)
{
        WorldDomain *d = fixture_domain(f, name);

        d->state = state;
        d->active = state != DOMAIN_SHUTOFF && state != DOMAIN_CRASHED;
        if (!functions)
                return;

        d->n_functions = 0;
        free(d->functions);
        d->functions = NULL;
        for (; *functions; functions++) {
                PciAddress a;

                CHECK(pci_address_parse(*functions, &a) >= 0);
                CHECK(world_domain_add_function(d, &a) >= 0);
        }
}

Function *fixture_function(Fixture *f, const char *address)
{
        Function *added;
        PciAddress a;

        CHECK(pci_address_parse(address, &a) >= 0);
        for (size_t i = 0; i < f->world->n_functions; i++)
                if (pci_address_equal(&f->world->functions[i].address, &a))
                        return f->world->functions + i;

        added = world_add_function(f->world);
        CHECK(added && free_and_strdup(&added->driver, "vfio-pci") >= 0);
        added->address = a;
        added->physical_function = (PciAddress) { .bus = a.bus };
        added->identity = (FunctionIdentity) { .vendor = 0x1002, .device = 0x74b6, .class_code = 0x120000 };
        added->iommu_group = a.bus * 100 + a.function;
        added->numa_node = 0;
        return added;
}

/* Two cards with four functions each, a function of another kind, and one that a driver of the host has. */
static void build_world(Fixture *f)
{
        static const char *const functions[] = { "0000:01:10.0", "0000:01:10.1", "0000:01:10.2",
                                                 "0000:01:10.3", "0000:02:10.0", "0000:02:10.1",
                                                 "0000:02:10.2", "0000:02:10.3" };

        f->world = calloc(1, sizeof(World));
        CHECK(f->world);
        f->world->libvirt_ok = true;

        for (size_t i = 0; i < ELEMENTSOF(functions); i++)
                (void) fixture_function(f, functions[i]);
        fixture_function(f, "0000:03:10.0")->identity.device = 0x74bc;
        CHECK(free_and_strdup(&fixture_function(f, "0000:02:10.3")->driver, "amdgpu") >= 0);

        fixture_set_domain(f, "vm1", DOMAIN_RUNNING, (const char *const[]) { "0000:01:10.0", NULL });
        fixture_set_domain(f, "vm2", DOMAIN_RUNNING,
                           (const char *const[]) { "0000:01:10.1", "0000:01:10.2", NULL });
        fixture_set_domain(f, "vm3", DOMAIN_SHUTOFF, (const char *const[]) { "0000:01:10.3", NULL });
}

void fixture_add_crowd(Fixture *f, size_t functions, size_t domains)
{
        for (size_t i = 0; i < functions; i++) {
                _cleanup_free_ char *address =
                                format("0000:%02zx:%02zx.%zu", 0x10 + i / 256, i / 8 % 32, i % 8);

                (void) fixture_function(f, address);
        }

        for (size_t i = 0; i < domains; i++) {
                _cleanup_free_ char *name = format("crowd%zu", i),
                                    *address = format("0000:%02zx:%02zx.%zu", 0x10 + i / 256, i / 8 % 32,
                                                      i % 8);

                fixture_set_domain(f, name, DOMAIN_RUNNING,
                                   i < functions ? (const char *const[]) { address, NULL }
                                                 : (const char *const[]) { NULL });
        }
}

void fixture_send_line(Fixture *f, const char *line)
{
        _cleanup_free_ char *whole = format("%s\n", line);
        const char *p = whole;

        /* Longer than the pipe: the worker reads meanwhile. */
        while (*p) {
                ssize_t n = write(f->world_fd, p, strlen(p));

                CHECK(n > 0);
                p += n;
        }
}

void fixture_send_world(Fixture *f)
{
        struct pollfd seen = { .fd = f->seen_fd, .events = POLLIN };
        json_object *o;
        char byte;

        CHECK(world_to_json(f->world, &o) >= 0);
        fixture_send_line(f, json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
        (void) json_object_put(o);

        fixture_send_line(f, "seen");
        CHECK(poll(&seen, 1, WAIT_USEC / USEC_PER_MSEC) == 1 && read(f->seen_fd, &byte, 1) == 1);
}

int fixture_open_pipe(const Fixture *f, const char *name)
{
        _cleanup_free_ char *path = format("%s/state/fake/%s", f->dir, name);
        int fd;

        CHECK(mkfifo(path, 0600) >= 0 || errno == EEXIST);
        fd = open(path, O_RDWR | O_CLOEXEC);
        CHECK(fd >= 0);
        return fd;
}

void fixture_tell(Fixture *f, uint64_t job, const char *line)
{
        _cleanup_free_ char *name = format("job-%" PRIu64, job), *whole = format("%s\n", line);

        CHECK(job < FIXTURE_JOBS_MAX);
        if (f->job_fds[job] < 0)
                f->job_fds[job] = fixture_open_pipe(f, name);
        CHECK(write(f->job_fds[job], whole, strlen(whole)) == (ssize_t) strlen(whole));
}

void fixture_configure(Fixture *f, const char *json)
{
        write_file_in(f->dir, "config.json", json);
}

static void spawn_daemon(Fixture *f)
{
        _cleanup_free_ char *state = format("%s/state", f->dir), *run = format("%s/run", f->dir),
                            *config = format("%s/config.json", f->dir);

        f->daemon_pid = spawn((const char *const[]) { f->daemon, "--user", "--state-dir", state,
                                                      "--runtime-dir", run, "--config", config, "--worker",
                                                      f->worker, "--families-dir", f->families_dir, NULL },
                              f->bus_address);
}

void fixture_add_family(Fixture *f, const char *name, const char *json)
{
        _cleanup_free_ char *dir = format("%s/families", f->dir), *file = format("%s.json", name);

        CHECK(mkdir(dir, 0700) >= 0 || errno == EEXIST);
        write_file_in(dir, file, json);
        CHECK(free_and_strdup(&f->families_dir, dir) >= 0);
}

void fixture_start_daemon(Fixture *f)
{
        spawn_daemon(f);
        expect_property(f, VGPU_HIBERNATE_ROOT_PATH, "Version", "0.1.0");
}

/* A watch worker that still lives, because a child that the daemon was just making holds their pipe, would take the next one's lines. */
static void await_end_of_watch(const Fixture *f)
{
        _cleanup_free_ char *path = format("%s/state/fake/lock", f->dir);
        _cleanup_close_ int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

        CHECK(fd >= 0 && flock(fd, LOCK_EX) >= 0);
}

int fixture_stop_daemon(Fixture *f, int signal_number)
{
        int status;

        CHECK(kill(f->daemon_pid, signal_number) >= 0);
        CHECK(waitpid(f->daemon_pid, &status, 0) == f->daemon_pid);
        f->daemon_pid = 0;
        await_end_of_watch(f);
        return status;
}

void fixture_start(Fixture *f)
{
        spawn_daemon(f);
        fixture_send_world(f);
        expect_property(f, VGPU_HIBERNATE_ROOT_PATH, "Degraded", "false");
}

void fixture_init_limited(Fixture *f, char **argv, const char *limits)
{
        const char *tmp = getenv("TMPDIR");
        _cleanup_free_ char *state = NULL, *fake = NULL;

        *f = (Fixture) { .daemon = argv[1], .worker = argv[2] };
        CHECK(f->daemon && f->worker && free_and_strdup(&f->families_dir, FAMILIES_DIR) >= 0);
        for (size_t i = 0; i < FIXTURE_JOBS_MAX; i++)
                f->job_fds[i] = -EBADF;

        f->dir = format("%s/vgpu-bus-XXXXXX", tmp ? tmp : "/tmp");
        CHECK(mkdtemp(f->dir));
        CHECK(chmod(f->dir, 0711) >= 0); /* other users reach the bus */
        state = format("%s/state", f->dir);
        fake = format("%s/state/fake", f->dir);
        CHECK(mkdir(state, 0700) >= 0 && mkdir(fake, 0700) >= 0);
        fixture_configure(
                        f,
                        "{\"schema\": 1, \"finished_jobs_max\": 3, \"jobs_max\": 32, \"reset_delay_seconds\": 0}");
        f->world_fd = fixture_open_pipe(f, "world");
        f->seen_fd = fixture_open_pipe(f, "seen");

        start_bus(f, limits);
        fixture_connect(f);
        build_world(f);
}

void fixture_init(Fixture *f, char **argv)
{
        fixture_init_limited(f, argv, "");
}

static int remove_entry(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
        (void) remove(path);
        return 0;
}

void fixture_done(Fixture *f)
{
        if (f->daemon_pid > 0)
                CHECK(fixture_stop_daemon(f, SIGTERM) == 0);

        forget_signals(f);
        free(f->signals);
        sd_bus_slot_unref(f->match);
        sd_bus_flush_close_unref(f->bus);
        CHECK(kill(f->bus_pid, SIGTERM) >= 0);
        CHECK(waitpid(f->bus_pid, NULL, 0) == f->bus_pid);

        closep(&f->world_fd);
        closep(&f->seen_fd);
        for (size_t i = 0; i < FIXTURE_JOBS_MAX; i++)
                closep(&f->job_fds[i]);
        CHECK(nftw(f->dir, remove_entry, 16, FTW_DEPTH | FTW_PHYS) >= 0);
        world_free(f->world);
        free(f->bus_address);
        free(f->families_dir);
        free(f->dir);
}
