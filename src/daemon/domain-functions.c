/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/domain-functions.h"

#include "daemon/manager-store.h"

static int of_xml(const Manager *m, const DomainView *d, FunctionSwap *ret, size_t *ret_n, Failure *reterr)
{
        if (d->n_functions == 0)
                return failure_set(reterr, FAILURE_NO_FUNCTION,
                                   "domain '%s' owns no virtual function; 'virsh managedsave' does for it",
                                   d->name);
        if (d->n_functions > JOB_FUNCTIONS_MAX)
                return failure_set(reterr, FAILURE_NO_FUNCTION,
                                   "domain '%s' owns %zu PCI devices; at most %d can be handled", d->name,
                                   d->n_functions, JOB_FUNCTIONS_MAX);

        for (size_t i = 0; i < d->n_functions; i++) {
                const Function *f = view_find_function(m->view, d->functions + i);

                if (!f)
                        return failure_set(reterr, FAILURE_NO_FUNCTION,
                                           "PCI device %s of domain '%s' is not in the pool; detach it, "
                                           "or let the configuration key 'functions.match' cover it",
                                           PCI_ADDRESS_STR(d->functions + i), d->name);

                ret[i] = (FunctionSwap) { .has_from = true, .from = f->address, .identity = f->identity };
        }

        *ret_n = d->n_functions;
        return 0;
}

/* They may be anybody's by now, or gone from the host. */
static int of_record(const Manager *m, const DomainView *d, FunctionSwap *ret, size_t *ret_n,
                     Failure *reterr)
{
        const ImageRecord *record = manager_find_record(m, d->uuid);

        if (!record || record->n_functions == 0 || record->n_functions > JOB_FUNCTIONS_MAX)
                return failure_set(reterr, FAILURE_NOT_HIBERNATED,
                                   "the record of hibernated domain '%s' names no function, or too many",
                                   d->name);

        for (size_t i = 0; i < record->n_functions; i++)
                ret[i] = (FunctionSwap) {
                        .has_from = true,
                        .from = record->functions[i].from,
                        .identity = record->functions[i].identity,
                };

        *ret_n = record->n_functions;
        return 0;
}

int domain_functions(const Manager *m, const DomainView *d, FunctionSwap ret[static JOB_FUNCTIONS_MAX],
                     size_t *ret_n, Failure *reterr)
{
        return d->hibernated ? of_record(m, d, ret, ret_n, reterr) : of_xml(m, d, ret, ret_n, reterr);
}
