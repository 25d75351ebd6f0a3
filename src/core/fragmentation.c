/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/fragmentation.h"

#include "core/compat.h"

static int compare(const void *a, const void *b)
{
        const Function *x = *(const Function *const *) a, *y = *(const Function *const *) b;
        int r = pci_address_compare(&x->physical_function, &y->physical_function);

        return r != 0 ? r : strcmp(x->pool, y->pool);
}

static bool is_in_use(const Function *f)
{
        return f->state != FUNCTION_FREE && f->state != FUNCTION_QUARANTINED;
}

static size_t run_of_physical_function(const Function *const *list, size_t n)
{
        size_t i = 1;

        while (i < n && pci_address_equal(&list[i]->physical_function, &list[0]->physical_function))
                i++;
        return i;
}

static size_t run_of_pool(const Function *const *list, size_t n)
{
        size_t i = 1;

        while (i < n && streq(list[i]->pool, list[0]->pool))
                i++;
        return i;
}

static bool can_be_had(const Function *f)
{
        return f->state == FUNCTION_FREE && function_driver_is_vfio(f->driver) && !f->is_dead &&
               !f->group_obstacle;
}

int pool_shares(const Function *functions, size_t n, PoolShare **ret, size_t *ret_n)
{
        _cleanup_free_ const Function **list = calloc(n + 1, sizeof(Function *));
        _cleanup_free_ PoolShare *shares = calloc(n + 1, sizeof(PoolShare));
        size_t n_shares = 0, n_on_pf, n_of_pool;

        if (!list || !shares)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++)
                list[i] = functions + i;
        qsort(list, n, sizeof(Function *), compare);

        for (size_t pf = 0; pf < n; pf += n_on_pf) {
                bool in_use = false;

                n_on_pf = run_of_physical_function(list + pf, n - pf);
                for (size_t i = pf; i < pf + n_on_pf; i++)
                        in_use = in_use || is_in_use(list[i]);

                for (size_t i = pf; i < pf + n_on_pf; i += n_of_pool) {
                        n_of_pool = run_of_pool(list + i, pf + n_on_pf - i);
                        shares[n_shares++] = (PoolShare) {
                                .pool = list[i]->pool,
                                .in_use = in_use,
                        };
                }
        }

        *ret = TAKE_PTR(shares);
        *ret_n = n_shares;
        return 0;
}

const RequestShare request_mix_default[4] = {
        { 1, PLANNER_ONE_PF, 0.25 },
        { 2, PLANNER_ONE_PF, 0.25 },
        { 4, PLANNER_ONE_PF, 0.25 },
        { 8, PLANNER_ONE_PF, 0.25 },
};

/* Only an inventory that was read tells kinds. */
static bool is_of_kind(const Function *a, const Function *b)
{
        return a->kind && b->kind ? streq(a->kind, b->kind) : compat_is_alike(a, b);
}

/* A free function, and its kind as a number. */
typedef struct Place {
        const Function *function;
        size_t kind;
} Place;

static int compare_places(const void *a, const void *b)
{
        const Place *x = a, *y = b;
        int r;

        if (x->kind != y->kind)
                return x->kind < y->kind ? -1 : 1;
        if (!x->function->group || !y->function->group)
                r = !x->function->group - !y->function->group;
        else
                r = strcmp(x->function->group, y->function->group);
        return r != 0 ? r
                      : pci_address_compare(&x->function->physical_function,
                                            &y->function->physical_function);
}

static bool are_together(const Place *a, const Place *b, PlannerLevel on)
{
        if (a->kind != b->kind)
                return false;
        if (on == PLANNER_ANYWHERE ||
            pci_address_equal(&a->function->physical_function, &b->function->physical_function))
                return true;
        return on == PLANNER_ONE_GROUP && a->function->group &&
               streq_ptr(a->function->group, b->function->group);
}

static size_t next_run(const Place *list, size_t n, PlannerLevel on)
{
        size_t run = 1;

        while (run < n && are_together(list, list + run, on))
                run++;
        return run;
}

/* Of sorted places: how many are where there are fewer than `least`. */
static size_t count_small(const Place *list, size_t n, PlannerLevel on, uint32_t least)
{
        size_t small = 0, run;

        for (size_t i = 0; i < n; i += run) {
                run = next_run(list + i, n - i, on);
                small += run < least ? run : 0;
        }

        return small;
}

