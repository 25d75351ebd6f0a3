/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * FakeHost: a model of one domain, its image, its definition and its functions, behind HostOps. It keeps the books on
 * what must never happen (an image that runs twice, a guest lost) and fails or "kills" on demand: every operation is
 * counted, and at the chosen one it either returns an error, or ends the run before or after its effect as SIGKILL
 * would, by longjmp. Two faults may hit the same run.
 */

#include <setjmp.h>
#include <signal.h>

#include "core/host-ops.h"
#include "worker/executor.h"

#define FAKE_FUNCTIONS 4
#define FAKE_FAULTS 2
#define FAKE_SHIFT 2 /* places by which a renumbering moves each function */

typedef enum FakeFault {
        FAKE_FAULT_NONE,
        FAKE_FAULT_ERROR,       /* the operation fails, without effect */
        FAKE_FAULT_ERROR_AFTER, /* it has its effect, and fails all the same: a reply that was lost */
        FAKE_FAULT_ERROR_ASKED, /* in suspend and continue: libvirtd dies, what it was asked for happens; in unplug: the guest
                                 * lets go later; in the save of a guest that runs: it fails and leaves that paused; in restore,
                                 * when there is a guard: libvirt finds the image bad; elsewhere nothing */
        FAKE_FAULT_DISK_FULL,   /* from here on nothing can be written to the journal and the records */
        FAKE_FAULT_CANCEL,      /* SIGTERM comes while the operation is under way */
        FAKE_FAULT_HOLD,        /* SIGUSR1 does, and the host goes down when the worker has ended */
        FAKE_FAULT_KILL_BEFORE, /* the worker dies before the effect */
        FAKE_FAULT_KILL_AFTER,  /* the worker dies after the effect */
        FAKE_FAULT_POWER_CUT,   /* the host dies after the effect: QEMU is gone */
        FAKE_FAULT_RENUMBER,    /* the same, and it boots with other numbers for its buses */
        FAKE_FAULT_KILL_ASKED, /* in save, suspend and unplug: the worker dies, what it asked for is yet to begin; in mend:
                                * half way; in restore: as it finds prelaunch; else nothing */
        FAKE_FAULT_QEMU_DIES, /* in save: QEMU is killed in the middle of it; elsewhere nothing */
        _FAKE_FAULT_MAX,
} FakeFault;

/* What a function cannot. */
typedef enum FakeBad {
        FAKE_GOOD,
        FAKE_BAD_BIND,
        FAKE_BAD_RESTORE,
        FAKE_BAD_WAKE,
        FAKE_BAD_PROBE,  /* a restore on it fails, and so does its reset */
        FAKE_BAD_GATE,   /* its gate never accepts */
        FAKE_BAD_ASK,    /* its gate accepts once, and then cannot be asked any more */
        FAKE_BAD_CLEAN,  /* it cannot be cleaned */
        FAKE_BAD_FIXUPS, /* none of another card does for the guest, and that is found out by asking it */
        _FAKE_BAD_MAX,
} FakeBad;

/* A start that libvirt was let begin, with function 2 (core/host-ops.h, follow_restore()). */
typedef enum FakeStart {
        FAKE_START_NONE, /* none, or it did not succeed */
        FAKE_START_COMES,
} FakeStart;

typedef struct FakeHost {
        /* The world. */
        FakeStart libvirt_starts;
        QemuStatus qemu;
        DomainState libvirt;
        bool libvirt_is_new; /* its libvirtd was started when this QEMU was there */
        bool prelaunch;      /* PAUSED, but libvirt found the image bad and started it anew */
        bool cpr_mode;
        ImageState image;                       /* under libvirt's name */
        bool guard;                             /* the guard link exists */
        bool s4_image;                          /* the guest's own image on its disk */
        unsigned image_names, definition_names; /* place of the function that the XMLs name */
        unsigned qemu_has;                      /* place of the function that the running QEMU has */
        unsigned shift;                         /* function 0 is at this place */
        bool plugged;                           /* it has it */
        bool image_has_none;                    /* the image is of one that was unplugged */
        bool image_was_running;                 /* and of a guest that ran */
        bool bound[FAKE_FUNCTIONS];
        FakeBad bad[FAKE_FUNCTIONS];
        bool asked[FAKE_FUNCTIONS];     /* its gate was */
        bool gate_open[FAKE_FUNCTIONS]; /* it accepted, and no guest ran on the function since */
        bool record;                    /* store: the domain is recorded as hibernated */
        Job *journal;                   /* store: the last durable copy */
        bool save_asked_for;            /* of libvirt, which has not begun with it */
        bool suspend_asked_for;         /* of the guest, the same */
        bool unplug_asked_for;

        /* What the guest is like. */
        bool ignores_suspend;
        bool ignores_unplug;
        bool agent_dead;
        bool device_state; /* the drivers of its functions speak of it */

        uint64_t space_bytes; /* where images are written */
        JobKind other;        /* under way, with a promise of the whole space; _JOB_KIND_INVALID: none */

        /* The books. */
        bool qemu_is_restored; /* this QEMU came from the image */
        bool image_consumed;   /* the guest ran from the image's content */
        bool image_ran_twice;
        bool memory_lost; /* an operation destroyed the last copy */
        bool memory_cut;  /* a power cut did */
        unsigned cold_boots;
        bool took_from_guest;       /* a function that it has was to be unbound or reset */
        bool dirty[FAKE_FUNCTIONS]; /* a guest ran on it, and it was not cleaned since */
        bool used[FAKE_FUNCTIONS];  /* a QEMU had it, and it was not reset since */
        bool saved_ungated;         /* the gate of the function that the guest had did not accept by then */

        /* Faults. */
        unsigned calls;
        unsigned fault_at[FAKE_FAULTS]; /* the call's number, from 1; 0: never */
        FakeFault fault[FAKE_FAULTS];
        bool reached[FAKE_FAULTS];
        bool disk_full;
        volatile sig_atomic_t canceled, held;
        StepId canceled_in; /* whose operation it came during; _STEP_ID_INVALID: none */
        jmp_buf killed;
        const char *last_call;
        bool trace; /* print the calls */
} FakeHost;

extern const HostOps fake_host_ops;
extern const ExecutorStore fake_store_ops;

/* What a worker reads when it starts; the caller's to free. */
Job *fake_host_read_journal(const FakeHost *h);

/* A running domain on function 0. */
void fake_host_init(FakeHost *h);
void fake_host_done(FakeHost *h);
void fake_libvirt_starts(FakeHost *h);
void fake_host_goes_down(FakeHost *h);
/* The guest does now what it was asked for. */
void fake_host_suspends(FakeHost *h);
PciAddress fake_function(unsigned index);
/* Which function is there now. */
FunctionRef fake_ref(const FakeHost *h, unsigned place);
