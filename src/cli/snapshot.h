/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "cli/model.h"

/* No honest daemon exports more of one kind. */
#define SNAPSHOT_OBJECTS_MAX 65536

/* Everything that the daemon exports, sorted: domains by name, functions by address, pools by
 * name, jobs by number. */
typedef struct Snapshot {
        DomainInfo *domains;
        size_t n_domains;
        FunctionInfo *functions;
        size_t n_functions;
        PoolInfo *pools;
        size_t n_pools;
        JobInfo *jobs;
        size_t n_jobs;
} Snapshot;

void snapshot_done(Snapshot *s);
/* The message is the reply of GetManagedObjects(). */
int snapshot_read(Snapshot *ret, sd_bus_message *m) _warn_unused_result_;
