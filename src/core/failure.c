/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/failure.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "vgpu-hibernate.h"

static const struct {
        const char *bus_error;
        FailureExit exit_status;
} failure_table[] = {
        [FAILURE_UNKNOWN_DOMAIN] = { VGPU_HIBERNATE_ERROR_UNKNOWN_DOMAIN, FAILURE_EXIT_USAGE },
        [FAILURE_UNKNOWN_FUNCTION] = { VGPU_HIBERNATE_ERROR_UNKNOWN_FUNCTION, FAILURE_EXIT_USAGE },
        [FAILURE_UNKNOWN_JOB] = { VGPU_HIBERNATE_ERROR_UNKNOWN_JOB, FAILURE_EXIT_USAGE },
        [FAILURE_UNKNOWN_RESERVATION] = { VGPU_HIBERNATE_ERROR_UNKNOWN_RESERVATION, FAILURE_EXIT_USAGE },
        [FAILURE_INVALID_OPTION] = { VGPU_HIBERNATE_ERROR_INVALID_OPTION, FAILURE_EXIT_USAGE },
        [FAILURE_NOT_RUNNING] = { VGPU_HIBERNATE_ERROR_NOT_RUNNING, FAILURE_EXIT_REFUSED },
        [FAILURE_NOT_HIBERNATED] = { VGPU_HIBERNATE_ERROR_NOT_HIBERNATED, FAILURE_EXIT_REFUSED },
        [FAILURE_NOT_QUARANTINED] = { VGPU_HIBERNATE_ERROR_NOT_QUARANTINED, FAILURE_EXIT_REFUSED },
        [FAILURE_HIBERNATED] = { VGPU_HIBERNATE_ERROR_HIBERNATED, FAILURE_EXIT_REFUSED },
        [FAILURE_NO_FUNCTION] = { VGPU_HIBERNATE_ERROR_NO_FUNCTION, FAILURE_EXIT_REFUSED },
        [FAILURE_NO_FREE_FUNCTION] = { VGPU_HIBERNATE_ERROR_NO_FREE_FUNCTION, FAILURE_EXIT_REFUSED },
        [FAILURE_INCOMPATIBLE] = { VGPU_HIBERNATE_ERROR_INCOMPATIBLE, FAILURE_EXIT_REFUSED },
        [FAILURE_FUNCTION_BUSY] = { VGPU_HIBERNATE_ERROR_FUNCTION_BUSY, FAILURE_EXIT_REFUSED },
        [FAILURE_FOREIGN_DRIVER] = { VGPU_HIBERNATE_ERROR_FOREIGN_DRIVER, FAILURE_EXIT_REFUSED },
        [FAILURE_GATE_CLOSED] = { VGPU_HIBERNATE_ERROR_GATE_CLOSED, FAILURE_EXIT_REFUSED },
        [FAILURE_GATE_UNANSWERED] = { VGPU_HIBERNATE_ERROR_GATE_UNANSWERED, FAILURE_EXIT_REFUSED },
        [FAILURE_DOMAIN_BUSY] = { VGPU_HIBERNATE_ERROR_DOMAIN_BUSY, FAILURE_EXIT_REFUSED },
        [FAILURE_PLAN_STALE] = { VGPU_HIBERNATE_ERROR_PLAN_STALE, FAILURE_EXIT_REFUSED },
        [FAILURE_NOT_PERSISTENT] = { VGPU_HIBERNATE_ERROR_NOT_PERSISTENT, FAILURE_EXIT_REFUSED },
        [FAILURE_NO_AGENT] = { VGPU_HIBERNATE_ERROR_NO_AGENT, FAILURE_EXIT_REFUSED },
        [FAILURE_SUSPEND_DISABLED] = { VGPU_HIBERNATE_ERROR_SUSPEND_DISABLED, FAILURE_EXIT_REFUSED },
        [FAILURE_SUSPEND_FAILED] = { VGPU_HIBERNATE_ERROR_SUSPEND_FAILED, FAILURE_EXIT_FAILED },
        [FAILURE_NOT_MIGRATABLE] = { VGPU_HIBERNATE_ERROR_NOT_MIGRATABLE, FAILURE_EXIT_REFUSED },
        [FAILURE_UNPLUG_FAILED] = { VGPU_HIBERNATE_ERROR_UNPLUG_FAILED, FAILURE_EXIT_FAILED },
        [FAILURE_PLUG_FAILED] = { VGPU_HIBERNATE_ERROR_PLUG_FAILED, FAILURE_EXIT_FAILED },
        [FAILURE_QEMU_TOO_OLD] = { VGPU_HIBERNATE_ERROR_QEMU_TOO_OLD, FAILURE_EXIT_REFUSED },
        [FAILURE_NO_SPACE] = { VGPU_HIBERNATE_ERROR_NO_SPACE, FAILURE_EXIT_REFUSED },
        [FAILURE_SAVE_FAILED] = { VGPU_HIBERNATE_ERROR_SAVE_FAILED, FAILURE_EXIT_FAILED },
        [FAILURE_IMAGE_DAMAGED] = { VGPU_HIBERNATE_ERROR_IMAGE_DAMAGED, FAILURE_EXIT_REFUSED },
        [FAILURE_BIND_FAILED] = { VGPU_HIBERNATE_ERROR_BIND_FAILED, FAILURE_EXIT_FAILED },
        [FAILURE_RESTORE_FAILED] = { VGPU_HIBERNATE_ERROR_RESTORE_FAILED, FAILURE_EXIT_FAILED },
        [FAILURE_WAKE_FAILED] = { VGPU_HIBERNATE_ERROR_WAKE_FAILED, FAILURE_EXIT_FAILED },
        [FAILURE_GUEST_UNHEALTHY] = { VGPU_HIBERNATE_ERROR_GUEST_UNHEALTHY, FAILURE_EXIT_FAILED },
        [FAILURE_LIBVIRT] = { VGPU_HIBERNATE_ERROR_LIBVIRT, FAILURE_EXIT_FAILED },
        [FAILURE_HOST] = { VGPU_HIBERNATE_ERROR_HOST, FAILURE_EXIT_FAILED },
        [FAILURE_WORKER_DIED] = { VGPU_HIBERNATE_ERROR_WORKER_DIED, FAILURE_EXIT_FAILED },
        [FAILURE_LOST] = { VGPU_HIBERNATE_ERROR_LOST, FAILURE_EXIT_FAILED },
        [FAILURE_CANCELED] = { VGPU_HIBERNATE_ERROR_CANCELED, FAILURE_EXIT_FAILED },
        [FAILURE_INTERRUPTED] = { VGPU_HIBERNATE_ERROR_INTERRUPTED, FAILURE_EXIT_FAILED },
        [FAILURE_TOO_LATE] = { VGPU_HIBERNATE_ERROR_TOO_LATE, FAILURE_EXIT_REFUSED },
        [FAILURE_SHUTTING_DOWN] = { VGPU_HIBERNATE_ERROR_SHUTTING_DOWN, FAILURE_EXIT_REFUSED },
        [FAILURE_NOT_AUTHORIZED] = { VGPU_HIBERNATE_ERROR_NOT_AUTHORIZED, FAILURE_EXIT_REFUSED },
};
static_assert(ELEMENTSOF(failure_table) == _FAILURE_CODE_MAX, "a code without a row");

