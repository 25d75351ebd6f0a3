/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What is refused, by which name, with which words, before anything is touched. */

#include "fixture.h"

#define FUNCTION(name) VGPU_HIBERNATE_FUNCTION_PATH "/" name
#define ERROR(name) VGPU_HIBERNATE_ERROR_##name

#define ONE(a)                \
        (const char *const[]) \
        {                     \
                a, NULL       \
        }
#define TWO(a, b)             \
        (const char *const[]) \
        {                     \
                a, b, NULL    \
        }

/* The world is not known yet. */
static void test_no_world(Fixture *f)
{
        fixture_start_daemon(f);
        expect_property(f, VGPU_HIBERNATE_ROOT_PATH, "Degraded", "true");
        start_refused(f, ERROR(LIBVIRT), "not known yet", "Hibernate", "vm1", NULL);

        f->world->libvirt_ok = false;
        CHECK(free_and_strdup(&f->world->libvirt_error, "it sleeps") >= 0);
        fixture_send_world(f);
        expect_property(f, VGPU_HIBERNATE_ROOT_PATH, "DegradedReason", "libvirt does not answer: it sleeps");
        start_refused(f, ERROR(LIBVIRT), "it sleeps", "Hibernate", "vm1", NULL);

        f->world->libvirt_ok = true;
        CHECK(free_and_strdup(&f->world->libvirt_error, NULL) >= 0);
        fixture_send_world(f);
        expect_property(f, VGPU_HIBERNATE_ROOT_PATH, "DegradedReason", "");
}

static void test_domains(Fixture *f)
{
        _cleanup_free_ char *name = malloc(4096);

        CHECK(name);
        start_refused(f, ERROR(UNKNOWN_DOMAIN), "virsh list --all", "Hibernate", "nobody", NULL);
        start_refused(f, ERROR(UNKNOWN_DOMAIN), "virsh list --all", "Resume", "", NULL);
        start_refused(f, ERROR(UNKNOWN_DOMAIN), "virsh list --all", "Move", "33333333", NULL);
        memset(name, 'x', 4095);
        name[4095] = '\0';
        start_refused(f, ERROR(UNKNOWN_DOMAIN), "1024", "Hibernate", name, NULL);

        start_refused(f, ERROR(NOT_RUNNING), "start it first", "Hibernate", "vm3", NULL);
        start_refused(f, ERROR(NOT_RUNNING), "shut-off", "Move", VM3, NULL);
        start_refused(f, ERROR(NOT_HIBERNATED), "nothing to resume", "Resume", "vm1", NULL);
        start_refused(f, ERROR(NOT_HIBERNATED), "no record of a hibernation", "Resume", "vm3", NULL);

        fixture_set_domain(f, "plain", DOMAIN_RUNNING, (const char *const[]) { NULL });
        fixture_set_domain(f, "foreign", DOMAIN_RUNNING, ONE("0000:09:00.0"));
        fixture_set_domain(f, "transient", DOMAIN_RUNNING, ONE("0000:02:10.0"));
        fixture_domain(f, "transient")->persistent = false;
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_02_10_0"), "Domain", "transient");
        start_refused(f, ERROR(NO_FUNCTION), "owns no virtual function", "Hibernate", "plain", NULL);
        start_refused(f, ERROR(NO_FUNCTION), "0000:09:00.0", "Hibernate", "foreign", NULL);
        start_refused(f, ERROR(NO_FUNCTION), "functions.match", "Move", "foreign", NULL);
        start_refused(f, ERROR(NOT_PERSISTENT), "virsh define", "Hibernate", "transient", NULL);
}

