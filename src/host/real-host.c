/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/real-host.h"

#include <assert.h>
#include <fcntl.h>

#include "host/function-command.h"
#include "host/guest-health.h"
#include "host/image-file.h"
#include "host/image.h"
#include "host/inspect.h"
#include "host/pci-locator.h"
#include "host/plug.h"
#include "host/restore.h"
#include "host/rewrite.h"
#include "host/save.h"
#include "host/scan.h"
#include "host/suspend.h"
#include "host/vfio.h"

int real_host_new(const RealHostSettings *settings, RealHost **ret, Failure *reterr)
{
        _cleanup_(real_host_freep) RealHost *h = NULL;
        int r;

        assert(settings);
        assert(settings->libvirt_uri);
        assert(settings->image_dir);
        assert(settings->sysfs_pci);
        assert(ret);

        h = malloc(sizeof(*h));
        if (!h)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "host");
        *h = (RealHost) { .settings = *settings, .pci_fd = -EBADF };

        h->pci_fd = open(settings->sysfs_pci, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (h->pci_fd < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot open '%s'",
                                         settings->sysfs_pci);

        r = virt_init(reterr);
        if (r < 0)
                return r;

        r = virt_loop_start(&h->loop, reterr);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(h);
        return 0;
}

RealHost *real_host_free(RealHost *h)
{
        if (!h)
                return NULL;

        /* The loop last: closing a connection takes its handles out of it. */
        virConnectClosep(&h->connection);
        (void) virt_loop_stop(h->loop);
        closep(&h->pci_fd);
        free(h);
        return NULL;
}

bool real_host_canceled(const RealHost *h)
{
        return h->settings.canceled && *h->settings.canceled;
}

bool real_host_held(const RealHost *h)
{
        return h->settings.held && *h->settings.held;
}

int real_host_connect(RealHost *h, virConnectPtr *ret, Failure *reterr)
{
        int r;

        assert(h);
        assert(ret);

        /* Never alive again once dead; nothing reconnects behind a virConnectPtr. */
        if (h->connection && virConnectIsAlive(h->connection) != 1) {
                (void) virConnectClose(h->connection);
                h->connection = NULL;
        }

        if (!h->connection) {
                r = virt_connect(h->settings.libvirt_uri, &h->connection, reterr);
                if (r < 0)
                        return r;
        }

        *ret = h->connection;
        return 0;
}

int real_host_domain(RealHost *h, const char *uuid, virDomainPtr *ret, Failure *reterr)
{
        virConnectPtr c;
        int r;

        r = real_host_connect(h, &c, reterr);
        if (r < 0)
                return r;

        return virt_find_domain(c, uuid, ret, reterr);
}

/* Of what a scan tells, only which function is where. */
static int read_place(Function *f, int fd, uint64_t inode, void *userdata)
{
        return pci_locator_read(fd, &f->address, &f->physical_function, &f->locator);
}

static int function_find(void *host, const FunctionRef *ref, PciAddress *ret, Failure *reterr)
{
        RealHost *h = host;
        _cleanup_close_ int devices_fd = -EBADF;
        _cleanup_(world_freep) World *w = NULL;
        const Function *f;
        int r;

        if (!locator_is_known(&ref->locator)) {
                *ret = ref->address;
                return 0;
        }

        w = calloc(1, sizeof(World));
        if (!w)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot look for a function");

        devices_fd = openat(h->pci_fd, "devices", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (devices_fd < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot open '%s/devices'",
                                         h->settings.sysfs_pci);

        r = pci_scan(devices_fd, read_place, NULL, NULL, NULL, NULL, w, reterr);
        if (r < 0)
                return r;

        f = function_ref_find(ref, w->functions, w->n_functions);
        if (!f)
                return failure_set(
                                reterr, FAILURE_UNKNOWN_FUNCTION,
                                "the function that was at %s (number %u of %s) is not on this host any more",
                                PCI_ADDRESS_STR(&ref->address), ref->locator.index, ref->locator.slot);

        *ret = f->address;
        return 0;
}

static int function_bind(void *host, const PciAddress *a, bool *ret_bound, Failure *reterr)
{
        return vfio_bind(((RealHost *) host)->pci_fd, a, ret_bound, reterr);
}

static int function_takes_state(void *host, const PciAddress *a, Failure *reterr)
{
        bool plain;
        int r;

        r = vfio_is_plain(((RealHost *) host)->pci_fd, a, &plain, reterr);
        if (r < 0 || !plain)
                return r;

        return failure_set(
                        reterr, FAILURE_NOT_MIGRATABLE,
                        "function %s cannot take the state of another one: it is on vfio-pci itself, not on a "
                        "driver that knows the device",
                        PCI_ADDRESS_STR(a));
}

int real_host_function_in_use(RealHost *h, const PciAddress *a, Failure *reterr)
{
        _cleanup_(world_freep) World *w = calloc(1, sizeof(World));
        virConnectPtr c;
        int r;

        if (!w)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "functions in use");

        if ((r = real_host_connect(h, &c, reterr)) < 0 ||
            (r = scan_domains(c, VIR_CONNECT_LIST_DOMAINS_ACTIVE, w, reterr)) < 0)
                return r;

        for (size_t i = 0; i < w->n_domains; i++)
                if (w->domains[i].active &&
                    pci_address_is_among(a, w->domains[i].functions, w->domains[i].n_functions))
                        return 1;

        return 0;
}

static int image_space(void *host, uint64_t *ret_bytes, Failure *reterr)
{
        RealHost *h = host;

        return image_file_space(h->settings.image_dir, ret_bytes, reterr);
}

static int function_unbind(void *host, const PciAddress *a, Failure *reterr)
{
        RealHost *h = host;
        int r;

        r = real_host_function_in_use(h, a, reterr);
        if (r != 0)
                return r < 0 ? r : 0;

        return vfio_unbind(h->pci_fd, a, reterr);
}

static int function_reset(void *host, const PciAddress *a, Failure *reterr)
{
        RealHost *h = host;
        int r;

        r = real_host_function_in_use(h, a, reterr);
        if (r != 0)
                return r < 0 ? r : 0;

        return vfio_reset(h->pci_fd, a, reterr);
}

const HostOps real_host_ops = {
        .inspect = host_inspect,
        .suspend_to_ram = host_suspend_to_ram,
        .suspend_to_disk = host_suspend_to_disk,
        .wake = host_wake,
        .set_cpr_mode = host_set_cpr_mode,
        .unplug = host_unplug,
        .plug = host_plug,
        .save = host_save,
        .settle_suspend = host_settle_suspend,
        .settle_save = host_settle_save,
        .image_space = image_space,
        .image_guard = host_image_guard,
        .image_put_back = host_image_put_back,
        .image_discard = host_image_discard,
        .image_set_functions = host_image_set_functions,
        .definition_set_functions = host_definition_set_functions,
        .restore = host_restore,
        .follow_restore = host_follow_restore,
        .cont = host_cont,
        .start = host_start,
        .destroy_unwoken = host_destroy_unwoken,
        .mend = host_mend,
        .wait_agent = host_wait_agent,
        .function_find = function_find,
        .function_bind = function_bind,
        .function_takes_state = function_takes_state,
        .function_unbind = function_unbind,
        .function_reset = function_reset,
        .function_gate = host_function_gate,
        .await_gates = host_await_gates,
        .function_clean = host_function_clean,
};
