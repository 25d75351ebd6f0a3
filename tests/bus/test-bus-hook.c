/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* libvirt's hook against the daemon: who may start, what the daemon learns by it, and who may start without a daemon. */

#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "basic/clock.h"
#include "basic/fileio.h"
#include "fixture.h"
#include "hook/hook.h"
#include "host/domain-xml.h"
#include "store/journal.h"

#define VM4 "44444444-4444-4444-4444-444444444444" /* libvirt knows it, nobody else */
#define FUNCTION(name) VGPU_HIBERNATE_FUNCTION_PATH "/" name

#define XML_HEAD "<domain><name>%s</name><uuid>%s</uuid><memory>1024</memory><devices>"
#define XML_TAIL "</devices></domain>"

typedef struct Hook {
        Fixture *fixture;
        char *config, *state_dir, *pci_devices;
} Hook;

/* address NULL: no PCI device */
static char *make_xml(const char *name, const char *uuid, const char *address)
{
        PciAddress a;

        if (!address)
                return format(XML_HEAD XML_TAIL, name, uuid);

        CHECK(pci_address_parse(address, &a) >= 0);
        return format(XML_HEAD "<hostdev mode='subsystem' type='pci'><source><address domain='0x%04x' "
                               "bus='0x%02x' slot='0x%02x' function='0x%x'/></source></hostdev>" XML_TAIL,
                      name, uuid, a.domain, a.bus, a.slot, a.function);
}

static int run_for_xml(const Hook *h, const char *name, const char *operation, const char *suboperation,
                       const char *xml, size_t size, char **ret_xml, Failure *reterr)
{
        const HookPaths paths = {
                .config = h->config,
                .state_dir = h->state_dir,
                .pci_devices = h->pci_devices,
                .user_bus = true,
        };
        _cleanup_close_ int fd = memfd_create("xml", MFD_CLOEXEC);

        CHECK(fd >= 0 && write(fd, xml, size) == (ssize_t) size && lseek(fd, 0, SEEK_SET) == 0);
        return hook_run(&paths, name, operation, suboperation, fd, ret_xml, reterr);
}

/* And the XML stays as it is. */
static int run_with(const Hook *h, const char *name, const char *operation, const char *suboperation,
                    const char *xml, size_t size, Failure *reterr)
{
        char *rewritten;
        int r = run_for_xml(h, name, operation, suboperation, xml, size, &rewritten, reterr);

        CHECK(!rewritten);
        return r;
}

static void expect(const Hook *h, const char *name, const char *uuid, const char *address,
                   const char *operation, FailureCode code, const char *words)
{
        _cleanup_free_ char *xml = make_xml(name, uuid, address);
        _cleanup_(failure_done) Failure why = { 0 };
        int r = run_with(h, name, operation, streq(operation, "release") ? "end" : "begin", xml, strlen(xml),
                         &why);

        if ((r < 0) != (code != FAILURE_NONE) || why.code != code ||
            (words && !strstr(failure_message(&why), words)))
                (void) fprintf(stderr, "%s %s: %s\n", name, operation, failure_message(&why));
        CHECK((r < 0) == (code != FAILURE_NONE) && why.code == code);
        CHECK(!words || strstr(failure_message(&why), words));
}

#define ALLOWED FAILURE_NONE, NULL

