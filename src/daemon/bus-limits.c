/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/bus-limits.h"

#include <systemd/sd-event.h>

#include "basic/log.h"
#include "vgpu-hibernate.h"

/* The longest plausible call names 64 functions. */
#define CALL_BYTES_MAX (64U * 1024)
/* The bus answers a ping at once, but behind all that was sent to us before. */
#define PING_TIMEOUT_USEC (5 * USEC_PER_SEC)

struct BusLimits {
        sd_bus_slot *filter;
        sd_bus_slot *ping; /* not answered yet */
};

static int count_value(sd_bus_message *m, size_t *left);

static int spend(size_t *left, size_t bytes)
{
        if (bytes > *left)
                return -EMSGSIZE;

        *left -= bytes;
        return 1;
}

/* Numbers, of which an array may hold millions, are not looked at one by one. */
static int count_numbers(sd_bus_message *m, char type, size_t *left)
{
        const void *numbers;
        size_t bytes;
        int r;

        r = sd_bus_message_read_array(m, type, &numbers, &bytes);
        return r < 0 ? r : spend(left, bytes);
}

static int count_container(sd_bus_message *m, char type, const char *contents, size_t *left)
{
        int r;

        if (type == 'a' && contents[1] == '\0' && strchr("ynqiuxtd", contents[0]))
                return count_numbers(m, contents[0], left);

        r = sd_bus_message_enter_container(m, type, contents);
        if (r < 0)
                return r;

        while ((r = count_value(m, left)) > 0)
                ;
        return r < 0 ? r : sd_bus_message_exit_container(m);
}

/* 0: there is none. The recursion ends where sd-bus's limit of nesting does. */
static int count_value(sd_bus_message *m, size_t *left)
{
        union {
                const char *text;
                uint64_t number;
        } value;
        const char *contents;
        char type;
        int r;

        r = sd_bus_message_peek_type(m, &type, &contents);
        if (r <= 0)
                return r;

        r = spend(left, sizeof(value));
        if (r < 0)
                return r;

        if (strchr("avre", type)) {
                r = count_container(m, type, contents, left);
                return r < 0 ? r : 1;
        }

        r = sd_bus_message_read_basic(m, type, &value);
        if (r < 0)
                return r;
        return strchr("sog", type) ? spend(left, strlen(value.text)) : 1;
}

static int check_size(sd_bus_message *m, sd_bus_error *error)
{
        size_t left = CALL_BYTES_MAX;
        int r;

        r = spend(&left, strlen(sd_bus_message_get_path(m)));
        while (r > 0)
                r = count_value(m, &left);
        if (r == -EMSGSIZE)
                return sd_bus_error_setf(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                         "this call has more than %u bytes, no method needs as many",
                                         CALL_BYTES_MAX);

        if (r >= 0)
                r = sd_bus_message_rewind(m, true);
        return r < 0 ? r : 0;
}

static int on_pong(sd_bus_message *pong, void *userdata, sd_bus_error *error)
{
        sd_bus *bus = sd_bus_message_get_bus(pong);
        _cleanup_(sd_event_unrefp) sd_event *event = sd_event_ref(sd_bus_get_event(bus));
        BusLimits *l = userdata;

        l->ping = sd_bus_slot_unref(l->ping);
        if (!sd_bus_message_is_method_error(pong, SD_BUS_ERROR_NO_REPLY) &&
            !sd_bus_message_is_method_error(pong, SD_BUS_ERROR_TIMEOUT))
                return 0;

        log_error("The bus takes no messages from this daemon any more, perhaps since some client does not read what it "
                  "asked for: ending, to be started again");
        (void) sd_bus_detach_event(bus); /* at the end of the loop it would wait until all is sent */
        return sd_event_exit(event, -ECONNABORTED);
}

static int ping(BusLimits *l, sd_bus *bus)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        int r;

        r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.DBus", "/org/freedesktop/DBus",
                                           "org.freedesktop.DBus.Peer", "Ping");
        if (r < 0)
                return r;

        return sd_bus_call_async(bus, &l->ping, call, on_pong, l, PING_TIMEOUT_USEC);
}

/* What was sent has not been taken yet: will it be? */
static void check_bus(BusLimits *l, sd_bus *bus)
{
        uint64_t n;
        int r;

        if (l->ping || sd_bus_get_n_queued_write(bus, &n) < 0 || n == 0)
                return;

        r = ping(l, bus);
        if (r < 0)
                (void) log_error_errno(r, "Failed to ask whether the bus takes messages, ignoring: %m");
}

static bool has_prefix(const char *s, const char *prefix)
{
        return s && strncmp(s, prefix, strlen(prefix)) == 0;
}

static int on_message(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        const char *interface = sd_bus_message_get_interface(message);

        if (!sd_bus_message_is_method_call(message, NULL, NULL))
                return 0;

        check_bus(userdata, sd_bus_message_get_bus(message));

        /* Properties, introspection, the list of objects: they are for who reads the answer, and have no other effect. */
        if (has_prefix(interface, "org.freedesktop.DBus.") && !sd_bus_message_get_expect_reply(message))
                return 1;

        return check_size(message, error);
}

BusLimits *bus_limits_free(BusLimits *l)
{
        if (!l)
                return NULL;

        sd_bus_slot_unref(l->ping);
        sd_bus_slot_unref(l->filter);
        free(l);
        return NULL;
}

int bus_limits_new(sd_bus *bus, BusLimits **ret)
{
        _cleanup_(bus_limits_freep) BusLimits *l = calloc(1, sizeof(BusLimits));
        int r;

        if (!l)
                return -ENOMEM;

        r = sd_bus_add_filter(bus, &l->filter, on_message, l);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(l);
        return 0;
}
