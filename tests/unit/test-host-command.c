/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/host-command.h"

#include "test.h"

static void expect_words(char *const *words, const char *expected)
{
        static const PciAddress a = { .bus = 1, .slot = 0x10, .function = 2 }, pf = { .bus = 1 };
        const HostCommand c = { .words = (char **) words };
        _cleanup_(words_freep) char **got = NULL;

        CHECK(host_command_check(&c, NULL) >= 0);
        CHECK(host_command_expand(&c, &a, &pf, &got) >= 0);
        CHECK(streq(got[1], expected) && !got[2]);
}

static void test_expand(void)
{
        static char tool[] = "tool", plain[] = "$HOME `x` %s }", empty[] = "", vf[] = "--vf={address}",
                    both[] = "{address}{physical_function}";

        expect_words((char *[]) { tool, plain, NULL }, "$HOME `x` %s }");
        expect_words((char *[]) { tool, empty, NULL }, "");
        expect_words((char *[]) { tool, vf, NULL }, "--vf=0000:01:10.2");
        expect_words((char *[]) { tool, both, NULL }, "0000:01:10.20000:01:00.0");
}

static void expect_bad(char *const *words, const char *reason)
{
        const HostCommand c = { .words = (char **) words };
        _cleanup_(failure_done) Failure why = { 0 };

        CHECK(host_command_check(&c, &why) < 0 && why.code == FAILURE_INVALID_OPTION);
        CHECK(strstr(failure_message(&why), reason));
}

static void test_check(void)
{
        static char absolute[] = "/opt/tool", relative[] = "./tool", empty[] = "",
                    placeholder[] = "{address}", unknown[] = "--x={adress}", open[] = "{";

        CHECK(host_command_check(&(HostCommand) { .words = (char *[]) { absolute, NULL } }, NULL) >= 0);
        expect_bad((char *[]) { relative, NULL }, "must be a program");
        expect_bad((char *[]) { empty, NULL }, "must be a program");
        expect_bad((char *[]) { placeholder, NULL }, "must be a program");
        expect_bad((char *[]) { absolute, unknown, NULL }, "'{adress}' stands for nothing");
        expect_bad((char *[]) { absolute, open, NULL }, "'{' stands for nothing");
}

int main(void)
{
        test_expand();
        test_check();
        return EXIT_SUCCESS;
}
