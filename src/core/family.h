/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Family: what is known of a kind of device, and cannot be read from it: on which other function its driver in the
 * guest goes on. Data, one file for each (store/families.h), keyed by vendor and device.
 */

#include "core/finding.h"
#include "core/function.h"

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

const char *guest_fixups_to_string(GuestFixups f);
GuestFixups guest_fixups_from_string(const char *s);

typedef struct FamilyDevice {
        uint16_t vendor, device;
} FamilyDevice;

typedef struct Family {
        char *name;
        FamilyDevice *devices;
        size_t n_devices;
        FamilyTargets targets;
        bool needs_fixups;            /* that holds for a guest with the fix-ups alone, */
        FamilyTargets without_fixups; /* and this for another */
} Family;

typedef struct Families {
        Family *list; /* of two that have a device the first counts */
        size_t n;
} Families;

void family_done(Family *f);
void families_done(Families *l);

FamilyTargets family_targets_for(const Family *f, GuestFixups fixups);

/* NULL: a device that is not known; families may be NULL. */
const Family *families_find(const Families *l, uint16_t vendor, uint16_t device);

/* May a guest that has it be hibernated? Else one finding is added (NULL: none), FAILURE_INCOMPATIBLE. */
bool family_judge_hibernation(const Function *f, Findings *findings);
/* Is it lost for good to a guest that gets no other? */
bool family_needs_same_function(const Function *f);

/* May the guest that has or had the function that was at address `from` go on with `to`? `had` is that function, wherever
 * it is now, NULL when it is not on this host any more. Else one finding is added (NULL: none), FAILURE_INCOMPATIBLE. What is not known goes on
 * with the same function alone. */
bool family_judge(const PciAddress *from, const Function *had, const Function *to, Findings *findings);
