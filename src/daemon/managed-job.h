/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * ManagedJob: a job as the daemon has it: what its journal said when it was last read, and the worker that
 * executes it, if one lives. The journal belongs to the worker; the daemon reads it when the worker says
 * that it changed, and when the worker ends.
 *
 * A worker that found no room for its image while other jobs are to give some has put its job back into the queue. It
 * begins anew when another job has ended, or after a while.
 *
 * A worker that ended without a final state in the journal is followed by another one, with "recover". One
 * that says that it cannot go on now (JOB_WORKER_EXIT_LATER: libvirt does not answer, say) is followed for
 * as long as it takes. Those that die are JOB_RECOVERIES_MAX in a row, the first at once, the others after a
 * while; then the job is given up: the bus shows it failed, but it stays open, so its domain takes no other
 * job and its functions go to nobody, until a daemon that is started again tries once more.
 *
 * One that carries out a plan has no worker at all: apply-job.h.
 */

#include <systemd/sd-event.h>

#include "core/job.h"
#include "daemon/job-shown.h"
#include "daemon/notify-socket.h"
#include "daemon/planning.h"
#include "daemon/worker-process.h"

#define JOB_RECOVERIES_MAX 3U
#define JOB_WORKER_EXIT_LATER 75 /* EX_TEMPFAIL of sysexits.h */

typedef struct Manager Manager;

typedef struct ManagedJob {
        Manager *manager;
        Job *job;
        WorkerProcess *worker;
        sd_event_source *retry;
        unsigned recoveries; /* of workers that died, in a row */
        uint64_t later_usec; /* what was last waited for one that could not go on */
        bool recovering;     /* a recovery is due, and the journal does not say so yet */
        bool asked_to_rest;  /* the worker was */
        bool prepare_due; /* libvirt was let restore the domain that this follows, and will ask once more */
        bool asked_to_cancel;
        sd_event_source *put_off; /* in the queue, but not to begin before this; NULL: it may */
        bool given_up;
        Failure death; /* when given up */

        /* Of one that carries out a plan. */
        bool unsaved;         /* its journal is not as it is */
        Planning *planning;   /* anew; NULL: none is under way */
        unsigned stale_plans; /* that came too late, in a row */

        /* Progress of the save, newer than the journal's. */
        uint64_t bytes, bytes_total;
        uint64_t rate; /* per second */
        uint64_t sample_usec, sample_bytes;
        uint64_t save_end_usec; /* CLOCK_REALTIME; by its rate, 0: not known */

        JobShown *shown;      /* what signals have said; NULL: nothing will change any more */
        bool changed;         /* look whether something differs from it */
        bool removal_pending; /* JobRemoved is to be sent */
} ManagedJob;

/* Takes the job. */
int managed_job_new(Manager *m, Job *job, ManagedJob **ret) _warn_unused_result_;
/* Lets go of the worker. */
ManagedJob *managed_job_free(ManagedJob *j);
DEFINE_CLEANUP_FUNC(ManagedJob *, managed_job_free);

/* Spawns the first worker, when its turn has come (job-queue.h); when that fails, it is as if the worker had died. */
void managed_job_run(ManagedJob *j);
/* Reads the journal now: what its worker told last may not have been heard yet. */
void managed_job_refresh(ManagedJob *j);
/* The setter of what the journal says: takes the job. */
void managed_job_set_record(ManagedJob *j, Job *job);
/* For a job without a worker of ours: ends it when its journal says so, else adopts the worker that the
 * journal names, else recovers it, else gives it up. */
void managed_job_supervise(ManagedJob *j);
/* One that was put off may begin: there may be room. */
void managed_job_take_up(ManagedJob *j);
void managed_job_notify(ManagedJob *j, const NotifyMessage *message);
int managed_job_cancel(ManagedJob *j, Failure *reterr) _warn_unused_result_;

/* While the host is about to shut down: asks the worker to end where the job may be left for a recovery after the boot
 * (SIGUSR1; it says JOB_WORKER_EXIT_LATER then), and waits no longer for a time when the job could go on. */
void managed_job_rest(ManagedJob *j);
/* The host does not shut down after all. */
void managed_job_go_on(ManagedJob *j);

/* Something is done for it, or about to be. */
bool managed_job_is_at_work(const ManagedJob *j);
/* Its outcome is not known: it needs its functions, and its domain takes no other job. */
bool managed_job_is_open(const ManagedJob *j);
bool managed_job_is_cancelable(const ManagedJob *j);
/* What the bus shows. */
JobState managed_job_state(const ManagedJob *j);
const Failure *managed_job_failure(const ManagedJob *j);
/* 0..1: steps done of all, the save by its bytes. */
double managed_job_progress(const ManagedJob *j);
/* CLOCK_REALTIME; by the domain's last jobs or, where they do not tell, by all. 0: not known. Looks at every job on
 * record. */
uint64_t managed_job_forecast_end(const ManagedJob *j);
/* The same, as the last signal said it. */
uint64_t managed_job_expected_end(const ManagedJob *j);
