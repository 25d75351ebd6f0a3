/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/family.h"

#include "test.h"

static void test_find(void)
{
        FamilyDevice one = { 1, 2 }, two[] = { { 1, 3 }, { 2, 2 } };
        Family list[] = { { .devices = &one, .n_devices = 1 }, { .devices = two, .n_devices = 2 } };
        const Families families = { .list = list, .n = 2 };

        CHECK(families_find(&families, 1, 2) == list && families_find(&families, 2, 2) == list + 1);
        CHECK(!families_find(&families, 2, 3) && !families_find(NULL, 1, 2));
}

int main(void)
{
        test_find();
        return EXIT_SUCCESS;
}
