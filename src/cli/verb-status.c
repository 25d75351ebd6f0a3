/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* status: the daemon's version and health, and how many of everything it has. */

#include <inttypes.h>
#include <stdio.h>

#include "cli/array.h"
#include "cli/client.h"
#include "cli/json.h"
#include "cli/text.h"
#include "vgpu-hibernate.h"

/* Distinct states of one kind of object; a handful. */
typedef struct Count {
        const char *state; /* borrowed */
        uint64_t n;
} Count;

typedef struct Counts {
        Count *counts;
        size_t n_counts;
        uint64_t total;
} Counts;

#define STATES_MAX 256

static void counts_done(Counts *c)
{
        free(c->counts);
}

static int counts_add(Counts *c, const char *state)
{
        Count *count = NULL;

        state = state ? state : "";
        for (size_t i = 0; !count && i < c->n_counts; i++)
                if (streq(c->counts[i].state, state))
                        count = &c->counts[i];

        if (!count) {
                count = array_add(&c->counts, &c->n_counts, sizeof(*count), STATES_MAX);
                if (!count)
                        return -ENOMEM;
                count->state = state;
        }

        count->n++;
        c->total++;
        return 0;
}

static int count_all(const Snapshot *s, Counts *domains, Counts *functions, Counts *jobs)
{
        int r;

        for (size_t i = 0; i < s->n_domains; i++)
                if ((r = counts_add(domains, s->domains[i].state)) < 0)
                        return r;
        for (size_t i = 0; i < s->n_functions; i++)
                if ((r = counts_add(functions, s->functions[i].state)) < 0)
                        return r;
        for (size_t i = 0; i < s->n_jobs; i++)
                if ((r = counts_add(jobs, s->jobs[i].state)) < 0)
                        return r;

        return 0;
}

static json_object *counts_to_json(const Counts *c)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        for (size_t i = 0; i < c->n_counts; i++)
                json_build_uint64(&o, c->counts[i].state, c->counts[i].n);
        return TAKE_PTR(o);
}

static int print_counts(const Ctl *ctl, const char *title, const Counts *c)
{
        _cleanup_free_ char *text = strdup("");

        for (size_t i = 0; text && i < c->n_counts; i++) {
                _cleanup_free_ char *before = text;

                if (asprintf(&text, "%s%s%" PRIu64 " %s", before, i > 0 ? ", " : "", c->counts[i].n,
                             c->counts[i].state) < 0)
                        text = NULL;
        }
        if (!text)
                return -ENOMEM;

        ctl_print(ctl, "%s %" PRIu64 "%s%s%s", title, c->total, *text ? " (" : "", text, *text ? ")" : "");
        return 0;
}

static json_object *reservations_to_json(const ManagerInfo *m)
{
        _cleanup_json_ json_object *array = json_object_new_array();

        for (size_t i = 0; i < m->n_reservations; i++)
                json_build_element(&array, reservation_info_to_json(&m->reservations[i]));
        return TAKE_PTR(array);
}

static int print_reservations(const Ctl *c, const ManagerInfo *m)
{
        for (size_t i = 0; i < m->n_reservations; i++) {
                const ReservationInfo *r = &m->reservations[i];
                _cleanup_free_ char *functions = text_join(r->functions);

                if (!functions)
                        return -ENOMEM;
                ctl_print(c, " Reserved: %s by user %" PRIu32 " until %s%s%s", functions, r->uid,
                          TEXT_TIME(r->expires_usec), r->label && *r->label ? ": " : "",
                          r->label ? r->label : "");
        }

        return 0;
}

static int report(Ctl *c, const ManagerInfo *m, const Snapshot *s)
{
        _cleanup_(counts_done) Counts domains = { 0 }, functions = { 0 }, jobs = { 0 };
        int r;

        r = count_all(s, &domains, &functions, &jobs);
        if (r < 0)
                return r;

        if (c->json) {
                _cleanup_json_ json_object *o = json_object_new_object();

                json_build_string(&o, "version", m->version);
                json_build_bool(&o, "degraded", m->degraded);
                json_build_string(&o, "degraded_reason", m->degraded_reason);
                json_build_member(&o, "domains", counts_to_json(&domains));
                json_build_member(&o, "functions", counts_to_json(&functions));
                json_build_member(&o, "jobs", counts_to_json(&jobs));
                json_build_member(&o, "reservations", reservations_to_json(m));
                return ctl_print_json(c, TAKE_PTR(o));
        }

        ctl_print(c, "  Version: %s", m->version ? m->version : "?");
        ctl_print(c, "   Health: %s%s", m->degraded ? "degraded: " : "good",
                  m->degraded && m->degraded_reason ? m->degraded_reason : "");
        if ((r = print_counts(c, "  Domains:", &domains)) < 0 ||
            (r = print_counts(c, "Functions:", &functions)) < 0)
                return r;
        r = print_counts(c, "     Jobs:", &jobs);
        return r < 0 ? r : print_reservations(c, m);
}

int verb_status(Ctl *c)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        _cleanup_(manager_info_done) ManagerInfo m = { 0 };
        _cleanup_(snapshot_done) Snapshot s = { 0 };
        int r;

        r = client_get_snapshot(c, &s, &e);
        if (r >= 0)
                r = client_get_all(c, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE, &reply,
                                   &e);
        if (r >= 0) {
                r = manager_info_read(&m, reply);
                if (r < 0)
                        r = client_set_protocol_error(&e, r);
        }
        if (r < 0)
                return ctl_error(c, &e, r, "cannot show the daemon's status");

        return report(c, &m, &s);
}
