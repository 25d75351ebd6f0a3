/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/pool.h"

#include "core/enum-table.h"

static const char *const pick_policy_table[] = {
        [PICK_PACK] = "pack",
        [PICK_SPREAD] = "spread",
        [PICK_NEAR] = "near",
};
DEFINE_ENUM_TABLE(pick_policy, PickPolicy, _PICK_POLICY_MAX);

const Function *pool_find(const Function *functions, size_t n_functions, const PciAddress *address)
{
        for (size_t i = 0; i < n_functions; i++)
                if (pci_address_equal(&functions[i].address, address))
                        return functions + i;

        return NULL;
}

bool pool_judge_state(const Function *f, Findings *findings)
{
        const char *address = PCI_ADDRESS_STR(&f->address);
        Finding *found;

        if (f->state == FUNCTION_QUARANTINED) {
                found = findings_block(findings, FAILURE_FUNCTION_BUSY, FINDING_FUNCTION,
                                       "function %s is quarantined (%s)", address,
                                       f->reason ? f->reason : "no reason given");
                finding_set_remedy(found, "see to it, then 'vgpu-hibernatectl clear %s'", address);
                return false;
        }

        if (f->state == FUNCTION_UNKNOWN) {
                found = findings_block(
                                findings, FAILURE_FUNCTION_BUSY, FINDING_FUNCTION,
                                "whether function %s is free is not known: libvirt has not told of its "
                                "domains yet",
                                address);
                finding_set_remedy(found, "see 'systemctl status libvirtd'");
                return false;
        }

        if (f->is_returned) {
                found = findings_block(findings, FAILURE_FUNCTION_BUSY, FINDING_FUNCTION,
                                       "function %s is not reset yet since domain %s gave it back", address,
                                       f->domain);
                finding_set_remedy(found, "try again in a few seconds, or choose a free one");
                return false;
        }

        if (f->state != FUNCTION_FREE) {
                if (f->state == FUNCTION_HELD && !f->domain)
                        found = findings_block(findings, FAILURE_FUNCTION_BUSY, FINDING_FUNCTION,
                                               "function %s is reserved", address);
                else
                        found = findings_block(findings, FAILURE_FUNCTION_BUSY, FINDING_FUNCTION,
                                               "function %s is %s%s%s", address,
                                               function_state_to_string(f->state),
                                               !f->domain                  ? ""
                                               : f->state == FUNCTION_HELD ? " for domain "
                                                                           : " to domain ",
                                               f->domain ? f->domain : "");
                finding_set_remedy(found, "choose a free one");
                return false;
        }

        if (!function_driver_is_vfio(f->driver)) {
                found = findings_block(findings, FAILURE_FOREIGN_DRIVER, FINDING_FUNCTION,
                                       "function %s is bound to driver '%s' on the host", address,
                                       f->driver);
                finding_set_remedy(found, "unbind it there first");
                return false;
        }

        return true;
}

bool pool_judge(const Function *f, const CompatGuest *guest, Findings *findings)
{
        return pool_judge_state(f, findings) && compat_judge(guest, f, findings);
}
