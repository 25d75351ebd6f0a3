/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* watch: every change, a line each, until it is interrupted. */

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <systemd/sd-event.h>

#include "basic/clock.h"
#include "cli/array.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/text.h"
#include "cli/variant.h"
#include "vgpu-hibernate.h"

#define DOMAINS_MAX 65536

/* Objects of domains are named by UUID; people know names. */
typedef struct DomainName {
        char *path, *name;
} DomainName;

typedef struct Watch {
        Ctl *ctl;
        sd_event *event;
        DomainName *domains;
        size_t n_domains;
} Watch;

static const struct {
        const char *path;
        const char *interface;
        const char *kind;
} kinds[] = {
        { VGPU_HIBERNATE_DOMAIN_PATH "/", VGPU_HIBERNATE_DOMAIN_INTERFACE, "domain" },
        { VGPU_HIBERNATE_FUNCTION_PATH "/", VGPU_HIBERNATE_FUNCTION_INTERFACE, "function" },
        { VGPU_HIBERNATE_POOL_PATH "/", VGPU_HIBERNATE_POOL_INTERFACE, "pool" },
        { VGPU_HIBERNATE_JOB_PATH "/", VGPU_HIBERNATE_JOB_INTERFACE, "job" },
        { VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE, "daemon" },
};

/* What a person calls it by: the property of this name. NULL: it has none, or the message ends before it. */
static const char *find_name(json_object *properties, const char *kind)
{
        json_object *value;

        return json_object_object_get_ex(properties, streq(kind, "function") ? "Address" : "Name", &value)
                               ? json_object_get_string(value)
                               : NULL;
}

static void remember_domain(Watch *w, const char *path, const char *name)
{
        DomainName *d;

        for (size_t i = 0; i < w->n_domains; i++)
                if (streq(w->domains[i].path, path)) {
                        if (free_and_strdup(&w->domains[i].name, name) < 0)
                                ctl_note(w->ctl, "out of memory, an old name is shown");
                        return;
                }

        d = array_add(&w->domains, &w->n_domains, sizeof(*d), DOMAINS_MAX);
        if (!d)
                return; /* its path is shown instead */
        *d = (DomainName) { .path = strdup(path), .name = strdup(name) };
        if (!d->path || !d->name) {
                free(d->path);
                free(d->name);
                w->n_domains--;
        }
}

static char *name_of(const Watch *w, size_t kind, const char *path)
{
        const char *last = strlen(path) > strlen(kinds[kind].path) ? path + strlen(kinds[kind].path) : "";
        char *name = NULL;

        if (streq(kinds[kind].kind, "pool") && sd_bus_path_decode(path, VGPU_HIBERNATE_POOL_PATH, &name) > 0)
                return name;

        for (size_t i = 0; streq(kinds[kind].kind, "domain") && i < w->n_domains; i++)
                if (streq(w->domains[i].path, path))
                        return strdup(w->domains[i].name);

        name = strdup(last);
        /* 0000_01_10_0: the third is the point. */
        for (size_t i = 0, n = 0; name && streq(kinds[kind].kind, "function") && name[i]; i++)
                if (name[i] == '_')
                        name[i] = ++n == 3 ? '.' : ':';
        return name;
}

/* Those that fit into a line: what is nested is for programs. */
static void print_properties(const Watch *w, json_object *properties)
{
        json_object_object_foreach(properties, key, value)
        {
                _cleanup_free_ char *text = NULL;

                if (json_object_is_type(value, json_type_array) ||
                    json_object_is_type(value, json_type_object))
                        continue;
                text = text_escape(json_object_get_string(value) ? json_object_get_string(value) : "",
                                   w->ctl->terminal.utf8);
                (void) printf(" %s=%s", key, text ? text : "");
        }
}

