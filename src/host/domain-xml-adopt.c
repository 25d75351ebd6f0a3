/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What is kept of an adoption in a domain's XML. */
#include "host/domain-xml.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "host/domain-xml-tree.h"

#define PREFIX "vgpu-adoption"

static int set_wrong(char **wrong, const char *text)
{
        return *wrong || free_and_strdup(wrong, text) >= 0 ? 0 : -ENOMEM;
}

int xml_tree_parse_adoption(xmlNodePtr adopted, Adoption *ret, char **wrong)
{
        _cleanup_(xml_tree_free_string) xmlChar *order = xml_tree_attribute(adopted, "order"),
                                                *on_shutdown = xml_tree_attribute(adopted, "on_shutdown");
        Adoption a = { .adopted = adopted, .order = ADOPTION_ORDER_DEFAULT };
        uint64_t number;
        int r = 0;

        a.autostart = xml_tree_attribute_is(adopted, "autostart", "yes");

        if (order && xml_tree_parse_number((const char *) order, ADOPTION_ORDER_MAX, &number) < 0)
                r = set_wrong(wrong, "attribute 'order' must be a number from 0 to 65535");
        else if (order)
                a.order = (uint32_t) number;

        if (on_shutdown) {
                a.on_shutdown = on_shutdown_from_string((const char *) on_shutdown);
                a.has_on_shutdown = (int) a.on_shutdown >= 0;
                if (!a.has_on_shutdown) {
                        a.on_shutdown = ON_SHUTDOWN_NOTHING;
                        r = r < 0 ? r
                                  : set_wrong(wrong,
                                              "attribute 'on_shutdown' must be 'hibernate' or 'nothing'");
                }
        }

        *ret = a;
        return r;
}

int domain_xml_parse_adoption(const char *element, Adoption *ret, Failure *reterr)
{
        _cleanup_(xml_tree_free_doc) xmlDocPtr doc = NULL;
        _cleanup_free_ char *wrong = NULL;
        int r;

        assert(element);
        assert(ret);

        r = xml_tree_parse(element, NULL, &doc, reterr);
        if (r < 0)
                return r;

        r = xml_tree_parse_adoption(xmlDocGetRootElement(doc), ret, &wrong);
        return r < 0 ? failure_set_errno(reterr, FAILURE_HOST, r, "domain XML") : 0;
}

/* Where libvirt has it, behind what names the domain. */
static xmlNodePtr add_metadata(xmlNodePtr root)
{
        static const char *const before[] = { "name", "uuid", "genid", "title", "description" };
        xmlNodePtr metadata = xmlNewNode(NULL, (const xmlChar *) "metadata"), after = NULL, added;

        if (!metadata)
                return NULL;

        for (xmlNodePtr c = root->children; c; c = c->next)
                for (size_t i = 0; i < ELEMENTSOF(before); i++)
                        if (xml_tree_is(c, before[i]))
                                after = c;

        added = after ? xmlAddNextSibling(after, metadata) : xmlAddChild(root, metadata);
        if (!added)
                xmlFreeNode(metadata);
        return added;
}

static xmlNodePtr add_adopted(xmlNodePtr root)
{
        xmlNodePtr metadata = xml_tree_child(root, "metadata"), adopted;
        xmlNsPtr ns;

        if (!metadata)
                metadata = add_metadata(root);
        adopted = metadata ? xmlNewChild(metadata, NULL, (const xmlChar *) "adopted", NULL) : NULL;
        ns = adopted ? xmlNewNs(adopted, (const xmlChar *) DOMAIN_XML_ADOPTION_NAMESPACE,
                                (const xmlChar *) PREFIX)
                     : NULL;
        if (!ns)
                return NULL;

        xmlSetNs(adopted, ns);
        return adopted;
}

static int set_attribute(xmlNodePtr node, const char *name, const char *value)
{
        return xmlSetProp(node, (const xmlChar *) name, (const xmlChar *) value) ? 0 : -ENOMEM;
}

static int set_adoption(xmlNodePtr adopted, const Adoption *a)
{
        char order[sizeof("4294967295")];

        (void) snprintf(order, sizeof(order), "%" PRIu32, a->order);
        if (set_attribute(adopted, "autostart", a->autostart ? "yes" : "no") < 0 ||
            set_attribute(adopted, "order", order) < 0 ||
            (a->has_on_shutdown &&
             set_attribute(adopted, "on_shutdown", on_shutdown_to_string(a->on_shutdown)) < 0))
                return -ENOMEM;

        if (!a->has_on_shutdown)
                (void) xmlUnsetProp(adopted, (const xmlChar *) "on_shutdown");
        return 0;
}

/* Of the hostdev that the guest sees there. */
static xmlNodePtr find_note(xmlNodePtr adopted, const char *address)
{
        for (xmlNodePtr c = adopted->children; c; c = c->next)
                if (xml_tree_is(c, "function") && xml_tree_attribute_is(c, "address", address))
                        return c;

        return NULL;
}

/* NULL: libvirt, which gives every device its place, has given it none. */
static const char *guest_address(const Hostdev *h, char buf[static PCI_ADDRESS_STRING_MAX])
{
        xmlNodePtr address = xml_tree_child(h->element, "address");
        PciAddress a;

        if (!xml_tree_attribute_is(address, "type", "pci") || xml_tree_pci_address(address, &a) < 0)
                return NULL;

        return pci_address_format(&a, buf);
}

static int note_managed(xmlNodePtr adopted, const char *address, const char *managed)
{
        xmlNodePtr note = find_note(adopted, address);

        if (note)
                return 0;

        note = xmlNewChild(adopted, adopted->ns, (const xmlChar *) "function", NULL);
        return !note || set_attribute(note, "address", address) < 0 ||
                                               set_attribute(note, "managed", managed) < 0
                               ? -ENOMEM
                               : 0;
}

