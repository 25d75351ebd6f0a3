/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/domain-functions.h"

#include "core/verdict.h"
#include "daemon/manager-store.h"

static void of_xml(const Manager *m, const DomainView *d, FunctionSwap *ret, size_t *ret_n, Findings *l)
{
        bool missing = false;
        Finding *found;

        if (d->n_functions == 0) {
                found = findings_block(l, FAILURE_NO_FUNCTION, FINDING_FUNCTION,
                                       "domain '%s' owns no virtual function", d->name);
                finding_set_remedy(found, "'virsh managedsave' does for it");
                return;
        }

        if (d->n_functions > JOB_FUNCTIONS_MAX) {
                found = findings_block(l, FAILURE_NO_FUNCTION, FINDING_FUNCTION,
                                       "domain '%s' owns %zu PCI devices; at most %d can be handled",
                                       d->name, d->n_functions, JOB_FUNCTIONS_MAX);
                finding_set_remedy(found, "detach some");
                return;
        }

        for (size_t i = 0; i < d->n_functions; i++) {
                const Function *f = view_find_function(m->view, d->functions + i);

                if (f) {
                        ret[i] = (FunctionSwap) { .has_from = true,
                                                  .from = f->address,
                                                  .from_locator = f->locator,
                                                  .identity = f->identity };
                        continue;
                }

                missing = true;
                found = findings_block(l, FAILURE_NO_FUNCTION, FINDING_FUNCTION,
                                       "PCI device %s of domain '%s' is not in the pool",
                                       PCI_ADDRESS_STR(d->functions + i), d->name);
                finding_set_remedy(found, "detach it, or let the configuration key 'functions.match' cover "
                                          "it");
        }

        if (!missing)
                *ret_n = d->n_functions;
}

/* They may be anybody's by now, or gone from the host. */
static void of_record(const Manager *m, const DomainView *d, FunctionSwap *ret, size_t *ret_n, Findings *l)
{
        const ImageRecord *record = manager_find_record(m, d->uuid);
        Finding *found;

        if (!record || record->n_functions == 0 || record->n_functions > JOB_FUNCTIONS_MAX) {
                found = findings_block(l, FAILURE_NOT_HIBERNATED, FINDING_IMAGE,
                                       "the record of hibernated domain '%s' names no function, or too many",
                                       d->name);
                finding_set_remedy(found, RECORD_REMEDY);
                return;
        }

        for (size_t i = 0; i < record->n_functions; i++) {
                const FunctionRef from = swap_source(record->functions + i);

                ret[i] = (FunctionSwap) {
                        .has_from = true,
                        .from = from.address,
                        .from_locator = from.locator,
                        .identity = record->functions[i].identity,
                };
                if (m->world && !view_find_ref(m->view, &from))
                        (void) findings_remark(
                                        l, FINDING_FUNCTION,
                                        "the function that domain '%s' had at %s is not in the pool any more",
                                        d->name, PCI_ADDRESS_STR(&from.address));
        }

        *ret_n = record->n_functions;
}

void domain_functions(const Manager *m, const DomainView *d, FunctionSwap ret[static JOB_FUNCTIONS_MAX],
                      size_t *ret_n, Findings *findings)
{
        *ret_n = 0;
        if (d->hibernated)
                of_record(m, d, ret, ret_n, findings);
        else
                of_xml(m, d, ret, ret_n, findings);
}
