/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/device-monitor.h"

#include <assert.h>
#include <systemd/sd-device.h>
#include <systemd/sd-event.h>

struct DeviceMonitor {
        /* sd_device_monitor_get_fd() came with systemd 257. Before, the socket is reached through a loop
         * that has nothing else in it. */
        sd_event *event;
        sd_device_monitor *monitor;
        bool seen;
};

static int on_device(_unused_ sd_device_monitor *monitor, _unused_ sd_device *device, void *userdata)
{
        ((DeviceMonitor *) userdata)->seen = true;
        return 0;
}

int device_monitor_new(DeviceMonitor **ret, Failure *reterr)
{
        _cleanup_(device_monitor_freep) DeviceMonitor *m = NULL;
        int r;

        assert(ret);

        m = calloc(1, sizeof(*m));
        if (!m)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "device monitor");

        /* No further matches: which action it is does not matter, every one is a reason to look. */
        r = sd_event_new(&m->event);
        if (r >= 0)
                r = sd_device_monitor_new(&m->monitor);
        if (r >= 0)
                r = sd_device_monitor_filter_add_match_subsystem_devtype(m->monitor, "pci", NULL);
        if (r >= 0)
                r = sd_device_monitor_attach_event(m->monitor, m->event);
        if (r >= 0)
                r = sd_device_monitor_start(m->monitor, on_device, m);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot listen for PCI devices");

        *ret = TAKE_PTR(m);
        return 0;
}

DeviceMonitor *device_monitor_free(DeviceMonitor *m)
{
        if (!m)
                return NULL;

        (void) sd_device_monitor_unref(m->monitor);
        (void) sd_event_unref(m->event);
        free(m);
        return NULL;
}

int device_monitor_fd(const DeviceMonitor *m)
{
        return sd_event_get_fd(m->event);
}

int device_monitor_process(DeviceMonitor *m)
{
        int r;

        assert(m);

        m->seen = false;
        do
                r = sd_event_run(m->event, 0);
        while (r > 0);

        return r < 0 ? r : m->seen;
}
