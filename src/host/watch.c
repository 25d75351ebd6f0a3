/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/watch.h"

#include <assert.h>

#include "basic/clock.h"
#include "host/device-monitor.h"
#include "host/scan.h"

/* A start of one domain is a dozen events; one snapshot after the last of them is enough. */
#define SETTLE_MSEC 100
/* But a host that is never quiet is looked at as well. */
#define SETTLE_MAX_USEC (1 * USEC_PER_SEC)
#define CONNECT_MSEC_MIN 1000
#define CONNECT_MSEC_MAX 30000

typedef struct Watch {
        const RealHostSettings *settings;
        PciIdentities *identities;
        HostWatchCallback callback;
        void *userdata;
        virConnectPtr connection; /* NULL while libvirtd is away */
        char *away;               /* why it is */
        int settle_timer;         /* libvirt's id; armed while something happened that was not looked at */
        int connect_timer;        /* armed while there is no connection, or a broken one */
        int connect_msec;         /* the next wait */
        uint64_t unseen_usec;     /* since when; 0: nothing */
        int stop_handle, reader_handle, device_handle;
        DeviceMonitor *monitor;
        bool stop;
        int result; /* of the end */
        Failure failure;
} Watch;

static void end(Watch *w, int result)
{
        w->stop = true;
        w->result = result;
}

static void something_happened(Watch *w)
{
        uint64_t now_usec = clock_monotonic_usec();

        if (w->unseen_usec == 0)
                w->unseen_usec = now_usec;

        virEventUpdateTimeout(w->settle_timer,
                              now_usec - w->unseen_usec < SETTLE_MAX_USEC ? SETTLE_MSEC : 0);
}

static void connect_later(Watch *w)
{
        virEventUpdateTimeout(w->connect_timer, w->connect_msec);
        w->connect_msec = w->connect_msec * 2 < CONNECT_MSEC_MAX ? w->connect_msec * 2 : CONNECT_MSEC_MAX;
}

static void on_settled(_unused_ int timer, void *userdata)
{
        Watch *w = userdata;
        _cleanup_(world_freep) World *world = NULL;
        int r;

        virEventUpdateTimeout(w->settle_timer, -1);
        w->unseen_usec = 0;

        r = host_scan_over(w->settings, w->identities, w->connection,
                           w->away ? w->away : "not connected yet", &world, &w->failure);
        if (r < 0) {
                end(w, r);
                return;
        }

        /* No event would tell when a list that libvirt refuses now can be had: begin anew. */
        if (world->libvirt_ok)
                w->connect_msec = CONNECT_MSEC_MIN;
        else if (w->connection)
                connect_later(w);

        r = w->callback(world, w->userdata);
        if (r < 0)
                end(w, r);
}

/* Which event it is does not matter, each is a reason to look. One function for each form of libvirt's
 * callbacks. */
static int on_lifecycle(_unused_ virConnectPtr c, _unused_ virDomainPtr d, _unused_ int event,
                        _unused_ int detail, void *userdata)
{
        something_happened(userdata);
        return 0;
}

static void on_reason(_unused_ virConnectPtr c, _unused_ virDomainPtr d, _unused_ int reason, void *userdata)
{
        something_happened(userdata);
}

static void on_alias(_unused_ virConnectPtr c, _unused_ virDomainPtr d, _unused_ const char *alias,
                     void *userdata)
{
        something_happened(userdata);
}

static const struct {
        int id;
        virConnectDomainEventGenericCallback callback;
} events[] = {
        { VIR_DOMAIN_EVENT_ID_LIFECYCLE, VIR_DOMAIN_EVENT_CALLBACK(on_lifecycle) },
        { VIR_DOMAIN_EVENT_ID_PMSUSPEND, VIR_DOMAIN_EVENT_CALLBACK(on_reason) },
        { VIR_DOMAIN_EVENT_ID_PMWAKEUP, VIR_DOMAIN_EVENT_CALLBACK(on_reason) },
        { VIR_DOMAIN_EVENT_ID_PMSUSPEND_DISK, VIR_DOMAIN_EVENT_CALLBACK(on_reason) },
        { VIR_DOMAIN_EVENT_ID_DEVICE_ADDED, VIR_DOMAIN_EVENT_CALLBACK(on_alias) },
        { VIR_DOMAIN_EVENT_ID_DEVICE_REMOVED, VIR_DOMAIN_EVENT_CALLBACK(on_alias) },
};

/* Inside a callback of the connection it must not be closed: the timer does that. */
static void on_close(_unused_ virConnectPtr c, _unused_ int reason, void *userdata)
{
        virEventUpdateTimeout(((Watch *) userdata)->connect_timer, 0);
}

static int listen_to(Watch *w, virConnectPtr c, Failure *reterr)
{
        if (virConnectRegisterCloseCallback(c, on_close, w, NULL) < 0)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot watch the connection to libvirtd");

        for (size_t i = 0; i < ELEMENTSOF(events); i++)
                if (virConnectDomainEventRegisterAny(c, NULL, events[i].id, events[i].callback, w, NULL) < 0)
                        return virt_failure(reterr, FAILURE_LIBVIRT, "cannot listen for events of libvirtd");

        return 0;
}

