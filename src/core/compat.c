/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/compat.h"

#include <stdarg.h>
#include <stdio.h>

typedef struct Judgement {
        const CompatGuest *guest;
        const Function *to;
        Findings *findings; /* NULL: nobody asks why */
        bool fits;
} Judgement;

#define LIKE_REMEDY "choose one of the same kind"

static void _printf_(4, 5)
                refuse(Judgement *j, FindingRule rule, const char *remedy, const char *format, ...)
{
        const PciAddress *from = j->guest->address;
        _cleanup_free_ char *why = NULL;
        Finding *found;
        va_list ap;

        j->fits = false;
        if (!j->findings)
                return;

        va_start(ap, format);
        if (vasprintf(&why, format, ap) < 0)
                why = NULL;
        va_end(ap);

        found = findings_block(j->findings, FAILURE_INCOMPATIBLE, FINDING_FUNCTION,
                               "function %s cannot stand in%s%s: %s", PCI_ADDRESS_STR(&j->to->address),
                               from ? " for " : "", from ? PCI_ADDRESS_STR(from) : "",
                               why ? why : "out of memory");
        finding_set_rule(found, rule);
        finding_set_remedy(found, "%s", remedy);
}

/* Who does not ask why is told at the first thing. */
static bool is_done(const Judgement *j)
{
        return !j->fits && !j->findings;
}

static void judge_host(Judgement *j)
{
        const Function *had = j->guest->had, *to = j->to;

        if (to->is_physical)
                refuse(j, RULE_PHYSICAL_FUNCTION, "choose a virtual function",
                       "it is no virtual function, and a card that is given away whole may be lost until the host is "
                       "started again");
        if (had && had->is_physical)
                refuse(j, RULE_PHYSICAL_FUNCTION, "give the guest a virtual function",
                       "what the guest has is no virtual function");
        if (to->is_dead)
                refuse(j, RULE_PHYSICAL_FUNCTION_DEAD,
                       "wait for the end of a reset; else see to the card with 'dmesg'",
                       "its physical function %s does not answer, its config space is all ones",
                       PCI_ADDRESS_STR(&to->physical_function));
        if (to->group_obstacle)
                refuse(j, RULE_IOMMU_GROUP,
                       "unbind that from its driver, or bind it to vfio-pci; or choose one of a group of its own",
                       "the kernel gives no guest its IOMMU group: %s", to->group_obstacle);
}

static void judge_number(Judgement *j, FindingRule rule, const char *what, int digits, uint32_t has,
                         uint32_t gets)
{
        if (has != gets)
                refuse(j, rule, LIKE_REMEDY, "its %s is %0*x, the guest knows %0*x", what, digits, gets,
                       digits, has);
}

#define BYTES_MAX sizeof("18446744073709551615 bytes")

/* In the largest unit that leaves no rest: two that differ must not look the same. */
static char *format_bytes(uint64_t bytes, char buf[static BYTES_MAX])
{
        static const char *const units[] = { "bytes", "KiB", "MiB", "GiB", "TiB" };
        size_t unit = 0;

        while (unit + 1 < ELEMENTSOF(units) && bytes > 0 && bytes % 1024 == 0) {
                bytes /= 1024;
                unit++;
        }

        if (bytes == 0)
                (void) snprintf(buf, BYTES_MAX, "not there");
        else
                (void) snprintf(buf, BYTES_MAX, "%llu %s", (unsigned long long) bytes, units[unit]);
        return buf;
}

#define BYTES_STR(bytes) format_bytes((bytes), (char[BYTES_MAX]) { 0 })

