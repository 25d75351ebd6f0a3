/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/downtime.h"

#include "core/verdict.h"

/* unplug is only taken when it is asked for. */
static bool is_telling(const Job *j)
{
        return j->state == JOB_DONE && j->kind != JOB_RESUME && j->strategy != STRATEGY_AUTO &&
               j->strategy != STRATEGY_UNPLUG;
}

static const Job *find_last(const JobList *past, const char *domain_uuid)
{
        for (size_t i = past->n; i > 0; i--) {
                const Job *j = past->jobs[i - 1];

                if (is_telling(j) && (!domain_uuid || streq(j->domain_uuid, domain_uuid)))
                        return j;
        }

        return NULL;
}

void downtimes_init(Downtimes *d, const JobList *past)
{
        *d = (Downtimes) { .past = past, .last = find_last(past, NULL) };
        prediction_history(past, NULL, &d->all);
}

bool downtimes_predict(const Downtimes *d, const char *domain_uuid, uint64_t memory_bytes,
                       JobPrediction *ret)
{
        const Job *own = find_last(d->past, domain_uuid), *like = own ? own : d->last;
        const DomainFacts facts = { .memory_bytes = memory_bytes };
        PredictionHistory history;
        PredictionRequest q;

        if (!like)
                return false;

        q = (PredictionRequest) {
                .kind = JOB_MOVE,
                .strategy = like->strategy,
                .domain_uuid = domain_uuid,
                .space_bytes = own                ? own->space_bytes
                               : memory_bytes > 0 ? verdict_image_bytes(&facts, like->strategy)
                                                  : 0,
        };
        prediction_history(d->past, domain_uuid, &history);
        prediction_make_by(&q, &history, &d->all, ret);
        return ret->save_usec > 0 && ret->resume_usec > 0;
}
