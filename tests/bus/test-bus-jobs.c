/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Jobs from the request to their end, as a client sees them. */

#include <signal.h>

#include "fixture.h"

#define JOB(n) VGPU_HIBERNATE_JOB_PATH "/" #n
#define FUNCTION(name) VGPU_HIBERNATE_FUNCTION_PATH "/" name
#define POOL(name) VGPU_HIBERNATE_POOL_PATH "/" name

static void test_objects(Fixture *f)
{
        fixture_start(f);

        expect_property(f, VM1_PATH, "Name", "vm1");
        expect_property(f, VM1_PATH, "UUID", VM1);
        expect_property(f, VM1_PATH, "State", "running");
        expect_property(f, VM1_PATH, "Functions", "[0000:01:10.0]");
        expect_property(f, VM1_PATH, "Strategy", "");
        expect_property(f, VM1_PATH, "ImageBytes", "0");
        expect_property(f, VM1_PATH, "Job", "/");
        expect_property(f, VM3_PATH, "State", "shut-off");

        expect_property(f, FUNCTION("0000_01_10_0"), "Address", "0000:01:10.0");
        expect_property(f, FUNCTION("0000_01_10_0"), "PhysicalFunction", "0000:01:00.0");
        expect_property(f, FUNCTION("0000_01_10_0"), "Device", "1002:74b6");
        expect_property(f, FUNCTION("0000_01_10_0"), "Driver", "vfio-pci");
        expect_property(f, FUNCTION("0000_01_10_0"), "IommuGroup", "100");
        expect_property(f, FUNCTION("0000_01_10_0"), "NumaNode", "0");
        expect_property(f, FUNCTION("0000_01_10_0"), "Pool", "1002-74b6");
        expect_property(f, FUNCTION("0000_01_10_0"), "State", "assigned");
        expect_property(f, FUNCTION("0000_01_10_0"), "Domain", "vm1");
        expect_property(f, FUNCTION("0000_01_10_0"), "Reason", "");
        expect_property(f, FUNCTION("0000_01_10_3"), "State", "free"); /* vm3 is not active */

        expect_property(f, POOL("_31002_2d74b6"), "Name", "1002-74b6");
        expect_property(f, POOL("_31002_2d74b6"), "Policy", "pack");
        expect_property(f, POOL("_31002_2d74b6"), "Total", "8");
        expect_property(f, POOL("_31002_2d74b6"), "Assigned", "3");
        expect_property(f, POOL("_31002_2d74b6"), "Free", "5");
        expect_property(f, POOL("_31002_2d74bc"), "Total", "1");
        CHECK(!get_property(f, POOL("1002_2d74b6"), "Name"));

        /* No second path for the same thing, and none for what is not there. */
        CHECK(!get_property(f, VGPU_HIBERNATE_FUNCTION_PATH "/00000_01_10_0", "Address"));
        CHECK(!get_property(f, VGPU_HIBERNATE_FUNCTION_PATH "/0000_09_10_0", "Address"));
        CHECK(!get_property(f, VGPU_HIBERNATE_DOMAIN_PATH "/99999999_9999_9999_9999_999999999999", "Name"));
        CHECK(!get_property(f, JOB(1), "Id"));
}

static void expect_path(Fixture *f, const char *method, const char *argument, const char *expected)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        const char *path;

        CHECK(sd_bus_call_method(f->bus, VGPU_HIBERNATE_BUS_NAME, VGPU_HIBERNATE_ROOT_PATH,
                                 VGPU_HIBERNATE_MANAGER_INTERFACE, method, NULL, &reply, "s",
                                 argument) >= 0);
        CHECK(sd_bus_message_read(reply, "o", &path) > 0);
        CHECK(streq(path, expected));
}

static void test_look_ups(Fixture *f)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *e1 = NULL, *e2 = NULL;

        expect_path(f, "GetDomain", "vm1", VM1_PATH);
        expect_path(f, "GetDomain", VM2, VM2_PATH);
        expect_path(f, "GetFunction", "0000:02:10.1", FUNCTION("0000_02_10_1"));

        e1 = simple_call(f, VGPU_HIBERNATE_ROOT_PATH, "GetDomain", "s", "nobody");
        CHECK(streq_ptr(e1, VGPU_HIBERNATE_ERROR_UNKNOWN_DOMAIN));
        e2 = simple_call(f, VGPU_HIBERNATE_ROOT_PATH, "GetFunction", "s", "0000:09:10.0");
        CHECK(streq_ptr(e2, VGPU_HIBERNATE_ERROR_UNKNOWN_FUNCTION));
        CHECK(sd_bus_call_method(f->bus, VGPU_HIBERNATE_BUS_NAME, VGPU_HIBERNATE_ROOT_PATH,
                                 VGPU_HIBERNATE_MANAGER_INTERFACE, "GetJob", &error, NULL, "t",
                                 UINT64_C(1)) < 0);
        CHECK(streq(error.name, VGPU_HIBERNATE_ERROR_UNKNOWN_JOB));
}

