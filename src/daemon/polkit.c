/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/polkit.h"

#include <assert.h>

#include "basic/log.h"
#include "vgpu-hibernate.h"

/* A person types a password meanwhile. */
#define POLKIT_TIMEOUT_USEC (5 * 60 * USEC_PER_SEC)
/* CheckAuthorizationFlags, polkit's D-Bus reference: AllowUserInteraction. */
#define POLKIT_ALLOW_USER_INTERACTION 1U

/* Calls that wait to be allowed: as many of a connection as the bus lets wait for an answer, and those that polkit is
 * asked about, where a user must not take all places from others, for minutes. */
#define CALLS_OF_CONNECTION_MAX 128U
#define QUERIES_OF_USER_MAX 128U
#define QUERIES_MAX 512U

typedef struct PolkitQuery PolkitQuery;

/* A call that waits to be allowed: first for the bus to say who calls, then for polkit. */
struct PolkitQuery {
        Polkit *polkit;
        PolkitQuery *next, **link; /* link: what points here */
        sd_bus_message *message;
        sd_bus_slot *slot;
        bool asked; /* polkit, on behalf of uid */
        uid_t uid;
        bool anybody;
        char *action; /* NULL: root alone */
        const char *detail_key;
        char *detail_value;
        AuthorizedMethod method;
        void *userdata;
};

struct Polkit {
        PolkitQuery *queries;
        const PolkitQuery *running; /* whose method is being called */
};

static PolkitQuery *polkit_query_free(PolkitQuery *q)
{
        if (!q)
                return NULL;

        if (q->link) {
                *q->link = q->next;
                if (q->next)
                        q->next->link = q->link;
        }

        sd_bus_slot_unref(q->slot);
        sd_bus_message_unref(q->message);
        free(q->action);
        free(q->detail_value);
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

/* The last of a call that waited. */
static void polkit_query_end(PolkitQuery *q, int r, sd_bus_error *error)
{
        if (r > 0) {
                const PolkitQuery *outer = q->polkit->running;

                q->polkit->running = q;
                r = sd_bus_message_rewind(q->message, true);
                if (r >= 0)
                        r = q->method(q->message, q->userdata, error);
                q->polkit->running = outer;
        }

        if (sd_bus_error_is_set(error))
                r = sd_bus_reply_method_error(q->message, error);
        else if (r < 0)
                r = sd_bus_reply_method_errno(q->message, r, NULL);
        if (r < 0)
                (void) log_error_errno(r, "Failed to reply, ignoring: %m");
}

static int on_answer(sd_bus_message *answer, void *userdata, sd_bus_error *ignored)
{
        _cleanup_(polkit_query_freep) PolkitQuery *q = userdata;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;

        polkit_query_end(q, read_answer(answer, &error), &error);
        return 0;
}

static int polkit_query_send(PolkitQuery *q)
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
                                  sd_bus_message_get_sender(q->message), q->action, 1, q->detail_key,
                                  q->detail_value, flags, "");
        if (r < 0)
                return r;

        q->slot = sd_bus_slot_unref(q->slot);
        return sd_bus_call_async(bus, &q->slot, call, on_answer, q, POLKIT_TIMEOUT_USEC);
}

/* Now that it is known who calls. 1: yes, 0: polkit answers later. */
static int polkit_query_decide(PolkitQuery *q, sd_bus_error *error)
{
        unsigned of_user = 0, all = 0;
        int r;

        if (q->anybody || q->uid == 0 || q->uid == geteuid())
                return 1;
        if (!q->action)
                return refuse(error, "only root may do this");

        for (const PolkitQuery *o = q->polkit->queries; o; o = o->next) {
                all += o->asked;
                of_user += o->asked && o->uid == q->uid;
        }
        if (all >= QUERIES_MAX || of_user >= QUERIES_OF_USER_MAX)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                        "too many calls wait for polkit; try again later");

        r = polkit_query_send(q);
        if (r < 0)
                return r;

        q->asked = true;
        return 0;
}

static int on_user(sd_bus_message *answer, void *userdata, sd_bus_error *ignored)
{
        _cleanup_(polkit_query_freep) PolkitQuery *q = userdata;
        _cleanup_(sd_bus_error_free) sd_bus_error error = SD_BUS_ERROR_NULL;
        uint32_t uid;
        int r;

        if (sd_bus_message_is_method_error(answer, NULL) || sd_bus_message_read(answer, "u", &uid) < 0)
                r = refuse(&error, "who calls could not be found out");
        else {
                q->uid = uid;
                r = polkit_query_decide(q, &error);
        }

        if (r == 0)
                TAKE_PTR(q); /* it waits on */
        else
                polkit_query_end(q, r, &error);
        return 0;
}

static unsigned count_of_connection(const Polkit *p, const char *sender)
{
        unsigned n = 0;

        for (const PolkitQuery *q = p->queries; q; q = q->next)
                n += streq_ptr(sd_bus_message_get_sender(q->message), sender);

        return n;
}

static int polkit_query_new(Polkit *p, sd_bus_message *message, const PolkitRequest *request,
                            PolkitQuery **ret)
{
        _cleanup_(polkit_query_freep) PolkitQuery *q = malloc(sizeof(PolkitQuery));

        if (!q)
                return -ENOMEM;

        *q = (PolkitQuery) {
                .polkit = p,
                .next = p->queries,
                .link = &p->queries,
                .message = sd_bus_message_ref(message),
                .anybody = request->anybody,
                .detail_key = request->detail_key,
                .method = request->method,
                .userdata = request->userdata,
        };
        if (q->next)
                q->next->link = &q->next;
        p->queries = q;

        if (free_and_strdup(&q->action, request->action) < 0 ||
            free_and_strdup(&q->detail_value, request->detail_value) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(q);
        return 0;
}

int polkit_authorize(Polkit *p, sd_bus_message *message, const PolkitRequest *request, sd_bus_error *error)
{
        const char *sender = sd_bus_message_get_sender(message);
        _cleanup_(sd_bus_error_free) sd_bus_error own_error = SD_BUS_ERROR_NULL;
        _cleanup_(polkit_query_freep) PolkitQuery *q = NULL;
        int r;

        assert(p);

        if (!sender)
                return refuse(error, "who calls could not be found out");
        if (count_of_connection(p, sender) >= CALLS_OF_CONNECTION_MAX)
                return sd_bus_error_set(error, SD_BUS_ERROR_LIMITS_EXCEEDED,
                                        "too many calls of this client wait to be allowed; try again later");

        r = polkit_query_new(p, message, request, &q);
        if (r < 0)
                return r;

        if (p->running && p->running->message == message) {
                q->uid = p->running->uid;
                r = polkit_query_decide(q, &own_error);
                if (r == 0)
                        TAKE_PTR(q); /* it waits */
                else
                        polkit_query_end(q, r, &own_error);
                return 1;
        }

        /* Not sd_bus_query_sender_creds(): it waits, see bus-limits.h. */
        r = sd_bus_call_method_async(sd_bus_message_get_bus(message), &q->slot, "org.freedesktop.DBus",
                                     "/org/freedesktop/DBus", "org.freedesktop.DBus",
                                     "GetConnectionUnixUser", on_user, q, "s", sender);
        if (r < 0)
                return r;

        TAKE_PTR(q);
        return 1; /* the reply comes later */
}

uid_t polkit_caller(const Polkit *p)
{
        assert(p->running);

        return p->running->uid;
}