static void test_functions(const Hook *h)
{
        Fixture *f = h->fixture;

        /* Assigned from this moment, though no snapshot has it. */
        expect(h, "vm3", VM3, "0000:01:10.3", "prepare", ALLOWED);
        expect_property(f, FUNCTION("0000_01_10_3"), "State", "assigned");
        expect_property(f, FUNCTION("0000_01_10_3"), "Domain", "vm3");
        expect_property(f, VM3_PATH, "State", "shut-off");
        start_refused(f, VGPU_HIBERNATE_ERROR_FUNCTION_BUSY, "assigned", "Move", "vm1",
                      (const char *const[]) { "0000:01:10.3", NULL });
        /* Two of them at the same time, for one function. */
        expect(h, "vm4", VM4, "0000:01:10.3", "prepare", FAILURE_FUNCTION_BUSY, "in use by domain 'vm3'");

        /* libvirt did not succeed. */
        expect(h, "vm3", VM3, "0000:01:10.3", "release", ALLOWED);
        expect_property(f, FUNCTION("0000_01_10_3"), "State", "free");

        /* And now by somebody whom no snapshot has. */
        expect(h, "vm4", VM4, "0000:01:10.3", "prepare", ALLOWED);
        expect_property(f, FUNCTION("0000_01_10_3"), "Domain", "vm4");
        expect(h, "vm3", VM3, "0000:01:10.3", "prepare", FAILURE_FUNCTION_BUSY, "in use by domain 'vm4'");
        expect(h, "vm4", VM4, "0000:01:10.3", "release", ALLOWED);
        expect_property(f, FUNCTION("0000_01_10_3"), "State", "free");

        /* A domain that ended is not there before the next snapshot, and is again when it is started. */
        expect(h, "vm1", VM1, "0000:01:10.0", "release", ALLOWED);
        expect_property(f, FUNCTION("0000_01_10_0"), "State", "free");
        expect_property(f, VM1_PATH, "State", "shut-off");
        expect(h, "vm1", VM1, "0000:01:10.0", "prepare", ALLOWED);
        expect_property(f, FUNCTION("0000_01_10_0"), "State", "assigned");
        expect_property(f, VM1_PATH, "State", "running");

        expect(h, "vm4", VM4, "0000:01:10.0", "prepare", FAILURE_FUNCTION_BUSY, "in use by domain 'vm1'");
        expect(h, "vm4", VM4, "0000:77:10.0", "prepare", ALLOWED); /* not of the pool */
        CHECK(!simple_call(f, FUNCTION("0000_02_10_0"), "Quarantine", "s", "it smokes"));
        expect(h, "vm4", VM4, "0000:02:10.0", "prepare", FAILURE_FUNCTION_BUSY, "it smokes");
        CHECK(!simple_call(f, FUNCTION("0000_02_10_0"), "Clear", NULL, NULL));
}

/* Between two guests a function is reset; who comes in the middle of that is told so. */
static void test_returned(const Hook *h)
{
        static const char found[] =
                        "{\"strategy\":\"auto\",\"findings\":[{\"code\":\"Host\",\"scope\":\"function\","
                        "\"blocking\":true,\"message\":\"it does not come through\"}]}\n";
        _cleanup_free_ char *path = format("%s/fake/probe", h->state_dir);
        _cleanup_close_ int fd = -EBADF;

        expect_property(h->fixture, FUNCTION("0000_01_10_3"), "State", "free"); /* no probe goes on */
        fd = fixture_open_pipe(h->fixture, "probe");
        expect(h, "vm4", VM4, "0000:01:10.3", "prepare", ALLOWED);
        expect(h, "vm4", VM4, "0000:01:10.3", "release", ALLOWED);
        expect_property(h->fixture, FUNCTION("0000_01_10_3"), "State", "leased");
        expect(h, "vm3", VM3, "0000:01:10.3", "prepare", FAILURE_FUNCTION_BUSY, "not reset yet");
        expect(h, "vm4", VM4, "0000:01:10.3", "prepare", FAILURE_FUNCTION_BUSY, "is being reset");

        CHECK(write(fd, found, strlen(found)) == (ssize_t) strlen(found));
        expect_property(h->fixture, FUNCTION("0000_01_10_3"), "State", "quarantined");
        expect(h, "vm4", VM4, "0000:01:10.3", "prepare", FAILURE_FUNCTION_BUSY, "does not come through");
        CHECK(!simple_call(h->fixture, FUNCTION("0000_01_10_3"), "Clear", NULL, NULL));
        CHECK(unlink(path) >= 0); /* from now on all are good */
}

