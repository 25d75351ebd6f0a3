/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * BusLimits: what a client can do to this process through the bus, and who stops it.
 *
 *   many calls         The bus lets a connection have 128 calls without an answer (dbus-daemon's
 *                      max_replies_per_connection) and refuses the others itself. A call that expects no answer is not
 *                      counted: here those are dropped that could do nothing but cost time.
 *   giant messages     sd-bus has one at a time in memory, at most as large as the bus lets through. Here all that is no
 *                      plausible call of ours is refused, before a handler keeps it or reads its way through it.
 *   calls that wait    for polkit: polkit.c counts them, by caller and by user. No handler ever waits for an answer of
 *                      the bus: sd-bus would read and keep all that comes before it.
 *   answers not read   are kept by the bus, and count against us (dbus-daemon's max_incoming_bytes) as well as against
 *                      who does not read. When it has enough of them it reads nothing more from us, and then nobody gets
 *                      an answer. Only another connection helps, which begins from zero, while the other client's queue
 *                      stays full and is given nothing more: so this process ends, and systemd starts it again. Jobs do
 *                      not mind.
 */

#include <systemd/sd-bus.h>

#include "basic/macro.h"

typedef struct BusLimits BusLimits;

/* Sees each message of the bus before any handler. */
int bus_limits_new(sd_bus *bus, BusLimits **ret) _warn_unused_result_;
BusLimits *bus_limits_free(BusLimits *l);
DEFINE_CLEANUP_FUNC(BusLimits *, bus_limits_free);
