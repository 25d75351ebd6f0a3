/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Failure: what a domain-level refusal is called and why. One neutral value that the bus (error name), the
 * journal (code string), the command line (exit status) and the log all map from one table in failure.c.
 *
 * Convention: a function with a trailing "Failure *reterr" returns 0 or positive on success; on any error it
 * returns negative *and* has filled *reterr. The message names the thing, the cause and the remedy, in one
 * line of plain English without a full stop at its end.
 */

#include <errno.h>

#include "basic/macro.h"

typedef enum FailureCode {
        FAILURE_NONE,
        FAILURE_UNKNOWN_DOMAIN,
        FAILURE_UNKNOWN_FUNCTION,
        FAILURE_UNKNOWN_JOB,
        FAILURE_UNKNOWN_RESERVATION,
        FAILURE_INVALID_OPTION,
        FAILURE_NOT_RUNNING,
        FAILURE_NOT_HIBERNATED,
        FAILURE_NOT_QUARANTINED,
        FAILURE_HIBERNATED,
        FAILURE_NO_FUNCTION,      /* the domain owns no pooled function */
        FAILURE_NO_FREE_FUNCTION, /* nothing free that fits */
        FAILURE_INCOMPATIBLE,
        FAILURE_FUNCTION_BUSY,
        FAILURE_FOREIGN_DRIVER,
        FAILURE_GATE_CLOSED,     /* a family's gate does not say that the function may be taken */
        FAILURE_GATE_UNANSWERED, /* it cannot be asked */
        FAILURE_DOMAIN_BUSY,
        FAILURE_PLAN_STALE, /* the host is not as it was when the plan was made */
        FAILURE_NOT_PERSISTENT,
        FAILURE_NO_AGENT,
        FAILURE_SUSPEND_DISABLED,
        FAILURE_SUSPEND_FAILED,
        FAILURE_NOT_MIGRATABLE, /* the function's driver cannot hand its state over */
        FAILURE_UNPLUG_FAILED,
        FAILURE_PLUG_FAILED,
        FAILURE_QEMU_TOO_OLD,
        FAILURE_NO_SPACE,
        FAILURE_SAVE_FAILED,
        FAILURE_IMAGE_DAMAGED,
        FAILURE_BIND_FAILED,
        FAILURE_RESTORE_FAILED,
        FAILURE_WAKE_FAILED,
        FAILURE_GUEST_UNHEALTHY,
        FAILURE_LIBVIRT,
        FAILURE_HOST, /* a system call failed: sysfs, files, memory */
        FAILURE_WORKER_DIED,
        FAILURE_LOST, /* the memory of the guest is gone */
        FAILURE_CANCELED,
        FAILURE_INTERRUPTED, /* the host was started anew meanwhile */
        FAILURE_TOO_LATE,
        FAILURE_SHUTTING_DOWN, /* the host is */
        FAILURE_NOT_AUTHORIZED,
        _FAILURE_CODE_MAX,
        _FAILURE_CODE_INVALID = -EINVAL,
} FailureCode;

typedef struct Failure {
        FailureCode code;
        char *message; /* owned; NULL only with FAILURE_NONE or after out of memory */
} Failure;

/* Exit status of vgpu-hibernatectl for each class of refusal. Documented in vgpu-hibernatectl(1). */
typedef enum FailureExit {
        FAILURE_EXIT_FAILED = 1,  /* it was tried and failed */
        FAILURE_EXIT_USAGE = 2,   /* the request makes no sense */
        FAILURE_EXIT_REFUSED = 3, /* the state of the world forbids it; nothing was touched */
} FailureExit;

/* "NoSpace" <-> FAILURE_NO_SPACE: the form in the journal. */
const char *failure_code_to_string(FailureCode code);
FailureCode failure_code_from_string(const char *s);
/* "org.vgpu.Hibernate1.Error.NoSpace" */
const char *failure_code_to_bus_error(FailureCode code);
FailureCode failure_code_from_bus_error(const char *name);
int failure_code_to_exit_status(FailureCode code);

/* Fills *f (NULL allowed), keeping what it holds already: the first cause wins. Returns -EREMOTEIO always, for
 * "return failure_set(...)". */
int failure_set(Failure *f, FailureCode code, const char *format, ...) _printf_(3, 4);
/* The same with ": strerror(error)" appended; returns error made negative. */
int failure_set_errno(Failure *f, FailureCode code, int error, const char *format, ...) _printf_(4, 5);
/* "cause; and then what": one line that also says what was done about it. Without memory it stays the cause. */
void failure_append(Failure *f, const char *text);
void failure_done(Failure *f);
const char *failure_message(const Failure *f);
