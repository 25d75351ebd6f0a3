/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "cli/snapshot.h"

#include "cli/array.h"
#include "core/pci-address.h"
#include "vgpu-hibernate.h"

/* Which interface adds what to a snapshot. */
static int snapshot_read_interface(Snapshot *s, const char *interface, sd_bus_message *m)
{
        if (streq(interface, VGPU_HIBERNATE_DOMAIN_INTERFACE)) {
                DomainInfo *d = array_add(&s->domains, &s->n_domains, sizeof(*d), SNAPSHOT_OBJECTS_MAX);
                return d ? domain_info_read(d, m) : -ENOMEM;
        }

        if (streq(interface, VGPU_HIBERNATE_FUNCTION_INTERFACE)) {
                FunctionInfo *f =
                                array_add(&s->functions, &s->n_functions, sizeof(*f), SNAPSHOT_OBJECTS_MAX);
                return f ? function_info_read(f, m) : -ENOMEM;
        }

        if (streq(interface, VGPU_HIBERNATE_POOL_INTERFACE)) {
                PoolInfo *p = array_add(&s->pools, &s->n_pools, sizeof(*p), SNAPSHOT_OBJECTS_MAX);
                return p ? pool_info_read(p, m) : -ENOMEM;
        }

        if (streq(interface, VGPU_HIBERNATE_JOB_INTERFACE)) {
                JobInfo *j = array_add(&s->jobs, &s->n_jobs, sizeof(*j), SNAPSHOT_OBJECTS_MAX);
                return j ? job_info_read(j, m) : -ENOMEM;
        }

        return sd_bus_message_skip(m, "a{sv}");
}

static int compare_strings(const char *a, const char *b)
{
        return strcmp(a ? a : "", b ? b : "");
}

static int compare_domains(const void *a, const void *b)
{
        const DomainInfo *x = a, *y = b;

        return compare_strings(x->name, y->name);
}

static int compare_functions(const void *a, const void *b)
{
        const FunctionInfo *x = a, *y = b;
        PciAddress p, q;

        if (x->address && y->address && pci_address_parse(x->address, &p) >= 0 &&
            pci_address_parse(y->address, &q) >= 0)
                return pci_address_compare(&p, &q);
        return compare_strings(x->address, y->address);
}

static int compare_pools(const void *a, const void *b)
{
        const PoolInfo *x = a, *y = b;

        return compare_strings(x->name, y->name);
}

static int compare_jobs(const void *a, const void *b)
{
        const JobInfo *x = a, *y = b;

        return x->id < y->id ? -1 : x->id > y->id;
}

static void sort(void *array, size_t n, size_t size, int (*compare)(const void *, const void *))
{
        if (n > 1)
                qsort(array, n, size, compare);
}

static int snapshot_read_object(Snapshot *s, sd_bus_message *m)
{
        const char *path, *interface;
        int r;

        r = sd_bus_message_read_basic(m, 'o', &path);
        if (r < 0)
                return r;

        r = sd_bus_message_enter_container(m, 'a', "{sa{sv}}");
        if (r < 0)
                return r;

        while ((r = sd_bus_message_enter_container(m, 'e', "sa{sv}")) > 0) {
                r = sd_bus_message_read_basic(m, 's', &interface);
                if (r < 0)
                        return r;

                r = snapshot_read_interface(s, interface, m);
                if (r < 0)
                        return r;

                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }

        return r < 0 ? r : sd_bus_message_exit_container(m);
}

void snapshot_done(Snapshot *s)
{
        for (size_t i = 0; i < s->n_domains; i++)
                domain_info_done(&s->domains[i]);
        for (size_t i = 0; i < s->n_functions; i++)
                function_info_done(&s->functions[i]);
        for (size_t i = 0; i < s->n_pools; i++)
                pool_info_done(&s->pools[i]);
        for (size_t i = 0; i < s->n_jobs; i++)
                job_info_done(&s->jobs[i]);
        free(s->domains);
        free(s->functions);
        free(s->pools);
        free(s->jobs);
        *s = (Snapshot) { 0 };
}

int snapshot_read(Snapshot *ret, sd_bus_message *m)
{
        int r;

        r = sd_bus_message_enter_container(m, 'a', "{oa{sa{sv}}}");
        if (r < 0)
                return r == -ENXIO ? -EBADMSG : r;

        while ((r = sd_bus_message_enter_container(m, 'e', "oa{sa{sv}}")) > 0) {
                r = snapshot_read_object(ret, m);
                if (r < 0)
                        return r;

                r = sd_bus_message_exit_container(m);
                if (r < 0)
                        return r;
        }
        if (r < 0)
                return r;

        sort(ret->domains, ret->n_domains, sizeof(*ret->domains), compare_domains);
        sort(ret->functions, ret->n_functions, sizeof(*ret->functions), compare_functions);
        sort(ret->pools, ret->n_pools, sizeof(*ret->pools), compare_pools);
        sort(ret->jobs, ret->n_jobs, sizeof(*ret->jobs), compare_jobs);
        return sd_bus_message_exit_container(m);
}
