/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/plan-bus.h"

#include <stdio.h>

#include "basic/log.h"
#include "daemon/bus-options.h"
#include "daemon/daemon-bus.h"
#include "daemon/planning.h"
#include "store/json-util.h"

/* One caller that waits, then what is left of its worker. */
typedef struct PlanCall PlanCall;
struct PlanCall {
        PlanBus *bus;
        PlanCall *next, **link; /* link: what points here */
        sd_bus_message *message;
        sd_bus_slot *caller; /* tells when the one who asked leaves the bus */
        Planning *planning;
};

struct PlanBus {
        Manager *manager;
        PlanCall *list;
        unsigned n;
};

static PlanCall *plan_call_free(PlanCall *c)
{
        if (!c)
                return NULL;

        if (c->link) {
                *c->link = c->next;
                if (c->next)
                        c->next->link = c->link;
                c->bus->n--;
        }

        planning_free(c->planning);
        sd_bus_slot_unref(c->caller);
        sd_bus_message_unref(c->message);
        free(c);
        return NULL;
}
DEFINE_CLEANUP_FUNC(PlanCall *, plan_call_free);

int plan_bus_new(Manager *m, PlanBus **ret)
{
        PlanBus *b = calloc(1, sizeof(PlanBus));

        if (!b)
                return -ENOMEM;

        b->manager = m;
        *ret = b;
        return 0;
}

PlanBus *plan_bus_free(PlanBus *b)
{
        if (!b)
                return NULL;

        while (b->list)
                plan_call_free(b->list);

        free(b);
        return NULL;
}

/* Options */

static int read_parallel(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        PlanningRequest *q = options;
        uint64_t n;
        int r;

        r = bus_option_read_u64(m, key, 1, PLAN_PARALLEL_MAX, &n, reterr);
        if (r >= 0)
                q->parallel = (uint32_t) n;
        return r;
}

static int read_seconds(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        PlanningRequest *q = options;

        return bus_option_read_u64(m, key, 1, PLAN_SECONDS_MAX, &q->seconds, reterr);
}

static int read_fixups(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        PlanningRequest *q = options;
        const char *text;
        int r;

        r = bus_option_read_string(m, key, &text, reterr);
        if (r < 0)
                return r;

        q->fixups = guest_fixups_from_string(text);
        if ((int) q->fixups < 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option 'guest_fixups' cannot be '%s'; allowed are 'yes', 'no' and "
                                   "'unknown'",
                                   bus_option_echo(text));

        return 0;
}

static void planning_request_done(PlanningRequest *q)
{
        for (char **goal = q->goals; goal && *goal; goal++)
                free(*goal);
        free(q->goals);
}

static int read_request(sd_bus_message *message, PlanningRequest *q, Failure *reterr)
{
        static const BusOption allowed[] = {
                { "parallel", read_parallel },
                { "time_limit_seconds", read_seconds },
                { "guest_fixups", read_fixups },
        };
        int r;

        *q = (PlanningRequest) { .parallel = 1, .seconds = PLAN_SECONDS_DEFAULT };

        r = sd_bus_message_read_strv(message, &q->goals);
        if (r < 0)
                return bus_option_read_failed(r, reterr);
        while (q->goals && q->goals[q->n_goals])
                q->n_goals++;

        return bus_options_read(message, "plan", allowed, ELEMENTSOF(allowed), q, reterr);
}

/* The call */

static int reply_with(sd_bus_message *call, json_object *plan)
{
        const char *text = json_object_to_json_string_ext(
                        plan, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);

        return text ? sd_bus_reply_method_return(call, "s", text) : -ENOMEM;
}

static void on_planned(json_object *plan, const Failure *why, void *userdata)
{
        PlanCall *c = userdata;
        int r;

        if (why)
                r = sd_bus_reply_method_errorf(c->message, failure_code_to_bus_error(why->code), "%s",
                                               failure_message(why));
        else
                r = reply_with(c->message, plan);
        if (r < 0)
                (void) log_error_errno(r, "Failed to reply, ignoring: %m");

        c->caller = sd_bus_slot_unref(c->caller);
        c->message = sd_bus_message_unref(c->message);
}

static void on_ended(void *userdata)
{
        plan_call_free(userdata);
}

static int on_caller_gone(sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
        PlanCall *c = userdata;

        planning_cancel(c->planning);
        return 0;
}

static int plan_begin(PlanBus *b, sd_bus_message *message, const PlanningRequest *request, Failure *reterr)
{
        static const PlanningHandlers handlers = { .planned = on_planned, .ended = on_ended };
        _cleanup_(plan_call_freep) PlanCall *c = NULL;
        int r;

        if (b->n >= PLANS_MAX)
                return failure_set(reterr, FAILURE_HOST,
                                   "%u plans are being made, no more are begun; try again in a few seconds",
                                   PLANS_MAX);

        c = calloc(1, sizeof(PlanCall));
        if (!c)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot plan");

        c->bus = b;
        c->message = sd_bus_message_ref(message);

        /* The worker last: who has begun is to be seen to its end. */
        r = bus_watch_caller(message, on_caller_gone, c, &c->caller);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot plan");
        if (planning_new(b->manager, request, &handlers, c, &c->planning, reterr) < 0)
                return -EREMOTEIO;

        c->next = b->list;
        c->link = &b->list;
        if (c->next)
                c->next->link = &c->next;
        b->list = TAKE_PTR(c);
        b->n++;
        return 0;
}

/* "fit=4 compact" */
static char *join(char *const *words)
{
        char *text = NULL;
        size_t size;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;

        for (size_t i = 0; words[i]; i++)
                (void) fprintf(f, "%s%s", i > 0 ? " " : "", words[i]);
        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }

        return text;
}

static int plan(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        _cleanup_(planning_request_done) PlanningRequest request = { 0 };
        Manager *m = userdata;
        Failure f = { 0 };

        if (read_request(message, &request, &f) < 0 || plan_begin(m->plan_bus, message, &request, &f) < 0)
                return bus_error_from_failure(error, &f);

        return 1; /* the reply comes later */
}

/* Nobody is asked about what makes no sense. */
int method_plan(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        _cleanup_(planning_request_done) PlanningRequest planning = { 0 };
        _cleanup_free_ char *goals = NULL;
        Manager *m = userdata;
        PolkitRequest request = {
                .action = POLKIT_ACTION_PLAN, .detail_key = "goals", .method = plan, .userdata = m
        };
        Failure f = { 0 };

        if (read_request(message, &planning, &f) < 0 || planning_check(&planning, &f) < 0)
                return bus_error_from_failure(error, &f);

        goals = join(planning.goals);
        if (!goals)
                return -ENOMEM;

        request.detail_value = goals;
        return polkit_authorize(m->polkit, message, &request, error);
}