static int report(Watch *w, const char *event, size_t kind, const char *path, json_object *properties)
{
        _cleanup_free_ char *name = name_of(w, kind, path), *escaped = NULL;
        _cleanup_json_ json_object *o = NULL;
        uint64_t now = clock_realtime_usec();

        if (!name)
                return -ENOMEM;

        if (!w->ctl->json) {
                escaped = text_escape(name, w->ctl->terminal.utf8);
                (void) printf("%s %s %s%s%s", TEXT_TIME(now), event, kinds[kind].kind, *name ? " " : "",
                              escaped ? escaped : "");
                if (properties)
                        print_properties(w, properties);
                (void) putchar('\n');
        } else {
                o = json_object_new_object();
                json_build_uint64(&o, "usec", now);
                json_build_string(&o, "event", event);
                json_build_string(&o, "object", kinds[kind].kind);
                json_build_string(&o, "name", name);
                if (properties)
                        json_build_member(&o, "properties", json_object_get(properties));
                if (!o)
                        return -ENOMEM;
                (void) puts(json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN));
        }

        /* Who reads it may wait for this very line. */
        return fflush(stdout) == 0 ? 0 : -errno;
}

/* SIZE_MAX: an object of a later version. */
static size_t kind_of(const char *path)
{
        for (size_t i = 0; i < ELEMENTSOF(kinds); i++)
                if (strncmp(path, kinds[i].path, strlen(kinds[i].path)) == 0)
                        return i;

        return SIZE_MAX;
}

static int stop(Watch *w, int r)
{
        /* Who reads us went away: that is an end like any other. */
        (void) sd_event_exit(w->event, r == -EPIPE ? EXIT_STATUS_OK
                                                   : ctl_error(w->ctl, NULL, r, "cannot watch any longer"));
        return 0;
}

/* What cannot be known any more is null. */
static int read_changes(sd_bus_message *m, json_object **ret)
{
        _cleanup_json_ json_object *properties = NULL;
        const char *gone;
        int r;

        if ((r = sd_bus_message_skip(m, "s")) < 0 || (r = variant_to_json(m, &properties)) < 0 ||
            (r = sd_bus_message_enter_container(m, 'a', "s")) < 0)
                return r;

        while ((r = sd_bus_message_read_basic(m, 's', &gone)) > 0)
                json_build_string(&properties, gone, NULL);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(properties);
        return *ret ? 0 : -ENOMEM;
}

static int on_properties_changed(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        const char *path = sd_bus_message_get_path(m), *name;
        _cleanup_json_ json_object *properties = NULL;
        size_t kind = kind_of(path);
        Watch *w = userdata;
        int r;

        if (kind == SIZE_MAX || read_changes(m, &properties) < 0) /* a malformed signal is nobody's */
                return 0;

        name = find_name(properties, kinds[kind].kind);
        if (name && streq(kinds[kind].kind, "domain"))
                remember_domain(w, path, name);

        r = report(w, "changed", kind, path, properties);
        return r < 0 ? stop(w, r) : 0;
}

static int on_interfaces_added(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        _cleanup_json_ json_object *interfaces = NULL;
        json_object *properties;
        Watch *w = userdata;
        const char *path, *name;
        size_t kind;
        int r;

        if (sd_bus_message_read_basic(m, 'o', &path) < 0 || variant_to_json(m, &interfaces) < 0)
                return 0;

        kind = kind_of(path);
        if (kind == SIZE_MAX || !json_object_object_get_ex(interfaces, kinds[kind].interface, &properties))
                return 0;

        name = find_name(properties, kinds[kind].kind);
        if (name && streq(kinds[kind].kind, "domain"))
                remember_domain(w, path, name);

        r = report(w, "added", kind, path, properties);
        return r < 0 ? stop(w, r) : 0;
}

static int on_interfaces_removed(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        Watch *w = userdata;
        const char *path;
        size_t kind;
        int r;

        if (sd_bus_message_read_basic(m, 'o', &path) < 0 || (kind = kind_of(path)) == SIZE_MAX)
                return 0;

        r = report(w, "removed", kind, path, NULL);
        return r < 0 ? stop(w, r) : 0;
}

static int on_owner_changed(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        const char *name, *before, *after;
        Watch *w = userdata;
        int r;

        if (sd_bus_message_read(m, "sss", &name, &before, &after) < 0)
                return 0;

        r = report(w, *after ? "added" : "removed", ELEMENTSOF(kinds) - 1, VGPU_HIBERNATE_ROOT_PATH, NULL);
        return r < 0 ? stop(w, r) : 0;
}

static int on_disconnected(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        return stop(userdata, -ENOTCONN);
}

