/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* fits: may a function take over from another? By an inventory and the families of this host; nobody is asked. */

#include <stdio.h>

#include "cli/ctl.h"
#include "cli/json.h"
#include "cli/local-families.h"
#include "core/fits.h"
#include "store/inventory-json.h"

static json_object *findings_to_json(const Findings *l)
{
        _cleanup_json_ json_object *array = json_object_new_array();

        for (size_t i = 0; i < l->n; i++) {
                const Finding *f = l->list + i;
                _cleanup_json_ json_object *o = json_object_new_object();

                json_build_string(&o, "code", FINDING_CODE_STR(f));
                json_build_string(&o, "scope", finding_scope_to_string(f->scope));
                json_build_bool(&o, "blocking", f->blocking);
                json_build_string(&o, "message", f->message);
                json_build_string(&o, "remedy", f->remedy);
                json_build_element(&array, TAKE_PTR(o));
        }

        return TAKE_PTR(array);
}

static int print_json(Ctl *c, bool fits, const Findings *l)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        json_build_bool(&o, "fits", fits);
        json_build_member(&o, "findings", findings_to_json(l));
        return ctl_print_json(c, TAKE_PTR(o));
}

static void print_text(const Ctl *c, bool fits, const Findings *l)
{
        ctl_print(c, "%s %s take over from %s", c->second_argument, fits ? "may" : "may not", c->argument);

        for (size_t i = 0; i < l->n; i++) {
                const Finding *f = l->list + i;

                ctl_print(c, "%s %s: %s (%s)", f->blocking ? "-" : "*", finding_scope_to_string(f->scope),
                          f->message, FINDING_CODE_STR(f));
                if (f->remedy)
                        ctl_print(c, "  Remedy: %s", f->remedy);
        }
}

int verb_fits(Ctl *c)
{
        _cleanup_(families_done) Families families = { 0 };
        _cleanup_(findings_done) Findings findings = { 0 };
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_(fleet_done) Fleet fleet = { 0 };
        FleetFunction from, to;
        bool fits;
        int r;

        if (c->host)
                return ctl_usage(c, "'fits' asks no host, so there is no '--host'");

        /* Whatever of this is wrong, it is what was given. */
        if (local_families_load(c, &families, &why) < 0 || fleet_read_file(c->inventory, &fleet, &why) < 0 ||
            fleet_find(&fleet, c->argument, &from, &why) < 0 ||
            fleet_find(&fleet, c->second_argument, &to, &why) < 0)
                return ctl_failure(c, &why, EXIT_STATUS_USAGE);

        fits = fits_judge(&fleet, &from, &to, &families, c->fixups, &findings);
        if (findings.incomplete)
                return -ENOMEM;

        if (c->json) {
                r = print_json(c, fits, &findings);
                if (r < 0)
                        return r;
        } else if (!c->quiet)
                print_text(c, fits, &findings);

        return fits ? EXIT_STATUS_OK : EXIT_STATUS_REFUSED;
}
