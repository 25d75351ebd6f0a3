/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/hold-options.h"

#include "basic/clock.h"

int hold_option_read_mode(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        HoldOptions *o = options;
        const char *text;
        HoldMode mode;
        int r;

        r = bus_option_read_string(m, key, &text, reterr);
        if (r < 0)
                return r;

        mode = hold_mode_from_string(text);
        if ((int) mode < 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option '%s' cannot be '%s'; allowed are 'release', 'hold' and "
                                   "'hold-until'",
                                   key, bus_option_echo(text));

        o->mode = mode;
        o->given = true;
        return 0;
}

int hold_option_read_until(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        HoldOptions *o = options;

        return bus_option_read_u64(m, key, 1, INT64_MAX, &o->until_usec, reterr);
}

int hold_options_check(const HoldOptions *o, Failure *reterr)
{
        if (o->mode == HOLD_HOLD_UNTIL && o->until_usec == 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option 'hold' is 'hold-until': that needs the option 'hold_until'");
        if (o->mode != HOLD_HOLD_UNTIL && o->until_usec != 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option 'hold_until' needs the option 'hold' to be 'hold-until'");
        if (o->until_usec != 0 && o->until_usec <= clock_realtime_usec())
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option 'hold_until' is a time that has passed; it counts microseconds "
                                   "since 1970-01-01 00:00:00 UTC");

        return 0;
}