static int on_signal(sd_event_source *source, const struct signalfd_siginfo *si, void *userdata)
{
        Watch *w = userdata;

        return sd_event_exit(w->event, EXIT_STATUS_SIGNAL + (int) si->ssi_signo);
}

#define FROM_DAEMON \
        "type='signal',sender='" VGPU_HIBERNATE_BUS_NAME "',path_namespace='" VGPU_HIBERNATE_ROOT_PATH "',"

static int subscribe(Watch *w)
{
        static const struct {
                const char *match;
                sd_bus_message_handler_t handler;
        } signals[] = {
                { FROM_DAEMON "interface='org.freedesktop.DBus.Properties',member='PropertiesChanged'",
                  on_properties_changed },
                { FROM_DAEMON "interface='org.freedesktop.DBus.ObjectManager',member='InterfacesAdded'",
                  on_interfaces_added },
                { FROM_DAEMON "interface='org.freedesktop.DBus.ObjectManager',member='InterfacesRemoved'",
                  on_interfaces_removed },
                { "type='signal',sender='org.freedesktop.DBus',path='/org/freedesktop/DBus',"
                  "interface='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" VGPU_HIBERNATE_BUS_NAME
                  "'",
                  on_owner_changed },
                { "type='signal',sender='org.freedesktop.DBus.Local',interface='org.freedesktop.DBus.Local',"
                  "member='Disconnected'",
                  on_disconnected },
        };

        for (size_t i = 0; i < ELEMENTSOF(signals); i++) {
                int r = sd_bus_add_match(w->ctl->bus, NULL, signals[i].match, signals[i].handler, w);

                if (r < 0)
                        return r;
        }

        return 0;
}

/* Names come before the first change of any of them. */
static int learn_names(Watch *w, sd_bus_error *e)
{
        _cleanup_(snapshot_done) Snapshot s = { 0 };
        int r;

        r = client_get_snapshot(w->ctl, &s, e);
        if (r < 0)
                return r;

        for (size_t i = 0; i < s.n_domains; i++) {
                _cleanup_free_ char *path = NULL;

                if (!s.domains[i].uuid || !s.domains[i].name ||
                    asprintf(&path, VGPU_HIBERNATE_DOMAIN_PATH "/%s", s.domains[i].uuid) < 0)
                        continue;
                for (char *c = path + strlen(VGPU_HIBERNATE_DOMAIN_PATH "/"); *c; c++)
                        if (*c == '-')
                                *c = '_';
                remember_domain(w, path, s.domains[i].name);
        }

        return 0;
}

static int prepare_loop(Watch *w)
{
        sigset_t set;
        int r;

        if (sigemptyset(&set) < 0 || sigaddset(&set, SIGINT) < 0 || sigaddset(&set, SIGTERM) < 0 ||
            sigprocmask(SIG_BLOCK, &set, NULL) < 0)
                return -errno;

        if ((r = sd_event_add_signal(w->event, NULL, SIGINT, on_signal, w)) < 0 ||
            (r = sd_event_add_signal(w->event, NULL, SIGTERM, on_signal, w)) < 0)
                return r;

        return sd_bus_attach_event(w->ctl->bus, w->event, SD_EVENT_PRIORITY_NORMAL);
}

static void watch_done(Watch *w)
{
        for (size_t i = 0; i < w->n_domains; i++) {
                free(w->domains[i].path);
                free(w->domains[i].name);
        }
        free(w->domains);
        if (w->ctl->bus)
                (void) sd_bus_detach_event(w->ctl->bus); /* fails only when it is not attached */
        sd_event_unref(w->event);
}

int verb_watch(Ctl *c)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(watch_done) Watch w = { .ctl = c };
        int r;

        r = client_connect(c, &e);
        if (r >= 0)
                r = sd_event_new(&w.event);
        if (r >= 0)
                r = subscribe(&w);
        if (r >= 0)
                r = learn_names(&w, &e);
        if (r >= 0)
                r = prepare_loop(&w);
        if (r >= 0) {
                ctl_note(c, "watching; interrupt to end");
                r = sd_event_loop(w.event);
        }
        return r < 0 ? ctl_error(c, &e, r, "cannot watch") : r;
}
