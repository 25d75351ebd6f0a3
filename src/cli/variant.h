/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Any D-Bus value as JSON, for what is shown without being understood. */

#include <json-c/json.h>
#include <systemd/sd-bus.h>

#include "basic/macro.h"

/* The next value of the message; a variant is what it holds, a structure an array, an a{s...} an object.
 * -EBADMSG: a type that JSON has no word for, or nested too deep. */
int variant_to_json(sd_bus_message *m, json_object **ret) _warn_unused_result_;
