/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/outcome.h"

#include <assert.h>

Outcome *outcome_free(Outcome *o)
{
        if (!o)
                return NULL;

        free(o->domain_uuid);
        free(o->domain_name);
        free(o->functions);
        free(o);
        return NULL;
}

/* With room for n functions. */
static int outcome_new_of(const char *domain_uuid, bool active, size_t n, uint64_t until_usec, Outcome **ret)
{
        _cleanup_(outcome_freep) Outcome *o = malloc(sizeof(Outcome));

        if (!o)
                return -ENOMEM;

        *o = (Outcome) { .active = active, .until_usec = until_usec };
        o->functions = calloc(n + 1, sizeof(PciAddress));
        if (!o->functions || free_and_strdup(&o->domain_uuid, domain_uuid) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}

int outcome_new(const Job *j, bool hibernated, uint64_t now_usec, Outcome **ret)
{
        Outcome *o;
        int r;

        assert(job_state_is_final(j->state));

        /* A failed job may have left anything: only what the record or success proves is expected. */
        if (!hibernated && (j->state != JOB_DONE || j->kind == JOB_HIBERNATE || j->kind == JOB_DISCARD))
                return 0;

        r = outcome_new_of(j->domain_uuid, !hibernated, j->n_swaps, now_usec + OUTCOME_BELIEVED_USEC, &o);
        if (r < 0)
                return r;

        for (size_t i = 0; i < j->n_swaps; i++)
                o->functions[o->n_functions++] = j->swaps[i].has_to ? j->swaps[i].to : j->swaps[i].from;

        *ret = o;
        return 1;
}

int outcome_new_start(const char *domain_uuid, const char *domain_name, const PciAddress *functions,
                      size_t n, uint64_t now_usec, Outcome **ret)
{
        _cleanup_(outcome_freep) Outcome *o = NULL;
        int r;

        r = outcome_new_of(domain_uuid, true, n, now_usec + OUTCOME_START_BELIEVED_USEC, &o);
        if (r >= 0)
                r = free_and_strdup(&o->domain_name, domain_name);
        if (r < 0)
                return r;

        o->starting = true;
        for (; o->n_functions < n; o->n_functions++)
                o->functions[o->n_functions] = functions[o->n_functions];

        *ret = TAKE_PTR(o);
        return 0;
}

int outcome_new_stop(const char *domain_uuid, uint64_t now_usec, Outcome **ret)
{
        return outcome_new_of(domain_uuid, false, 0, now_usec + OUTCOME_BELIEVED_USEC, ret);
}

bool outcome_agrees(const Outcome *o, const World *w)
{
        const WorldDomain *d = world_find_domain(w, o->domain_uuid);

        if (!d)
                return false;
        if (!o->active || !d->active)
                return o->active == d->active;
        if (d->n_functions != o->n_functions)
                return false;

        for (size_t i = 0; i < d->n_functions; i++)
                if (!pci_address_equal(d->functions + i, o->functions + i))
                        return false;

        return true;
}
