/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/job-store.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <systemd/sd-daemon.h>

#include "basic/clock.h"
#include "basic/fileio.h"
#include "store/image-record.h"
#include "store/job-log.h"
#include "store/journal.h"
#include "vgpu-hibernate.h"

/* Five times a second is as much as anybody can read. */
#define PROGRESS_INTERVAL_USEC (200 * USEC_PER_MSEC)

/* Another looks, and writes its journal. */
#define SURVEY_TIMEOUT_USEC (10 * USEC_PER_SEC)
/* Of a domain's last jobs some are among them, unless it rests for long. */
#define JOBS_ENDED_MAX 64U

int job_store_open(const char *state_dir, JobStore *ret, Failure *reterr)
{
        _cleanup_close_ int state_fd = -EBADF, jobs_fd = -EBADF, images_fd = -EBADF;
        int r;

        if ((r = open_directory_at(AT_FDCWD, state_dir, true, &state_fd)) < 0 ||
            (r = open_directory_at(state_fd, JOBS_DIR, true, &jobs_fd)) < 0 ||
            (r = open_directory_at(state_fd, IMAGES_DIR, true, &images_fd)) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot open the state directory '%s'",
                                         state_dir);

        *ret = (JobStore) {
                .survey_fd = -EBADF,
                .jobs_fd = TAKE_FD(jobs_fd),
                .images_fd = TAKE_FD(images_fd),
        };
        return 0;
}

void job_store_done(JobStore *s)
{
        closep(&s->jobs_fd);
        closep(&s->images_fd);
        closep(&s->survey_fd);
        s->jobs_fd = s->images_fd = s->survey_fd = -EBADF;
}

int job_store_survey(const JobStore *s, uint64_t except, JobList *ret, Failure *reterr)
{
        return journal_survey(s->jobs_fd, except, JOBS_ENDED_MAX, ret, reterr);
}

static int survey(void *store, const Job *j, JobList *ret, Failure *reterr)
{
        JobStore *s = store;

        s->survey_fd = journal_lock_all(s->jobs_fd, SURVEY_TIMEOUT_USEC);
        if (s->survey_fd < 0)
                return failure_set_errno(reterr, FAILURE_HOST, s->survey_fd,
                                         "cannot look at the jobs of this host");

        return job_store_survey(s, j->id, ret, reterr);
}

static int write_job(void *store, const Job *j, Failure *reterr)
{
        JobStore *s = store;
        int r;

        r = journal_write(s->jobs_fd, j, reterr);
        closep(&s->survey_fd);
        s->survey_fd = -EBADF;
        if (r < 0)
                return r;

        /* No socket, or nobody listening, is the normal case of a worker run by hand or during a daemon's restart. */
        (void) sd_notifyf(false, "X_VGPU_JOB=%" PRIu64, j->id);
        return 0;
}

static int write_record(void *store, const Job *j, uint64_t bytes, Failure *reterr)
{
        JobStore *s = store;

        return image_record_write(s->images_fd, j, bytes, reterr);
}

static int remove_record(void *store, const char *domain_uuid, Failure *reterr)
{
        JobStore *s = store;

        return image_record_remove(s->images_fd, domain_uuid, reterr);
}

static int read_devices(void *store, const char *domain_uuid, char **ret, Failure *reterr)
{
        _cleanup_(image_record_freep) ImageRecord *record = NULL;
        JobStore *s = store;
        int r;

        r = image_record_read(s->images_fd, domain_uuid, &record, reterr);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(record->devices);
        return 0;
}

static void progress(void *store, const Job *j)
{
        JobStore *s = store;
        uint64_t now = clock_monotonic_usec();

        if (now - s->progress_sent_usec < PROGRESS_INTERVAL_USEC)
                return;

        s->progress_sent_usec = now;
        (void) sd_notifyf(false,
                          "X_VGPU_JOB=%" PRIu64 "\nX_VGPU_BYTES=%" PRIu64 "\nX_VGPU_BYTES_TOTAL=%" PRIu64,
                          j->id, j->bytes, j->bytes_total);
}

/* That a step is done shows in what comes next. */
static void tell_step(void *store, const Job *j, const JobStep *s, const Failure *why)
{
        const char *name = step_id_to_string(s->id);

        if (why)
                job_log_struct(j, LOG_WARNING, VGPU_HIBERNATE_MESSAGE_STEP_FAILED, JOB_LOG_ERROR(why->code),
                               "step %s failed: %s", name, failure_message(why));
        else if (s->state == STEP_UNDOING)
                job_log_struct(j, LOG_NOTICE, VGPU_HIBERNATE_MESSAGE_STEP_UNDOING, NULL,
                               "step %s is being undone", name);
        else
                job_log_struct(j, LOG_INFO, VGPU_HIBERNATE_MESSAGE_STEP_BEGUN, NULL, "step %s begins", name);
}

const ExecutorStore job_store_ops = {
        .survey = survey,
        .write_job = write_job,
        .write_record = write_record,
        .remove_record = remove_record,
        .read_devices = read_devices,
        .progress = progress,
        .tell_step = tell_step,
};
