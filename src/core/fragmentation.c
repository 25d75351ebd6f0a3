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
        return f->state == FUNCTION_FREE && function_driver_is_vfio(f->driver);
}

/* A physical function has 256 functions at most, mostly of one kind. */
static uint32_t largest_free(const Function *const *list, size_t n)
{
        uint32_t largest = 0;

        for (size_t i = 0; i < n && n - i > largest; i++) {
                uint32_t alike = 0;

                for (size_t k = i; can_be_had(list[i]) && k < n; k++)
                        alike += can_be_had(list[k]) && compat_is_alike(list[i], list[k]);
                largest = alike > largest ? alike : largest;
        }

        return largest;
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
                                .largest_free = largest_free(list + i, n_of_pool),
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

/* Of sorted places: how many are in one with fewer than `least`, and how many the largest has. */
static size_t count_small(const Place *list, size_t n, PlannerLevel on, uint32_t least,
                          uint32_t *ret_largest)
{
        size_t small = 0, run;

        *ret_largest = 0;
        for (size_t i = 0; i < n; i += run) {
                for (run = 1; i + run < n && are_together(list + i, list + i + run, on);)
                        run++;
                small += run < least ? run : 0;
                *ret_largest = run > *ret_largest ? (uint32_t) run : *ret_largest;
        }

        return small;
}

int fragmentation_measure(const Function *functions, size_t n, const char *pool, const RequestShare *mix,
                          size_t n_mix, Fragmentation *ret)
{
        _cleanup_free_ Place *list = calloc(n + 1, sizeof(Place));
        _cleanup_free_ const Function **kinds = calloc(n + 1, sizeof(Function *));
        size_t n_list = 0, n_kinds = 0;
        Fragmentation f = { 0 };
        uint32_t largest;

        if (!list || !kinds)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                size_t kind = 0;

                if (!streq_ptr(functions[i].pool, pool) || functions[i].state != FUNCTION_FREE)
                        continue;

                f.n_free++;
                if (!can_be_had(functions + i) || functions[i].is_dead || functions[i].group_obstacle) {
                        f.stranded++;
                        continue;
                }

                while (kind < n_kinds && !is_of_kind(kinds[kind], functions + i))
                        kind++;
                if (kind == n_kinds)
                        kinds[n_kinds++] = functions + i;
                list[n_list++] = (Place) { functions + i, kind };
        }
        qsort(list, n_list, sizeof(Place), compare_places);

        (void) count_small(list, n_list, PLANNER_ONE_PF, 0, &f.largest_on_pf);
        (void) count_small(list, n_list, PLANNER_ONE_GROUP, 0, &f.largest_in_group);
        for (size_t i = 0; i < n_mix && f.n_free > 0; i++)
                f.unusable += mix[i].share *
                              (double) (f.stranded +
                                        count_small(list, n_list, mix[i].on, mix[i].functions, &largest)) /
                              f.n_free;
        /* Shares that are read make 1 but for rounding. */
        f.unusable = f.unusable > 1 ? 1 : f.unusable;

        *ret = f;
        return 0;
}
