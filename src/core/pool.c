/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pool.h"

#include <assert.h>

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
        if (f->state == FUNCTION_HELD && !f->domain)
                return failure_set(reterr, FAILURE_FUNCTION_BUSY,
                                   "function %s is reserved; choose a free one", address);
        if (f->state != FUNCTION_FREE)
                return failure_set(reterr, FAILURE_FUNCTION_BUSY, "function %s is %s%s%s; choose a free one",
                                   address, function_state_to_string(f->state),
                                   !f->domain                  ? ""
                                   : f->state == FUNCTION_HELD ? " for domain "
                                                               : " to domain ",
                                   f->domain ? f->domain : "");
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
        const PoolRequest *request;
        size_t *used; /* owned; of each function's physical function */
        const Function **
                        sources; /* owned; for each want what the domain has or had, NULL: nothing, or it is gone */
} Pick;

static void pick_done(Pick *p)
{
        free(p->used);
        free(p->sources);
}

/* What every comparison asks for, looked up once: there may be thousands of functions. */
static int pick_prepare(Pick *p)
{
        const Function *f = p->functions;

        p->used = calloc(p->n_functions + 1, sizeof(size_t));
        p->sources = calloc(p->request->n + 1, sizeof(Function *));
        if (!p->used || !p->sources)
                return -ENOMEM;

        /* In the order of addresses the functions of a card stand together. */
        for (size_t i = 0; i < p->n_functions; i++)
                p->used[i] = i > 0 && pci_address_equal(&f[i].physical_function, &f[i - 1].physical_function)
                                             ? p->used[i - 1]
                                             : count_used(f, p->n_functions, &f[i].physical_function);

        for (size_t i = 0; p->request->from && i < p->request->n; i++)
                p->sources[i] = pool_find(f, p->n_functions, &p->request->from[i]);

        return 0;
}

/* May want number i be answered with f? */
static int check_candidate(const Pick *p, size_t i, const Function *f, Failure *reterr)
{
        const Function *from = p->sources[i];

        if (from && from->pool && f->pool && !streq(from->pool, f->pool))
                return failure_set(reterr, FAILURE_INCOMPATIBLE, "function %s is in pool '%s', not '%s'",
                                   PCI_ADDRESS_STR(&f->address), f->pool, from->pool);

        return pool_check(f, &p->request->wants[i], reterr);
}

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
        size_t used_a = p->used[a - p->functions], used_b = p->used[b - p->functions];
        const Function *from = p->sources[i];

        if (p->request->leave && from) {
                bool same_a = pci_address_equal(&a->physical_function, &from->physical_function);
                bool same_b = pci_address_equal(&b->physical_function, &from->physical_function);

                if (same_a != same_b)
                        return same_b;
        }

        if (used_a != used_b)
                return p->request->policy == PICK_SPREAD ? used_a < used_b : used_a > used_b;

        return pci_address_compare(&a->address, &b->address) < 0;
}

static const Function *pick_one(const Pick *p, size_t i, const PciAddress *taken)
{
        const Function *best = NULL;

        for (size_t k = 0; k < p->n_functions; k++) {
                const Function *f = p->functions + k;

                if (check_candidate(p, i, f, NULL) < 0 || is_among(taken, i, &f->address) ||
                    (p->request->leave && is_among(p->request->from, p->request->n, &f->address)))
                        continue;

                if (!best || is_better(p, i, f, best))
                        best = f;
        }

        return best;
}

#define REASONS_MAX 32

/* "0000:01:10.2 is assigned to domain vm2; ..." for the refusal's text. */
static char *collect_reasons(const Pick *p, size_t i)
{
        char *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;

        for (size_t k = 0, said = 0; k < p->n_functions; k++) {
                Failure why = { 0 };

                if (check_candidate(p, i, p->functions + k, &why) >= 0)
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

int pool_pick(const Function *functions, size_t n_functions, const PoolRequest *request, PciAddress *ret,
              Failure *reterr)
{
        _cleanup_(pick_done) Pick p = {
                .functions = functions,
                .n_functions = n_functions,
                .request = request,
        };
        _cleanup_free_ PciAddress *chosen = calloc(request->n + 1, sizeof(PciAddress));

        assert(request->from || !request->leave);

        if (!chosen || pick_prepare(&p) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot choose a function");

        for (size_t i = 0; i < request->n; i++) {
                const Function *f = pick_one(&p, i, chosen);

                if (!f) {
                        _cleanup_free_ char *reasons = collect_reasons(&p, i);

                        return failure_set(reterr, FAILURE_NO_FREE_FUNCTION,
                                           "no free function of kind %04x:%04x is left (%zu looked at%s%s)",
                                           request->wants[i].vendor, request->wants[i].device, n_functions,
                                           reasons && *reasons ? ": " : "", reasons ? reasons : "");
                }
                chosen[i] = f->address;
        }

        if (request->n > 0)
                memcpy(ret, chosen, request->n * sizeof(PciAddress));
        return 0;
}
