/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The question on which the safety of a memory image stands: has the guest run since its image was made? */

#include "worker/executor.h"

typedef enum GuestRun {
        GUEST_NOT_RUN,
        GUEST_RAN,
        GUEST_MAY_HAVE_RUN, /* its QEMU is gone, and the wake-up may have reached it before */
        GUEST_ASLEEP, /* its QEMU lives, suspended or paused, and the wake-up may or may not have reached it */
} GuestRun;

/* Has the guest that the stage of step `from` brings back run? Asked of QEMU, not of the journal. Negative: the
 * question cannot be answered now, so nothing may be done in either direction. */
int ask_guest_run(Executor *e, size_t from, GuestRun *ret, Failure *reterr) _warn_unused_result_;
/* NULL: false. One that is being undone was found not to have happened. */
bool step_may_have_happened(const JobStep *s);
