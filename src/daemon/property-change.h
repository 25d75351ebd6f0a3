/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What a PropertiesChanged may have to say of one property. */

#include "basic/macro.h"

typedef struct PropertyChange {
        const char *name;
        bool differs;
        bool absent; /* by now: it cannot be known any more */
} PropertyChange;