static void disconnect(Watch *w)
{
        if (!w->connection)
                return;

        /* Closing takes the event callbacks along; the close callback holds a reference until it is
         * unregistered. */
        if (virConnectUnregisterCloseCallback(w->connection, on_close) < 0)
                virResetLastError();
        (void) virConnectClose(w->connection);
        w->connection = NULL;
}

/* Connects, or, when that fails, waits longer for the next attempt. */
static void on_connect(_unused_ int timer, void *userdata)
{
        Watch *w = userdata;
        _cleanup_(failure_done) Failure away = { 0 };
        virConnectPtr c = NULL;
        int r;

        virEventUpdateTimeout(w->connect_timer, -1);
        disconnect(w);

        r = virt_connect(w->settings->libvirt_uri, &c, &away);
        if (r >= 0) {
                w->connection = c;
                r = listen_to(w, c, &away);
                if (r < 0)
                        disconnect(w);
        }

        if (r < 0)
                connect_later(w);

        r = free_and_strdup(&w->away, r < 0 ? failure_message(&away) : NULL);
        if (r < 0)
                end(w, failure_set_errno(&w->failure, FAILURE_HOST, r, "watch"));

        something_happened(w);
}

static void on_end(_unused_ int handle, _unused_ int fd, _unused_ int what, void *userdata)
{
        end(userdata, 0);
}

static void on_device(_unused_ int handle, _unused_ int fd, _unused_ int what, void *userdata)
{
        Watch *w = userdata;
        int r = device_monitor_process(w->monitor);

        /* Too many events for the socket's buffer: some are lost, but that something happened is known. */
        if (r == -ENOBUFS)
                r = 1;
        if (r < 0)
                end(w, failure_set_errno(&w->failure, FAILURE_HOST, r, "cannot listen for PCI devices"));
        else if (r > 0)
                something_happened(w);
}

static int set_up(Watch *w, int stop_fd, int reader_fd)
{
        int r;

        r = device_monitor_new(&w->monitor, &w->failure);
        if (r < 0)
                return r;

        w->settle_timer = virEventAddTimeout(-1, on_settled, w, NULL);
        w->connect_timer = virEventAddTimeout(0, on_connect, w, NULL);
        w->device_handle = virEventAddHandle(device_monitor_fd(w->monitor), VIR_EVENT_HANDLE_READABLE,
                                             on_device, w, NULL);
        if (w->settle_timer < 0 || w->connect_timer < 0 || w->device_handle < 0)
                return virt_failure(&w->failure, FAILURE_LIBVIRT, "cannot add to libvirt's event loop");

        if (stop_fd >= 0) {
                w->stop_handle = virEventAddHandle(stop_fd, VIR_EVENT_HANDLE_READABLE, on_end, w, NULL);
                if (w->stop_handle < 0)
                        return virt_failure(&w->failure, FAILURE_LIBVIRT,
                                            "cannot add to libvirt's event loop");
        }

        /* The write end of a pipe whose reader is gone reports an error, without anybody writing. */
        if (reader_fd >= 0) {
                w->reader_handle = virEventAddHandle(reader_fd,
                                                     VIR_EVENT_HANDLE_ERROR | VIR_EVENT_HANDLE_HANGUP,
                                                     on_end, w, NULL);
                if (w->reader_handle < 0)
                        return virt_failure(&w->failure, FAILURE_LIBVIRT,
                                            "cannot add to libvirt's event loop");
        }

        return 0;
}

static void tear_down(Watch *w)
{
        const int handles[] = { w->stop_handle, w->reader_handle, w->device_handle };
        const int timers[] = { w->settle_timer, w->connect_timer };

        disconnect(w);

        for (size_t i = 0; i < ELEMENTSOF(handles); i++)
                if (handles[i] >= 0)
                        (void) virEventRemoveHandle(handles[i]);
        for (size_t i = 0; i < ELEMENTSOF(timers); i++)
                if (timers[i] >= 0)
                        (void) virEventRemoveTimeout(timers[i]);

        (void) device_monitor_free(w->monitor);
        (void) pci_identities_free(w->identities);
        free(w->away);
        failure_done(&w->failure);
}

int host_watch(const RealHostSettings *settings, int stop_fd, int reader_fd, HostWatchCallback callback,
               void *userdata, Failure *reterr)
{
        _cleanup_(tear_down) Watch w = {
                .settings = settings,
                .callback = callback,
                .userdata = userdata,
                .settle_timer = -1,
                .connect_timer = -1,
                .stop_handle = -1,
                .reader_handle = -1,
                .device_handle = -1,
                .connect_msec = CONNECT_MSEC_MIN,
        };
        int r;

        assert(settings);
        assert(callback);

        r = pci_identities_new(&w.identities);
        if (r >= 0)
                r = set_up(&w, stop_fd, reader_fd);
        while (r >= 0 && !w.stop)
                if (virEventRunDefaultImpl() < 0)
                        r = virt_failure(&w.failure, FAILURE_LIBVIRT, "libvirt's event loop failed");
        if (r >= 0)
                r = w.result;

        if (r < 0 && w.failure.code != FAILURE_NONE)
                (void) failure_set(reterr, w.failure.code, "%s", failure_message(&w.failure));
        else if (r < 0)
                (void) failure_set_errno(reterr, FAILURE_HOST, r, "the watch was ended");
        return r;
}
