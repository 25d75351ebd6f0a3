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

/* Which rule it is that does not hold, where a failure of one code has several. */
typedef enum FindingRule {
        RULE_NONE,
        RULE_PHYSICAL_FUNCTION, /* it is one, or a whole device */
        RULE_PHYSICAL_FUNCTION_DEAD,
        RULE_IOMMU_GROUP,
        RULE_IDENTITY_UNKNOWN,
        RULE_HOST, /* the function is on another */
        RULE_POOL,
        RULE_KIND,
        RULE_VENDOR,
        RULE_DEVICE,
        RULE_SUBSYSTEM,
        RULE_REVISION,
        RULE_CLASS,
        RULE_BAR_SIZE,
        RULE_BAR_KIND,
        RULE_BAR_PREFETCH,
        RULE_ROM_SIZE,
        RULE_MSIX_SIZE,
        RULE_ATTRIBUTE,
        RULE_ATTRIBUTE_UNKNOWN,
        RULE_NEVER, /* that and the next two: core/family.h, FamilyTargets */
        RULE_SAME_FUNCTION,
        RULE_PHYSICAL_NODE,
        RULE_GUEST_FIXUPS,
        RULE_GUEST_FIXUPS_UNKNOWN,
        _FINDING_RULE_MAX,
        _FINDING_RULE_INVALID = -EINVAL,
} FindingRule;

const char *finding_rule_to_string(FindingRule r);
FindingRule finding_rule_from_string(const char *s);

typedef struct Finding {
        FailureCode code; /* FAILURE_NONE: a remark; such a one never blocks */
        FindingRule rule;
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
void finding_set_rule(Finding *f, FindingRule rule);
/* Without memory there is none. */
void finding_set_remedy(Finding *f, const char *format, ...) _printf_(2, 3);

/* What programs tell findings apart by: the name of the rule, "bar-size", else that of the failure in the same form,
 * "no-space"; "": a remark without one. */
#define FINDING_CODE_MAX 32
char *finding_code_format(const Finding *f, char buf[static FINDING_CODE_MAX]);
/* As a temporary that lives until the end of the enclosing block. */
#define FINDING_CODE_STR(f) finding_code_format((f), (char[FINDING_CODE_MAX]) { 0 })

/* Adds those of `from` under whose code nothing blocks yet: two that look at the same thing need not both say it. */
void findings_merge(Findings *l, const Findings *from);

bool findings_are_blocking(const Findings *l);
/* 0 when nothing blocks; else *reterr is the first that does: "message; remedy". */
int findings_check(const Findings *l, Failure *reterr) _warn_unused_result_;
