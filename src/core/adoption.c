/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/adoption.h"

#include "core/enum-table.h"

static const char *const on_shutdown_table[] = {
        [ON_SHUTDOWN_NOTHING] = "nothing",
        [ON_SHUTDOWN_HIBERNATE] = "hibernate",
};
DEFINE_ENUM_TABLE(on_shutdown, OnShutdown, _ON_SHUTDOWN_MAX);

bool adoption_equal(const Adoption *a, const Adoption *b)
{
        if (!a->adopted || !b->adopted)
                return a->adopted == b->adopted;

        return a->autostart == b->autostart && a->order == b->order &&
               a->has_on_shutdown == b->has_on_shutdown &&
               (!a->has_on_shutdown || a->on_shutdown == b->on_shutdown);
}

OnShutdown adoption_on_shutdown(const Adoption *a, OnShutdown configured)
{
        if (!a->adopted)
                return ON_SHUTDOWN_NOTHING;

        return a->has_on_shutdown ? a->on_shutdown : configured;
}

void adoption_change_done(AdoptionChange *c)
{
        free(c->diff);
        *c = (AdoptionChange) { 0 };
}

Adoption adoption_apply(const Adoption *a, const AdoptionRequest *request, bool libvirt_starts)
{
        Adoption after = *a;

        if (!a->adopted)
                after = (Adoption) { .adopted = true, .order = ADOPTION_ORDER_DEFAULT };

        /* One that somebody turned on meanwhile is taken over, too. */
        after.autostart = after.autostart || libvirt_starts;
        if (request->has_order)
                after.order = request->order;
        if (request->has_on_shutdown) {
                after.has_on_shutdown = true;
                after.on_shutdown = request->on_shutdown;
        }

        return after;
}
