/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the fake daemon's files share: its model, and who publishes it. */

#include <systemd/sd-bus.h>
#include <systemd/sd-event.h>

#include "core/job.h"
#include "vgpu-hibernate.h"

#define JOBS_MAX 32
#define MIB UINT64_C(1048576)
#define UUID "0c4ab3e2-7f1d-4c3e-9c3b-25a1f1c6d9a1"

typedef struct FakeDomain {
        const char *name, *state;
        const char *functions[3];
        const char *strategy;
        uint64_t image_bytes;
} FakeDomain;

typedef struct FakeFunction {
        const char *address, *state, *domain;
        int32_t group, node;
        char *reason; /* owned */
} FakeFunction;

typedef struct FakeJob {
        Job *job; /* owned */
        bool canceled;
        bool seen; /* a client has read it since it changed */
        char path[sizeof(VGPU_HIBERNATE_JOB_PATH) + 24];
} FakeJob;

typedef struct Fake {
        sd_event *event;
        sd_bus *bus;
        FakeDomain domains[4];
        FakeFunction functions[5];
        FakeJob jobs[JOBS_MAX];
        size_t n_jobs;
        uint64_t next_id;
} Fake;

/* fake-daemon.c */
FakeJob *job_add(Fake *f, uint64_t id, JobKind kind, const char *domain);
bool job_is_of(const FakeJob *j, const char *domain);

/* fake-daemon-bus.c: manager, domains, functions and pool. */
void manager_export(Fake *f);
/* fake-job-bus.c */
void job_export(Fake *f, FakeJob *j);
