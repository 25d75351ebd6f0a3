/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* adopt, disown: who sees to a domain when its host shuts down and boots. */

#include <stdio.h>

#include "cli/client.h"
#include "cli/property.h"
#include "cli/variant.h"
#include "vgpu-hibernate.h"

typedef struct Change {
        bool changed, autostart_before, autostart_after;
        char *diff;
} Change;

static void change_done(Change *c)
{
        free(c->diff);
}

static const PropertyField change_fields[] = {
        { "changed", "b", property_read_bool, offsetof(Change, changed) },
        { "diff", "s", property_read_string, offsetof(Change, diff) },
        { "autostart_before", "b", property_read_bool, offsetof(Change, autostart_before) },
        { "autostart_after", "b", property_read_bool, offsetof(Change, autostart_after) },
};

static int append_request(sd_bus_message *m, const Ctl *c)
{
        int r;

        if ((r = sd_bus_message_append_basic(m, 's', c->argument)) < 0 ||
            (r = sd_bus_message_open_container(m, 'a', "{sv}")) < 0 ||
            (c->dry_run && (r = sd_bus_message_append(m, "{sv}", "dry_run", "b", 1)) < 0) ||
            (c->has_order && (r = sd_bus_message_append(m, "{sv}", "order", "t", c->order)) < 0) ||
            (c->on_shutdown &&
             (r = sd_bus_message_append(m, "{sv}", "on_shutdown", "s", c->on_shutdown)) < 0))
                return r;

        return sd_bus_message_close_container(m);
}

static const char *on_or_off(bool on)
{
        return on ? "on" : "off";
}

/* As patch(1) and people's tools for it know it. */
static void show_change(const Ctl *c, const Change *change)
{
        const char *line = change->diff;

        if (*line) {
                ctl_print(c, "--- %s", c->argument);
                ctl_print(c, "+++ %s, %sed", c->argument, c->verb->name);
        }
        for (; *line; line += strcspn(line, "\n") + 1)
                ctl_print(c, "%.*s", (int) strcspn(line, "\n"), line);
        if (change->autostart_before != change->autostart_after)
                ctl_print(c, "libvirt's autostart: %s -> %s", on_or_off(change->autostart_before),
                          on_or_off(change->autostart_after));
}

static int report(Ctl *c, sd_bus_message *reply)
{
        _cleanup_(change_done) Change change = { 0 };
        json_object *o;
        int r;

        if (c->json) {
                r = variant_to_json(reply, &o);
                return r < 0 ? ctl_error(c, NULL, r, "cannot show what changed") : ctl_print_json(c, o);
        }

        r = properties_read(reply, change_fields, ELEMENTSOF(change_fields), &change);
        if (r >= 0 && (!change.diff || (*change.diff && change.diff[strlen(change.diff) - 1] != '\n')))
                r = -EBADMSG;
        if (r < 0)
                return ctl_error(c, NULL, r, "cannot show what changed");

        if (!change.changed)
                ctl_note(c, "'%s' is as it should be: nothing to change", c->argument);
        else if (c->dry_run || !c->quiet)
                show_change(c, &change);
        return EXIT_STATUS_OK;
}

static int run(Ctl *c, const char *method)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL, *reply = NULL;
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = client_connect(c, &e);
        if (r >= 0)
                r = client_new_call(c, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE, method,
                                    &m);
        if (r >= 0)
                r = append_request(m, c);
        if (r >= 0)
                r = client_call(c, m, &e, &reply);
        if (r < 0)
                return ctl_error(c, &e, r, "cannot %s '%s'", c->verb->name, c->argument);

        return report(c, reply);
}

int verb_adopt(Ctl *c)
{
        return run(c, "Adopt");
}

int verb_disown(Ctl *c)
{
        return run(c, "Disown");
}
