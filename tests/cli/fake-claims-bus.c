/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The fake daemon's reservations, of which there is at most one, and holds. */

#include "fake-daemon.h"

#include <assert.h>
#include <stdio.h>

static FakeFunction *reserved_function(Fake *f)
{
        for (size_t i = 0; i < ELEMENTSOF(f->functions); i++)
                if (streq(f->functions[i].address, "0000:02:10.0"))
                        return &f->functions[i];

        return NULL;
}

static void set_reserved(Fake *f, bool reserved)
{
        FakeFunction *function = reserved_function(f);

        f->reserved = reserved;
        function->state = reserved ? "held" : "free";
        function->held_until = reserved ? FAKE_EXPIRES_USEC : 0;
}

/* What was asked, as the text of a refusal: "POOL COUNT KEY=VALUE..." */
static int refuse_with_request(sd_bus_message *m, const char *pool, uint32_t count, sd_bus_error *reterr)
{
        char text[512];
        int n = snprintf(text, sizeof(text), "%s %u", pool, count);
        const char *key, *contents, *value;
        uint64_t number;
        char type;

        assert(sd_bus_message_enter_container(m, 'a', "{sv}") >= 0);
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                assert(sd_bus_message_read(m, "s", &key) >= 0);
                assert(sd_bus_message_peek_type(m, &type, &contents) >= 0);
                if (streq(contents, "t")) {
                        assert(sd_bus_message_read(m, "v", "t", &number) >= 0);
                        n += snprintf(text + n, sizeof(text) - (size_t) n, " %s=%llu", key,
                                      (unsigned long long) number);
                } else {
                        assert(sd_bus_message_read(m, "v", "s", &value) >= 0);
                        n += snprintf(text + n, sizeof(text) - (size_t) n, " %s=%s", key, value);
                }
                assert(sd_bus_message_exit_container(m) >= 0);
        }

        return sd_bus_error_set(reterr, VGPU_HIBERNATE_ERROR_NO_FREE_FUNCTION, text);
}

int fake_reserve(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        const char *pool;
        Fake *f = userdata;
        uint32_t count;

        assert(sd_bus_message_read(m, "su", &pool, &count) >= 0);
        if (count > 1 || f->reserved)
                return refuse_with_request(m, pool, count, reterr);

        set_reserved(f, true);
        return sd_bus_reply_method_return(m, "sast", FAKE_COOKIE, 1, "0000:02:10.0", FAKE_EXPIRES_USEC);
}

int fake_use_reservation(Fake *f, const char *cookie, sd_bus_error *reterr)
{
        if (!f->reserved || !streq(cookie, FAKE_COOKIE))
                return sd_bus_error_set(reterr, VGPU_HIBERNATE_ERROR_UNKNOWN_RESERVATION,
                                        "there is no reservation with this cookie");

        set_reserved(f, false);
        return 0;
}

int fake_release(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        const char *cookie;
        int r;

        assert(sd_bus_message_read(m, "s", &cookie) >= 0);
        r = fake_use_reservation(userdata, cookie, reterr);
        return r < 0 ? r : sd_bus_reply_method_return(m, NULL);
}

int fake_hold(sd_bus_message *m, void *userdata, sd_bus_error *reterr)
{
        const char *domain, *key, *mode = "hold";
        uint64_t until = 0;
        Fake *f = userdata;

        assert(sd_bus_message_read(m, "s", &domain) >= 0);
        assert(sd_bus_message_enter_container(m, 'a', "{sv}") >= 0);
        while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
                assert(sd_bus_message_read(m, "s", &key) >= 0);
                if (streq(key, "hold"))
                        assert(sd_bus_message_read(m, "v", "s", &mode) >= 0);
                else
                        assert(sd_bus_message_read(m, "v", "t", &until) >= 0);
                assert(sd_bus_message_exit_container(m) >= 0);
        }

        for (size_t i = 0; i < ELEMENTSOF(f->domains); i++) {
                FakeDomain *d = &f->domains[i];

                if (!streq(d->name, domain) || !streq(d->state, "hibernated"))
                        continue;

                (void) snprintf(d->hold, sizeof(d->hold), "%s", mode);
                d->hold_until = until;
                return sd_bus_reply_method_return(m, NULL);
        }

        return sd_bus_error_setf(reterr, VGPU_HIBERNATE_ERROR_NOT_HIBERNATED,
                                 "domain '%s' is not hibernated", domain);
}

int fake_get_reservations(sd_bus *bus, const char *path, const char *interface, const char *property,
                          sd_bus_message *reply, void *userdata, sd_bus_error *reterr)
{
        const Fake *f = userdata;

        if (!f->reserved)
                return sd_bus_message_append(reply, "a(sasuts)", 0);

        return sd_bus_message_append(reply, "a(sasuts)", 1, "8086-10ca", 1, "0000:02:10.0", 1000,
                                     FAKE_EXPIRES_USEC, "night\x1b[2J");
}
