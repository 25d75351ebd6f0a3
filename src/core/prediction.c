/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/prediction.h"

#define PERMILLE_MAX 1000000.0

typedef enum Phase {
        PHASE_SAVE,   /* from the first step that disturbs the guest to the commit of a hibernation */
        PHASE_RESUME, /* from there, or from the begin of a resume, to the commit of that */
} Phase;

/* The steps of a phase, from *ret_first up to and without *ret_end. False: there is no such phase in this plan. */
static bool find_phase(JobKind kind, Strategy strategy, Phase phase, size_t *ret_first, size_t *ret_end)
{
        const Plan *plan = plan_find(kind, strategy);
        size_t i = 0;

        if (!plan || strategy == STRATEGY_AUTO || kind == (phase == PHASE_SAVE ? JOB_RESUME : JOB_HIBERNATE))
                return false;

        if (phase == PHASE_SAVE)
                while (i < plan->n_steps && !(plan->steps[i].flags & PLAN_TOUCHES))
                        i++;
        else if (kind == JOB_RESUME)
                i = 1; /* behind the check */
        else {
                while (i < plan->n_steps && !(plan->steps[i].flags & PLAN_COMMIT))
                        i++;
                i++;
        }

        *ret_first = i;
        while (i < plan->n_steps && !(plan->steps[i].flags & PLAN_COMMIT))
                i++;
        *ret_end = i + 1;
        return i < plan->n_steps;
}

static uint64_t phase_took(const Job *j, Phase phase)
{
        const JobStep *first, *last;
        size_t i, end;

        /* With other functions it is another way. */
        if (j->n_attempts > 0 || !find_phase(j->kind, j->strategy, phase, &i, &end))
                return 0;

        first = j->steps + i;
        last = j->steps + end - 1;
        for (; i < end; i++)
                if (j->steps[i].state != STEP_DONE)
                        return 0;

        /* The clock is the wall's: it may have been set in between. */
        return first->started_usec > 0 && last->ended_usec > first->started_usec
                               ? last->ended_usec - first->started_usec
                               : 0;
}

/* Both phases together, as far as each was predicted and has come to its end. */
static void compare_phases(const Job *j, uint64_t *ret_said, uint64_t *ret_took)
{
        const uint64_t said[] = { j->predicted.save_usec, j->predicted.resume_usec };

        *ret_said = *ret_took = 0;
        for (Phase p = PHASE_SAVE; p <= PHASE_RESUME; p++) {
                uint64_t took = said[p] > 0 ? phase_took(j, p) : 0;

                if (took > 0) {
                        *ret_said += said[p];
                        *ret_took += took;
                }
        }
}

uint64_t prediction_said_usec(const Job *j)
{
        return j->predicted.save_usec + j->predicted.resume_usec;
}

uint64_t prediction_took_usec(const Job *j)
{
        uint64_t save = phase_took(j, PHASE_SAVE), resume = phase_took(j, PHASE_RESUME);

        if ((j->kind != JOB_RESUME && save == 0) || (j->kind != JOB_HIBERNATE && resume == 0))
                return 0;
        return save + resume;
}

void prediction_judge(const JobList *past, const char *domain_uuid, PredictionError *ret)
{
        Samples own = { 0 }, all = { 0 };
        const Samples *s;

        for (size_t i = past->n; i > 0; i--) {
                const Job *j = past->jobs[i - 1];
                uint64_t said, took;
                double off;

                compare_phases(j, &said, &took);
                if (said == 0)
                        continue;

                off = (double) (took > said ? took - said : said - took) / (double) said * 1000;
                samples_add(&all, off);
                if (streq(j->domain_uuid, domain_uuid))
                        samples_add(&own, off);
        }

        s = own.n > 0 ? &own : &all;
        *ret = (PredictionError) {
                .permille = (unsigned) (samples_median(s) < PERMILLE_MAX ? samples_median(s) : PERMILLE_MAX),
                .n = s->n,
        };
}