const char *failure_code_to_bus_error(FailureCode code)
{
        if (code <= FAILURE_NONE || code >= _FAILURE_CODE_MAX)
                return NULL;

        return failure_table[code].bus_error;
}

const char *failure_code_to_string(FailureCode code)
{
        const char *name = failure_code_to_bus_error(code);

        return name ? name + strlen(VGPU_HIBERNATE_ERROR_PREFIX) : NULL;
}

FailureCode failure_code_from_bus_error(const char *name)
{
        for (FailureCode c = FAILURE_NONE + 1; c < _FAILURE_CODE_MAX; c++)
                if (streq_ptr(failure_table[c].bus_error, name))
                        return c;

        return _FAILURE_CODE_INVALID;
}

FailureCode failure_code_from_string(const char *s)
{
        for (FailureCode c = FAILURE_NONE + 1; c < _FAILURE_CODE_MAX; c++)
                if (streq_ptr(failure_code_to_string(c), s))
                        return c;

        return _FAILURE_CODE_INVALID;
}

int failure_code_to_exit_status(FailureCode code)
{
        if (code <= FAILURE_NONE || code >= _FAILURE_CODE_MAX)
                return FAILURE_EXIT_FAILED;

        return failure_table[code].exit_status;
}

int failure_set(Failure *f, FailureCode code, const char *format, ...)
{
        va_list ap;

        assert(code > FAILURE_NONE && code < _FAILURE_CODE_MAX);

        if (!f || f->code != FAILURE_NONE)
                return -EREMOTEIO;

        f->code = code;
        va_start(ap, format);
        if (vasprintf(&f->message, format, ap) < 0)
                f->message = NULL;
        va_end(ap);
        return -EREMOTEIO;
}

int failure_set_errno(Failure *f, FailureCode code, int error, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        error = error < 0 ? error : -error;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);

        (void) failure_set(f, code, "%s: %s", text ? text : "out of memory", strerror(-error));
        return error != 0 ? error : -EREMOTEIO;
}

void failure_append(Failure *f, const char *text)
{
        char *longer;

        if (asprintf(&longer, "%s; %s", failure_message(f), text) < 0)
                return;

        free(f->message);
        f->message = longer;
}

void failure_done(Failure *f)
{
        if (!f)
                return;

        free(f->message);
        *f = (Failure) { 0 };
}

const char *failure_message(const Failure *f)
{
        if (f->message)
                return f->message;

        return f->code == FAILURE_NONE ? "no failure" : "out of memory";
}
