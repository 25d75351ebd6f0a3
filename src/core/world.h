/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * World: one snapshot of this host: its pooled functions and libvirt's domains. Made by the watch worker
 * (host/scan.c), sent to the daemon as one line of JSON (store/world-json.h) whenever anything in it changed.
 */

#include "core/adoption.h"
#include "core/facts.h"
#include "core/function.h"

typedef struct WorldDomain {
        char *uuid;
        char *name;
        DomainState state;
        bool active; /* a QEMU exists */
        bool persistent;
        PciAddress *functions; /* PCI hostdevs in XML order: live XML when active, else the inactive one */
        size_t n_functions;
        uint64_t memory_bytes; /* of the guest, 0: not told */
        bool hibernate_asleep; /* as its metadata say: GuestDeclaration */
        int memory_node;       /* the one NUMA node that its memory is bound to, -1: none, or several */
        Adoption adoption;     /* of its persistent XML */
} WorldDomain;

typedef struct World {
        bool libvirt_ok;     /* false: domains are unknown, not absent */
        char *libvirt_error; /* owned; why not */
        Function *functions; /* by address; state and domain as far as the domains of this snapshot tell */
        size_t n_functions;
        WorldDomain *domains;
        size_t n_domains;
} World;

void world_domain_done(WorldDomain *d);
World *world_free(World *w);
DEFINE_CLEANUP_FUNC(World *, world_free);

/* Appends a zeroed element (functions: iommu_group and numa_node -1); NULL when out of memory. */
Function *world_add_function(World *w);
WorldDomain *world_add_domain(World *w);
int world_domain_add_function(WorldDomain *d, const PciAddress *a) _warn_unused_result_;

const WorldDomain *world_find_domain(const World *w, const char *name_or_uuid);

/* Sets state and domain of each function from the active domains: assigned or free. Leases, holds and quarantine
 * are the daemon's to lay over it. -ENOMEM. */
int world_assign(World *w) _warn_unused_result_;