static void find_largest(const Place *list, size_t n, Fragmentation *f)
{
        size_t run;

        for (size_t i = 0; i < n; i += run) {
                uint32_t *largest = &f->kinds[list[i].kind].largest_on_pf;

                run = next_run(list + i, n - i, PLANNER_ONE_PF);
                *largest = run > *largest ? (uint32_t) run : *largest;
        }
        for (size_t i = 0; i < n; i += run) {
                uint32_t *largest = &f->kinds[list[i].kind].largest_in_group;

                run = next_run(list + i, n - i, PLANNER_ONE_GROUP);
                *largest = run > *largest ? (uint32_t) run : *largest;
        }

        for (size_t k = 0; k < f->n_kinds; k++) {
                if (f->kinds[k].largest_on_pf > f->largest_on_pf)
                        f->largest_on_pf = f->kinds[k].largest_on_pf;
                if (f->kinds[k].largest_in_group > f->largest_in_group)
                        f->largest_in_group = f->kinds[k].largest_in_group;
        }
}

bool kind_shares_equal(const KindShare *a, size_t n_a, const KindShare *b, size_t n_b)
{
        if (n_a != n_b)
                return false;

        for (size_t i = 0; i < n_a; i++)
                if (!pci_address_equal(&a[i].like, &b[i].like) || a[i].vendor != b[i].vendor ||
                    a[i].device != b[i].device || a[i].n != b[i].n || a[i].n_free != b[i].n_free ||
                    a[i].largest_on_pf != b[i].largest_on_pf ||
                    a[i].largest_in_group != b[i].largest_in_group)
                        return false;

        return true;
}

void fragmentation_done(Fragmentation *f)
{
        free(f->kinds);
        *f = (Fragmentation) { 0 };
}

int fragmentation_copy(const Fragmentation *f, Fragmentation *ret)
{
        Fragmentation copy = *f;

        copy.kinds = calloc(f->n_kinds + 1, sizeof(KindShare));
        if (!copy.kinds)
                return -ENOMEM;
        if (f->n_kinds > 0)
                memcpy(copy.kinds, f->kinds, f->n_kinds * sizeof(KindShare));

        *ret = copy;
        return 0;
}

int fragmentation_measure(const Function *functions, size_t n, const char *pool, const RequestShare *mix,
                          size_t n_mix, Fragmentation *ret)
{
        _cleanup_free_ Place *list = calloc(n + 1, sizeof(Place));
        _cleanup_free_ const Function **kinds = calloc(n + 1, sizeof(Function *));
        _cleanup_(fragmentation_done) Fragmentation f = { .kinds = calloc(n + 1, sizeof(KindShare)) };
        size_t n_list = 0;

        if (!list || !kinds || !f.kinds)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                const Function *function = functions + i;
                size_t kind = 0;

                if (!streq_ptr(function->pool, pool))
                        continue;

                while (kind < f.n_kinds && !is_of_kind(kinds[kind], function))
                        kind++;
                if (kind == f.n_kinds) {
                        kinds[f.n_kinds] = function;
                        f.kinds[f.n_kinds++] = (KindShare) {
                                .like = function->address,
                                .vendor = function->identity.vendor,
                                .device = function->identity.device,
                        };
                }
                f.kinds[kind].n++;

                if (function->state != FUNCTION_FREE)
                        continue;
                f.n_free++;
                if (!can_be_had(function)) {
                        f.stranded++;
                        continue;
                }
                f.kinds[kind].n_free++;
                list[n_list++] = (Place) { function, kind };
        }
        qsort(list, n_list, sizeof(Place), compare_places);

        find_largest(list, n_list, &f);
        for (size_t i = 0; i < n_mix && f.n_free > 0; i++)
                f.unusable += mix[i].share *
                              (double) (f.stranded +
                                        count_small(list, n_list, mix[i].on, mix[i].functions)) /
                              f.n_free;
        /* Shares that are read make 1 but for rounding. */
        f.unusable = f.unusable > 1 ? 1 : f.unusable;

        *ret = f;
        f = (Fragmentation) { 0 };
        return 0;
}
