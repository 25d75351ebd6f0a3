/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Downtime: how long a domain would be away if it was moved now, for planners, who ask of all domains and must not ask
 * their guests. So what a verdict would find out is taken from jobs that are over: the strategy of the domain's last one
 * that moved or hibernated it, or where there is none of the last of any; and the room for the image from that job, or
 * else from the size of the guest's memory. From there on it is core/prediction.h.
 */

#include "core/prediction.h"

typedef struct Downtimes {
        const JobList *past;
        PredictionHistory all;
        const Job *last; /* NULL: nothing was ever saved */
} Downtimes;

/* `past` must outlive it. */
void downtimes_init(Downtimes *d, const JobList *past);
/* False: it is not known. memory_bytes 0: neither is that. */
bool downtimes_predict(const Downtimes *d, const char *domain_uuid, uint64_t memory_bytes,
                       JobPrediction *ret);
