/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/autostart.h"

#include <inttypes.h>

#include "basic/log.h"
#include "core/boot-plan.h"
#include "daemon/manager-store.h"
#include "daemon/manager.h"
#include "daemon/returns.h"
#include "daemon/start-job.h"
#include "daemon/worker-answer.h"
#include "vgpu-hibernate.h"

/* As long as a start takes that locks all of a large guest's memory. */
#define START_DEADLINE_USEC (600 * USEC_PER_SEC)
#define START_BYTES_MAX ((size_t) 1 << 16)

typedef enum Due {
        DUE_NOTHING,
        DUE_BOOT,
        DUE_HIBERNATED, /* only what a shutdown has hibernated */
} Due;

typedef struct Entry {
        char *uuid, *name;
        BootAction action;
        bool settled;
} Entry;

struct Autostart {
        Manager *manager;
        Due due;
        uint64_t last_job; /* up to this one they are waited for */
        bool listed;
        bool anew; /* what is listed is outdated */
        Entry *list;
        size_t n;
        Entry *starting;      /* of the list */
        WorkerAnswer *worker; /* that starts it */
};

static void autostart_forget(Autostart *a)
{
        for (size_t i = 0; i < a->n; i++) {
                free(a->list[i].uuid);
                free(a->list[i].name);
        }

        free(a->list);
        a->list = NULL;
        a->n = 0;
        a->starting = NULL;
        a->listed = a->anew = false;
}

static void wait_for_jobs(Autostart *a)
{
        a->last_job = a->manager->ledger.next_job - 1;
}

static bool comes(const Autostart *a, const Function *f)
{
        const FunctionRef ref = function_ref(f);

        return f->is_returned && returns_awaits(a->manager->returns, &ref);
}

/* Is there a function that will be free before long? */
static bool functions_come(const Autostart *a)
{
        const View *v = a->manager->view;

        for (size_t i = 0; i < v->n_functions; i++)
                if (comes(a, v->functions + i))
                        return true;

        return false;
}

/* While one of its functions is being reset its start would be refused. */
static bool functions_come_for(const Autostart *a, const Entry *e)
{
        const View *v = a->manager->view;
        const DomainView *d = view_find_domain_by_uuid(v, e->uuid);

        for (size_t i = 0; d && i < d->n_functions; i++) {
                const Function *f = view_find_function(v, d->functions + i);

                if (f && comes(a, f))
                        return true;
        }

        return false;
}

/* One that cannot go on may not for days. */
static bool jobs_are_over(const Autostart *a)
{
        const Manager *m = a->manager;

        for (size_t i = 0; i < m->n_jobs && m->jobs[i]->job->id <= a->last_job; i++)
                if (managed_job_is_open(m->jobs[i]) && !m->jobs[i]->given_up && !m->jobs[i]->job->stuck)
                        return false;

        return true;
}

/* That it has been dealt with. */
static void note_boot(Autostart *a)
{
        _cleanup_(failure_done) Failure f = { 0 };
        Manager *m = a->manager;

        if (free_and_strdup(&m->ledger.boot, m->boot) < 0 || manager_save_ledger(m, &f) < 0)
                log_error("That this boot has been dealt with is not on disk, the next daemon will look again: %s",
                          failure_message(&f));
}

static void end(Autostart *a)
{
        if (!streq_ptr(a->manager->ledger.boot, a->manager->boot))
                note_boot(a);

        a->due = DUE_NOTHING;
        autostart_forget(a);
}

static BootDomain boot_domain(const DomainView *d)
{
        return (BootDomain) {
                .name = d->name,
                .uuid = d->uuid,
                .adoption = d->adoption,
                .active = d->active,
                .busy = d->job != 0,
                .hibernated = d->hibernated,
                .by_shutdown = d->by_shutdown,
        };
}

static BootAction action_for(const Autostart *a, const BootDomain *d)
{
        return a->due == DUE_BOOT || d->by_shutdown ? boot_action(d) : BOOT_NOTHING;
}

static int autostart_list(Autostart *a)
{
        const View *v = a->manager->view;
        _cleanup_free_ BootDomain *domains = calloc(v->n_domains + 1, sizeof(BootDomain));
        size_t n = 0;

        a->list = calloc(v->n_domains + 1, sizeof(Entry));
        if (!domains || !a->list)
                return -ENOMEM;

        for (size_t i = 0; i < v->n_domains; i++) {
                domains[n] = boot_domain(v->domains + i);
                n += action_for(a, domains + n) != BOOT_NOTHING;
        }
        qsort(domains, n, sizeof(BootDomain), boot_compare);

        for (; a->n < n; a->n++) {
                a->list[a->n] = (Entry) {
                        .uuid = strdup(domains[a->n].uuid),
                        .name = strdup(domains[a->n].name),
                        .action = boot_action(domains + a->n),
                };
                if (!a->list[a->n].uuid || !a->list[a->n].name) {
                        a->n++; /* what there is of it is freed */
                        return -ENOMEM;
                }
        }

        a->listed = true;
        if (n > 0)
                log_info("Domains to be brought back: %zu", n);
        return 0;
}

static void tell_failure(const Entry *e, const Failure *why)
{
        log_struct(LOG_WARNING, VGPU_HIBERNATE_MESSAGE_NOT_BROUGHT_BACK,
                   LOG_FIELDS({ "DOMAIN_UUID", e->uuid }, { "DOMAIN_NAME", e->name },
                              { "ERROR", failure_code_to_string(why->code) }),
                   "Domain '%s' %s: %s", e->name,
                   e->action == BOOT_RESUME ? "stays hibernated" : "is not started", failure_message(why));
}

