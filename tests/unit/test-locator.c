/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/locator.h"

#include "core/function.h"
#include "test.h"

static void test_slot(void)
{
        static const struct {
                const char *path, *slot; /* NULL: refused */
        } table[] = {
                { "/sys/devices/pci0000:00/0000:00:10.0/0000:01:00.0", "pci0000:00/10.0/00.0" },
                { "/sys/devices/pci0000:00/0000:00:1c.4/0000:05:00.0/0000:06:01.0/0000:07:00.1",
                  "pci0000:00/1c.4/00.0/01.0/00.1" },
                { "/sys/devices/pci0000:80/0000:80:02.0", "pci0000:80/02.0" },
                { "/sys/devices/platform/40000000.pcie/pci0002:00/0002:00:00.0/0002:01:00.0",
                  "pci0002:00/00.0/00.0" },
                { "/sys/devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:06.0/10000:e1:00.0",
                  "pci0000:00/0e.0/pci/06.0/00.0" },
                { "", NULL },
                { "/sys/devices", NULL },
                { "/sys/devices/pci0000:00", NULL },
                { "/sys/devices/0000:00:10.0/0000:01:00.0", NULL },
                { "/sys/devices/pci0000:00/0000:00:10.0/usb1", NULL },
                { "/sys/devices/pci0000:00x/0000:00:10.0", NULL },
                { "/sys/devices/pci0000:00/0000:00:20.0", NULL },
                { "/sys/devices/pci0000:00/0000:00:0e.0/pci10000:e0", NULL },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                char slot[LOCATOR_SLOT_MAX] = "as before";
                int r = locator_slot_from_path(table[i].path, slot);

                CHECK((r >= 0) == (table[i].slot != NULL));
                CHECK(streq(slot, table[i].slot ? table[i].slot : "as before"));
                CHECK(r < 0 || locator_slot_is_valid(slot));
        }

        CHECK(!locator_slot_is_valid("") && !locator_slot_is_valid("pci0000:00/\n"));
}

static void test_slot_too_deep(void)
{
        char path[1024] = "/sys/devices/pci0000:00", slot[LOCATOR_SLOT_MAX] = "";

        for (size_t i = 0; i < 20; i++)
                (void) strcat(path, "/0000:00:01.0");
        CHECK(locator_slot_from_path(path, slot) == -ENAMETOOLONG);
        CHECK(slot[0] == '\0');
}

typedef struct Config {
        uint32_t words[0x1000 / 4];
        size_t readable; /* bytes */
        size_t n_reads;
} Config;

static int read_config(uint32_t offset, uint32_t *ret, void *userdata)
{
        Config *c = userdata;

        c->n_reads++;
        CHECK(offset % 4 == 0 && offset < 0x1000 + 8);
        if (offset + 4 > c->readable)
                return -EIO;
        *ret = c->words[offset / 4];
        return 0;
}

static void test_serial(void)
{
        Config c = { .readable = 0x1000 };
        uint64_t serial;

        CHECK(locator_serial(read_config, &c) == 0);

        c.words[0x100 / 4] = 0x15010001U; /* Advanced Error Reporting, the next is at 150h */
        c.words[0x150 / 4] = 0xffc10003U;
        c.words[0x154 / 4] = 0x89abcdefU;
        c.words[0x158 / 4] = 0x01234567U;
        CHECK(locator_serial(read_config, &c) == UINT64_C(0x0123456789abcdef));

        c.words[0x154 / 4] = c.words[0x158 / 4] = UINT32_MAX;
        CHECK(locator_serial(read_config, &c) == 0);

        c.words[0x154 / 4] = c.words[0x158 / 4] = 0;
        CHECK(locator_serial(read_config, &c) == 0);

        /* A ring, a way out of the space, and one that cannot be read. */
        c.words[0x150 / 4] = 0x10010010U;
        c.n_reads = 0;
        CHECK(locator_serial(read_config, &c) == 0 && c.n_reads < 1024);
        c.words[0x150 / 4] = 0xffc10010U;
        c.words[0xffc / 4] = 0x00010003U;
        CHECK(locator_serial(read_config, &c) == 0);
        c.words[0x150 / 4] = 0x00110010U;
        CHECK(locator_serial(read_config, &c) == 0);
        c.words[0x100 / 4] = UINT32_MAX;
        CHECK(locator_serial(read_config, &c) == 0);
        c.readable = 64;
        CHECK(locator_serial(read_config, &c) == 0);

        CHECK(streq(locator_serial_format(0x77, (char[LOCATOR_SERIAL_STRING_MAX]) { 0 }),
                    "0000000000000077"));
        CHECK(locator_serial_parse("0123456789abcdef", &serial) >= 0 &&
              serial == UINT64_C(0x0123456789abcdef));
        CHECK(locator_serial_parse("0123456789abcde", &serial) == -EINVAL);
        CHECK(locator_serial_parse("0123456789abcdeg", &serial) == -EINVAL);
}

