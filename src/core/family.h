/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Family: what is known of a kind of device, and cannot be read from it: on which other function its driver in the
 * guest goes on. Data, one file for each (store/families.h), keyed by vendor and device.
 */

#include "core/finding.h"
#include "core/function.h"
#include "core/guest-rules.h"
#include "core/host-command.h"
#include "core/plan.h"

typedef enum FamilyTargets {
        TARGETS_ANY,                /* the driver follows to any function of the same kind */
        TARGETS_SAME_PHYSICAL_NODE, /* to those of the same physical function */
        TARGETS_SAME_FUNCTION,      /* the function itself, so: hibernate and resume, and no move */
        TARGETS_NEVER,              /* none: not to be hibernated at all */
        _FAMILY_TARGETS_MAX,
        _FAMILY_TARGETS_INVALID = -EINVAL,
} FamilyTargets;

const char *family_targets_to_string(FamilyTargets t);
FamilyTargets family_targets_from_string(const char *s);

/* Does the guest's driver have the fix-ups with which it follows to another card? What is not known counts as no. */
typedef enum GuestFixups {
        FIXUPS_UNKNOWN,
        FIXUPS_YES, /* proven by a probe, or declared by the operator */
        FIXUPS_NO,
        _GUEST_FIXUPS_MAX,
        _GUEST_FIXUPS_INVALID = -EINVAL,
} GuestFixups;

/* A guest that was asked and answered is believed, unless its operator says no. */
GuestFixups guest_fixups_settle(GuestFixups probed, GuestAnswer declared);

const char *guest_fixups_to_string(GuestFixups f);
GuestFixups guest_fixups_from_string(const char *s);

typedef struct FamilyDevice {
        uint16_t vendor, device;
} FamilyDevice;

/* Where the host has an attribute of a function. */
typedef enum AttributeOf {
        ATTRIBUTE_OF_FUNCTION,
        ATTRIBUTE_OF_PHYSICAL_FUNCTION,
        _ATTRIBUTE_OF_MAX,
        _ATTRIBUTE_OF_INVALID = -EINVAL,
} AttributeOf;

const char *attribute_of_to_string(AttributeOf of);
AttributeOf attribute_of_from_string(const char *s);

typedef struct FamilyAttribute {
        char *name;      /* owned */
        bool must_match; /* a guest that knows one value does not go on with another */
        AttributeOf of;
        char *file; /* owned; in sysfs's directory of that device; NULL: the host does not know it */
} FamilyAttribute;

/* What of the host's tells whether no guest's driver has the function any more: then it may be taken from its guest, and
 * be given to another one. */
typedef struct FamilyGate {
        HostCommand command; /* prints JSON; words NULL: the family has no gate */
        char *path;          /* owned: JSON pointer (RFC 6901) to a string in it */
        char **accepts;      /* owned, NULL at the end: the strings that say so */
        bool optional;       /* on a host without that program there is no gate */
} FamilyGate;

void family_gate_done(FamilyGate *g);
bool family_gate_accepts(const FamilyGate *g, const char *answer);

typedef struct Family {
        char *name;
        FamilyDevice *devices;
        size_t n_devices;
        FamilyTargets targets;
        bool needs_fixups;            /* that holds for a guest with the fix-ups alone, */
        FamilyTargets without_fixups; /* and this for another */
        FamilyAttribute *attributes;
        size_t n_attributes;
        StrategyList strategies; /* those that are known to do for its guests, the best first; unsaid: any */
        GuestRules guest;
        FamilyGate gate;
        HostCommand clean; /* removes what a guest left in the function; words NULL: nothing of the kind is asked for */
} Family;

typedef struct Families {
        Family *list; /* of two that have a device the first counts */
        size_t n;
} Families;

#define FAMILY_REMEDY                                            \
        "if its driver is known to follow, say so in a file in " \
        "/etc/vgpu-hibernate/families.d (vgpu-hibernate.json(5))"

void family_done(Family *f);
void families_done(Families *l);

FamilyTargets family_targets_for(const Family *f, GuestFixups fixups);

/* NULL: a device that is not known; families may be NULL. */
const Family *families_find(const Families *l, uint16_t vendor, uint16_t device);

/* May a guest that has it be hibernated? Else one finding is added (NULL: none), FAILURE_INCOMPATIBLE. */
bool family_judge_hibernation(const Function *f, Findings *findings);
/* Is it lost for good to a guest that gets no other? */
bool family_needs_same_function(const Function *f);
