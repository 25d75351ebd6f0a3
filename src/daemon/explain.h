/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Explainer: Manager.Explain. What memory cannot say is asked of the world, by a worker that may be killed: the caller
 * is answered when it has spoken. Bounded in time (the guest agent's deadline and EXPLAIN_GRACE_USEC, together below
 * D-Bus's usual 25 seconds), in number, and in what a worker may say; a caller that goes away takes its worker along.
 */

#include <systemd/sd-bus.h>

#include "basic/macro.h"

#define EXPLAIN_WORKERS_MAX 8U
#define EXPLAIN_GRACE_USEC (10 * USEC_PER_SEC)
#define EXPLAIN_BYTES_MAX ((size_t) 1 << 20)

typedef struct Manager Manager;
typedef struct Explainer Explainer;

int explainer_new(Manager *m, Explainer **ret) _warn_unused_result_;
/* Callers that still wait get no answer from us: the bus tells them that we are gone. */
Explainer *explainer_free(Explainer *x);
/* The rest of the method: reads domain and options, and replies now or later. */
int explainer_answer(Explainer *x, sd_bus_message *message, sd_bus_error *error);
