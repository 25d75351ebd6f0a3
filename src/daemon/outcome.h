/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Outcome: what the journal of an ended job, or libvirt's hook, says about a domain, believed over the watch worker's
 * snapshots until one of them agrees. Snapshots travel on a pipe of their own, so the one that arrives after
 * a job's end may have been taken before it; without this a resume that directly follows a hibernate would
 * be refused because the domain "still runs", and a function that was just given away would look free.
 *
 * The world stays the truth: an outcome is dropped when a snapshot agrees with it, or OUTCOME_BELIEVED_USEC
 * after it came to be, whatever is first. A start that libvirt was let begin may last, until it has read an image;
 * when it fails libvirt's hook says so.
 */

#include "core/job.h"
#include "core/world.h"

#define OUTCOME_BELIEVED_USEC (10 * USEC_PER_SEC)
#define OUTCOME_START_BELIEVED_USEC (900 * USEC_PER_SEC)

typedef struct Outcome {
        char *domain_uuid;
        char *domain_name; /* of one that is being started, else NULL */
        bool active;
        bool starting;         /* it is still as the snapshots say, but the functions are its */
        PciAddress *functions; /* what the domain owns when it is active */
        size_t n_functions;
        uint64_t until_usec; /* CLOCK_MONOTONIC */
} Outcome;

/* 1 and *ret when the ended job tells what to expect, else 0. */
int outcome_new(const Job *j, bool hibernated, uint64_t now_usec, Outcome **ret) _warn_unused_result_;
/* libvirt is about to start this domain; has ended its QEMU. */
int outcome_new_start(const char *domain_uuid, const char *domain_name, const PciAddress *functions,
                      size_t n, uint64_t now_usec, Outcome **ret) _warn_unused_result_;
int outcome_new_stop(const char *domain_uuid, uint64_t now_usec, Outcome **ret) _warn_unused_result_;
Outcome *outcome_free(Outcome *o);
DEFINE_CLEANUP_FUNC(Outcome *, outcome_free);

bool outcome_agrees(const Outcome *o, const World *w);
