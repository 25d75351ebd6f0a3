/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/host-settings.h"

#define SYSFS_PCI_PATH "/sys/bus/pci"

static bool is_pooled(const Function *f, void *userdata)
{
        const Config *config = userdata;

        return config_matches(config, f);
}

RealHostSettings host_settings(const Config *config, const volatile sig_atomic_t *canceled)
{
        return (RealHostSettings) {
                .libvirt_uri = config->libvirt_uri,
                .image_dir = config->image_dir,
                .sysfs_pci = SYSFS_PCI_PATH,
                .wanted = is_pooled,
                .wanted_userdata = (void *) config, /* only read, as is_pooled() shows */
                .families = &config->families,
                .families_unread = config->families_unread,
                .agent_timeout_usec = config->agent_timeout_usec,
                .suspend_timeout_usec = config->suspend_timeout_usec,
                .suspend_to_disk_timeout_usec = config->suspend_to_disk_timeout_usec,
                .unplug_timeout_usec = config->unplug_timeout_usec,
                .wake_timeout_usec = config->wake_timeout_usec,
                .health_timeout_usec = config->health_timeout_usec,
                .canceled = canceled,
        };
}
