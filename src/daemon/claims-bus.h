/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Reserve, Release, Hold and the list of reservations, for the Manager's vtable. */

#include <systemd/sd-bus.h>

/* Of reservations. */
#define LABEL_BYTES_MAX 128U
#define TTL_SECONDS_DEFAULT 300U
#define TTL_SECONDS_MAX 604800U /* a week */

int method_reserve(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_release(sd_bus_message *message, void *userdata, sd_bus_error *error);
int method_hold(sd_bus_message *message, void *userdata, sd_bus_error *error);
int property_get_reservations(sd_bus *bus, const char *path, const char *interface, const char *property,
                              sd_bus_message *reply, void *userdata, sd_bus_error *error);
