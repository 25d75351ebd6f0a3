/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Watch: a snapshot of this host now, and another after every change that libvirt or the kernel tells of.
 * Idle in between: no polling; only libvirt's keepalive, which notices a dead libvirtd.
 */

#include "core/world.h"
#include "host/real-host.h"

/* Gets each snapshot (not necessarily different from the last); negative ends the watch with that value. */
typedef int (*HostWatchCallback)(const World *w, void *userdata);

/* Runs libvirt's event loop in this thread until `stop_fd` becomes readable (a signalfd; -1: none), the
 * reader of the pipe `reader_fd` is gone (-1: none) - both return 0 - or something fails. While libvirtd is
 * away it is tried again after 1 s, 2 s, ... 30 s. virt_init() must have been called. */
int host_watch(const RealHostSettings *settings, int stop_fd, int reader_fd, HostWatchCallback callback,
               void *userdata, Failure *reterr) _warn_unused_result_;
