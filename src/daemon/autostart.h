/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Autostart: domains run again after the host has booted (core/boot-plan.h), or when a shutdown was called off after it had
 * begun to hibernate them.
 *
 * It begins when the jobs of before the boot are over: they may be about the same domains and functions. Those that are
 * hibernated are resumed by jobs like any other, made in order, so that the first have the choice of the functions, and
 * the queue bounds how many are at work. What no function is left for is tried again for as long as these jobs, or the
 * cleaning of functions, may bring one, and stays hibernated then. When that is over, those that are off are started, one
 * after the other, each when what it has is not being cleaned. A function that could not be cleaned at once is waited for
 * by neither.
 *
 * That a boot has been dealt with is written down when all is done: a daemon that is started before goes through the list
 * again, and finds running or busy what this one saw to. So a power cut in the middle is no more than another boot.
 */

#include "basic/macro.h"

typedef struct Manager Manager;
typedef struct Autostart Autostart;

/* Once the bus name is ours. A daemon that knows of no boot before this one was installed in it, unless there is what a
 * shutdown hibernated: nothing else is due. */
int autostart_new(Manager *m, Autostart **ret) _warn_unused_result_;
Autostart *autostart_free(Autostart *a);
/* Whenever anything changed. */
void autostart_update(Autostart *a);
/* The host does not shut down: what it has hibernated for that is to run again. */
void autostart_call_off(Autostart *a);
