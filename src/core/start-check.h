/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Start check: may libvirt start this domain now? Its hook asks, whoever starts the domain: a person with virsh, an
 * autostart, a worker of ours. The daemon answers from memory; without a daemon the hook itself does, from the files of
 * the state directory, as far as they tell.
 */

#include "core/function.h"
#include "core/job.h"

typedef struct StartCheck {
        const char *name; /* of the domain */
        const Job *job;   /* its open job; NULL: none */
        bool job_given_up;
        bool at_work;    /* a process executes the job now, as its lock tells */
        bool hibernated; /* it has a record, see store/image-record.h */
} StartCheck;

/* 1: a job of ours starts it itself, and has seen to its functions. 0: nothing of the domain itself stands in the way. */
int start_check_domain(const StartCheck *c, Failure *reterr) _warn_unused_result_;
/* May the domain of this name have the function? FAILURE_FUNCTION_BUSY: no. */
int start_check_function(const Function *f, const char *name, Failure *reterr) _warn_unused_result_;
