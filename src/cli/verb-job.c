/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* job, cancel: one job by its number. */

#include <inttypes.h>
#include <stdio.h>

#include "basic/clock.h"
#include "cli/client.h"
#include "cli/follow.h"
#include "cli/outcome.h"
#include "cli/table.h"
#include "cli/text.h"
#include "vgpu-hibernate.h"

/* A cell "+3.2s": since the job began. */
static void add_since(Table *t, const JobInfo *j, uint64_t usec)
{
        table_add_format(t, TINT_NONE, "+%s",
                         TEXT_DURATION(usec > j->created_usec ? usec - j->created_usec : 0));
}

static int print_steps(const Ctl *c, const JobInfo *j)
{
        static const TableColumn columns[] = {
                { "STEP", false, false },
                { "STATE", false, false },
                { "BEGAN", true, false },
                { "TOOK", true, false },
        };
        _cleanup_(table_freep) Table *t = NULL;
        uint64_t now = clock_realtime_usec();
        int r;

        r = table_new(&c->terminal, columns, ELEMENTSOF(columns), &t);
        if (r < 0)
                return r;

        for (size_t i = 0; i < j->n_steps; i++) {
                const StepInfo *s = &j->steps[i];
                uint64_t end = step_info_is_running(s) ? now : s->ended_usec;

                table_add(t, TINT_NONE, s->name);
                table_add(t, tint_of_state(s->state), s->state);
                if (s->started_usec == 0) {
                        table_add(t, TINT_NONE, NULL);
                        table_add(t, TINT_NONE, NULL);
                        continue;
                }
                add_since(t, j, s->started_usec);
                table_add(t, TINT_NONE, TEXT_DURATION(end > s->started_usec ? end - s->started_usec : 0));
        }

        return table_print(t, stdout, !c->no_legend);
}

/* Here and among the events no text is cut to the terminal: what helps stands at its end. */
static int print_attempts(const Ctl *c, const JobInfo *j)
{
        static const TableColumn columns[] = {
                { "TRIED", false, false },
                { "STEP", false, false },
                { "FAILED", true, false },
                { "ERROR", false, false },
        };
        _cleanup_(table_freep) Table *t = NULL;
        int r;

        r = table_new(&c->terminal, columns, ELEMENTSOF(columns), &t);
        if (r < 0)
                return r;

        for (size_t i = 0; i < j->n_attempts; i++) {
                const AttemptInfo *a = &j->attempts[i];
                _cleanup_free_ char *functions = text_join(a->functions);

                if (!functions)
                        return -ENOMEM;

                table_add(t, TINT_NONE, functions);
                table_add(t, TINT_NONE, a->step);
                add_since(t, j, a->usec);
                table_add(t, TINT_NONE, a->error_message);
        }

        (void) putchar('\n');
        return table_print(t, stdout, !c->no_legend);
}

static int print_events(const Ctl *c, const JobInfo *j)
{
        static const TableColumn columns[] = {
                { "AFTER", true, false },
                { "EVENT", false, false },
        };
        _cleanup_(table_freep) Table *t = NULL;
        int r;

        r = table_new(&c->terminal, columns, ELEMENTSOF(columns), &t);
        if (r < 0)
                return r;

        for (size_t i = 0; i < j->n_events; i++) {
                add_since(t, j, j->events[i].usec);
                table_add(t, TINT_NONE, j->events[i].text);
        }

        (void) putchar('\n');
        return table_print(t, stdout, !c->no_legend);
}

/* Of a plan that is carried out. */
static int print_moves(const Ctl *c, const JobInfo *j)
{
        static const TableColumn columns[] = {
                { "WAVE", true, false }, { "DOMAIN", false, false },    { "STATE", false, false },
                { "JOB", true, false },  { "FUNCTIONS", false, false }, { "ERROR", false, false },
        };
        _cleanup_(table_freep) Table *t = NULL;
        int r;

        r = table_new(&c->terminal, columns, ELEMENTSOF(columns), &t);
        if (r < 0)
                return r;

        for (size_t i = 0; i < j->n_moves; i++) {
                const MoveInfo *m = j->moves + i;
                _cleanup_free_ char *functions = outcome_format_functions(m->functions, m->n_functions);
                uint64_t id;

                if (!functions)
                        return -ENOMEM;

                table_add_format(t, TINT_NONE, "%" PRIu32, m->wave + 1);
                table_add(t, TINT_NONE, m->domain);
                table_add(t, tint_of_state(m->state), m->state);
                if (job_id_from_path(m->job, &id))
                        table_add_format(t, TINT_NONE, "%" PRIu64, id);
                else
                        table_add(t, TINT_NONE, NULL);
                table_add(t, TINT_NONE, functions);
                table_add(t, TINT_NONE, m->message);
        }

        return table_print(t, stdout, !c->no_legend);
}

static void print_error(const Ctl *c, const JobInfo *j)
{
        const char *name = j->error ? j->error : "";

        if (!*name && !(j->error_message && *j->error_message))
                return;

        if (strncmp(name, VGPU_HIBERNATE_ERROR_PREFIX, strlen(VGPU_HIBERNATE_ERROR_PREFIX)) == 0)
                name += strlen(VGPU_HIBERNATE_ERROR_PREFIX);
        ctl_print(c, "    Error: %s (%s)", j->error_message ? j->error_message : "", name);
}

