/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the administrator says of pools, as far as the choice of a target shows it. */

#include <signal.h>

#include "fixture.h"

#define FUNCTION(name) VGPU_HIBERNATE_FUNCTION_PATH "/" name
#define JOB(n) VGPU_HIBERNATE_JOB_PATH "/" #n

/* Cards 1 and 2 at node 0, card 3 at node 1, each with its place. */
static void build(Fixture *f)
{
        static const char *const further[] = { "0000:03:10.1", "0000:03:10.2" };

        fixture_function(f, "0000:03:10.0")->identity.device = 0x74b6;
        for (size_t i = 0; i < ELEMENTSOF(further); i++)
                (void) fixture_function(f, further[i]);

        for (size_t i = 0; i < f->world->n_functions; i++) {
                Function *x = f->world->functions + i;

                x->numa_node = x->address.bus == 3;
                x->locator.index = x->address.function;
                (void) snprintf(x->locator.slot, sizeof(x->locator.slot), "pci0000:00/%02x.0/00.0",
                                0x0f + x->address.bus);
        }
}

static void move(Fixture *f, uint64_t id, const char *path, const char *expected)
{
        _cleanup_free_ char *removed = format("JobRemoved %u ", (unsigned) id);

        start_ok(f, id, "Move", "vm1", NULL);
        expect_property(f, path, "Functions", expected);
        fixture_tell(f, id, "fail SaveFailed not today");
        expect_signal(f, removed);
}

#define POOL(further)                                                                                                 \
        "{\"schema\":1,\"pools\":[{\"name\":\"mi\",\"match\":[{\"family\":\"amd-mi308x\"}],\"pick\":\"near\"" further \
        "}]}"

int main(int argc, char *argv[])
{
        Fixture f;

        fixture_init(&f, argv);
        build(&f);
        fixture_domain(&f, "vm1")->memory_node = 1;

        /* Near the guest's memory, although card 1 has more in use; away from it when the memory is nowhere in particular. */
        fixture_configure(&f, POOL(""));
        fixture_start(&f);
        expect_property(&f, VGPU_HIBERNATE_POOL_PATH "/mi", "Policy", "near");
        expect_property(&f, FUNCTION("0000_03_10_1"), "Pool", "mi");
        move(&f, 1, JOB(1), "[[0000:01:10.0 0000:03:10.0]]");
        fixture_domain(&f, "vm1")->memory_node = -1;
        fixture_send_world(&f);
        move(&f, 2, JOB(2), "[[0000:01:10.0 0000:02:10.0]]");
        CHECK(fixture_stop_daemon(&f, SIGTERM) == 0);

        /* What is preferred comes first. */
        fixture_domain(&f, "vm1")->memory_node = 1;
        fixture_configure(
                        &f,
                        POOL(",\"prefer\":[{\"slot\":\"pci0000:00/11.0/00.0\",\"index\":1},{\"numa_node\":0}]"));
        fixture_start(&f);
        move(&f, 3, JOB(3), "[[0000:01:10.0 0000:02:10.1]]");

        fixture_done(&f);
        return EXIT_SUCCESS;
}
