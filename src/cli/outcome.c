/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/outcome.h"

#include <inttypes.h>

#include "cli/json.h"
#include "cli/text.h"
#include "vgpu-hibernate.h"

char *outcome_format_functions(const FunctionPair *pairs, size_t n)
{
        char *text = strdup("");

        for (size_t i = 0; text && i < n; i++) {
                const FunctionPair *p = &pairs[i];
                _cleanup_free_ char *before = text;

                if (asprintf(&text, "%s%s%s -> %s", before, i > 0 ? ", " : "", *p->from ? p->from : "-",
                             *p->to ? p->to : "-") < 0)
                        text = NULL;
        }

        return text;
}

static int report_success(Ctl *c, const JobInfo *job)
{
        JobKind kind = job_kind_from_string(job->kind);
        _cleanup_free_ char *functions = outcome_format_functions(job->functions, job->n_functions);
        uint64_t took = job->ended_usec > job->created_usec ? job->ended_usec - job->created_usec : 0;

        if (!functions)
                return -ENOMEM;

        if (kind == JOB_APPLY)
                ctl_print(c, "the plan is carried out: %" PRIu32 " %s, took %s", job->moves_done,
                          job->moves_done == 1 ? "move" : "moves", TEXT_DURATION(took));
        else if (kind == JOB_DISCARD)
                ctl_print(c, "'%s' is hibernated no longer: its next start is a boot", job->domain);
        else if (kind == JOB_HIBERNATE)
                ctl_print(c, "'%s' is hibernated: %s, %s, took %s", job->domain,
                          job->strategy ? job->strategy : "?", TEXT_BYTES(job->bytes), TEXT_DURATION(took));
        else
                ctl_print(c, "'%s' is %s: %s, took %s", job->domain, kind == JOB_MOVE ? "moved" : "resumed",
                          *functions ? functions : "same functions", TEXT_DURATION(took));
        return EXIT_STATUS_OK;
}

/* Errors of jobs carry the whole name or only its last part. */
static int set_error(const JobInfo *job, JobState state, sd_bus_error *e)
{
        const char *name = job->error && *job->error ? job->error : NULL;
        const char *message = job->error_message && *job->error_message ? job->error_message : NULL;
        FailureCode code = failure_code_from_string(name);

        if (code >= 0)
                name = failure_code_to_bus_error(code);
        if (!name)
                name = state == JOB_CANCELED ? VGPU_HIBERNATE_ERROR_CANCELED : SD_BUS_ERROR_FAILED;
        if (!message)
                message = state == JOB_CANCELED ? "the job was canceled" : "the job failed";
        return sd_bus_error_set(e, name, message);
}

int outcome_print_json(Ctl *c, const JobInfo *job)
{
        json_object *o = job_info_to_json(job);

        if (c->cookie)
                json_build_string(&o, "cookie", c->cookie);
        return ctl_print_json(c, o);
}

int outcome_report(Ctl *c, const JobInfo *job)
{
        JobState state = job_state_from_string(job->state);
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        if (c->json) {
                r = outcome_print_json(c, job);
                if (r < 0)
                        return r;
        }

        if (state == JOB_DONE)
                return c->json || c->quiet ? EXIT_STATUS_OK : report_success(c, job);

        (void) set_error(job, state, &e); /* returns the error that it sets */
        if (streq_ptr(job->kind, job_kind_to_string(JOB_APPLY)))
                return ctl_error(c, &e, 0, "the plan was not carried out to its end");
        return ctl_error(c, &e, 0, "cannot %s '%s'", job->kind, job->domain);
}
