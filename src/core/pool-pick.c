/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Which functions a job or a reservation gets, of those that pool_judge() allows it. */
#include <assert.h>
#include <stdio.h>

#include "core/assignment.h"
#include "core/bond.h"
#include "core/pool.h"

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
        bool *fits;              /* owned; want after want, each function: could it be had for that? */
} Pick;

static void pick_done(Pick *p)
{
        free(p->used);
        free(p->sources);
        free(p->fits);
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
                .locator = p->request->from ? &p->request->from[i].locator : NULL,
                .had = p->sources[i],
                .fixups = p->request->fixups,
                .anew = p->request->anew,
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

/* Does the domain have it, or had it? */
static bool is_source(const Pick *p, const Function *f)
{
        for (size_t i = 0; i < p->request->n; i++)
                if (p->sources[i] && pci_address_equal(&p->sources[i]->address, &f->address))
                        return true;

        return false;
}

/* Is it on the node of the guest's memory? False also when nobody knows. */
static bool is_near(const Pick *p, size_t want, const Function *f)
{
        const Function *from = p->sources[want];
        int node = p->request->memory_node ? *p->request->memory_node : from ? from->numa_node : -1;

        return p->request->policy == PICK_NEAR && node >= 0 && f->numa_node == node;
}

/* Is `a` a better choice than `b` for this want? */
static bool is_better(size_t want, size_t index_a, size_t index_b, const void *userdata)
{
        const Pick *p = userdata;
        const Function *a = p->functions + index_a, *b = p->functions + index_b, *from = p->sources[want];
        size_t used_a = p->used[index_a], used_b = p->used[index_b];

        if (p->request->leave && from) {
                bool same_a = pci_address_equal(&a->physical_function, &from->physical_function);
                bool same_b = pci_address_equal(&b->physical_function, &from->physical_function);

                if (same_a != same_b)
                        return same_b;
        }

        if (a->rank != b->rank)
                return a->rank < b->rank;
        if (is_near(p, want, a) != is_near(p, want, b))
                return is_near(p, want, a);
        if (used_a != used_b)
                return p->request->policy == PICK_SPREAD ? used_a < used_b : used_a > used_b;

        return pci_address_compare(&a->address, &b->address) < 0;
}

/* Asked for once: there may be thousands of functions, and an assignment looks often. */
static int pick_judge(Pick *p)
{
        size_t n = p->n_functions;

        p->fits = calloc(p->request->n * n + 1, sizeof(bool));
        if (!p->fits)
                return -ENOMEM;

        for (size_t i = 0; i < p->request->n; i++)
                for (size_t k = 0; k < n; k++)
                        p->fits[i * n + k] = judge_candidate(p, i, p->functions + k, NULL) &&
                                             !(p->request->leave && is_source(p, p->functions + k));

        return 0;
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

static bool is_among(const size_t *list, size_t n, size_t index)
{
        for (size_t i = 0; i < n; i++)
                if (list[i] == index)
                        return true;

        return false;
}

/* One that could be had, were it not for the family: then it is no matter of what is free. */
static bool refuse_for_family(const Pick *p, size_t i, const size_t *taken, Failure *reterr)
{
        const CompatGuest guest = guest_of_want(p, i);
        CompatGuest any = guest;

        any.address = NULL;
        for (size_t k = 0; p->request->from && k < p->n_functions; k++) {
                const Function *f = p->functions + k;
                _cleanup_(findings_done) Findings why = { 0 };

                if (is_of_other_pool(p, i, f) || is_among(taken, i, k) || !pool_judge(f, &any, NULL) ||
                    compat_judge(&guest, f, &why) || why.n == 0)
                        continue;

                (void) failure_set(reterr, why.list[0].code, "%s; %s", why.list[0].message,
                                   why.list[0].remedy);
                return true;
        }

        return false;
}

/* `failed` is the want that nothing is left for, `chosen` what those before it got. */
static int refuse(const Pick *p, size_t failed, const size_t *chosen, Failure *reterr)
{
        const FunctionIdentity *want = p->request->wants + failed;
        _cleanup_free_ char *reasons = NULL;

        if (refuse_for_family(p, failed, chosen, reterr))
                return -EREMOTEIO;

        reasons = collect_reasons(p, failed);
        return failure_set(
                        reterr, FAILURE_NO_FREE_FUNCTION,
                        "no free function of kind %04x:%04x is left (%zu of %zu found, %zu looked at%s%s); "
                        "hibernate or move a domain that has one, or clear one that is quarantined",
                        want->vendor, want->device, failed, p->request->n, p->n_functions,
                        reasons && *reasons ? ": " : "", reasons ? reasons : "");
}

/* A set that lies together, to compare it with others. */
typedef struct Together {
        bool home; /* with what the domain leaves */
        uint64_t rank;
        size_t near, used;
        size_t *chosen; /* owned by who made it */
} Together;

static bool is_better_set(const Pick *p, const Together *a, const Together *b)
{
        if (p->request->leave && a->home != b->home)
                return b->home;
        if (a->rank != b->rank)
                return a->rank < b->rank;
        if (a->near != b->near)
                return a->near > b->near;
        if (a->used != b->used)
                return p->request->policy == PICK_SPREAD ? a->used < b->used : a->used > b->used;

        return pci_address_compare(&p->functions[a->chosen[0]].address,
                                   &p->functions[b->chosen[0]].address) < 0;
}

/* Those that lie together with function `first`. */
static int assign_with(const Pick *p, Bond bond, size_t first, bool *fits, Together *ret)
{
        size_t n = p->n_functions, failed;
        int r;

        for (size_t i = 0; i < p->request->n * n; i++)
                fits[i] = p->fits[i] && bond_holds(bond, p->functions + first, p->functions + i % n);

        r = assignment_find(p->request->n, n, fits, is_better, p, ret->chosen, &failed);
        if (r < 0)
                return r;

        ret->home = bond_holds(bond, p->functions + first, p->sources[0]);
        ret->rank = ret->near = ret->used = 0;
        for (size_t i = 0; i < p->request->n; i++) {
                const Function *f = p->functions + ret->chosen[i];

                ret->rank += f->rank;
                ret->near += is_near(p, i, f);
                ret->used += p->used[ret->chosen[i]];
        }
        return 0;
}

static bool is_first_of_its_place(const Pick *p, Bond bond, size_t index)
{
        for (size_t i = 0; i < index; i++)
                if (bond_holds(bond, p->functions + i, p->functions + index))
                        return false;

        return bond_holds(bond, p->functions + index, p->functions + index);
}

/* What lay together lies together again: of all places that have enough, the one that the policy likes best. -ENOENT: none
 * has. */
static int assign_together(const Pick *p, Bond bond, size_t *ret)
{
        size_t n = p->n_functions;
        _cleanup_free_ bool *fits = calloc(p->request->n * n + 1, sizeof(bool));
        _cleanup_free_ size_t *chosen = calloc(p->request->n + 1, sizeof(size_t));
        Together best = { .chosen = ret }, other = { .chosen = chosen };
        int r, found = -ENOENT;

        if (!fits || !chosen)
                return -ENOMEM;

        for (size_t k = 0; k < n; k++) {
                if (!is_first_of_its_place(p, bond, k))
                        continue;

                r = assign_with(p, bond, k, fits, &other);
                if (r == -ENOMEM)
                        return r;
                if (r < 0 || (found >= 0 && !is_better_set(p, &other, &best)))
                        continue;

                memcpy(best.chosen, chosen, p->request->n * sizeof(size_t));
                other.chosen = best.chosen;
                best = other;
                other.chosen = chosen;
                found = 0;
        }

        return found;
}

static int pick_assign(const Pick *p, size_t *ret, Failure *reterr)
{
        const PoolRequest *request = p->request;
        Bond bond = request->together ? bond_of(p->sources, request->n) : BOND_NONE;
        size_t failed = 0;
        int r = -ENOENT;

        if (bond != BOND_NONE)
                r = assign_together(p, bond, ret);
        if (r == -ENOENT) {
                r = assignment_find(request->n, p->n_functions, p->fits, is_better, p, ret, &failed);
                if (r >= 0 && bond != BOND_NONE)
                        return failure_set(
                                        reterr, FAILURE_NO_FREE_FUNCTION,
                                        "the %zu functions that the domain has are of one %s, and no other %s has as many free "
                                        "ones that fit; make room there, or name functions of several",
                                        request->n, bond_to_string(bond), bond_to_string(bond));
        }
        if (r == -ENOENT)
                return refuse(p, failed, ret, reterr);

        return r < 0 ? failure_set_errno(reterr, FAILURE_HOST, r, "cannot choose a function") : 0;
}

int pool_pick(const Function *functions, size_t n_functions, const PoolRequest *request, PciAddress *ret,
              Failure *reterr)
{
        _cleanup_(pick_done) Pick p = {
                .functions = functions,
                .n_functions = n_functions,
                .request = request,
        };
        _cleanup_free_ size_t *chosen = calloc(request->n + 1, sizeof(size_t));
        int r;

        assert(request->from || !(request->leave || request->together));

        if (!chosen || pick_prepare(&p) < 0 || pick_judge(&p) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot choose a function");

        r = pick_assign(&p, chosen, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; i < request->n; i++)
                ret[i] = functions[chosen[i]].address;
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
