/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* logind, as far as the daemon knows it, played by this process on the fixture's bus. */

#include "fixture.h"

typedef struct FakeLogind {
        sd_bus_slot *slot;
        bool going_down; /* too late for a lock */
        unsigned n_asked;
        char *asked; /* "WHAT WHO WHY MODE" */
        int lock_fd; /* ours of the pipe whose other end is the lock; negative: never taken */
} FakeLogind;

void fake_logind_start(FakeLogind *l, Fixture *f);
void fake_logind_stop(FakeLogind *l, Fixture *f);

/* Also tells, by the signal. */
void fake_logind_shut_down(FakeLogind *l, Fixture *f, bool start);
/* Within WAIT_USEC. */
void expect_lock(FakeLogind *l, Fixture *f, bool held);
