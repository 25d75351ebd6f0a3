/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Building JSON with json-c, for output: each function adds to *o. When memory runs out, *o is freed and NULL, and every
 * further call does nothing: check once, at the end.
 */

#include <json-c/json.h>

#include "basic/macro.h"

static inline void json_putp(json_object **o)
{
        (void) json_object_put(*o);
}

#define _cleanup_json_ _cleanup_(json_putp)

/* Takes over the value, which must not be NULL unless memory ran out. */
void json_build_member(json_object **o, const char *key, json_object *value);
/* NULL and "" become null: what a property says that has nothing to say. */
void json_build_string(json_object **o, const char *key, const char *value);
void json_build_uint64(json_object **o, const char *key, uint64_t value);
/* 0 becomes null: a time that has not come, an amount that is not known. */
void json_build_known(json_object **o, const char *key, uint64_t value);
/* Negative becomes null: unknown, none. */
void json_build_index(json_object **o, const char *key, int32_t value);
void json_build_bool(json_object **o, const char *key, bool value);
/* Three digits after the point. */
void json_build_fraction(json_object **o, const char *key, double value);

void json_build_element(json_object **array, json_object *value);
