/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Domain XML as libvirt writes it: what this project reads out of it, and the only edits that it makes. Pure
 * text to text; no network, no entities, no files. Any input gives an answer or an error, never a crash: an
 * image's XML is read back from a file.
 */

#include "core/adoption.h"
#include "core/guest.h"
#include "core/job.h"

#define DOMAIN_XML_BYTES_MAX (UINT64_C(4) << 20) /* libvirt's own limit: VIR_NET_MESSAGE_STRING_MAX */
#define DOMAIN_XML_FUNCTIONS_MAX 256
/* <metadata><NAME:guest xmlns:NAME="..." resume="yes"/></metadata> */
#define DOMAIN_XML_NAMESPACE "http://vgpu.org/hibernate/1"
/* <NAME:adopted autostart="yes" order="100"><NAME:function address="0000:06:00.0" managed="yes"/></NAME:adopted>
 * A namespace of its own, since libvirt keeps one element of each: what an operator declares must not take the place of
 * what has to be given back one day. */
#define DOMAIN_XML_ADOPTION_NAMESPACE "http://vgpu.org/hibernate/1/adoption"

typedef struct DomainXml {
        char *name;
        char *uuid;
        char *machine; /* "pc-q35-10.0"; NULL when the XML has none */
        bool efi;      /* firmware is OVMF or the like, else SeaBIOS */
        uint64_t memory_bytes;
        int memory_node; /* <numatune>: the one NUMA node that its memory is bound to, -1: none, or several */
        /* Absent means enabled: QEMU's default, which libvirt leaves. */
        bool pm_mem_enabled, pm_disk_enabled;
        bool has_agent_channel;
        bool has_migration_mode; /* <qemu:commandline> sets QEMU's for good */
        GuestDeclaration declared;
        Adoption adoption;
        PciAddress *functions; /* host addresses of all PCI hostdevs in XML order, <interface>s too */
        size_t n_functions;
} DomainXml;

void domain_xml_done(DomainXml *x);

int domain_xml_parse(const char *xml, DomainXml *ret, Failure *reterr) _warn_unused_result_;

/* Replaces the host address `from` of each swap by its `to` (with `back`: the other way round), all at the
 * same time, so that A -> B with B -> A works, and sets managed='no' on each. What the guest sees is not
 * touched. Returns 1 with the new text, or 0 and NULL when the XML says already what it should.
 * FAILURE_UNKNOWN_FUNCTION when a swap does not match exactly one hostdev. */
int domain_xml_set_functions(const char *xml, const FunctionSwap *swaps, size_t n, bool back, char **ret,
                             Failure *reterr) _warn_unused_result_;

/* An adopted domain's XML: managed='no' on those of its hostdevs whose host address is among `functions`, and in its
 * metadata, beside what `adoption` says, how each of them was managed before, by the address at which the guest sees it,
 * which no move changes. What is noted there already is kept. Returns as domain_xml_set_functions(). */
int domain_xml_adopt(const char *xml, const PciAddress *functions, size_t n, const Adoption *adoption,
                     char **ret, Failure *reterr) _warn_unused_result_;
/* Takes that back: each hostdev that is still there as it was, and nothing of it in the metadata. */
int domain_xml_disown(const char *xml, char **ret, Failure *reterr) _warn_unused_result_;
/* Of the element alone, as libvirt tells it of a domain's metadata. */
int domain_xml_parse_adoption(const char *element, Adoption *ret, Failure *reterr) _warn_unused_result_;
/* The same XML, indented for people and for comparing. The caller frees. */
int domain_xml_lay_out(const char *xml, char **ret, Failure *reterr) _warn_unused_result_;

/* The PCI hostdevs alone, as libvirt wrote them and in their order, in a <domain> with nothing else: what
 * domain_xml_set_functions() and domain_xml_list_devices() take as well. The caller frees. */
int domain_xml_take_devices(const char *xml, char **ret, Failure *reterr) _warn_unused_result_;

typedef struct DomainDevice {
        PciAddress function; /* the host's side */
        char *xml;           /* its element */
} DomainDevice;

typedef struct DomainDevices {
        DomainDevice *list;
        size_t n;
} DomainDevices;

void domain_devices_done(DomainDevices *l);
int domain_xml_list_devices(const char *xml, DomainDevices *ret, Failure *reterr) _warn_unused_result_;
