/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The one edit of domain XML: host addresses of PCI hostdevs. */
#include "host/domain-xml.h"

#include <assert.h>
#include <stdio.h>

#include "host/domain-xml-tree.h"

static const PciAddress *swap_old(const FunctionSwap *s, bool back)
{
        return back ? &s->to : &s->from;
}

static const PciAddress *swap_new(const FunctionSwap *s, bool back)
{
        return back ? &s->from : &s->to;
}

/* Finds for every swap the one hostdev that has its address. *ret_ascending: they come in the order of the
 * swaps. */
static bool match_swaps(const HostdevList *list, const FunctionSwap *swaps, size_t n,
                        const PciAddress *(*address)(const FunctionSwap *, bool), bool back,
                        size_t *ret_index, bool *ret_ascending, size_t *ret_unmatched)
{
        *ret_ascending = true;

        for (size_t i = 0; i < n; i++) {
                size_t matches = 0;

                for (size_t k = 0; k < list->n; k++)
                        if (pci_address_equal(&list->items[k].value, address(&swaps[i], back))) {
                                ret_index[i] = k;
                                matches++;
                        }

                for (size_t k = 0; k < i && matches == 1; k++)
                        if (ret_index[k] == ret_index[i])
                                matches = 0;

                if (matches != 1) {
                        *ret_unmatched = i;
                        return false;
                }

                if (i > 0 && ret_index[i] < ret_index[i - 1])
                        *ret_ascending = false;
        }

        return true;
}

static int set_source(const Hostdev *h, const PciAddress *a)
{
        const struct {
                const char *name;
                int digits;
                unsigned value;
        } parts[] = {
                { "domain", 4, a->domain },
                { "bus", 2, a->bus },
                { "slot", 2, a->slot },
                { "function", 1, a->function },
        };

        for (size_t i = 0; i < ELEMENTSOF(parts); i++) {
                char text[sizeof("0xffffffff")];

                (void) snprintf(text, sizeof(text), "0x%0*x", parts[i].digits, parts[i].value);
                if (!xmlSetProp(h->address, (const xmlChar *) parts[i].name, (const xmlChar *) text))
                        return -ENOMEM;
        }

        return 0;
}

/* Is the edit still to be made? Addresses alone cannot tell when the new ones are the old ones in another
 * order; then the order does: swaps are in the order that the XML had before (core/job.h). */
static int needs_edit(const HostdevList *list, const FunctionSwap *swaps, size_t n, bool back,
                      size_t *ret_index, bool *ret_needed, Failure *reterr)
{
        bool before, after, before_ascending, after_ascending;
        size_t after_index[JOB_FUNCTIONS_MAX], unmatched = 0, ignored;

        before = match_swaps(list, swaps, n, swap_old, back, ret_index, &before_ascending, &unmatched);
        after = match_swaps(list, swaps, n, swap_new, back, after_index, &after_ascending, &ignored);

        if (!before && !after)
                return failure_set(
                                reterr, FAILURE_UNKNOWN_FUNCTION,
                                "the domain's XML does not name '%s' exactly once; was it edited meanwhile?",
                                PCI_ADDRESS_STR(swap_old(&swaps[unmatched], back)));

        if (before && after && before_ascending == after_ascending) {
                for (size_t i = 0; i < n; i++)
                        if (ret_index[i] != after_index[i])
                                return failure_set(reterr, FAILURE_UNKNOWN_FUNCTION,
                                                   "the domain's XML names the functions in an order that "
                                                   "does not tell whether they have been exchanged");
                after = true;
                before = false;
        } else if (before && after) {
                before = before_ascending;
                after = after_ascending;
        }

        if (after)
                memcpy(ret_index, after_index, n * sizeof(*ret_index));
        *ret_needed = before;
        return 0;
}

int domain_xml_set_functions(const char *xml, const FunctionSwap *swaps, size_t n, bool back, char **ret,
                             Failure *reterr)
{
        _cleanup_(xml_tree_free_doc) xmlDocPtr doc = NULL;
        _cleanup_free_ HostdevList *list = NULL;
        size_t index[JOB_FUNCTIONS_MAX];
        bool needed = false, changed = false;
        int r;

        assert(xml);
        assert(swaps || n == 0);
        assert(ret);

        if (n > JOB_FUNCTIONS_MAX)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "more than %d functions",
                                   JOB_FUNCTIONS_MAX);
        for (size_t i = 0; i < n; i++)
                if (!swaps[i].has_from || !swaps[i].has_to)
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "function %zu has no address to change from or to", i);

        r = xml_tree_parse_hostdevs(xml, &doc, &list, reterr);
        if (r < 0)
                return r;

        r = needs_edit(list, swaps, n, back, index, &needed, reterr);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++) {
                Hostdev *h = &list->items[index[i]];

                if (needed) {
                        h->value = *swap_new(&swaps[i], back);
                        r = set_source(h, &h->value);
                        if (r < 0)
                                return failure_set_errno(reterr, FAILURE_HOST, r, "domain XML");
                        changed = true;
                }

                /* With 'yes' libvirt would give the function back to its host driver when the domain
                 * stops. */
                if (!xml_tree_attribute_is(h->element, "managed", "no")) {
                        if (!xmlSetProp(h->element, (const xmlChar *) "managed", (const xmlChar *) "no"))
                                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "domain XML");
                        changed = true;
                }
        }

        for (size_t i = 0; i < list->n; i++)
                for (size_t k = 0; k < i; k++)
                        if (pci_address_equal(&list->items[i].value, &list->items[k].value))
                                return failure_set(reterr, FAILURE_UNKNOWN_FUNCTION,
                                                   "the domain's XML would name '%s' twice",
                                                   PCI_ADDRESS_STR(&list->items[i].value));

        if (!changed) {
                *ret = NULL;
                return 0;
        }

        r = xml_tree_dump(doc, xmlDocGetRootElement(doc), ret);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "domain XML");
        return 1;
}