static void judge_bar(Judgement *j, unsigned i, const FunctionBar *has, const FunctionBar *gets)
{
        if (has->bytes != gets->bytes)
                refuse(j, RULE_BAR_SIZE, LIKE_REMEDY, "its BAR %u is %s, the guest knows %s%s", i,
                       BYTES_STR(gets->bytes), has->bytes > 0 ? "" : "that it is ", BYTES_STR(has->bytes));

        if (has->bytes == 0 || gets->bytes == 0)
                return;

        if (!streq(function_bar_kind(has), function_bar_kind(gets)))
                refuse(j, RULE_BAR_KIND, LIKE_REMEDY, "its BAR %u is %s, the guest knows %s", i,
                       function_bar_kind(gets), function_bar_kind(has));
        if (has->prefetchable != gets->prefetchable)
                refuse(j, RULE_BAR_PREFETCH, LIKE_REMEDY,
                       "its BAR %u is %sprefetchable, the guest knows that it is %s", i,
                       gets->prefetchable ? "" : "not ", has->prefetchable ? "so" : "not");
}

static void judge_msix(Judgement *j, int has, int gets)
{
        if (has == gets || has == 0 || gets == 0)
                return;

        refuse(j, RULE_MSIX_SIZE, LIKE_REMEDY, "its MSI-X table has %d entries, the guest knows %d",
               gets == FUNCTION_MSIX_NONE ? 0 : gets, has == FUNCTION_MSIX_NONE ? 0 : has);
}

static void judge_identity(Judgement *j, const FunctionIdentity *has, const FunctionIdentity *gets)
{
        judge_number(j, RULE_VENDOR, "vendor", 4, has->vendor, gets->vendor);
        judge_number(j, RULE_DEVICE, "device", 4, has->device, gets->device);
        judge_number(j, RULE_SUBSYSTEM, "subsystem vendor", 4, has->subvendor, gets->subvendor);
        judge_number(j, RULE_SUBSYSTEM, "subsystem device", 4, has->subdevice, gets->subdevice);
        judge_number(j, RULE_REVISION, "revision", 2, has->revision, gets->revision);
        judge_number(j, RULE_CLASS, "class", 6, has->class_code, gets->class_code);

        for (unsigned i = 0; i < FUNCTION_BARS_MAX && !is_done(j); i++)
                judge_bar(j, i, &has->bars[i], &gets->bars[i]);

        if (has->rom_bytes != gets->rom_bytes)
                refuse(j, RULE_ROM_SIZE, LIKE_REMEDY, "its ROM is %s, the guest knows %s%s",
                       BYTES_STR(gets->rom_bytes), has->rom_bytes > 0 ? "" : "that it is ",
                       BYTES_STR(has->rom_bytes));
        judge_msix(j, has->msix, gets->msix);
}

static bool is_same_function(const CompatGuest *guest, const Function *to)
{
        return guest->had && pci_address_equal(&guest->had->address, &to->address);
}

/* What is told of one alone cannot be known to be the same; what is told of none is as the hosts of this card's driver
 * leave it. */
static void judge_attribute(Judgement *j, const char *name, const char *has, const char *gets)
{
        if (streq_ptr(has, gets))
                return;

        if (has && gets)
                refuse(j, RULE_ATTRIBUTE, LIKE_REMEDY, "its %s is '%s', the guest knows '%s'", name, gets,
                       has);
        else if (has)
                refuse(j, RULE_ATTRIBUTE_UNKNOWN, "see why the host does not tell it, or choose another",
                       "its %s is not known, the guest knows '%s'", name, has);
        else if (!is_same_function(j->guest, j->to))
                refuse(j, RULE_ATTRIBUTE_UNKNOWN, "resume it on the function that it had",
                       "its %s is '%s', which one the guest knows is not known", name, gets);
}

static void judge_attributes(Judgement *j, const FunctionIdentity *has)
{
        const Family *family = j->to->family;

        for (size_t i = 0; family && i < family->n_attributes && !is_done(j); i++)
                if (family->attributes[i].must_match) {
                        const char *name = family->attributes[i].name;

                        judge_attribute(j, name, attributes_get(&has->attributes, name),
                                        attributes_get(&j->to->identity.attributes, name));
                }
}

