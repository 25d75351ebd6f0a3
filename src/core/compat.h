/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Compatibility: may a function take over from another in a guest that goes on as if nothing had happened? The one judge of
 * that, for jobs, for reservations, for who only asks, and offline.
 *
 * Three kinds of rules, in this order. Those of the host: only virtual functions are given to guests, of a physical function
 * that answers, and out of an IOMMU group that the kernel lets go. Those of the guest: what its kernel read once from
 * config space and never reads again must be the same - ids, revision, class, BARs, ROM, size of the MSI-X table. And those of the
 * device's family: on which cards its driver goes on, and which attributes must be the same.
 */

#include "core/family.h"
#include "core/finding.h"

/* What is known of the guest that is to go on. */
typedef struct CompatGuest {
        const FunctionIdentity *identity; /* of the function that it knows */
        const PciAddress *
                        address; /* where that is or was; NULL: it has none yet, so no family forbids it any */
        const Locator *locator; /* of that function; NULL: not on record */
        const Function *had;    /* that function; NULL: it is not on this host any more */
        GuestFixups fixups;
        bool anew; /* it was unplugged, and its driver begins as with a new card: no family forbids it any */
} CompatGuest;

/* May it go on with `to`? Else all that speaks against it is added (NULL: nothing is), FAILURE_INCOMPATIBLE with a
 * FindingRule each, and both values where two differ. */
bool compat_judge(const CompatGuest *guest, const Function *to, Findings *findings);

/* Are two alike for every guest, as far as ids, BARs and attributes tell? */
bool compat_is_alike(const Function *a, const Function *b);
/* Else what differs is added (NULL: nothing is). */
bool compat_judge_alike(const Function *a, const Function *b, Findings *findings);

/* May every guest of one go on with the other, and the other way round, as far as an inventory tells? Those are of a
 * kind: of any two of them compat_judge() says so. Stricter than it is where only one tells its node or its MSI-X
 * table. Where compat_has_others() says no, they are alike for new guests alone. */
bool compat_is_of_kind(const Function *a, const Function *b, GuestFixups fixups);

/* May a guest that has it go on with any other at all? Needs the ids and the family. */
bool compat_has_others(const Function *f, GuestFixups fixups);
/* Even with one of another host? */
bool compat_has_others_elsewhere(const Function *f, GuestFixups fixups);
