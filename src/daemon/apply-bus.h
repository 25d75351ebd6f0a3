/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Manager.Apply. */

#include <systemd/sd-bus.h>

int method_apply(sd_bus_message *message, void *userdata, sd_bus_error *error);
