/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/qmp.h"

#include "test.h"

static void test_commands(void)
{
        for (QmpCommand c = 0; c < _QMP_COMMAND_MAX; c++)
                CHECK(strstr(qmp_command_text(c), "\"execute\""));

        CHECK(strstr(qmp_command_text(QMP_SET_MODE_CPR_REBOOT), "\"cpr-reboot\""));
        CHECK(strstr(qmp_command_text(QMP_SET_MODE_NORMAL), "\"normal\""));
}

static void test_status(void)
{
        static const struct {
                const char *status;
                QmpStatus expected;
        } cases[] = {
                { "running", { .status = QEMU_RUNNING } },
                { "paused", { .status = QEMU_PAUSED } },
                { "suspended", { .status = QEMU_SUSPENDED } },
                { "finish-migrate", { .status = QEMU_FINISH_MIGRATE } },
                { "postmigrate", { .status = QEMU_POSTMIGRATE } },
                { "prelaunch", { .status = QEMU_PAUSED, .prelaunch = true } },
                { "inmigrate", { .status = QEMU_PAUSED, .incoming = true } },
                { "guest-panicked", { .status = QEMU_OTHER } },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *reply = NULL;
                QmpStatus got;

                CHECK(asprintf(&reply,
                               "{\"return\":{\"status\":\"%s\",\"running\":false},\"id\":\"libvirt-9\"}",
                               cases[i].status) >= 0);
                CHECK(qmp_parse_status(reply, &got, NULL) >= 0);
                CHECK(got.status == cases[i].expected.status);
                CHECK(got.prelaunch == cases[i].expected.prelaunch);
                CHECK(got.incoming == cases[i].expected.incoming);
        }
}

/* In QEMU 10.0's own words. */
static void test_migration_blockers(void)
{
        static const struct {
                const char *reply, *expected;
        } cases[] = {
                { "{\"return\":{},\"id\":\"libvirt-9\"}", NULL },
                { "{\"return\":{\"blocked-reasons\":7}}", NULL },
                { "{\"return\":{\"blocked-reasons\":[\"0000:01:10.0: VFIO migration is not supported in kernel\"]}}",
                  "0000:01:10.0: VFIO migration is not supported in kernel" },
                { "{\"return\":{\"blocked-reasons\":[\"one\",\"two\"],\"status\":\"completed\"}}",
                  "one; two" },
        };
        char *blockers = NULL;

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                _cleanup_free_ char *got = NULL;

                CHECK(qmp_parse_migration_blockers(cases[i].reply, &got, NULL) >= 0);
                CHECK(streq_ptr(got, cases[i].expected));
        }

        CHECK(qmp_parse_migration_blockers("{\"error\":{\"desc\":\"no\"}}", &blockers, NULL) < 0 &&
              !blockers);
}

static void test_error(void)
{
        _cleanup_(failure_done) Failure why = { 0 };

        CHECK(qmp_check_reply("{\"return\":{},\"id\":\"libvirt-12\"}", NULL) >= 0);
        CHECK(qmp_check_reply("{\"id\":\"libvirt-12\",\"error\":{\"class\":\"GenericError\","
                              "\"desc\":\"Parameter "
                              "'mode' is unexpected\"}}",
                              &why) < 0);
        CHECK(why.code == FAILURE_LIBVIRT);
        CHECK(strstr(why.message, "Parameter 'mode' is unexpected"));
}

static void test_hostile(void)
{
        static const char *const bad[] = {
                "",
                "{",
                "[]",
                "null",
                "{}",
                "7",
                "{\"return\"",
                "{\"error\":7}",
                "\xff{}",
                "{\"error\":{\"desc\":[]}}",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                _cleanup_(failure_done) Failure why = { 0 };

                CHECK(qmp_check_reply(bad[i], &why) < 0);
                CHECK(why.code != FAILURE_NONE && why.message);
        }

        static const char *const odd[] = {
                "{\"return\":7}",
                "{\"return\":[]}",
                "{\"return\":null}",
                "{\"return\":{\"status\":7}}",
                "{\"return\":{\"supported_commands\":{}}}",
        };

        for (size_t i = 0; i < ELEMENTSOF(odd); i++) {
                QmpStatus s;
                bool completed;

                CHECK(qmp_parse_status(odd[i], &s, NULL) < 0);
                CHECK(qmp_parse_migrate_completed(odd[i], &completed, NULL) >= 0);
                CHECK(!completed);
        }
}

static void test_migrate(void)
{
        bool completed;

        CHECK(qmp_parse_migrate_completed("{\"return\":{}}", &completed, NULL) >= 0 && !completed);
        CHECK(qmp_parse_migrate_completed("{\"return\":{\"status\":\"active\"}}", &completed, NULL) >= 0 &&
              !completed);
        CHECK(qmp_parse_migrate_completed("{\"return\":{\"status\":\"completed\",\"downtime\":7}}",
                                          &completed, NULL) >= 0 &&
              completed);
}

int main(void)
{
        test_commands();
        test_status();
        test_migration_blockers();
        test_error();
        test_hostile();
        test_migrate();
        return 0;
}
