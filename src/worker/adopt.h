/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The verbs "adopt" and "disown". */

#include "core/adoption.h"
#include "store/config.h"

/* Prints what changed, or why it did not, as one line of JSON (store/adoption-json.h). */
int adopt_print(const Config *config, const char *uuid, const AdoptionRequest *request) _warn_unused_result_;
