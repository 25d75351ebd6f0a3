/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/family.h"

#include "test.h"

static void test_lines(void)
{
        static char one[] = "DRIVER=amdgpu", path[] = "/sys/x";
        static const struct {
                const char *text;
                bool matches;
        } table[] = {
                { "DRIVER=amdgpu\nPCI_CLASS=38000\n", true },
                { "PCI_CLASS=38000\nDRIVER=amdgpu", true },
                { "DRIVER=amdgpu", true },
                { "\nDRIVER=amdgpu\n", true },
                { "DRIVER=amdgpux\n", false },
                { "xDRIVER=amdgpu\n", false },
                { "DRIVER=amdgp\n", false },
                { "", false },
                { "\n\n", false },
        };
        const GuestFileRule rule = { .path = path, .line = one }, any = { .path = path };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                CHECK(guest_file_rule_matches(&rule, table[i].text) == table[i].matches);
                CHECK(guest_file_rule_matches(&any, table[i].text));
        }
}

static void test_versions(void)
{
        static const struct {
                const char *version, *minimum;
                GuestAnswer answer;
        } table[] = {
                { "6.17", "6.17", GUEST_YES },
                { "6.17.0-5-amd64", "6.17", GUEST_YES },
                { "7.2.12+deb14-amd64", "6.17", GUEST_YES },
                { "6.12.107+deb13-amd64", "6.17", GUEST_NO },
                { "6.9", "6.17", GUEST_NO },
                { "6.16.13", "6.16.13", GUEST_YES },
                { "6.16.9", "6.16.13", GUEST_NO },
                { "N/A", "6.16.13", GUEST_UNKNOWN },
                { "", "1", GUEST_UNKNOWN },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                CHECK(guest_version_reaches(table[i].version, table[i].minimum) == table[i].answer);
}

static void test_settle(void)
{
        static const struct {
                GuestFixups probed;
                GuestAnswer declared;
                GuestFixups settled;
        } table[] = {
                { FIXUPS_UNKNOWN, GUEST_UNKNOWN, FIXUPS_UNKNOWN },
                { FIXUPS_UNKNOWN, GUEST_YES, FIXUPS_YES },
                { FIXUPS_UNKNOWN, GUEST_NO, FIXUPS_NO },
                { FIXUPS_YES, GUEST_UNKNOWN, FIXUPS_YES },
                { FIXUPS_YES, GUEST_NO, FIXUPS_NO },
                { FIXUPS_NO, GUEST_YES, FIXUPS_NO }, /* the guest's own word */
                { FIXUPS_NO, GUEST_UNKNOWN, FIXUPS_NO },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++)
                CHECK(guest_fixups_settle(table[i].probed, table[i].declared) == table[i].settled);
}

int main(void)
{
        test_lines();
        test_versions();
        test_settle();
        return EXIT_SUCCESS;
}
