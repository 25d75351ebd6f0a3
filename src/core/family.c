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

static const char *const attribute_of_table[] = {
        [ATTRIBUTE_OF_FUNCTION] = "function",
        [ATTRIBUTE_OF_PHYSICAL_FUNCTION] = "physical-function",
};
DEFINE_ENUM_TABLE(attribute_of, AttributeOf, _ATTRIBUTE_OF_MAX);

FamilyTargets family_targets_for(const Family *f, GuestFixups fixups)
{
        return f->needs_fixups && fixups != FIXUPS_YES ? f->without_fixups : f->targets;
}

GuestFixups guest_fixups_settle(GuestFixups probed, GuestAnswer declared)
{
        if (declared == GUEST_NO)
                return FIXUPS_NO;

        return probed == FIXUPS_UNKNOWN && declared == GUEST_YES ? FIXUPS_YES : probed;
}

void family_gate_done(FamilyGate *g)
{
        host_command_done(&g->command);
        free(g->path);
        words_free(g->accepts);
        *g = (FamilyGate) { 0 };
}

bool family_gate_accepts(const FamilyGate *g, const char *answer)
{
        for (char **w = g->accepts; *w; w++)
                if (streq(*w, answer))
                        return true;

        return false;
}

void family_done(Family *f)
{
        for (size_t i = 0; i < f->n_attributes; i++) {
                free(f->attributes[i].name);
                free(f->attributes[i].file);
        }

        family_gate_done(&f->gate);
        host_command_done(&f->clean);
        free(f->name);
        free(f->devices);
        free(f->attributes);
        guest_rules_done(&f->guest);
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

bool family_judge_hibernation(const Function *f, Findings *findings)
{
        Finding *found;

        if (!f->family || f->family->targets != TARGETS_NEVER)
                return true;

        found = findings_block(findings, FAILURE_INCOMPATIBLE, FINDING_FUNCTION,
                               "function %s is of family %s, which is not to be hibernated at all",
                               PCI_ADDRESS_STR(&f->address), f->family->name);
        finding_set_rule(found, RULE_NEVER);
        finding_set_remedy(found, FAMILY_REMEDY);
        return false;
}

bool family_needs_same_function(const Function *f)
{
        return !f->family || f->family->targets == TARGETS_SAME_FUNCTION;
}
