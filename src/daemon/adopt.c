/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/adopt.h"

#include <inttypes.h>
#include <stdio.h>

#include "basic/log.h"
#include "core/adoption.h"
#include "daemon/bus-options.h"
#include "daemon/daemon-bus.h"
#include "daemon/start-job.h"
#include "daemon/worker-answer.h"
#include "store/adoption-json.h"
#include "store/json-util.h"

/* A handful of libvirt's calls, of which one waits for the domain's lock: libvirt gives up on that after 30 s. */
#define ADOPTION_DEADLINE_USEC (60 * USEC_PER_SEC)
/* Much more than the diff of any edit that it makes. */
#define ADOPTION_BYTES_MAX ((size_t) 1 << 20)

/* One caller that waits, then what is left of its worker. */
typedef struct Adopting Adopting;
struct Adopting {
        Adopter *adopter;
        Adopting *next, **link; /* link: what points here */
        char *uuid, *name;
        AdoptionRequest request;
        sd_bus_message *message;
        WorkerAnswer *worker;
};

struct Adopter {
        Manager *manager;
        Adopting *list;
        unsigned n;
};

static Adopting *adopting_free(Adopting *a)
{
        if (!a)
                return NULL;

        if (a->link) {
                *a->link = a->next;
                if (a->next)
                        a->next->link = a->link;
                a->adopter->n--;
        }

        worker_answer_free(a->worker);
        sd_bus_message_unref(a->message);
        free(a->uuid);
        free(a->name);
        free(a);
        return NULL;
}
DEFINE_CLEANUP_FUNC(Adopting *, adopting_free);

int adopter_new(Manager *m, Adopter **ret)
{
        Adopter *a = calloc(1, sizeof(Adopter));

        if (!a)
                return -ENOMEM;

        a->manager = m;
        *ret = a;
        return 0;
}

Adopter *adopter_free(Adopter *a)
{
        if (!a)
                return NULL;

        while (a->list)
                adopting_free(a->list);

        free(a);
        return NULL;
}

bool adopter_has(const Adopter *a, const char *domain_uuid)
{
        for (const Adopting *i = a->list; i; i = i->next)
                if (!i->request.dry_run && streq(i->uuid, domain_uuid))
                        return true;

        return false;
}

static int read_change(const char *text, size_t size, AdoptionChange *ret, Failure *reterr)
{
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_json_ json_object *o = NULL;

        if (json_parse_up_to(text, size, ADOPTION_BYTES_MAX, "what the worker says", &o, &why) < 0)
                return failure_set(reterr, FAILURE_HOST, "the worker's answer is not understood: %s",
                                   failure_message(&why));

        return adoption_change_from_json(o, ret, reterr);
}

static bool is_change(const AdoptionChange *c)
{
        return *c->diff != '\0' || c->autostart_before != c->autostart_after;
}

static int reply_with(sd_bus_message *call, const AdoptionChange *c)
{
        return sd_bus_reply_method_return(call, "a{sv}", 4, "changed", "b", (int) is_change(c), "diff", "s",
                                          c->diff, "autostart_before", "b", (int) c->autostart_before,
                                          "autostart_after", "b", (int) c->autostart_after);
}

static void on_answered(const char *text, size_t size, const Failure *why, void *userdata)
{
        _cleanup_(adoption_change_done) AdoptionChange change = { 0 };
        _cleanup_(failure_done) Failure f = { 0 };
        const char *verb;
        Adopting *a = userdata;
        int r;

        verb = a->request.disown ? "disown" : "adopt";
        if (!why && read_change(text, size, &change, &f) < 0)
                why = &f;

        if (why) {
                log_warning("Cannot %s domain '%s': %s", verb, a->name, failure_message(why));
                r = sd_bus_reply_method_errorf(a->message, failure_code_to_bus_error(why->code), "%s",
                                               failure_message(why));
        } else {
                if (!a->request.dry_run && is_change(&change))
                        log_info("Domain '%s' is %sed", a->name, verb);
                r = reply_with(a->message, &change);
        }
        if (r < 0)
                (void) log_error_errno(r, "Failed to reply, ignoring: %m");

        a->message = sd_bus_message_unref(a->message);
}

static void on_ended(void *userdata)
{
        adopting_free(userdata);
}

static int adopting_spawn(Adopting *a)
{
        static const WorkerAnswerHandlers handlers = {
                .answered = on_answered,
                .ended = on_ended,
                .late = FAILURE_LIBVIRT,
                .late_text = "libvirt did not answer",
                .late_remedy = "see 'systemctl status libvirtd', then try again",
        };
        const Manager *m = a->adopter->manager;
        const AdoptionRequest *request = &a->request;
        char order[sizeof("4294967295")] = "-";
        const char *words[6], *argv[WORKER_WORDS_MAX];
        size_t n = 0;

        if (request->has_order)
                (void) snprintf(order, sizeof(order), "%" PRIu32, request->order);

        if (request->dry_run)
                words[n++] = "--dry-run";
        words[n++] = request->disown ? "disown" : "adopt";
        words[n++] = a->uuid;
        if (!request->disown) {
                words[n++] = order;
                words[n++] = request->has_on_shutdown ? on_shutdown_to_string(request->on_shutdown) : "-";
        }
        words[n] = NULL;

        manager_worker_argv(m, words, argv);
        return worker_answer_new(m->event, argv, m->notify_path, -EBADF, ADOPTION_DEADLINE_USEC,
                                 ADOPTION_BYTES_MAX, &handlers, a, &a->worker);
}

