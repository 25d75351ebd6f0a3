/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/domain-xml.h"

#include <assert.h>
#include <stdio.h>
#include <strings.h>

#include "host/domain-xml-tree.h"

#define AGENT_CHANNEL_NAME "org.qemu.guest_agent.0"

static int copy_content(xmlNodePtr node, char **ret)
{
        _cleanup_(xml_tree_free_string) xmlChar *content = node ? xmlNodeGetContent(node) : NULL;

        return free_and_strdup(ret, (const char *) content);
}

static int parse_memory(xmlNodePtr root, uint64_t *ret)
{
        static const struct {
                const char *unit;
                uint64_t bytes;
        } units[] = {
                { "b", 1 },
                { "bytes", 1 },
                { "KB", 1000 },
                { "k", UINT64_C(1) << 10 },
                { "KiB", UINT64_C(1) << 10 },
                { "MB", 1000000 },
                { "M", UINT64_C(1) << 20 },
                { "MiB", UINT64_C(1) << 20 },
                { "GB", 1000000000 },
                { "G", UINT64_C(1) << 30 },
                { "GiB", UINT64_C(1) << 30 },
                { "TB", 1000000000000 },
                { "T", UINT64_C(1) << 40 },
                { "TiB", UINT64_C(1) << 40 },
        };
        xmlNodePtr node = xml_tree_child(root, "memory");
        _cleanup_(xml_tree_free_string) xmlChar *unit = xml_tree_attribute(node, "unit");
        _cleanup_free_ char *text = NULL;
        uint64_t factor = 0, value;
        int r;

        r = copy_content(node, &text);
        if (r < 0)
                return r;
        if (!text)
                return -EINVAL;

        for (size_t i = 0; i < ELEMENTSOF(units); i++)
                if (strcasecmp(unit ? (const char *) unit : "KiB", units[i].unit) == 0)
                        factor = units[i].bytes;
        if (factor == 0)
                return -EINVAL;

        r = xml_tree_parse_number(text, UINT64_MAX / factor, &value);
        if (r < 0)
                return r;

        *ret = value * factor;
        return 0;
}

/* "0"; libvirt also writes lists and ranges, "0-1,3". */
static int memory_node(xmlNodePtr root)
{
        xmlNodePtr tune = xml_tree_child(root, "numatune"),
                   memory = tune ? xml_tree_child(tune, "memory") : NULL;
        _cleanup_(xml_tree_free_string) xmlChar *nodeset =
                        memory ? xml_tree_attribute(memory, "nodeset") : NULL;
        const char *s = (const char *) nodeset;
        uint32_t node;

        if (!s || *s == '\0' || strlen(s) > 4 || s[strspn(s, "0123456789")] != '\0' ||
            sscanf(s, "%u", &node) != 1)
                return -1;

        return (int) node;
}

static bool has_agent_channel(xmlNodePtr root)
{
        xmlNodePtr devices = xml_tree_child(root, "devices");

        for (xmlNodePtr node = devices ? devices->children : NULL; node; node = node->next)
                if (xml_tree_is(node, "channel") &&
                    xml_tree_attribute_is(xml_tree_child(node, "target"), "name", AGENT_CHANNEL_NAME))
                        return true;

        return false;
}

static bool is_efi(xmlNodePtr os)
{
        xmlNodePtr loader = xml_tree_child(os, "loader");
        _cleanup_(xml_tree_free_string) xmlChar *path = loader ? xmlNodeGetContent(loader) : NULL;

        /* OVMF may also be loaded like a plain BIOS: then only its name tells. */
        return xml_tree_attribute_is(os, "firmware", "efi") ||
               xml_tree_attribute_is(loader, "type", "pflash") ||
               (path &&
                (strcasestr((const char *) path, "OVMF") || strcasestr((const char *) path, "edk2")));
}

static bool has_migration_mode(xmlNodePtr root)
{
        xmlNodePtr line = xml_tree_child(root, "commandline");

        for (xmlNodePtr c = line ? line->children : NULL; c; c = c->next) {
                _cleanup_(xml_tree_free_string) xmlChar *value = xml_tree_attribute(c, "value");

                if (xml_tree_is(c, "arg") && value && strstr((const char *) value, "migration.mode="))
                        return true;
        }

        return false;
}

static int parse_answer(const xmlChar *value, GuestAnswer *ret)
{
        if (streq_ptr((const char *) value, "yes"))
                *ret = GUEST_YES;
        else if (streq_ptr((const char *) value, "no"))
                *ret = GUEST_NO;
        else
                return -EINVAL;

        return 0;
}