static BootAction action_now(const Autostart *a, const Entry *e)
{
        const DomainView *d = view_find_domain_by_uuid(a->manager->view, e->uuid);
        BootDomain now;

        if (!d)
                return BOOT_NOTHING;

        now = boot_domain(d);
        return boot_action(&now);
}

/* 1: a job was begun, and the next one chooses of the functions that it leaves, as soon as the view shows them. 0: nothing
 * is left to be done. Negative: not yet. */
static int resume(Autostart *a, Entry *e, bool last_try)
{
        const JobOptions options = { .kind = JOB_RESUME, .strategy = STRATEGY_AUTO };
        _cleanup_(failure_done) Failure why = { 0 };
        ManagedJob *j;

        if (action_now(a, e) != BOOT_RESUME) { /* somebody else was faster */
                e->settled = true;
                return 0;
        }

        e->settled = start_job(a->manager, e->uuid, &options, &j, &why) >= 0;
        if (e->settled) {
                wait_for_jobs(a);
                manager_changed(a->manager);
                return 1;
        }
        if (!last_try)
                return -EAGAIN;

        e->settled = true;
        tell_failure(e, &why);
        return 0;
}

/* True when nothing of it is left to be done. */
static bool resume_all(Autostart *a)
{
        bool last_try = jobs_are_over(a) && !functions_come(a), over = true;

        for (size_t i = 0; i < a->n; i++) {
                int r;

                if (a->list[i].action != BOOT_RESUME || a->list[i].settled)
                        continue;

                r = resume(a, a->list + i, last_try);
                if (r > 0)
                        return false;
                over = over && r == 0;
        }

        return over;
}

static void on_answered(const char *text, size_t size, const Failure *why, void *userdata)
{
        _cleanup_(failure_done) Failure f = { 0 };
        Autostart *a = userdata;
        const Entry *e = a->starting;

        if (!why && worker_answer_check(text, size, &f) < 0)
                why = &f;
        if (why)
                tell_failure(e, why);
        else
                log_info("Domain '%s' is started", e->name);
}

static void on_ended(void *userdata)
{
        Autostart *a = userdata;

        a->worker = worker_answer_free(a->worker);
        manager_changed(a->manager);
}

static void start(Autostart *a, Entry *e)
{
        static const WorkerAnswerHandlers handlers = {
                .answered = on_answered,
                .ended = on_ended,
                .late = FAILURE_LIBVIRT,
                .late_text = "libvirt did not start it",
                .late_remedy = "see 'systemctl status libvirtd', then start it with 'virsh start'",
        };
        _cleanup_(failure_done) Failure why = { 0 };
        const Manager *m = a->manager;
        const char *argv[WORKER_WORDS_MAX];
        int r;

        e->settled = true;
        if (action_now(a, e) != BOOT_START) /* somebody else was faster */
                return;

        a->starting = e;
        manager_worker_argv(m, (const char *const[]) { "start", e->uuid, NULL }, argv);
        r = worker_answer_new(m->event, argv, m->notify_path, -EBADF, START_DEADLINE_USEC, START_BYTES_MAX,
                              &handlers, a, &a->worker);
        if (r < 0) {
                (void) failure_set_errno(&why, FAILURE_HOST, r, "cannot start a worker");
                tell_failure(e, &why);
        }
}

/* True when nothing of it is left to be done. */
static bool start_all(Autostart *a)
{
        for (size_t i = 0; i < a->n && !a->worker; i++) {
                if (a->list[i].action != BOOT_START || a->list[i].settled)
                        continue;
                if (functions_come_for(a, a->list + i))
                        return false;
                start(a, a->list + i);
        }

        return !a->worker;
}

void autostart_update(Autostart *a)
{
        Manager *m = a->manager;
        int r;

        if (a->due == DUE_NOTHING || a->worker || host_shutdown_is_near(m->shutdown) ||
            manager_check_world(m, NULL) < 0)
                return;

        if (a->anew)
                autostart_forget(a);
        if (!a->listed) {
                if (!jobs_are_over(a))
                        return;
                r = autostart_list(a);
                if (r < 0) {
                        (void) log_error_errno(r, "Failed to bring domains back: %m");
                        autostart_forget(a);
                        return;
                }
        }

        if (!resume_all(a) || !jobs_are_over(a))
                return;

        if (start_all(a))
                end(a);
}

void autostart_call_off(Autostart *a)
{
        a->anew = true;
        if (a->due == DUE_NOTHING)
                a->due = DUE_HIBERNATED;
        wait_for_jobs(a);
}

Autostart *autostart_free(Autostart *a)
{
        if (!a)
                return NULL;

        worker_answer_free(a->worker);
        autostart_forget(a);
        free(a);
        return NULL;
}
DEFINE_CLEANUP_FUNC(Autostart *, autostart_free);

int autostart_new(Manager *m, Autostart **ret)
{
        _cleanup_(autostart_freep) Autostart *a = calloc(1, sizeof(Autostart));

        if (!a)
                return -ENOMEM;
        a->manager = m;

        if (!m->ledger.boot) /* the first daemon here, or one whose ledger was lost */
                a->due = DUE_HIBERNATED;
        else if (!streq(m->ledger.boot, m->boot))
                a->due = DUE_BOOT;
        wait_for_jobs(a);

        *ret = TAKE_PTR(a);
        return 0;
}
