/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What becomes of domains with their host: an adoption, and what it means at shutdown and boot. */
#include "core/boot-plan.h"
#include "test.h"

static void test_apply(void)
{
        static const struct {
                Adoption before;
                AdoptionRequest request;
                bool libvirt_starts;
                Adoption after;
        } table[] = {
                { { 0 }, { 0 }, false, { .adopted = true, .order = 100 } },
                { { 0 }, { 0 }, true, { .adopted = true, .autostart = true, .order = 100 } },
                { { 0 },
                  { .has_order = true, .order = 0, .has_on_shutdown = true },
                  false,
                  { .adopted = true, .order = 0, .has_on_shutdown = true } },
                /* What is not asked for stays. */
                { { .adopted = true, .autostart = true, .order = 3, .has_on_shutdown = true },
                  { .has_on_shutdown = true, .on_shutdown = ON_SHUTDOWN_HIBERNATE },
                  false,
                  { .adopted = true,
                    .autostart = true,
                    .order = 3,
                    .has_on_shutdown = true,
                    .on_shutdown = ON_SHUTDOWN_HIBERNATE } },
                { { .adopted = true, .order = 3 },
                  { .has_order = true, .order = 4 },
                  true,
                  { .adopted = true, .autostart = true, .order = 4 } },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                const Adoption after =
                                adoption_apply(&table[i].before, &table[i].request, table[i].libvirt_starts);

                CHECK(adoption_equal(&after, &table[i].after));
        }
}

static void test_on_shutdown(void)
{
        const Adoption not = { .on_shutdown = ON_SHUTDOWN_HIBERNATE, .has_on_shutdown = true },
                       plain = { .adopted = true }, nothing = { .adopted = true, .has_on_shutdown = true },
                       hibernate = { .adopted = true,
                                     .has_on_shutdown = true,
                                     .on_shutdown = ON_SHUTDOWN_HIBERNATE };

        CHECK(adoption_on_shutdown(&not, ON_SHUTDOWN_HIBERNATE) == ON_SHUTDOWN_NOTHING);
        for (OnShutdown o = ON_SHUTDOWN_NOTHING; o < _ON_SHUTDOWN_MAX; o++) {
                CHECK(adoption_on_shutdown(&plain, o) == o);
                CHECK(adoption_on_shutdown(&nothing, o) == ON_SHUTDOWN_NOTHING);
                CHECK(adoption_on_shutdown(&hibernate, o) == ON_SHUTDOWN_HIBERNATE);
        }
}

static void test_action(void)
{
        static const Adoption no = { .autostart = true }, yes = { .adopted = true },
                              starts = { .adopted = true, .autostart = true };
        static const struct {
                const Adoption *adoption;
                bool active, busy, hibernated, by_shutdown;
                BootAction action;
        } table[] = {
                { &no, false, false, false, false, BOOT_NOTHING },
                { &yes, false, false, false, false, BOOT_NOTHING },
                { &starts, false, false, false, false, BOOT_START },
                { &starts, true, false, false, false, BOOT_NOTHING },
                { &starts, false, true, false, false, BOOT_NOTHING },
                /* Where there is an image nothing is booted. */
                { &starts, false, false, true, false, BOOT_RESUME },
                { &yes, false, false, true, false, BOOT_NOTHING },
                { &yes, false, false, true, true, BOOT_RESUME },
                { &no, false, false, true, true, BOOT_RESUME },
                { &no, false, false, true, false, BOOT_NOTHING },
                { &yes, false, true, true, true, BOOT_NOTHING },
        };

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                const BootDomain d = { .name = "vm",
                                       .uuid = "u",
                                       .adoption = *table[i].adoption,
                                       .active = table[i].active,
                                       .busy = table[i].busy,
                                       .hibernated = table[i].hibernated,
                                       .by_shutdown = table[i].by_shutdown };

                CHECK(boot_action(&d) == table[i].action);
        }
}

static void test_order(void)
{
        /* As they are to come out. */
        static const BootDomain sorted[] = {
                { "z", "1", { .adopted = true, .order = 5 }, .hibernated = true },
                { "a", "2", { .adopted = true, .order = 100 }, .hibernated = true },
                { "gone", "3", { 0 }, .hibernated = true },
                { "b", "4", { .adopted = true, .order = 101 }, .hibernated = true },
                { "a", "5", { .adopted = true, .order = 0 } },
                { "b", "6", { .adopted = true, .order = 1 } },
                { "b", "7", { .adopted = true, .order = 1 } },
                { "c", "0", { .adopted = true, .order = 1 } },
        };
        BootDomain list[ELEMENTSOF(sorted)];

        for (size_t i = 0; i < ELEMENTSOF(sorted); i++)
                list[i] = sorted[i * 3 % ELEMENTSOF(sorted)];
        qsort(list, ELEMENTSOF(list), sizeof(*list), boot_compare);
        for (size_t i = 0; i < ELEMENTSOF(sorted); i++)
                CHECK(list[i].uuid == sorted[i].uuid);
}

int main(void)
{
        test_apply();
        test_on_shutdown();
        test_action();
        test_order();
        return EXIT_SUCCESS;
}
