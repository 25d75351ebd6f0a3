/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * WatchChild: the long-lived "vgpu-hibernate-worker watch", whose stdout is a line of JSON per snapshot of
 * this host. When it dies, or says what is no snapshot, another one is started: after
 * WATCH_BACKOFF_MIN_USEC, and after twice as long each time until one has lived for WATCH_BACKOFF_MAX_USEC.
 */

#include <systemd/sd-event.h>

#include "core/world.h"

#define WATCH_BACKOFF_MIN_USEC (1 * USEC_PER_SEC)
#define WATCH_BACKOFF_MAX_USEC (60 * USEC_PER_SEC)

typedef struct WatchChild WatchChild;

typedef struct WatchHandlers {
        /* The world is the handler's to free. */
        void (*snapshot)(World *w, void *userdata);
        /* There is no child until it is started again. */
        void (*died)(const char *why, void *userdata);
} WatchHandlers;

/* Copies argv. */
int watch_child_new(sd_event *event, const char *const *argv, const char *notify_socket,
                    const WatchHandlers *handlers, void *userdata, WatchChild **ret) _warn_unused_result_;
/* A child that cannot be started counts as one that died. */
void watch_child_start(WatchChild *c);
/* Ends the child: unlike a job's worker it has nobody to work for then. */
WatchChild *watch_child_free(WatchChild *c);
DEFINE_CLEANUP_FUNC(WatchChild *, watch_child_free);