/* How long the guest was away, or will have been. */
static void print_away(const Ctl *c, const JobInfo *j)
{
        if (j->took_usec > 0 && j->predicted_usec > 0)
                ctl_print(c, "     Away: %s, %s were predicted", TEXT_DURATION(j->took_usec),
                          TEXT_DURATION(j->predicted_usec));
        else if (j->took_usec > 0)
                ctl_print(c, "     Away: %s", TEXT_DURATION(j->took_usec));
        else if (j->predicted_usec > 0)
                ctl_print(c, "     Away: %s predicted", TEXT_DURATION(j->predicted_usec));
}

static int print_story(Ctl *c, const JobInfo *j)
{
        _cleanup_free_ char *functions = outcome_format_functions(j->functions, j->n_functions);
        JobState state = job_state_from_string(j->state);
        Tint tint = tint_of_state(j->state);
        uint64_t end = j->ended_usec > 0 ? j->ended_usec : clock_realtime_usec(), parent;
        bool is_apply = streq_ptr(j->kind, job_kind_to_string(JOB_APPLY));
        int r;

        if (!functions)
                return -ENOMEM;

        if (is_apply)
                ctl_print(c, "Job %" PRIu64 ": %s", j->id, j->kind);
        else
                ctl_print(c, "Job %" PRIu64 ": %s '%s'", j->id, j->kind ? j->kind : "?",
                          j->domain ? j->domain : "?");
        if (job_id_from_path(j->parent, &parent))
                ctl_print(c, "   Parent: %" PRIu64, parent);
        if (state >= 0)
                (void) printf("    State: %s%s%s\n", terminal_tint(&c->terminal, tint),
                              job_state_to_string(state), terminal_reset(&c->terminal, tint));
        else
                ctl_print(c, "    State: %s", j->state ? j->state : "?");
        if (j->queue_position > 0)
                ctl_print(c, "    Place: %" PRIu32 " in the queue", j->queue_position);
        print_error(c, j);
        ctl_print(c, " Strategy: %s", j->strategy && *j->strategy ? j->strategy : "-");
        if (is_apply)
                ctl_print(c, "    Moves: %" PRIu32 " done, %" PRIu32 " to come", j->moves_done,
                          j->moves_remaining);
        else
                ctl_print(c, "Functions: %s", *functions ? functions : "-");
        ctl_print(c, "    Began: %s", TEXT_TIME(j->created_usec));
        ctl_print(c, "     %s: %s", j->ended_usec > 0 ? "Took" : "Time",
                  TEXT_DURATION(end > j->created_usec ? end - j->created_usec : 0));
        print_away(c, j);
        if (j->expected_end_usec > 0)
                ctl_print(c, " Expected: %s", TEXT_TIME(j->expected_end_usec));
        if (j->bytes_total > 0)
                ctl_print(c, "    Image: %s of %s", TEXT_BYTES(j->bytes), TEXT_BYTES(j->bytes_total));
        else if (j->bytes > 0)
                ctl_print(c, "    Image: %s", TEXT_BYTES(j->bytes));
        if (j->ended_usec == 0)
                ctl_print(c, "   Cancel: %s", j->cancelable ? "possible" : "too late");

        (void) putchar('\n');
        r = is_apply ? print_moves(c, j) : print_steps(c, j);
        if (r >= 0 && j->n_attempts > 0)
                r = print_attempts(c, j);
        if (r >= 0 && j->n_events > 0)
                r = print_events(c, j);
        return r;
}

/* Reads the job of the command line; reports on failure. */
static int show_job(Ctl *c, const char *path)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(job_info_done) JobInfo job = { 0 };
        int r;

        r = client_get_job(c, path, &job, &e);
        if (r < 0)
                return ctl_error(c, &e, r, "cannot show job %s", c->argument);

        if (c->json)
                return ctl_print_json(c, job_info_to_json(&job));
        return print_story(c, &job);
}

int verb_job(Ctl *c)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(follow_freep) Follow *follow = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = c->follow ? follow_new(c, &follow, &e) : client_connect(c, &e);
        if (r >= 0)
                r = client_find(c, "GetJob", 't', c->argument, &path, &e);
        if (r < 0)
                return ctl_error(c, &e, r, "cannot show job %s", c->argument);

        return c->follow ? follow_run(follow, path, "follow", c->argument) : show_job(c, path);
}

int verb_cancel(Ctl *c)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *m = NULL;
        _cleanup_free_ char *path = NULL;
        int r;

        r = client_connect(c, &e);
        if (r >= 0)
                r = client_find(c, "GetJob", 't', c->argument, &path, &e);
        if (r >= 0)
                r = client_new_call(c, path, VGPU_HIBERNATE_JOB_INTERFACE, "Cancel", &m);
        if (r >= 0)
                r = client_call(c, m, &e, NULL);
        if (r < 0)
                return ctl_error(c, &e, r, "cannot cancel job %s", c->argument);

        if (c->json)
                return show_job(c, path);
        ctl_note(c, "job %s is being canceled", c->argument);
        return EXIT_STATUS_OK;
}
