/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/domain-xml-tree.h"

#include <libxml/parser.h>

void xml_tree_free_doc(xmlDocPtr *doc)
{
        if (*doc)
                xmlFreeDoc(*doc);
}

void xml_tree_free_string(xmlChar **s)
{
        if (*s)
                xmlFree(*s);
}

static void free_buffer(xmlBufferPtr *buffer)
{
        if (*buffer)
                xmlBufferFree(*buffer);
}

static int dump(xmlDocPtr doc, xmlNodePtr node, bool indented, char **ret)
{
        _cleanup_(free_buffer) xmlBufferPtr buffer = xmlBufferCreate();
        char *text;

        if (!buffer || xmlNodeDump(buffer, doc, node, 0, indented) < 0)
                return -ENOMEM;

        text = strdup((const char *) xmlBufferContent(buffer));
        if (!text)
                return -ENOMEM;

        *ret = text;
        return 0;
}

int xml_tree_dump(xmlDocPtr doc, xmlNodePtr node, char **ret)
{
        return dump(doc, node, false, ret);
}

int xml_tree_dump_indented(xmlDocPtr doc, xmlNodePtr node, char **ret)
{
        return dump(doc, node, true, ret);
}

bool xml_tree_is(xmlNodePtr node, const char *name)
{
        return node->type == XML_ELEMENT_NODE && streq((const char *) node->name, name);
}

xmlNodePtr xml_tree_child(xmlNodePtr node, const char *name)
{
        if (!node)
                return NULL;

        for (xmlNodePtr c = node->children; c; c = c->next)
                if (xml_tree_is(c, name))
                        return c;

        return NULL;
}

/* libvirt keeps one element of each namespace. */
xmlNodePtr xml_tree_metadata(xmlNodePtr root, const char *namespace)
{
        xmlNodePtr metadata = xml_tree_child(root, "metadata");

        for (xmlNodePtr node = metadata ? metadata->children : NULL; node; node = node->next)
                if (node->type == XML_ELEMENT_NODE && node->ns &&
                    streq_ptr((const char *) node->ns->href, namespace))
                        return node;

        return NULL;
}

xmlChar *xml_tree_attribute(xmlNodePtr node, const char *name)
{
        return node ? xmlGetProp(node, (const xmlChar *) name) : NULL;
}

bool xml_tree_attribute_is(xmlNodePtr node, const char *name, const char *value)
{
        _cleanup_(xml_tree_free_string) xmlChar *v = xml_tree_attribute(node, name);

        return v && streq((const char *) v, value);
}

int xml_tree_parse_number(const char *s, uint64_t max, uint64_t *ret)
{
        uint64_t base = 10, value = 0;

        if (s[0] == '0' && (s[1] == 'x' || s[1] == 'X')) {
                base = 16;
                s += 2;
        } else if (s[0] == '0' && s[1] != '\0')
                base = 8;

        if (*s == '\0')
                return -EINVAL;

        for (; *s != '\0'; s++) {
                uint64_t digit;

                if (*s >= '0' && *s <= '9')
                        digit = (uint64_t) (*s - '0');
                else if (*s >= 'a' && *s <= 'f')
                        digit = (uint64_t) (*s - 'a') + 10;
                else if (*s >= 'A' && *s <= 'F')
                        digit = (uint64_t) (*s - 'A') + 10;
                else
                        return -EINVAL;

                if (digit >= base)
                        return -EINVAL;
                if (digit > max || value > (max - digit) / base)
                        return -ERANGE;
                value = value * base + digit;
        }

        *ret = value;
        return 0;
}

/* An absent attribute is 0, as in libvirt's virPCIDeviceAddressParseXML(). */
static int get_number(xmlNodePtr node, const char *name, uint64_t max, uint64_t *ret)
{
        _cleanup_(xml_tree_free_string) xmlChar *v = xml_tree_attribute(node, name);

        *ret = 0;
        return v ? xml_tree_parse_number((const char *) v, max, ret) : 0;
}

