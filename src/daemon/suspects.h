/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Suspects: when a physical function is off the bus or does not come out of a reset, nobody knows what became of its
 * virtual functions. They go into quarantine, over restarts too. When it answers again, each that no domain has is
 * probed, once: it is put back into use, or stays where it is for what the probe found.
 */

#include "core/locator.h"

typedef struct Manager Manager;

/* From the last snapshot. Logs. */
void suspects_note(Manager *m);
/* Begins what probes there are to begin. */
void suspects_probe(Manager *m);
/* A probe failed, of this: it is no suspect any more, but a case for people. Logs. */
void suspects_settle(Manager *m, const FunctionRef *f, const char *found);
