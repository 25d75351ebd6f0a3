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
        char hold[sizeof("hold-until")];
        uint64_t hold_until;
} FakeDomain;

typedef struct FakeFunction {
        const char *address, *state, *domain;
        int32_t group, node;
        char *reason; /* owned */
        uint64_t held_until;
} FakeFunction;

#define FAKE_SINCE_USEC UINT64_C(1000000000000000)
#define FAKE_COOKIE "0123456789abcdef0123456789abcdef"
#define FAKE_EXPIRES_USEC UINT64_C(4000000000000000)

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
        bool reserved; /* with FAKE_COOKIE, the free function */
} Fake;

/* fake-daemon.c */
FakeJob *job_add(Fake *f, uint64_t id, JobKind kind, const char *domain);
bool job_is_of(const FakeJob *j, const char *domain);

/* fake-daemon-bus.c: manager, domains, functions and pool. */
void manager_export(Fake *f);
/* fake-claims-bus.c: methods and a property of the manager. */
int fake_reserve(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int fake_release(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int fake_hold(sd_bus_message *m, void *userdata, sd_bus_error *reterr);
int fake_get_reservations(sd_bus *bus, const char *path, const char *interface, const char *property,
                          sd_bus_message *reply, void *userdata, sd_bus_error *reterr);
/* What a job does with it. */
int fake_use_reservation(Fake *f, const char *cookie, sd_bus_error *reterr);
/* fake-job-bus.c */
void job_export(Fake *f, FakeJob *j);
