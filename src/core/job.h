/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Job: one hibernate, resume, move or discard of one domain: what was asked, what was decided, how far it is. The whole
 * object is what the journal stores (store/journal.h), so the request is durable before a worker starts and the
 * record outlives every process.
 *
 * One of kind JOB_APPLY has no domain and no steps, but an Apply (core/apply.h), and jobs whose parent it is.
 */

#include "core/family.h"
#include "core/plan.h"

typedef enum JobState {
        JOB_QUEUED,     /* durable, no worker yet */
        JOB_RUNNING,    /* a worker executes the plan */
        JOB_UNDOING,    /* a step failed before its commit point: going back */
        JOB_RECOVERING, /* a worker finishes what a dead one left */
        JOB_RETRYING,   /* no worker: the daemon is to choose other targets, see core/retarget.h */
        JOB_DONE,
        JOB_FAILED,   /* failure says why and in which state the domain was left */
        JOB_CANCELED, /* undone on request */
        _JOB_STATE_MAX,
        _JOB_STATE_INVALID = -EINVAL,
} JobState;

const char *job_state_to_string(JobState s);
JobState job_state_from_string(const char *s);
bool job_state_is_final(JobState s);

typedef enum StepState {
        STEP_PENDING,
        STEP_STARTED, /* intent is durable, outcome unknown */
        STEP_DONE,
        STEP_FAILED,
        STEP_UNDOING, /* intent of the undo is durable */
        STEP_UNDONE,
        _STEP_STATE_MAX,
        _STEP_STATE_INVALID = -EINVAL,
} StepState;

const char *step_state_to_string(StepState s);
StepState step_state_from_string(const char *s);

typedef struct JobStep {
        StepId id;
        StepState state;
        uint64_t started_usec; /* CLOCK_REALTIME; 0: not yet */
        uint64_t ended_usec;
} JobStep;

#define JOB_FUNCTIONS_MAX 64

/* One hostdev of the domain, in the order of its XML. */
typedef struct FunctionSwap {
        bool has_from, has_to;
        PciAddress from, to; /* as the domain's XML names them, so of the day when it was written */
        Locator from_locator, to_locator;
        FunctionIdentity identity; /* what the guest knows */
        bool bound;                /* `to` had no driver, and we bound it */
} FunctionSwap;

FunctionRef swap_source(const FunctionSwap *s);
FunctionRef swap_target(const FunctionSwap *s);
void swap_set_target(FunctionSwap *s, const Function *f);

/* What to do when no target does and the domain is hibernated by then. */
typedef enum JobFallback {
        FALLBACK_BACK, /* resume it on the functions it had */
        FALLBACK_STAY, /* leave it hibernated */
        _JOB_FALLBACK_MAX,
        _JOB_FALLBACK_INVALID = -EINVAL,
} JobFallback;

const char *job_fallback_to_string(JobFallback f);
JobFallback job_fallback_from_string(const char *s);

/* Targets that were tried and did not do. */
typedef struct JobAttempt {
        uint64_t usec;       /* CLOCK_REALTIME; when it failed */
        StepId step;         /* at which it did */
        PciAddress *targets; /* owned, one for each swap */
        size_t n_targets;
        Failure failure;
} JobAttempt;

/* A function that proved bad: not to be given to anybody. */
typedef struct JobQuarantine {
        FunctionRef function;
        char *reason; /* owned */
} JobQuarantine;

/* One line of what happened beside the plan: a recovery, a step back, another attempt. */
typedef struct JobEvent {
        uint64_t usec; /* CLOCK_REALTIME */
        char *text;    /* owned */
} JobEvent;

#define JOB_ATTEMPTS_MAX 16
#define JOB_QUARANTINES_MAX (2 * JOB_FUNCTIONS_MAX)
#define JOB_EVENTS_MAX 64

/* See core/prediction.h. */
typedef struct JobPrediction {
        uint64_t bytes;                  /* of the image; 0: not known, or there is none */
        uint64_t save_usec, resume_usec; /* 0: not known, or no part of the job */
} JobPrediction;

typedef struct Apply Apply;

