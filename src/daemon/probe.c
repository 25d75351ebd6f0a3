/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/probe.h"

#include <stdio.h>

#include "basic/log.h"
#include "core/family.h"
#include "daemon/daemon-bus.h"
#include "daemon/manager-store.h"
#include "daemon/returns.h"
#include "daemon/suspects.h"
#include "daemon/worker-answer.h"

/* A reset, and libvirt's word that no domain has the function. */
#define PROBE_GRACE_USEC (60 * USEC_PER_SEC)
#define PROBE_BYTES_MAX ((size_t) 1 << 16)

/* One caller that waits, then what is left of its worker. */
typedef struct Probe Probe;
struct Probe {
        Prober *prober;
        Probe *next, **link; /* link: what points here */
        FunctionRef function;
        bool returned;           /* by a guest: it is in no quarantine */
        sd_bus_message *message; /* NULL: nobody waits */
        WorkerAnswer *worker;
};

struct Prober {
        Manager *manager;
        Probe *list;
        unsigned n;
};

static Probe *probe_free(Probe *p)
{
        if (!p)
                return NULL;

        if (p->link) {
                *p->link = p->next;
                if (p->next)
                        p->next->link = p->link;
                p->prober->n--;
        }

        worker_answer_free(p->worker);
        sd_bus_message_unref(p->message);
        free(p);
        return NULL;
}
DEFINE_CLEANUP_FUNC(Probe *, probe_free);

int prober_new(Manager *m, Prober **ret)
{
        Prober *p = calloc(1, sizeof(Prober));

        if (!p)
                return -ENOMEM;

        p->manager = m;
        *ret = p;
        return 0;
}

Prober *prober_free(Prober *p)
{
        if (!p)
                return NULL;

        while (p->list)
                probe_free(p->list);

        free(p);
        return NULL;
}

bool prober_has(const Prober *p, const FunctionRef *f)
{
        for (const Probe *i = p->list; i; i = i->next)
                if (function_ref_equal(&i->function, f))
                        return true;

        return false;
}

static int reply(sd_bus_message *message, const Failure *why)
{
        if (why->code == FAILURE_NONE)
                return sd_bus_reply_method_return(message, NULL);

        return sd_bus_reply_method_errorf(message, failure_code_to_bus_error(why->code), "%s",
                                          failure_message(why));
}

static void on_answered(const char *text, size_t size, const Failure *why, void *userdata)
{
        _cleanup_(failure_done) Failure f = { 0 };
        Probe *p = userdata;
        Manager *m = p->prober->manager;
        int r;

        r = why ? failure_set(&f, why->code, "%s", failure_message(why))
                : worker_answer_check(text, size, &f);
        if (p->returned) {
                returns_settle(m->returns, &p->function, r < 0 ? &f : NULL);
                return;
        }

        if (r >= 0)
                r = manager_clear_quarantine(m, &p->function, &f);
        if (r < 0)
                log_warning("Function %s stays in quarantine: %s", PCI_ADDRESS_STR(&p->function.address),
                            failure_message(&f));

        if (!p->message && r < 0)
                suspects_settle(m, &p->function, failure_message(&f));
        r = p->message ? reply(p->message, &f) : 0;
        if (r < 0)
                (void) log_error_errno(r, "Failed to reply, ignoring: %m");

        p->message = sd_bus_message_unref(p->message);
}

static void on_ended(void *userdata)
{
        Probe *p = userdata;

        manager_changed(p->prober->manager); /* another one may begin */
        probe_free(p);
}

/* The gate may be asked once more at its deadline. */
static uint64_t deadline_of(const Function *f)
{
        uint64_t usec = PROBE_GRACE_USEC;

        if (f->family && f->family->gate.command.words)
                usec += 2 * f->family->gate.command.deadline_usec;
        if (f->family && f->family->clean.words)
                usec += f->family->clean.deadline_usec;
        return usec;
}

static int probe_spawn(Probe *p, uint64_t deadline_usec)
{
        static const WorkerAnswerHandlers handlers = {
                .answered = on_answered,
                .ended = on_ended,
                .late = FAILURE_HOST,
                .late_text = "the function was not reset, or its tools did not end",
                .late_remedy = "see the kernel's log",
        };
        const Manager *m = p->prober->manager;
        const char *const words[] = { "probe", PCI_ADDRESS_STR(&p->function.address), NULL };
        const char *argv[WORKER_WORDS_MAX];

        manager_worker_argv(m, words, argv);
        return worker_answer_new(m->event, argv, m->notify_path, -EBADF, deadline_usec, PROBE_BYTES_MAX,
                                 &handlers, p, &p->worker);
}

/* No job may bring a guest on it meanwhile. What a resume's domain had it left long ago. */
static int check_jobs(const Manager *m, const Function *f, Failure *reterr)
{
        for (size_t i = 0; i < m->n_jobs; i++) {
                const Job *j = m->jobs[i]->job;

                for (size_t k = 0; managed_job_is_open(m->jobs[i]) && k < j->n_swaps; k++) {
                        const FunctionRef from = swap_source(j->swaps + k), to = swap_target(j->swaps + k);

                        if ((j->swaps[k].has_from && j->kind != JOB_RESUME && function_ref_is(&from, f)) ||
                            (j->swaps[k].has_to && function_ref_is(&to, f)))
                                return failure_set(
                                                reterr, FAILURE_FUNCTION_BUSY,
                                                "function %s is part of job %llu; try again when that has ended",
                                                PCI_ADDRESS_STR(&f->address), (unsigned long long) j->id);
                }
        }

        return 0;
}

int prober_begin(Prober *p, const Function *f, sd_bus_message *message, Failure *reterr)
{
        _cleanup_(probe_freep) Probe *probe = NULL;
        const FunctionRef ref = function_ref(f);
        int r;

        if (f->state != FUNCTION_QUARANTINED && (message || !f->is_returned))
                return failure_set(reterr, FAILURE_NOT_QUARANTINED,
                                   "function %s is not quarantined: there is nothing to clear; see "
                                   "'vgpu-hibernatectl functions'",
                                   PCI_ADDRESS_STR(&f->address));
        if (p->n >= PROBES_MAX || prober_has(p, &ref))
                return failure_set(reterr, FAILURE_FUNCTION_BUSY,
                                   "function %s cannot be probed now: %s; try again later",
                                   PCI_ADDRESS_STR(&f->address),
                                   prober_has(p, &ref) ? "it is being probed" : "many others are");

        r = check_jobs(p->manager, f, reterr);
        if (r < 0)
                return r;

        probe = malloc(sizeof(Probe));
        if (!probe)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot probe");

        *probe = (Probe) {
                .prober = p,
                .function = ref,
                .returned = f->is_returned,
                .message = sd_bus_message_ref(message),
        };

        r = probe_spawn(probe, deadline_of(f));
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot start a worker");

        probe->next = p->list;
        probe->link = &p->list;
        if (probe->next)
                probe->next->link = &probe->next;
        p->list = TAKE_PTR(probe);
        p->n++;
        return 0;
}
