/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/changes.h"

#include <assert.h>
#include <inttypes.h>

#include "basic/log.h"
#include "daemon/object-path.h"
#include "vgpu-hibernate.h"

/* What a signal said can be read at any time, so one that cannot be sent is not worth more than a
 * message. */
static void warn_signal(int r, const char *path)
{
        if (r < 0 && r != -ENOTCONN)
                (void) log_error_errno(r, "Failed to signal a change of '%s', ignoring: %m", path);
}

/* What is absent by now has no value to tell: clients forget what they had. sd-bus knows only properties that are always
 * there, or that never tell a value. */
static int emit_properties_invalidated(sd_bus *bus, const char *path, const char *interface,
                                       const char **names)
{
        _cleanup_(sd_bus_message_unrefp) sd_bus_message *signal = NULL;
        int r;

        if ((r = sd_bus_message_new_signal(bus, &signal, path, "org.freedesktop.DBus.Properties",
                                           "PropertiesChanged")) < 0 ||
            (r = sd_bus_message_append(signal, "sa{sv}", interface, 0)) < 0 ||
            (r = sd_bus_message_append_strv(signal, (char **) names)) < 0)
                return r;

        return sd_bus_send(bus, signal, NULL);
}

static void signal_properties(Manager *m, const char *path, const char *interface,
                              const PropertyChange *changes, size_t n)
{
        const char *changed[JOB_PROPERTIES_MAX + 1] = { NULL }, *gone[JOB_PROPERTIES_MAX + 1] = { NULL };
        size_t n_changed = 0, n_gone = 0;

        assert(n <= JOB_PROPERTIES_MAX);

        for (size_t i = 0; i < n; i++) {
                if (!changes[i].differs)
                        continue;
                if (changes[i].absent)
                        gone[n_gone++] = changes[i].name;
                else
                        changed[n_changed++] = changes[i].name;
        }

        if (n_changed > 0)
                warn_signal(sd_bus_emit_properties_changed_strv(m->bus, path, interface, (char **) changed),
                            path);
        if (n_gone > 0)
                warn_signal(emit_properties_invalidated(m->bus, path, interface, gone), path);
}

static bool addresses_equal(const PciAddress *a, size_t n_a, const PciAddress *b, size_t n_b)
{
        if (n_a != n_b)
                return false;

        for (size_t i = 0; i < n_a; i++)
                if (!pci_address_equal(a + i, b + i))
                        return false;

        return true;
}

static uint64_t shown_job(const DomainView *d)
{
        return d->job_given_up ? 0 : d->job;
}

static void signal_domain(Manager *m, const char *path, const DomainView *a, const DomainView *b)
{
        const PropertyChange changes[] = {
                { "Name", !streq(a->name, b->name) },
                { "State", !streq(a->state, b->state) },
                { "Functions",
                  !addresses_equal(a->functions, a->n_functions, b->functions, b->n_functions) },
                { "Strategy", a->hibernated != b->hibernated || a->strategy != b->strategy },
                { "ImageBytes", a->image_bytes != b->image_bytes },
                { "Hold", a->hibernated != b->hibernated || a->hold != b->hold },
                { "HoldUntil", a->hold_until_usec != b->hold_until_usec },
                { "Adopted", a->adoption.adopted != b->adoption.adopted },
                { "Autostart", a->adoption.autostart != b->adoption.autostart },
                { "Order", a->adoption.order != b->adoption.order },
                { "OnShutdown", a->on_shutdown != b->on_shutdown },
                { "Job", shown_job(a) != shown_job(b) },
        };

        signal_properties(m, path, VGPU_HIBERNATE_DOMAIN_INTERFACE, changes, ELEMENTSOF(changes));
}

static void signal_function(Manager *m, const char *path, const Function *a, const Function *b)
{
        const PropertyChange changes[] = {
                { "PhysicalFunction", !pci_address_equal(&a->physical_function, &b->physical_function) },
                { "Device",
                  a->identity.vendor != b->identity.vendor || a->identity.device != b->identity.device },
                { "Family", a->family != b->family, !b->family },
                { "Driver", !streq_ptr(a->driver, b->driver) },
                { "IommuGroup", a->iommu_group != b->iommu_group, b->iommu_group < 0 },
                { "NumaNode", a->numa_node != b->numa_node, b->numa_node < 0 },
                { "Pool", !streq_ptr(a->pool, b->pool) },
                { "State", a->state != b->state },
                { "Domain", !streq_ptr(a->domain, b->domain) },
                { "HeldUntil", a->held_until_usec != b->held_until_usec },
                { "Reason", !streq_ptr(a->reason, b->reason) },
                { "QuarantinedSince", a->quarantined_usec != b->quarantined_usec },
        };

        signal_properties(m, path, VGPU_HIBERNATE_FUNCTION_INTERFACE, changes, ELEMENTSOF(changes));
}

