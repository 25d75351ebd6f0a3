/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * GuestRules: what a family of devices has to say of the system in a guest: how to prove that its driver follows to
 * another card, what to read for the memory of the device that is in use, and what makes a guest well after a resume.
 * Files below /sys and /proc, no more.
 */

#include "core/guest.h"

#define GUEST_PROBES_MAX 16U
#define GUEST_SYMBOLS_MAX 16U
#define GUEST_HEALTH_MAX 16U
/* A '*' in a path stands for a number below this: cards are counted from 0. */
#define GUEST_PATTERN_MAX 16U

typedef struct GuestFileRule {
        char *path; /* with at most one '*' */
        char *line; /* NULL: that it can be read is enough */
} GuestFileRule;

typedef enum GuestProbeKind {
        PROBE_KERNEL_SYMBOL,  /* one of `any` is in /proc/kallsyms */
        PROBE_FILE,           /* `file` can be read, and has its line */
        PROBE_MODULE_VERSION, /* that of `module` is not below `minimum` */
        PROBE_KERNEL_RELEASE, /* a hint, for people: distributions change what is behind a number */
        _GUEST_PROBE_KIND_MAX,
        _GUEST_PROBE_KIND_INVALID = -EINVAL,
} GuestProbeKind;

const char *guest_probe_kind_to_string(GuestProbeKind k);
GuestProbeKind guest_probe_kind_from_string(const char *s);

/* What a kind has no use for is NULL. */
typedef struct GuestProbe {
        GuestProbeKind kind;
        char **any;
        size_t n_any;
        char *module; /* of a symbol: that it is loaded, or the search says nothing */
        char *minimum;
        GuestFileRule file;
} GuestProbe;

typedef struct GuestRules {
        GuestProbe *probes; /* the first that gives an answer decides */
        size_t n_probes;
        char *vram_used; /* path of files that each say a number of bytes; NULL: not known */
        GuestFileRule *health;
        size_t n_health;
} GuestRules;

void guest_file_rule_done(GuestFileRule *r);
void guest_probe_done(GuestProbe *p);
void guest_rules_done(GuestRules *r);

bool guest_file_rule_matches(const GuestFileRule *r, const char *text);
/* "6.16.13" is not below "6.9". Unknown of what is no version at all. */
GuestAnswer guest_version_reaches(const char *version, const char *minimum);
