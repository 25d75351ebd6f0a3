/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What domain-xml.c (reading), domain-xml-edit.c and domain-xml-adopt.c (the edits) and domain-xml-devices.c share: a
 * parsed document and the PCI hostdevs in it. Private to these; the interface is host/domain-xml.h.
 */

#include <libxml/tree.h>

#include "host/domain-xml.h"

/* One PCI hostdev in the document. */
typedef struct Hostdev {
        xmlNodePtr element; /* <hostdev> or <interface>: carries managed= */
        xmlNodePtr address; /* <source><address>, the host's side */
        PciAddress value;
} Hostdev;

typedef struct HostdevList {
        Hostdev items[DOMAIN_XML_FUNCTIONS_MAX];
        size_t n;
} HostdevList;

void xml_tree_free_doc(xmlDocPtr *doc);
void xml_tree_free_string(xmlChar **s);

bool xml_tree_is(xmlNodePtr node, const char *name);
/* The first child of this name; NULL for none or without a node, so that look-ups can be chained. */
xmlNodePtr xml_tree_child(xmlNodePtr node, const char *name);
/* The element of that namespace in <metadata>, whatever its name; NULL: none. */
xmlNodePtr xml_tree_metadata(xmlNodePtr root, const char *namespace);
/* The caller frees; NULL when it is absent. */
xmlChar *xml_tree_attribute(xmlNodePtr node, const char *name);
bool xml_tree_attribute_is(xmlNodePtr node, const char *name, const char *value);
/* Numbers as libvirt reads them, strtoul() with base 0: "0x1f", "31", "037". */
int xml_tree_parse_number(const char *s, uint64_t max, uint64_t *ret) _warn_unused_result_;

/* Of an <address>; -EINVAL. */
int xml_tree_pci_address(xmlNodePtr node, PciAddress *ret) _warn_unused_result_;

/* The text of a node and all below it; the caller frees. */
int xml_tree_dump(xmlDocPtr doc, xmlNodePtr node, char **ret) _warn_unused_result_;
int xml_tree_dump_indented(xmlDocPtr doc, xmlNodePtr node, char **ret) _warn_unused_result_;
/* `top`: its root element; NULL: any. */
int xml_tree_parse(const char *xml, const char *top, xmlDocPtr *ret, Failure *reterr) _warn_unused_result_;
/* With its hostdevs, which point into it; the caller frees both. */
int xml_tree_parse_hostdevs(const char *xml, xmlDocPtr *ret_doc, HostdevList **ret_list,
                            Failure *reterr) _warn_unused_result_;

/* What the element, NULL: there is none, says of an adoption; of what is wrong with it the first thing goes to *wrong,
 * unless that is set. -ENOMEM. */
int xml_tree_parse_adoption(xmlNodePtr adopted, Adoption *ret, char **wrong) _warn_unused_result_;
