/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/daemon-bus.h"

#include <stdio.h>

#include "basic/log.h"
#include "vgpu-hibernate.h"

/* How long a start may wait for the first snapshot, should libvirt hang. */
#define WORLD_WAIT_USEC (10 * USEC_PER_SEC)

int bus_error_from_failure(sd_bus_error *error, Failure *f)
{
        int r = sd_bus_error_set(error, failure_code_to_bus_error(f->code), failure_message(f));

        failure_done(f);
        return r;
}

int bus_append_addresses(sd_bus_message *reply, const PciAddress *addresses, size_t n)
{
        int r;

        r = sd_bus_message_open_container(reply, 'a', "s");
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++) {
                r = sd_bus_message_append(reply, "s", PCI_ADDRESS_STR(addresses + i));
                if (r < 0)
                        return r;
        }

        return sd_bus_message_close_container(reply);
}

int bus_add_vtables(Manager *m, const char *path, const char *interface, const BusVtable *vtables, size_t n)
{
        int r = 0;

        for (size_t i = 0; r >= 0 && i < n; i++)
                r = sd_bus_add_fallback_vtable(m->bus, NULL, path, interface, vtables[i].vtable,
                                               vtables[i].find, m);
        return r;
}

bool bus_is_answering_get(sd_bus *bus)
{
        sd_bus_message *m = sd_bus_get_current_message(bus);

        return m && sd_bus_message_is_method_call(m, "org.freedesktop.DBus.Properties", "Get") > 0;
}

int bus_error_not_known(sd_bus_error *error, const char *path, const char *property)
{
        return sd_bus_error_setf(error, SD_BUS_ERROR_UNKNOWN_PROPERTY, "%s of %s is not known", property,
                                 path);
}

static int on_match_installed(sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        if (sd_bus_message_is_method_error(reply, NULL))
                log_debug("Cannot watch a caller: %s", sd_bus_message_get_error(reply)->message);
        return 0;
}

/* Not by sd_bus_track, which asks the bus whether the name is there and waits for the answer. */
int bus_watch_caller(sd_bus_message *call, sd_bus_message_handler_t gone, void *userdata, sd_bus_slot **ret)
{
        _cleanup_free_ char *match = NULL;

        if (asprintf(&match,
                     "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                     "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='%s'",
                     sd_bus_message_get_sender(call)) < 0) {
                match = NULL;
                return -ENOMEM;
        }

        return sd_bus_add_match_async(sd_bus_message_get_bus(call), ret, match, gone, on_match_installed,
                                      userdata);
}

int bus_return_nodes(char **paths, size_t n, char ***ret_nodes)
{
        bool complete = true;

        for (size_t i = 0; i < n; i++)
                complete = complete && paths[i];

        if (complete) {
                *ret_nodes = paths; /* the caller allocated one more, for the NULL */
                return 0;
        }

        for (size_t i = 0; i < n; i++)
                free(paths[i]);
        free(paths);
        return -ENOMEM;
}

static int stop(Manager *m, int r)
{
        return sd_event_exit(m->event, r);
}

static int on_name_lost(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        const char *name;
        Manager *m = userdata;

        if (sd_bus_message_read(message, "s", &name) < 0 || !streq(name, VGPU_HIBERNATE_BUS_NAME))
                return 0;

        log_error("Lost the bus name '%s', ending", VGPU_HIBERNATE_BUS_NAME);
        return stop(m, -ECONNRESET);
}

/* The name comes after the first snapshot: who calls a daemon that is being started, by activation or after an
 * upgrade, waits in the bus until then, instead of being told that nothing is known yet.
 *
 * Asked for synchronously, the one time that this process waits for the bus: the calls that waited come in with the
 * answer, and none may be handled before the jobs on record are. */
static void request_name(Manager *m)
{
        int r;

        m->world_known = NULL;
        m->name_timer = sd_event_source_disable_unref(m->name_timer);

        r = sd_bus_request_name(m->bus, VGPU_HIBERNATE_BUS_NAME, 0);
        if (r == -EEXIST)
                log_error("The bus name '%s' is taken: another vgpu-hibernated runs",
                          VGPU_HIBERNATE_BUS_NAME);
        else if (r < 0)
                (void) log_error_errno(r, "Failed to get the bus name '%s': %m", VGPU_HIBERNATE_BUS_NAME);
        else
                r = manager_start(m);
        if (r < 0)
                (void) stop(m, r);
}

static int on_world_wait_over(sd_event_source *s, uint64_t usec, void *userdata)
{
        request_name(userdata);
        return 0;
}

static int add_objects(Manager *m)
{
        int r;

        r = sd_bus_add_object_manager(m->bus, NULL, VGPU_HIBERNATE_ROOT_PATH);
        if (r >= 0)
                r = manager_bus_add(m);
        if (r >= 0)
                r = domain_bus_add(m);
        if (r >= 0)
                r = function_bus_add(m);
        if (r >= 0)
                r = job_bus_add(m);
        if (r >= 0)
                r = pool_bus_add(m);
        return r;
}

int daemon_bus_connect(Manager *m, bool user)
{
        int r;

        r = user ? sd_bus_open_user_with_description(&m->bus, "vgpu-hibernated")
                 : sd_bus_open_system_with_description(&m->bus, "vgpu-hibernated");
        if (r < 0)
                return log_error_errno(r, "Failed to connect to the bus: %m");

        r = sd_bus_set_exit_on_disconnect(m->bus, true);
        if (r >= 0)
                r = sd_bus_attach_event(m->bus, m->event, SD_EVENT_PRIORITY_NORMAL);
        if (r >= 0)
                r = bus_limits_new(m->bus, &m->bus_limits);
        if (r >= 0)
                r = add_objects(m);
        if (r < 0)
                return log_error_errno(r, "Failed to publish the objects: %m");

        r = sd_bus_match_signal_async(m->bus, NULL, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                      "org.freedesktop.DBus", "NameLost", on_name_lost, NULL, m);
        if (r >= 0)
                r = sd_event_add_time_relative(m->event, &m->name_timer, CLOCK_MONOTONIC, WORLD_WAIT_USEC, 0,
                                               on_world_wait_over, m);
        if (r < 0)
                return log_error_errno(r, "Failed to prepare for the bus name: %m");

        m->world_known = request_name;
        return 0;
}
