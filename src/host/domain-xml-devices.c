/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* PCI hostdevs by themselves: what is noted of them while the domain has none, and what is plugged and unplugged. */
#include "host/domain-xml.h"

#include <assert.h>

#include "host/domain-xml-tree.h"

void domain_devices_done(DomainDevices *l)
{
        for (size_t i = 0; i < l->n; i++)
                free(l->list[i].xml);

        free(l->list);
        *l = (DomainDevices) { 0 };
}

static int new_domain(xmlDocPtr *ret_doc, xmlNodePtr *ret_devices)
{
        _cleanup_(xml_tree_free_doc) xmlDocPtr doc = xmlNewDoc((const xmlChar *) "1.0");
        xmlNodePtr root = doc ? xmlNewDocNode(doc, NULL, (const xmlChar *) "domain", NULL) : NULL;

        if (!root)
                return -ENOMEM;
        (void) xmlDocSetRootElement(doc, root);

        *ret_devices = xmlNewChild(root, NULL, (const xmlChar *) "devices", NULL);
        if (!*ret_devices)
                return -ENOMEM;

        *ret_doc = TAKE_PTR(doc);
        return 0;
}

int domain_xml_take_devices(const char *xml, char **ret, Failure *reterr)
{
        _cleanup_(xml_tree_free_doc) xmlDocPtr doc = NULL, taken = NULL;
        _cleanup_free_ HostdevList *list = NULL;
        xmlNodePtr devices;
        int r;

        assert(xml);
        assert(ret);

        r = xml_tree_parse_hostdevs(xml, &doc, &list, reterr);
        if (r < 0)
                return r;

        r = new_domain(&taken, &devices);
        for (size_t i = 0; r >= 0 && i < list->n; i++) {
                xmlNodePtr copy = xmlDocCopyNode(list->items[i].element, taken, 1);

                if (!copy || !xmlAddChild(devices, copy)) {
                        xmlFreeNode(copy);
                        r = -ENOMEM;
                }
        }
        if (r >= 0)
                r = xml_tree_dump(taken, xmlDocGetRootElement(taken), ret);
        return r < 0 ? failure_set_errno(reterr, FAILURE_HOST, r, "domain XML") : 0;
}

int domain_xml_list_devices(const char *xml, DomainDevices *ret, Failure *reterr)
{
        _cleanup_(domain_devices_done) DomainDevices l = { 0 };
        _cleanup_(xml_tree_free_doc) xmlDocPtr doc = NULL;
        _cleanup_free_ HostdevList *list = NULL;
        int r;

        assert(xml);
        assert(ret);

        r = xml_tree_parse_hostdevs(xml, &doc, &list, reterr);
        if (r < 0)
                return r;

        l.list = calloc(list->n + 1, sizeof(DomainDevice));
        if (!l.list)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "domain XML");

        for (; l.n < list->n; l.n++) {
                l.list[l.n].function = list->items[l.n].value;
                r = xml_tree_dump(doc, list->items[l.n].element, &l.list[l.n].xml);
                if (r < 0)
                        return failure_set_errno(reterr, FAILURE_HOST, r, "domain XML");
        }

        *ret = l;
        l = (DomainDevices) { 0 };
        return 0;
}
