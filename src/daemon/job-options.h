/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* JobOptions: the trailing a{sv} of Hibernate, Resume, Move and Explain. What a method does not know, it refuses. */

#include "core/job.h"
#include "daemon/hold-options.h"

typedef struct JobOptions {
        JobKind kind;
        Strategy strategy;     /* STRATEGY_AUTO unless asked for */
        PciAddress *functions; /* owned; NULL: to be picked */
        size_t n_functions;
        JobFallback fallback; /* FALLBACK_BACK unless asked for */
        HoldOptions hold;
        bool asleep;       /* only while its guest sleeps; not of the wire */
        char *reservation; /* owned; cookie, NULL: none */
        bool by_shutdown;  /* for the host's shutdown, by the daemon itself */
        uint32_t uid;      /* whose call this is; with a reservation */

        /* Of a child, never from the wire. */
        uint64_t parent; /* 0: it is none */
        const PciAddress
                        *granted; /* not owned; what is leased to its parent for this domain is free to it */
        size_t n_granted;
        bool rehearses; /* nothing is begun: what is granted counts as free whoever has it now */
} JobOptions;

/* FAILURE_INVALID_OPTION names the key and what is allowed. */
int job_options_read(sd_bus_message *message, JobKind kind, JobOptions *ret,
                     Failure *reterr) _warn_unused_result_;
/* Of Explain: those of the job that it is about, and `kind`, which says which; JOB_MOVE unless asked for. */
int job_options_read_explain(sd_bus_message *message, JobOptions *ret, Failure *reterr) _warn_unused_result_;
void job_options_done(JobOptions *o);
