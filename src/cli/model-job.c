/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The part of the model that is about jobs. */

#include "cli/array.h"
#include "cli/model.h"
#include "cli/property.h"
#include "core/job.h"
#include "vgpu-hibernate.h"

void function_pairs_clear(FunctionPair **pairs, size_t *n)
{
        for (size_t i = 0; i < *n; i++) {
                free((*pairs)[i].from);
                free((*pairs)[i].to);
        }
        free(*pairs);
        *pairs = NULL;
        *n = 0;
}

static void job_info_clear_steps(JobInfo *j)
{
        for (size_t i = 0; i < j->n_steps; i++) {
                free(j->steps[i].name);
                free(j->steps[i].state);
        }
        free(j->steps);
        j->steps = NULL;
        j->n_steps = 0;
}

static void job_info_clear_attempts(JobInfo *j)
{
        for (size_t i = 0; i < j->n_attempts; i++) {
                strings_free(j->attempts[i].functions);
                free(j->attempts[i].step);
                free(j->attempts[i].error);
                free(j->attempts[i].error_message);
        }
        free(j->attempts);
        j->attempts = NULL;
        j->n_attempts = 0;
}

static void job_info_clear_events(JobInfo *j)
{
        for (size_t i = 0; i < j->n_events; i++)
                free(j->events[i].text);
        free(j->events);
        j->events = NULL;
        j->n_events = 0;
}

static void job_info_clear_moves(JobInfo *j)
{
        for (size_t i = 0; i < j->n_moves; i++) {
                MoveInfo *m = j->moves + i;

                function_pairs_clear(&m->functions, &m->n_functions);
                free(m->domain);
                free(m->uuid);
                free(m->state);
                free(m->message);
                free(m->job);
        }
        free(j->moves);
        j->moves = NULL;
        j->n_moves = 0;
}

void job_info_done(JobInfo *j)
{
        function_pairs_clear(&j->functions, &j->n_functions);
        job_info_clear_steps(j);
        job_info_clear_attempts(j);
        job_info_clear_events(j);
        job_info_clear_moves(j);
        free(j->parent);
        free(j->kind);
        free(j->domain);
        free(j->domain_uuid);
        free(j->strategy);
        free(j->state);
        free(j->step);
        free(j->error);
        free(j->error_message);
        *j = (JobInfo) { 0 };
}

bool step_info_is_running(const StepInfo *s)
{
        StepState state = step_state_from_string(s->state);

        return state == STEP_STARTED || state == STEP_UNDOING;
}

bool job_id_from_path(const char *path, uint64_t *ret)
{
        static const char prefix[] = VGPU_HIBERNATE_JOB_PATH "/";
        const char *digits;
        uint64_t id = 0;

        if (!path || strncmp(path, prefix, strlen(prefix)) != 0)
                return false;

        digits = path + strlen(prefix);
        if (!*digits)
                return false;

        for (const char *p = digits; *p; p++)
                if (*p < '0' || *p > '9' || __builtin_mul_overflow(id, 10, &id) ||
                    __builtin_add_overflow(id, (uint64_t) (*p - '0'), &id))
                        return false;

        *ret = id;
        return true;
}

int function_pairs_read(sd_bus_message *m, FunctionPair **pairs, size_t *n)
{
        const char *from, *to;
        int r;

        function_pairs_clear(pairs, n);
        r = sd_bus_message_enter_container(m, 'a', "(ss)");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_read(m, "(ss)", &from, &to)) > 0) {
                FunctionPair *p = array_add(pairs, n, sizeof(*p), MODEL_LIST_MAX);
                if (!p)
                        return -ENOMEM;

                *p = (FunctionPair) { .from = strdup(from), .to = strdup(to) };
                if (!p->from || !p->to)
                        return -ENOMEM;
        }

        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_pairs(sd_bus_message *m, void *field)
{
        JobInfo *j = field;

        return function_pairs_read(m, &j->functions, &j->n_functions);
}

static int read_steps(sd_bus_message *m, void *field)
{
        JobInfo *j = field;
        const char *name, *state;
        uint64_t started, ended;
        int r;

        job_info_clear_steps(j);
        r = sd_bus_message_enter_container(m, 'a', "(sstt)");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_read(m, "(sstt)", &name, &state, &started, &ended)) > 0) {
                StepInfo *s = array_add(&j->steps, &j->n_steps, sizeof(*s), MODEL_LIST_MAX);
                if (!s)
                        return -ENOMEM;

                *s = (StepInfo) {
                        .name = strdup(name),
                        .state = strdup(state),
                        .started_usec = started,
                        .ended_usec = ended,
                };
                if (!s->name || !s->state)
                        return -ENOMEM;
        }

        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_attempt(sd_bus_message *m, JobInfo *j)
{
        AttemptInfo *a = array_add(&j->attempts, &j->n_attempts, sizeof(*a), MODEL_LIST_MAX);
        const char *step, *error, *message;
        int r;

        if (!a)
                return -ENOMEM;

        r = sd_bus_message_read_basic(m, 't', &a->usec);
        if (r < 0)
                return r;

        r = sd_bus_message_read_strv(m, &a->functions);
        if (r < 0)
                return r;

        r = sd_bus_message_read(m, "sss", &step, &error, &message);
        if (r < 0)
                return r;

        a->step = strdup(step);
        a->error = strdup(error);
        a->error_message = strdup(message);
        return a->step && a->error && a->error_message ? 0 : -ENOMEM;
}

