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
        *f = (Function) { .iommu_group = -1, .numa_node = -1 };
}

const char *function_bar_kind(const FunctionBar *b)
{
        return b->io ? "io" : b->mem64 ? "mem64" : "mem32";
}

static int check_number(const char *what, uint32_t has, uint32_t gets, int digits, Failure *reterr)
{
        if (has == gets)
                return 0;

        return failure_set(reterr, FAILURE_INCOMPATIBLE, "its %s is %0*x, the guest knows %0*x", what,
                           digits, gets, digits, has);
}

static int check_bar(unsigned index, const FunctionBar *has, const FunctionBar *gets, Failure *reterr)
{
        if (has->bytes != gets->bytes)
                return failure_set(reterr, FAILURE_INCOMPATIBLE,
                                   "its BAR %u has %llu bytes, the guest knows %llu", index,
                                   (unsigned long long) gets->bytes, (unsigned long long) has->bytes);

        if (has->io != gets->io || has->mem64 != gets->mem64 || has->prefetchable != gets->prefetchable)
                return failure_set(reterr, FAILURE_INCOMPATIBLE,
                                   "its BAR %u is %s%s%s, the guest knows %s%s%s", index,
                                   gets->io ? "io" : "mem", gets->mem64 ? "64" : "",
                                   gets->prefetchable ? " prefetchable" : "", has->io ? "io" : "mem",
                                   has->mem64 ? "64" : "", has->prefetchable ? " prefetchable" : "");

        return 0;
}

int function_identity_check(const FunctionIdentity *has, const FunctionIdentity *gets, Failure *reterr)
{
        int r;

        if ((r = check_number("vendor", has->vendor, gets->vendor, 4, reterr)) < 0 ||
            (r = check_number("device", has->device, gets->device, 4, reterr)) < 0 ||
            (r = check_number("subsystem vendor", has->subvendor, gets->subvendor, 4, reterr)) < 0 ||
            (r = check_number("subsystem device", has->subdevice, gets->subdevice, 4, reterr)) < 0 ||
            (r = check_number("revision", has->revision, gets->revision, 2, reterr)) < 0 ||
            (r = check_number("class", has->class_code, gets->class_code, 6, reterr)) < 0)
                return r;

        for (unsigned i = 0; i < FUNCTION_BARS_MAX; i++) {
                r = check_bar(i, &has->bars[i], &gets->bars[i], reterr);
                if (r < 0)
                        return r;
        }

        return 0;
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
