/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hook/without-daemon.h"

#include <fcntl.h>
#include <stdio.h>

#include "basic/fileio.h"
#include "core/start-check.h"
#include "host/pci-locator.h"
#include "store/config.h"
#include "store/image-record.h"
#include "store/journal.h"
#include "store/json-util.h"

/* -ENOENT: it, or the state directory, is not there. */
static int open_state(const HookPaths *paths, const char *name, int *ret)
{
        _cleanup_close_ int fd = open(paths->state_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        return fd < 0 ? -errno : open_directory_at(fd, name, false, ret);
}

int without_daemon_is_hibernated(const HookPaths *paths, const char *uuid)
{
        _cleanup_(image_record_freep) ImageRecord *record = NULL;
        _cleanup_(failure_done) Failure ignored = { 0 };
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = open_state(paths, IMAGES_DIR, &fd);
        if (r >= 0)
                r = image_record_read(fd, uuid, &record, &ignored);
        if (r == -ENOENT)
                return 0;

        /* One of a newer version, or broken, is a record all the same. */
        return r >= 0 || r == -EOPNOTSUPP || json_error_is_content(r) ? 1 : r;
}

/* 1: and it is open. What cannot be read is left out: then nothing says that one of our jobs starts the domain. */
static int find_open_job(const HookPaths *paths, const char *uuid, Job **ret, bool *ret_at_work)
{
        _cleanup_(failure_done) Failure ignored = { 0 };
        _cleanup_close_ int fd = -EBADF;
        int r;

        r = open_state(paths, JOBS_DIR, &fd);
        if (r >= 0)
                r = journal_find_open(fd, uuid, ret, &ignored);
        if (r > 0)
                *ret_at_work = journal_is_locked(fd, (*ret)->id) > 0;
        return r;
}

static int read_node(int fd)
{
        _cleanup_free_ char *text = NULL;
        int node;

        return read_attr_at(fd, "numa_node", &text) >= 0 && sscanf(text, "%d", &node) == 1 ? node : -1;
}

/* As much of it as the rules of the configuration ask about. -ENOENT: it is no virtual function, or gone. */
static int read_function(const HookPaths *paths, const PciAddress *a, Function *ret)
{
        _cleanup_close_ int devices_fd = -EBADF, fd = -EBADF;
        _cleanup_free_ char *physical_function = NULL;
        uint32_t vendor, device;
        Function f = { 0 };
        int r;

        f.address = *a;
        devices_fd = open(paths->pci_devices, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (devices_fd < 0)
                return -errno;
        fd = openat(devices_fd, PCI_ADDRESS_STR(a), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        if ((r = readlink_basename_at(fd, "physfn", &physical_function)) < 0 ||
            (r = pci_address_parse(physical_function, &f.physical_function)) < 0 ||
            (r = read_hex_attr_at(fd, "vendor", 16, &vendor)) < 0 ||
            (r = read_hex_attr_at(fd, "device", 16, &device)) < 0 ||
            (r = read_hex_attr_at(fd, "class", 24, &f.identity.class_code)) < 0 ||
            (r = pci_locator_read(fd, a, &f.physical_function, &f.locator)) < 0)
                return r;

        /* One that says nothing is on none. */
        f.numa_node = read_node(fd);

        f.identity.vendor = (uint16_t) vendor;
        f.identity.device = (uint16_t) device;
        *ret = f;
        return 0;
}

/* One that is gone needs no word of ours: libvirt finds that out itself. */
static const PciAddress *find_pooled(const HookPaths *paths, const Config *config, const DomainXml *x)
{
        for (size_t i = 0; i < x->n_functions; i++) {
                Function f;

                /* Of a configuration that cannot be read any function might be. */
                if (read_function(paths, x->functions + i, &f) >= 0 &&
                    (!config || config_matches(config, &f)))
                        return x->functions + i;
        }

        return NULL;
}

static int judge_functions(const HookPaths *paths, const HookCall *c, const char *why, bool may_be_allowed,
                           Failure *reterr)
{
        _cleanup_(failure_done) Failure ignored = { 0 };
        _cleanup_(config_freep) Config *config = NULL;
        const PciAddress *pooled;

        if (config_load(paths->config, &config, &ignored) < 0)
                config = NULL;

        pooled = find_pooled(paths, config, &c->domain);
        if (!pooled || (may_be_allowed && config && config->start_without_daemon))
                return 0;

        return failure_set(reterr, FAILURE_HOST,
                           "%s, so nobody knows whether domain '%s' may have function %s; see 'systemctl "
                           "status vgpu-hibernated', and 'start_without_daemon' in vgpu-hibernate.json(5)",
                           why, c->name, PCI_ADDRESS_STR(pooled));
}

int without_daemon_judge(const HookPaths *paths, const HookCall *c, const char *why, Failure *reterr)
{
        _cleanup_(failure_done) Failure refused = { 0 };
        _cleanup_(job_freep) Job *job = NULL;
        bool at_work = false;
        int hibernated, r;

        if (c->operation == HOOK_RELEASE)
                return 0;

        hibernated = without_daemon_is_hibernated(paths, c->domain.uuid);
        if (find_open_job(paths, c->domain.uuid, &job, &at_work) < 0)
                job = NULL;

        r = start_check_domain(
                        &(const StartCheck) {
                                        .name = c->name,
                                        .job = job,
                                        .at_work = at_work,
                                        .hibernated = hibernated > 0,
                        },
                        &refused);
        if (r < 0)
                return failure_set(reterr, refused.code, "%s (%s)", failure_message(&refused), why);
        if (r > 0)
                return 0;

        return judge_functions(paths, c, why, hibernated == 0, reterr);
}
