/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The fixture's side as a client of the daemon. */

#include <inttypes.h>

#include "basic/clock.h"
#include "fixture.h"

#define SIGNALS_MAX 4096U

/* One value as text: containers as "[a b]", strings as they are. */
static void print_value(FILE *out, sd_bus_message *m)
{
        const char *contents;
        bool first = true;
        char type;
        int r;

        r = sd_bus_message_peek_type(m, &type, &contents);
        CHECK(r >= 0);
        if (r == 0)
                return;

        if (strchr("avr(e{", type)) {
                CHECK(sd_bus_message_enter_container(m, type, contents) > 0);
                if (type != 'v')
                        (void) fputc('[', out);
                while (sd_bus_message_at_end(m, false) == 0) {
                        if (!first)
                                (void) fputc(' ', out);
                        print_value(out, m);
                        first = false;
                }
                if (type != 'v')
                        (void) fputc(']', out);
                CHECK(sd_bus_message_exit_container(m) >= 0);
                return;
        }

        union {
                const char *s;
                uint64_t t;
                int64_t x;
                uint32_t u;
                int32_t i;
                double d;
                int b;
        } value;

        CHECK(sd_bus_message_read_basic(m, type, &value) > 0);
        switch (type) {
        case 's':
        case 'o':
                (void) fputs(value.s, out);
                break;
        case 't':
                (void) fprintf(out, "%" PRIu64, value.t);
                break;
        case 'u':
                (void) fprintf(out, "%" PRIu32, value.u);
                break;
        case 'i':
                (void) fprintf(out, "%" PRId32, value.i);
                break;
        case 'd':
                (void) fprintf(out, "%.3f", value.d);
                break;
        case 'b':
                (void) fputs(value.b ? "true" : "false", out);
                break;
        default:
                CHECK(!"a type that the daemon does not use");
        }
}

static void print_changed(FILE *out, sd_bus_message *m)
{
        const char *interface, *name, *contents;

        CHECK(sd_bus_message_read(m, "s", &interface) > 0);
        CHECK(sd_bus_message_enter_container(m, 'a', "{sv}") > 0);
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                char type;

                CHECK(sd_bus_message_read(m, "s", &name) > 0);
                (void) fprintf(out, " %s=", name);
                CHECK(sd_bus_message_peek_type(m, &type, &contents) > 0);
                print_value(out, m);
                CHECK(sd_bus_message_exit_container(m) >= 0);
        }
        CHECK(sd_bus_message_exit_container(m) >= 0);

        CHECK(sd_bus_message_enter_container(m, 'a', "s") > 0);
        while (sd_bus_message_read(m, "s", &name) > 0)
                (void) fprintf(out, " %s!", name);
        CHECK(sd_bus_message_exit_container(m) >= 0);
}

static int on_signal(sd_bus_message *m, void *userdata, sd_bus_error *error)
{
        const char *member = sd_bus_message_get_member(m);
        Fixture *f = userdata;
        size_t size;
        FILE *out;

        if (f->n_signals >= SIGNALS_MAX)
                return 0;

        out = open_memstream(f->signals + f->n_signals, &size);
        CHECK(out);

        (void) fprintf(out, "%s", member);
        if (streq(member, "PropertiesChanged")) {
                (void) fprintf(out, " %s", sd_bus_message_get_path(m));
                print_changed(out, m);
        } else
                while (sd_bus_message_at_end(m, true) == 0) {
                        (void) fputc(' ', out);
                        print_value(out, m);
                }
        (void) fputc(' ', out); /* so that "State=done " can be asked for */

        CHECK(fclose(out) == 0);
        f->n_signals++;
        return 0;
}

void fixture_connect(Fixture *f)
{
        CHECK(sd_bus_new(&f->bus) >= 0);
        CHECK(sd_bus_set_address(f->bus, f->bus_address) >= 0);
        CHECK(sd_bus_set_bus_client(f->bus, true) >= 0);
        CHECK(sd_bus_start(f->bus) >= 0);

        f->signals = calloc(SIGNALS_MAX, sizeof(char *));
        CHECK(f->signals);
        CHECK(sd_bus_add_match(f->bus, &f->match,
                               "type='signal',path_namespace='" VGPU_HIBERNATE_ROOT_PATH "'", on_signal,
                               f) >= 0);
}

