/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Locator as JSON: {"slot": "pci0000:00/10.0/00.0", "index": 3}, with "serial" where there is one; absent while nothing
 * is known, and in what older versions wrote. */

#include "core/locator.h"
#include "store/json-util.h"

int json_add_locator(json_object *o, const char *key, const Locator *l) _warn_unused_result_;
/* Like the readers of store/json-util.h, never required. */
int json_get_locator(json_object *o, const char *where, const char *key, Locator *ret,
                     Failure *reterr) _warn_unused_result_;

/* Two members: the address as a string, the locator beside it as "locator". */
int json_add_function_ref(json_object *o, const char *key, const FunctionRef *r) _warn_unused_result_;
int json_get_function_ref(json_object *o, const char *where, const char *key, FunctionRef *ret,
                          Failure *reterr) _warn_unused_result_;
