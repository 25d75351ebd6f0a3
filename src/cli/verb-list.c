/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* list, functions, pools, jobs: the tables. */

#include <inttypes.h>
#include <stdio.h>

#include "cli/client.h"
#include "cli/json.h"
#include "cli/table.h"
#include "cli/text.h"

/* Reads what there is; reports on failure. */
static int get_snapshot(Ctl *c, const char *of_what, Snapshot *ret)
{
        _cleanup_(sd_bus_error_free) sd_bus_error e = SD_BUS_ERROR_NULL;
        int r;

        r = client_get_snapshot(c, ret, &e);
        return r < 0 ? ctl_error(c, &e, r, "cannot list %s", of_what) : EXIT_STATUS_OK;
}

static bool domain_is_ours(const DomainInfo *d)
{
        return (d->functions && d->functions[0]) || streq_ptr(d->state, "hibernated") ||
               streq_ptr(d->state, "failed");
}

static int list_as_table(Ctl *c, const Snapshot *s)
{
        static const TableColumn columns[] = {
                { "NAME", false, true },      { "STATE", false, false }, { "FUNCTIONS", false, true },
                { "STRATEGY", false, false }, { "IMAGE", true, false },  { "JOB", true, false },
        };
        _cleanup_(table_freep) Table *t = NULL;
        int r;

        r = table_new(&c->terminal, columns, ELEMENTSOF(columns), &t);
        if (r < 0)
                return r;

        for (size_t i = 0; i < s->n_domains; i++) {
                const DomainInfo *d = &s->domains[i];
                _cleanup_free_ char *functions = NULL;
                uint64_t job;

                if (!c->all && !domain_is_ours(d))
                        continue;

                functions = text_join(d->functions);
                if (!functions)
                        return -ENOMEM;

                table_add(t, TINT_NONE, d->name);
                table_add(t, tint_of_state(d->state), d->state);
                table_add(t, TINT_NONE, functions);
                table_add(t, TINT_NONE, d->strategy);
                table_add(t, TINT_NONE, d->image_bytes > 0 ? TEXT_BYTES(d->image_bytes) : NULL);
                if (job_id_from_path(d->job, &job))
                        table_add_format(t, TINT_NONE, "%" PRIu64, job);
                else
                        table_add(t, TINT_NONE, NULL);
        }

        return table_print(t, stdout, !c->no_legend);
}

int verb_list(Ctl *c)
{
        _cleanup_(snapshot_done) Snapshot s = { 0 };
        _cleanup_json_ json_object *array = NULL;
        int r;

        r = get_snapshot(c, "domains", &s);
        if (r != EXIT_STATUS_OK)
                return r;

        if (!c->json && !c->quiet)
                return list_as_table(c, &s);

        array = json_object_new_array();
        for (size_t i = 0; i < s.n_domains; i++) {
                if (!c->all && !domain_is_ours(&s.domains[i]))
                        continue;
                if (c->json)
                        json_build_element(&array, domain_info_to_json(&s.domains[i]));
                else
                        ctl_print(c, "%s", s.domains[i].name ? s.domains[i].name : "");
        }

        return c->json ? ctl_print_json(c, TAKE_PTR(array)) : EXIT_STATUS_OK;
}

static void add_index(Table *t, int32_t value)
{
        if (value >= 0)
                table_add_format(t, TINT_NONE, "%" PRId32, value);
        else
                table_add(t, TINT_NONE, NULL);
}

static int functions_as_table(Ctl *c, const Snapshot *s)
{
        static const TableColumn columns[] = {
                { "ADDRESS", false, false }, { "STATE", false, false }, { "DOMAIN", false, true },
                { "POOL", false, true },     { "PF", false, false },    { "DRIVER", false, false },
                { "GROUP", true, false },    { "NODE", true, false },   { "FAMILY", false, true, true },
                { "REASON", false, true },
        };
        _cleanup_(table_freep) Table *t = NULL;
        int r;

        r = table_new(&c->terminal, columns, ELEMENTSOF(columns), &t);
        if (r < 0)
                return r;

        for (size_t i = 0; i < s->n_functions; i++) {
                const FunctionInfo *f = &s->functions[i];

                table_add(t, TINT_NONE, f->address);
                table_add(t, tint_of_state(f->state), f->state);
                table_add(t, TINT_NONE, f->domain);
                table_add(t, TINT_NONE, f->pool && *f->pool ? f->pool : f->device);
                table_add(t, TINT_NONE, f->physical_function);
                table_add(t, TINT_NONE, f->driver);
                add_index(t, f->iommu_group);
                add_index(t, f->numa_node);
                table_add(t, TINT_NONE, f->family);
                if (f->held_until_usec > 0)
                        table_add_format(t, TINT_NONE, "until %s", TEXT_TIME(f->held_until_usec));
                else if (f->quarantined_since_usec > 0)
                        table_add_format(t, TINT_NONE, "since %s: %s", TEXT_TIME(f->quarantined_since_usec),
                                         f->reason);
                else
                        table_add(t, TINT_NONE, f->reason);
        }

        return table_print(t, stdout, !c->no_legend);
}

int verb_functions(Ctl *c)
{
        _cleanup_(snapshot_done) Snapshot s = { 0 };
        _cleanup_json_ json_object *array = NULL;
        int r;

        r = get_snapshot(c, "functions", &s);
        if (r != EXIT_STATUS_OK)
                return r;

        if (!c->json && !c->quiet)
                return functions_as_table(c, &s);

        array = json_object_new_array();
        for (size_t i = 0; i < s.n_functions; i++)
                if (c->json)
                        json_build_element(&array, function_info_to_json(&s.functions[i]));
                else
                        ctl_print(c, "%s", s.functions[i].address ? s.functions[i].address : "");

        return c->json ? ctl_print_json(c, TAKE_PTR(array)) : EXIT_STATUS_OK;
}

