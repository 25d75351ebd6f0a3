/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/family.h"

#include "core/enum-table.h"

static const char *const family_targets_table[] = {
        [TARGETS_ANY] = "any",
        [TARGETS_SAME_PHYSICAL_NODE] = "same-physical-node",
        [TARGETS_SAME_FUNCTION] = "same-function",
        [TARGETS_NEVER] = "never",
};
DEFINE_ENUM_TABLE(family_targets, FamilyTargets, _FAMILY_TARGETS_MAX);

static const char *const guest_fixups_table[] = {
        [FIXUPS_UNKNOWN] = "unknown",
        [FIXUPS_YES] = "yes",
        [FIXUPS_NO] = "no",
};
DEFINE_ENUM_TABLE(guest_fixups, GuestFixups, _GUEST_FIXUPS_MAX);

FamilyTargets family_targets_for(const Family *f, GuestFixups fixups)
{
        return f->needs_fixups && fixups != FIXUPS_YES ? f->without_fixups : f->targets;
}

void family_done(Family *f)
{
        free(f->name);
        free(f->devices);
        *f = (Family) { 0 };
}

void families_done(Families *l)
{
        for (size_t i = 0; i < l->n; i++)
                family_done(l->list + i);

        free(l->list);
        *l = (Families) { 0 };
}

const Family *families_find(const Families *l, uint16_t vendor, uint16_t device)
{
        for (size_t i = 0; l && i < l->n; i++)
                for (size_t k = 0; k < l->list[i].n_devices; k++)
                        if (l->list[i].devices[k].vendor == vendor && l->list[i].devices[k].device == device)
                                return l->list + i;

        return NULL;
}

/* A physical node is a card's place among its peers: functions of one physical function share it, and only the card's own
 * tools know which other cards do. */
static bool same_node(const Function *had, const Function *to)
{
        return had && pci_address_equal(&had->physical_function, &to->physical_function);
}

static const char *why_not(FamilyTargets targets, const Function *had, const Function *to)
{
        bool same = had && pci_address_equal(&had->address, &to->address);

        switch (targets) {
        case TARGETS_ANY:
                return NULL;
        case TARGETS_SAME_PHYSICAL_NODE:
                if (same || same_node(had, to))
                        return NULL;
                return had ? "goes on only with a function of the same physical function"
                           : "goes on only with a function of the same physical function, and the one that it had is "
                             "not on this host any more";
        case TARGETS_SAME_FUNCTION:
                if (same)
                        return NULL;
                return had ? "goes on only with the very same function"
                           : "goes on only with the very same function, and that is not on this host any more";
        case TARGETS_NEVER:
        case _FAMILY_TARGETS_MAX:
        case _FAMILY_TARGETS_INVALID:
                break;
        }

        return "is not to be hibernated at all";
}

#define FAMILY_REMEDY                                            \
        "if its driver is known to follow, say so in a file in " \
        "/etc/vgpu-hibernate/families.d (vgpu-hibernate.json(5))"

bool family_judge_hibernation(const Function *f, Findings *findings)
{
        if (!f->family || f->family->targets != TARGETS_NEVER)
                return true;

        finding_set_remedy(
                        findings_block(findings, FAILURE_INCOMPATIBLE, FINDING_FUNCTION,
                                       "function %s is of family %s, which is not to be hibernated at all",
                                       PCI_ADDRESS_STR(&f->address), f->family->name),
                        FAMILY_REMEDY);
        return false;
}

bool family_needs_same_function(const Function *f)
{
        return !f->family || f->family->targets == TARGETS_SAME_FUNCTION;
}

bool family_judge(const PciAddress *from, const Function *had, const Function *to, Findings *findings)
{
        const Family *family = to->family;
        const char *why = why_not(family ? family->targets : TARGETS_SAME_FUNCTION, had, to);
        Finding *found;

        if (!why)
                return true;

        if (family)
                found = findings_block(
                                findings, FAILURE_INCOMPATIBLE, FINDING_FUNCTION,
                                "function %s cannot stand in for %s: a guest with a device of family %s %s",
                                PCI_ADDRESS_STR(&to->address), PCI_ADDRESS_STR(from), family->name, why);
        else
                found = findings_block(
                                findings, FAILURE_INCOMPATIBLE, FINDING_FUNCTION,
                                "function %s cannot stand in for %s: %04x:%04x is of no known family, so its "
                                "guest %s",
                                PCI_ADDRESS_STR(&to->address), PCI_ADDRESS_STR(from), to->identity.vendor,
                                to->identity.device, why);
        finding_set_remedy(found, FAMILY_REMEDY);
        return false;
}
