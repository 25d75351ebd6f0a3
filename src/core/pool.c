/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pool.h"

#include <assert.h>
#include <stdio.h>

#include "core/enum-table.h"

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

bool pool_judge_state(const Function *f, Findings *findings)
{
        const char *address = PCI_ADDRESS_STR(&f->address);
        Finding *found;

        if (f->state == FUNCTION_QUARANTINED) {
                found = findings_block(findings, FAILURE_FUNCTION_BUSY, FINDING_FUNCTION,
                                       "function %s is quarantined (%s)", address,
                                       f->reason ? f->reason : "no reason given");
                finding_set_remedy(found, "see to it, then 'vgpu-hibernatectl clear %s'", address);
                return false;
        }

        if (f->state == FUNCTION_UNKNOWN) {
                found = findings_block(
                                findings, FAILURE_FUNCTION_BUSY, FINDING_FUNCTION,
                                "whether function %s is free is not known: libvirt has not told of its "
                                "domains yet",
                                address);
                finding_set_remedy(found, "see 'systemctl status libvirtd'");
                return false;
        }

        if (f->state != FUNCTION_FREE) {
                if (f->state == FUNCTION_HELD && !f->domain)
                        found = findings_block(findings, FAILURE_FUNCTION_BUSY, FINDING_FUNCTION,
                                               "function %s is reserved", address);
                else
                        found = findings_block(findings, FAILURE_FUNCTION_BUSY, FINDING_FUNCTION,
                                               "function %s is %s%s%s", address,
                                               function_state_to_string(f->state),
                                               !f->domain                  ? ""
                                               : f->state == FUNCTION_HELD ? " for domain "
                                                                           : " to domain ",
                                               f->domain ? f->domain : "");
                finding_set_remedy(found, "choose a free one");
                return false;
        }

        if (!function_driver_is_vfio(f->driver)) {
                found = findings_block(findings, FAILURE_FOREIGN_DRIVER, FINDING_FUNCTION,
                                       "function %s is bound to driver '%s' on the host", address,
                                       f->driver);
                finding_set_remedy(found, "unbind it there first");
                return false;
        }

        return true;
}

bool pool_judge(const Function *f, const CompatGuest *guest, Findings *findings)
{
        return pool_judge_state(f, findings) && compat_judge(guest, f, findings);
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
                p->sources[i] = p->request->host
                                                ? function_ref_find(p->request->from + i, p->request->host,
                                                                    p->request->n_host)
                                                : function_ref_find(p->request->from + i, f, p->n_functions);

        return 0;
}

static bool is_of_other_pool(const Pick *p, size_t i, const Function *f)
{
        const Function *from = p->sources[i];

        return !p->request->any_pool && from && from->pool && f->pool && !streq(from->pool, f->pool);
}

static CompatGuest guest_of_want(const Pick *p, size_t i)
{
        return (CompatGuest) {
                .identity = p->request->wants + i,
                .address = p->request->from ? &p->request->from[i].address : NULL,
                .had = p->sources[i],
                .fixups = p->request->fixups,
        };
}

/* May want number i be answered with f? */
static bool judge_candidate(const Pick *p, size_t i, const Function *f, Findings *findings)
{
        const CompatGuest guest = guest_of_want(p, i);
        const Function *from = p->sources[i];
        Finding *found;

        if (is_of_other_pool(p, i, f)) {
                found = findings_block(findings, FAILURE_INCOMPATIBLE, FINDING_FUNCTION,
                                       "function %s is in pool '%s', not '%s'", PCI_ADDRESS_STR(&f->address),
                                       f->pool, from->pool);
                finding_set_rule(found, RULE_POOL);
                finding_set_remedy(found, "choose one of that pool");
                return false;
        }

        return pool_judge(f, &guest, findings);
}

static bool is_among(const PciAddress *list, size_t n, const PciAddress *a)
{
        for (size_t i = 0; i < n; i++)
                if (pci_address_equal(&list[i], a))
                        return true;

        return false;
}

/* Does the domain have it, or had it? */
static bool is_source(const Pick *p, const Function *f)
{
        for (size_t i = 0; i < p->request->n; i++)
                if (p->sources[i] && pci_address_equal(&p->sources[i]->address, &f->address))
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

                if (!judge_candidate(p, i, f, NULL) || is_among(taken, i, &f->address) ||
                    (p->request->leave && is_source(p, f)))
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
                _cleanup_(findings_done) Findings why = { 0 };

                if (is_of_other_pool(p, i, p->functions + k) ||
                    judge_candidate(p, i, p->functions + k, &why) || why.n == 0)
                        continue;

                if (said++ < REASONS_MAX)
                        (void) fprintf(f, "%s%s", said > 1 ? "; " : "", why.list[0].message);
        }

        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }

        return text;
}

/* One that could be had, were it not for the family: then it is no matter of what is free. */
static bool refuse_for_family(const Pick *p, size_t i, const PciAddress *taken, Failure *reterr)
{
        const CompatGuest guest = guest_of_want(p, i);
        CompatGuest any = guest;

        any.address = NULL;
        for (size_t k = 0; p->request->from && k < p->n_functions; k++) {
                const Function *f = p->functions + k;
                _cleanup_(findings_done) Findings why = { 0 };

                if (is_of_other_pool(p, i, f) || is_among(taken, i, &f->address) ||
                    !pool_judge(f, &any, NULL) || compat_judge(&guest, f, &why) || why.n == 0)
                        continue;

                (void) failure_set(reterr, why.list[0].code, "%s; %s", why.list[0].message,
                                   why.list[0].remedy);
                return true;
        }

        return false;
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

                if (!f && refuse_for_family(&p, i, chosen, reterr))
                        return -EREMOTEIO;
                if (!f) {
                        _cleanup_free_ char *reasons = collect_reasons(&p, i);

                        return failure_set(
                                        reterr, FAILURE_NO_FREE_FUNCTION,
                                        "no free function of kind %04x:%04x is left (%zu of %zu found, %zu looked "
                                        "at%s%s); hibernate or move a domain that has one, or clear one that is "
                                        "quarantined",
                                        request->wants[i].vendor, request->wants[i].device, i, request->n,
                                        n_functions, reasons && *reasons ? ": " : "",
                                        reasons ? reasons : "");
                }
                chosen[i] = f->address;
        }

        if (request->n > 0)
                memcpy(ret, chosen, request->n * sizeof(PciAddress));
        return 0;
}

/* Could f answer any of the wants? Else the finding says why not the first. */
static bool judge_for_all(const Pick *p, const Function *f, Findings *findings)
{
        for (size_t i = 1; i < p->request->n; i++)
                if (judge_candidate(p, i, f, NULL))
                        return true;

        return judge_candidate(p, 0, f, findings);
}

int pool_consider(const Function *functions, size_t n_functions, const PoolRequest *request,
                  PoolConsidered considered, void *userdata)
{
        _cleanup_(pick_done) Pick p = {
                .functions = functions,
                .n_functions = n_functions,
                .request = request,
        };

        if (pick_prepare(&p) < 0)
                return -ENOMEM;

        assert(request->n > 0);

        for (size_t k = 0; k < n_functions; k++) {
                _cleanup_(findings_done) Findings why = { 0 };
                int r;

                (void) judge_for_all(&p, functions + k, &why);
                if (why.incomplete)
                        return -ENOMEM;

                r = considered(functions + k, why.list, userdata);
                if (r < 0)
                        return r;
        }

        return 0;
}
