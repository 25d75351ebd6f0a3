/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What the daemon publishes, as plain values: domains, functions, pools, jobs and the manager. Read from the a{sv}
 * of GetAll() and GetManagedObjects(). Properties that this version does not know are skipped; missing ones
 * stay zero (strings: NULL).
 */

#include <json-c/json.h>
#include <systemd/sd-bus.h>

#include "basic/macro.h"

/* No honest daemon sends more. */
#define MODEL_LIST_MAX 4096

/* Without its cookie, which is its owner's alone. */
typedef struct ReservationInfo {
        char *pool, *label;
        char **functions; /* NULL-terminated */
        uint32_t uid;
        uint64_t expires_usec;
} ReservationInfo;

typedef struct ManagerInfo {
        char *version;
        bool degraded;
        char *degraded_reason;
        ReservationInfo *reservations;
        size_t n_reservations;
} ManagerInfo;

typedef struct DomainInfo {
        char *name, *uuid, *state, *strategy;
        char **functions; /* NULL-terminated */
        uint64_t image_bytes;
        char *hold;               /* "": not hibernated */
        uint64_t hold_until_usec; /* 0: no end */
        bool adopted, autostart;
        uint32_t order;
        char *on_shutdown;
        char *job; /* object path; "/": none */
} DomainInfo;

typedef struct FunctionInfo {
        char *address, *physical_function, *device, *family, *driver, *pool, *state, *domain, *reason;
        int32_t iommu_group, numa_node;  /* -1: none, unknown */
        uint64_t held_until_usec;        /* 0: not held, or no end */
        uint64_t quarantined_since_usec; /* 0: not, or not known */
} FunctionInfo;

/* Functions of a pool that stand in for one another. */
typedef struct KindInfo {
        char *like, *device;
        uint32_t total, free, largest_free, largest_free_in_group;
} KindInfo;

typedef struct PoolInfo {
        char *name, *policy;
        uint32_t total, free, leased, assigned, held, quarantined, unknown;
        uint32_t physical_functions, free_physical_functions, largest_free, largest_free_in_group, stranded;
        double unusable; /* 0 to 1 */
        KindInfo *kinds;
        size_t n_kinds;
} PoolInfo;

typedef struct FunctionPair {
        char *from, *to;
} FunctionPair;

typedef struct StepInfo {
        char *name, *state;
        uint64_t started_usec, ended_usec; /* CLOCK_REALTIME; 0: not yet */
} StepInfo;

/* Functions that were tried and did not do. */
typedef struct AttemptInfo {
        uint64_t usec;    /* CLOCK_REALTIME: when it failed */
        char **functions; /* NULL-terminated */
        char *step, *error, *error_message;
} AttemptInfo;

/* What happened beside the steps. */
typedef struct EventInfo {
        uint64_t usec; /* CLOCK_REALTIME */
        char *text;
} EventInfo;

/* One of a plan that is carried out. */
typedef struct MoveInfo {
        uint32_t wave; /* from 0 */
        char *domain, *uuid, *state, *message;
        FunctionPair *functions;
        size_t n_functions;
        char *job; /* object path; "/": none */
} MoveInfo;

typedef struct JobInfo {
        uint64_t id;
        char *kind, *domain, *domain_uuid, *strategy, *state, *step, *error, *error_message;
        uint32_t step_number, step_count;
        double progress; /* 0..1 */
        uint64_t bytes;
        uint64_t bytes_total, rate;         /* 0: not known */
        uint64_t expected_end_usec;         /* 0: not known; in the past: late */
        uint64_t predicted_usec, took_usec; /* without the guest; 0: not known */
        bool cancelable;
        uint32_t queue_position; /* from 1; 0: it does not wait */
        uint64_t created_usec, ended_usec;
        FunctionPair *functions;
        size_t n_functions;
        StepInfo *steps;
        size_t n_steps;
        AttemptInfo *attempts;
        size_t n_attempts;
        EventInfo *events;
        size_t n_events;
        char *parent; /* object path; "/": none */
        MoveInfo *moves;
        size_t n_moves;
        uint32_t moves_done, moves_remaining;
} JobInfo;

void manager_info_done(ManagerInfo *m);
void domain_info_done(DomainInfo *d);
void function_info_done(FunctionInfo *f);
void pool_info_done(PoolInfo *p);
void job_info_done(JobInfo *j);

/* The message stands before an a{sv}. Replaces what it has in *ret, which must be zeroed or filled before,
 * and is to be done on failure too. -EBADMSG: not what the contract says. */
int manager_info_read(ManagerInfo *ret, sd_bus_message *m) _warn_unused_result_;
int domain_info_read(DomainInfo *ret, sd_bus_message *m) _warn_unused_result_;
int function_info_read(FunctionInfo *ret, sd_bus_message *m) _warn_unused_result_;
int pool_info_read(PoolInfo *ret, sd_bus_message *m) _warn_unused_result_;
int job_info_read(JobInfo *ret, sd_bus_message *m) _warn_unused_result_;

/* Is it being done or undone? Then its end, if it has one, is that of what went before. */
bool step_info_is_running(const StepInfo *s);

/* The number at the end of a job's object path; false for "/" and for other paths. */
bool job_id_from_path(const char *path, uint64_t *ret);

/* Of "a(ss)"; replaces what there was. */
int function_pairs_read(sd_bus_message *m, FunctionPair **pairs, size_t *n) _warn_unused_result_;
void function_pairs_clear(FunctionPair **pairs, size_t *n);
/* NULL: out of memory. */
json_object *function_pairs_to_json(const FunctionPair *pairs, size_t n);

/* NULL: out of memory. An array of a NULL-terminated one. */
json_object *strings_to_json(char **strings);

/* NULL: out of memory. The form is documented in vgpu-hibernatectl(1). */
json_object *reservation_info_to_json(const ReservationInfo *r);
json_object *domain_info_to_json(const DomainInfo *d);
json_object *function_info_to_json(const FunctionInfo *f);
json_object *pool_info_to_json(const PoolInfo *p);
json_object *job_info_to_json(const JobInfo *j);