static void forget_until(Fixture *f, size_t n)
{
        for (size_t i = 0; i < n; i++)
                free(f->signals[i]);

        f->n_signals -= n;
        memmove(f->signals, f->signals + n, f->n_signals * sizeof(char *));
}

/* Also those that are on their way: what the daemon sent before it answers is here when the answer is. */
void forget_signals(Fixture *f)
{
        if (f->daemon_pid > 0)
                free(get_property(f, VGPU_HIBERNATE_ROOT_PATH, "Version"));
        while (sd_bus_process(f->bus, NULL) > 0)
                ;
        forget_until(f, f->n_signals);
}

bool had_signal(const Fixture *f, const char *words)
{
        for (size_t i = 0; i < f->n_signals; i++)
                if (strstr(f->signals[i], words))
                        return true;

        return false;
}

/* False when the time is over. */
static bool wait_for_message(Fixture *f, uint64_t until_usec)
{
        uint64_t now = clock_monotonic_usec();
        int r;

        if (now >= until_usec)
                return false;

        r = sd_bus_process(f->bus, NULL);
        CHECK(r >= 0);
        if (r == 0)
                CHECK(sd_bus_wait(f->bus, until_usec - now) >= 0 || errno == EINTR);
        return true;
}

void expect_signal(Fixture *f, const char *words)
{
        uint64_t until = clock_monotonic_usec() + WAIT_USEC;

        for (;;) {
                for (size_t i = 0; i < f->n_signals; i++)
                        if (strstr(f->signals[i], words)) {
                                forget_until(f, i + 1);
                                return;
                        }

                if (!wait_for_message(f, until))
                        break;
        }

        (void) fprintf(stderr, "No signal '%s' came, but:\n", words);
        for (size_t i = 0; i < f->n_signals; i++)
                (void) fprintf(stderr, "  %s\n", f->signals[i]);
        abort();
}

void await(Fixture *f, const bool *what)
{
        uint64_t until = clock_monotonic_usec() + WAIT_USEC;

        while (!*what)
                CHECK(wait_for_message(f, until));
}

static const char *interface_of(const char *path)
{
        if (strstr(path, "/domain/"))
                return VGPU_HIBERNATE_DOMAIN_INTERFACE;
        if (strstr(path, "/function/"))
                return VGPU_HIBERNATE_FUNCTION_INTERFACE;
        if (strstr(path, "/pool/"))
                return VGPU_HIBERNATE_POOL_INTERFACE;
        if (strstr(path, "/job/"))
                return VGPU_HIBERNATE_JOB_INTERFACE;
        return VGPU_HIBERNATE_MANAGER_INTERFACE;
}

static char *reply_to_text(sd_bus_message *reply)
{
        char *value = NULL;
        size_t size;
        FILE *out;

        out = open_memstream(&value, &size);
        CHECK(out);
        print_value(out, reply);
        CHECK(fclose(out) == 0);
        return value;
}

char *get_property(Fixture *f, const char *path, const char *property)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        if (sd_bus_call_method(f->bus, VGPU_HIBERNATE_BUS_NAME, path, "org.freedesktop.DBus.Properties",
                               "Get", NULL, &reply, "ss", interface_of(path), property) < 0)
                return NULL;

        return reply_to_text(reply);
}

static char *get_all(Fixture *f, const char *path)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;

        if (sd_bus_call_method(f->bus, VGPU_HIBERNATE_BUS_NAME, path, "org.freedesktop.DBus.Properties",
                               "GetAll", NULL, &reply, "s", interface_of(path)) < 0)
                return NULL;

        return reply_to_text(reply);
}

void expect_property(Fixture *f, const char *path, const char *property, const char *value)
{
        uint64_t until = clock_monotonic_usec() + WAIT_USEC;
        _cleanup_free_ char *last = NULL;

        for (;;) {
                free(last);
                last = get_property(f, path, property);
                if (streq_ptr(last, value))
                        return;

                /* Whatever changes is signalled, except that there is a daemon now. */
                if (last ? !wait_for_message(f, until) : clock_monotonic_usec() >= until)
                        break;
                if (!last)
                        clock_sleep_usec(20 * USEC_PER_MSEC);
        }

        (void) fprintf(stderr, "%s.%s is '%s', not '%s'\n", path, property, last ? last : "(error)", value);
        abort();
}

