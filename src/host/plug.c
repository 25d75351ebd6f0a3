/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/plug.h"

#include <assert.h>

#include "basic/clock.h"
#include "host/domain-xml.h"
#include "host/real-host.h"
#include "host/suspend.h"
#include "host/virt-status.h"

/*
 * Unplug and plug. The live XML decides what the guest has: libvirt takes a device out of it when QEMU says that the
 * device is gone (event DEVICE_DELETED), and QEMU lets it go when the guest has ejected it. What virDomainDetachDevice()
 * returns says only that the guest was asked; it waits 5 s for more (libvirt 11.3 src/qemu/qemu_hotplug.c). A request
 * cannot be taken back: the guest may follow it as long as it lives.
 */

#define POLL_INTERVAL_USEC (200 * USEC_PER_MSEC)
/* The request was refused, but an earlier one of the same may be on its way. */
#define REFUSED_GRACE_USEC (5 * USEC_PER_SEC)
/* On the way back, for what was asked of the guest and may be about to happen. Longer than libvirt itself waits. */
#define SETTLE_USEC (10 * USEC_PER_SEC)

static int read_live(RealHost *h, const char *uuid, virDomainPtr *ret_domain, DomainDevices *ret_devices,
                     Failure *reterr)
{
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        _cleanup_free_ char *xml = NULL;
        HostStatus s;
        int r;

        r = host_status(h, uuid, &s, reterr);
        if (r < 0)
                return r;
        /* With what the guest was asked for its QEMU may have ended; the caller asks why. */
        if (!s.active)
                return failure_set(reterr, FAILURE_LIBVIRT, "domain %s is not running", uuid);

        r = real_host_domain(h, uuid, &d, reterr);
        if (r < 0)
                return r;

        r = virt_domain_xml(d, 0, &xml, reterr);
        if (r < 0)
                return r;

        r = domain_xml_list_devices(xml, ret_devices, reterr);
        if (r < 0)
                return r;

        if (ret_domain)
                *ret_domain = TAKE_PTR(d);
        return 0;
}

static const DomainDevice *find_device(const DomainDevices *l, const PciAddress *function)
{
        for (size_t i = 0; i < l->n; i++)
                if (pci_address_equal(&l->list[i].function, function))
                        return l->list + i;

        return NULL;
}

/* The first of these that the guest still has; NULL: none. */
static const PciAddress *find_left(const DomainDevices *live, const PciAddress *functions, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (find_device(live, functions + i))
                        return functions + i;

        return NULL;
}

/* Until none is left: 1. 0: `*ret_left` was, at the deadline or, if it is `cancelable`, on request. */
static int wait_unplugged(RealHost *h, const char *uuid, const PciAddress *functions, size_t n,
                          uint64_t deadline_usec, bool cancelable, const PciAddress **ret_left,
                          Failure *reterr)
{
        for (;;) {
                _cleanup_(domain_devices_done) DomainDevices live = { 0 };
                int r;

                r = read_live(h, uuid, NULL, &live, reterr);
                if (r < 0)
                        return r;

                *ret_left = find_left(&live, functions, n);
                if (!*ret_left)
                        return 1;
                if (clock_monotonic_usec() >= deadline_usec || (cancelable && real_host_canceled(h)))
                        return 0;

                clock_sleep_usec(POLL_INTERVAL_USEC);
        }
}

static int unplug_failed(const RealHost *h, virDomainPtr d, const PciAddress *left, const Failure *refused,
                         Failure *reterr)
{
        bool is_refused = refused->code != FAILURE_NONE;

        if (real_host_canceled(h))
                return failure_set(reterr, FAILURE_CANCELED, "canceled while domain '%s' was unplugged",
                                   virDomainGetName(d));

        return failure_set(
                        reterr, FAILURE_UNPLUG_FAILED,
                        "the guest of domain '%s' was asked to let go of function %s, but still has it (waited at "
                        "most %llu s)%s%s%s",
                        virDomainGetName(d), PCI_ADDRESS_STR(left),
                        (unsigned long long) (h->settings.unplug_timeout_usec / USEC_PER_SEC),
                        is_refused ? ": " : "", is_refused ? failure_message(refused) : "",
                        host_suspends_only_once(d)
                                        ? "; with SeaBIOS on machine type q35 a guest that was once suspended "
                                          "cannot be unplugged until it boots: use OVMF, or another strategy"
                                        : "; the guest's kernel log may tell what kept it, and it may still let go");
}

