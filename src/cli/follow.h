/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Follow: stays with a job until it ends.
 *
 * No end is missed: follow_new() subscribes before the caller starts the job or looks for it, and every
 * signal only leads to reading all properties anew. So what is shown is never older than the last answer,
 * whatever order signals and answers arrive in.
 *
 * Jobs outlive the daemon. While it is away, reading is tried again until FOLLOW_ABSENCE_MAX_USEC have
 * passed.
 */

#include "cli/ctl.h"
#include "cli/model.h"

/* systemd's own patience with a service that starts: DefaultTimeoutStartSec=. */
#define FOLLOW_ABSENCE_MAX_USEC (90 * USEC_PER_SEC)
/* A daemon that is back may need a moment until it has read its journal. */
#define FOLLOW_UNKNOWN_MAX_USEC (10 * USEC_PER_SEC)

typedef struct Follow Follow;

int follow_new(Ctl *c, Follow **ret, sd_bus_error *e) _warn_unused_result_;
Follow *follow_free(Follow *f);
DEFINE_CLEANUP_FUNC(Follow *, follow_free);

/* Returns an exit status; everything is reported. `kind` and `domain` are used until the daemon has told. */
int follow_run(Follow *f, const char *path, const char *kind, const char *domain) _warn_unused_result_;