static int parse_attribute(xmlAttrPtr a, GuestDeclaration *d)
{
        _cleanup_(xml_tree_free_string) xmlChar *value = xmlNodeListGetString(a->doc, a->children, 1);
        const struct {
                const char *name;
                GuestAnswer *answer;
        } known[] = {
                { "fixups", &d->fixups },
                { "resume", &d->resume },
                { "hibernate_asleep", &d->hibernate_asleep },
        };

        for (size_t i = 0; i < ELEMENTSOF(known); i++)
                if (streq((const char *) a->name, known[i].name)) {
                        if (parse_answer(value, known[i].answer) >= 0 || d->wrong)
                                return 0;
                        return asprintf(&d->wrong, "attribute '%s' must be 'yes' or 'no'", known[i].name) < 0
                                               ? -ENOMEM
                                               : 0;
                }

        return d->wrong || asprintf(&d->wrong, "there is no attribute '%s'", (const char *) a->name) >= 0
                               ? 0
                               : -ENOMEM;
}

/* An error in it must not make the domain unreadable: it is a finding. */
static int parse_declaration(xmlNodePtr root, DomainXml *x)
{
        GuestDeclaration *d = &x->declared;
        xmlNodePtr guest = xml_tree_metadata(root, DOMAIN_XML_NAMESPACE);

        if (guest && !xml_tree_is(guest, "guest") &&
            asprintf(&d->wrong, "there is no element <%s>", (const char *) guest->name) < 0) {
                d->wrong = NULL;
                return -ENOMEM;
        }

        for (xmlAttrPtr a = guest ? guest->properties : NULL; a; a = a->next) {
                int r = parse_attribute(a, d);

                if (r < 0)
                        return r;
        }

        return xml_tree_parse_adoption(xml_tree_metadata(root, DOMAIN_XML_ADOPTION_NAMESPACE), &x->adoption,
                                       &d->wrong);
}

void domain_xml_done(DomainXml *x)
{
        if (!x)
                return;

        free(x->name);
        free(x->uuid);
        free(x->machine);
        free(x->functions);
        free(x->declared.wrong);
        *x = (DomainXml) { 0 };
}

int domain_xml_parse(const char *xml, DomainXml *ret, Failure *reterr)
{
        _cleanup_(domain_xml_done) DomainXml x = { 0 };
        _cleanup_(xml_tree_free_doc) xmlDocPtr doc = NULL;
        _cleanup_free_ HostdevList *list = NULL;
        _cleanup_(xml_tree_free_string) xmlChar *machine = NULL;
        xmlNodePtr root, os, pm;
        int r;

        assert(xml);
        assert(ret);

        r = xml_tree_parse_hostdevs(xml, &doc, &list, reterr);
        if (r < 0)
                return r;

        root = xmlDocGetRootElement(doc);
        os = xml_tree_child(root, "os");
        pm = xml_tree_child(root, "pm");
        machine = xml_tree_attribute(xml_tree_child(os, "type"), "machine");

        if (copy_content(xml_tree_child(root, "name"), &x.name) < 0 ||
            copy_content(xml_tree_child(root, "uuid"), &x.uuid) < 0 ||
            free_and_strdup(&x.machine, (const char *) machine) < 0 || parse_declaration(root, &x) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "domain XML");
        if (!x.name || !x.uuid)
                return failure_set(reterr, FAILURE_LIBVIRT, "the domain's XML has no name or no uuid");

        r = parse_memory(root, &x.memory_bytes);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_LIBVIRT, r,
                                         "the domain's XML has no readable <memory>");

        x.efi = is_efi(os);
        x.pm_mem_enabled = !xml_tree_attribute_is(xml_tree_child(pm, "suspend-to-mem"), "enabled", "no");
        x.pm_disk_enabled = !xml_tree_attribute_is(xml_tree_child(pm, "suspend-to-disk"), "enabled", "no");
        x.has_agent_channel = has_agent_channel(root);
        x.has_migration_mode = has_migration_mode(root);
        x.memory_node = memory_node(root);

        x.functions = calloc(list->n > 0 ? list->n : 1, sizeof(*x.functions));
        if (!x.functions)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "domain XML");
        for (; x.n_functions < list->n; x.n_functions++)
                x.functions[x.n_functions] = list->items[x.n_functions].value;

        *ret = x;
        x = (DomainXml) { 0 };
        return 0;
}
