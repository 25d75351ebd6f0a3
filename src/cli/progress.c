/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/progress.h"

#include <inttypes.h>
#include <stdio.h>

#include "basic/clock.h"
#include "cli/text.h"
#include "core/apply.h"

#define BAR_COLUMNS_MAX 30
#define BAR_COLUMNS_MIN 8

void progress_done(Progress *p)
{
        for (size_t i = 0; i < p->n_reported; i++)
                free(p->reported[i]);
        free(p->reported);
        *p = (Progress) { 0 };
}

void progress_clear(Progress *p)
{
        if (!p->line_shown)
                return;

        (void) fputs("\r\x1b[K", stdout);
        (void) fflush(stdout);
        p->line_shown = false;
}

static bool step_is_over(const StepInfo *s)
{
        StepState state = step_state_from_string(s->state);

        return state == STEP_DONE || state == STEP_FAILED || state == STEP_UNDONE;
}

/* A step that is to run again has not been told of. */
static void forget(Progress *p, size_t i)
{
        if (i >= p->n_reported)
                return;

        free(p->reported[i]);
        p->reported[i] = NULL;
}

/* Returns false when this was said before. Plans grow when the check has chosen a strategy, and after a
 * restart of the daemon everything is read anew: so steps are told apart by place, name and state. */
static bool remember(Progress *p, size_t i, const StepInfo *s)
{
        char *said;

        if (i >= p->n_reported) {
                char **reported = reallocarray(p->reported, i + 1, sizeof(*reported));
                if (!reported)
                        return true;
                for (size_t k = p->n_reported; k <= i; k++)
                        reported[k] = NULL;
                p->reported = reported;
                p->n_reported = i + 1;
        }

        if (asprintf(&said, "%s/%s", s->name, s->state) < 0)
                return true;

        if (streq_ptr(said, p->reported[i])) {
                free(said);
                return false;
        }

        free(p->reported[i]);
        p->reported[i] = said;
        return true;
}

static void print_step(Progress *p, const JobInfo *job, const StepInfo *s)
{
        _cleanup_free_ char *name = text_escape(s->name, p->ctl->terminal.utf8);
        uint64_t since = s->ended_usec > job->created_usec ? s->ended_usec - job->created_usec : 0;
        bool wrote = streq(s->name, step_id_to_string(STEP_SAVE)) && job->bytes > 0;

        if (!name)
                return;

        (void) printf("[%3" PRIu64 ".%" PRIu64 "s] %s: %s", since / USEC_PER_SEC,
                      since % USEC_PER_SEC / (100 * USEC_PER_MSEC), name, s->state);
        if (wrote)
                (void) printf(" (%s)", TEXT_BYTES(job->bytes));
        (void) printf("\n");
}

static int compare_ends(const void *a, const void *b)
{
        const StepInfo *x = *(const StepInfo *const *) a, *y = *(const StepInfo *const *) b;

        if (x->ended_usec != y->ended_usec)
                return x->ended_usec < y->ended_usec ? -1 : 1;
        return x < y ? -1 : x > y;
}

/* In the order of time: an undo goes through the plan from its end, and one reading may show several. */
static void print_steps(Progress *p, const JobInfo *job)
{
        _cleanup_free_ const StepInfo **over = calloc(job->n_steps + 1, sizeof(*over));
        size_t n = 0;

        if (!over)
                return;

        for (size_t i = 0; i < job->n_steps; i++)
                if (step_is_over(&job->steps[i]))
                        over[n++] = &job->steps[i];
                else
                        forget(p, i);

        qsort(over, n, sizeof(*over), compare_ends);
        for (size_t i = 0; i < n; i++)
                if (remember(p, (size_t) (over[i] - job->steps), over[i]))
                        print_step(p, job, over[i]);

        (void) fflush(stdout);
}

/* Of a plan: each state that a move comes to. */
static void print_moves(Progress *p, const JobInfo *job)
{
        const uint64_t now = clock_realtime_usec(),
                       since = now > job->created_usec ? now - job->created_usec : 0;

        for (size_t i = 0; i < job->n_moves; i++) {
                const MoveInfo *m = job->moves + i;
                const StepInfo said = { .name = m->domain, .state = m->state };
                _cleanup_free_ char *name = text_escape(m->domain, p->ctl->terminal.utf8);

                if (streq(m->state, apply_move_state_to_string(APPLY_PENDING)) || !remember(p, i, &said) ||
                    !name)
                        continue;
                (void) printf("[%3" PRIu64 ".%" PRIu64 "s] %s: %s\n", since / USEC_PER_SEC,
                              since % USEC_PER_SEC / (100 * USEC_PER_MSEC), name, m->state);
        }

        (void) fflush(stdout);
}

