/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * View: what the bus shows of functions and domains at one moment, computed as a whole from the world, the
 * records, the ledger and the open jobs. Pure: nothing here does I/O. Signals are the difference of two
 * views (changes.c), targets are picked from its functions (start-job.c), so that all three can never
 * disagree.
 *
 * State of a function, the strongest claim first: quarantined (ledger) > assigned (an active domain has it, or one that is being started)
 * > leased (an open job needs it, or a guest gave it back: returns.h) > held (core/claim.h: for a hibernated domain, or reserved and then without a
 * domain) > free, or unknown as long as libvirt has not told of its domains. A job needs the functions it goes to, and those it leaves: their last step resets them.
 * One that carries out a plan needs those of all moves to come: they are leased, and to no domain.
 */

#include "core/family.h"
#include "core/fragmentation.h"
#include "core/job.h"
#include "core/world.h"
#include "daemon/outcome.h"
#include "store/config.h"
#include "store/image-record.h"
#include "store/ledger.h"

typedef struct DomainView {
        char *uuid;
        char *name;
        const char *state; /* static: the bus's word */
        bool defined;      /* libvirt has it; else only its record is left */
        bool active;
        bool persistent;
        bool to_hibernate;     /* its guest sleeps, and its metadata say that it is hibernated then */
        bool hibernated;       /* has a record and is inactive */
        bool by_shutdown;      /* when hibernated: the host's shutdown did it */
        PciAddress *functions; /* those of its image when hibernated, where they are now; else of its XML */
        size_t n_functions;
        Strategy strategy;     /* when hibernated */
        GuestFixups fixups;    /* when hibernated */
        uint64_t memory_bytes; /* of the guest, 0: not told */
        int memory_node;       /* NUMA node of its memory, -1: not told */
        uint64_t image_bytes;
        Adoption adoption;
        OnShutdown on_shutdown;   /* by its adoption and the configuration */
        HoldMode hold;            /* when hibernated */
        uint64_t hold_until_usec; /* with HOLD_HOLD_UNTIL, else 0 */
        uint64_t job;             /* open job of this domain, 0: none */
        bool job_given_up;
} DomainView;

/* Functions that stand in for each other, as configured or of one device type. A configured one exists also while it
 * is empty. */
typedef struct PoolView {
        char *name;
        PickPolicy pick;
        uint32_t n[_FUNCTION_STATE_MAX]; /* of its functions, how many are in each state */
        uint32_t n_functions;
        uint32_t n_physical_functions, n_free_physical_functions; /* free: nobody has any function of it */
        Fragmentation figures;
} PoolView;

typedef struct View {
        DomainView *domains; /* by UUID */
        size_t n_domains;
        Function *functions; /* by address */
        size_t n_functions;
        PoolView *pools; /* configured ones first, in that order, then by name */
        size_t n_pools;
} View;

/* A job is open until its journal says that it ended, so also when the daemon has given up on its workers:
 * nobody knows then what it left behind. */
typedef struct ViewJob {
        const Job *job;
        bool given_up;
} ViewJob;

typedef struct ViewInput {
        const Config *config;
        const Families *families; /* NULL: none; functions borrow from it */
        const World *world;       /* NULL: not known yet */
        bool domains_unknown;     /* libvirt has not told of its domains, not even earlier */
        const Ledger *ledger;
        const char *boot; /* id of this boot of the host */
        ImageRecord *const *records;
        size_t n_records;
        const ViewJob *jobs; /* the open ones */
        size_t n_jobs;
        const char *const *
                        damaged; /* UUIDs of domains of which the last job that looked found their image to be */
        size_t n_damaged;
        Outcome *const *outcomes;
        size_t n_outcomes;
} ViewInput;

int view_new(const ViewInput *in, View **ret) _warn_unused_result_;
View *view_free(View *v);
DEFINE_CLEANUP_FUNC(View *, view_free);

/* NULL when there is none. A name may look like another domain's UUID: the UUID wins. */
const DomainView *view_find_domain(const View *v, const char *name_or_uuid);
const DomainView *view_find_domain_by_uuid(const View *v, const char *uuid);
const Function *view_find_function(const View *v, const PciAddress *a);
/* Of something that was written down, perhaps before buses were numbered anew. */
const Function *view_find_ref(const View *v, const FunctionRef *r);
/* The active domain that has it. */
const DomainView *view_find_owner(const View *v, const PciAddress *a);
const PoolView *view_find_pool(const View *v, const char *name);

/* What links a function to others as planners see it: the hive of its card; where none is known, that they are near the
 * same memory of the host. `buf` is for the name of that; NULL: neither is known. */
#define GROUP_NAME_MAX sizeof("numa-2147483648")
const char *view_group_of(const Function *f, char buf[static GROUP_NAME_MAX]);

/* The view's functions as a job of this domain may choose from them: what is held for the domain (NULL: gone) is free
 * to it, and with a reservation there are no others than those of that, free to it as well. A list of its own that
 * borrows everything from the view, to be freed. */
int view_functions_for(const View *v, const DomainView *d, const Reservation *reservation, Function **ret,
                       size_t *ret_n) _warn_unused_result_;
