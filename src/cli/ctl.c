/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/ctl.h"

#include <stdarg.h>
#include <stdio.h>

#include "cli/json.h"
#include "cli/text.h"
#include "vgpu-hibernate.h"

#define PROGRAM "vgpu-hibernatectl"

void ctl_done(Ctl *c)
{
        for (size_t i = 0; i < c->n_goals; i++)
                planner_goal_done(c->goals + i);
        c->n_goals = 0;
        free(TAKE_PTR(c->cookie));
        c->bus = sd_bus_flush_close_unref(c->bus);
}

/* One escaped line. */
static void print_line(const Ctl *c, FILE *file, const char *prefix, const char *text)
{
        _cleanup_free_ char *escaped = text_escape(text, c->terminal.utf8);

        (void) fprintf(file, "%s%s\n", prefix, escaped ? escaped : "out of memory");
}

static _printf_(1, 0) char *format_text(const char *format, va_list ap)
{
        char *text;

        return vasprintf(&text, format, ap) < 0 ? NULL : text;
}

void ctl_print(const Ctl *c, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = format_text(format, ap);
        va_end(ap);
        print_line(c, stdout, "", text ? text : "out of memory");
}

void ctl_note(const Ctl *c, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        if (c->quiet)
                return;

        va_start(ap, format);
        text = format_text(format, ap);
        va_end(ap);
        print_line(c, stderr, PROGRAM ": ", text ? text : "out of memory");
}

int ctl_print_json(Ctl *c, json_object *value)
{
        _cleanup_json_ json_object *owned = value;
        const char *text;

        if (!owned)
                return -ENOMEM;

        text = json_object_to_json_string_ext(
                        owned,
                        JSON_C_TO_STRING_NOSLASHESCAPE |
                                        (c->terminal.live ? JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED
                                                          : 0));
        if (!text)
                return -ENOMEM;

        c->printed_json = true;
        (void) puts(text);
        return 0;
}

/* With --json whoever reads stdout finds one object there, whatever happened. */
static void print_json_error(Ctl *c, const char *name, const char *message)
{
        _cleanup_json_ json_object *root = NULL, *error = NULL;
        _cleanup_free_ char *escaped = NULL;

        if (!c->json || c->printed_json)
                return;

        /* Words of the command line may be no UTF-8, and then they are no JSON. */
        if (!text_is_utf8(message)) {
                escaped = text_escape(message, true);
                message = escaped;
        }

        root = json_object_new_object();
        error = json_object_new_object();
        json_build_string(&error, "name", name);
        json_build_string(&error, "message", message);
        json_build_member(&root, "error", TAKE_PTR(error));
        if (ctl_print_json(c, TAKE_PTR(root)) < 0)
                return; /* out of memory: stderr will have it all the same */
}

int ctl_usage(Ctl *c, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        text = format_text(format, ap);
        va_end(ap);

        print_json_error(c, SD_BUS_ERROR_INVALID_ARGS, text ? text : "out of memory");
        print_line(c, stderr, PROGRAM ": ", text ? text : "out of memory");
        return EXIT_STATUS_USAGE;
}

int ctl_failure(Ctl *c, const Failure *f, int status)
{
        print_json_error(c, failure_code_to_bus_error(f->code), failure_message(f));
        print_line(c, stderr, PROGRAM ": ", failure_message(f));
        return status;
}

int ctl_error(Ctl *c, const sd_bus_error *e, int error, const char *format, ...)
{
        _cleanup_(sd_bus_error_free) sd_bus_error made = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *what = NULL, *text = NULL;
        const char *name, *message;
        va_list ap;

        if (!sd_bus_error_is_set(e)) {
                (void) sd_bus_error_set_errno(&made, error);
                e = &made;
        }
        message = e->message && *e->message ? e->message : "no reason given";
        name = e->name;
        if (strncmp(name, VGPU_HIBERNATE_ERROR_PREFIX, strlen(VGPU_HIBERNATE_ERROR_PREFIX)) == 0)
                name += strlen(VGPU_HIBERNATE_ERROR_PREFIX);

        va_start(ap, format);
        what = format_text(format, ap);
        va_end(ap);

        print_json_error(c, e->name, message);
        if (!what || asprintf(&text, "%s: %s (%s)", what, message, name) < 0)
                text = NULL;
        print_line(c, stderr, PROGRAM ": ", text ? text : "out of memory");
        return exit_status_of_error(e->name);
}

/* Errors that do not come from the daemon's own list. */
static const struct {
        const char *name;
        ExitStatus status;
} foreign_errors[] = {
        { SD_BUS_ERROR_ACCESS_DENIED, EXIT_STATUS_REFUSED },
        { SD_BUS_ERROR_AUTH_FAILED, EXIT_STATUS_UNREACHABLE },
        { SD_BUS_ERROR_DISCONNECTED, EXIT_STATUS_UNREACHABLE },
        { SD_BUS_ERROR_INTERACTIVE_AUTHORIZATION_REQUIRED, EXIT_STATUS_REFUSED },
        { SD_BUS_ERROR_INVALID_ARGS, EXIT_STATUS_USAGE },
        { SD_BUS_ERROR_NAME_HAS_NO_OWNER, EXIT_STATUS_UNREACHABLE },
        { SD_BUS_ERROR_NO_REPLY, EXIT_STATUS_UNREACHABLE },
        { SD_BUS_ERROR_NO_SERVER, EXIT_STATUS_UNREACHABLE },
        { SD_BUS_ERROR_SERVICE_UNKNOWN, EXIT_STATUS_UNREACHABLE },
        { SD_BUS_ERROR_TIMEOUT, EXIT_STATUS_UNREACHABLE },
        { "org.freedesktop.DBus.Error.Spawn.ChildExited", EXIT_STATUS_UNREACHABLE },
        { "org.freedesktop.DBus.Error.Spawn.ChildSignaled", EXIT_STATUS_UNREACHABLE },
        { "org.freedesktop.DBus.Error.Spawn.ExecFailed", EXIT_STATUS_UNREACHABLE },
        { "org.freedesktop.DBus.Error.Spawn.ServiceNotFound", EXIT_STATUS_UNREACHABLE },
        { "org.freedesktop.DBus.Error.TimedOut", EXIT_STATUS_UNREACHABLE },
        /* sd-bus makes names of errno values; systemd's activation answers with its own. */
        { "System.Error.ECONNREFUSED", EXIT_STATUS_UNREACHABLE },
        { "System.Error.ECONNRESET", EXIT_STATUS_UNREACHABLE },
        { "System.Error.ENOTCONN", EXIT_STATUS_UNREACHABLE },
        { "System.Error.EPIPE", EXIT_STATUS_UNREACHABLE },
        { "org.freedesktop.systemd1.LoadFailed", EXIT_STATUS_UNREACHABLE },
        { "org.freedesktop.systemd1.NoSuchUnit", EXIT_STATUS_UNREACHABLE },
        { "org.freedesktop.systemd1.UnitMasked", EXIT_STATUS_UNREACHABLE },
};

int exit_status_of_error(const char *name)
{
        FailureCode code = failure_code_from_bus_error(name);

        if (code >= 0)
                return failure_code_to_exit_status(code);

        for (size_t i = 0; i < ELEMENTSOF(foreign_errors); i++)
                if (streq_ptr(foreign_errors[i].name, name))
                        return foreign_errors[i].status;

        return EXIT_STATUS_FAILED;
}

bool error_is_unreachable(const char *name)
{
        return exit_status_of_error(name) == EXIT_STATUS_UNREACHABLE;
}