static void test_not_ours(const Hook *h)
{
        static const char *const others[][2] = { { "start", "begin" },     { "started", "begin" },
                                                 { "stopped", "end" },     { "reconnect", "begin" },
                                                 { "migrate", "begin" },   { "prepare", "end" },
                                                 { "release", "begin" },   { "", "" },
                                                 { "prepare begin", "-" }, { "PREPARE", "begin" } };
        _cleanup_free_ char *xml = make_xml("vm1", VM1, "0000:01:10.3");

        for (size_t i = 0; i < ELEMENTSOF(others); i++)
                CHECK(run_with(h, "vm1", others[i][0], others[i][1], xml, strlen(xml), NULL) == 0);
        expect_property(h->fixture, FUNCTION("0000_01_10_3"), "State", "free");
}

/* Of a domain that could not be ours, whatever it is. */
static void test_strange_input(const Hook *h)
{
        static const char *const names[] = { "",          "--help", "-",      "vm1;reboot",
                                             "vm\x1b[2J", "v\xffm", "../vm1", VM1 };
        _cleanup_free_ char *xml = make_xml("vm1", VM1, "0000:01:10.1"), *big = NULL;
        const size_t big_size = 5U << 20;

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                CHECK(run_with(h, names[i], "prepare", "begin", xml, strlen(xml), NULL) == 0);
        for (size_t i = 0; i < strlen(xml); i += 7)
                CHECK(run_with(h, "vm1", "prepare", "begin", xml, i, NULL) == 0);
        CHECK(run_with(h, "vm1", "prepare", "begin", xml, strlen(xml) + 1, NULL) == 0); /* with its NUL */

        big = malloc(big_size + 1);
        CHECK(big);
        memset(big, ' ', big_size);
        big[big_size] = '\0';
        memcpy(big, xml, strlen(xml));
        CHECK(run_with(h, "vm1", "prepare", "begin", big, big_size, NULL) == 0);

        /* Large, but no larger than libvirt can say: it is read, and judged. */
        CHECK(run_with(h, "vm1", "prepare", "begin", big, 3U << 20, NULL) < 0);
}

