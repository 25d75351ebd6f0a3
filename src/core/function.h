/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Function: one SR-IOV virtual function of this host as a scan saw it, and what it is used for. Assignments are
 * live host state: who owns a function follows from running domains, leases and holds, never from an old XML.
 */

#include "core/attributes.h"
#include "core/failure.h"
#include "core/locator.h"

#define FUNCTION_BARS_MAX 6     /* PCI type 0 header, PCI Local Bus 3.0 section 6.1 */
#define FUNCTION_MSIX_MAX 2048U /* the same, section 6.8.2.3: 11 bits, counted from one */
#define FUNCTION_MSIX_NONE (-1)

typedef enum FunctionState {
        FUNCTION_FREE,
        FUNCTION_LEASED,      /* promised to a running job, or not reset since a guest gave it back */
        FUNCTION_ASSIGNED,    /* in the live XML of an active domain */
        FUNCTION_HELD,        /* kept for a hibernated domain, or reserved: core/claim.h */
        FUNCTION_QUARANTINED, /* not to be used until an operator clears it */
        FUNCTION_UNKNOWN,     /* which domains there are is not known */
        _FUNCTION_STATE_MAX,
        _FUNCTION_STATE_INVALID = -EINVAL,
} FunctionState;

const char *function_state_to_string(FunctionState s);
FunctionState function_state_from_string(const char *s);

typedef struct FunctionBar {
        uint64_t bytes; /* 0: not implemented */
        bool io;
        bool mem64;
        bool prefetchable;
} FunctionBar;

/* "io", "mem32", "mem64" */
const char *function_bar_kind(const FunctionBar *b);

/* What must be the same for a guest that knows one function to accept another. */
typedef struct FunctionIdentity {
        uint16_t vendor, device, subvendor, subdevice;
        uint8_t revision;
        uint32_t class_code; /* 24 bits: class, subclass, programming interface */
        FunctionBar bars[FUNCTION_BARS_MAX];
        uint64_t rom_bytes; /* of its expansion ROM; 0: none */
        int msix;           /* entries of its MSI-X table; FUNCTION_MSIX_NONE, 0: not told */
        Attributes attributes;
} FunctionIdentity;

typedef struct Family Family;

struct Function {
        PciAddress address;
        Locator locator;
        PciAddress physical_function;
        bool is_physical; /* it is one itself, or a whole device: never given to a guest */
        bool is_dead; /* the config space of its physical function is all ones: off the bus, or in reset */
        FunctionIdentity identity; /* vendor 0: not told */
        char *driver;              /* owned; NULL: none bound */
        int iommu_group;           /* -1: none */
        char *group_obstacle; /* owned; what in its IOMMU group keeps it from every guest, NULL: nothing known */
        int numa_node;        /* -1: unknown */
        char *pool;           /* owned; name of the pool it is in, NULL: not said */
        uint32_t rank;        /* in its pool: of those that would do, the lowest is chosen first */
        char *kind;           /* owned; only those of one kind stand in for one another, NULL: not said */
        char *group;          /* owned; hive, or what else links it to others, NULL: not said */
        const Family *family; /* borrowed; NULL: of none that is known */
        FunctionState state;
        char *domain; /* owned; name of the owning domain, NULL when it has none */
        char *reason; /* owned; why quarantined, or leased to no job, else NULL */
        char *user; /* owned; the domain that has it, or had it last, and nobody has reset it since; NULL: none */
        bool is_returned;          /* it is leased since that one gave it back */
        uint64_t quarantined_usec; /* CLOCK_REALTIME; since when, 0: not, or not known */
        uint64_t held_until_usec;  /* CLOCK_REALTIME; when FUNCTION_HELD ends, 0: no end */
};

void function_done(Function *f);

/* True for a driver that a function may be bound to and still be given away: none, vfio-pci, or a VFIO variant
 * driver ("*-vfio-pci" or "*_vfio_pci": Linux drivers/vfio/pci). */
bool function_driver_is_vfio(const char *driver);
