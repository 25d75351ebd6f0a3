/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/outcome.h"

#include <assert.h>

Outcome *outcome_free(Outcome *o)
{
        if (!o)
                return NULL;

        free(o->domain_uuid);
        free(o->functions);
        free(o);
        return NULL;
}

int outcome_new(const Job *j, bool hibernated, uint64_t now_usec, Outcome **ret)
{
        _cleanup_(outcome_freep) Outcome *o = NULL;

        assert(job_state_is_final(j->state));

        /* A failed job may have left anything: only what the record or success proves is expected. */
        if (!hibernated && (j->state != JOB_DONE || j->kind == JOB_HIBERNATE))
                return 0;

        o = malloc(sizeof(Outcome));
        if (!o)
                return -ENOMEM;

        *o = (Outcome) {
                .active = !hibernated,
                .until_usec = now_usec + OUTCOME_BELIEVED_USEC,
        };

        o->functions = calloc(j->n_swaps + 1, sizeof(PciAddress));
        if (!o->functions || free_and_strdup(&o->domain_uuid, j->domain_uuid) < 0)
                return -ENOMEM;

        for (size_t i = 0; i < j->n_swaps; i++)
                o->functions[o->n_functions++] = j->swaps[i].has_to ? j->swaps[i].to : j->swaps[i].from;

        *ret = TAKE_PTR(o);
        return 1;
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
