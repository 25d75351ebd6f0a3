/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/facts.h"

#include "core/enum-table.h"

static const char *const domain_state_table[] = {
        [DOMAIN_RUNNING] = "running",  [DOMAIN_PAUSED] = "paused",   [DOMAIN_PMSUSPENDED] = "suspended",
        [DOMAIN_SHUTOFF] = "shut-off", [DOMAIN_CRASHED] = "crashed", [DOMAIN_OTHER] = "other",
};
DEFINE_ENUM_TABLE(domain_state, DomainState, _DOMAIN_STATE_MAX);

static const char *const qemu_status_table[] = {
        [QEMU_NONE] = "none",
        [QEMU_RUNNING] = "running",
        [QEMU_PAUSED] = "paused",
        [QEMU_SUSPENDED] = "suspended",
        [QEMU_FINISH_MIGRATE] = "finish-migrate",
        [QEMU_POSTMIGRATE] = "postmigrate",
        [QEMU_OTHER] = "other",
};
static_assert(ELEMENTSOF(qemu_status_table) == _QEMU_STATUS_MAX, "a value without a name");

const char *qemu_status_to_string(QemuStatus s)
{
        return (int) s < 0 || s >= _QEMU_STATUS_MAX ? NULL : qemu_status_table[s];
}

QemuStatus qemu_status_from_qmp(const char *s)
{
        if (streq_ptr(s, "prelaunch") || streq_ptr(s, "inmigrate"))
                return QEMU_PAUSED;

        for (QemuStatus q = QEMU_RUNNING; q < QEMU_OTHER; q++)
                if (streq_ptr(qemu_status_table[q], s))
                        return q;

        return QEMU_OTHER;
}

static const char *const image_state_table[] = {
        [IMAGE_NONE] = "none",
        [IMAGE_VALID] = "valid",
        [IMAGE_DAMAGED] = "damaged",
};
DEFINE_ENUM_TABLE(image_state, ImageState, _IMAGE_STATE_MAX);

void domain_facts_done(DomainFacts *f)
{
        free(f->name);
        free(f->uuid);
        free(f->functions);
        free(f->declared.wrong);
        free(f->fixups_reason);
        free(f->devices);
        free(f->migration_blockers);
        *f = (DomainFacts) { 0 };
}

bool domain_facts_asleep(const DomainFacts *f)
{
        return f->state == DOMAIN_PMSUSPENDED && f->qemu == QEMU_SUSPENDED;
}
