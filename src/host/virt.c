/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/virt.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>

struct VirtLoop {
        pthread_t thread;
        atomic_bool stop;
        int wakeup; /* the timer of libvirt's loop that ends its wait */
};

static void ignore_error(_unused_ void *userdata, _unused_ virErrorPtr error)
{
}

int virt_init(Failure *reterr)
{
        /* Every error reaches the caller as a Failure; libvirt would print each to stderr besides. */
        virSetErrorFunc(NULL, ignore_error);

        if (virInitialize() < 0 || virEventRegisterDefaultImpl() < 0)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot initialize libvirt's client library");

        return 0;
}

static void end_wait(_unused_ int timer, _unused_ void *userdata)
{
}

static void *run_loop(void *userdata)
{
        VirtLoop *l = userdata;

        while (!atomic_load(&l->stop))
                if (virEventRunDefaultImpl() < 0)
                        break;

        return NULL;
}

int virt_loop_start(VirtLoop **ret, Failure *reterr)
{
        _cleanup_free_ VirtLoop *l = NULL;
        sigset_t all, before;
        int error;

        assert(ret);

        l = malloc(sizeof(*l));
        if (!l)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "libvirt event loop");

        atomic_init(&l->stop, false);
        l->wakeup = virEventAddTimeout(-1, end_wait, NULL, NULL);
        if (l->wakeup < 0)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot add a timer to libvirt's event loop");

        /* Signals are for the main thread: they must interrupt its waits. */
        (void) sigfillset(&all);
        (void) pthread_sigmask(SIG_SETMASK, &all, &before);
        error = pthread_create(&l->thread, NULL, run_loop, l);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        if (error != 0) {
                (void) virEventRemoveTimeout(l->wakeup);
                return failure_set_errno(reterr, FAILURE_HOST, error, "cannot start libvirt's event thread");
        }

        *ret = TAKE_PTR(l);
        return 0;
}

VirtLoop *virt_loop_stop(VirtLoop *l)
{
        if (!l)
                return NULL;

        atomic_store(&l->stop, true);
        virEventUpdateTimeout(l->wakeup, 0);
        (void) pthread_join(l->thread, NULL);
        (void) virEventRemoveTimeout(l->wakeup);
        free(l);
        return NULL;
}

int virt_connect(const char *uri, virConnectPtr *ret, Failure *reterr)
{
        virConnectPtr c;

        assert(uri);
        assert(ret);

        c = virConnectOpen(uri);
        if (!c)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot connect to libvirtd at '%s'", uri);

        /* Fails for drivers without a daemon (test:///default), which cannot go away either. */
        if (virConnectSetKeepAlive(c, VIRT_KEEPALIVE_INTERVAL_SEC, VIRT_KEEPALIVE_COUNT) < 0)
                virResetLastError();

        *ret = c;
        return 0;
}

int virt_find_domain(virConnectPtr c, const char *uuid, virDomainPtr *ret, Failure *reterr)
{
        virDomainPtr d;

        assert(c);
        assert(uuid);
        assert(ret);

        d = virDomainLookupByUUIDString(c, uuid);
        if (!d)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot find domain %s", uuid);

        *ret = d;
        return 0;
}

int virt_failure_from(Failure *f, FailureCode code, const virError *error, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        if (error && error->code == VIR_ERR_NO_DOMAIN)
                code = FAILURE_UNKNOWN_DOMAIN;
        else if (error && error->code == VIR_ERR_OPERATION_TIMEOUT && code == FAILURE_LIBVIRT)
                code = FAILURE_DOMAIN_BUSY;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);

        return failure_set(f, code, "%s: %s", text ? text : "out of memory",
                           error && error->message ? error->message : "libvirt gives no reason");
}

int virt_destroy(virDomainPtr d, Failure *reterr)
{
        _cleanup_(failure_done) Failure refused = { 0 };

        assert(d);

        if (virDomainDestroyFlags(d, 0) >= 0)
                return 0;

        (void) virt_failure(&refused, FAILURE_LIBVIRT, "cannot end the QEMU of domain '%s'",
                            virDomainGetName(d));
        if (virDomainIsActive(d) == 0)
                return 0;
        return failure_set(reterr, refused.code, "%s", failure_message(&refused));
}

int virt_domain_xml(virDomainPtr d, unsigned flags, char **ret, Failure *reterr)
{
        char *xml = virDomainGetXMLDesc(d, flags);

        if (!xml)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot read the XML of domain '%s'",
                                    virDomainGetName(d));

        *ret = xml;
        return 0;
}

DomainState virt_domain_state(int libvirt_state)
{
        switch ((virDomainState) libvirt_state) {
        case VIR_DOMAIN_RUNNING:
                return DOMAIN_RUNNING;
        case VIR_DOMAIN_PAUSED:
                return DOMAIN_PAUSED;
        case VIR_DOMAIN_PMSUSPENDED:
                return DOMAIN_PMSUSPENDED;
        case VIR_DOMAIN_SHUTOFF:
                return DOMAIN_SHUTOFF;
        case VIR_DOMAIN_CRASHED:
                return DOMAIN_CRASHED;
        case VIR_DOMAIN_NOSTATE:
        case VIR_DOMAIN_BLOCKED:
        case VIR_DOMAIN_SHUTDOWN:
                return DOMAIN_OTHER;
#ifdef VIR_ENUM_SENTINELS
        case VIR_DOMAIN_LAST:
                return DOMAIN_OTHER;
#endif
        }

        return DOMAIN_OTHER;
}