static void test_world_changes(Fixture *f)
{
        forget_signals(f);
        fixture_set_domain(f, "vm9", DOMAIN_PAUSED, (const char *const[]) { NULL });
        fixture_send_world(f);
        expect_signal(f, "InterfacesAdded " VGPU_HIBERNATE_DOMAIN_PATH "/00000004_");

        fixture_set_domain(f, "vm9", DOMAIN_PMSUSPENDED, NULL);
        fixture_send_world(f);
        expect_signal(f, "State=suspended ");

        /* Exactly what changed, and nothing of what did not. */
        CHECK(free_and_strdup(&fixture_function(f, "0000:01:10.3")->driver, NULL) >= 0);
        fixture_send_world(f);
        expect_signal(f, "PropertiesChanged " FUNCTION("0000_01_10_3") " Driver= ");
        CHECK(free_and_strdup(&fixture_function(f, "0000:01:10.3")->driver, "vfio-pci") >= 0);

        world_domain_done(f->world->domains + f->world->n_domains - 1);
        f->world->n_domains--;
        fixture_send_world(f);
        expect_signal(f, "InterfacesRemoved " VGPU_HIBERNATE_DOMAIN_PATH "/00000004_");
        CHECK(!had_signal(f, VM1_PATH));
}

static void test_hibernate(Fixture *f)
{
        _cleanup_free_ char *late = NULL;

        forget_signals(f);
        start_ok(f, 1, "Hibernate", "vm1", NULL);
        expect_signal(f, "InterfacesAdded " JOB(1));
        expect_signal(f, "JobNew 1 " JOB(1));
        expect_property(f, JOB(1), "State", "running");

        expect_property(f, JOB(1), "Id", "1");
        expect_property(f, JOB(1), "Kind", "hibernate");
        expect_property(f, JOB(1), "Domain", "vm1");
        expect_property(f, JOB(1), "DomainUUID", VM1);
        expect_property(f, JOB(1), "Strategy", "auto");
        expect_property(f, JOB(1), "Functions", "[[0000:01:10.0 ]]");
        expect_property(f, JOB(1), "StepCount", "1");
        expect_property(f, JOB(1), "Cancelable", "true");
        expect_property(f, VM1_PATH, "State", "hibernating");
        expect_property(f, VM1_PATH, "Job", JOB(1));

        fixture_tell(f, 1, "step check started");
        expect_property(f, JOB(1), "Step", "check");
        expect_property(f, JOB(1), "StepNumber", "1");
        fixture_tell(f, 1, "step check done");
        fixture_tell(f, 1, "strategy suspend-to-ram");
        expect_property(f, JOB(1), "Strategy", "suspend-to-ram");
        expect_property(f, JOB(1), "StepCount", "7");
        fixture_tell(f, 1, "step suspend done");
        fixture_tell(f, 1, "step set-mode done");
        fixture_tell(f, 1, "step save started");
        expect_property(f, JOB(1), "Step", "save");
        expect_property(f, JOB(1), "Progress", "0.429");

        fixture_tell(f, 1, "bytes 1000 4000");
        expect_signal(f, "BytesTotal=4000 ");
        expect_property(f, JOB(1), "Bytes", "1000");
        expect_property(f, JOB(1), "Progress", "0.464");

        /* The source is the job's until it is reset, though its domain has let go of it. */
        fixture_tell(f, 1, "step save done");
        fixture_set_domain(f, "vm1", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_01_10_0"), "State", "leased");
        expect_property(f, FUNCTION("0000_01_10_0"), "Domain", "vm1");

        fixture_tell(f, 1, "record 4000");
        fixture_tell(f, 1, "step sync done");
        expect_property(f, JOB(1), "Cancelable", "false");
        late = simple_call(f, JOB(1), "Cancel", NULL, NULL);
        CHECK(streq_ptr(late, VGPU_HIBERNATE_ERROR_TOO_LATE));

        fixture_tell(f, 1, "step release done");
        fixture_tell(f, 1, "step clean done");
        fixture_tell(f, 1, "end done");
        expect_signal(f, "State=done ");
        expect_signal(f, "JobRemoved 1 " JOB(1) " done");
        expect_property(f, JOB(1), "State", "done");
        expect_property(f, JOB(1), "Progress", "1.000");
        expect_property(f, VM1_PATH, "State", "hibernated");
        expect_property(f, VM1_PATH, "Strategy", "suspend-to-ram");
        expect_property(f, VM1_PATH, "ImageBytes", "4000");
        expect_property(f, VM1_PATH, "Job", "/");
        expect_property(f, FUNCTION("0000_01_10_0"), "State", "free");
}

static void test_resume(Fixture *f)
{
        const char *const functions[] = { "0000:02:10.0", NULL };

        forget_signals(f);
        start_ok(f, 2, "Resume", VM1, functions);
        expect_property(f, JOB(2), "State", "running");
        expect_property(f, JOB(2), "Functions", "[[0000:01:10.0 0000:02:10.0]]");
        expect_property(f, JOB(2), "Strategy", "suspend-to-ram"); /* the image's */
        expect_property(f, VM1_PATH, "State", "resuming");
        expect_property(f, FUNCTION("0000_02_10_0"), "State", "leased");
        expect_property(f, FUNCTION("0000_01_10_0"), "State", "free"); /* it left that long ago */

        /* The world says nothing yet: the journal does. */
        fixture_tell(f, 2, "unrecord");
        fixture_tell(f, 2, "end done");
        expect_signal(f, "JobRemoved 2 " JOB(2) " done");
        expect_property(f, VM1_PATH, "State", "running");
        expect_property(f, VM1_PATH, "Functions", "[0000:02:10.0]");
        expect_property(f, FUNCTION("0000_02_10_0"), "State", "assigned");

        /* A snapshot from before changes nothing, the one after it confirms. */
        fixture_send_world(f);
        fixture_set_domain(f, "vm3", DOMAIN_CRASHED, NULL);
        fixture_send_world(f);
        expect_property(f, VM3_PATH, "State", "crashed");
        expect_property(f, VM1_PATH, "State", "running");
        fixture_set_domain(f, "vm1", DOMAIN_RUNNING, functions);
        fixture_set_domain(f, "vm3", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, VM3_PATH, "State", "shut-off");
        fixture_set_domain(f, "vm1", DOMAIN_PAUSED, functions);
        fixture_send_world(f);
        expect_property(f, VM1_PATH, "State", "paused");
        fixture_set_domain(f, "vm1", DOMAIN_RUNNING, functions);
        fixture_send_world(f);
        expect_property(f, VM1_PATH, "State", "running");
}

/* A hibernate whose end comes before the world's news of it: the resume that follows at once must work. */
static void test_resume_at_once(Fixture *f)
{
        start_ok(f, 3, "Hibernate", "vm1", NULL);
        fixture_tell(f, 3, "strategy suspend-to-disk");
        fixture_tell(f, 3, "record 0");
        fixture_tell(f, 3, "end done");
        expect_signal(f, "JobRemoved 3 " JOB(3) " done");
        expect_property(f, VM1_PATH, "State", "hibernated");
        expect_property(f, VM1_PATH, "Strategy", "suspend-to-disk");

        start_ok(f, 4, "Resume", "vm1", NULL);
        fixture_tell(f, 4, "unrecord");
        fixture_tell(f, 4, "fail NoAgent it said nothing");
        expect_signal(f, "JobRemoved 4 " JOB(4) " failed");
        expect_property(f, JOB(4), "Error", VGPU_HIBERNATE_ERROR_NO_AGENT);
        expect_property(f, JOB(4), "ErrorMessage", "it said nothing");
        fixture_send_world(f);
}

static void test_move(Fixture *f)
{
        forget_signals(f);
        start_ok(f, 5, "Move", "vm2", NULL);
        expect_property(f, JOB(5), "State", "running");
        expect_property(f, VM2_PATH, "State", "moving");

        /* Away from the card, both together; the one with a foreign driver is not taken. */
        expect_property(f, JOB(5), "Functions", "[[0000:01:10.1 0000:02:10.1] [0000:01:10.2 0000:02:10.2]]");
        expect_property(f, FUNCTION("0000_02_10_1"), "State", "leased");
        expect_property(f, FUNCTION("0000_01_10_1"), "State", "assigned");

        /* Restored, but what it left is not reset yet. */
        fixture_set_domain(f, "vm2", DOMAIN_RUNNING,
                           (const char *const[]) { "0000:02:10.1", "0000:02:10.2", NULL });
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_02_10_1"), "State", "assigned");
        expect_property(f, FUNCTION("0000_01_10_1"), "State", "leased");

        fixture_tell(f, 5, "end done");
        expect_signal(f, "JobRemoved 5 " JOB(5) " done");
        expect_property(f, FUNCTION("0000_01_10_1"), "State", "free");

        /* finished_jobs_max is 3. */
        expect_signal(f, "InterfacesRemoved " JOB(2));
        CHECK(!get_property(f, JOB(2), "Id"));
        expect_property(f, JOB(3), "Id", "3");
}

static void test_cancel(Fixture *f)
{
        _cleanup_free_ char *error = NULL, *late = NULL;

        forget_signals(f);
        start_ok(f, 6, "Hibernate", "vm2", NULL);
        expect_property(f, JOB(6), "State", "running");
        error = simple_call(f, JOB(6), "Cancel", NULL, NULL);
        CHECK(!error);
        expect_signal(f, "JobRemoved 6 " JOB(6) " canceled");
        expect_property(f, JOB(6), "Error", VGPU_HIBERNATE_ERROR_CANCELED);

        late = simple_call(f, JOB(6), "Cancel", NULL, NULL);
        CHECK(streq_ptr(late, VGPU_HIBERNATE_ERROR_TOO_LATE));
        expect_property(f, VM2_PATH, "State", "running");
}

static void fail_resume(Fixture *f, uint64_t id, const char *how)
{
        _cleanup_free_ char *removed = format("JobRemoved %" PRIu64 " ", id);

        start_ok(f, id, "Resume", "vm2", NULL);
        fixture_tell(f, id, how);
        expect_signal(f, removed);
}

/* Which a later failure that has nothing to do with the image does not heal. */
static void test_damage(Fixture *f)
{
        start_ok(f, 7, "Hibernate", "vm2", NULL);
        fixture_tell(f, 7, "strategy suspend-to-ram");
        fixture_tell(f, 7, "record 17");
        fixture_tell(f, 7, "end done");
        expect_signal(f, "JobRemoved 7 ");
        fixture_set_domain(f, "vm2", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, VM2_PATH, "State", "hibernated");

        fail_resume(f, 8, "fail ImageDamaged it is cut off");
        expect_property(f, VM2_PATH, "State", "failed");
        fail_resume(f, 9, "fail Libvirt it sleeps");
        expect_property(f, VM2_PATH, "State", "failed");

        start_ok(f, 10, "Resume", "vm2", NULL);
        fixture_tell(f, 10, "step bind undone");
        fixture_tell(f, 10, "fail BindFailed the card is gone");
        expect_signal(f, "JobRemoved 10 ");
        expect_property(f, VM2_PATH, "State", "hibernated");
}

/* One of two is exchanged. */
static void test_partial_move(Fixture *f)
{
        fixture_set_domain(f, "pair", DOMAIN_RUNNING,
                           (const char *const[]) { "0000:01:10.1", "0000:01:10.2", NULL });
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_01_10_2"), "State", "assigned");

        start_refused(f, VGPU_HIBERNATE_ERROR_INVALID_OPTION, "nothing to move", "Move", "pair",
                      (const char *const[]) { "0000:01:10.1", "0000:01:10.2", NULL });
        start_refused(f, VGPU_HIBERNATE_ERROR_FUNCTION_BUSY, "assigned to domain pair", "Move", "pair",
                      (const char *const[]) { "0000:01:10.2", "0000:01:10.1", NULL });
        start_ok(f, 11, "Move", "pair", (const char *const[]) { "0000:01:10.1", "0000:02:10.2", NULL });
        expect_property(f, JOB(11), "Functions",
                        "[[0000:01:10.1 0000:01:10.1] [0000:01:10.2 0000:02:10.2]]");
        expect_property(f, FUNCTION("0000_02_10_2"), "State", "leased");
        fixture_tell(f, 11, "end done");
        expect_signal(f, "JobRemoved 11 ");
}

int main(int argc, char *argv[])
{
        Fixture f;

        fixture_init(&f, argv);
        test_objects(&f);
        test_look_ups(&f);
        test_world_changes(&f);
        test_hibernate(&f);
        test_resume(&f);
        test_resume_at_once(&f);
        test_move(&f);
        test_cancel(&f);
        test_damage(&f);
        test_partial_move(&f);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