/* Functions of one physical function share its place among the linked cards; of others the attribute tells, where the host
 * knows it. */
static bool is_same_node(const CompatGuest *guest, const Function *to)
{
        const char *had = attributes_get(&guest->identity->attributes, ATTRIBUTE_PHYSICAL_NODE),
                   *gets = attributes_get(&to->identity.attributes, ATTRIBUTE_PHYSICAL_NODE);

        if (had && gets)
                return streq(had, gets);

        if (guest->had)
                return pci_address_equal(&guest->had->physical_function, &to->physical_function);

        /* The card may be there, though the function is not. */
        return guest->locator && locator_is_sibling(guest->locator, &to->locator);
}

static bool targets_allow(FamilyTargets targets, const CompatGuest *guest, const Function *to)
{
        switch (targets) {
        case TARGETS_ANY:
                return true;
        case TARGETS_SAME_PHYSICAL_NODE:
                return is_same_node(guest, to);
        case TARGETS_SAME_FUNCTION:
                return is_same_function(guest, to);
        case TARGETS_NEVER:
        case _FAMILY_TARGETS_MAX:
        case _FAMILY_TARGETS_INVALID:
                break;
        }

        return false;
}

static const char *targets_in_words(FamilyTargets targets, const CompatGuest *guest, const Function *to)
{
        bool nodes = attributes_get(&guest->identity->attributes, ATTRIBUTE_PHYSICAL_NODE) &&
                     attributes_get(&to->identity.attributes, ATTRIBUTE_PHYSICAL_NODE);

        switch (targets) {
        case TARGETS_SAME_PHYSICAL_NODE:
                if (nodes)
                        return "goes on only with a function of the same physical node";
                return guest->had ? "goes on only with a function of the same physical function"
                                  : "goes on only with a function of the same physical function, and the one that it had is "
                                    "not on this host any more";
        case TARGETS_SAME_FUNCTION:
                return guest->had ? "goes on only with the very same function"
                                  : "goes on only with the very same function, and that is not on this host any more";
        case TARGETS_ANY:
        case TARGETS_NEVER:
        case _FAMILY_TARGETS_MAX:
        case _FAMILY_TARGETS_INVALID:
                break;
        }

        return "is not to be hibernated at all";
}

static FindingRule targets_rule(FamilyTargets targets)
{
        switch (targets) {
        case TARGETS_SAME_PHYSICAL_NODE:
                return RULE_PHYSICAL_NODE;
        case TARGETS_SAME_FUNCTION:
                return RULE_SAME_FUNCTION;
        case TARGETS_ANY:
        case TARGETS_NEVER:
        case _FAMILY_TARGETS_MAX:
        case _FAMILY_TARGETS_INVALID:
                break;
        }

        return RULE_NEVER;
}

static void judge_family(Judgement *j)
{
        const CompatGuest *guest = j->guest;
        const Function *to = j->to;
        const Family *family = to->family;
        FamilyTargets targets = family ? family_targets_for(family, guest->fixups) : TARGETS_SAME_FUNCTION;
        const char *words;

        if (targets_allow(targets, guest, to))
                return;

        words = targets_in_words(targets, guest, to);
        if (!family)
                refuse(j, RULE_SAME_FUNCTION, FAMILY_REMEDY,
                       "%04x:%04x is of no known family, so its guest %s", to->identity.vendor,
                       to->identity.device, words);
        else if (!targets_allow(family->targets, guest, to) || !family->needs_fixups)
                refuse(j, targets_rule(targets), FAMILY_REMEDY, "a guest with a device of family %s %s",
                       family->name, words);
        else if (guest->fixups == FIXUPS_NO)
                refuse(j, RULE_GUEST_FIXUPS, "give the guest a driver that has them",
                       "the guest's driver lacks the fix-ups for family %s, and without them it %s",
                       family->name, words);
        else
                refuse(j, RULE_GUEST_FIXUPS_UNKNOWN,
                       "let the guest's agent answer, so that its driver can be looked at, or declare that it has "
                       "them (vgpu-hibernate(7))",
                       "whether the guest's driver has the fix-ups for family %s is not known, which counts as no, and "
                       "without them it %s",
                       family->name, words);
}

