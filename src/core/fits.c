/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/fits.h"

#include "core/pool.h"

/* A copy that borrows its strings. Of a kind are functions of one family: what is told of one holds for the other. */
static Function look_up(const Fleet *fleet, const FleetFunction *which, const FleetFunction *other,
                        const Families *families)
{
        Function f = fleet->hosts[which->host].functions[which->function].function;
        const FunctionIdentity *id = &fleet->hosts[other->host].functions[other->function].function.identity;

        if (f.identity.vendor != 0)
                id = &f.identity;
        f.family = families_find(families, id->vendor, id->device);
        return f;
}

/* What the domain has, or what is kept for it, is free for it. */
static bool is_its_own(const Fleet *fleet, const FleetFunction *from, const FleetFunction *to)
{
        const InventoryFunction *a = fleet->hosts[from->host].functions + from->function,
                                *b = fleet->hosts[to->host].functions + to->function;

        if (from->host != to->host || b->function.state == FUNCTION_QUARANTINED)
                return false;

        return a == b ||
               (b->function.state == FUNCTION_HELD && b->domain != INVENTORY_NONE && a->domain == b->domain);
}

bool fits_judge(const Fleet *fleet, const FleetFunction *from, const FleetFunction *to,
                const Families *families, GuestFixups fixups, Findings *findings)
{
        const Function a = look_up(fleet, from, to, families);
        Function b = look_up(fleet, to, from, families);
        const CompatGuest guest = {
                .identity = &a.identity,
                .address = &a.address,
                .had = &a,
                .fixups = fixups,
        };
        bool fits = true;

        if (from->host != to->host) {
                Finding *found = findings_block(findings, FAILURE_INCOMPATIBLE, FINDING_POLICY,
                                                "function %s is on another host",
                                                PCI_ADDRESS_STR(&b.address));

                finding_set_rule(found, RULE_HOST);
                finding_set_remedy(found, "a domain moves within its host; choose a function there");
                fits = false;
        }

        if (a.pool && b.pool && !streq(a.pool, b.pool))
                finding_set_rule(
                                findings_remark(findings, FINDING_POLICY,
                                                "function %s is in pool '%s', not '%s': it is taken only when it "
                                                "is named",
                                                PCI_ADDRESS_STR(&b.address), b.pool, a.pool),
                                RULE_POOL);

        if (is_its_own(fleet, from, to))
                b.state = FUNCTION_FREE;

        fits = compat_judge(&guest, &b, findings) && fits;
        return pool_judge_state(&b, findings) && fits;
}
