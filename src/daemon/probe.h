/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Prober: Function.Probe. A worker resets a function in quarantine, asks its gate and has it cleaned; when all that
 * succeeds the quarantine ends, and the caller is answered. Until then nothing else may be done with the function.
 * What the worker does is not stopped when its caller goes away. The daemon itself has the same done for suspects.h, and
 * to functions that guests gave back, for returns.h.
 */

#include <systemd/sd-bus.h>

#include "core/function.h"

#define PROBES_MAX 8U

typedef struct Manager Manager;
typedef struct Prober Prober;

int prober_new(Manager *m, Prober **ret) _warn_unused_result_;
/* Callers that still wait get no answer from us: the bus tells them that we are gone. */
Prober *prober_free(Prober *p);
/* Is it under way? */
bool prober_has(const Prober *p, const FunctionRef *f);
/* 0: begun, the reply to `message` comes later. Without a message it is for the daemon itself, which hears of the end by
 * suspects_settle() or, of a function that a guest gave back, returns_settle(). */
int prober_begin(Prober *p, const Function *f, sd_bus_message *message,
                 Failure *reterr) _warn_unused_result_;