static void test_index(void)
{
        const PciAddress pf = { .bus = 1 };
        uint32_t index = 99;

        CHECK(locator_index(&pf, 0x80, 2, &(PciAddress) { .bus = 1, .slot = 0x10 }, &index) >= 0 &&
              index == 0);
        CHECK(locator_index(&pf, 0x80, 2, &(PciAddress) { .bus = 1, .slot = 0x10, .function = 6 }, &index) >=
                              0 &&
              index == 3);
        CHECK(locator_index(&pf, 2, 1, &(PciAddress) { .bus = 2, .slot = 0, .function = 1 }, &index) >= 0 &&
              index == 255);
        CHECK(locator_index(&pf, 0x80, 0, &(PciAddress) { .bus = 1, .slot = 0x10 }, &index) >= 0 &&
              index == 0);
        CHECK(locator_index(&pf, 0x80, 0, &(PciAddress) { .bus = 1, .slot = 0x11 }, &index) == -ERANGE);
        CHECK(locator_index(&pf, 0x80, 2, &(PciAddress) { .bus = 1, .slot = 0x10, .function = 1 }, &index) ==
              -ERANGE);
        CHECK(locator_index(&pf, 0x80, 2, &(PciAddress) { .bus = 1, .slot = 0 }, &index) == -ERANGE);
        CHECK(locator_index(&pf, 0x80, 2, &(PciAddress) { .domain = 1, .bus = 1, .slot = 0x10 }, &index) ==
              -ERANGE);
}

static Function function(uint8_t bus, const char *slot, uint64_t serial, uint32_t index)
{
        Function f = { .address = { .bus = bus, .slot = 0x10, .function = (uint8_t) index },
                       .locator = { .serial = serial, .index = index } };

        (void) snprintf(f.locator.slot, sizeof(f.locator.slot), "%s", slot);
        return f;
}

/* What was written down of the function at 01:10.0, and which one it is on a later day; -1: none. */
static void test_find(void)
{
        const Function a = function(1, "pci0000:00/10.0/00.0", 0, 0);
        const Function b = function(2, "pci0000:00/11.0/00.0", 0, 0);
        const Function numbered = function(1, "pci0000:00/10.0/00.0", 7, 0);
        const struct {
                const char *what;
                Function was;
                Function now[3];
                int found;
        } table[] = {
                { "as it was", a, { a, b }, 0 },
                { "another card before it: it has the other's address, the other one a new one",
                  a,
                  { function(1, "pci0000:00/0f.0/00.0", 0, 0), function(2, "pci0000:00/10.0/00.0", 0, 0),
                    function(3, "pci0000:00/11.0/00.0", 0, 0) },
                  1 },
                { "taken out: who has its address is not it",
                  a,
                  { function(1, "pci0000:00/11.0/00.0", 0, 0) },
                  -1 },
                { "its sibling is not it", a, { function(1, "pci0000:00/10.0/00.0", 0, 1) }, -1 },
                { "the card in another slot, by its number",
                  numbered,
                  { function(1, "pci0000:00/10.0/00.0", 8, 0), function(2, "pci0000:00/11.0/00.0", 7, 0) },
                  1 },
                { "another card in its slot", numbered, { function(1, "pci0000:00/10.0/00.0", 8, 0) }, -1 },
                { "the other physical function of that card",
                  numbered,
                  { function(1, "pci0000:00/11.0/00.1", 7, 0) },
                  -1 },
                { "its number cannot be read today",
                  numbered,
                  { function(4, "pci0000:00/10.0/00.0", 0, 0) },
                  0 },
                { "by an older version: its address is all there is",
                  function(1, "", 0, 0),
                  { b, function(1, "pci0000:00/12.0/00.0", 0, 0) },
                  1 },
                { "that nothing is known of a function today is no proof",
                  a,
                  { function(1, "", 0, 0) },
                  -1 },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                FunctionRef was = function_ref(&table[i].was);
                const Function *now = function_ref_find(&was, table[i].now, 3);

                if (now != (table[i].found < 0 ? NULL : table[i].now + table[i].found)) {
                        (void) fprintf(stderr, "%s\n", table[i].what);
                        CHECK(false);
                }
        }
}

static void test_same(void)
{
        const Function a = function(1, "pci0000:00/10.0/00.0", 0, 0),
                       b = function(2, "pci0000:00/10.0/00.0", 0, 0), old = function(1, "", 0, 0);
        const FunctionRef ra = function_ref(&a), rb = function_ref(&b), rold = function_ref(&old);

        CHECK(function_ref_equal(&ra, &rb) && function_ref_equal(&ra, &rold));
        CHECK(!function_ref_equal(&rb, &rold));
        CHECK(!locator_equal(&old.locator, &old.locator));
}

static void test_learn(void)
{
        const Function a = function(1, "pci0000:00/10.0/00.0", 0, 0), b = function(2, "", 0, 0);
        FunctionRef old = { .address = a.address }, known = function_ref(&a),
                    gone = { .address = { .bus = 9 } }, nothing = { .address = b.address };
        const Function list[] = { a, b };

        CHECK(function_ref_learn(&old, list, 2) && locator_equal(&old.locator, &a.locator));
        CHECK(!function_ref_learn(&old, list, 2) && !function_ref_learn(&known, list, 2));
        CHECK(!function_ref_learn(&gone, list, 2) && !function_ref_learn(&nothing, list, 2));
}

static void test_settle(void)
{
        Function list[] = {
                function(1, "pci0000:00/10.0/00.0", 7, 0), function(1, "pci0000:00/10.0/00.0", 7, 1),
                function(2, "pci0000:00/10.0/00.1", 7, 0), function(3, "pci0000:00/11.0/00.0", 9, 0),
                function(4, "pci0000:00/12.0/00.0", 9, 0),
        };

        CHECK(locators_settle(list, ELEMENTSOF(list)) >= 0);
        CHECK(list[0].locator.serial == 7 && list[1].locator.serial == 7 && list[2].locator.serial == 7);
        CHECK(list[3].locator.serial == 0 && list[4].locator.serial == 0);
        CHECK(locators_settle(NULL, 0) >= 0);
}

int main(void)
{
        test_slot();
        test_slot_too_deep();
        test_serial();
        test_index();
        test_find();
        test_same();
        test_learn();
        test_settle();
        return EXIT_SUCCESS;
}