int host_unplug(void *host, const char *uuid, const PciAddress *functions, size_t n, Failure *reterr)
{
        RealHost *h = host;
        uint64_t deadline_usec = clock_monotonic_usec() + h->settings.unplug_timeout_usec;
        _cleanup_(domain_devices_done) DomainDevices live = { 0 };
        _cleanup_(failure_done) Failure refused = { 0 };
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        const PciAddress *left;
        int r;

        assert(functions);

        r = read_live(h, uuid, &d, &live, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n && refused.code == FAILURE_NONE && !real_host_canceled(h); i++) {
                const DomainDevice *device = find_device(&live, functions + i);

                if (device && virDomainDetachDeviceFlags(d, device->xml, VIR_DOMAIN_AFFECT_LIVE) < 0)
                        (void) virt_failure(&refused, FAILURE_UNPLUG_FAILED, "cannot unplug function %s",
                                            PCI_ADDRESS_STR(functions + i));
        }
        if (refused.code != FAILURE_NONE)
                deadline_usec = clock_monotonic_usec() + REFUSED_GRACE_USEC;

        r = wait_unplugged(h, uuid, functions, n, deadline_usec, true, &left, reterr);
        return r == 0 ? unplug_failed(h, d, left, &refused, reterr) : r;
}

static int attach(RealHost *h, const char *uuid, virDomainPtr d, const DomainDevice *device, Failure *reterr)
{
        _cleanup_(domain_devices_done) DomainDevices live = { 0 };
        _cleanup_(failure_done) Failure refused = { 0 };
        int r;

        if (virDomainAttachDeviceFlags(d, device->xml, VIR_DOMAIN_AFFECT_LIVE) < 0)
                (void) virt_failure(&refused, FAILURE_PLUG_FAILED,
                                    "cannot plug function %s into domain '%s'",
                                    PCI_ADDRESS_STR(&device->function), virDomainGetName(d));

        /* The world decides: a call whose connection broke may have succeeded, and one that could not be asked again says
         * nothing. */
        r = read_live(h, uuid, NULL, &live, reterr);
        if (r < 0 || find_device(&live, &device->function))
                return r;

        return failure_set(reterr, FAILURE_PLUG_FAILED, "%s",
                           refused.code != FAILURE_NONE
                                           ? failure_message(&refused)
                                           : "libvirt plugged a function, and the domain has none");
}

/* The elements as they are to be plugged. What the guest had it gets back as it was; what is given to it is ours to bind. */
static int prepare(const char *devices, const PciAddress *functions, size_t n, bool back, DomainDevices *ret,
                   Failure *reterr)
{
        _cleanup_(domain_devices_done) DomainDevices had = { 0 };
        _cleanup_free_ char *edited = NULL;
        FunctionSwap moves[JOB_FUNCTIONS_MAX];
        bool moved = false;
        int r;

        r = domain_xml_list_devices(devices, &had, reterr);
        if (r < 0)
                return r;
        if (had.n != n || n > JOB_FUNCTIONS_MAX)
                return failure_set(reterr, FAILURE_PLUG_FAILED,
                                   "%zu functions are noted of the domain, and %zu are to be plugged", had.n,
                                   n);

        for (size_t i = 0; i < n; i++) {
                moves[i] = (FunctionSwap) {
                        .has_from = true, .from = had.list[i].function, .has_to = true, .to = functions[i]
                };
                moved = moved || !pci_address_equal(&moves[i].from, &moves[i].to);
        }

        r = back && !moved ? 0 : domain_xml_set_functions(devices, moves, n, false, &edited, reterr);
        if (r < 0)
                return r;

        return domain_xml_list_devices(edited ? edited : devices, ret, reterr);
}

int host_plug(void *host, const char *uuid, const char *devices, const PciAddress *functions, size_t n,
              bool back, Failure *reterr)
{
        RealHost *h = host;
        _cleanup_(domain_devices_done) DomainDevices live = { 0 }, wanted = { 0 };
        _cleanup_(virDomainFreep) virDomainPtr d = NULL;
        const PciAddress *left;
        int r;

        assert(devices);
        assert(functions);

        r = prepare(devices, functions, n, back, &wanted, reterr);
        if (r >= 0 && back)
                r = wait_unplugged(h, uuid, functions, n, clock_monotonic_usec() + SETTLE_USEC, false, &left,
                                   reterr);
        if (r >= 0)
                r = read_live(h, uuid, &d, &live, reterr);

        for (size_t i = 0; r >= 0 && i < wanted.n; i++)
                if (!find_device(&live, &wanted.list[i].function))
                        r = attach(h, uuid, d, wanted.list + i, reterr);

        return r < 0 ? r : 0;
}
