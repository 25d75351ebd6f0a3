/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/apply-bus.h"

#include <inttypes.h>
#include <stdio.h>
#include <systemd/sd-id128.h>

#include "daemon/bus-options.h"
#include "daemon/claims-bus.h"
#include "daemon/daemon-bus.h"
#include "daemon/object-path.h"
#include "daemon/planning.h"
#include "daemon/start-apply.h"
#include "store/apply-json.h"

typedef struct ApplyRequest {
        Apply *plan;
        char *stamp;
        Strategy strategy;
        uint64_t parallel; /* 0: as planned */
        bool continues, replans, reserves;
        uint64_t ttl_seconds;
        char *label;
} ApplyRequest;

static void apply_request_done(ApplyRequest *q)
{
        apply_free(q->plan);
        free(q->stamp);
        free(q->label);
}

static int read_strategy(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        ApplyRequest *q = options;

        return bus_option_read_strategy(m, key, &q->strategy, reterr);
}

static int read_parallel(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        ApplyRequest *q = options;

        return bus_option_read_u64(m, key, 1, PLAN_PARALLEL_MAX, &q->parallel, reterr);
}

static int read_on_failure(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        ApplyRequest *q = options;
        const char *text;
        int r;

        r = bus_option_read_string(m, key, &text, reterr);
        if (r < 0)
                return r;
        if (!streq(text, "stop") && !streq(text, "continue"))
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option 'on_failure' cannot be '%s'; allowed are 'stop' and 'continue'",
                                   bus_option_echo(text));

        q->continues = streq(text, "continue");
        return 0;
}

static int read_replan(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        ApplyRequest *q = options;

        return bus_option_read_bool(m, key, &q->replans, reterr);
}

static int read_reserve(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        ApplyRequest *q = options;

        return bus_option_read_bool(m, key, &q->reserves, reterr);
}

static int read_ttl(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        ApplyRequest *q = options;

        return bus_option_read_u64(m, key, 1, TTL_SECONDS_MAX, &q->ttl_seconds, reterr);
}

static int read_label(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        ApplyRequest *q = options;

        return bus_option_read_line(m, key, LABEL_BYTES_MAX, &q->label, reterr);
}

/* What goes with what. */
static int check_request(const ApplyRequest *q, Failure *reterr)
{
        if (q->replans && q->plan->n_goals == 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option 'replan' needs to know what was planned for, and the plan has no "
                                   "'goals'");
        if (!q->reserves && (q->ttl_seconds != 0 || q->label))
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "options 'ttl_seconds' and 'label' are of a reservation: they need the "
                                   "option 'reserve'");
        if (q->reserves && (q->plan->n_rooms == 0 || q->plan->n_rooms > JOB_FUNCTIONS_MAX))
                return failure_set(
                                reterr, FAILURE_INVALID_OPTION,
                                "option 'reserve' needs a plan with room for 1 to %d functions: one with a "
                                "goal fit=N",
                                JOB_FUNCTIONS_MAX);

        return 0;
}

static int read_request(sd_bus_message *message, ApplyRequest *q, Failure *reterr)
{
        static const BusOption allowed[] = {
                { "strategy", read_strategy },     { "parallel", read_parallel },
                { "on_failure", read_on_failure }, { "replan", read_replan },
                { "reserve", read_reserve },       { "ttl_seconds", read_ttl },
                { "label", read_label },
        };
        const char *text;
        int r;

        *q = (ApplyRequest) { .strategy = STRATEGY_AUTO };

        r = sd_bus_message_read(message, "s", &text);
        if (r < 0)
                return bus_option_read_failed(r, reterr);

        if (apply_parse_plan(text, strlen(text), &q->plan, &q->stamp, reterr) < 0 ||
            bus_options_read(message, "apply", allowed, ELEMENTSOF(allowed), q, reterr) < 0)
                return -EREMOTEIO;

        return check_request(q, reterr);
}

/* The cookie is in the answer, and nowhere else: whoever reads the job's properties may be anybody. */
static int prepare_reservation(ApplyRequest *q, sd_bus_message *message, uid_t uid, Failure *reterr)
{
        Apply *a = q->plan;
        sd_id128_t id;
        int r;

        if (!q->reserves)
                return 0;

        r = sd_id128_randomize(&id);
        if (r < 0 || free_and_strdup(&a->owner, sd_bus_message_get_sender(message)) < 0 ||
            free_and_strdup(&a->label, q->label ? q->label : "") < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r < 0 ? r : -ENOMEM, "failed to reserve");

        (void) sd_id128_to_string(id, a->cookie);
        a->uid = uid;
        a->ttl_usec = (q->ttl_seconds > 0 ? q->ttl_seconds : TTL_SECONDS_DEFAULT) * USEC_PER_SEC;
        return 0;
}

static int reply(sd_bus_message *message, const ManagedJob *j)
{
        _cleanup_free_ char *path = NULL;
        int r;

        r = job_path_from_id(j->job->id, &path);
        return r < 0 ? r : sd_bus_reply_method_return(message, "os", path, j->job->apply->cookie);
}

static int apply(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        _cleanup_(apply_request_done) ApplyRequest q = { 0 };
        Manager *m = userdata;
        Failure f = { 0 };
        ManagedJob *j;

        if (read_request(message, &q, &f) < 0 ||
            prepare_reservation(&q, message, polkit_caller(m->polkit), &f) < 0)
                return bus_error_from_failure(error, &f);

        q.plan->continues = q.continues;
        q.plan->replans = q.replans;
        if (q.parallel > 0)
                q.plan->parallel = (uint32_t) q.parallel;
        if (start_apply(m, TAKE_PTR(q.plan), q.stamp, q.strategy, &j, &f) < 0)
                return bus_error_from_failure(error, &f);

        return reply(message, j);
}

/* Nobody is asked about what makes no sense. */
int method_apply(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        _cleanup_(apply_request_done) ApplyRequest q = { 0 };
        char moves[sizeof("18446744073709551615")];
        Manager *m = userdata;
        const PolkitRequest request = {
                .action = POLKIT_ACTION_APPLY,
                .detail_key = "moves",
                .detail_value = moves,
                .method = apply,
                .userdata = m,
        };
        Failure f = { 0 };

        if (read_request(message, &q, &f) < 0)
                return bus_error_from_failure(error, &f);

        (void) snprintf(moves, sizeof(moves), "%zu", q.plan->n_moves);
        return polkit_authorize(m->polkit, message, &request, error);
}
