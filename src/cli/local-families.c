/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/local-families.h"

#include <unistd.h>

#include "store/families.h"

int local_families_load(const Ctl *c, Families *ret, Failure *reterr)
{
        const char *const usual[] = { FAMILIES_ADMIN_DIR, FAMILIES_DIR, NULL }, *const given[] = {
                c->families_dir, NULL
        };

        if (c->families_dir && access(c->families_dir, R_OK | X_OK) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot read '%s'", c->families_dir);

        return families_load(c->families_dir ? given : usual, ret, reterr);
}
