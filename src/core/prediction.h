/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Prediction: how large an image will be and how long the guest will be away, by what the jobs of this host did: first
 * those of the same domain, and where they do not tell, all. A step that moves the image takes its bytes by the
 * throughput that was measured, any other the median of what it took. What nobody has measured is not guessed.
 *
 * Each job keeps what was predicted of it, so that the next one can say how far off the predictions were.
 */

#include "core/forecast.h"
#include "core/job.h"
#include "core/samples.h"
#include "core/throughput.h"

typedef struct PredictionRequest {
        JobKind kind;
        Strategy strategy;
        const char *domain_uuid;
        uint64_t image_bytes; /* of a resume; 0: not known, or there is none */
        uint64_t space_bytes; /* the most that the image may take, of any other; 0: there is none */
        uint64_t bytes_min;   /* known to be in it */
} PredictionRequest;

typedef struct PredictionError {
        unsigned permille; /* the median of how far off it was, of what was predicted */
        size_t n;          /* predictions that had an outcome, SAMPLES_MAX at the most */
} PredictionError;

void prediction_make(const PredictionRequest *q, const JobList *past, JobPrediction *ret);

/* The same for who asks about many domains: what all jobs did is looked at once. */
typedef struct PredictionHistory {
        Forecast steps;
        Throughput save, restore;
        Samples fill; /* of the room that was promised what the image took */
} PredictionHistory;

/* Of one domain, NULL: of all. */
void prediction_history(const JobList *past, const char *domain_uuid, PredictionHistory *ret);
void prediction_make_by(const PredictionRequest *q, const PredictionHistory *own,
                        const PredictionHistory *all, JobPrediction *ret);

/* Of the domain's jobs, or where there are none of all. */
void prediction_judge(const JobList *past, const char *domain_uuid, PredictionError *ret);

/* How long the guest was away in a job, from its suspend to its next instruction or, of a hibernate, to its image's being
 * complete; of a resume from the first thing that is done for it. The first as predicted, the second as it was. 0: not
 * known (yet), or told nothing, since the job went another way. */
uint64_t prediction_said_usec(const Job *j);
uint64_t prediction_took_usec(const Job *j);
