/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/manager-store.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "basic/clock.h"
#include "basic/fileio.h"
#include "basic/log.h"
#include "daemon/image-disk.h"
#include "daemon/manager-jobs.h"
#include "store/journal.h"
#include "vgpu-hibernate.h"

static void manager_free_records(Manager *m)
{
        for (size_t i = 0; i < m->n_records; i++)
                image_record_free(m->records[i]);

        free(m->records);
        m->records = NULL;
        m->n_records = 0;
}

const ImageRecord *manager_find_record(const Manager *m, const char *uuid)
{
        for (size_t i = 0; i < m->n_records; i++)
                if (streq(m->records[i]->domain_uuid, uuid))
                        return m->records[i];

        return NULL;
}

void manager_store_done(Manager *m)
{
        for (size_t i = 0; i < m->n_jobs; i++)
                managed_job_free(m->jobs[i]);
        for (size_t i = 0; i < m->n_outcomes; i++)
                outcome_free(m->outcomes[i]);

        free(m->jobs);
        free(m->outcomes);
        manager_free_records(m);
        ledger_done(&m->ledger);
        config_free(m->config);
        closep(&m->state_fd);
        closep(&m->jobs_fd);
        closep(&m->images_fd);
}

int manager_load_records(Manager *m)
{
        ImageRecord **records;
        Failure f = { 0 };
        size_t n, broken;
        int r;

        r = image_record_list(m->images_fd, &records, &n, &broken, &f);
        if (r < 0) {
                log_error("Failed to read the records of hibernated domains: %s", failure_message(&f));
                failure_done(&f);
                return r;
        }
        if (broken > 0)
                log_struct(LOG_ERR, VGPU_HIBERNATE_MESSAGE_STATE_BROKEN, NULL,
                           "%zu records of hibernated domains were unreadable: moved aside as '%s/" IMAGES_DIR
                           "/*.broken'",
                           broken, m->paths.state_dir);

        manager_free_records(m);
        m->records = records;
        m->n_records = n;
        return 0;
}

static int manager_load_ledger(Manager *m)
{
        Failure f = { 0 };
        bool broken;
        int r;

        r = ledger_load(m->state_fd, &m->ledger, &broken, &f);
        if (r < 0) {
                log_error("Failed to read the ledger: %s", failure_message(&f));
                failure_done(&f);
                return r;
        }
        if (broken)
                log_struct(LOG_ERR, VGPU_HIBERNATE_MESSAGE_STATE_BROKEN, NULL,
                           "The ledger was unreadable: moved aside as '%s/ledger.json.broken'; the functions "
                           "that it had in quarantine, held or reserved are not any more",
                           m->paths.state_dir);

        return 0;
}

/* Takes jobs, which are in order, out of the list; what is left is the caller's to free. */
static int manager_take_jobs(Manager *m, Job **jobs, size_t n)
{
        for (size_t i = 0; i < n; i++) {
                _cleanup_(managed_job_freep) ManagedJob *j = NULL;
                int r;

                if (m->n_jobs > 0 && jobs[i]->id <= m->jobs[m->n_jobs - 1]->job->id) {
                        log_error("A second journal claims to be that of job %" PRIu64 ", ignoring it",
                                  jobs[i]->id);
                        continue;
                }

                r = managed_job_new(m, TAKE_PTR(jobs[i]), &j);
                if (r < 0)
                        return r;

                r = manager_append_job(m, j);
                if (r < 0)
                        return r;

                /* A ledger that was lost must not give a number twice: it would overwrite a journal. */
                if (j->job->id >= m->ledger.next_job)
                        m->ledger.next_job = j->job->id + 1;
                TAKE_PTR(j);
        }

        return 0;
}

static int manager_load_jobs(Manager *m)
{
        Job **jobs = NULL;
        size_t n = 0, broken = 0;
        Failure f = { 0 };
        int r;

        r = journal_list(m->jobs_fd, &jobs, &n, &broken, &f);
        if (r < 0) {
                log_error("Failed to read the journals: %s", failure_message(&f));
                failure_done(&f);
                return r;
        }
        if (broken > 0)
                log_struct(LOG_ERR, VGPU_HIBERNATE_MESSAGE_STATE_BROKEN, NULL,
                           "%zu journals were unreadable and are moved aside as '%s/" JOBS_DIR
                           "/*.broken'; what these jobs did last is in 'journalctl -u vgpu-hibernated'",
                           broken, m->paths.state_dir);

        r = manager_take_jobs(m, jobs, n);
        if (r < 0)
                (void) log_error_errno(r, "Failed to take over the journals: %m");

        for (size_t i = 0; i < n; i++)
                job_free(jobs[i]);
        free(jobs);
        return r;
}

