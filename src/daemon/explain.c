/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/explain.h"

#include "basic/log.h"
#include "daemon/daemon-bus.h"
#include "daemon/explanation.h"
#include "daemon/worker-answer.h"

/* One caller that waits, then what is left of its worker. */
typedef struct Explain Explain;
struct Explain {
        Explainer *explainer;
        Explain *next, **link; /* link: what points here */
        sd_bus_message *message;
        sd_bus_slot *caller; /* tells when the one who asked leaves the bus */
        Explanation explanation;
        JobOptions options;
        WorkerAnswer *worker;
};

struct Explainer {
        Manager *manager;
        Explain *list;
        unsigned n;
};

static Explain *explain_free(Explain *e)
{
        if (!e)
                return NULL;

        if (e->link) {
                *e->link = e->next;
                if (e->next)
                        e->next->link = e->link;
                e->explainer->n--;
        }

        worker_answer_free(e->worker);
        sd_bus_slot_unref(e->caller);
        sd_bus_message_unref(e->message);
        explanation_done(&e->explanation);
        job_options_done(&e->options);
        free(e);
        return NULL;
}
DEFINE_CLEANUP_FUNC(Explain *, explain_free);

int explainer_new(Manager *m, Explainer **ret)
{
        Explainer *x = calloc(1, sizeof(Explainer));

        if (!x)
                return -ENOMEM;

        x->manager = m;
        *ret = x;
        return 0;
}

Explainer *explainer_free(Explainer *x)
{
        if (!x)
                return NULL;

        while (x->list)
                explain_free(x->list);

        free(x);
        return NULL;
}

static int reply_with(sd_bus_message *call, const Explanation *e)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *reply = NULL;
        int r;

        r = sd_bus_message_new_method_return(call, &reply);
        if (r >= 0)
                r = explanation_append(e, reply);
        return r < 0 ? r : sd_bus_message_send(reply);
}

/* From memory once more, for a guest as it was found. */
static int explain_again(Explain *e, GuestFixups fixups, Failure *reterr)
{
        Explanation again;
        int r;

        r = explanation_from_memory(e->explainer->manager, e->explanation.uuid, &e->options, fixups, &again,
                                    reterr);
        if (r < 0)
                return r;

        explanation_done(&e->explanation);
        e->explanation = again;
        return 0;
}

static void on_answered(const char *text, size_t size, const Failure *why, void *userdata)
{
        _cleanup_(failure_done) Failure garbage = { 0 };
        _cleanup_(verdict_done) Verdict verdict = { 0 };
        Explain *e = userdata;
        int r;

        if (!why && worker_answer_read_verdict(text, size, &verdict, &garbage) < 0)
                why = &garbage;
        if (!why && e->explanation.wants_fixups && verdict.fixups != FIXUPS_YES &&
            explain_again(e, verdict.fixups, &garbage) < 0)
                why = &garbage;

        if (why) {
                log_warning("Cannot explain domain %s: %s", e->explanation.uuid, failure_message(why));
                r = sd_bus_reply_method_errorf(e->message, failure_code_to_bus_error(why->code), "%s",
                                               failure_message(why));
        } else {
                explanation_add_verdict(&e->explanation, &verdict);
                r = reply_with(e->message, &e->explanation);
                if (r < 0)
                        r = sd_bus_reply_method_errno(e->message, r, NULL);
        }
        if (r < 0)
                (void) log_error_errno(r, "Failed to reply, ignoring: %m");

        e->caller = sd_bus_slot_unref(e->caller);
        e->message = sd_bus_message_unref(e->message);
}

static void on_ended(void *userdata)
{
        explain_free(userdata);
}

static int on_caller_gone(sd_bus_message *signal, void *userdata, sd_bus_error *error)
{
        Explain *e = userdata;

        worker_answer_cancel(e->worker);
        return 0;
}

static int explain_spawn(Explain *e)
{
        static const WorkerAnswerHandlers handlers = {
                .answered = on_answered,
                .ended = on_ended,
                .late = FAILURE_LIBVIRT,
                .late_text = "libvirt or the guest's agent did not answer",
                .late_remedy = "see 'systemctl status libvirtd', then try again",
        };
        const Manager *m = e->explainer->manager;
        const char *const words[] = {
                "explain",
                e->explanation.uuid,
                job_kind_to_string(e->explanation.kind),
                strategy_to_string(e->explanation.strategy),
                NULL,
        };
        const char *argv[WORKER_WORDS_MAX];

        manager_worker_argv(m, words, argv);
        return worker_answer_new(m->event, argv, m->notify_path, -EBADF,
                                 m->config->agent_timeout_usec + EXPLAIN_GRACE_USEC, EXPLAIN_BYTES_MAX,
                                 &handlers, e, &e->worker);
}

/* Takes the explanation and the options. */
static int explainer_ask_worker(Explainer *x, sd_bus_message *message, Explanation *explanation,
                                JobOptions *options, Failure *reterr)
{
        _cleanup_(explain_freep) Explain *e = NULL;
        int r;

        if (x->n >= EXPLAIN_WORKERS_MAX)
                return failure_set(reterr, FAILURE_HOST,
                                   "%u explanations are being worked on, no more are begun; try again in a "
                                   "few seconds",
                                   EXPLAIN_WORKERS_MAX);

        e = malloc(sizeof(Explain));
        if (!e)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot explain");

        *e = (Explain) {
                .explainer = x,
                .message = sd_bus_message_ref(message),
                .explanation = *explanation,
                .options = *options,
        };
        *explanation = (Explanation) { 0 };
        *options = (JobOptions) { 0 };

        /* The worker last: who has begun is to be seen to its end. */
        r = bus_watch_caller(e->message, on_caller_gone, e, &e->caller);
        if (r >= 0)
                r = explain_spawn(e);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot start a worker");

        e->next = x->list;
        e->link = &x->list;
        if (e->next)
                e->next->link = &e->next;
        x->list = TAKE_PTR(e);
        x->n++;
        return 0;
}

int explainer_answer(Explainer *x, sd_bus_message *message, sd_bus_error *error)
{
        _cleanup_(explanation_done) Explanation explanation = { 0 };
        _cleanup_(job_options_done) JobOptions options = { 0 };
        const char *domain;
        Failure f = { 0 };
        int r;

        r = sd_bus_message_read(message, "s", &domain);
        if (r < 0)
                return r;

        r = job_options_read_explain(message, &options, &f);
        options.uid = polkit_caller(x->manager->polkit);
        if (r >= 0)
                r = explanation_from_memory(x->manager, domain, &options, FIXUPS_YES, &explanation, &f);
        if (r >= 0 && !explanation.wants_verdict)
                return reply_with(message, &explanation);
        if (r >= 0)
                r = explainer_ask_worker(x, message, &explanation, &options, &f);
        if (r < 0)
                return bus_error_from_failure(error, &f);

        return 1; /* the reply comes later */
}