/* Until libvirt has told of its domains there are functions that nobody knows more about; a terminal is narrow. */
static bool has_unknown(const Snapshot *s)
{
        for (size_t i = 0; i < s->n_pools; i++)
                if (s->pools[i].unknown > 0)
                        return true;

        return false;
}

static int pools_as_table(Ctl *c, const Snapshot *s)
{
        static const TableColumn columns[] = {
                { "NAME", false, true },     { "POLICY", false, false },     { "TOTAL", true, false },
                { "FREE", true, false },     { "ASSIGNED", true, false },    { "LEASED", true, false },
                { "HELD", true, false },     { "QUARANTINED", true, false }, { "STRANDED", true, false },
                { "LARGEST", true, false },  { "IN-GROUP", true, false },    { "FREE-PF", true, false },
                { "UNUSABLE", true, false }, { "UNKNOWN", true, false },
        };
        bool unknown = has_unknown(s);
        _cleanup_(table_freep) Table *t = NULL;
        int r;

        r = table_new(&c->terminal, columns, ELEMENTSOF(columns) - !unknown, &t);
        if (r < 0)
                return r;

        for (size_t i = 0; i < s->n_pools; i++) {
                const PoolInfo *p = &s->pools[i];
                const uint32_t counts[] = { p->total,    p->free,         p->assigned,
                                            p->leased,   p->held,         p->quarantined,
                                            p->stranded, p->largest_free, p->largest_free_in_group };

                table_add(t, TINT_NONE, p->name);
                table_add(t, TINT_NONE, p->policy);
                for (size_t k = 0; k < ELEMENTSOF(counts); k++)
                        table_add_format(t, TINT_NONE, "%" PRIu32, counts[k]);
                table_add_format(t, TINT_NONE, "%" PRIu32 "/%" PRIu32, p->free_physical_functions,
                                 p->physical_functions);
                table_add_format(t, TINT_NONE, "%.0f%%", p->unusable * 100);
                if (unknown)
                        table_add_format(t, TINT_NONE, "%" PRIu32, p->unknown);
        }

        return table_print(t, stdout, !c->no_legend);
}

int verb_pools(Ctl *c)
{
        _cleanup_(snapshot_done) Snapshot s = { 0 };
        _cleanup_json_ json_object *array = NULL;
        int r;

        r = get_snapshot(c, "pools", &s);
        if (r != EXIT_STATUS_OK)
                return r;

        if (!c->json && !c->quiet)
                return pools_as_table(c, &s);

        array = json_object_new_array();
        for (size_t i = 0; i < s.n_pools; i++)
                if (c->json)
                        json_build_element(&array, pool_info_to_json(&s.pools[i]));
                else
                        ctl_print(c, "%s", s.pools[i].name ? s.pools[i].name : "");

        return c->json ? ctl_print_json(c, TAKE_PTR(array)) : EXIT_STATUS_OK;
}

static void add_step(Table *t, const JobInfo *j, bool final)
{
        if (j->queue_position > 0)
                table_add_format(t, TINT_NONE, "place %" PRIu32, j->queue_position);
        else if (final || !j->step || !*j->step)
                table_add(t, TINT_NONE, NULL);
        else
                table_add_format(t, TINT_NONE, "%s %" PRIu32 "/%" PRIu32, j->step, j->step_number,
                                 j->step_count);
}

static int jobs_as_table(Ctl *c, const Snapshot *s)
{
        static const TableColumn columns[] = {
                { "ID", true, false },     { "KIND", false, false }, { "DOMAIN", false, true },
                { "STATE", false, false }, { "STEP", false, false }, { "DONE", true, false },
                { "BEGAN", false, false }, { "TOOK", true, false },  { "ERROR", false, true },
        };
        _cleanup_(table_freep) Table *t = NULL;
        int r;

        r = table_new(&c->terminal, columns, ELEMENTSOF(columns), &t);
        if (r < 0)
                return r;

        for (size_t i = 0; i < s->n_jobs; i++) {
                const JobInfo *j = &s->jobs[i];
                JobState state = job_state_from_string(j->state);
                bool final = state >= 0 && job_state_is_final(state);

                table_add_format(t, TINT_NONE, "%" PRIu64, j->id);
                table_add(t, TINT_NONE, j->kind);
                table_add(t, TINT_NONE, j->domain);
                table_add(t, tint_of_state(j->state), j->state);
                add_step(t, j, final);
                table_add_format(t, TINT_NONE, "%u%%", (unsigned) (j->progress * 100));
                table_add(t, TINT_NONE, TEXT_TIME(j->created_usec));
                table_add(t, TINT_NONE,
                          j->ended_usec > j->created_usec ? TEXT_DURATION(j->ended_usec - j->created_usec)
                                                          : NULL);
                table_add(t, TINT_NONE, j->error_message);
        }

        return table_print(t, stdout, !c->no_legend);
}

int verb_jobs(Ctl *c)
{
        _cleanup_(snapshot_done) Snapshot s = { 0 };
        _cleanup_json_ json_object *array = NULL;
        int r;

        r = get_snapshot(c, "jobs", &s);
        if (r != EXIT_STATUS_OK)
                return r;

        if (!c->json && !c->quiet)
                return jobs_as_table(c, &s);

        array = json_object_new_array();
        for (size_t i = 0; i < s.n_jobs; i++)
                if (c->json)
                        json_build_element(&array, job_info_to_json(&s.jobs[i]));
                else
                        (void) printf("%" PRIu64 "\n", s.jobs[i].id);

        return c->json ? ctl_print_json(c, TAKE_PTR(array)) : EXIT_STATUS_OK;
}