static int take_hostdev(xmlNodePtr adopted, const Hostdev *h, Failure *reterr)
{
        _cleanup_(xml_tree_free_string) xmlChar *managed = xml_tree_attribute(h->element, "managed");
        char buf[PCI_ADDRESS_STRING_MAX];
        const char *address;

        if (!managed || streq((const char *) managed, "no")) /* absent is "no" */
                return 0;

        address = guest_address(h, buf);
        if (!address)
                return failure_set(
                                reterr, FAILURE_LIBVIRT,
                                "the hostdev of function '%s' has no PCI address in the guest, by which it "
                                "would be known again; give it one with 'virsh edit'",
                                PCI_ADDRESS_STR(&h->value));

        if (note_managed(adopted, address, (const char *) managed) < 0 ||
            set_attribute(h->element, "managed", "no") < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "domain XML");
        return 0;
}

static int give_hostdev_back(xmlNodePtr adopted, const Hostdev *h)
{
        char buf[PCI_ADDRESS_STRING_MAX];
        const char *address = guest_address(h, buf);
        xmlNodePtr note = address ? find_note(adopted, address) : NULL;
        _cleanup_(xml_tree_free_string) xmlChar *managed = xml_tree_attribute(note, "managed");

        return managed ? set_attribute(h->element, "managed", (const char *) managed) : 0;
}

static bool has_element(xmlNodePtr node)
{
        for (xmlNodePtr c = node->children; c; c = c->next)
                if (c->type == XML_ELEMENT_NODE)
                        return true;

        return false;
}

static void remove_node(xmlNodePtr node)
{
        xmlUnlinkNode(node);
        xmlFreeNode(node);
}

/* What was only there for it goes too. */
static void remove_adopted(xmlNodePtr adopted)
{
        xmlNodePtr metadata = adopted->parent;

        remove_node(adopted);
        if (!has_element(metadata))
                remove_node(metadata);
}

/* 1 with the text, when that is another one than before. */
static int dump_if_changed(xmlDocPtr doc, const char *before, char **ret, Failure *reterr)
{
        char *after;
        int r;

        r = xml_tree_dump(doc, xmlDocGetRootElement(doc), &after);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "domain XML");

        if (streq(before, after)) {
                free(after);
                *ret = NULL;
                return 0;
        }

        *ret = after;
        return 1;
}

int domain_xml_adopt(const char *xml, const PciAddress *functions, size_t n, const Adoption *adoption,
                     char **ret, Failure *reterr)
{
        _cleanup_(xml_tree_free_doc) xmlDocPtr doc = NULL;
        _cleanup_free_ HostdevList *list = NULL;
        _cleanup_free_ char *before = NULL;
        xmlNodePtr root, adopted;
        int r;

        assert(xml);
        assert(functions || n == 0);
        assert(adoption);
        assert(ret);

        r = xml_tree_parse_hostdevs(xml, &doc, &list, reterr);
        if (r < 0)
                return r;

        root = xmlDocGetRootElement(doc);
        r = xml_tree_dump(doc, root, &before);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "domain XML");

        adopted = xml_tree_metadata(root, DOMAIN_XML_ADOPTION_NAMESPACE);
        if (!adopted)
                adopted = add_adopted(root);
        r = adopted ? set_adoption(adopted, adoption) : -ENOMEM;
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "domain XML");

        for (size_t i = 0; i < list->n; i++)
                if (pci_address_is_among(&list->items[i].value, functions, n)) {
                        r = take_hostdev(adopted, list->items + i, reterr);
                        if (r < 0)
                                return r;
                }

        return dump_if_changed(doc, before, ret, reterr);
}

int domain_xml_disown(const char *xml, char **ret, Failure *reterr)
{
        _cleanup_(xml_tree_free_doc) xmlDocPtr doc = NULL;
        _cleanup_free_ HostdevList *list = NULL;
        _cleanup_free_ char *before = NULL;
        xmlNodePtr adopted;
        int r;

        assert(xml);
        assert(ret);

        r = xml_tree_parse_hostdevs(xml, &doc, &list, reterr);
        if (r < 0)
                return r;

        *ret = NULL;
        adopted = xml_tree_metadata(xmlDocGetRootElement(doc), DOMAIN_XML_ADOPTION_NAMESPACE);
        if (!adopted)
                return 0;

        r = xml_tree_dump(doc, xmlDocGetRootElement(doc), &before);
        for (size_t i = 0; r >= 0 && i < list->n; i++)
                r = give_hostdev_back(adopted, list->items + i);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "domain XML");

        remove_adopted(adopted);
        return dump_if_changed(doc, before, ret, reterr);
}

/* White space between elements, so that it can be laid out anew. */
static void strip(xmlNodePtr node)
{
        xmlNodePtr next;

        if (!has_element(node))
                return;

        for (xmlNodePtr c = node->children; c; c = next) {
                next = c->next;
                if (xmlIsBlankNode(c))
                        remove_node(c);
                else
                        strip(c);
        }
}

int domain_xml_lay_out(const char *xml, char **ret, Failure *reterr)
{
        _cleanup_(xml_tree_free_doc) xmlDocPtr doc = NULL;
        int r;

        r = xml_tree_parse(xml, "domain", &doc, reterr);
        if (r < 0)
                return r;

        strip(xmlDocGetRootElement(doc));
        r = xml_tree_dump_indented(doc, xmlDocGetRootElement(doc), ret);
        return r < 0 ? failure_set_errno(reterr, FAILURE_HOST, r, "domain XML") : 0;
}
