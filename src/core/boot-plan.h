/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Boot plan: which domains run again after their host has booted, and in which order. Those that have an image come first,
 * since there may be fewer functions than before: a memory is worth more than a boot. Among each, lower orders come first,
 * then names.
 */

#include "core/adoption.h"

typedef enum BootAction {
        BOOT_NOTHING,
        BOOT_RESUME, /* it is hibernated: by the host's shutdown, or to be started in any case */
        BOOT_START,  /* it is off, and to be started */
} BootAction;

typedef struct BootDomain {
        const char *name, *uuid;
        Adoption adoption;
        bool active;
        bool busy; /* it has a job, which sees to it */
        bool hibernated;
        bool by_shutdown; /* that is what hibernated it */
} BootDomain;

BootAction boot_action(const BootDomain *d);
/* For qsort(). */
int boot_compare(const void *a, const void *b);
