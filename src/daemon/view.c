/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/view.h"

#include <assert.h>
#include <stdio.h>

#include "core/apply.h"
#include "daemon/object-path.h"

#define DOMAIN_STATE_FAILED "failed"

static void domain_view_done(DomainView *d)
{
        free(d->uuid);
        free(d->name);
        free(d->functions);
}

View *view_free(View *v)
{
        if (!v)
                return NULL;

        for (size_t i = 0; i < v->n_domains; i++)
                domain_view_done(v->domains + i);
        for (size_t i = 0; i < v->n_functions; i++)
                function_done(v->functions + i);

        for (size_t i = 0; i < v->n_pools; i++) {
                free(v->pools[i].name);
                fragmentation_done(&v->pools[i].figures);
        }

        free(v->domains);
        free(v->functions);
        free(v->pools);
        free(v);
        return NULL;
}

static int compare_functions(const void *a, const void *b)
{
        return pci_address_compare(&((const Function *) a)->address, &((const Function *) b)->address);
}

static int compare_domains(const void *a, const void *b)
{
        return strcmp(((const DomainView *) a)->uuid, ((const DomainView *) b)->uuid);
}

static Function *find_function(const View *v, const PciAddress *a)
{
        const Function key = { .address = *a };

        return v->n_functions == 0 ? NULL
                                   : bsearch(&key, v->functions, v->n_functions, sizeof(Function),
                                             compare_functions);
}

/* Mostly it is where it was. */
static Function *find_ref(const View *v, const FunctionRef *r)
{
        Function *f = find_function(v, &r->address);

        return f && function_ref_is(r, f) ? f
                                          : (Function *) function_ref_find(r, v->functions, v->n_functions);
}

const Function *view_find_ref(const View *v, const FunctionRef *r)
{
        return find_ref(v, r);
}

static DomainView *find_domain(const View *v, const char *uuid)
{
        const DomainView key = { .uuid = (char *) uuid };

        return v->n_domains == 0 ? NULL
                                 : bsearch(&key, v->domains, v->n_domains, sizeof(DomainView),
                                           compare_domains);
}

const Function *view_find_function(const View *v, const PciAddress *a)
{
        return find_function(v, a);
}

const DomainView *view_find_owner(const View *v, const PciAddress *a)
{
        for (size_t i = 0; i < v->n_domains; i++)
                if (v->domains[i].active &&
                    pci_address_is_among(a, v->domains[i].functions, v->domains[i].n_functions))
                        return v->domains + i;

        return NULL;
}

const DomainView *view_find_domain_by_uuid(const View *v, const char *uuid)
{
        return find_domain(v, uuid);
}

const DomainView *view_find_domain(const View *v, const char *name_or_uuid)
{
        const DomainView *d = find_domain(v, name_or_uuid);

        if (d)
                return d;

        for (size_t i = 0; i < v->n_domains; i++)
                if (streq(v->domains[i].name, name_or_uuid))
                        return v->domains + i;

        return NULL;
}

static PoolView *find_pool(const View *v, const char *name)
{
        for (size_t i = 0; i < v->n_pools; i++)
                if (streq(v->pools[i].name, name))
                        return v->pools + i;

        return NULL;
}

const PoolView *view_find_pool(const View *v, const char *name)
{
        return find_pool(v, name);
}

static int add_pool(View *v, const char *name, PickPolicy pick)
{
        if (find_pool(v, name))
                return 0;

        if (!ARRAY_GROW(v->pools, v->n_pools))
                return -ENOMEM;

        v->pools[v->n_pools] = (PoolView) { .pick = pick };
        if (free_and_strdup(&v->pools[v->n_pools].name, name) < 0)
                return -ENOMEM;
        v->n_pools++;
        return 0;
}

static int compare_pools(const void *a, const void *b)
{
        return strcmp(((const PoolView *) a)->name, ((const PoolView *) b)->name);
}

static int add_pools(View *v, const Config *c)
{
        size_t n_configured;
        int r = 0;

        for (size_t i = 0; r >= 0 && i < c->n_pools; i++)
                r = add_pool(v, c->pools[i].name, c->pools[i].pick);
        n_configured = v->n_pools;

        for (size_t i = 0; r >= 0 && i < v->n_functions; i++) {
                char name[POOL_NAME_MAX];
                PickPolicy pick = config_pool_of(c, v->functions + i, name, &v->functions[i].rank);

                r = add_pool(v, name, pick);
                if (r >= 0)
                        r = free_and_strdup(&v->functions[i].pool, name);
        }

        if (v->n_pools > n_configured)
                qsort(v->pools + n_configured, v->n_pools - n_configured, sizeof(PoolView), compare_pools);
        return r;
}

