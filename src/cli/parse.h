/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cli/ctl.h"

/* Reads the command line into *c by the tables of verb.c. Returns 0, or the exit status of a mistake that
 * has been reported. Options may stand before and after the verb; "--" ends them. With --help, --version or
 * --completion the verb may be missing. */
int parse_arguments(Ctl *c, int argc, char *const *argv) _warn_unused_result_;
