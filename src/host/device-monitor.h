/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What udev says about PCI devices: added, removed, driver bound or unbound. For an event loop of
 * anybody's. */

#include "core/failure.h"

typedef struct DeviceMonitor DeviceMonitor;

int device_monitor_new(DeviceMonitor **ret, Failure *reterr) _warn_unused_result_;
DeviceMonitor *device_monitor_free(DeviceMonitor *m);
DEFINE_CLEANUP_FUNC(DeviceMonitor *, device_monitor_free);

/* Readable when there are events. */
int device_monitor_fd(const DeviceMonitor *m);
/* Takes the events that are there. 1: there were some, 0: none. */
int device_monitor_process(DeviceMonitor *m) _warn_unused_result_;
