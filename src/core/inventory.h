/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Inventory: what a host, or each host of a fleet, has told of its functions and domains, for who decides without being
 * there: the planner, and "may this function take over from that one". Read and written by store/inventory-json.h.
 *
 * An inventory that was read is consistent: addresses, names and UUIDs are unique, each assigned function and the domain
 * that has it name each other, and numbers are finite.
 */

#include "core/family.h"
#include "core/fragmentation.h"

#define INVENTORY_NONE SIZE_MAX /* no index */

/* Where the functions of a domain must be, all of them. */
typedef enum InventoryAffinity {
        AFFINITY_NONE,
        AFFINITY_PHYSICAL_FUNCTION, /* on one physical function */
        AFFINITY_GROUP,             /* in one group */
        _INVENTORY_AFFINITY_MAX,
        _INVENTORY_AFFINITY_INVALID = -EINVAL,
} InventoryAffinity;

const char *inventory_affinity_to_string(InventoryAffinity a);
InventoryAffinity inventory_affinity_from_string(const char *s);

typedef struct InventoryFunction {
        Function function; /* IOMMU group and family are not told (fleet_find_families()), and a driver only if it keeps guests away */
        size_t domain; /* index of the domain that has it or that it is kept for, INVENTORY_NONE: of none that is listed */
} InventoryFunction;

typedef struct InventoryDomain {
        char *name;        /* owned */
        char *uuid;        /* owned, NULL: not told */
        char *state;       /* owned, NULL: not told; one of the daemon's words (org.vgpu.Hibernate1(5)) */
        size_t *functions; /* owned; indices into Inventory.functions, in the order of the domain's devices */
        size_t n_functions;
        bool movable;
        InventoryAffinity affinity;
        double cost_seconds; /* predicted downtime of moving it once; finite, 0 and more. NAN to be written: not known */
        double max_downtime_seconds; /* INFINITY: no limit */
        uint64_t image_bytes;        /* what a move to another host carries; 0: not told */
} InventoryDomain;

/* How the free functions of a pool lie: told, never read, since it follows from the rest and from what is usually asked for. */
typedef struct InventoryPool {
        char *name; /* owned */
        uint32_t n_pfs, n_free_pfs;
        Fragmentation figures;
} InventoryPool;

/* One host. */
typedef struct Inventory {
        char *host;                   /* owned, NULL: not told */
        char *stamp;                  /* owned, NULL: not told; opaque, another one when anything changed */
        InventoryFunction *functions; /* in the order of the file */
        size_t n_functions;
        size_t *by_address; /* owned; indices of the functions, by address */
        InventoryDomain *domains;
        size_t n_domains;
        InventoryPool *pools;
        size_t n_pools;
} Inventory;

typedef struct Fleet {
        Inventory *hosts;
        size_t n;
} Fleet;

/* One function of a fleet. */
typedef struct FleetFunction {
        size_t host, function;
} FleetFunction;

void inventory_done(Inventory *inv);
void fleet_done(Fleet *f);

/* Sorts by_address. When an address is there twice *ret_again is the index of its second, else INVENTORY_NONE. -ENOMEM. */
int inventory_index(Inventory *inv, size_t *ret_again) _warn_unused_result_;
/* INVENTORY_NONE when there is none; binary search in by_address. */
size_t inventory_find(const Inventory *inv, const PciAddress *a);

/* Sets the family of each function that tells its ids. `l` must outlive the fleet. */
void fleet_find_families(Fleet *f, const Families *l);

/* "0000:01:10.0", or "node1/0000:01:10.0" where several hosts have that address. FAILURE_UNKNOWN_FUNCTION. */
int fleet_find(const Fleet *f, const char *name, FleetFunction *ret, Failure *reterr) _warn_unused_result_;
