/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/downtime.h"
#include "core/prediction.h"
#include "core/verdict.h"

#include "test.h"

#define BEGIN_USEC (UINT64_C(1700000000) * USEC_PER_SEC)
#define S USEC_PER_SEC
#define MIB (UINT64_C(1) << 20)

typedef struct Past {
        Job *jobs[2 * SAMPLES_MAX];
        JobList list;
} Past;

static void past_done(Past *p)
{
        for (size_t i = 0; i < p->list.n; i++)
                (void) job_free(p->jobs[i]);
}

/* A job all of which is done: the image is half of the 200 MiB that were promised; its save takes `usec` (with the sync
 * after it), its restore as long, each other step a second. */
static Job *past_add(Past *p, JobKind kind, Strategy strategy, const char *uuid, uint64_t usec)
{
        uint64_t at = BEGIN_USEC;
        Job *j;

        CHECK(job_new(p->list.n + 1, kind, strategy, uuid, "vm", &j) >= 0);
        j->state = JOB_DONE;
        j->bytes_total = 100 * MIB;
        j->space_bytes = 200 * MIB;
        for (size_t i = 0; i < j->n_steps; i++) {
                StepId id = j->steps[i].id;

                j->steps[i].state = STEP_DONE;
                j->steps[i].started_usec = at;
                at += id == STEP_SAVE || id == STEP_RESTORE ? usec : id == STEP_SYNC ? 0 : S;
                j->steps[i].ended_usec = at;
        }

        p->jobs[p->list.n++] = j;
        p->list.jobs = p->jobs;
        return j;
}

static JobPrediction predict(const Past *p, JobKind kind, Strategy strategy, const char *uuid,
                             uint64_t bytes)
{
        const PredictionRequest q = {
                .kind = kind,
                .strategy = strategy,
                .domain_uuid = uuid,
                .space_bytes = kind == JOB_RESUME || strategy == STRATEGY_SUSPEND_TO_DISK ? 0 : bytes,
                .image_bytes = kind == JOB_RESUME ? bytes : 0,
        };
        JobPrediction ret;

        prediction_make(&q, &p->list, &ret);
        return ret;
}

static bool is_about(uint64_t a, uint64_t b)
{
        return a + 10 >= b && a <= b + 10;
}

static void test_phases(void)
{
        static const struct {
                JobKind kind;
                Strategy strategy;
                uint64_t bytes;
                uint64_t expected, save_usec, resume_usec;
        } table[] = {
                /* suspend, set-mode and the save; rebind, rewrite, the restore, continue, wake. */
                { JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, 200 * MIB, 100 * MIB, 12 * S, 14 * S },
                { JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, 400 * MIB, 200 * MIB, 22 * S, 0 },
                { JOB_RESUME, STRATEGY_SUSPEND_TO_RAM, 50 * MIB, 50 * MIB, 0, 9 * S },
                /* suspend-disk; record, rebind, redefine, start. */
                { JOB_MOVE, STRATEGY_SUSPEND_TO_DISK, 0, 0, 1 * S, 4 * S },
                { JOB_HIBERNATE, STRATEGY_SUSPEND_TO_DISK, 0, 0, 1 * S, 0 },
                { JOB_RESUME, STRATEGY_SUSPEND_TO_DISK, 0, 0, 0, 3 * S },
                { JOB_MOVE, STRATEGY_AUTO, 200 * MIB, 100 * MIB, 0, 0 },
        };
        _cleanup_(past_done) Past p = { 0 };

        (void) past_add(&p, JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, "a", 10 * S);
        (void) past_add(&p, JOB_RESUME, STRATEGY_SUSPEND_TO_RAM, "a", 10 * S);
        (void) past_add(&p, JOB_MOVE, STRATEGY_SUSPEND_TO_DISK, "a", 0);

        for (size_t i = 0; i < ELEMENTSOF(table); i++) {
                JobPrediction ret = predict(&p, table[i].kind, table[i].strategy, "b", table[i].bytes);

                CHECK(is_about(ret.bytes, table[i].expected));
                CHECK(is_about(ret.save_usec, table[i].save_usec));
                CHECK(is_about(ret.resume_usec, table[i].resume_usec));
        }
}

/* What nobody has measured is left out, not guessed; of what is half known the known half is told. */
static void test_unknown(void)
{
        _cleanup_(past_done) Past p = { 0 };
        JobPrediction ret = predict(&p, JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, "a", 200 * MIB);

        CHECK(ret.bytes == 0 && ret.save_usec == 0 && ret.resume_usec == 0);

        /* How full the image gets is not on record: then it is as large as can be. */
        past_add(&p, JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, "a", 10 * S)->space_bytes = 0;
        ret = predict(&p, JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, "a", 200 * MIB);
        CHECK(ret.bytes == 0 && is_about(ret.save_usec, 22 * S) && ret.resume_usec == 0);
}

/* A domain's own jobs count first, and of one that never had any those of all. */
static void test_own_first(void)
{
        _cleanup_(past_done) Past p = { 0 };

        (void) past_add(&p, JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, "a", 20 * S);
        for (int i = 0; i < 3; i++)
                (void) past_add(&p, JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, "b", 10 * S);
        /* One that hung says nothing. */
        (void) past_add(&p, JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, "b", 3600 * S);

        CHECK(is_about(predict(&p, JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, "a", 200 * MIB).save_usec,
                       22 * S));
        CHECK(is_about(predict(&p, JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, "b", 200 * MIB).save_usec,
                       12 * S));
        CHECK(is_about(predict(&p, JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, "c", 200 * MIB).save_usec,
                       12 * S));
}

