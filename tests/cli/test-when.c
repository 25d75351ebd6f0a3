/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Times as people write them, in UTC and where clocks are put forward. */

#include "cli/when.h"

#include <assert.h>
#include <time.h>

#define NOW (UINT64_C(1740821163) * USEC_PER_SEC + 7)

static void test_good(void)
{
        static const struct {
                const char *text;
                uint64_t usec;
        } table[] = {
                { "@1740821163", UINT64_C(1740821163) * USEC_PER_SEC },
                { "@0", 0 },
                { "2025-03-01", UINT64_C(1740787200) * USEC_PER_SEC },
                { "2025-03-01 10:26", UINT64_C(1740824760) * USEC_PER_SEC },
                { "2025-03-01 10:26:03", UINT64_C(1740824763) * USEC_PER_SEC },
                { "2028-02-29", UINT64_C(1835395200) * USEC_PER_SEC },
                { "+90s", NOW + 90 * USEC_PER_SEC },
                { "+30min", NOW + 1800 * USEC_PER_SEC },
                { "+2h", NOW + 7200 * USEC_PER_SEC },
                { "+7d", NOW + 604800 * USEC_PER_SEC },
                { "+0s", NOW },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                uint64_t usec;

                assert(when_parse(table[i].text, NOW, &usec) >= 0);
                assert(usec == table[i].usec);
        }
}

static void test_bad(void)
{
        static const char *const table[] = {
                "",
                "now",
                "tomorrow",
                "10:26",
                "2025-03",
                "2025-02-29",
                "2025-02-31",
                "03/01/25",
                "2025-03-01T10:26",
                "+",
                "+2",
                "+h",
                "+2hours",
                "+-2h",
                "+2h30min",
                "+ 2h",
                "-2h",
                "@",
                "@x",
                "@-1",
                "@1 ",
                "+9999999999999999999999999s",
                "@99999999999999999999",
                "+99999999d",
                "1960-01-01",
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                uint64_t usec = 17;

                assert(when_parse(table[i], NOW, &usec) < 0);
                assert(usec == 17);
        }
}

static void test_summer(void)
{
        uint64_t before, after;

        assert(when_parse("2025-03-30 02:30", NOW, &before) >= 0);
        assert(when_parse("2025-03-30 04:30", NOW, &after) >= 0);
        /* Where the hour in between does not exist, else two. */
        assert(after - before == 3600 * USEC_PER_SEC || after - before == 7200 * USEC_PER_SEC);
}

int main(void)
{
        test_summer();

        assert(setenv("TZ", "UTC", true) == 0);
        tzset();
        test_good();
        test_bad();
        return 0;
}
