/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/save-call.h"

#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/eventfd.h>

struct SaveCall {
        atomic_uint n_refs; /* the caller's and the thread's: either may be the last */
        virDomainPtr domain;
        int done_fd; /* readable when the thread has written what follows */
        int result;
        virErrorPtr error; /* libvirt's errors are per thread: a copy */
};

SaveCall *save_call_unref(SaveCall *c)
{
        if (!c || atomic_fetch_sub(&c->n_refs, 1) != 1)
                return NULL;

        virDomainFreep(&c->domain);
        if (c->error)
                virFreeError(c->error);
        closep(&c->done_fd);
        free(c);
        return NULL;
}

static void *run(void *userdata)
{
        _cleanup_(save_call_unrefp) SaveCall *c = userdata;

        /* Without SAVE_RUNNING: with it, libvirt would "cont" the QEMU of a failed save, which can abort one that was
         * suspended. One that ran it continues without being told, and with SAVE_PAUSED it would not; that a restored
         * guest stays paused is for the restore to ask for (libvirt 11.3 src/qemu/qemu_driver.c,
         * qemuDomainSaveInternal()). */
        c->result = virDomainManagedSave(c->domain, 0);
        if (c->result < 0)
                c->error = virSaveLastError();

        /* Cannot fail: the counter is far from its end. */
        (void) eventfd_write(c->done_fd, 1);
        return NULL;
}

int save_call_start(virDomainPtr d, SaveCall **ret, Failure *reterr)
{
        _cleanup_(save_call_unrefp) SaveCall *c = NULL;
        sigset_t all, before;
        pthread_attr_t attributes;
        pthread_t thread;
        int error;

        assert(ret);

        c = malloc(sizeof(*c));
        if (!c)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "save");
        *c = (SaveCall) { .n_refs = 1, .done_fd = -EBADF };

        c->done_fd = eventfd(0, EFD_CLOEXEC);
        if (c->done_fd < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "save");

        if (virDomainRef(d) < 0)
                return virt_failure(reterr, FAILURE_LIBVIRT, "cannot keep domain '%s'", virDomainGetName(d));
        c->domain = d;

        error = pthread_attr_init(&attributes);
        if (error != 0)
                return failure_set_errno(reterr, FAILURE_HOST, error, "save");

        /* Signals are for the main thread: they must interrupt its wait. */
        (void) pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
        (void) sigfillset(&all);
        (void) pthread_sigmask(SIG_SETMASK, &all, &before);
        (void) atomic_fetch_add(&c->n_refs, 1);
        error = pthread_create(&thread, &attributes, run, c);
        (void) pthread_sigmask(SIG_SETMASK, &before, NULL);
        (void) pthread_attr_destroy(&attributes);
        if (error != 0) {
                (void) atomic_fetch_sub(&c->n_refs, 1);
                return failure_set_errno(reterr, FAILURE_HOST, error, "cannot start a thread for the save");
        }

        *ret = TAKE_PTR(c);
        return 0;
}

bool save_call_wait(SaveCall *c, uint64_t timeout_usec)
{
        struct pollfd p = { .fd = c->done_fd, .events = POLLIN };

        return poll(&p, 1, (int) (timeout_usec / USEC_PER_MSEC)) == 1;
}

int save_call_result(SaveCall *c, Failure *reterr)
{
        if (c->result >= 0)
                return 0;

        return virt_failure_from(reterr, FAILURE_SAVE_FAILED, c->error, "cannot save domain '%s'",
                                 virDomainGetName(c->domain));
}
