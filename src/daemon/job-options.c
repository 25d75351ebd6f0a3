/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/job-options.h"

#include <assert.h>

/* Longer text from the wire is not repeated in a message. */
#define ECHO_BYTES_MAX 64U

void job_options_done(JobOptions *o)
{
        free(o->functions);
        *o = (JobOptions) { 0 };
}

/* Whatever libsystemd says about a message that is well-formed: no memory. */
static int read_failed(int r, Failure *reterr)
{
        return failure_set_errno(reterr, FAILURE_HOST, r, "failed to read the options");
}

static const char *echo(const char *text)
{
        return strlen(text) <= ECHO_BYTES_MAX ? text : "(too long)";
}

static const char *allowed_options(JobKind kind)
{
        switch (kind) {
        case JOB_HIBERNATE:
                return "'strategy'";
        case JOB_RESUME:
                return "'functions'";
        case JOB_MOVE:
                return "'strategy', 'functions' and 'fallback'";
        case _JOB_KIND_MAX:
        case _JOB_KIND_INVALID:
                break;
        }

        assert(false);
        return "none";
}

static int check_type(sd_bus_message *m, const char *key, const char *type, const char *expected,
                      Failure *reterr)
{
        const char *contents;
        char outer;
        int r;

        r = sd_bus_message_peek_type(m, &outer, &contents);
        if (r < 0)
                return read_failed(r, reterr);
        if (!streq(contents, type))
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option '%s' must be of D-Bus type '%s' (%s)", key, type, expected);

        return 0;
}

static int read_word(sd_bus_message *m, const char *key, const char **ret, Failure *reterr)
{
        int r;

        r = check_type(m, key, "s", "a string", reterr);
        if (r < 0)
                return r;

        r = sd_bus_message_read(m, "v", "s", ret);
        return r < 0 ? read_failed(r, reterr) : 0;
}

static int read_strategy(sd_bus_message *m, JobOptions *o, Failure *reterr)
{
        const char *text;
        Strategy s;
        int r;

        r = read_word(m, "strategy", &text, reterr);
        if (r < 0)
                return r;

        s = strategy_from_string(text);
        if (s < 0)
                return failure_set(
                                reterr, FAILURE_INVALID_OPTION,
                                "option 'strategy' cannot be '%s'; allowed are 'auto', 'suspend-to-ram' and "
                                "'suspend-to-disk'",
                                echo(text));

        o->strategy = s;
        return 0;
}

static int read_fallback(sd_bus_message *m, JobOptions *o, Failure *reterr)
{
        const char *text;
        JobFallback f;
        int r;

        r = read_word(m, "fallback", &text, reterr);
        if (r < 0)
                return r;

        f = job_fallback_from_string(text);
        if ((int) f < 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option 'fallback' cannot be '%s'; allowed are 'back' and 'stay'",
                                   echo(text));

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
                                echo(text));

        for (size_t i = 0; i < o->n_functions; i++)
                if (pci_address_equal(o->functions + i, &a))
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "option 'functions' names %s twice; each may stand in once",
                                           PCI_ADDRESS_STR(&a));

        o->functions[o->n_functions++] = a;
        return 0;
}

static int read_functions(sd_bus_message *m, JobOptions *o, Failure *reterr)
{
        const char *text;
        int r;

        r = check_type(m, "functions", "as", "an array of PCI addresses", reterr);
        if (r < 0)
                return r;

        o->functions = calloc(JOB_FUNCTIONS_MAX, sizeof(PciAddress));
        if (!o->functions)
                return read_failed(-ENOMEM, reterr);

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
        return r < 0 ? read_failed(r, reterr) : 0;
}

static int read_option(sd_bus_message *m, JobKind kind, unsigned *seen, JobOptions *o, Failure *reterr)
{
        static const struct {
                const char *key;
                unsigned kinds;
                int (*read)(sd_bus_message *m, JobOptions *o, Failure *reterr);
        } options[] = {
                { "strategy", 1U << JOB_HIBERNATE | 1U << JOB_MOVE, read_strategy },
                { "functions", 1U << JOB_RESUME | 1U << JOB_MOVE, read_functions },
                { "fallback", 1U << JOB_MOVE, read_fallback },
        };
        const char *key;
        int r;

        r = sd_bus_message_read(m, "s", &key);
        if (r < 0)
                return read_failed(r, reterr);

        for (size_t i = 0; i < ELEMENTSOF(options); i++) {
                if (!streq(key, options[i].key) || !(options[i].kinds & 1U << kind))
                        continue;
                if (*seen & 1U << i)
                        return failure_set(reterr, FAILURE_INVALID_OPTION, "option '%s' is given twice",
                                           key);

                *seen |= 1U << i;
                return options[i].read(m, o, reterr);
        }

        return failure_set(reterr, FAILURE_INVALID_OPTION, "there is no option '%s' for %s; allowed: %s",
                           echo(key), job_kind_to_string(kind), allowed_options(kind));
}

int job_options_read(sd_bus_message *message, JobKind kind, JobOptions *ret, Failure *reterr)
{
        _cleanup_(job_options_done) JobOptions o = { .strategy = STRATEGY_AUTO };
        unsigned seen = 0, n = 0;
        int r;

        r = sd_bus_message_enter_container(message, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(message, 'e', "sv")) > 0) {
                if (++n > JOB_OPTIONS_MAX)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "more than %u options; allowed for %s: %s", JOB_OPTIONS_MAX,
                                           job_kind_to_string(kind), allowed_options(kind));
                if (read_option(message, kind, &seen, &o, reterr) < 0)
                        return -EINVAL;

                r = sd_bus_message_exit_container(message);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(message);
        if (r < 0)
                return read_failed(r, reterr);

        *ret = o;
        o = (JobOptions) { 0 };
        return 0;
}