const char *view_group_of(const Function *f, char buf[static GROUP_NAME_MAX])
{
        const char *hive = attributes_get(&f->identity.attributes, ATTRIBUTE_HIVE);

        if (hive || f->numa_node < 0)
                return hive;

        (void) snprintf(buf, GROUP_NAME_MAX, "numa%d", f->numa_node);
        return buf;
}

static int measure_pools(View *v, const Config *c)
{
        _cleanup_free_ char(*names)[GROUP_NAME_MAX] = calloc(v->n_functions + 1, GROUP_NAME_MAX);
        _cleanup_free_ Function *functions = calloc(v->n_functions + 1, sizeof(Function));

        if (!names || !functions)
                return -ENOMEM;

        /* Not in the view: what has to stay together in a domain is not decided by memory that cards are near. */
        for (size_t i = 0; i < v->n_functions; i++) {
                functions[i] = v->functions[i];
                functions[i].group = (char *) view_group_of(v->functions + i, names[i]);
        }

        for (size_t i = 0; i < v->n_pools; i++) {
                PoolView *p = v->pools + i;
                int r;

                r = fragmentation_measure(functions, v->n_functions, p->name, c->requests, c->n_requests,
                                          &p->figures);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int count_pools(View *v, const Config *c)
{
        _cleanup_free_ PoolShare *shares = NULL;
        size_t n;
        int r;

        r = pool_shares(v->functions, v->n_functions, &shares, &n);
        if (r < 0)
                return r;

        for (size_t i = 0; i < n; i++) {
                PoolView *p = find_pool(v, shares[i].pool);

                p->n_physical_functions++;
                p->n_free_physical_functions += !shares[i].in_use;
        }

        for (size_t i = 0; i < v->n_functions; i++) {
                PoolView *p = find_pool(v, v->functions[i].pool);

                p->n[v->functions[i].state]++;
                p->n_functions++;
        }

        return measure_pools(v, c);
}

int view_functions_for(const View *v, const DomainView *d, const Reservation *reservation, Function **ret,
                       size_t *ret_n)
{
        _cleanup_free_ Function *functions = calloc(v->n_functions + 1, sizeof(Function));
        size_t n = 0;

        if (!functions)
                return -ENOMEM;

        for (size_t i = 0; i < v->n_functions; i++) {
                Function f = v->functions[i]; /* borrows its strings */
                bool own = reservation ? reservation_has(reservation, &f)
                                       : d && d->hold != HOLD_RELEASE && streq_ptr(f.domain, d->name) &&
                                                           pci_address_is_among(&f.address, d->functions,
                                                                                d->n_functions);

                if (reservation && !own)
                        continue;
                if (own && f.state == FUNCTION_HELD)
                        f.state = FUNCTION_FREE;
                functions[n++] = f;
        }

        *ret = TAKE_PTR(functions);
        *ret_n = n;
        return 0;
}

static int add_functions(View *v, const World *w, const Families *families, FunctionState state)
{
        for (size_t i = 0; i < w->n_functions; i++) {
                const Function *from = w->functions + i;
                Function *f = v->functions + v->n_functions++;

                *f = *from;
                f->state = state;
                f->driver = f->pool = f->domain = f->reason = f->group_obstacle = f->kind = f->group =
                                f->user = NULL;
                f->family = families_find(families, f->identity.vendor, f->identity.device);

                if (free_and_strdup(&f->driver, from->driver) < 0 ||
                    free_and_strdup(&f->group_obstacle, from->group_obstacle) < 0)
                        return -ENOMEM;
        }

        qsort(v->functions, v->n_functions, sizeof(Function), compare_functions);
        return 0;
}

static int domain_set_functions(DomainView *d, const PciAddress *functions, size_t n)
{
        PciAddress *copy = calloc(n + 1, sizeof(PciAddress));

        if (!copy)
                return -ENOMEM;
        if (n > 0)
                memcpy(copy, functions, n * sizeof(PciAddress));

        free(d->functions);
        d->functions = copy;
        d->n_functions = n;
        return 0;
}

static int add_domain(View *v, const Config *c, const WorldDomain *w)
{
        DomainView *d = v->domains + v->n_domains++;

        *d = (DomainView) {
                .state = domain_state_to_string(w->state),
                .defined = true,
                .active = w->active,
                .persistent = w->persistent,
                .memory_bytes = w->memory_bytes,
                .to_hibernate = w->hibernate_asleep && w->active && w->state == DOMAIN_PMSUSPENDED,
                .memory_node = w->memory_node,
                .adoption = w->adoption,
                .on_shutdown = adoption_on_shutdown(&w->adoption, c->on_shutdown),
        };

        if (free_and_strdup(&d->uuid, w->uuid) < 0 || free_and_strdup(&d->name, w->name) < 0)
                return -ENOMEM;

        return domain_set_functions(d, w->functions, w->n_functions);
}

static int add_domains(View *v, const Config *c, const World *w)
{
        for (size_t i = 0; i < w->n_domains; i++) {
                const WorldDomain *d = w->domains + i;
                int r;

                /* Its path would not be one. libvirt prints nothing else, so this is not worth a message. */
                if (!d->uuid || !d->name || !uuid_is_valid(d->uuid))
                        continue;

                r = add_domain(v, c, d);
                if (r < 0)
                        return r;
        }

        qsort(v->domains, v->n_domains, sizeof(DomainView), compare_domains);
        return 0;
}

static int apply_outcome(View *v, const Outcome *o)
{
        DomainView *d = find_domain(v, o->domain_uuid);

        if (!d || o->starting)
                return 0;

        d->active = o->active;
        d->to_hibernate = false;
        d->state = domain_state_to_string(o->active ? DOMAIN_RUNNING : DOMAIN_SHUTOFF);
        return o->active ? domain_set_functions(d, o->functions, o->n_functions) : 0;
}

/* A record whose domain libvirt does not have (yet) is a domain all the same: its image must not be
 * forgotten. */
static int add_undefined_domain(View *v, const ImageRecord *record)
{
        DomainView *d;

        if (find_domain(v, record->domain_uuid) || !uuid_is_valid(record->domain_uuid))
                return 0;

        d = v->domains + v->n_domains++;
        *d = (DomainView) { .persistent = true, .memory_node = -1 };
        if (free_and_strdup(&d->uuid, record->domain_uuid) < 0 ||
            free_and_strdup(&d->name, record->domain_name) < 0)
                return -ENOMEM;

        qsort(v->domains, v->n_domains, sizeof(DomainView), compare_domains);
        return 0;
}

/* Where the functions that the record names are now. One that is not here any more is shown where it was, unless
 * another one has that address by now. */
static size_t locate_functions(const View *v, const ImageRecord *record, PciAddress *ret)
{
        size_t n = 0;

        for (size_t i = 0; i < record->n_functions; i++) {
                const FunctionRef ref = swap_source(record->functions + i);
                const Function *f = find_ref(v, &ref);

                if (f)
                        ret[n++] = f->address;
                else if (!find_function(v, &ref.address))
                        ret[n++] = ref.address;
        }

        return n;
}

static int apply_record(View *v, const ImageRecord *record)
{
        DomainView *d = find_domain(v, record->domain_uuid);
        PciAddress *functions;

        /* Active: its resume is past the wake, and about to remove the record. */
        if (!d || d->active)
                return 0;

        functions = calloc(record->n_functions + 1, sizeof(PciAddress));
        if (!functions)
                return -ENOMEM;

        free(d->functions);
        d->functions = functions;
        d->n_functions = locate_functions(v, record, functions);
        d->hibernated = true;
        d->by_shutdown = record->by_shutdown;
        d->state = "hibernated";
        d->strategy = record->strategy;
        d->fixups = record->fixups;
        d->image_bytes = record->bytes;
        return 0;
}

static bool is_claimed(const Function *f)
{
        return f->state != FUNCTION_FREE && f->state != FUNCTION_UNKNOWN;
}

/* A function of two claims is the first one's. */
static void apply_reservation(View *v, const Reservation *r)
{
        for (size_t i = 0; i < r->n_functions; i++) {
                Function *f = find_ref(v, r->functions + i);

                if (!f || is_claimed(f))
                        continue;
                f->state = FUNCTION_HELD;
                f->held_until_usec = r->until_usec;
        }
}

/* Of a domain that libvirt does not have any more it counts again when that is defined again. */
static int apply_hold(View *v, const Hold *h)
{
        DomainView *d = find_domain(v, h->domain_uuid);

        if (!d || !d->hibernated)
                return 0;

        d->hold = hold_mode(h);
        d->hold_until_usec = h->until_usec;
        for (size_t i = 0; d->defined && i < d->n_functions; i++) {
                Function *f = find_function(v, d->functions + i);

                if (!f || is_claimed(f))
                        continue;
                if (free_and_strdup(&f->domain, d->name) < 0)
                        return -ENOMEM;
                f->state = FUNCTION_HELD;
                f->held_until_usec = h->until_usec;
        }

        return 0;
}

/* A claim that is stronger than the one that there is. */
static int claim_function(Function *f, FunctionState state, const char *domain)
{
        f->state = state;
        f->held_until_usec = 0;
        return free_and_strdup(&f->domain, domain);
}

static int assign_functions(View *v)
{
        for (size_t i = 0; i < v->n_domains; i++) {
                const DomainView *d = v->domains + i;

                for (size_t k = 0; d->active && k < d->n_functions; k++) {
                        Function *f = find_function(v, d->functions + k);

                        if (f && claim_function(f, FUNCTION_ASSIGNED, d->name) < 0)
                                return -ENOMEM;
                }
        }

        return 0;
}

/* Before libvirt tells of it: a job must not choose them meanwhile. */
static int apply_start(View *v, const Outcome *o)
{
        for (size_t i = 0; o->starting && i < o->n_functions; i++) {
                Function *f = find_function(v, o->functions + i);

                if (f && f->state != FUNCTION_ASSIGNED &&
                    claim_function(f, FUNCTION_ASSIGNED, o->domain_name) < 0)
                        return -ENOMEM;
        }

        return 0;
}

static int lease_function(View *v, const FunctionRef *r, const Job *j)
{
        Function *f = find_ref(v, r);

        if (!f || f->state == FUNCTION_ASSIGNED)
                return 0;

        return claim_function(f, FUNCTION_LEASED, j->domain_name);
}

/* Until a later job finds otherwise, or the record is gone. */
static void apply_damage(View *v, const char *domain_uuid)
{
        DomainView *d = find_domain(v, domain_uuid);

        if (d && d->hibernated && d->job == 0)
                d->state = DOMAIN_STATE_FAILED;
}

static const char *kind_to_domain_state(JobKind kind)
{
        switch (kind) {
        case JOB_HIBERNATE:
                return "hibernating";
        case JOB_RESUME:
                return "resuming";
        case JOB_MOVE:
                return "moving";
        case JOB_DISCARD:
                return "discarding";
        case JOB_APPLY:
        case _JOB_KIND_MAX:
        case _JOB_KIND_INVALID:
                break;
        }

        assert(false);
        return "other";
}

/* For moves to come; a child that is under way leases them by itself. */
static int keep_function(const PciAddress *a, void *userdata)
{
        Function *f = find_function(userdata, a);

        if (!f || f->state == FUNCTION_ASSIGNED || f->state == FUNCTION_LEASED)
                return 0;

        return claim_function(f, FUNCTION_LEASED, NULL);
}

static int apply_job(View *v, const ViewJob *job)
{
        const Job *j = job->job;
        DomainView *d = find_domain(v, j->domain_uuid);
        int r;

        if (j->apply)
                return apply_each_kept(j->apply, keep_function, v);

        for (size_t i = 0; i < j->n_swaps; i++) {
                const FunctionSwap *s = j->swaps + i;
                const FunctionRef from = swap_source(s), to = swap_target(s);

                r = s->has_to ? lease_function(v, &to, j) : 0;
                if (r < 0)
                        return r;

                /* A hibernate or move resets what it leaves as its last step, when its domain no longer has
                 * it. A resume left its functions long ago and never touches them. */
                r = s->has_from && j->kind != JOB_RESUME ? lease_function(v, &from, j) : 0;
                if (r < 0)
                        return r;
        }

        if (!d)
                return 0;

        d->job = j->id;
        d->job_given_up = job->given_up;
        d->state = job->given_up ? DOMAIN_STATE_FAILED : kind_to_domain_state(j->kind);
        return 0;
}

/* Nobody's, but not anybody's either. */
static int return_function(Function *f)
{
        int r;

        r = claim_function(f, FUNCTION_LEASED, f->user);
        if (r < 0)
                return r;

        f->is_returned = true;
        free(f->reason);
        if (asprintf(&f->reason, "domain '%s' gave it back, and it is not reset yet", f->user) < 0) {
                f->reason = NULL;
                return -ENOMEM;
        }

        return 0;
}

/* A boot has reset it, too. What is kept for a move to come is nobody's yet. */
static bool needs_return(const Function *f, bool booted)
{
        return (f->state == FUNCTION_FREE || f->state == FUNCTION_HELD ||
                (f->state == FUNCTION_LEASED && !f->domain)) &&
               (!booted || (f->family && f->family->clean.words));
}

static int apply_uses(View *v, const ViewInput *in)
{
        for (size_t i = 0; i < in->ledger->n_uses; i++) {
                const LedgerUse *u = in->ledger->uses + i;
                bool booted = !streq_ptr(u->boot, in->boot), returned;
                Function *f = find_ref(v, &u->function);

                if (!f)
                        continue;

                returned = needs_return(f, booted);
                if ((returned || !booted) && free_and_strdup(&f->user, u->domain) < 0)
                        return -ENOMEM;
                if (returned && return_function(f) < 0)
                        return -ENOMEM;
        }

        return 0;
}

static int apply_quarantines(View *v, const Ledger *l)
{
        for (size_t i = 0; i < l->n_quarantines; i++) {
                Function *f = find_ref(v, &l->quarantines[i].function);

                if (!f)
                        continue;
                if (free_and_strdup(&f->reason, l->quarantines[i].reason) < 0)
                        return -ENOMEM;
                f->state = FUNCTION_QUARANTINED;
                f->quarantined_usec = l->quarantines[i].since_usec;
                f->held_until_usec = 0;
        }

        return 0;
}

static int view_fill(View *v, const ViewInput *in)
{
        int r = 0;

        /* 1. What the watch worker saw; 2. what newer outcomes and 3. records make of the domains; 4. whose
         * the functions are then, weakest claim first. */
        if (in->world)
                r = add_functions(v, in->world, in->families,
                                  in->domains_unknown ? FUNCTION_UNKNOWN : FUNCTION_FREE);
        if (r >= 0)
                r = add_pools(v, in->config);
        if (r >= 0 && in->world)
                r = add_domains(v, in->config, in->world);
        for (size_t i = 0; r >= 0 && i < in->n_outcomes; i++)
                r = apply_outcome(v, in->outcomes[i]);
        for (size_t i = 0; r >= 0 && i < in->n_records; i++)
                r = add_undefined_domain(v, in->records[i]);
        for (size_t i = 0; r >= 0 && i < in->n_records; i++)
                r = apply_record(v, in->records[i]);
        for (size_t i = 0; r >= 0 && i < in->ledger->claims.n_reservations; i++)
                apply_reservation(v, in->ledger->claims.reservations + i);
        for (size_t i = 0; r >= 0 && i < in->ledger->claims.n_holds; i++)
                r = apply_hold(v, in->ledger->claims.holds + i);
        if (r >= 0)
                r = assign_functions(v);
        for (size_t i = 0; r >= 0 && i < in->n_outcomes; i++)
                r = apply_start(v, in->outcomes[i]);
        for (size_t i = 0; r >= 0 && i < in->n_jobs; i++)
                r = apply_job(v, in->jobs + i);
        for (size_t i = 0; i < in->n_damaged; i++)
                apply_damage(v, in->damaged[i]);
        if (r >= 0)
                r = apply_quarantines(v, in->ledger);
        if (r >= 0)
                r = apply_uses(v, in);
        if (r >= 0)
                r = count_pools(v, in->config);
        return r;
}

int view_new(const ViewInput *in, View **ret)
{
        _cleanup_(view_freep) View *v = NULL;
        int r;

        v = calloc(1, sizeof(View));
        if (!v)
                return -ENOMEM;

        v->functions = calloc((in->world ? in->world->n_functions : 0) + 1, sizeof(Function));
        v->domains = calloc((in->world ? in->world->n_domains : 0) + in->n_records + 1, sizeof(DomainView));
        if (!v->functions || !v->domains)
                return -ENOMEM;

        r = view_fill(v, in);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(v);
        return 0;
}
