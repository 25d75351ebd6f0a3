/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/inventory.h"

#include <inttypes.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>

#include "core/downtime.h"
#include "daemon/manager.h"
#include "store/inventory-json.h"

static int add_functions(Inventory *inv, const View *v)
{
        inv->functions = calloc(v->n_functions + 1, sizeof(InventoryFunction));
        if (!inv->functions)
                return -ENOMEM;

        for (size_t i = 0; i < v->n_functions; i++) {
                const Function *from = v->functions + i;
                Function *f = &inv->functions[i].function;
                char group[GROUP_NAME_MAX];

                inv->functions[i].domain = INVENTORY_NONE;
                *f = (Function) {
                        .address = from->address,
                        .physical_function = from->physical_function,
                        .is_dead = from->is_dead,
                        .identity = from->identity,
                        .iommu_group = from->iommu_group,
                        .numa_node = from->numa_node,
                        .state = from->state,
                };
                inv->n_functions++;

                if (free_and_strdup(&f->pool, from->pool) < 0 ||
                    free_and_strdup(&f->driver, from->driver) < 0 ||
                    free_and_strdup(&f->group_obstacle, from->group_obstacle) < 0 ||
                    free_and_strdup(&f->domain, from->state == FUNCTION_FREE ? NULL : from->domain) < 0 ||
                    free_and_strdup(&f->group, view_group_of(from, group)) < 0)
                        return -ENOMEM;
        }

        return 0;
}

/* Would a job of it be refused before it begins? */
static bool is_movable(const DomainView *d, const View *v)
{
        if (!streq(d->state, "running") || !d->persistent || d->job != 0)
                return false;

        for (size_t i = 0; i < d->n_functions; i++) {
                const Function *f = view_find_function(v, d->functions + i);

                if (!f || family_needs_same_function(f) || f->family->targets == TARGETS_NEVER)
                        return false;
        }

        return true;
}

/* Of those that are not moved nobody needs it. */
static void predict(InventoryDomain *domain, const DomainView *d, const Downtimes *downtimes)
{
        JobPrediction p;

        if (!domain->movable || !downtimes_predict(downtimes, d->uuid, d->memory_bytes, &p))
                return;

        domain->cost_seconds = (double) (p.save_usec + p.resume_usec) / (double) USEC_PER_SEC;
        domain->image_bytes = p.bytes;
}

/* The functions that it has, and those that it is named at. */
static int add_domain(Inventory *inv, const DomainView *d, const View *v, const Downtimes *downtimes)
{
        InventoryDomain *domain = inv->domains + inv->n_domains;
        bool is_named = false;

        *domain = (InventoryDomain) {
                .functions = calloc(d->n_functions + 1, sizeof(size_t)),
                .movable = is_movable(d, v),
                .cost_seconds = NAN,
                .max_downtime_seconds = INFINITY,
        };
        inv->n_domains++;
        if (!domain->functions)
                return -ENOMEM;

        for (size_t i = 0; i < d->n_functions; i++) {
                size_t k = inventory_find(inv, d->functions + i);

                if (k == INVENTORY_NONE || !streq_ptr(inv->functions[k].function.domain, d->name))
                        continue;

                inv->functions[k].domain = inv->n_domains - 1;
                is_named = true;
                if (inv->functions[k].function.state == FUNCTION_ASSIGNED)
                        domain->functions[domain->n_functions++] = k;
        }

        if (!is_named) {
                free(TAKE_PTR(domain->functions));
                inv->n_domains--;
                return 0;
        }

        predict(domain, d, downtimes);
        return free_and_strdup(&domain->name, d->name) < 0 || free_and_strdup(&domain->uuid, d->uuid) < 0 ||
                                               free_and_strdup(&domain->state, d->state) < 0
                               ? -ENOMEM
                               : 0;
}

static int add_pools(Inventory *inv, const View *v)
{
        inv->pools = calloc(v->n_pools + 1, sizeof(InventoryPool));
        if (!inv->pools)
                return -ENOMEM;

        for (size_t i = 0; i < v->n_pools; i++) {
                const PoolView *from = v->pools + i;
                InventoryPool *p = inv->pools + inv->n_pools++;

                p->n_pfs = from->n_physical_functions;
                p->n_free_pfs = from->n_free_physical_functions;
                if (free_and_strdup(&p->name, from->name) < 0 ||
                    fragmentation_copy(&from->figures, &p->figures) < 0)
                        return -ENOMEM;
        }

        return 0;
}

static int take_inventory(const View *v, const char *host, const Downtimes *downtimes, Inventory *ret)
{
        _cleanup_(inventory_done) Inventory inv = { 0 };
        size_t again;
        int r;

        if ((r = free_and_strdup(&inv.host, host)) < 0 || (r = add_functions(&inv, v)) < 0 ||
            (r = add_pools(&inv, v)) < 0 || (r = inventory_index(&inv, &again)) < 0)
                return r;

        inv.domains = calloc(v->n_domains + 1, sizeof(InventoryDomain));
        if (!inv.domains)
                return -ENOMEM;

        for (size_t i = 0; i < v->n_domains; i++) {
                r = add_domain(&inv, v->domains + i, v, downtimes);
                if (r < 0)
                        return r;
        }

        /* A job promises a function to a domain before that has it: then who it is for says the job. */
        for (size_t i = 0; i < inv.n_functions; i++)
                if (inv.functions[i].domain == INVENTORY_NONE) {
                        free(inv.functions[i].function.domain);
                        inv.functions[i].function.domain = NULL;
                }

        *ret = inv;
        inv = (Inventory) { 0 };
        return 0;
}

static json_object *put(json_object *o)
{
        (void) json_object_put(o);
        return NULL;
}
DEFINE_CLEANUP_FUNC(json_object *, put);

/* FNV-1a: nobody has a reason to look for two texts with the same one. */
static uint64_t hash_text(const char *text)
{
        uint64_t hash = UINT64_C(0xcbf29ce484222325);

        for (; *text != '\0'; text++)
                hash = (hash ^ (unsigned char) *text) * UINT64_C(0x100000001b3);

        return hash;
}

int inventory_text(const Inventory *inv, char **ret)
{
        _cleanup_(putp) json_object *o = NULL;
        const char *text;
        int r;

        r = inventory_to_json(inv, &o);
        if (r < 0)
                return r;

        text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        *ret = text ? strdup(text) : NULL;
        return *ret ? 0 : -ENOMEM;
}

int inventory_of(const Manager *m, Inventory *ret)
{
        _cleanup_free_ Job **jobs = calloc(m->n_jobs + 1, sizeof(Job *));
        const JobList past = { jobs, m->n_jobs };
        _cleanup_(inventory_done) Inventory inv = { 0 };
        char host[HOST_NAME_MAX + 1] = { 0 };
        _cleanup_free_ char *text = NULL;
        Downtimes downtimes;
        int r;

        if (!jobs)
                return -ENOMEM;
        for (size_t i = 0; i < m->n_jobs; i++)
                jobs[i] = m->jobs[i]->job;
        downtimes_init(&downtimes, &past);

        if (gethostname(host, sizeof(host) - 1) < 0)
                return -errno;

        if ((r = take_inventory(m->view, *host != '\0' ? host : NULL, &downtimes, &inv)) < 0 ||
            (r = inventory_text(&inv, &text)) < 0)
                return r;

        if (asprintf(&inv.stamp, "%016" PRIx64, hash_text(text)) < 0) {
                inv.stamp = NULL;
                return -ENOMEM;
        }

        *ret = inv;
        inv = (Inventory) { 0 };
        return 0;
}
