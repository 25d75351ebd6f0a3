/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/function.h"

#include "core/enum-table.h"

static const char *const function_state_table[] = {
        [FUNCTION_FREE] = "free", [FUNCTION_LEASED] = "leased",           [FUNCTION_ASSIGNED] = "assigned",
        [FUNCTION_HELD] = "held", [FUNCTION_QUARANTINED] = "quarantined", [FUNCTION_UNKNOWN] = "unknown",
};
DEFINE_ENUM_TABLE(function_state, FunctionState, _FUNCTION_STATE_MAX);

void function_done(Function *f)
{
        free(f->driver);
        free(f->group_obstacle);
        free(f->pool);
        free(f->kind);
        free(f->group);
        free(f->domain);
        free(f->reason);
        free(f->user);
        *f = (Function) { .iommu_group = -1, .numa_node = -1 };
}

const char *function_bar_kind(const FunctionBar *b)
{
        return b->io ? "io" : b->mem64 ? "mem64" : "mem32";
}

static bool ends_with(const char *s, const char *end)
{
        size_t n = strlen(s), m = strlen(end);

        return n >= m && streq(s + n - m, end);
}

bool function_driver_is_vfio(const char *driver)
{
        return !driver || streq(driver, "vfio-pci") || ends_with(driver, "-vfio-pci") ||
               ends_with(driver, "_vfio_pci");
}
