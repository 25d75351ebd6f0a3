/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The trailing a{sv} of a method, by a table of what it may have. What a method does not know, it refuses, and the
 * refusal says what is allowed; all refusals are FAILURE_INVALID_OPTION.
 */

#include <systemd/sd-bus.h>

#include "core/failure.h"
#include "core/plan.h"

#define BUS_OPTIONS_MAX 16U

typedef struct BusOption {
        const char *key;
        /* The message stands before the variant. */
        int (*read)(sd_bus_message *m, const char *key, void *options, Failure *reterr);
} BusOption;

/* of_what: "move", for messages. What was read before a failure stays in *options. */
int bus_options_read(sd_bus_message *m, const char *of_what, const BusOption *allowed, size_t n_allowed,
                     void *options, Failure *reterr) _warn_unused_result_;

/* For the readers. */
int bus_option_read_string(sd_bus_message *m, const char *key, const char **ret,
                           Failure *reterr) _warn_unused_result_;
int bus_option_read_u64(sd_bus_message *m, const char *key, uint64_t min, uint64_t max, uint64_t *ret,
                        Failure *reterr) _warn_unused_result_;
int bus_option_read_bool(sd_bus_message *m, const char *key, bool *ret,
                         Failure *reterr) _warn_unused_result_;
int bus_option_read_strategy(sd_bus_message *m, const char *key, Strategy *ret,
                             Failure *reterr) _warn_unused_result_;
/* One line of at most `max` bytes, without control characters. */
int bus_option_read_line(sd_bus_message *m, const char *key, size_t max, char **ret,
                         Failure *reterr) _warn_unused_result_;
/* The variant has the type `type`; `expected` says it for people. */
int bus_option_check_type(sd_bus_message *m, const char *key, const char *type, const char *expected,
                          Failure *reterr) _warn_unused_result_;
/* Whatever libsystemd says about a message that is well-formed: no memory. */
int bus_option_read_failed(int r, Failure *reterr);
/* The text, for a message; "(too long)" when it is. */
const char *bus_option_echo(const char *text);
