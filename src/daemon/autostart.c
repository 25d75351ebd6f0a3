/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/autostart.h"

#include <inttypes.h>

#include "basic/log.h"
#include "core/boot-plan.h"
#include "daemon/manager-store.h"
#include "daemon/manager.h"
#include "daemon/start-job.h"
#include "daemon/worker-answer.h"
#include "vgpu-hibernate.h"

/* As long as a start takes that locks all of a large guest's memory. */
#define START_DEADLINE_USEC (600 * USEC_PER_SEC)
#define START_BYTES_MAX ((size_t) 1 << 16)

typedef enum Due {
        DUE_NOTHING,
        DUE_BOOT,
        DUE_CALLED_OFF,
} Due;

typedef struct Entry {
        char *uuid, *name;
        BootAction action;
} Entry;

struct Autostart {
        Manager *manager;
        Due due;
        uint64_t last_job; /* up to this one they are waited for */
        bool listed;
        bool anew; /* what is listed is outdated */
        Entry *list;
        size_t n, next;
        WorkerAnswer *worker; /* that starts the one before `next` */
};

static void autostart_forget(Autostart *a)
{
        for (size_t i = 0; i < a->n; i++) {
                free(a->list[i].uuid);
                free(a->list[i].name);
        }

        free(a->list);
        a->list = NULL;
        a->n = a->next = 0;
        a->listed = a->anew = false;
}

static void wait_for_jobs(Autostart *a)
{
        a->last_job = a->manager->ledger.next_job - 1;
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
        if (a->due == DUE_BOOT)
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

/* The next one chooses of the functions that this one leaves, as soon as the view shows them. */
static void resume(Autostart *a, const Entry *e)
{
        const JobOptions options = { .kind = JOB_RESUME, .strategy = STRATEGY_AUTO };
        _cleanup_(failure_done) Failure why = { 0 };
        ManagedJob *j;

        if (start_job(a->manager, e->uuid, &options, &j, &why) < 0)
                tell_failure(e, &why);
        manager_changed(a->manager);
}

static void on_answered(const char *text, size_t size, const Failure *why, void *userdata)
{
        _cleanup_(failure_done) Failure f = { 0 };
        Autostart *a = userdata;
        const Entry *e = a->list + a->next - 1;

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

static void start(Autostart *a, const Entry *e)
{
        static const WorkerAnswerHandlers handlers = {
                .answered = on_answered,
                .ended = on_ended,
                .late = FAILURE_LIBVIRT,
                .late_text = "libvirt did not start it",
                .late_remedy = "see 'systemctl status libvirtd', then start it with 'virsh start'",
        };
        const DomainView *d = view_find_domain_by_uuid(a->manager->view, e->uuid);
        _cleanup_(failure_done) Failure why = { 0 };
        const Manager *m = a->manager;
        const char *argv[WORKER_WORDS_MAX];
        BootDomain now;
        int r;

        if (!d)
                return;
        now = boot_domain(d);
        if (boot_action(&now) != BOOT_START) /* somebody else was faster */
                return;

        manager_worker_argv(m, (const char *const[]) { "start", e->uuid, NULL }, argv);
        r = worker_answer_new(m->event, argv, m->notify_path, -EBADF, START_DEADLINE_USEC, START_BYTES_MAX,
                              &handlers, a, &a->worker);
        if (r < 0) {
                (void) failure_set_errno(&why, FAILURE_HOST, r, "cannot start a worker");
                tell_failure(e, &why);
        }
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

        if (a->next < a->n && a->list[a->next].action == BOOT_RESUME) {
                resume(a, a->list + a->next++);
                wait_for_jobs(a);
                return;
        }

        if (!jobs_are_over(a))
                return;
        while (a->next < a->n && !a->worker)
                start(a, a->list + a->next++);
        if (a->next == a->n && !a->worker)
                end(a);
}

void autostart_call_off(Autostart *a)
{
        a->anew = true;
        if (a->due == DUE_NOTHING)
                a->due = DUE_CALLED_OFF;
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

        if (!m->ledger.boot)
                note_boot(a);
        else if (!streq(m->ledger.boot, m->boot))
                a->due = DUE_BOOT;
        wait_for_jobs(a);

        *ret = TAKE_PTR(a);
        return 0;
}