typedef struct Job {
        uint64_t id;
        uint64_t parent; /* of kind JOB_APPLY, whose child it is; 0: none */
        JobKind kind;
        JobState state;
        Strategy strategy; /* as asked; replaced by the verdict's when STEP_CHECK is done */
        char *domain_uuid;
        char *domain_name;
        FunctionSwap *swaps;
        size_t n_swaps;
        char *devices; /* owned; what is to be plugged, see DomainFacts.devices; NULL: not known, or no need */
        bool targets_asked_for; /* by the caller, by name: no other will do */
        bool needs_fixups; /* these targets do only for a guest with FIXUPS_YES: STEP_CHECK refuses another */
        GuestFixups fixups; /* of the guest, once STEP_CHECK has asked it; of a resume, by the record */
        bool by_shutdown; /* of the host, which it is to survive: its domain is brought back after the boot */
        bool by_libvirt;  /* it does not start the domain: it follows a start of libvirt's */
        bool asleep; /* a hibernate of a guest that somebody else suspended: one that runs is left alone */
        JobFallback fallback;
        bool back;            /* the targets are the functions the domain had: the last resort */
        JobAttempt *attempts; /* those that failed, in order */
        size_t n_attempts;
        bool retry; /* the last attempt is being undone for the sake of another one */
        JobQuarantine *quarantines;
        size_t n_quarantines;
        JobEvent *events;
        size_t n_events;
        JobStep steps[PLAN_STEPS_MAX];
        size_t n_steps;
        uint64_t bytes, bytes_total; /* of the save, written with each step's outcome; of a resume, the image's */
        uint64_t space_bytes; /* promised for the image, at the most; 0: nothing (yet), see core/space.h */
        JobPrediction predicted; /* when it began */
        uint64_t created_usec, ended_usec;
        Failure failure;
        Apply *apply;        /* owned; of JOB_APPLY alone */
        char *stuck;         /* owned; while unfinished: what stands in the way of an end, NULL: nothing */
        uint32_t worker_pid; /* 0: none; with its start time, since process ids are used again */
        uint64_t worker_start_ticks;
} Job;

typedef struct JobList {
        Job **jobs; /* owned, by number */
        size_t n;
} JobList;

void job_list_done(JobList *l);

int job_new(uint64_t id, JobKind kind, Strategy strategy, const char *domain_uuid, const char *domain_name,
            Job **ret) _warn_unused_result_;
Job *job_free(Job *j);
DEFINE_CLEANUP_FUNC(Job *, job_free);

/* Copies the swaps' addresses; the job owns its array. */
int job_set_swaps(Job *j, const FunctionSwap *swaps, size_t n) _warn_unused_result_;
/* Notes that the present targets failed at `step`. */
int job_add_attempt(Job *j, uint64_t usec, StepId step, const Failure *failure) _warn_unused_result_;
/* Takes the last attempt back: it did, after all. */
void job_drop_attempt(Job *j);
/* A function that is noted already keeps its first reason. */
int job_quarantine(Job *j, const FunctionRef *function, const char *reason) _warn_unused_result_;
/* When there are JOB_EVENTS_MAX, the second oldest goes: how it began is worth more than what was repeated. Without
 * memory nothing is noted. */
void job_tell(Job *j, uint64_t usec, const char *format, ...) _printf_(3, 4);
/* Fixes the strategy and lays out the steps of its plan. The state of STEP_CHECK is kept. -EINVAL: no such plan. */
int job_set_strategy(Job *j, Strategy strategy) _warn_unused_result_;
/* A resume that begins behind a restore by libvirt, which is under way: nothing is left to do before it. */
void job_follow_libvirt(Job *j, uint64_t usec);
/* NULL when the plan has no such step. */
JobStep *job_find_step(Job *j, StepId id);
/* The step that is being done or undone, else the last one that ended, else NULL. */
const JobStep *job_current_step(const Job *j);
/* Checks the transition table: -EPERM for a move that is not in it. */
int job_set_state(Job *j, JobState state) _warn_unused_result_;
/* What this job tells of the image that its domain is hibernated to. */
typedef enum JobImage {
        JOB_IMAGE_UNKNOWN, /* it did not get so far as to look */
        JOB_IMAGE_WHOLE,
        JOB_IMAGE_DAMAGED,
} JobImage;

JobImage job_image(const Job *j);
/* What is said of a guest that runs and could not be given what it should have, with the remedy. */
#define JOB_RUNS_WITHOUT                                                                                      \
        "the domain runs without it: 'virsh attach-device' gives it a function, as does to shut it down and " \
        "start it"
/* "the domain runs on as before": what an undo up to the last commit leaves, for people. */
const char *job_outcome_of_undo(const Job *j);
/* Does its worker start the domain at this moment, or may it be about to, forwards or to go back? */
bool job_is_starting(const Job *j);
/* Did it reset and clean what it took from a guest? */
bool job_cleaned(const Job *j);
/* Did it take functions from a guest, and end without having cleaned them? */
bool job_left_unclean(const Job *j);
/* Has the first commit point passed, so that going back means something else than "as it was"? Of a discard there is no way
 * back from its beginning on. */
bool job_is_committed(const Job *j);
