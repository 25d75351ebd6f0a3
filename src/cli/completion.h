/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <stdio.h>

#include "basic/macro.h"

/* Writes the completion script for bash. It asks vgpu-hibernatectl itself for domains, functions and jobs.
 * */
void completion_print_bash(FILE *file);
