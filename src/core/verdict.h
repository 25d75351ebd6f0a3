/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The verdict: may this job be done, by which strategy, and what will it need? Given before anything is touched, by
 * the job's first step and by who only asks (Explain): one implementation. What the daemon knows from its own memory,
 * whether the domain has a job or a function is free, is not repeated here: daemon/start-job.c.
 */

#include "core/facts.h"
#include "core/finding.h"
#include "core/plan.h"

/* What helps when what we know of a hibernated domain is not whole. Its image is not to be started by anybody. */
#define RECORD_REMEDY \
        "put the record back, from a backup of the directory 'images' of the state, and start vgpu-hibernated anew"

typedef struct Verdict {
        Strategy strategy;        /* what it would be done by, also when it is refused */
        bool sized;               /* the next two are known */
        uint64_t bytes_needed;    /* that must be free for the image; 0: none is written on this host */
        uint64_t bytes_available; /* where libvirt writes images */
        Findings findings;
} Verdict;

void verdict_done(Verdict *v);

/* Of a hibernate and of a move `asked` may be STRATEGY_AUTO: then suspend-to-ram is taken where the domain's definition
 * allows it, else suspend-to-disk; neither loses GPU state. Of a resume it is what the record says, as is
 * `image_bytes` (0: not known). */
void verdict_judge(JobKind kind, const DomainFacts *facts, Strategy asked, uint64_t image_bytes,
                   Verdict *ret);

/* Bytes that must be free before a save of this domain starts. */
uint64_t verdict_image_bytes(const DomainFacts *facts);
