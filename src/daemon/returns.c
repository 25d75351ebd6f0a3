/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/returns.h"

#include "basic/clock.h"
#include "basic/log.h"
#include "core/left-function.h"
#include "daemon/manager-store.h"
#include "vgpu-hibernate.h"

/* Between probes that could not find out: doubled each time, up to the second. */
#define AGAIN_MIN_USEC (2 * USEC_PER_SEC)
#define AGAIN_MAX_USEC (60 * USEC_PER_SEC)

/* One function that nobody has. */
typedef struct Return {
        FunctionRef function;
        uint64_t due_usec, again_usec; /* CLOCK_MONOTONIC; the last wait, 0: none yet */
        bool seen;                     /* it still is in this view */
} Return;

struct Returns {
        Manager *manager;
        sd_event_source *due;
        Return *list;
        size_t n;
};

static uint64_t now_usec(const Returns *x)
{
        uint64_t now = 0;

        (void) sd_event_now(x->manager->event, CLOCK_MONOTONIC, &now); /* fails only after a fork */
        return now;
}

static int on_due(sd_event_source *s, uint64_t usec, void *userdata)
{
        const Returns *x = userdata;

        manager_changed(x->manager);
        return 0;
}

int returns_new(Manager *m, Returns **ret)
{
        _cleanup_(returns_freep) Returns *x = calloc(1, sizeof(Returns));
        int r;

        if (!x)
                return -ENOMEM;

        x->manager = m;
        r = sd_event_add_time(m->event, &x->due, CLOCK_MONOTONIC, 0, 0, on_due, x);
        if (r >= 0)
                r = sd_event_source_set_enabled(x->due, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(x);
        return 0;
}

Returns *returns_free(Returns *x)
{
        if (!x)
                return NULL;

        sd_event_source_disable_unref(x->due);
        free(x->list);
        free(x);
        return NULL;
}

static void save(Manager *m)
{
        _cleanup_(failure_done) Failure why = { 0 };

        if (manager_save_ledger(m, &why) < 0)
                log_error("Which functions guests have had is not on disk: %s", failure_message(&why));
}

/* Who has it at this moment, or is being started with it. */
static const char *owner_of(const View *v, const Function *f)
{
        const DomainView *d;

        if (f->state == FUNCTION_ASSIGNED)
                return f->domain;

        d = f->state == FUNCTION_QUARANTINED ? view_find_owner(v, &f->address) : NULL;
        return d ? d->name : NULL;
}

static void note_owners(Manager *m)
{
        bool any = false;

        for (size_t i = 0; i < m->view->n_functions; i++) {
                const Function *f = m->view->functions + i;
                const char *owner = owner_of(m->view, f);
                const FunctionRef ref = function_ref(f);

                if (!owner || streq_ptr(owner, f->user))
                        continue;
                if (ledger_use(&m->ledger, &ref, owner, m->boot) < 0)
                        log_error("That domain '%s' has function %s is not kept, for want of memory", owner,
                                  PCI_ADDRESS_STR(&f->address));
                else
                        any = true;
        }

        if (any)
                save(m);
}

static Return *find(const Returns *x, const FunctionRef *f)
{
        for (size_t i = 0; i < x->n; i++)
                if (function_ref_equal(&x->list[i].function, f))
                        return x->list + i;

        return NULL;
}

/* NULL without memory: it stays leased, and the next view tries again. */
static Return *find_or_add(Returns *x, const FunctionRef *f)
{
        Return *t = find(x, f);

        if (t || !ARRAY_GROW(x->list, x->n))
                return t;

        x->list[x->n] = (Return) {
                .function = *f,
                .due_usec = now_usec(x) + x->manager->config->reset_delay_usec,
        };
        return x->list + x->n++;
}

/* What cannot be begun now, because others are probed or a job is at work, is when that has ended. */
static void begin(Returns *x, const Function *f, const Return *t)
{
        _cleanup_(failure_done) Failure why = { 0 };
        Manager *m = x->manager;

        if (t->due_usec > now_usec(x) || manager_check_world(m, &why) < 0 ||
            host_shutdown_is_near(m->shutdown) || prober_has(m->prober, &t->function))
                return;
        if (prober_begin(m->prober, f, NULL, &why) < 0)
                log_debug("%s, ignoring", failure_message(&why));
}

static void forget_others(Returns *x)
{
        uint64_t now = now_usec(x), next = UINT64_MAX;
        size_t n = 0;

        for (size_t i = 0; i < x->n; i++) {
                if (!x->list[i].seen)
                        continue;
                if (x->list[i].due_usec > now && x->list[i].due_usec < next)
                        next = x->list[i].due_usec;
                x->list[n++] = x->list[i];
        }

        x->n = n;
        (void) sd_event_source_set_time(x->due, next < UINT64_MAX ? next : 0);
        (void) sd_event_source_set_enabled(x->due, next < UINT64_MAX ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

void returns_update(Returns *x)
{
        Manager *m = x->manager;

        note_owners(m);

        for (size_t i = 0; i < x->n; i++)
                x->list[i].seen = false;

        for (size_t i = 0; i < m->view->n_functions; i++) {
                const Function *f = m->view->functions + i;
                const FunctionRef ref = function_ref(f);
                Return *t = f->is_returned ? find_or_add(x, &ref) : NULL;

                if (!t)
                        continue;
                t->seen = true;
                begin(x, f, t);
        }

        forget_others(x);
}

bool returns_awaits(const Returns *x, const FunctionRef *f)
{
        const Return *t = find(x, f);

        return t && t->again_usec == 0;
}

static void try_again(Returns *x, const FunctionRef *f, const Failure *found)
{
        Return *t = find(x, f);

        if (t) {
                t->again_usec = t->again_usec == 0                   ? AGAIN_MIN_USEC
                                : t->again_usec < AGAIN_MAX_USEC / 2 ? 2 * t->again_usec
                                                                     : AGAIN_MAX_USEC;
                t->due_usec = now_usec(x) + t->again_usec;
        }

        log_warning("Function %s, which a guest gave back, cannot be reset now: %s",
                    PCI_ADDRESS_STR(&f->address), failure_message(found));
        manager_changed(x->manager);
}

static int quarantine(Manager *m, const FunctionRef *f, const Failure *found)
{
        int r = ledger_quarantine(&m->ledger, f, failure_message(found), clock_realtime_usec());

        if (r >= 0)
                log_struct(LOG_WARNING, VGPU_HIBERNATE_MESSAGE_FUNCTION_QUARANTINED,
                           LOG_FIELDS({ "FUNCTION", PCI_ADDRESS_STR(&f->address) }),
                           "Function %s, which a guest gave back, is quarantined: %s",
                           PCI_ADDRESS_STR(&f->address), failure_message(found));
        return r;
}

void returns_settle(Returns *x, const FunctionRef *f, const Failure *found)
{
        LeftFunction judged = found ? left_function_judge(found->code) : LEFT_FUNCTION_ELSEWHERE;
        Manager *m = x->manager;

        if (judged == LEFT_FUNCTION_UNKNOWN ||
            (judged == LEFT_FUNCTION_BAD && quarantine(m, f, found) < 0)) {
                try_again(x, f, found);
                return;
        }

        (void) ledger_drop_use(&m->ledger, f); /* it is there */
        save(m);
        manager_changed(m);
}
