/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Adoption: a domain that its host's shutdown and boot are handled for: hibernated before the one, brought back after the
 * other, in an order of its own. libvirt's autostart of such a domain is off, since it knows neither of images nor of
 * functions. It is in the metadata of the domain's persistent XML, and so goes wherever that goes.
 */

#include "core/failure.h"

/* Lower ones come back first. */
#define ADOPTION_ORDER_DEFAULT 100U
#define ADOPTION_ORDER_MAX 65535U

/* What is done with a domain that runs when its host shuts down. */
typedef enum OnShutdown {
        ON_SHUTDOWN_NOTHING, /* what libvirt and libvirt-guests do with any domain */
        ON_SHUTDOWN_HIBERNATE,
        _ON_SHUTDOWN_MAX,
        _ON_SHUTDOWN_INVALID = -EINVAL,
} OnShutdown;

const char *on_shutdown_to_string(OnShutdown o);
OnShutdown on_shutdown_from_string(const char *s);

typedef struct Adoption {
        bool adopted;   /* all else counts only then */
        bool autostart; /* to be running after each boot of the host */
        uint32_t order;
        bool has_on_shutdown; /* else as configured */
        OnShutdown on_shutdown;
} Adoption;

bool adoption_equal(const Adoption *a, const Adoption *b);
/* `configured`: for those that say nothing themselves. */
OnShutdown adoption_on_shutdown(const Adoption *a, OnShutdown configured);

typedef struct AdoptionRequest {
        bool disown;
        bool dry_run;   /* only say what would change */
        bool has_order; /* else as it is, or the default */
        uint32_t order;
        bool has_on_shutdown;
        OnShutdown on_shutdown;
} AdoptionRequest;

/* What it takes: nothing when all is so already. */
typedef struct AdoptionChange {
        char *diff;                             /* owned; of the domain's persistent XML, "" when it stays */
        bool autostart_before, autostart_after; /* libvirt's */
} AdoptionChange;

void adoption_change_done(AdoptionChange *c);
/* What an adoption becomes by a request to adopt; `libvirt_starts`: its autostart is on. */
Adoption adoption_apply(const Adoption *a, const AdoptionRequest *request, bool libvirt_starts);