static bool has_pooled_function(const View *v, const DomainView *d)
{
        for (size_t i = 0; i < d->n_functions; i++)
                if (view_find_function(v, d->functions + i))
                        return true;

        return false;
}

/* What the daemon knows better than the worker, or sooner. */
static int check(const Adopter *a, const DomainView *d, const AdoptionRequest *request, Failure *reterr)
{
        const Manager *m = a->manager;
        int r;

        r = host_shutdown_check(m->shutdown, reterr);
        if (r >= 0)
                r = manager_check_world(m, reterr);
        if (r < 0)
                return r;

        if (!d->defined || !d->persistent)
                return failure_set(reterr, FAILURE_NOT_PERSISTENT,
                                   "domain '%s' is transient: there is nothing to write an adoption into; "
                                   "define it with 'virsh define'",
                                   d->name);
        if (d->job != 0)
                return failure_set(reterr, FAILURE_DOMAIN_BUSY,
                                   "domain '%s' is %s in job %" PRIu64 "; wait for its end or cancel it",
                                   d->name, d->state, d->job);
        if (d->hibernated)
                return failure_set(
                                reterr, FAILURE_HIBERNATED,
                                "domain '%s' is hibernated, and the XML in its image would stay as it is; "
                                "resume it first",
                                d->name);
        if (!request->disown && !has_pooled_function(m->view, d))
                return failure_set(
                                reterr, FAILURE_NO_FUNCTION,
                                "domain '%s' has no function of the pool; see 'vgpu-hibernatectl functions'",
                                d->name);
        if (adopter_has(a, d->uuid))
                return failure_set(reterr, FAILURE_DOMAIN_BUSY,
                                   "the definition of domain '%s' is just being changed; try again in a few "
                                   "seconds",
                                   d->name);
        if (a->n >= ADOPTIONS_MAX)
                return failure_set(reterr, FAILURE_HOST,
                                   "%u definitions are being changed, no more are begun; try again in a few "
                                   "seconds",
                                   ADOPTIONS_MAX);
        return 0;
}

static int adopter_begin(Adopter *adopter, const DomainView *d, const AdoptionRequest *request,
                         sd_bus_message *message, Failure *reterr)
{
        _cleanup_(adopting_freep) Adopting *a = malloc(sizeof(Adopting));
        int r = -ENOMEM;

        if (a) {
                *a = (Adopting) {
                        .adopter = adopter,
                        .request = *request,
                        .uuid = strdup(d->uuid),
                        .name = strdup(d->name),
                        .message = sd_bus_message_ref(message),
                };
                if (a->uuid && a->name)
                        r = adopting_spawn(a);
        }
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot start a worker");

        a->next = adopter->list;
        a->link = &adopter->list;
        if (a->next)
                a->next->link = &a->next;
        adopter->list = TAKE_PTR(a);
        adopter->n++;
        return 0;
}

static int read_dry_run(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        AdoptionRequest *request = options;

        return bus_option_read_bool(m, key, &request->dry_run, reterr);
}

static int read_order(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        AdoptionRequest *request = options;
        uint64_t order;
        int r;

        r = bus_option_read_u64(m, key, 0, ADOPTION_ORDER_MAX, &order, reterr);
        if (r < 0)
                return r;

        request->has_order = true;
        request->order = (uint32_t) order;
        return 0;
}

static int read_on_shutdown(sd_bus_message *m, const char *key, void *options, Failure *reterr)
{
        AdoptionRequest *request = options;
        const char *text;
        int r;

        r = bus_option_read_string(m, key, &text, reterr);
        if (r < 0)
                return r;

        request->on_shutdown = on_shutdown_from_string(text);
        if ((int) request->on_shutdown < 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "option '%s' cannot be '%s'; allowed are 'hibernate' and 'nothing'", key,
                                   bus_option_echo(text));

        request->has_on_shutdown = true;
        return 0;
}

int adopter_answer(Adopter *a, sd_bus_message *message, bool disown, sd_bus_error *error)
{
        static const BusOption allowed[] = {
                { "dry_run", read_dry_run },
                { "order", read_order },
                { "on_shutdown", read_on_shutdown },
        };
        AdoptionRequest request = { .disown = disown };
        const DomainView *d;
        const char *domain;
        Failure f = { 0 };
        int r;

        r = sd_bus_message_read(message, "s", &domain);
        if (r < 0)
                return r;

        r = bus_options_read(message, disown ? "disown" : "adopt", allowed, disown ? 1 : ELEMENTSOF(allowed),
                             &request, &f);
        if (r >= 0)
                r = find_domain(a->manager, domain, &d, &f);
        if (r >= 0)
                r = check(a, d, &request, &f);
        if (r >= 0)
                r = adopter_begin(a, d, &request, message, &f);
        if (r < 0)
                return bus_error_from_failure(error, &f);

        return 1; /* the reply comes later */
}
