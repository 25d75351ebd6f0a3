/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/left-function.h"

LeftFunction left_function_judge(FailureCode found)
{
        if (found == FAILURE_UNKNOWN_FUNCTION || found == FAILURE_FOREIGN_DRIVER)
                return LEFT_FUNCTION_ELSEWHERE;

        /* Whether a guest has it, or what its family says, cannot be known now. */
        if (found == FAILURE_LIBVIRT || found == FAILURE_DOMAIN_BUSY || found == FAILURE_FUNCTION_BUSY ||
            found == FAILURE_INVALID_OPTION || found == FAILURE_WORKER_DIED)
                return LEFT_FUNCTION_UNKNOWN;

        return LEFT_FUNCTION_BAD;
}