/* Alike is not enough: MI300X stays on its card, and what nobody knows on its function. */
static void test_families(Fixture *f)
{
        static const char *const card[] = { "0000:05:10.0", "0000:05:10.1", "0000:06:10.0" };

        for (size_t i = 0; i < ELEMENTSOF(card); i++)
                fixture_function(f, card[i])->identity.device = 0x74b5;
        fixture_set_domain(f, "mi300x", DOMAIN_RUNNING, ONE("0000:05:10.0"));
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_05_10_0"), "Family", "amd-mi300x");
        start_refused(f, ERROR(INCOMPATIBLE), "families.d", "Move", "mi300x", ONE("0000:06:10.0"));

        fixture_set_domain(f, "other", DOMAIN_RUNNING, ONE("0000:05:10.1"));
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_05_10_1"), "Domain", "other");
        start_refused(f, ERROR(INCOMPATIBLE), "same physical function", "Move", "mi300x", NULL);

        for (size_t i = 0; i < ELEMENTSOF(card); i++)
                fixture_function(f, card[i])->identity.device = 0x1234;
        fixture_set_domain(f, "other", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_05_10_1"), "State", "free");
        start_refused(f, ERROR(INCOMPATIBLE), "no known family", "Move", "mi300x", ONE("0000:05:10.1"));
}

static void test_targets(Fixture *f)
{
        start_refused(f, ERROR(UNKNOWN_FUNCTION), "0000:09:00.0", "Move", "vm1", ONE("0000:09:00.0"));
        start_refused(f, ERROR(FUNCTION_BUSY), "assigned to domain vm2", "Move", "vm1", ONE("0000:01:10.1"));
        start_refused(f, ERROR(FUNCTION_BUSY), "0000:01:10.0", "Move", "vm1", ONE("0000:01:10.0"));
        start_refused(f, ERROR(FOREIGN_DRIVER), "amdgpu", "Move", "vm1", ONE("0000:02:10.3"));
        start_refused(f, ERROR(INCOMPATIBLE), "0000:03:10.0", "Move", "vm1", ONE("0000:03:10.0"));
        start_refused(f, ERROR(INVALID_OPTION), "needs 2", "Move", "vm2", ONE("0000:02:10.1"));
        start_refused(f, ERROR(INVALID_OPTION), "needs 1", "Move", "vm1", (const char *const[]) { NULL });
        start_refused(f, ERROR(INVALID_OPTION), "twice", "Move", "vm2", TWO("0000:02:10.1", "0000:02:10.1"));
        start_refused(f, ERROR(INVALID_OPTION), "no PCI address", "Move", "vm1", ONE("card 7"));
        start_refused(f, ERROR(INVALID_OPTION), "'strategy'", "Hibernate", "vm1", ONE("0000:02:10.1"));

        /* 02:10.0 is transient's, 02:10.3 amdgpu's, 01:10.3 and 02:10.1, 02:10.2 are free: three at most. */
        fixture_set_domain(f, "big", DOMAIN_RUNNING, TWO("0000:02:10.1", "0000:02:10.2"));
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_02_10_1"), "State", "assigned");
        start_refused(f, ERROR(NO_FREE_FUNCTION), "0000:02:10.3", "Move", "vm2", NULL);
        fixture_set_domain(f, "big", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, FUNCTION("0000_02_10_1"), "State", "free");
}

static void test_busy(Fixture *f)
{
        start_ok(f, 1, "Move", "vm1", ONE("0000:02:10.1"));
        expect_property(f, VGPU_HIBERNATE_JOB_PATH "/1", "State", "running");
        start_refused(f, ERROR(DOMAIN_BUSY), "job 1", "Move", "vm1", NULL);
        start_refused(f, ERROR(DOMAIN_BUSY), "moving", "Hibernate", VM1, NULL);
        start_refused(f, ERROR(DOMAIN_BUSY), "job 1", "Resume", "vm1", NULL);
        start_refused(f, ERROR(FUNCTION_BUSY), "leased", "Move", "vm2", TWO("0000:02:10.1", "0000:02:10.2"));
        fixture_tell(f, 1, "fail NoAgent it does not answer");
        expect_signal(f, "JobRemoved 1 ");
}

/* An open a{sv}, to be filled with one thing of any type. */
static sd_bus_message *new_call(Fixture *f, const char *method, const char *domain)
{
        sd_bus_message *call;

        CHECK(sd_bus_message_new_method_call(f->bus, &call, VGPU_HIBERNATE_BUS_NAME,
                                             VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                             method) >= 0);
        CHECK(sd_bus_message_append(call, "s", domain) >= 0);
        CHECK(sd_bus_message_open_container(call, 'a', "{sv}") >= 0);
        return call;
}

/* Takes the call. */
static void expect_invalid(Fixture *f, sd_bus_message *call, const char *words)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_free_ char *error = NULL, *message = NULL;

        CHECK(sd_bus_message_close_container(call) >= 0);
        error = call_message(f, call, &reply, &message);
        CHECK(streq_ptr(error, ERROR(INVALID_OPTION)));
        if (!strstr(message, words))
                (void) fprintf(stderr, "%s\n", message);
        CHECK(strstr(message, words));
        sd_bus_message_unref(call);
}