/* The journal says that the restore is begun, and nobody does it: who starts the domain boots it. */
static void test_no_worker(const Hook *h)
{
        _cleanup_free_ char *jobs = format("%s/jobs", h->state_dir);
        _cleanup_close_ int jobs_fd = open(jobs, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        Fixture *f = h->fixture;

        CHECK(journal_is_locked(jobs_fd, 1) == 1 && journal_is_locked(jobs_fd, 99) == 0);
        fixture_tell(f, 1, "stuck libvirt does not answer");
        fixture_tell(f, 1, "exit 75");
        while (journal_is_locked(jobs_fd, 1) > 0)
                clock_sleep_usec(USEC_PER_MSEC);
        expect(h, "vm1", VM1, "0000:02:10.0", "prepare", FAILURE_DOMAIN_BUSY, "job 1 (move)");
        expect(h, "vm1", VM1, "0000:02:10.0", "restore", ALLOWED); /* see hook.c */

        CHECK(fixture_stop_daemon(f, SIGKILL) == SIGKILL);
        expect(h, "vm1", VM1, "0000:02:10.0", "prepare", FAILURE_DOMAIN_BUSY, "job 1 (move)");

        /* The worker that goes on with it starts it, if so. */
        fixture_start(f);
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/1", "State", "recovering");
        /* The daemon says so before that worker has come as far as its lock. */
        while (journal_is_locked(jobs_fd, 1) == 0)
                clock_sleep_usec(USEC_PER_MSEC);
        expect(h, "vm1", VM1, "0000:02:10.0", "prepare", ALLOWED);
}

static void test_own_job(const Hook *h)
{
        Fixture *f = h->fixture;

        start_ok(f, 1, "Move", "vm1", (const char *const[]) { "0000:02:10.0", NULL });
        expect(h, "vm1", VM1, "0000:01:10.0", "prepare", FAILURE_DOMAIN_BUSY, "job 1 (move)");
        expect(h, "vm4", VM4, "0000:02:10.0", "prepare", FAILURE_FUNCTION_BUSY, "a job of domain 'vm1'");

        fixture_tell(f, 1, "strategy suspend-to-ram");
        fixture_tell(f, 1, "step sync done");
        fixture_tell(f, 1, "record 17");
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/1", "Step", "sync");
        expect(h, "vm1", VM1, "0000:01:10.0", "restore", ALLOWED); /* see hook.c */
        expect(h, "vm1", VM1, "0000:01:10.0", "prepare", FAILURE_DOMAIN_BUSY, "job 1 (move)");

        fixture_tell(f, 1, "step restore started");
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/1", "Step", "restore");
        expect(h, "vm1", VM1, "0000:02:10.0", "restore", ALLOWED);
        expect(h, "vm1", VM1, "0000:02:10.0", "prepare", ALLOWED);

        /* A daemon that is restarted meanwhile, or not there: the journal says whose start it is. */
        CHECK(fixture_stop_daemon(f, SIGKILL) == SIGKILL);
        expect(h, "vm1", VM1, "0000:02:10.0", "restore", ALLOWED);
        expect(h, "vm1", VM1, "0000:02:10.0", "prepare", ALLOWED);
        fixture_start(f);
        expect(h, "vm1", VM1, "0000:02:10.0", "prepare", ALLOWED);

        test_no_worker(h);
        fixture_tell(f, 1, "unrecord");
        fixture_tell(f, 1, "step restore done");
        fixture_tell(f, 1, "end done");
        expect_signal(f, "JobRemoved 1 ");
        fixture_set_domain(f, "vm1", DOMAIN_RUNNING, (const char *const[]) { "0000:02:10.0", NULL });
        fixture_send_world(f);
}

static void hibernate(Fixture *f, uint64_t id, const char *name, const char *path)
{
        _cleanup_free_ char *removed = format("JobRemoved %" PRIu64 " ", id);

        start_ok(f, id, "Hibernate", name, NULL);
        fixture_tell(f, id, "strategy suspend-to-ram");
        fixture_tell(f, id, "record 17");
        fixture_tell(f, id, "end done");
        expect_signal(f, removed);
        fixture_set_domain(f, name, DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, path, "State", "hibernated");
}

static void set_drivers(Fixture *f, const char *driver)
{
        for (size_t i = 0; i < f->world->n_functions; i++)
                CHECK(free_and_strdup(&f->world->functions[i].driver, driver) >= 0);
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_02_10_1"), "Driver", driver ? driver : "");
}

/* No function: libvirt must not begin, and all stays as it is. */
static void test_no_target(const Hook *h)
{
        set_drivers(h->fixture, "amdgpu");
        expect(h, "vm1", VM1, "0000:02:10.0", "restore", ALLOWED); /* see hook.c */
        expect(h, "vm1", VM1, "0000:02:10.0", "prepare", FAILURE_NO_FREE_FUNCTION, "amdgpu");
        set_drivers(h->fixture, NULL);
        expect(h, "vm1", VM1, "0000:02:10.0", "restore", ALLOWED);
        expect(h, "vm1", VM1, "0000:02:10.0", "prepare", FAILURE_FOREIGN_DRIVER, "is not on vfio-pci");
        set_drivers(h->fixture, "vfio-pci");
        expect(h, "vm1", VM1, NULL, "restore", ALLOWED);
        expect(h, "vm1", VM1, NULL, "prepare", FAILURE_HIBERNATED, "is that its image?");
        expect_property(h->fixture, VM1_PATH, "State", "hibernated");
}

/* The address of the one function in what the hook makes of the XML; it is in the job's hands. */
static char *expect_restore_of(const Hook *h, uint64_t id, const char *name, const char *uuid)
{
        _cleanup_free_ char *xml = make_xml(name, uuid, "0000:02:10.0"), *rewritten = NULL,
                            *path = format(VGPU_HIBERNATE_JOB_PATH "/%" PRIu64, id);
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_(domain_xml_done) DomainXml x = { 0 };

        if (run_for_xml(h, name, "restore", "begin", xml, strlen(xml), &rewritten, &why) < 0)
                (void) fprintf(stderr, "%s\n", failure_message(&why));
        CHECK(why.code == FAILURE_NONE && rewritten && strstr(rewritten, "managed=\"no\""));
        CHECK(domain_xml_parse(rewritten, &x, &why) >= 0 && x.n_functions == 1);
        expect_property(h->fixture, path, "Kind", "resume");
        expect_property(h->fixture, path, "Step", "restore");
        return format("%s", PCI_ADDRESS_STR(x.functions));
}

static char *expect_restore(const Hook *h, uint64_t id)
{
        char *target = expect_restore_of(h, id, "vm1", VM1);

        expect_property(h->fixture, VM1_PATH, "State", "resuming");
        return target;
}

static void test_hibernated(const Hook *h)
{
        _cleanup_free_ char *target = NULL, *again = NULL, *third = NULL;
        Fixture *f = h->fixture;

        hibernate(f, 2, "vm1", VM1_PATH);
        expect(h, "vm1", VM1, "0000:02:10.0", "prepare", FAILURE_HIBERNATED, "would lose its memory");
        expect(h, "vm1", VM1, NULL, "prepare", FAILURE_HIBERNATED, NULL); /* its XML was edited */
        expect(h, "vm1", VM1, NULL, "release", ALLOWED);
        test_no_target(h);

        target = expect_restore(h, 3);
        expect(h, "vm4", VM4, target, "prepare", FAILURE_FUNCTION_BUSY, "a job of domain 'vm1'");
        start_refused(f, VGPU_HIBERNATE_ERROR_DOMAIN_BUSY, "in job 3", "Resume", "vm1", NULL);

        /* Another function than the one that was chosen. */
        expect(h, "vm1", VM1, "0000:03:10.0", "prepare", FAILURE_HIBERNATED, "job 3");
        /* It is tried again; then another start, that would not restore. */
        again = expect_restore(h, 3);
        CHECK(streq(again, target));
        expect(h, "vm1", VM1, target, "prepare", ALLOWED);
        expect(h, "vm1", VM1, target, "prepare", FAILURE_HIBERNATED, "not the start that job 3 follows");

        /* What a daemon let begin, the next one does not know, but for the job. */
        CHECK(fixture_stop_daemon(f, SIGKILL) == SIGKILL);
        expect(h, "vm1", VM1, target, "prepare", FAILURE_DOMAIN_BUSY, "job 3 (resume)");
        expect(h, "vm1", VM1, target, "restore", ALLOWED);
        fixture_start(f);
        expect(h, "vm1", VM1, target, "prepare", FAILURE_HIBERNATED, "job 3");
        third = expect_restore(h, 3);
        CHECK(streq(third, target));
        expect(h, "vm1", VM1, target, "prepare", ALLOWED);

        fixture_tell(f, 3, "step restore done");
        fixture_tell(f, 3, "unrecord");
        fixture_tell(f, 3, "end done");
        expect_signal(f, "JobRemoved 3 ");
        expect_property(f, VM1_PATH, "State", "running");
        fixture_set_domain(f, "vm1", DOMAIN_RUNNING, (const char *const[]) { target, NULL });
        fixture_send_world(f);

        hibernate(f, 4, "vm1", VM1_PATH);
}

/* Two of them are restored at the same time, and there is one function. */
static void test_last_function(const Hook *h)
{
        _cleanup_free_ char *first = NULL, *second = NULL;
        Fixture *f = h->fixture;

        fixture_set_domain(f, "vm3", DOMAIN_RUNNING, (const char *const[]) { "0000:01:10.3", NULL });
        fixture_send_world(f);
        hibernate(f, 5, "vm3", VM3_PATH);
        set_drivers(f, "amdgpu");
        CHECK(free_and_strdup(&fixture_function(f, "0000:02:10.2")->driver, "vfio-pci") >= 0);
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_02_10_2"), "State", "free");

        first = expect_restore_of(h, 6, "vm3", VM3);
        CHECK(streq(first, "0000:02:10.2"));
        expect(h, "vm1", VM1, "0000:02:10.0", "restore", ALLOWED); /* see hook.c */
        expect(h, "vm1", VM1, "0000:02:10.0", "prepare", FAILURE_NO_FREE_FUNCTION, "no free function");
        expect(h, "vm3", VM3, first, "prepare", ALLOWED);
        expect_property(f, VM1_PATH, "State", "hibernated");

        /* libvirt did not succeed with that one, after all. */
        fixture_tell(f, 6, "fail RestoreFailed no");
        expect_signal(f, "JobRemoved 6 ");
        expect_property(f, VM3_PATH, "State", "hibernated");
        second = expect_restore(h, 7);
        CHECK(streq(second, first));
        fixture_tell(f, 7, "fail RestoreFailed no");
        expect_signal(f, "JobRemoved 7 ");

        start_ok(f, 8, "Discard", "vm3", NULL);
        fixture_tell(f, 8, "unrecord");
        fixture_tell(f, 8, "end done");
        expect_signal(f, "JobRemoved 8 ");
        set_drivers(f, "vfio-pci");
        expect(h, "vm3", VM3, "0000:01:10.3", "prepare", ALLOWED); /* a boot, as was asked for */
        expect(h, "vm3", VM3, "0000:01:10.3", "release", ALLOWED);
        expect_property(f, FUNCTION("0000_01_10_3"), "State", "free");
}

#define FAMILY(rest) "{\"schema\": 1, \"devices\": [\"1002:74b6\"], \"targets\": \"any\"" rest "}"

/* It would have to be asked before libvirt goes on, and may take its time. */
static void test_gate(const Hook *h)
{
        Fixture *f = h->fixture;

        CHECK(fixture_stop_daemon(f, SIGTERM) == 0);
        fixture_add_family(
                        f, "gated",
                        FAMILY(", \"gate\": {\"command\": [\"true\"], \"path\": \"/a\", \"accepts\": [\"b\"]}"));
        fixture_start(f);
        expect(h, "vm1", VM1, "0000:02:10.0", "restore", ALLOWED);
        expect(h, "vm1", VM1, "0000:02:10.0", "prepare", FAILURE_HIBERNATED, "is asked by jobs alone");
}

static void make_function(const Hook *h, const char *address, const char *class)
{
        const struct {
                const char *name, *value;
        } attributes[] = { { "vendor", "0x1002\n" }, { "device", "0x74b6\n" }, { "class", class } };
        _cleanup_free_ char *dir = format("%s/%s", h->pci_devices, address),
                            *link = format("%s/physfn", dir);
        _cleanup_close_ int fd = -EBADF;

        CHECK(mkdir(h->pci_devices, 0700) >= 0 || errno == EEXIST);
        CHECK(mkdir(dir, 0700) >= 0 && symlink("../0000:01:00.0", link) >= 0);
        fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        for (size_t i = 0; i < ELEMENTSOF(attributes); i++)
                CHECK(write_file_atomic_at(fd, attributes[i].name, attributes[i].value,
                                           strlen(attributes[i].value)) >= 0);
}

/* vm1 is hibernated. The expectations of all who do not answer are the same. */
static void expect_without_daemon(const Hook *h, const char *why)
{
        fixture_configure(h->fixture, "{\"schema\": 1}");
        expect(h, "vm1", VM1, "0000:02:10.0", "restore", ALLOWED);
        expect(h, "vm1", VM1, "0000:02:10.0", "prepare", FAILURE_HIBERNATED, why);
        expect(h, "vm1", VM1, NULL, "prepare", FAILURE_HIBERNATED, "would lose its memory");
        expect(h, "vm4", VM4, NULL, "prepare", ALLOWED);
        expect(h, "vm4", VM4, "0000:05:10.0", "prepare", ALLOWED); /* a network card's */
        expect(h, "vm4", VM4, "0000:77:10.0", "prepare", ALLOWED); /* of no device that there is */
        expect(h, "vm3", VM3, "0000:01:10.3", "prepare", FAILURE_HOST, why);
        expect(h, "vm3", VM3, "0000:01:10.3", "release", ALLOWED);

        fixture_configure(h->fixture, "{\"schema\": 1, \"start_without_daemon\": true}");
        expect(h, "vm3", VM3, "0000:01:10.3", "prepare", ALLOWED);
        expect(h, "vm1", VM1, "0000:02:10.0", "prepare", FAILURE_HIBERNATED, why);

        fixture_configure(h->fixture, "oops");
        expect(h, "vm4", VM4, "0000:05:10.0", "prepare", FAILURE_HOST, why); /* it might be ours */
        expect(h, "vm4", VM4, NULL, "prepare", ALLOWED);
}

static void test_without_daemon(const Hook *h)
{
        make_function(h, "0000:01:10.3", "0x120000\n");
        make_function(h, "0000:05:10.0", "0x020000\n");
        CHECK(fixture_stop_daemon(h->fixture, SIGTERM) == 0);
        expect_without_daemon(h, "vgpu-hibernated does not run");
        CHECK(setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent", true) == 0);
        expect_without_daemon(h, "the system bus cannot be reached");
}

/* A bus that takes the connection and says nothing. */
static void test_deadline(const Hook *h)
{
        _cleanup_free_ char *path = format("%s/silent", h->fixture->dir),
                            *address = format("unix:path=%s", path);
        _cleanup_close_ int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
        struct sockaddr_un sa = { .sun_family = AF_UNIX };
        uint64_t begin = clock_monotonic_usec();

        (void) snprintf(sa.sun_path, sizeof(sa.sun_path), "%s", path);
        CHECK(fd >= 0 && bind(fd, (struct sockaddr *) &sa, sizeof(sa)) >= 0 && listen(fd, 5) >= 0);
        CHECK(setenv("DBUS_SESSION_BUS_ADDRESS", address, true) == 0);
        expect(h, "vm1", VM1, "0000:02:10.0", "prepare", FAILURE_HIBERNATED, "does not answer");
        CHECK(clock_monotonic_usec() - begin < HOOK_DEADLINE_USEC + USEC_PER_SEC);
}

/* No state at all: a machine where this was installed, and nothing more. */
static void test_fresh_machine(const Hook *h)
{
        const Hook fresh = {
                .fixture = h->fixture,
                .config = (char *) "/nonexistent/config",
                .state_dir = (char *) "/nonexistent/state",
                .pci_devices = h->pci_devices,
        };

        CHECK(setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent", true) == 0);
        expect(&fresh, "vm1", VM1, NULL, "prepare", ALLOWED);
        expect(&fresh, "vm1", VM1, "0000:05:10.0", "restore", ALLOWED);
        expect(&fresh, "vm1", VM1, "0000:05:10.0", "prepare", ALLOWED);
}

int main(int argc, char *argv[])
{
        Fixture f;
        Hook h;

        fixture_init(&f, argv);
        CHECK(setenv("DBUS_SESSION_BUS_ADDRESS", f.bus_address, true) == 0);
        h = (Hook) {
                .fixture = &f,
                .config = format("%s/config.json", f.dir),
                .state_dir = format("%s/state", f.dir),
                .pci_devices = format("%s/devices", f.dir),
        };

        fixture_add_family(&f, "gated", FAMILY(""));
        fixture_start(&f);
        test_functions(&h);
        test_returned(&h);
        test_not_ours(&h);
        test_strange_input(&h);
        test_own_job(&h);
        test_hibernated(&h);
        test_last_function(&h);
        test_gate(&h);
        test_without_daemon(&h);
        test_deadline(&h);
        test_fresh_machine(&h);
        fixture_done(&f);
        free(h.config);
        free(h.state_dir);
        free(h.pci_devices);
        return EXIT_SUCCESS;
}