static int manager_open_directories(Manager *m)
{
        _cleanup_close_ int runtime_fd = -EBADF;
        const struct {
                int at;
                const char *path;
                int *ret;
        } directories[] = {
                { AT_FDCWD, m->paths.runtime_dir, &runtime_fd },
                { AT_FDCWD, m->paths.state_dir, &m->state_fd },
                { -1, JOBS_DIR, &m->jobs_fd },
                { -1, IMAGES_DIR, &m->images_fd },
        };

        for (size_t i = 0; i < ELEMENTSOF(directories); i++) {
                int at = directories[i].at == -1 ? m->state_fd : directories[i].at, r;

                r = open_directory_at(at, directories[i].path, true, directories[i].ret);
                if (r < 0)
                        return log_error_errno(r, "Failed to open directory '%s': %m", directories[i].path);
        }

        if (asprintf(&m->notify_path, "%s/%s", m->paths.runtime_dir, NOTIFY_SOCKET_NAME) < 0) {
                m->notify_path = NULL;
                return log_error_errno(ENOMEM, "Failed to start: %m");
        }

        return 0;
}

/* Without families a device is only ever given back to the guest that had it: that should be nobody's slip. */
static int manager_load_families(Manager *m, Failure *reterr)
{
        const char *dir = m->paths.families_dirs[0];
        int r;

        if (m->paths.families_dir_given && access(dir, F_OK) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot read --families-dir %s", dir);

        r = families_load(m->paths.families_dirs, &m->config->families, reterr);
        if (r >= 0 && m->config->families.n == 0 && !m->paths.families_dir_given)
                log_warning("There is no family of devices in %s and %s: each is unknown", dir,
                            m->paths.families_dirs[1]);
        return r;
}

int manager_store_load(Manager *m)
{
        Failure f = { 0 };
        int r;

        if (m->paths.config_given && access(m->paths.config, F_OK) < 0)
                log_warning("There is no %s: the defaults are used", m->paths.config);

        r = config_load(m->paths.config, &m->config, &f);
        if (r >= 0)
                r = manager_load_families(m, &f);
        if (r < 0) {
                log_error("%s", failure_message(&f));
                failure_done(&f);
                return r;
        }

        m->jobs_max = m->config->jobs_max > 0 ? m->config->jobs_max
                                              : image_disk_jobs_of_host(m->config->image_dir);

        r = manager_open_directories(m);
        if (r < 0)
                return r;

        r = manager_load_ledger(m);
        if (r < 0)
                return r;

        r = manager_load_records(m);
        if (r < 0)
                return r;

        return manager_load_jobs(m);
}

int manager_save_ledger(Manager *m, Failure *reterr)
{
        int r = ledger_save(m->state_fd, &m->ledger, reterr);

        m->ledger_unsaved = r < 0;
        return r;
}

int manager_take_job_id(Manager *m, uint64_t *ret, Failure *reterr)
{
        uint64_t id = m->ledger.next_job > 0 ? m->ledger.next_job : 1;
        int r;

        m->ledger.next_job = id + 1;
        r = manager_save_ledger(m, reterr);
        if (r < 0)
                return r;

        *ret = id;
        return 0;
}

static bool learn_quarantined(Ledger *l, const World *w)
{
        bool learned = false;

        for (size_t i = 0; i < l->n_quarantines; i++)
                learned |= function_ref_learn(&l->quarantines[i].function, w->functions, w->n_functions);
        return learned;
}

static bool learn_reserved(Claims *c, const World *w)
{
        bool learned = false;

        for (size_t i = 0; i < c->n_reservations; i++)
                for (size_t k = 0; k < c->reservations[i].n_functions; k++)
                        learned |= function_ref_learn(c->reservations[i].functions + k, w->functions,
                                                      w->n_functions);
        return learned;
}

static bool learn_hibernated(ImageRecord *record, const World *w)
{
        bool learned = false;

        for (size_t i = 0; i < record->n_functions; i++) {
                FunctionRef from = swap_source(record->functions + i);

                learned |= function_ref_learn(&from, w->functions, w->n_functions);
                record->functions[i].from_locator = from.locator;
        }
        return learned;
}

void manager_learn_locators(Manager *m)
{
        _cleanup_(failure_done) Failure why = { 0 };
        bool reserved;
        int r = 0;

        if (!m->world)
                return;

        reserved = learn_reserved(&m->ledger.claims, m->world);
        if (learn_quarantined(&m->ledger, m->world) || reserved)
                r = manager_save_ledger(m, &why);

        for (size_t i = 0; r >= 0 && i < m->n_records; i++)
                /* A job's record is its worker's to write and to remove. */
                if (!manager_has_open_job(m, m->records[i]->domain_uuid) &&
                    learn_hibernated(m->records[i], m->world))
                        r = image_record_save(m->images_fd, m->records[i], &why);

        if (r < 0)
                log_error("Which functions older files speak of is not on disk, after the next boot it may be others: %s",
                          failure_message(&why));
}

/* What there is of it; nothing when it is not quarantined. */
static int manager_copy_quarantine(const Manager *m, const FunctionRef *function, LedgerQuarantine *ret)
{
        const LedgerQuarantine *q = ledger_find_quarantine(&m->ledger, function);

        *ret = (LedgerQuarantine) { .since_usec = q ? q->since_usec : 0, .suspect = q && q->suspect };
        return free_and_strdup(&ret->reason, q ? q->reason : NULL);
}

/* Memory follows the disk: when the ledger cannot be saved, it is as if nothing had been asked. */
static void manager_put_quarantine_back(Manager *m, const FunctionRef *function, const LedgerQuarantine *q)
{
        (void) ledger_clear(&m->ledger, function);
        if (q->reason && ledger_quarantine(&m->ledger, function, q->reason, q->since_usec) < 0)
                log_error("Function %s is shown out of quarantine for want of memory; on disk it is in it",
                          PCI_ADDRESS_STR(&function->address));
        ledger_set_suspect(&m->ledger, function, q->suspect);
}

int manager_quarantine(Manager *m, const FunctionRef *function, const char *reason, Failure *reterr)
{
        LedgerQuarantine before;
        int r;

        r = manager_copy_quarantine(m, function, &before);
        if (r >= 0)
                r = ledger_quarantine(&m->ledger, function, reason, clock_realtime_usec());
        if (r < 0) {
                free(before.reason);
                return failure_set_errno(reterr, FAILURE_HOST, r, "failed to quarantine function %s",
                                         PCI_ADDRESS_STR(&function->address));
        }

        /* From now on it is up to who said so. */
        ledger_set_suspect(&m->ledger, function, false);
        r = manager_save_ledger(m, reterr);
        if (r < 0)
                manager_put_quarantine_back(m, function, &before);
        free(before.reason);
        if (r < 0)
                return r;

        log_struct(LOG_INFO, VGPU_HIBERNATE_MESSAGE_QUARANTINE_REQUESTED,
                   LOG_FIELDS({ "FUNCTION", PCI_ADDRESS_STR(&function->address) }),
                   "Function %s is quarantined: %s", PCI_ADDRESS_STR(&function->address), reason);
        manager_changed(m);
        return 0;
}

int manager_clear_quarantine(Manager *m, const FunctionRef *function, Failure *reterr)
{
        LedgerQuarantine before;
        int r;

        r = manager_copy_quarantine(m, function, &before);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "failed to clear function %s",
                                         PCI_ADDRESS_STR(&function->address));
        if (!ledger_clear(&m->ledger, function))
                return failure_set(reterr, FAILURE_NOT_QUARANTINED,
                                   "function %s is not quarantined: there is nothing to clear; see "
                                   "'vgpu-hibernatectl functions'",
                                   PCI_ADDRESS_STR(&function->address));

        /* Reset, or good enough at an administrator's word. */
        (void) ledger_drop_use(&m->ledger, function);
        r = manager_save_ledger(m, reterr);
        if (r < 0)
                manager_put_quarantine_back(m, function, &before);
        free(before.reason);
        if (r < 0)
                return r;

        log_struct(LOG_INFO, VGPU_HIBERNATE_MESSAGE_QUARANTINE_CLEARED,
                   LOG_FIELDS({ "FUNCTION", PCI_ADDRESS_STR(&function->address) }),
                   "Function %s is no longer quarantined", PCI_ADDRESS_STR(&function->address));
        manager_changed(m);
        return 0;
}
