/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/polkit.h"

#include <assert.h>

#include "basic/log.h"
#include "daemon/daemon-bus.h"
#include "vgpu-hibernate.h"

/* A person types a password meanwhile. */
#define POLKIT_TIMEOUT_USEC (5 * 60 * USEC_PER_SEC)
/* CheckAuthorizationFlags, polkit's D-Bus reference: AllowUserInteraction. */
#define POLKIT_ALLOW_USER_INTERACTION 1U

typedef struct PolkitQuery PolkitQuery;

struct PolkitQuery {
        Polkit *polkit;
        PolkitQuery *next, **link; /* link: what points here */
        sd_bus_message *message;
        sd_bus_slot *slot;
        AuthorizedMethod method;
        void *userdata;
};

struct Polkit {
        PolkitQuery *queries;
        unsigned n_queries;
};

static PolkitQuery *polkit_query_free(PolkitQuery *q)
{
        if (!q)
                return NULL;

        if (q->link) {
                *q->link = q->next;
                if (q->next)
                        q->next->link = q->link;
                q->polkit->n_queries--;
        }

        sd_bus_slot_unref(q->slot);
        sd_bus_message_unref(q->message);
        free(q);
        return NULL;
}
DEFINE_CLEANUP_FUNC(PolkitQuery *, polkit_query_free);

int polkit_new(Polkit **ret)
{
        Polkit *p = calloc(1, sizeof(Polkit));

        if (!p)
                return -ENOMEM;

        *ret = p;
        return 0;
}

Polkit *polkit_free(Polkit *p)
{
        if (!p)
                return NULL;

        while (p->queries)
                polkit_query_free(p->queries);

        free(p);
        return NULL;
}

static int refuse(sd_bus_error *error, const char *text)
{
        return sd_bus_error_set(error, VGPU_HIBERNATE_ERROR_NOT_AUTHORIZED, text);
}

static int call_method(sd_bus_message *message, AuthorizedMethod method, void *userdata, sd_bus_error *error)
{
        int r = sd_bus_message_rewind(message, true);

        return r < 0 ? r : method(message, userdata, error);
}

/* 1: yes. */
static int read_answer(sd_bus_message *answer, sd_bus_error *error)
{
        int authorized, challenge, r;

        if (sd_bus_message_is_method_error(answer, NULL)) {
                log_debug("polkit: %s", sd_bus_message_get_error(answer)->message);
                return refuse(error,
                              "polkit does not answer, so only root may do this; call as root or install "
                              "polkit");
        }

        r = sd_bus_message_enter_container(answer, 'r', "bba{ss}");
        if (r >= 0)
                r = sd_bus_message_read(answer, "bb", &authorized, &challenge);
        if (r < 0)
                return refuse(error, "polkit's answer was not understood; call as root");

        if (authorized)
                return 1;

        if (challenge)
                return refuse(error,
                              "this needs authentication, which the call did not allow; allow it or call as "
                              "root");

        return refuse(error, "polkit's rules do not allow this to you; call as root");
}

static int on_answer(sd_bus_message *answer, void *userdata, sd_bus_error *ignored)
{
        _cleanup_(polkit_query_freep) PolkitQuery *q = userdata;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        int r;

        r = read_answer(answer, &error);
        if (r > 0)
                r = call_method(q->message, q->method, q->userdata, &error);
        if (r >= 0 && !sd_bus_error_is_set(&error))
                return 0;

        r = sd_bus_error_is_set(&error) ? sd_bus_reply_method_error(q->message, &error)
                                        : sd_bus_reply_method_errno(q->message, r, NULL);
        if (r < 0)
                (void) log_error_errno(r, "Failed to reply, ignoring: %m");
        return 0;
}

static int polkit_query_send(PolkitQuery *q, const PolkitRequest *request)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *call = NULL;
        sd_bus *bus = sd_bus_message_get_bus(q->message);
        uint32_t flags;
        int r;

        r = sd_bus_message_get_allow_interactive_authorization(q->message);
        if (r < 0)
                return r;
        flags = r > 0 ? POLKIT_ALLOW_USER_INTERACTION : 0;

        r = sd_bus_message_new_method_call(bus, &call, "org.freedesktop.PolicyKit1",
                                           "/org/freedesktop/PolicyKit1/Authority",
                                           "org.freedesktop.PolicyKit1.Authority", "CheckAuthorization");
        if (r < 0)
                return r;

        r = sd_bus_message_append(call, "(sa{sv})sa{ss}us", "system-bus-name", 1, "name", "s",
                                  sd_bus_message_get_sender(q->message), request->action, 1,
                                  request->detail_key, request->detail_value, flags, "");
        if (r < 0)
                return r;

        return sd_bus_call_async(bus, &q->slot, call, on_answer, q, POLKIT_TIMEOUT_USEC);
}

static int polkit_ask(Polkit *p, sd_bus_message *message, const PolkitRequest *request, sd_bus_error *error)
{
        _cleanup_(polkit_query_freep) PolkitQuery *q = NULL;
        int r;

        if (p->n_queries >= POLKIT_QUERIES_MAX)
                return refuse(error, "too many callers wait for polkit; try again later");

        q = malloc(sizeof(PolkitQuery));
        if (!q)
                return -ENOMEM;

        *q = (PolkitQuery) {
                .polkit = p,
                .message = sd_bus_message_ref(message),
                .method = request->method,
                .userdata = request->userdata,
        };

        r = polkit_query_send(q, request);
        if (r < 0)
                return r;

        q->next = p->queries;
        q->link = &p->queries;
        if (q->next)
                q->next->link = &q->next;
        p->queries = TAKE_PTR(q);
        p->n_queries++;
        return 1; /* the reply comes later */
}

int polkit_authorize(Polkit *p, sd_bus_message *message, const PolkitRequest *request, sd_bus_error *error)
{
        Failure f = { 0 };
        uid_t uid;

        if (bus_get_sender_uid(message, &uid, &f) < 0)
                return bus_error_from_failure(error, &f);

        if (uid == 0 || uid == geteuid())
                return call_method(message, request->method, request->userdata, error);

        return polkit_ask(p, message, request, error);
}
