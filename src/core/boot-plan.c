/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/boot-plan.h"

BootAction boot_action(const BootDomain *d)
{
        bool autostart = d->adoption.adopted && d->adoption.autostart;

        if (d->active || d->busy)
                return BOOT_NOTHING;
        if (d->hibernated)
                return d->by_shutdown || autostart ? BOOT_RESUME : BOOT_NOTHING;

        return autostart ? BOOT_START : BOOT_NOTHING;
}

/* Of one whose definition is gone nothing is known. */
static uint32_t order_of(const BootDomain *d)
{
        return d->adoption.adopted ? d->adoption.order : ADOPTION_ORDER_DEFAULT;
}

int boot_compare(const void *a, const void *b)
{
        const BootDomain *x = a, *y = b;
        int r;

        if (x->hibernated != y->hibernated)
                return x->hibernated ? -1 : 1;
        if (order_of(x) != order_of(y))
                return order_of(x) < order_of(y) ? -1 : 1;

        r = strcmp(x->name, y->name);
        return r != 0 ? r : strcmp(x->uuid, y->uuid);
}
