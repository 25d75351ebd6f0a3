/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Sleepers: a domain whose metadata say so is hibernated when its guest sleeps, whoever suspended it: what plain virsh
 * can do for a hibernation, since no hook of libvirt's runs before a save. Once for each time that it sleeps: a job that
 * fails is for people, and what was refused is in the log.
 */

#include <stddef.h>

typedef struct Manager Manager;

/* The domains that sleep and that a job was begun or refused for since, or is at work on, by UUID. */
typedef struct Sleepers {
        char **uuids;
        size_t n;
} Sleepers;

void sleepers_done(Sleepers *s);
/* Begins what jobs there are to begin, by the present view. Logs. */
void sleepers_hibernate(Manager *m);
