/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/bond.h"

#include "core/enum-table.h"

static const char *const bond_table[] = {
        [BOND_NONE] = "none",
        [BOND_HIVE] = "hive",
        [BOND_CARD] = "card",
        [BOND_NODE] = "NUMA node",
};
DEFINE_ENUM_TABLE(bond, Bond, _BOND_MAX);

static const char *hive_of(const Function *f)
{
        return f->group ? f->group : attributes_get(&f->identity.attributes, ATTRIBUTE_HIVE);
}

bool bond_holds(Bond b, const Function *x, const Function *y)
{
        switch (b) {
        case BOND_HIVE:
                return hive_of(x) && streq_ptr(hive_of(x), hive_of(y));
        case BOND_CARD:
                return pci_address_equal(&x->physical_function, &y->physical_function);
        case BOND_NODE:
                return x->numa_node >= 0 && x->numa_node == y->numa_node;
        case BOND_NONE:
        case _BOND_MAX:
        case _BOND_INVALID:
                break;
        }

        return false;
}

Bond bond_of(const Function *const *functions, size_t n)
{
        for (size_t i = 0; i < n; i++)
                if (!functions[i])
                        return BOND_NONE;

        for (Bond b = BOND_HIVE; n > 1 && b < _BOND_MAX; b++) {
                size_t same = 0;

                while (same < n && bond_holds(b, functions[0], functions[same]))
                        same++;
                if (same == n)
                        return b;
        }

        return BOND_NONE;
}
