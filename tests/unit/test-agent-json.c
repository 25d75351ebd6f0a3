/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/agent-json.h"

#include "test.h"

static void test_info(void)
{
        AgentCommands c = { .osinfo = true };

        CHECK(agent_parse_info(
                              "{\"return\":{\"version\":\"10.0.13\",\"supported_commands\":["
                              "{\"enabled\":true,\"name\":\"guest-suspend-ram\",\"success-response\":false},"
                              "{\"enabled\":false,\"name\":\"guest-suspend-disk\"},7,{},"
                              "{\"enabled\":true,\"name\":\"guest-file-open\"},"
                              "{\"enabled\":true,\"name\":\"guest-file-read\"},"
                              "{\"name\":\"guest-ping\"}]}}",
                              &c, NULL) >= 0);
        CHECK(c.suspend_ram && !c.suspend_disk && !c.osinfo);
        CHECK(!c.read_files); /* what cannot be closed is not opened */

        CHECK(agent_parse_info("{\"return\":{\"supported_commands\":["
                               "{\"enabled\":true,\"name\":\"guest-file-open\"},"
                               "{\"enabled\":true,\"name\":\"guest-file-close\"},"
                               "{\"enabled\":true,\"name\":\"guest-get-osinfo\"},"
                               "{\"enabled\":true,\"name\":\"guest-file-read\"}]}}",
                               &c, NULL) >= 0);
        CHECK(c.read_files && c.osinfo && !c.suspend_ram);
}

static void test_requests(void)
{
        _cleanup_free_ char *open = agent_request_open("/a\"b\\"), *read = agent_request_read(1000, 7),
                            *close = agent_request_close(-1);

        CHECK(strstr(open, "\"\\/a\\\"b\\\\\"") && strstr(open, "\"mode\":\"r\"") &&
              strstr(open, "guest-file-open"));
        CHECK(strstr(read, "\"handle\":1000") && strstr(read, "\"count\":7") &&
              strstr(read, "guest-file-read"));
        CHECK(strstr(close, "\"handle\":-1") && strstr(close, "guest-file-close"));
}

static void test_files(void)
{
        _cleanup_free_ char *bytes = NULL, *nothing = NULL;
        int64_t handle = 0;
        size_t size;
        bool eof;

        CHECK(agent_parse_open("{\"return\":1000}", &handle, NULL) >= 0 && handle == 1000);
        CHECK(agent_parse_read("{\"return\":{\"count\":4,\"buf-b64\":\"bWVtCg==\",\"eof\":true}}", &bytes,
                               &size, &eof, NULL) >= 0);
        CHECK(size == 4 && streq(bytes, "mem\n") && eof);

        /* Else one that never comes to its end would be read for ever. */
        CHECK(agent_parse_read("{\"return\":{\"count\":0,\"buf-b64\":\"\",\"eof\":false}}", &nothing, &size,
                               &eof, NULL) >= 0);
        CHECK(size == 0 && eof);
}

static void test_osinfo(void)
{
        _cleanup_free_ char *release = NULL;

        CHECK(agent_parse_osinfo(
                              "{\"return\":{\"id\":\"debian\",\"kernel-release\":\"6.12.107+deb13-amd64\"}}",
                              &release, NULL) >= 0);
        CHECK(streq(release, "6.12.107+deb13-amd64"));
}

static void test_refused(void)
{
        static const char *const bad[] = {
                "",
                "{}",
                "{\"return\":null}",
                "{\"return\":{}}",
                "{\"return\":\"1000\"}",
                "{\"return\":{\"supported_commands\":{}}}",
                "{\"return\":{\"buf-b64\":7,\"eof\":true}}",
                "{\"return\":{\"buf-b64\":\"bWVtCg==\"}}",
                "{\"return\":{\"buf-b64\":\"bWVtCg=\",\"eof\":true}}",
                "{\"return\":{\"kernel-release\":[]}}",
                "{\"error\":{\"desc\":\"Command guest-file-open has been disabled\"}}",
        };

        for (size_t i = 0; i < ELEMENTSOF(bad); i++) {
                AgentCommands c;
                int64_t handle;
                char *text;
                size_t n;
                bool eof;

                CHECK(agent_parse_info(bad[i], &c, NULL) < 0);
                CHECK(agent_parse_open(bad[i], &handle, NULL) < 0);
                CHECK(agent_parse_read(bad[i], &text, &n, &eof, NULL) < 0);
                CHECK(agent_parse_osinfo(bad[i], &text, NULL) < 0);
        }
}

int main(void)
{
        test_info();
        test_requests();
        test_files();
        test_osinfo();
        test_refused();
        return EXIT_SUCCESS;
}
