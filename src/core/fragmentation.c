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
