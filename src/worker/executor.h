/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Executor: carries a job's plan out over HostOps, with the intent of every step durable before it happens and its
 * outcome after. Theory of operation:
 *
 *   run      for each step: journal the outcome of the one before and the intent of this one, in one write -> do it.
 *            A failure in a stage that has a commit step undoes the steps of that stage in reverse order. The last
 *            stage has no commit step: there the only way is forward, and what fails is tried again by a recovery.
 *   recover  the same, entered in the middle, for a job whose worker died: a job that never passed a commit point is
 *            undone, one that did goes forward. Every HostOps operation is idempotent, so a step whose outcome is
 *            unknown is undone or done once more.
 *
 *   wait     a job that finds no room for its image while other jobs are about to give some goes back to the queue; nothing
 *            was touched, and another worker begins it anew.
 *
 *   hold     the host is about to go down: a job that has not touched the guest yet is undone, one that left it
 *            hibernated stands still until a recovery after the boot, one in between goes on to the next such point.
 *
 * One exception guards the memory of the guest: once the guest ran (QEMU says "running") its image must never run
 * again. So before anything is undone in a stage that restores, QEMU is asked, and if the guest runs the way is
 * forward, whatever the journal says.
 */

#include <signal.h>

#include "core/host-ops.h"
#include "core/job.h"

/* What the executor needs to be remembered. Implemented by worker/job-store.c and by the tests. */
typedef struct ExecutorStore {
        /* The other jobs of this host, for as long as it takes to write this one: nobody else is told of them before the
         * next write_job(). The caller frees. */
        int (*survey)(void *store, const Job *j, JobList *ret, Failure *reterr);
        int (*write_job)(void *store, const Job *j, Failure *reterr);
        int (*write_record)(void *store, const Job *j, uint64_t bytes, Failure *reterr);
        int (*remove_record)(void *store, const char *domain_uuid, Failure *reterr);
        /* What the record says of the devices that the domain had (Job.devices); NULL: nothing. The caller's to free. */
        int (*read_devices)(void *store, const char *domain_uuid, char **ret, Failure *reterr);
        /* Bytes of a save, many times a second at most; not durable. */
        void (*progress)(void *store, const Job *j);
        /* For people: a step is begun or undone (its state says which), or failed of `why`. */
        void (*tell_step)(void *store, const Job *j, const JobStep *s, const Failure *why);
} ExecutorStore;

typedef struct Executor {
        Job *job;
        const HostOps *ops;
        void *host;
        const ExecutorStore *store_ops;
        void *store;
        const volatile sig_atomic_t *canceled; /* set by SIGTERM; NULL: never */
        const volatile sig_atomic_t *held; /* set by SIGUSR1: stand still where that is safe; NULL: never */
        uint64_t image_reserve_bytes;      /* to be left free by a save */
        bool recovering;                   /* another worker began this job, and died */
        Failure stuck;                     /* with -EAGAIN: what stands in the way; the caller's to free */
} Executor;

/* 0: JOB_DONE. -EAGAIN: the way back is blocked, or QEMU could not be asked whether the guest ran, so that neither
 * direction is safe, or the job is held; `stuck` says what, the job is unfinished and must be recovered later, or, when it is JOB_QUEUED
 * again, run.
 * -ERESTART: JOB_RETRYING, see core/retarget.h. Other negative: the job ended in JOB_FAILED or JOB_CANCELED, its failure
 * says why and how the domain was left. */
int executor_run(Executor *e) _warn_unused_result_;
int executor_recover(Executor *e) _warn_unused_result_;
