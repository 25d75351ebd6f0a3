/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "core/finding.h"
#include "daemon/manager.h"

/* What a domain's guest knows of its functions, `from` and identity of each in the order of its devices: those of the
 * image when it is hibernated, else those of its XML, which must be in the pool then. At most JOB_FUNCTIONS_MAX; none
 * when one of them is not known, and why is a finding. */
void domain_functions(const Manager *m, const DomainView *d, FunctionSwap ret[static JOB_FUNCTIONS_MAX],
                      size_t *ret_n, Findings *findings);
