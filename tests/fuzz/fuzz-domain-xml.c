/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/domain-xml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Taken back, nothing of it is left, and what is left has nothing to take back. */
static void adopt(const char *xml, const DomainXml *x)
{
        const Adoption adoption = { .adopted = true, .autostart = true, .order = 7 };
        _cleanup_free_ char *adopted = NULL, *again = NULL, *laid_out = NULL, *back = NULL, *nothing = NULL;
        _cleanup_(domain_xml_done) DomainXml during = { 0 }, after = { 0 };
        int r;

        r = domain_xml_adopt(xml, x->functions, x->n_functions, &adoption, &adopted, NULL);
        if (r < 0)
                return;

        if (domain_xml_parse(adopted ?: xml, &during, NULL) < 0 ||
            !adoption_equal(&during.adoption, &adoption) || during.n_functions != x->n_functions ||
            domain_xml_adopt(adopted ?: xml, x->functions, x->n_functions, &adoption, &again, NULL) != 0 ||
            domain_xml_lay_out(adopted ?: xml, &laid_out, NULL) < 0 ||
            domain_xml_disown(adopted ?: xml, &back, NULL) != 1 ||
            domain_xml_parse(back, &after, NULL) < 0 || after.adoption.adopted ||
            domain_xml_disown(back, &nothing, NULL) != 0)
                abort();
}

/* Whatever the XML is, what is taken of it and what the edit makes of it must be readable, and not want the same edit
 * again. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *xml = strndup((const char *) data, size), *edited = NULL, *again = NULL,
                            *taken = NULL;
        _cleanup_(domain_devices_done) DomainDevices devices = { 0 };
        _cleanup_(domain_xml_done) DomainXml x = { 0 }, after = { 0 };
        FunctionSwap swaps[2] = { 0 };
        size_t n;

        if (!xml || domain_xml_parse(xml, &x, NULL) < 0)
                return 0;

        if (domain_xml_take_devices(xml, &taken, NULL) < 0 ||
            domain_xml_list_devices(taken, &devices, NULL) < 0 || devices.n != x.n_functions)
                abort();

        adopt(xml, &x);

        n = x.n_functions < ELEMENTSOF(swaps) ? x.n_functions : ELEMENTSOF(swaps);
        for (size_t i = 0; i < n; i++)
                swaps[i] = (FunctionSwap) {
                        .has_from = true,
                        .has_to = true,
                        .from = x.functions[i],
                        .to = { .domain = 0xffff, .bus = (uint8_t) i, .slot = 0x1f, .function = 7 },
                };

        if (domain_xml_set_functions(xml, swaps, n, false, &edited, NULL) != 1)
                return 0;

        if (domain_xml_parse(edited, &after, NULL) < 0 || after.n_functions != x.n_functions ||
            domain_xml_set_functions(edited, swaps, n, false, &again, NULL) != 0)
                abort();
        return 0;
}