/* What a planner is told, whom no guest was asked for: by the domain's own last job, else by the last of any. */
static void test_downtimes(void)
{
        const DomainFacts facts = { .memory_bytes = 400 * MIB };
        _cleanup_(past_done) Past p = { 0 };
        JobPrediction ret, same;
        Downtimes d;

        downtimes_init(&d, &p.list);
        CHECK(!downtimes_predict(&d, "a", 400 * MIB, &ret));

        (void) past_add(&p, JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, "a", 10 * S);
        (void) past_add(&p, JOB_RESUME, STRATEGY_DEVICE_STATE, "a", 10 * S);
        (void) past_add(&p, JOB_MOVE, STRATEGY_UNPLUG, "a", 1 * S);
        past_add(&p, JOB_MOVE, STRATEGY_SUSPEND_TO_DISK, "a", 0)->state = JOB_FAILED;
        downtimes_init(&d, &p.list);
        CHECK(downtimes_predict(&d, "a", 0, &ret));
        CHECK(is_about(ret.bytes, 100 * MIB) && is_about(ret.save_usec, 12 * S));

        CHECK(downtimes_predict(&d, "b", facts.memory_bytes, &ret));
        same = predict(&p, JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, "b",
                       verdict_image_bytes(&facts, STRATEGY_SUSPEND_TO_RAM));
        CHECK(ret.bytes == same.bytes && ret.save_usec == same.save_usec &&
              ret.resume_usec == same.resume_usec);
        CHECK(!downtimes_predict(&d, "b", 0, &ret));

        past_add(&p, JOB_MOVE, STRATEGY_SUSPEND_TO_DISK, "c", 0)->space_bytes = 0;
        downtimes_init(&d, &p.list);
        CHECK(downtimes_predict(&d, "c", 0, &ret) && ret.bytes == 0 && is_about(ret.save_usec, 1 * S));
        CHECK(downtimes_predict(&d, "a", 0, &ret) && is_about(ret.save_usec, 12 * S));
}

/* However little the last images had. */
static void test_least(void)
{
        _cleanup_(past_done) Past p = { 0 };
        PredictionRequest q = {
                .kind = JOB_HIBERNATE,
                .strategy = STRATEGY_SUSPEND_TO_RAM,
                .domain_uuid = "a",
                .space_bytes = 200 * MIB,
                .bytes_min = 50 * MIB,
        };
        JobPrediction ret;

        (void) past_add(&p, JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, "a", 10 * S);
        prediction_make(&q, &p.list, &ret);
        CHECK(ret.bytes == 100 * MIB);
        q.bytes_min = 150 * MIB;
        prediction_make(&q, &p.list, &ret);
        CHECK(ret.bytes == 150 * MIB && is_about(ret.save_usec, 17 * S));
}

static void expect_error(const Past *p, const char *uuid, unsigned permille, size_t n)
{
        PredictionError e;

        prediction_judge(&p->list, uuid, &e);
        CHECK(e.permille == permille && e.n == n);
}

static void test_error(void)
{
        _cleanup_(past_done) Past p = { 0 };
        Job *j;

        expect_error(&p, "a", 0, 0);
        j = past_add(&p, JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, "a", 10 * S);
        expect_error(&p, "a", 0, 0); /* nothing was predicted */
        CHECK(prediction_said_usec(j) == 0 && prediction_took_usec(j) == 26 * S);

        j->predicted = (JobPrediction) { .save_usec = 10 * S, .resume_usec = 10 * S };
        CHECK(prediction_said_usec(j) == 20 * S);
        expect_error(&p, "a", 300, 1);
        expect_error(&p, "b", 300, 1);
        j->predicted.resume_usec = 0; /* one half of it */
        expect_error(&p, "a", 200, 1);

        /* Too long is as wrong as too short. */
        j = past_add(&p, JOB_HIBERNATE, STRATEGY_SUSPEND_TO_RAM, "b", 10 * S);
        j->predicted.save_usec = 24 * S;
        expect_error(&p, "b", 500, 1);
        expect_error(&p, "a", 200, 1);
        expect_error(&p, "c", 200, 2);

        /* What went another way, or never came to its end, was no prediction's fault. */
        j->n_attempts = 1;
        expect_error(&p, "c", 200, 1);
        CHECK(prediction_took_usec(j) == 0);
        j->n_attempts = 0;
        job_find_step(j, STEP_SAVE)->state = STEP_UNDONE;
        expect_error(&p, "c", 200, 1);
        job_find_step(j, STEP_SAVE)->state = STEP_DONE;
        job_find_step(j, STEP_SYNC)->ended_usec = 1; /* the clock was set */
        expect_error(&p, "c", 200, 1);

        for (size_t i = 0; i < SAMPLES_MAX + 3; i++)
                past_add(&p, JOB_RESUME, STRATEGY_SUSPEND_TO_DISK, "d", 0)->predicted.resume_usec = 1;
        expect_error(&p, "d", 1000000, SAMPLES_MAX);
}

int main(void)
{
        test_phases();
        test_unknown();
        test_own_first();
        test_least();
        test_downtimes();
        test_error();
        return EXIT_SUCCESS;
}
