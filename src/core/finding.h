/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Findings: all that speaks against an operation, each with its remedy, and what else is worth knowing before it. Who
 * asks gets the whole list; a job that is refused fails of the first that blocks. So each check is written once, and
 * those that matter most come first.
 */

#include "core/failure.h"

typedef enum FindingScope {
        FINDING_HOST,     /* this host: libvirt, QEMU, the daemon */
        FINDING_GUEST,    /* the domain: its state, its definition, the system in it */
        FINDING_FUNCTION, /* the functions that it has or needs */
        FINDING_IMAGE,    /* the memory image, and the disk that is to take it */
        FINDING_POLICY,   /* what could be done, but is not by the rules */
        _FINDING_SCOPE_MAX,
        _FINDING_SCOPE_INVALID = -EINVAL,
} FindingScope;

const char *finding_scope_to_string(FindingScope s);
FindingScope finding_scope_from_string(const char *s);

typedef struct Finding {
        FailureCode code; /* FAILURE_NONE: a remark; such a one never blocks */
        FindingScope scope;
        bool blocking;
        char *message; /* owned: the thing and the cause */
        char *remedy;  /* owned; NULL: none is known */
} Finding;

#define FINDINGS_MAX 256U

typedef struct Findings {
        Finding *list;
        size_t n;
        bool incomplete; /* no memory for one: then nothing may be taken for possible */
} Findings;

void findings_done(Findings *l);

/* Returns what was added, for its remedy. NULL: nothing was, for want of memory, or of a list (NULL is allowed: who
 * only wants to know whether needs no words). */
Finding *findings_add(Findings *l, FailureCode code, FindingScope scope, bool blocking, const char *format,
                      ...) _printf_(5, 6);
#define findings_block(l, code, scope, ...) findings_add((l), (code), (scope), true, __VA_ARGS__)
#define findings_remark(l, scope, ...) findings_add((l), FAILURE_NONE, (scope), false, __VA_ARGS__)
/* Without memory there is none. */
void finding_set_remedy(Finding *f, const char *format, ...) _printf_(2, 3);

/* Adds those of `from` under whose code nothing blocks yet: two that look at the same thing need not both say it. */
void findings_merge(Findings *l, const Findings *from);

bool findings_are_blocking(const Findings *l);
/* 0 when nothing blocks; else *reterr is the first that does: "message; remedy". */
int findings_check(const Findings *l, Failure *reterr) _warn_unused_result_;