static void test_options(Fixture *f)
{
        static const char *const methods[] = { "Hibernate", "Resume", "Move" };
        char key[1024] = { 0 };
        sd_bus_message *call;

        memset(key, 'k', sizeof(key) - 1);

        for (size_t i = 0; i < ELEMENTSOF(methods); i++) {
                const char *known = streq(methods[i], "Resume") ? "functions" : "strategy";

                call = new_call(f, methods[i], "vm1");
                CHECK(sd_bus_message_append(call, "{sv}", "colour", "s", "red") >= 0);
                expect_invalid(f, call, "'colour'");

                call = new_call(f, methods[i], "vm1");
                CHECK(sd_bus_message_append(call, "{sv}", "", "s", "red") >= 0);
                expect_invalid(f, call, known);

                call = new_call(f, methods[i], "vm1");
                CHECK(sd_bus_message_append(call, "{sv}", key, "s", "red") >= 0);
                expect_invalid(f, call, "too long");

                /* Wrong types of a known key, simple and nested. */
                call = new_call(f, methods[i], "vm1");
                CHECK(sd_bus_message_append(call, "{sv}", known, "t", UINT64_C(7)) >= 0);
                expect_invalid(f, call, "D-Bus type");
                call = new_call(f, methods[i], "vm1");
                CHECK(sd_bus_message_append(call, "{sv}", known, "a{sv}", 1, "a", "as", 1, "b") >= 0);
                expect_invalid(f, call, "D-Bus type");
                call = new_call(f, methods[i], "vm1");
                CHECK(sd_bus_message_append(call, "{sv}", known, "(sv)", "x", "v", "s", "y") >= 0);
                expect_invalid(f, call, "D-Bus type");

                call = new_call(f, methods[i], "vm1");
                if (streq(known, "strategy")) {
                        CHECK(sd_bus_message_append(call, "{sv}", known, "s", "auto") >= 0);
                        CHECK(sd_bus_message_append(call, "{sv}", known, "s", "auto") >= 0);
                } else {
                        CHECK(sd_bus_message_append(call, "{sv}", known, "as", 1, "0000:02:10.1") >= 0);
                        CHECK(sd_bus_message_append(call, "{sv}", known, "as", 1, "0000:02:10.1") >= 0);
                }
                expect_invalid(f, call, "twice");
        }

        call = new_call(f, "Hibernate", "vm1");
        CHECK(sd_bus_message_append(call, "{sv}", "strategy", "s", "by magic") >= 0);
        expect_invalid(f, call, "'suspend-to-ram'");

        call = new_call(f, "Resume", "vm1");
        CHECK(sd_bus_message_append(call, "{sv}", "strategy", "s", "auto") >= 0);
        expect_invalid(f, call, "'functions'");

        call = new_call(f, "Move", "vm1");
        CHECK(sd_bus_message_open_container(call, 'e', "sv") >= 0);
        CHECK(sd_bus_message_append(call, "s", "functions") >= 0);
        CHECK(sd_bus_message_open_container(call, 'v', "as") >= 0);
        CHECK(sd_bus_message_open_container(call, 'a', "s") >= 0);
        for (unsigned i = 0; i < 1000; i++) {
                (void) snprintf(key, sizeof(key), "%04x:01:10.0", i);
                CHECK(sd_bus_message_append(call, "s", key) >= 0);
        }
        CHECK(sd_bus_message_close_container(call) >= 0);
        CHECK(sd_bus_message_close_container(call) >= 0);
        CHECK(sd_bus_message_close_container(call) >= 0);
        expect_invalid(f, call, "too many");

        /* None of it became a job. */
        CHECK(!get_property(f, VGPU_HIBERNATE_JOB_PATH "/2", "Id"));
}

/* Messages of other signatures never reach the daemon's code. */
static void test_signatures(Fixture *f)
{
        _cleanup_free_ char *error = simple_call(f, VGPU_HIBERNATE_ROOT_PATH, "Hibernate", "s", "vm1");

        CHECK(streq_ptr(error, SD_BUS_ERROR_INVALID_ARGS));
}

/* A record, but libvirt has forgotten the domain. */
static void test_undefined(Fixture *f)
{
        start_ok(f, 2, "Hibernate", "vm1", NULL);
        fixture_tell(f, 2, "strategy suspend-to-ram");
        fixture_tell(f, 2, "record 17");
        fixture_tell(f, 2, "end done");
        expect_signal(f, "JobRemoved 2 ");
        fixture_set_domain(f, "vm1", DOMAIN_SHUTOFF, NULL);
        fixture_send_world(f);
        expect_property(f, VM1_PATH, "State", "hibernated");
        start_refused(f, ERROR(NOT_RUNNING), "resume it first", "Hibernate", "vm1", NULL);

        CHECK(free_and_strdup(&fixture_domain(f, "vm1")->uuid, "44444444-4444-4444-4444-444444444444") >= 0);
        CHECK(free_and_strdup(&fixture_domain(f, "vm1")->name, "other") >= 0);
        fixture_send_world(f);
        expect_signal(f, "InterfacesAdded " VGPU_HIBERNATE_DOMAIN_PATH "/44444444");
        expect_property(f, VM1_PATH, "State", "hibernated");
        start_refused(f, ERROR(UNKNOWN_DOMAIN), "virsh define", "Resume", VM1, NULL);
}

int main(int argc, char *argv[])
{
        Fixture f;

        fixture_init(&f, argv);
        test_no_world(&f);
        test_domains(&f);
        test_targets(&f);
        test_families(&f);
        test_busy(&f);
        test_options(&f);
        test_signatures(&f);
        test_undefined(&f);
        fixture_done(&f);
        return EXIT_SUCCESS;
}
