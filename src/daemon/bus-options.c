/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus-options.h"

#include <inttypes.h>
#include <stdio.h>

/* Longer text from the wire is not repeated in a message. */
#define ECHO_BYTES_MAX 64U

const char *bus_option_echo(const char *text)
{
        return strlen(text) <= ECHO_BYTES_MAX ? text : "(too long)";
}

int bus_option_read_failed(int r, Failure *reterr)
{
        return failure_set_errno(reterr, FAILURE_HOST, r, "failed to read the options");
}

int bus_option_check_type(sd_bus_message *m, const char *key, const char *type, const char *expected,
                          Failure *reterr)
{
        const char *contents;
        char outer;
        int r;

        r = sd_bus_message_peek_type(m, &outer, &contents);
        if (r < 0)
                return bus_option_read_failed(r, reterr);
        if (!streq(contents, type))
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option '%s' must be of D-Bus type '%s' (%s)", key, type, expected);

        return 0;
}

int bus_option_read_string(sd_bus_message *m, const char *key, const char **ret, Failure *reterr)
{
        int r;

        r = bus_option_check_type(m, key, "s", "a string", reterr);
        if (r < 0)
                return r;

        r = sd_bus_message_read(m, "v", "s", ret);
        return r < 0 ? bus_option_read_failed(r, reterr) : 0;
}

int bus_option_read_u64(sd_bus_message *m, const char *key, uint64_t min, uint64_t max, uint64_t *ret,
                        Failure *reterr)
{
        uint64_t value;
        int r;

        r = bus_option_check_type(m, key, "t", "a number", reterr);
        if (r < 0)
                return r;

        r = sd_bus_message_read(m, "v", "t", &value);
        if (r < 0)
                return bus_option_read_failed(r, reterr);
        if (value < min || value > max)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option '%s' cannot be %" PRIu64 "; it must be %" PRIu64 " to %" PRIu64,
                                   key, value, min, max);

        *ret = value;
        return 0;
}

int bus_option_read_bool(sd_bus_message *m, const char *key, bool *ret, Failure *reterr)
{
        int value, r;

        r = bus_option_check_type(m, key, "b", "a boolean", reterr);
        if (r < 0)
                return r;

        r = sd_bus_message_read(m, "v", "b", &value);
        if (r < 0)
                return bus_option_read_failed(r, reterr);

        *ret = value;
        return 0;
}

int bus_option_read_strategy(sd_bus_message *m, const char *key, Strategy *ret, Failure *reterr)
{
        const char *text;
        Strategy s;
        int r;

        r = bus_option_read_string(m, key, &text, reterr);
        if (r < 0)
                return r;

        s = strategy_from_string(text);
        if ((int) s < 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option '%s' cannot be '%s'; allowed are 'auto', 'suspend-to-ram', "
                                   "'suspend-to-disk', 'device-state' and 'unplug'",
                                   key, bus_option_echo(text));

        *ret = s;
        return 0;
}

int bus_option_read_line(sd_bus_message *m, const char *key, size_t max, char **ret, Failure *reterr)
{
        bool printable = true;
        const char *text;
        int r;

        r = bus_option_read_string(m, key, &text, reterr);
        if (r < 0)
                return r;

        for (const char *c = text; *c; c++)
                printable = printable && (unsigned char) *c >= ' ' && *c != 127;
        if (!printable || strlen(text) > max)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option '%s' must be one line of at most %zu bytes", key, max);

        return free_and_strdup(ret, text) < 0 ? bus_option_read_failed(-ENOMEM, reterr) : 0;
}

/* "'strategy', 'functions' and 'fallback'" */
static char *describe(const BusOption *allowed, size_t n)
{
        char *text = NULL;
        size_t size = 0;
        FILE *f = open_memstream(&text, &size);

        if (!f)
                return NULL;

        for (size_t i = 0; i < n; i++)
                (void) fprintf(f, "%s'%s'", i == 0 ? "" : i + 1 == n ? " and " : ", ", allowed[i].key);

        if (fclose(f) != 0) {
                free(text);
                return NULL;
        }

        return text;
}

static int refuse(const char *key, const char *of_what, const BusOption *allowed, size_t n_allowed,
                  Failure *reterr)
{
        _cleanup_free_ char *list = describe(allowed, n_allowed);

        return failure_set(reterr, FAILURE_INVALID_OPTION, "there is no option '%s' for %s; allowed: %s",
                           bus_option_echo(key), of_what, list ? list : "see org.vgpu.Hibernate1(5)");
}

static int read_option(sd_bus_message *m, const char *of_what, const BusOption *allowed, size_t n_allowed,
                       unsigned *seen, void *options, Failure *reterr)
{
        const char *key;
        int r;

        r = sd_bus_message_read(m, "s", &key);
        if (r < 0)
                return bus_option_read_failed(r, reterr);

        for (size_t i = 0; i < n_allowed; i++) {
                if (!streq(key, allowed[i].key))
                        continue;
                if (*seen & 1U << i)
                        return failure_set(reterr, FAILURE_INVALID_OPTION, "option '%s' is given twice",
                                           key);

                *seen |= 1U << i;
                return allowed[i].read(m, key, options, reterr);
        }

        return refuse(key, of_what, allowed, n_allowed, reterr);
}

int bus_options_read(sd_bus_message *m, const char *of_what, const BusOption *allowed, size_t n_allowed,
                     void *options, Failure *reterr)
{
        unsigned seen = 0, n = 0;
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{sv}");
        while (r >= 0 && (r = sd_bus_message_enter_container(m, 'e', "sv")) > 0) {
                if (++n > BUS_OPTIONS_MAX)
                        return failure_set(reterr, FAILURE_INVALID_OPTION, "more than %u options for %s",
                                           BUS_OPTIONS_MAX, of_what);
                if (read_option(m, of_what, allowed, n_allowed, &seen, options, reterr) < 0)
                        return -EINVAL;

                r = sd_bus_message_exit_container(m);
        }
        if (r >= 0)
                r = sd_bus_message_exit_container(m);

        return r < 0 ? bus_option_read_failed(r, reterr) : 0;
}
