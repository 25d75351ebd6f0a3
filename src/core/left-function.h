/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Left function: one that no guest has any more. It is reset, its config space read, its gate asked, and it is cleaned;
 * what is to become of it when one of that fails, whoever does it: a job's last steps, or the daemon's probe.
 */

#include "core/failure.h"

typedef enum LeftFunction {
        LEFT_FUNCTION_ELSEWHERE, /* gone, or with a driver of the host: the scan sees to it */
        LEFT_FUNCTION_UNKNOWN,   /* of what is around it: the next try may find otherwise */
        LEFT_FUNCTION_BAD,       /* for quarantine */
} LeftFunction;

LeftFunction left_function_judge(FailureCode found);
