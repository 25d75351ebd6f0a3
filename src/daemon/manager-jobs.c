/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/manager-jobs.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>

#include "basic/clock.h"
#include "basic/log.h"
#include "daemon/changes.h"
#include "daemon/claims.h"
#include "daemon/job-queue.h"
#include "daemon/manager-store.h"
#include "store/job-log.h"
#include "store/journal.h"
#include "vgpu-hibernate.h"

ManagedJob *manager_find_job(const Manager *m, uint64_t id)
{
        /* Numbers only grow, so the array is in order. */
        size_t low = 0, high = m->n_jobs;

        while (low < high) {
                size_t middle = low + (high - low) / 2;

                if (m->jobs[middle]->job->id == id)
                        return m->jobs[middle];
                if (m->jobs[middle]->job->id < id)
                        low = middle + 1;
                else
                        high = middle;
        }

        return NULL;
}

ManagedJob *manager_find_open_job(const Manager *m, const char *domain_uuid)
{
        for (size_t i = 0; i < m->n_jobs; i++)
                if (managed_job_is_open(m->jobs[i]) && streq(m->jobs[i]->job->domain_uuid, domain_uuid))
                        return m->jobs[i];

        return NULL;
}

size_t manager_count_open_jobs(const Manager *m)
{
        size_t n = 0;

        for (size_t i = 0; i < m->n_jobs; i++)
                n += managed_job_is_open(m->jobs[i]);

        return n;
}

bool manager_has_open_job(const Manager *m, const char *domain_uuid)
{
        for (size_t i = 0; i < m->n_jobs; i++)
                if (managed_job_is_open(m->jobs[i]) && streq(m->jobs[i]->job->domain_uuid, domain_uuid))
                        return true;

        return false;
}

int manager_append_job(Manager *m, ManagedJob *j)
{
        if (!ARRAY_GROW(m->jobs, m->n_jobs))
                return -ENOMEM;

        assert(m->n_jobs == 0 || m->jobs[m->n_jobs - 1]->job->id < j->job->id);
        m->jobs[m->n_jobs++] = j;
        return 0;
}

int manager_add_job(Manager *m, Job *job, ManagedJob **ret)
{
        _cleanup_(managed_job_freep) ManagedJob *j = NULL;
        int r;

        r = managed_job_new(m, job, &j);
        if (r < 0)
                return r;

        r = manager_append_job(m, j);
        if (r < 0)
                return r;

        changes_job_added(m, j);
        manager_changed(m);
        *ret = TAKE_PTR(j);
        return 0;
}

static int lock_file_name(uint64_t id, char **ret)
{
        return asprintf(ret, "%" PRIu64 ".lock", id) < 0 ? -ENOMEM : 0;
}

static bool manager_has_lock_file(const Manager *m, uint64_t id)
{
        _cleanup_free_ char *name = NULL;

        if (lock_file_name(id, &name) < 0)
                return false;

        return faccessat(m->jobs_fd, name, F_OK, AT_SYMLINK_NOFOLLOW) >= 0;
}

static void manager_remove_lock_file(const Manager *m, uint64_t id)
{
        _cleanup_free_ char *name = NULL;

        if (lock_file_name(id, &name) < 0)
                return;
        if (unlinkat(m->jobs_fd, name, 0) < 0 && errno != ENOENT)
                (void) log_error_errno(errno, "Failed to remove '%s', ignoring: %m", name);
}

void manager_supervise_jobs(Manager *m)
{
        for (size_t i = 0; i < m->n_jobs; i++) {
                ManagedJob *j = m->jobs[i];

                if (job_queue_has(j))
                        continue;
                if (managed_job_is_open(j))
                        managed_job_supervise(j);
                else if (manager_has_lock_file(m, j->job->id))
                        manager_job_ended(m, j);
        }
}

/* In memory. */
static int manager_note_bad(Manager *m, const Job *j, const FunctionRef *f, const char *reason)
{
        int r;

        if (ledger_quarantine_reason(&m->ledger, f))
                return 0;

        r = ledger_quarantine(&m->ledger, f, reason, clock_realtime_usec());
        if (r < 0)
                return r;

        job_log_struct(j, LOG_WARNING, VGPU_HIBERNATE_MESSAGE_FUNCTION_QUARANTINED,
                       LOG_FIELDS({ "FUNCTION", PCI_ADDRESS_STR(&f->address) }),
                       "function %s is quarantined: %s", PCI_ADDRESS_STR(&f->address), reason);
        m->ledger_unsaved = true;
        return 0;
}

/* Functions that its domain gave back, and nobody cleaned, though their family asks for it. */
static int manager_note_unclean(Manager *m, const Job *j)
{
        _cleanup_free_ char *reason = NULL;

        if (!job_left_unclean(j))
                return 0;

        if (asprintf(&reason, "job %" PRIu64 " ended before what its guest left was cleaned", j->id) < 0) {
                reason = NULL;
                return -ENOMEM;
        }

        for (size_t i = 0; i < j->n_swaps; i++) {
                const FunctionSwap *s = j->swaps + i;
                const FunctionRef from = swap_source(s);
                const Family *family =
                                families_find(&m->config->families, s->identity.vendor, s->identity.device);
                int r;

                if (!s->has_from || !family || !family->clean.words)
                        continue;

                r = manager_note_bad(m, j, &from, reason);
                if (r < 0)
                        return r;
        }

        return 0;
}

