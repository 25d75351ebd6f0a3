/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* libvirt's handles as owned values, its errors as Failures, and a connection that is watched. */

#include <libvirt/libvirt.h>
#include <libvirt/virterror.h>

#include "core/facts.h"
#include "core/failure.h"

DEFINE_CLEANUP_FUNC(virConnectPtr, virConnectClose);
DEFINE_CLEANUP_FUNC(virDomainPtr, virDomainFree);

/* Keepalive: a libvirtd whose event loop does not answer for 20 s counts as gone, and calls in flight
 * fail. */
#define VIRT_KEEPALIVE_INTERVAL_SEC 5
#define VIRT_KEEPALIVE_COUNT 3

/* Once in a process and before every other call here: libvirt no longer prints errors to stderr, and its
 * default event loop is registered. From then on somebody must run that loop (virt_loop_start(), or the
 * caller itself), or libvirtd, whose keepalive nobody answers, drops each connection. */
int virt_init(Failure *reterr) _warn_unused_result_;

/* A thread that runs libvirt's event loop; event callbacks run in it. */
typedef struct VirtLoop VirtLoop;
int virt_loop_start(VirtLoop **ret, Failure *reterr) _warn_unused_result_;
/* Ends and joins the thread. */
VirtLoop *virt_loop_stop(VirtLoop *l);
DEFINE_CLEANUP_FUNC(VirtLoop *, virt_loop_stop);

/* Blocks for as long as libvirtd takes to start, when systemd starts it. */
int virt_connect(const char *uri, virConnectPtr *ret, Failure *reterr) _warn_unused_result_;
/* FAILURE_UNKNOWN_DOMAIN when libvirt has no such domain. */
int virt_find_domain(virConnectPtr c, const char *uuid, virDomainPtr *ret,
                     Failure *reterr) _warn_unused_result_;

static inline void virt_error_freep(virErrorPtr *e)
{
        if (*e)
                virFreeError(*e);
}

/* Fills *f with the message and, appended, libvirt's error. Two of its codes have a name of their own in any
 * case: VIR_ERR_NO_DOMAIN is FAILURE_UNKNOWN_DOMAIN; VIR_ERR_OPERATION_TIMEOUT, which says that another job
 * has the domain's lock, is FAILURE_DOMAIN_BUSY where `code` is FAILURE_LIBVIRT. -EREMOTEIO always. */
int virt_failure_from(Failure *f, FailureCode code, const virError *error, const char *format, ...)
                _printf_(4, 5);
/* The same with this thread's last error. A macro, because the error has to be kept before the arguments are
 * evaluated: every call of libvirt forgets it, virDomainGetName() included. */
#define virt_failure(f, code, ...)                                               \
        ({                                                                       \
                _cleanup_(virt_error_freep) virErrorPtr _e = virSaveLastError(); \
                virt_failure_from((f), (code), _e, __VA_ARGS__);                 \
        })

/* Ends the domain's QEMU at once. One that is gone already is success. */
int virt_destroy(virDomainPtr d, Failure *reterr) _warn_unused_result_;

/* flags: virDomainXMLFlags. The caller frees. */
int virt_domain_xml(virDomainPtr d, unsigned flags, char **ret, Failure *reterr) _warn_unused_result_;

DomainState virt_domain_state(int libvirt_state);