static void signal_pool(Manager *m, const char *path, const PoolView *a, const PoolView *b)
{
        const Fragmentation *was = &a->figures, *is = &b->figures;
        const PropertyChange changes[] = {
                { "Policy", a->pick != b->pick },
                { "Total", a->n_functions != b->n_functions },
                { "Free", a->n[FUNCTION_FREE] != b->n[FUNCTION_FREE] },
                { "Leased", a->n[FUNCTION_LEASED] != b->n[FUNCTION_LEASED] },
                { "Assigned", a->n[FUNCTION_ASSIGNED] != b->n[FUNCTION_ASSIGNED] },
                { "Held", a->n[FUNCTION_HELD] != b->n[FUNCTION_HELD] },
                { "Quarantined", a->n[FUNCTION_QUARANTINED] != b->n[FUNCTION_QUARANTINED] },
                { "Unknown", a->n[FUNCTION_UNKNOWN] != b->n[FUNCTION_UNKNOWN] },
                { "LargestFree", was->largest_on_pf != is->largest_on_pf },
                { "LargestFreeInGroup", was->largest_in_group != is->largest_in_group },
                { "Stranded", was->stranded != is->stranded },
                { "Unusable", was->unusable < is->unusable || was->unusable > is->unusable },
                { "Kinds", !kind_shares_equal(was->kinds, was->n_kinds, is->kinds, is->n_kinds) },
                { "PhysicalFunctions", a->n_physical_functions != b->n_physical_functions },
                { "FreePhysicalFunctions", a->n_free_physical_functions != b->n_free_physical_functions },
        };

        static_assert(_FUNCTION_STATE_MAX == FUNCTION_UNKNOWN + 1, "a state that is not counted");

        signal_properties(m, path, VGPU_HIBERNATE_POOL_INTERFACE, changes, ELEMENTSOF(changes));
}

/* An object that is gone is signalled while it can still be found: sd-bus asks for its interfaces. */
static void signal_removed(Manager *m, const View *old, const View *new)
{
        for (size_t i = 0; i < old->n_domains; i++) {
                _cleanup_free_ char *path = NULL;

                if (!view_find_domain_by_uuid(new, old->domains[i].uuid) &&
                    domain_path_from_uuid(old->domains[i].uuid, &path) >= 0)
                        warn_signal(sd_bus_emit_object_removed(m->bus, path), path);
        }

        for (size_t i = 0; i < old->n_functions; i++) {
                _cleanup_free_ char *path = NULL;

                if (!view_find_function(new, &old->functions[i].address) &&
                    function_path_from_address(&old->functions[i].address, &path) >= 0)
                        warn_signal(sd_bus_emit_object_removed(m->bus, path), path);
        }

        for (size_t i = 0; i < old->n_pools; i++) {
                _cleanup_free_ char *path = NULL;

                if (!view_find_pool(new, old->pools[i].name) &&
                    pool_path_from_name(old->pools[i].name, &path) >= 0)
                        warn_signal(sd_bus_emit_object_removed(m->bus, path), path);
        }
}

static void signal_added_or_changed(Manager *m, const View *old, const View *new)
{
        for (size_t i = 0; i < new->n_domains; i++) {
                const DomainView *was = view_find_domain_by_uuid(old, new->domains[i].uuid);
                _cleanup_free_ char *path = NULL;

                if (domain_path_from_uuid(new->domains[i].uuid, &path) < 0)
                        continue;
                if (was)
                        signal_domain(m, path, was, new->domains + i);
                else
                        warn_signal(sd_bus_emit_object_added(m->bus, path), path);
        }

        for (size_t i = 0; i < new->n_functions; i++) {
                const Function *was = view_find_function(old, &new->functions[i].address);
                _cleanup_free_ char *path = NULL;

                if (function_path_from_address(&new->functions[i].address, &path) < 0)
                        continue;
                if (was)
                        signal_function(m, path, was, new->functions + i);
                else
                        warn_signal(sd_bus_emit_object_added(m->bus, path), path);
        }

        for (size_t i = 0; i < new->n_pools; i++) {
                const PoolView *was = view_find_pool(old, new->pools[i].name);
                _cleanup_free_ char *path = NULL;

                if (pool_path_from_name(new->pools[i].name, &path) < 0)
                        continue;
                if (was)
                        signal_pool(m, path, was, new->pools + i);
                else
                        warn_signal(sd_bus_emit_object_added(m->bus, path), path);
        }
}