void expect_absent(Fixture *f, const char *path, const char *property)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        _cleanup_free_ char *all = get_all(f, path);

        CHECK(sd_bus_call_method(f->bus, VGPU_HIBERNATE_BUS_NAME, path, "org.freedesktop.DBus.Properties",
                                 "Get", &error, NULL, "ss", interface_of(path), property) < 0);
        CHECK(streq_ptr(error.name, SD_BUS_ERROR_UNKNOWN_PROPERTY));
        CHECK(all && !strstr(all, property));
}

static char *copy_error(const sd_bus_error *error, char **ret_message)
{
        char *name = strdup(error->name);

        CHECK(name);
        if (ret_message)
                CHECK((*ret_message = strdup(error->message ? error->message : "")));
        return name;
}

char *call_message(Fixture *f, sd_bus_message *call, sd_bus_message **ret_reply, char **ret_message)
{
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

        if (sd_bus_call(f->bus, call, WAIT_USEC, &error, ret_reply) < 0)
                return copy_error(&error, ret_message);

        return NULL;
}

char *start_call(Fixture *f, const char *method, const char *domain, const char *strategy,
                 const char *const *functions, char **ret_path, char **ret_message)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;
        const char *path;
        char *error;

        CHECK(sd_bus_message_new_method_call(f->bus, &call, VGPU_HIBERNATE_BUS_NAME,
                                             VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                             method) >= 0);
        CHECK(sd_bus_message_append(call, "s", domain) >= 0);
        CHECK(sd_bus_message_open_container(call, 'a', "{sv}") >= 0);
        if (strategy)
                CHECK(sd_bus_message_append(call, "{sv}", "strategy", "s", strategy) >= 0);
        if (functions) {
                CHECK(sd_bus_message_open_container(call, 'e', "sv") >= 0);
                CHECK(sd_bus_message_append(call, "s", "functions") >= 0);
                CHECK(sd_bus_message_open_container(call, 'v', "as") >= 0);
                CHECK(sd_bus_message_append_strv(call, (char **) functions) >= 0);
                CHECK(sd_bus_message_close_container(call) >= 0);
                CHECK(sd_bus_message_close_container(call) >= 0);
        }
        CHECK(sd_bus_message_close_container(call) >= 0);

        error = call_message(f, call, &reply, ret_message);
        if (!error && ret_path) {
                CHECK(sd_bus_message_read(reply, "o", &path) > 0);
                CHECK((*ret_path = strdup(path)));
        }
        return error;
}

void start_ok(Fixture *f, uint64_t id, const char *method, const char *domain, const char *const *functions)
{
        _cleanup_free_ char *path = NULL, *message = NULL, *error = NULL, *expected = NULL;

        error = start_call(f, method, domain, NULL, functions, &path, &message);
        if (error)
                (void) fprintf(stderr, "%s: %s\n", error, message);
        CHECK(!error);

        expected = format(VGPU_HIBERNATE_JOB_PATH "/%" PRIu64, id);
        CHECK(streq(path, expected));
}

void start_refused(Fixture *f, const char *error, const char *words, const char *method, const char *domain,
                   const char *const *functions)
{
        _cleanup_free_ char *message = NULL, *name = NULL;

        name = start_call(f, method, domain, NULL, functions, NULL, &message);
        if (!streq_ptr(name, error) || !strstr(message, words))
                (void) fprintf(stderr, "%s of '%s': %s: %s\n", method, domain, name ? name : "no error",
                               message ? message : "");
        CHECK(streq_ptr(name, error));
        CHECK(strstr(message, words));
}

char *simple_call(Fixture *f, const char *path, const char *method, const char *types, const char *argument)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL, *reply = NULL;

        CHECK(sd_bus_message_new_method_call(f->bus, &call, VGPU_HIBERNATE_BUS_NAME, path,
                                             interface_of(path), method) >= 0);
        if (types)
                CHECK(sd_bus_message_append_basic(call, types[0], argument) >= 0);
        return call_message(f, call, &reply, NULL);
}