/* What the job did to them need not be done again. */
static void manager_note_cleaned(Manager *m, const Job *j)
{
        for (size_t i = 0; i < j->n_swaps; i++) {
                const FunctionRef from = swap_source(j->swaps + i);

                if (j->swaps[i].has_from && ledger_drop_use(&m->ledger, &from))
                        m->ledger_unsaved = true;
        }
}

int manager_quarantine_for(Manager *m, const Job *j)
{
        Failure f = { 0 };
        int r = 0;

        for (size_t i = 0; r >= 0 && i < j->n_quarantines; i++)
                r = manager_note_bad(m, j, &j->quarantines[i].function, j->quarantines[i].reason);
        if (r >= 0)
                r = manager_note_unclean(m, j);
        if (job_cleaned(j))
                manager_note_cleaned(m, j);

        /* Or by an earlier call, which could not save it. */
        if (r >= 0 && m->ledger_unsaved)
                r = manager_save_ledger(m, &f);
        if (r < 0)
                job_log(j, LOG_ERR, "the quarantine is not on disk, the next daemon will see to it: %s",
                        f.message ? f.message : "no memory");

        failure_done(&f);
        return r < 0 ? r : 0;
}

/* What the domain's last job did is all that is believed of it: also when that is nothing. */
static void manager_expect(Manager *m, const Job *j)
{
        Outcome *o = NULL;
        uint64_t now = 0;

        (void) sd_event_now(m->event, CLOCK_MONOTONIC, &now); /* fails only after a fork */

        /* Without memory too: the next snapshot tells all the same. */
        if (outcome_new(j, manager_find_record(m, j->domain_uuid), now, &o) < 0)
                o = NULL;
        manager_believe(m, j->domain_uuid, o);
}

void manager_believe(Manager *m, const char *domain_uuid, Outcome *o)
{
        for (size_t i = 0; i < m->n_outcomes; i++)
                if (streq(m->outcomes[i]->domain_uuid, domain_uuid))
                        m->outcomes[i]->until_usec = 0;

        if (o && ARRAY_GROW(m->outcomes, m->n_outcomes))
                m->outcomes[m->n_outcomes++] = o;
        else
                outcome_free(o);

        manager_drop_outcomes(m);
}

void manager_drop_outcomes(Manager *m)
{
        uint64_t now = 0, next = UINT64_MAX;
        size_t n = 0;

        (void) sd_event_now(m->event, CLOCK_MONOTONIC, &now); /* fails only after a fork */

        for (size_t i = 0; i < m->n_outcomes; i++) {
                Outcome *o = m->outcomes[i];

                if (o->until_usec <= now || (m->world && outcome_agrees(o, m->world))) {
                        outcome_free(o);
                        continue;
                }

                if (o->until_usec < next)
                        next = o->until_usec;
                m->outcomes[n++] = o;
        }

        m->n_outcomes = n;
        (void) sd_event_source_set_time(m->believe, n > 0 ? next : 0);
        (void) sd_event_source_set_enabled(m->believe, n > 0 ? SD_EVENT_ONESHOT : SD_EVENT_OFF);
}

void manager_job_ended(Manager *m, ManagedJob *j)
{
        assert(!managed_job_is_open(j));

        /* 1. The quarantine, durable before the lock file goes: between the two a restart comes here
         * again. */
        if (manager_quarantine_for(m, j->job) >= 0)
                manager_remove_lock_file(m, j->job->id);

        /* 2. What became of the domain. */
        if (manager_load_records(m) < 0)
                job_log(j->job, LOG_ERR, "its domain is shown as it was before");
        manager_drop_idle_holds(m);
        if (!j->job->apply)
                manager_expect(m, j->job);

        /* 3. The room that it had, or was promised, may be another's. */
        for (size_t i = 0; i < m->n_jobs; i++)
                if (m->jobs[i]->put_off)
                        managed_job_take_up(m->jobs[i]);

        host_shutdown_job_ended(m->shutdown, j->job);
        j->removal_pending = true;
        manager_changed(m);
}

static void manager_forget_job(Manager *m, size_t index)
{
        ManagedJob *j = m->jobs[index];
        int r;

        r = journal_remove(m->jobs_fd, j->job->id);
        if (r < 0)
                job_log(j->job, LOG_ERR, "failed to remove its journal, ignoring: %s", strerror(-r));

        changes_job_forgotten(m, j);
        m->n_jobs--;
        memmove(m->jobs + index, m->jobs + index + 1, (m->n_jobs - index) * sizeof(ManagedJob *));
        managed_job_free(j);
}

/* Its parent may not know yet how it ended. */
static bool is_awaited(const Manager *m, const ManagedJob *j)
{
        const ManagedJob *parent = j->job->parent != 0 ? manager_find_job(m, j->job->parent) : NULL;

        return parent && managed_job_is_open(parent);
}

void manager_forget_old_jobs(Manager *m)
{
        size_t ended = m->n_jobs - manager_count_open_jobs(m), i = 0;

        while (ended > m->config->finished_jobs_max && i < m->n_jobs) {
                if (managed_job_is_open(m->jobs[i]) || m->jobs[i]->removal_pending ||
                    is_awaited(m, m->jobs[i])) {
                        i++;
                        continue;
                }

                manager_forget_job(m, i);
                ended--;
                m->jobs_forgotten = true;
        }

        if (m->jobs_forgotten)
                manager_changed(m);
}