void changes_set_view(Manager *m, View *view)
{
        View *old = m->view;

        if (m->bus)
                signal_removed(m, old, view);

        m->view = view;

        if (m->bus)
                signal_added_or_changed(m, old, view);

        view_free(old);
}

void changes_of_reservations(Manager *m)
{
        const PropertyChange change = { "Reservations", m->reservations_changed };

        if (m->bus)
                signal_properties(m, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE, &change, 1);
        m->reservations_changed = false;
}

static void signal_job(Manager *m, ManagedJob *j, const char *path)
{
        PropertyChange changes[JOB_PROPERTIES_MAX];
        JobShown *now;
        size_t n;
        int r;

        r = job_shown_new(j, &now);
        if (r < 0) {
                warn_signal(r, path);
                return;
        }

        n = job_shown_compare(j->shown, now, changes);
        job_shown_free(j->shown);
        j->shown = now;

        signal_properties(m, path, VGPU_HIBERNATE_JOB_INTERFACE, changes, n);
}

static void signal_job_removed(Manager *m, const ManagedJob *j, const char *path)
{
        warn_signal(sd_bus_emit_signal(m->bus, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                       "JobRemoved", "tos", j->job->id, path,
                                       job_state_to_string(managed_job_state(j))),
                    path);
}

void changes_of_jobs(Manager *m)
{
        bool any = m->jobs_forgotten;

        /* When one is expected to end is told by how long the others' steps took. */
        for (size_t i = 0; i < m->n_jobs; i++)
                any = any || m->jobs[i]->changed;
        m->jobs_forgotten = false;

        for (size_t i = 0; i < m->n_jobs; i++) {
                ManagedJob *j = m->jobs[i];
                _cleanup_free_ char *path = NULL;

                if (!j->changed && !j->removal_pending && !(any && managed_job_state(j) == JOB_RUNNING))
                        continue;
                if (job_path_from_id(j->job->id, &path) < 0)
                        continue;

                j->changed = false;
                if (m->bus && j->shown)
                        signal_job(m, j, path);

                if (!j->removal_pending)
                        continue;

                /* Nothing of it changes from here on. */
                j->removal_pending = false;
                if (j->job->parent != 0)
                        manager_changed(m); /* its parent goes on when that was said */
                j->shown = job_shown_free(j->shown);
                if (m->bus)
                        signal_job_removed(m, j, path);
        }
}

void changes_job_added(Manager *m, const ManagedJob *j)
{
        _cleanup_free_ char *path = NULL;

        if (!m->bus || job_path_from_id(j->job->id, &path) < 0)
                return;

        warn_signal(sd_bus_emit_object_added(m->bus, path), path);
        warn_signal(sd_bus_emit_signal(m->bus, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE,
                                       "JobNew", "to", j->job->id, path),
                    path);
}

void changes_job_forgotten(Manager *m, const ManagedJob *j)
{
        _cleanup_free_ char *path = NULL;

        if (m->bus && job_path_from_id(j->job->id, &path) >= 0)
                warn_signal(sd_bus_emit_object_removed(m->bus, path), path);
}

void changes_set_degraded(Manager *m, char *reason)
{
        _cleanup_free_ char *was = m->degraded;
        const PropertyChange changes[] = {
                { "DegradedReason", !streq_ptr(was, reason) },
                { "Degraded", (was != NULL) != (reason != NULL) },
        };

        m->degraded = reason;
        if (streq_ptr(was, reason))
                return;

        /* Not yet to know the world is what a start looks like, and worth no word, nor is its end. */
        if (reason && (m->world || m->watch_error)) {
                log_struct(LOG_WARNING, VGPU_HIBERNATE_MESSAGE_DEGRADED, NULL, "Degraded: %s", reason);
                m->degraded_told = true;
        } else if (reason)
                log_debug("Degraded: %s", reason);
        else if (m->degraded_told) {
                log_struct(LOG_INFO, VGPU_HIBERNATE_MESSAGE_DEGRADED_ENDED, NULL, "No longer degraded");
                m->degraded_told = false;
        }

        if (m->bus)
                signal_properties(m, VGPU_HIBERNATE_ROOT_PATH, VGPU_HIBERNATE_MANAGER_INTERFACE, changes,
                                  ELEMENTSOF(changes));
}
