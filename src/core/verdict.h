/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The verdict: may this job be done, by which strategy, and what will it need? Given before anything is touched, by
 * the job's first step and by who only asks (Explain): one implementation. What the daemon knows from its own memory,
 * whether the domain has a job or a function is free, is not repeated here: daemon/start-job.c.
 */

#include "core/facts.h"
#include "core/finding.h"
#include "core/prediction.h"
#include "core/space.h"

/* What helps when what we know of a hibernated domain is not whole. Its image is not to be started by anybody. */
#define RECORD_REMEDY \
        "put the record back, from a backup of the directory 'images' of the state, and start vgpu-hibernated anew"

/* What is said of one strategy: that it is taken, that it could be asked for, or why it cannot work. */
typedef struct StrategyOption {
        Strategy strategy;
        bool chosen, possible;
        char *reason; /* owned; the first that speaks against it; NULL: nothing does */
} StrategyOption;

typedef struct Verdict {
        Strategy strategy;        /* what it would be done by, also when it is refused */
        bool sized;               /* the next two are known */
        uint64_t bytes_needed;    /* that must be free for the image; 0: none is written on this host */
        uint64_t bytes_available; /* of what is free where libvirt writes images, what this one may take */
        uint64_t bytes_promised;  /* of what is free there, to jobs under way */
        GuestFixups fixups;       /* of the guest, if it was asked */
        JobPrediction predicted;
        PredictionError error; /* of past predictions */
        char *waits;           /* owned; the job has to wait, for this; NULL: it has not */
        Findings findings;
        StrategyOption options[_STRATEGY_MAX]; /* best first; none of a resume, where the image decides */
        size_t n_options;
} Verdict;

void verdict_done(Verdict *v);

typedef struct VerdictRequest {
        JobKind kind;
        Strategy strategy;    /* as asked for; of a resume what the record says */
        uint64_t image_bytes; /* of a resume, by the record; 0: not known */
        Space space;
        const JobList *others; /* jobs of this host; NULL: none */
} VerdictRequest;

/* Those under way, for the room that they take, and those that have ended, for the time that they took. The request points
 * at them. */
void verdict_request_set_others(VerdictRequest *request, const JobList *others);

/* Of a hibernate and of a move the strategy may be STRATEGY_AUTO: then the first that the families name is taken which the
 * domain's definition and its functions' drivers allow. Where they name none, that is suspend-to-ram, else
 * suspend-to-disk; never one that loses GPU state. */
void verdict_judge(const VerdictRequest *request, const DomainFacts *facts, Verdict *ret);

/* Bytes that must be free before a save of this domain starts; 0: the strategy writes no image on this host. */
uint64_t verdict_image_bytes(const DomainFacts *facts, Strategy strategy);

/* Takes a copy of the reason. -ENOMEM, and -E2BIG for more than there are strategies. */
int verdict_add_option(Verdict *v, Strategy strategy, bool chosen, bool possible,
                       const char *reason) _warn_unused_result_;