/* Of structs: calls `read` for each, between entering it and leaving it. */
static int read_structs(sd_bus_message *m, const char *array, const char *contents,
                        int (*read)(sd_bus_message *m, JobInfo *j), JobInfo *j)
{
        int r;

        r = sd_bus_message_enter_container(m, 'a', array);
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(m, 'r', contents)) > 0) {
                r = read(m, j);
                if (r < 0)
                        return r;

                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }

        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_attempts(sd_bus_message *m, void *field)
{
        JobInfo *j = field;

        job_info_clear_attempts(j);
        return read_structs(m, "(tassss)", "tassss", read_attempt, j);
}

static int read_events(sd_bus_message *m, void *field)
{
        JobInfo *j = field;
        const char *text;
        uint64_t usec;
        int r;

        job_info_clear_events(j);
        r = sd_bus_message_enter_container(m, 'a', "(ts)");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_read(m, "(ts)", &usec, &text)) > 0) {
                EventInfo *e = array_add(&j->events, &j->n_events, sizeof(*e), MODEL_LIST_MAX);
                if (!e)
                        return -ENOMEM;

                *e = (EventInfo) { .usec = usec, .text = strdup(text) };
                if (!e->text)
                        return -ENOMEM;
        }

        return r < 0 ? r : sd_bus_message_exit_container(m);
}

static int read_move(sd_bus_message *m, JobInfo *j)
{
        MoveInfo *move = array_add(&j->moves, &j->n_moves, sizeof(*move), MODEL_LIST_MAX);
        const char *domain, *uuid, *state, *job, *message;
        int r;

        if (!move)
                return -ENOMEM;

        if ((r = sd_bus_message_read(m, "uss", &move->wave, &domain, &uuid)) < 0 ||
            (r = function_pairs_read(m, &move->functions, &move->n_functions)) < 0 ||
            (r = sd_bus_message_read(m, "sos", &state, &job, &message)) < 0)
                return r;

        move->domain = strdup(domain);
        move->uuid = strdup(uuid);
        move->state = strdup(state);
        move->job = strdup(job);
        move->message = strdup(message);
        return move->domain && move->uuid && move->state && move->job && move->message ? 0 : -ENOMEM;
}

static int read_moves(sd_bus_message *m, void *field)
{
        JobInfo *j = field;

        job_info_clear_moves(j);
        return read_structs(m, "(ussa(ss)sos)", "ussa(ss)sos", read_move, j);
}

static const PropertyField job_fields[] = {
        { "Id", "t", property_read_uint64, offsetof(JobInfo, id) },
        { "Kind", "s", property_read_string, offsetof(JobInfo, kind) },
        { "Domain", "s", property_read_string, offsetof(JobInfo, domain) },
        { "DomainUUID", "s", property_read_string, offsetof(JobInfo, domain_uuid) },
        { "Strategy", "s", property_read_string, offsetof(JobInfo, strategy) },
        { "State", "s", property_read_string, offsetof(JobInfo, state) },
        { "Step", "s", property_read_string, offsetof(JobInfo, step) },
        { "StepNumber", "u", property_read_uint32, offsetof(JobInfo, step_number) },
        { "StepCount", "u", property_read_uint32, offsetof(JobInfo, step_count) },
        { "Progress", "d", property_read_fraction, offsetof(JobInfo, progress) },
        { "Bytes", "t", property_read_uint64, offsetof(JobInfo, bytes) },
        { "BytesTotal", "t", property_read_uint64, offsetof(JobInfo, bytes_total) },
        { "Rate", "t", property_read_uint64, offsetof(JobInfo, rate) },
        { "ExpectedEnd", "t", property_read_uint64, offsetof(JobInfo, expected_end_usec) },
        { "Predicted", "t", property_read_uint64, offsetof(JobInfo, predicted_usec) },
        { "Took", "t", property_read_uint64, offsetof(JobInfo, took_usec) },
        { "Error", "s", property_read_string, offsetof(JobInfo, error) },
        { "ErrorMessage", "s", property_read_string, offsetof(JobInfo, error_message) },
        { "Cancelable", "b", property_read_bool, offsetof(JobInfo, cancelable) },
        { "QueuePosition", "u", property_read_uint32, offsetof(JobInfo, queue_position) },
        { "Created", "t", property_read_uint64, offsetof(JobInfo, created_usec) },
        { "Ended", "t", property_read_uint64, offsetof(JobInfo, ended_usec) },
        { "Functions", "a(ss)", read_pairs, 0 }, /* array and length: they get the whole object */
        { "Steps", "a(sstt)", read_steps, 0 },
        { "Attempts", "a(tassss)", read_attempts, 0 },
        { "Events", "a(ts)", read_events, 0 },
        { "Parent", "o", property_read_path, offsetof(JobInfo, parent) },
        { "Moves", "a(ussa(ss)sos)", read_moves, 0 },
        { "MovesDone", "u", property_read_uint32, offsetof(JobInfo, moves_done) },
        { "MovesRemaining", "u", property_read_uint32, offsetof(JobInfo, moves_remaining) },
};

int job_info_read(JobInfo *ret, sd_bus_message *m)
{
        return properties_read(m, job_fields, ELEMENTSOF(job_fields), ret);
}
