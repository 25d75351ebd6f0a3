/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* HoldOptions: `hold` and `hold_until`, for Hibernate and for Hold. */

#include "core/claim.h"
#include "daemon/bus-options.h"

typedef struct HoldOptions {
        HoldMode mode;       /* HOLD_RELEASE unless asked for */
        uint64_t until_usec; /* 0 unless given */
        bool given;          /* the mode was */
} HoldOptions;

/* Readers for a BusOption; `options` is a HoldOptions. */
int hold_option_read_mode(sd_bus_message *m, const char *key, void *options, Failure *reterr);
int hold_option_read_until(sd_bus_message *m, const char *key, void *options, Failure *reterr);
/* When all are read: does the one go with the other, and is the time to come? */
int hold_options_check(const HoldOptions *o, Failure *reterr) _warn_unused_result_;
