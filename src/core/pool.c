/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pool.h"

#include "core/enum-table.h"

#include <stdio.h>

static const char *const pick_policy_table[] = {
        [PICK_PACK] = "pack",
        [PICK_SPREAD] = "spread",
};
DEFINE_ENUM_TABLE(pick_policy, PickPolicy, _PICK_POLICY_MAX);

const Function *pool_find(const Function *functions, size_t n_functions, const PciAddress *address)
{
        for (size_t i = 0; i < n_functions; i++)
                if (pci_address_equal(&functions[i].address, address))
                        return functions + i;

        return NULL;
}

int pool_check(const Function *f, const FunctionIdentity *wants, Failure *reterr)
{
        const char *address = PCI_ADDRESS_STR(&f->address);

        if (f->state == FUNCTION_QUARANTINED)
                return failure_set(
                                reterr, FAILURE_FUNCTION_BUSY,
                                "function %s is quarantined (%s); see to it, then 'vgpu-hibernatectl clear %s'",
                                address, f->reason ? f->reason : "no reason given", address);
        if (f->state != FUNCTION_FREE)
                return failure_set(reterr, FAILURE_FUNCTION_BUSY, "function %s is %s%s%s; choose a free one",
                                   address, function_state_to_string(f->state),
                                   f->domain ? " to domain " : "", f->domain ? f->domain : "");
        if (!function_driver_is_vfio(f->driver))
                return failure_set(reterr, FAILURE_FOREIGN_DRIVER,
                                   "function %s is bound to driver '%s' on the host; unbind it there first",
                                   address, f->driver);
        if (function_identity_check(wants, &f->identity, reterr) < 0) {
                _cleanup_free_ char *why = reterr ? TAKE_PTR(reterr->message) : NULL;

                failure_done(reterr);
                return failure_set(reterr, FAILURE_INCOMPATIBLE,
                                   "function %s cannot stand in: %s; choose one of the same kind", address,
                                   why ? why : "it differs");
        }

        return 0;
}

/* What `pack` and `spread` order by: how many functions of this one's physical function are in use. */
static size_t count_used(const Function *functions, size_t n, const PciAddress *physical_function)
{
        size_t used = 0;

        for (size_t i = 0; i < n; i++)
                if (pci_address_equal(&functions[i].physical_function, physical_function) &&
                    functions[i].state != FUNCTION_FREE)
                        used++;

        return used;
}

typedef struct Pick {
        const Function *functions;
        size_t n_functions;
        const PciAddress *current; /* NULL or as many as there are wants */
        size_t n_wants;
        PickPolicy policy;
} Pick;

static bool is_among(const PciAddress *list, size_t n, const PciAddress *a)
{
        for (size_t i = 0; i < n; i++)
                if (pci_address_equal(&list[i], a))
                        return true;

        return false;
}

/* Is `a` a better choice than `b` for the want number i? */
static bool is_better(const Pick *p, size_t i, const Function *a, const Function *b)
{
        size_t used_a, used_b;

        if (p->current) {
                const Function *from = pool_find(p->functions, p->n_functions, &p->current[i]);

                if (from) {
                        bool same_a = pci_address_equal(&a->physical_function, &from->physical_function);
                        bool same_b = pci_address_equal(&b->physical_function, &from->physical_function);

                        if (same_a != same_b)
                                return same_b;
                }
        }

        used_a = count_used(p->functions, p->n_functions, &a->physical_function);
        used_b = count_used(p->functions, p->n_functions, &b->physical_function);
        if (used_a != used_b)
                return p->policy == PICK_SPREAD ? used_a < used_b : used_a > used_b;

        return pci_address_compare(&a->address, &b->address) < 0;
}

static const Function *pick_one(const Pick *p, size_t i, const FunctionIdentity *want,
                                const PciAddress *taken)
{
        const Function *best = NULL;

        for (size_t k = 0; k < p->n_functions; k++) {
                const Function *f = p->functions + k;

                if (pool_check(f, want, NULL) < 0 || is_among(taken, i, &f->address) ||
                    (p->current && is_among(p->current, p->n_wants, &f->address)))
                        continue;

                if (!best || is_better(p, i, f, best))
                        best = f;
        }

        return best;
}

#define REASONS_MAX 32

/* "0000:01:10.2 is assigned to domain vm2; ..." for the refusal's text. */
static char *collect_reasons(const Pick *p, const FunctionIdentity *want)
{
        char *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;

        for (size_t k = 0, said = 0; k < p->n_functions; k++) {
                Failure why = { 0 };

                if (pool_check(p->functions + k, want, &why) >= 0)
                        continue;

                if (said++ < REASONS_MAX)
                        (void) fprintf(f, "%s%s", said > 1 ? "; " : "", failure_message(&why));
                failure_done(&why);
        }

        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }

        return text;
}

int pool_pick(const Function *functions, size_t n_functions, const FunctionIdentity *wants,
              const PciAddress *current, size_t n, PickPolicy policy, PciAddress *ret, Failure *reterr)
{
        const Pick p = {
                .functions = functions,
                .n_functions = n_functions,
                .current = current,
                .n_wants = n,
                .policy = policy,
        };
        _cleanup_free_ PciAddress *chosen = calloc(n > 0 ? n : 1, sizeof(PciAddress));

        if (!chosen)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot choose a function");

        for (size_t i = 0; i < n; i++) {
                const Function *f = pick_one(&p, i, wants + i, chosen);

                if (!f) {
                        _cleanup_free_ char *reasons = collect_reasons(&p, wants + i);

                        return failure_set(
                                        reterr, FAILURE_NO_FREE_FUNCTION,
                                        "no free function of kind %04x:%04x for this domain (%zu in the pool%s%s)",
                                        wants[i].vendor, wants[i].device, n_functions,
                                        reasons && *reasons ? ": " : "", reasons ? reasons : "");
                }
                chosen[i] = f->address;
        }

        if (n > 0)
                memcpy(ret, chosen, n * sizeof(PciAddress));
        return 0;
}
