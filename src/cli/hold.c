/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/hold.h"

#include "core/claim.h"

int hold_append_options(sd_bus_message *m, const Ctl *c)
{
        HoldMode mode = !c->hold ? HOLD_RELEASE : c->until_usec == 0 ? HOLD_HOLD : HOLD_HOLD_UNTIL;
        int r;

        r = sd_bus_message_append(m, "{sv}", "hold", "s", hold_mode_to_string(mode));
        if (r >= 0 && mode == HOLD_HOLD_UNTIL)
                r = sd_bus_message_append(m, "{sv}", "hold_until", "t", c->until_usec);
        return r;
}
