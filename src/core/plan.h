/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Plan: which steps a job takes, in which order, and where it can no longer go back. Constant tables; the only
 * place that knows the sequence. Executed by worker/executor.c over HostOps.
 *
 * Commit points. A plan has stages; each ends with one named step. Before a stage's commit a failure undoes the
 * steps of *that stage* in reverse order, after it the stage is never undone. A move has two: the image durable and
 * the domain inactive (like hibernate), then the guest's first instruction (like resume). So a move that fails
 * between the two leaves a hibernated domain, and one that fails before the first leaves a running one.
 */

#include "core/failure.h"

typedef enum Strategy {
        STRATEGY_AUTO, /* the verdict decides; never in a plan */
        STRATEGY_SUSPEND_TO_RAM,
        STRATEGY_SUSPEND_TO_DISK,
        STRATEGY_DEVICE_STATE,
        STRATEGY_UNPLUG, /* loses what the function holds: never unless asked for */
        _STRATEGY_MAX,
        _STRATEGY_INVALID = -EINVAL,
} Strategy;

const char *strategy_to_string(Strategy s);
Strategy strategy_from_string(const char *s);

/* What the families of some functions allow, the best first. */
typedef struct StrategyList {
        Strategy list[_STRATEGY_MAX];
        size_t n;
        bool said; /* else nothing is said, and all are allowed */
} StrategyList;

bool strategy_list_has(const StrategyList *l, Strategy s);
/* What both allow, in the order of the first that says something. */
void strategy_list_narrow(StrategyList *l, const StrategyList *by);

/* Is the guest's memory written to an image on this host? Else it is on the guest's own disk. */
bool strategy_writes_image(Strategy s);
/* Is that the image of a guest that runs? Then its first instruction after the restore is the "continue", and there is
 * nobody to wake. */
bool strategy_saves_running(Strategy s);

typedef enum JobKind {
        JOB_HIBERNATE,
        JOB_RESUME,
        JOB_MOVE,
        JOB_DISCARD,                      /* gives the image up, and with it the guest's memory */
        _JOB_KIND_DOMAIN_MAX,             /* those before have one domain, a plan and a worker */
        JOB_APPLY = _JOB_KIND_DOMAIN_MAX, /* carries the moves of a plan out, by jobs of its own: core/apply.h */
        _JOB_KIND_MAX,
        _JOB_KIND_INVALID = -EINVAL,
} JobKind;

const char *job_kind_to_string(JobKind k);
JobKind job_kind_from_string(const char *s);

typedef enum StepId {
        STEP_CHECK,   /* the verdict: touches nothing */
        STEP_BIND,    /* targets to vfio-pci; undo: the drivers they had */
        STEP_SUSPEND, /* guest S3, until QEMU says "suspended" and gates that its driver let go; undo: wake */
        STEP_SET_MODE, /* QEMU migration mode cpr-reboot; undo: normal */
        STEP_UNPLUG,   /* the guest lets go of its functions; undo: the same ones plugged back */
        STEP_SAVE,     /* managed save; undo: remove what it left */
        STEP_SYNC,     /* image and directory on disk, guard link and record made. Commit of a hibernate */
        STEP_SUSPEND_DISK, /* guest S4 until shut off. Commit of a hibernate: nothing can undo it */
        STEP_RECORD,       /* suspend-to-disk: the record that this domain is hibernated */
        STEP_REBIND,       /* as bind, after the commit of a move: its targets may be others by now */
        STEP_REWRITE,      /* image XML names the targets; undo: the sources */
        STEP_REDEFINE,     /* persistent XML names the targets; undo (before a commit): the sources */
        STEP_RESTORE,      /* create, paused; undo: destroy, image put back from its guard link */
        STEP_PLUG,         /* the targets into the paused QEMU; undone by restore's undo */
        STEP_CONTINUE, /* libvirt running, QEMU suspended; undone by restore's undo. Of a guest that was saved
                            * running: its first instruction, and the commit of a resume */
        STEP_WAKE,     /* the guest's first instruction. Commit of a resume */
        STEP_START,    /* suspend-to-disk: boot, the guest's kernel reads its image. Commit of a resume */
        STEP_DISCARD,  /* guard link and record removed: the image can never run again */
        STEP_HEALTH,   /* agent answers */
        STEP_RELEASE,  /* sources reset and probed; free or quarantined */
        STEP_CLEAN,    /* sources cleaned by the command of their family; free or quarantined */
        _STEP_ID_MAX,
        _STEP_ID_INVALID = -EINVAL,
} StepId;

const char *step_id_to_string(StepId s);
StepId step_id_from_string(const char *s);

typedef enum PlanFlags {
        PLAN_COMMIT = 1 << 0, /* its success ends the stage */
        PLAN_TOUCHES = 1
                       << 1, /* from here on the guest is neither running nor safely stored, until the commit: a job
                                * may stand still before it, and not after */
} PlanFlags;

typedef struct PlanStep {
        StepId id;
        unsigned stage; /* 0, 1, 2: a failure undoes the steps of its own stage only */
        PlanFlags flags;
} PlanStep;

typedef struct Plan {
        JobKind kind;
        Strategy strategy;
        const PlanStep *steps;
        size_t n_steps;
} Plan;

#define PLAN_STEPS_MAX 18

/* NULL for a combination that does not exist. With STRATEGY_AUTO: the plan that holds only STEP_CHECK. */
const Plan *plan_find(JobKind kind, Strategy strategy);