static void history_add_job(PredictionHistory *h, const Job *j)
{
        const JobStep *sync = NULL;

        forecast_add_job(&h->steps, j);
        throughput_add_job(&h->save, j, STEP_SAVE, STEP_SYNC);
        throughput_add_job(&h->restore, j, STEP_RESTORE, STEP_RESTORE);

        for (size_t i = 0; i < j->n_steps; i++)
                if (j->steps[i].id == STEP_SYNC)
                        sync = j->steps + i;
        if (sync && sync->state == STEP_DONE && j->space_bytes > 0)
                samples_add(&h->fill, (double) j->bytes_total / (double) j->space_bytes);
}

/* False: nobody knows. */
static bool transfer_usec(const Throughput *own, const Throughput *all, uint64_t bytes, uint64_t *ret)
{
        double rate = throughput_rate(own) > 0 ? throughput_rate(own) : throughput_rate(all);

        if (bytes == 0 || rate <= 0)
                return false;

        *ret = (uint64_t) ((double) bytes / rate * (double) USEC_PER_SEC);
        return true;
}

static bool step_usec(const PredictionHistory *own, const PredictionHistory *all, StepId id, uint64_t bytes,
                      uint64_t *ret)
{
        if (id == STEP_SAVE)
                return transfer_usec(&own->save, &all->save, bytes, ret);
        if (id == STEP_RESTORE)
                return transfer_usec(&own->restore, &all->restore, bytes, ret);
        if (id == STEP_SYNC) { /* it is among what a save takes */
                *ret = 0;
                return true;
        }

        return forecast_step(&own->steps, id, ret) || forecast_step(&all->steps, id, ret);
}

static uint64_t predict_phase(const PredictionRequest *q, const PredictionHistory *own,
                              const PredictionHistory *all, Phase phase, uint64_t bytes)
{
        const Plan *plan = plan_find(q->kind, q->strategy);
        uint64_t sum = 0;
        size_t i, end;

        if (!find_phase(q->kind, q->strategy, phase, &i, &end))
                return 0;

        for (; i < end; i++) {
                uint64_t usec;

                if (!step_usec(own, all, plan->steps[i].id, bytes, &usec))
                        return 0;
                sum += usec;
        }

        return sum;
}

static uint64_t predict_bytes(const PredictionRequest *q, const PredictionHistory *own,
                              const PredictionHistory *all)
{
        double fill = samples_median(own->fill.n > 0 ? &own->fill : &all->fill);
        uint64_t bytes = (uint64_t) ((double) q->space_bytes * fill);

        if (q->kind == JOB_RESUME)
                return q->image_bytes;

        return bytes > 0 && bytes < q->bytes_min ? q->bytes_min : bytes;
}

void prediction_history(const JobList *past, const char *domain_uuid, PredictionHistory *ret)
{
        *ret = (PredictionHistory) { 0 };
        for (size_t i = past->n; i > 0; i--)
                if (!domain_uuid || streq(past->jobs[i - 1]->domain_uuid, domain_uuid))
                        history_add_job(ret, past->jobs[i - 1]);
}

void prediction_make_by(const PredictionRequest *q, const PredictionHistory *own,
                        const PredictionHistory *all, JobPrediction *ret)
{
        uint64_t bytes;

        *ret = (JobPrediction) { .bytes = predict_bytes(q, own, all) };
        bytes = ret->bytes > 0 ? ret->bytes : q->space_bytes; /* rather too long than too short */
        ret->save_usec = predict_phase(q, own, all, PHASE_SAVE, bytes);
        ret->resume_usec = predict_phase(q, own, all, PHASE_RESUME, bytes);
}

void prediction_make(const PredictionRequest *q, const JobList *past, JobPrediction *ret)
{
        PredictionHistory own, all;

        prediction_history(past, q->domain_uuid, &own);
        prediction_history(past, NULL, &all);
        prediction_make_by(q, &own, &all, ret);
}
