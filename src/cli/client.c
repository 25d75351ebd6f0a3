/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/client.h"

#include "vgpu-hibernate.h"

int client_connect(Ctl *c, sd_bus_error *e)
{
        const char *name;
        int r;

        if (c->bus)
                return 0;

        if (c->host)
                r = sd_bus_open_system_remote(&c->bus, c->host);
        else if (c->user)
                r = sd_bus_open_user(&c->bus);
        else
                r = sd_bus_open_system(&c->bus);
        /* Waits for the bus to greet: that ssh does not get there is known only then. */
        if (r >= 0)
                r = sd_bus_get_unique_name(c->bus, &name);
        if (r < 0)
                return sd_bus_error_setf(e, SD_BUS_ERROR_NO_SERVER, "cannot connect to the bus%s%s: %s",
                                         c->host ? " of " : "", c->host ? c->host : "", strerror(-r));

        return 0;
}

int client_new_call(Ctl *c, const char *path, const char *interface, const char *member,
                    sd_bus_message **ret)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(c->bus, &m, VGPU_HIBERNATE_BUS_NAME, path, interface, member);
        if (r < 0)
                return r;

        r = sd_bus_message_set_allow_interactive_authorization(m, !c->no_ask_password);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(m);
        return 0;
}

int client_call(Ctl *c, sd_bus_message *m, sd_bus_error *e, sd_bus_message **ret_reply)
{
        return client_call_within(c, m, CLIENT_CALL_TIMEOUT_USEC, e, ret_reply);
}

int client_call_within(Ctl *c, sd_bus_message *m, uint64_t timeout_usec, sd_bus_error *e,
                       sd_bus_message **ret_reply)
{
        int r;

        r = sd_bus_call(c->bus, m, timeout_usec, e, ret_reply);
        if (r >= 0 || !sd_bus_error_is_set(e))
                return r;

        /* What the bus says about a daemon that is not there helps nobody who does not know D-Bus. */
        if (sd_bus_error_has_name(e, SD_BUS_ERROR_SERVICE_UNKNOWN)) {
                sd_bus_error_free(e);
                return sd_bus_error_setf(
                                e, SD_BUS_ERROR_SERVICE_UNKNOWN,
                                "vgpu-hibernated does not run; see 'systemctl status vgpu-hibernated'");
        }
        if (sd_bus_error_has_name(e, SD_BUS_ERROR_NO_REPLY)) {
                sd_bus_error_free(e);
                return sd_bus_error_setf(
                                e, SD_BUS_ERROR_NO_REPLY,
                                "vgpu-hibernated did not answer; what was asked for may have begun: see "
                                "'vgpu-hibernatectl jobs'");
        }

        return r;
}

int client_set_protocol_error(sd_bus_error *e, int error)
{
        if (error == -EBADMSG || error == -ENXIO)
                return sd_bus_error_setf(e, SD_BUS_ERROR_INCONSISTENT_MESSAGE,
                                         "the daemon's answer is not what this version of vgpu-hibernatectl "
                                         "expects");
        return sd_bus_error_set_errno(e, error);
}

int client_find(Ctl *c, const char *member, char type, const char *argument, char **ret_path,
                sd_bus_error *e)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        const char *path;
        int r;

        r = client_new_call(c, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE, member, &m);
        if (r < 0)
                return sd_bus_error_set_errno(e, r);

        if (type == 't') {
                uint64_t number;

                errno = 0;
                number = strtoull(argument, NULL, 10); /* only digits: parse.c */
                if (errno == ERANGE)
                        return sd_bus_error_setf(e, VGPU_HIBERNATE_ERROR_UNKNOWN_JOB,
                                                 "no number is that large");
                r = sd_bus_message_append_basic(m, 't', &number);
        } else
                r = sd_bus_message_append_basic(m, type, argument);
        if (r < 0)
                return sd_bus_error_set_errno(e, r);

        r = client_call(c, m, e, &reply);
        if (r < 0)
                return r;

        r = sd_bus_message_read_basic(reply, 'o', &path);
        if (r < 0)
                return client_set_protocol_error(e, r);

        r = free_and_strdup(ret_path, path);
        return r < 0 ? sd_bus_error_set_errno(e, r) : 0;
}

int client_get_all(Ctl *c, const char *path, const char *interface, sd_bus_message **ret_reply,
                   sd_bus_error *e)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        int r;

        r = sd_bus_message_new_method_call(c->bus, &m, VGPU_HIBERNATE_BUS_NAME, path,
                                           "org.freedesktop.DBus.Properties", "GetAll");
        if (r < 0)
                return sd_bus_error_set_errno(e, r);

        r = sd_bus_message_append_basic(m, 's', interface);
        if (r < 0)
                return sd_bus_error_set_errno(e, r);

        return client_call(c, m, e, ret_reply);
}

int client_get_job(Ctl *c, const char *path, JobInfo *ret, sd_bus_error *e)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = client_get_all(c, path, VGPU_HIBERNATE_JOB_INTERFACE, &reply, e);
        if (r < 0)
                return r;

        r = job_info_read(ret, reply);
        return r < 0 ? client_set_protocol_error(e, r) : 0;
}

int client_get_snapshot(Ctl *c, Snapshot *ret, sd_bus_error *e)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        int r;

        r = client_connect(c, e);
        if (r < 0)
                return r;

        r = sd_bus_message_new_method_call(c->bus, &m, VGPU_HIBERNATE_BUS_NAME, VGPU_HIBERNATE_ROOT_PATH,
                                           "org.freedesktop.DBus.ObjectManager", "GetManagedObjects");
        if (r < 0)
                return sd_bus_error_set_errno(e, r);

        r = client_call(c, m, e, &reply);
        if (r < 0)
                return r;

        r = snapshot_read(ret, reply);
        return r < 0 ? client_set_protocol_error(e, r) : 0;
}