int xml_tree_pci_address(xmlNodePtr node, PciAddress *ret)
{
        uint64_t domain, bus, slot, function;

        if (get_number(node, "domain", UINT32_MAX, &domain) < 0 || get_number(node, "bus", 0xff, &bus) < 0 ||
            get_number(node, "slot", 0x1f, &slot) < 0 || get_number(node, "function", 7, &function) < 0)
                return -EINVAL;

        *ret = (PciAddress) {
                .domain = (uint32_t) domain,
                .bus = (uint8_t) bus,
                .slot = (uint8_t) slot,
                .function = (uint8_t) function,
        };
        return 0;
}

int xml_tree_parse(const char *xml, const char *top, xmlDocPtr *ret, Failure *reterr)
{
        _cleanup_(xml_tree_free_doc) xmlDocPtr doc = NULL;
        size_t size = strlen(xml);
        xmlNodePtr root;

        if (size > DOMAIN_XML_BYTES_MAX)
                return failure_set(reterr, FAILURE_LIBVIRT, "the domain's XML is larger than %llu bytes",
                                   (unsigned long long) DOMAIN_XML_BYTES_MAX);

        doc = xmlReadMemory(xml, (int) size, NULL, NULL,
                            XML_PARSE_NONET | XML_PARSE_NOERROR | XML_PARSE_NOWARNING);
        if (!doc)
                return failure_set(reterr, FAILURE_LIBVIRT, "the domain's XML is not well-formed");

        /* libvirt never writes a document type. With one come entities, whose expansion has no bound worth
         * having. */
        if (xmlGetIntSubset(doc))
                return failure_set(reterr, FAILURE_LIBVIRT,
                                   "the domain's XML has a document type declaration");

        root = xmlDocGetRootElement(doc);
        if (!root || (top && !xml_tree_is(root, top)))
                return failure_set(reterr, FAILURE_LIBVIRT, "the domain's XML has no <%s> at its top",
                                   top ? top : "element");

        *ret = TAKE_PTR(doc);
        return 0;
}

static bool is_pci_hostdev(xmlNodePtr node)
{
        if (xml_tree_is(node, "hostdev"))
                return xml_tree_attribute_is(node, "type", "pci") &&
                       (xml_tree_attribute_is(node, "mode", "subsystem") ||
                        !xmlHasProp(node, (const xmlChar *) "mode"));

        return xml_tree_is(node, "interface") && xml_tree_attribute_is(node, "type", "hostdev") &&
               xml_tree_attribute_is(xml_tree_child(xml_tree_child(node, "source"), "address"), "type",
                                     "pci");
}

static int list_hostdevs(xmlDocPtr doc, HostdevList *ret, Failure *reterr)
{
        xmlNodePtr devices = xml_tree_child(xmlDocGetRootElement(doc), "devices");

        ret->n = 0;
        for (xmlNodePtr node = devices ? devices->children : NULL; node; node = node->next) {
                Hostdev *h;

                if (!is_pci_hostdev(node))
                        continue;

                if (ret->n >= DOMAIN_XML_FUNCTIONS_MAX)
                        return failure_set(reterr, FAILURE_LIBVIRT,
                                           "the domain has more than %d PCI hostdevs",
                                           DOMAIN_XML_FUNCTIONS_MAX);

                h = &ret->items[ret->n];
                h->element = node;
                h->address = xml_tree_child(xml_tree_child(node, "source"), "address");
                if (!h->address || xml_tree_pci_address(h->address, &h->value) < 0)
                        return failure_set(reterr, FAILURE_LIBVIRT,
                                           "PCI hostdev %zu of the domain has no readable source address",
                                           ret->n);
                ret->n++;
        }

        return 0;
}

int xml_tree_parse_hostdevs(const char *xml, xmlDocPtr *ret_doc, HostdevList **ret_list, Failure *reterr)
{
        _cleanup_(xml_tree_free_doc) xmlDocPtr doc = NULL;
        _cleanup_free_ HostdevList *list = NULL;
        int r;

        r = xml_tree_parse(xml, "domain", &doc, reterr);
        if (r < 0)
                return r;

        list = malloc(sizeof(*list));
        if (!list)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "domain XML");

        r = list_hostdevs(doc, list, reterr);
        if (r < 0)
                return r;

        *ret_doc = TAKE_PTR(doc);
        *ret_list = TAKE_PTR(list);
        return 0;
}
