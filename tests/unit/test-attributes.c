/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/attributes.h"

#include "test.h"

static void test_set(void)
{
        Attributes a = { 0 }, b = { 0 };
        const char *name, *value;
        size_t offset = 0;

        CHECK(!attributes_get(&a, "partition") && !attributes_next(&a, &offset, &name, &value));

        CHECK(attributes_set(&a, "partition", "SPX") >= 0);
        CHECK(attributes_set(&a, "hive", "0x1f") >= 0);
        CHECK(attributes_set(&a, "physical_node", "3") >= 0);
        CHECK(attributes_set(&a, "partition", "CPX of 8") >= 0);
        CHECK(streq(attributes_get(&a, "partition"), "CPX of 8"));
        CHECK(streq(attributes_get(&a, "hive"), "0x1f"));
        CHECK(!attributes_get(&a, "part") && !attributes_get(&a, "CPX of 8"));

        /* The order in which they are told is no difference. */
        CHECK(attributes_set(&b, "physical_node", "3") >= 0);
        CHECK(attributes_set(&b, "partition", "CPX of 8") >= 0);
        CHECK(attributes_set(&b, "hive", "0x1f") >= 0);
        CHECK(memcmp(&a, &b, sizeof(a)) == 0);

        CHECK(attributes_next(&a, &offset, &name, &value) && streq(name, "hive") && streq(value, "0x1f"));
        CHECK(attributes_next(&a, &offset, &name, &value) && streq(name, "partition"));
        CHECK(attributes_next(&a, &offset, &name, &value) && streq(name, "physical_node"));
        CHECK(!attributes_next(&a, &offset, &name, &value));
}

static void test_refusals(void)
{
        static const char *const names[] = { "", "a b", "a.b", "a-b", "\xc3\xa4" };
        static const char *const values[] = { "", "a\nb", "\x7f", "\t" };
        Attributes a = { 0 };
        char text[ATTRIBUTES_BYTES_MAX] = { 0 };

        for (size_t i = 0; i < ELEMENTSOF(names); i++)
                CHECK(attributes_set(&a, names[i], "x") == -EINVAL);
        for (size_t i = 0; i < ELEMENTSOF(values); i++)
                CHECK(attributes_set(&a, "x", values[i]) == -EINVAL);

        /* Filled to the last byte. */
        memset(text, 'v', sizeof(text) - 3);
        CHECK(attributes_set(&a, "x", text) >= 0 && a.bytes == ATTRIBUTES_BYTES_MAX);
        CHECK(attributes_set(&a, "y", "1") == -E2BIG);
        CHECK(attributes_set(&a, "x", "1") >= 0 && attributes_set(&a, "y", text) == -E2BIG);
        text[sizeof(text) - 7] = '\0';
        CHECK(attributes_set(&a, "y", text) >= 0 && attributes_set(&a, "x", "22") == -E2BIG);
        CHECK(streq(attributes_get(&a, "x"), "1") && streq(attributes_get(&a, "y"), text));
}

int main(void)
{
        test_set();
        test_refusals();
        return EXIT_SUCCESS;
}
