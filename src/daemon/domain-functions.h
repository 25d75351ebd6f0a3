/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "daemon/manager.h"

/* What a domain's guest knows of its functions, `from` and identity of each in the order of its devices: those of the
 * image when it is hibernated, else those of its XML, which must be in the pool then. At most JOB_FUNCTIONS_MAX. */
int domain_functions(const Manager *m, const DomainView *d, FunctionSwap ret[static JOB_FUNCTIONS_MAX],
                     size_t *ret_n, Failure *reterr) _warn_unused_result_;
