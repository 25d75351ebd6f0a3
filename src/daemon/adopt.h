/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Adopter: Manager.Adopt and Manager.Disown. What can be refused from memory is; the rest, libvirt's definition of the
 * domain, is a worker's, and the caller is answered when that has ended. One that changes something excludes jobs of its
 * domain meanwhile, which edit the same definition, and is not stopped when its caller goes away.
 */

#include <systemd/sd-bus.h>

#include "basic/macro.h"

#define ADOPTIONS_MAX 8U

typedef struct Manager Manager;
typedef struct Adopter Adopter;

int adopter_new(Manager *m, Adopter **ret) _warn_unused_result_;
/* Callers that still wait get no answer from us: the bus tells them that we are gone. */
Adopter *adopter_free(Adopter *a);
/* Is the domain's definition being changed? */
bool adopter_has(const Adopter *a, const char *domain_uuid);
/* The rest of a method: reads domain and options, and replies now or later. */
int adopter_answer(Adopter *a, sd_bus_message *message, bool disown, sd_bus_error *error);
