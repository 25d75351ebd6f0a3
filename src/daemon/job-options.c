/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/job-options.h"

#include <assert.h>

void job_options_done(JobOptions *o)
{
        free(o->functions);
        free(o->reservation);
        *o = (JobOptions) { 0 };
}

static int read_strategy(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        JobOptions *o = options;

        return bus_option_read_strategy(m, key, &o->strategy, reterr);
}

static int read_fallback(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        JobOptions *o = options;
        const char *text;
        JobFallback f;
        int r;

        r = bus_option_read_string(m, key, &text, reterr);
        if (r < 0)
                return r;

        f = job_fallback_from_string(text);
        if ((int) f < 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option 'fallback' cannot be '%s'; allowed are 'back' and 'stay'",
                                   bus_option_echo(text));

        o->fallback = f;
        return 0;
}

static int add_function(JobOptions *o, const char *text, Failure *reterr)
{
        PciAddress a;

        if (o->n_functions >= JOB_FUNCTIONS_MAX)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option 'functions' has too many elements; at most %d are allowed",
                                   JOB_FUNCTIONS_MAX);
        if (pci_address_parse(text, &a) < 0)
                return failure_set(
                                reterr, FAILURE_INVALID_OPTION,
                                "option 'functions': '%s' is no PCI address; write it like '0000:01:10.0'",
                                bus_option_echo(text));

        if (pci_address_is_among(&a, o->functions, o->n_functions))
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option 'functions' names %s twice; each may stand in once",
                                   PCI_ADDRESS_STR(&a));

        o->functions[o->n_functions++] = a;
        return 0;
}

static int read_functions(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        JobOptions *o = options;
        const char *text;
        int r;

        r = bus_option_check_type(m, key, "as", "an array of PCI addresses", reterr);
        if (r < 0)
                return r;

        o->functions = calloc(JOB_FUNCTIONS_MAX, sizeof(PciAddress));
        if (!o->functions)
                return bus_option_read_failed(-ENOMEM, reterr);

        r = sd_bus_message_enter_container(m, 'v', "as");
        if (r >= 0)
                r = sd_bus_message_enter_container(m, 'a', "s");
        while (r >= 0 && (r = sd_bus_message_read(m, "s", &text)) > 0)
                if (add_function(o, text, reterr) < 0)
                        return -EINVAL;
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        if (r >= 0)
                r = sd_bus_message_exit_container(m);
        return r < 0 ? bus_option_read_failed(r, reterr) : 0;
}

static int read_reservation(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        JobOptions *o = options;
        const char *text;
        int r;

        r = bus_option_read_string(m, key, &text, reterr);
        if (r < 0)
                return r;

        return free_and_strdup(&o->reservation, text) < 0 ? bus_option_read_failed(-ENOMEM, reterr) : 0;
}

static int read_hold(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        JobOptions *o = options;

        return hold_option_read_mode(m, key, &o->hold, reterr);
}

static int read_hold_until(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        JobOptions *o = options;

        return hold_option_read_until(m, key, &o->hold, reterr);
}

static int read_kind(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        JobOptions *o = options;
        const char *text;
        JobKind k;
        int r;

        r = bus_option_read_string(m, key, &text, reterr);
        if (r < 0)
                return r;

        k = job_kind_from_string(text);
        if ((int) k < 0 || k >= JOB_DISCARD) /* of the others there is nothing to explain */
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option 'kind' cannot be '%s'; allowed are 'hibernate', 'resume' and "
                                   "'move'",
                                   bus_option_echo(text));

        o->kind = k;
        return 0;
}

/* Those of a kind of job, then the one that says of which kind: for Explain. */
static const BusOption of_hibernate[] = { { "strategy", read_strategy },
                                          { "hold", read_hold },
                                          { "hold_until", read_hold_until },
                                          { "kind", read_kind } },
                       of_resume[] = { { "functions", read_functions },
                                       { "reservation", read_reservation },
                                       { "kind", read_kind } },
                       of_move[] = { { "strategy", read_strategy },
                                     { "functions", read_functions },
                                     { "reservation", read_reservation },
                                     { "fallback", read_fallback },
                                     { "kind", read_kind } };

static const struct {
        const BusOption *options;
        size_t n; /* without the last */
} allowed[] = {
        [JOB_HIBERNATE] = { of_hibernate, ELEMENTSOF(of_hibernate) - 1 },
        [JOB_RESUME] = { of_resume, ELEMENTSOF(of_resume) - 1 },
        [JOB_MOVE] = { of_move, ELEMENTSOF(of_move) - 1 },
        [JOB_DISCARD] = { NULL, 0 },
};
static_assert(ELEMENTSOF(allowed) == _JOB_KIND_DOMAIN_MAX, "a kind without options");

static int read_options(sd_bus_message *message, JobKind kind, bool explain, JobOptions *ret,
                        Failure *reterr)
{
        _cleanup_(job_options_done) JobOptions o = { .kind = kind, .strategy = STRATEGY_AUTO };
        int r;

        r = bus_options_read(message, job_kind_to_string(kind), allowed[kind].options,
                             allowed[kind].n + explain, &o, reterr);
        if (r >= 0)
                r = hold_options_check(&o.hold, reterr);
        if (r < 0)
                return r;

        *ret = o;
        o = (JobOptions) { 0 };
        return 0;
}

int job_options_read(sd_bus_message *message, JobKind kind, JobOptions *ret, Failure *reterr)
{
        return read_options(message, kind, false, ret, reterr);
}

/* Only `kind`, where it is given; the rest can be judged when that is known, and it may come last. */
static int find_kind(sd_bus_message *message, JobKind *ret, Failure *reterr)
{
        JobOptions o = { .kind = *ret };
        const char *key;
        int r;

        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                r = sd_bus_message_read(message, "s", &key);
                if (r >= 0 && streq(key, "kind") && read_kind(message, key, &o, reterr) < 0)
                        return -EINVAL;
                if (r >= 0 && !streq(key, "kind"))
                        r = sd_bus_message_skip(message, "v");
                if (r >= 0)
                        r = sd_bus_message_exit_container(message);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        if (r < 0)
                return bus_option_read_failed(r, reterr);

        *ret = o.kind;
        return 0;
}

int job_options_read_explain(sd_bus_message *message, JobOptions *ret, Failure *reterr)
{
        JobKind kind = JOB_MOVE;
        int r;

        r = find_kind(message, &kind, reterr);
        if (r < 0)
                return r;

        /* Once more from the domain on, which stands before them. */
        r = sd_bus_message_rewind(message, true);
        if (r >= 0)
                r = sd_bus_message_skip(message, "s");
        if (r < 0)
                return bus_option_read_failed(r, reterr);

        return read_options(message, kind, true, ret, reterr);
}