/* Who told neither may still have said which functions are of a kind. */
static void judge_by_kind(Judgement *j)
{
        const Function *had = j->guest->had, *to = j->to;

        if (had && had->kind && to->kind && streq(had->kind, to->kind))
                finding_set_rule(
                                findings_remark(j->findings, FINDING_FUNCTION,
                                                "ids and BARs of function %s are not told; it is judged by its "
                                                "kind, '%s'",
                                                PCI_ADDRESS_STR(to->identity.vendor == 0 ? &to->address
                                                                                         : &had->address),
                                                to->kind),
                                RULE_IDENTITY_UNKNOWN);
        else
                refuse(j, RULE_IDENTITY_UNKNOWN, "tell the identity of both, or the same kind",
                       "whether its ids and BARs are those that the guest knows is not known");
}

bool compat_judge(const CompatGuest *guest, const Function *to, Findings *findings)
{
        Judgement j = { .guest = guest, .to = to, .findings = findings, .fits = true };
        const Function *had = guest->had;

        judge_host(&j);
        if (is_done(&j))
                return false;

        if (had && had->kind && to->kind && !streq(had->kind, to->kind))
                refuse(&j, RULE_KIND, LIKE_REMEDY, "its kind is '%s', that of the guest's function '%s'",
                       to->kind, had->kind);

        if (guest->identity->vendor != 0 && to->identity.vendor != 0) {
                judge_identity(&j, guest->identity, &to->identity);
                judge_attributes(&j, guest->identity);
        } else
                judge_by_kind(&j);
        if (is_done(&j))
                return false;

        /* What is judged by its kind is of no family that could be known. */
        if (guest->address && !guest->anew && (guest->identity->vendor != 0 || to->identity.vendor != 0))
                judge_family(&j);

        return j.fits;
}

bool compat_judge_alike(const Function *a, const Function *b, Findings *findings)
{
        const CompatGuest guest = { .identity = &a->identity, .address = &a->address, .had = a };
        Judgement j = { .guest = &guest, .to = b, .findings = findings, .fits = true };

        judge_identity(&j, &a->identity, &b->identity);
        judge_attributes(&j, &a->identity);
        return j.fits;
}

bool compat_is_alike(const Function *a, const Function *b)
{
        return compat_judge_alike(a, b, NULL);
}

static FamilyTargets targets_of(const Function *f, GuestFixups fixups)
{
        return f->family && f->identity.vendor != 0 ? family_targets_for(f->family, fixups)
                                                    : TARGETS_SAME_FUNCTION;
}

bool compat_has_others(const Function *f, GuestFixups fixups)
{
        FamilyTargets targets = targets_of(f, fixups);

        return targets == TARGETS_ANY || targets == TARGETS_SAME_PHYSICAL_NODE;
}

bool compat_has_others_elsewhere(const Function *f, GuestFixups fixups)
{
        return targets_of(f, fixups) == TARGETS_ANY;
}

bool compat_is_of_kind(const Function *a, const Function *b, GuestFixups fixups)
{
        const char *node = attributes_get(&a->identity.attributes, ATTRIBUTE_PHYSICAL_NODE),
                   *other = attributes_get(&b->identity.attributes, ATTRIBUTE_PHYSICAL_NODE);

        if (a->identity.msix != b->identity.msix || !compat_is_alike(a, b))
                return false;
        if (targets_of(a, fixups) != TARGETS_SAME_PHYSICAL_NODE)
                return true;

        return node || other ? streq_ptr(node, other)
                             : pci_address_equal(&a->physical_function, &b->physical_function);
}