/* Until the job's end as the daemon expects it, else until the end of the save: "  ETA 12s", or nothing. */
static char *format_remaining(const JobInfo *job, uint64_t now)
{
        uint64_t usec = 0;
        char *text;
        int r;

        if (job->expected_end_usec > now)
                usec = job->expected_end_usec - now;
        else if (job->expected_end_usec == 0 && job->rate > 0 && job->bytes < job->bytes_total) {
                uint64_t seconds = (job->bytes_total - job->bytes) / job->rate;

                /* A rate of a byte per second makes of this a number that nobody waits for. */
                usec = (seconds < 99 * 3600 ? seconds : 99 * 3600) * USEC_PER_SEC;
        }

        r = usec > 0 ? asprintf(&text, "  ETA %s", TEXT_DURATION(usec)) : asprintf(&text, "%s", "");
        return r < 0 ? NULL : text;
}

/* What stands behind the bar: bytes and rate while there are any, else how long the step takes; and the remaining
 * time. */
static char *format_amount(const JobInfo *job)
{
        _cleanup_free_ char *remaining = NULL;
        const StepInfo *current = NULL;
        uint64_t now = clock_realtime_usec();
        char *text;
        int r;

        remaining = format_remaining(job, now);
        if (!remaining)
                return NULL;

        for (size_t i = 0; i < job->n_steps; i++)
                if (streq_ptr(job->steps[i].name, job->step))
                        current = &job->steps[i];

        if (job->bytes_total > 0 && job->rate > 0 && job->bytes < job->bytes_total)
                r = asprintf(&text, "%s of %s  %s/s%s", TEXT_BYTES(job->bytes), TEXT_BYTES(job->bytes_total),
                             TEXT_BYTES(job->rate), remaining);
        else if (current && step_info_is_running(current) && current->started_usec < now)
                r = asprintf(&text, "%s%s", TEXT_DURATION(now - current->started_usec), remaining);
        else
                r = asprintf(&text, "%s", remaining);

        return r < 0 ? NULL : text;
}

/* While no worker has the job, the step that it was at last says nothing. */
static char *format_step(const JobInfo *job)
{
        JobState state = job_state_from_string(job->state);
        char *text;
        int r;

        if (job->n_moves > 0)
                r = asprintf(&text, "%s, %" PRIu32 " of %zu moves", job->state ? job->state : "?",
                             job->moves_done, job->n_moves);
        else if (state == JOB_RETRYING || !job->step || !*job->step)
                r = asprintf(&text, "%s", job->state ? job->state : "?");
        else
                r = asprintf(&text, "%s%s %" PRIu32 "/%" PRIu32, state == JOB_UNDOING ? "undoing " : "",
                             job->step, job->step_number, job->step_count);

        return r < 0 ? NULL : text;
}

static const char *subject_of(const JobInfo *job)
{
        if (job->domain && *job->domain)
                return job->domain;

        return job->kind ? job->kind : "?";
}

static void print_line(Progress *p, const JobInfo *job)
{
        _cleanup_free_ char *plain = NULL, *left = NULL, *cut = NULL, *amount = format_amount(job),
                            *step = format_step(job);
        const Terminal *t = &p->ctl->terminal;
        size_t columns, used;

        if (!amount || !step || asprintf(&plain, "%s: %s", subject_of(job), step) < 0) {
                plain = NULL;
                return;
        }
        left = text_escape(plain, t->utf8);
        if (!left)
                return;

        /* The last column stays free: some terminals wrap there. The name gives way, the numbers do not. */
        columns = t->columns - 1;
        used = text_width(amount) + strlen("  100%  ");
        cut = text_ellipsize(left, columns > used + 10 ? columns - used : 10, t->utf8);
        if (!cut)
                return;
        used += text_width(cut);

        (void) printf("\r%s", cut);
        if (columns >= used + BAR_COLUMNS_MIN + strlen(" []")) {
                size_t bar = columns - used - strlen(" []"), full;

                bar = bar < BAR_COLUMNS_MAX ? bar : BAR_COLUMNS_MAX;
                full = (size_t) (job->progress * (double) bar);
                (void) printf(" [");
                for (size_t i = 0; i < bar; i++)
                        (void) fputc(i < full ? '#' : '-', stdout);
                (void) printf("]");
        }
        (void) printf(" %3u%%", (unsigned) (job->progress * 100));
        if (columns >= used)
                (void) printf("  %s", amount);
        (void) printf("\x1b[K");
        (void) fflush(stdout);
        p->line_shown = true;
}

void progress_update(Progress *p, const JobInfo *job)
{
        if (p->ctl->json || p->ctl->quiet)
                return;

        if (p->ctl->terminal.live)
                print_line(p, job);
        else if (job->n_moves > 0)
                print_moves(p, job);
        else
                print_steps(p, job);
}
