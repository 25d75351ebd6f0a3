/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The verb "start". */

#include "store/config.h"

/* Boots a domain that is off, with the functions of its XML, and never one that has an image. Prints what stood in the way
 * as one line of JSON (store/verdict-json.h). */
int start_print(const Config *config, const char *state_dir, const char *uuid) _warn_unused_result_;
