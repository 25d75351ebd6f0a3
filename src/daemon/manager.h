/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Manager: the daemon's model. What it knows comes from three sides: the world from the watch worker, jobs
 * and records from files that job workers write, the ledger from itself. Whatever changes there calls
 * manager_changed(); before the next bus message is read, the view is computed anew and what differs is said
 * on the bus (changes.c). So nothing else sends PropertiesChanged, and no getter sees a half-updated state.
 *
 * It is the only allocator of functions, in a single thread: no lock.
 */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>
#include <systemd/sd-id128.h>

#include "daemon/adopt.h"
#include "daemon/autostart.h"
#include "daemon/bus-limits.h"
#include "daemon/explain.h"
#include "daemon/host-shutdown.h"
#include "daemon/managed-job.h"
#include "daemon/outcome.h"
#include "daemon/plan-bus.h"
#include "daemon/polkit.h"
#include "daemon/probe.h"
#include "daemon/returns.h"
#include "daemon/sleepers.h"
#include "daemon/view.h"
#include "daemon/watch-child.h"
#include "store/config.h"
#include "store/families.h"

/* How many jobs may be open at once, those that wait among them: each keeps a domain and functions from others. */
#define JOBS_OPEN_MAX 256U

typedef struct ManagerPaths {
        const char *config;
        const char *state_dir;
        const char *runtime_dir;
        const char *worker;
        const char *families_dirs[FAMILIES_DIRS_MAX]; /* NULL at the end */
        bool config_given, families_dir_given;        /* by the command line: a missing one is a mistake */
} ManagerPaths;

struct Manager {
        sd_event *event;
        sd_bus *bus;
        ManagerPaths paths; /* not owned: the command line's */
        char *notify_path;
        int state_fd, jobs_fd, images_fd;

        char boot[SD_ID128_STRING_MAX]; /* id of this boot of the host */

        Config *config;
        Ledger ledger;
        bool ledger_unsaved; /* something of it may not be on disk */
        ImageRecord **records;
        size_t n_records;
        ManagedJob **jobs; /* by id */
        size_t n_jobs;
        bool jobs_forgotten; /* and the bus does not know what that changes for others */
        uint64_t jobs_max;   /* at once, see job-queue.h */
        Outcome **outcomes;
        size_t n_outcomes;
        Sleepers sleepers;

        World *world;       /* the last snapshot; NULL: none yet */
        bool domains_known; /* some snapshot had them */
        char *watch_error;  /* the snapshot may be old, since nobody watches; NULL: somebody does */
        View *view;         /* never NULL */
        char *degraded;     /* NULL: not */
        bool degraded_told; /* in the log, so its end will be as well */

        WatchChild *watch;
        NotifySocket *notify;
        BusLimits *bus_limits;
        Polkit *polkit;
        Explainer *explainer;
        Prober *prober;
        PlanBus *plan_bus;
        Returns *returns;
        Adopter *adopter;
        HostShutdown *shutdown;
        Autostart *autostart;
        sd_event_source *update; /* deferred: manager_changed() */
        sd_event_source *
                        name_timer; /* before the bus name is asked for: the end of the wait for a snapshot */
        sd_event_source *believe;   /* when the next outcome is no longer believed */
        sd_event_source *claims_end; /* when the next hold or reservation ends */
        bool reservations_changed;   /* and the bus does not know */
        char *status;                /* as systemd was told */
        bool started;
        /* Called once, at the first snapshot. */
        void (*world_known)(Manager *m);
};

/* Reads configuration, ledger, records and journals; starts nothing. Logs. */
int manager_new(sd_event *event, const ManagerPaths *paths, Manager **ret) _warn_unused_result_;
/* Watches the world; harmless beside another daemon. Logs. */
int manager_watch(Manager *m) _warn_unused_result_;
/* Once the bus name is ours, so that there is no other daemon: adopts or recovers jobs. Logs. */
int manager_start(Manager *m) _warn_unused_result_;
/* Workers of jobs live on. */
Manager *manager_free(Manager *m);
DEFINE_CLEANUP_FUNC(Manager *, manager_free);

void manager_changed(Manager *m);
/* Has nothing changed since the view was computed? A job that began meanwhile has functions that the view shows as free. */
bool manager_view_is_current(const Manager *m);
/* 0 when the world is known well enough to decide on, else FAILURE_LIBVIRT with the reason. */
int manager_check_world(const Manager *m, Failure *reterr) _warn_unused_result_;

/* Enough for all that the worker's command line may have, and a final NULL. */
#define WORKER_WORDS_MAX 48
/* The worker's command line: `words` (NULL at the end), and before them where the daemon's own files are. */
void manager_worker_argv(const Manager *m, const char *const *words,
                         const char *ret[static WORKER_WORDS_MAX]);
int manager_spawn_worker(Manager *m, const char *verb, uint64_t id, WorkerExitHandler handler,
                         void *userdata, WorkerProcess **ret) _warn_unused_result_;
