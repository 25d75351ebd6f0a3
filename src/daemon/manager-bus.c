/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.vgpu.Hibernate1.Manager */

#include <inttypes.h>

#include "daemon/adopt.h"
#include "daemon/apply-bus.h"
#include "daemon/claims-bus.h"
#include "daemon/daemon-bus.h"
#include "daemon/explain.h"
#include "daemon/hook-bus.h"
#include "daemon/inventory.h"
#include "daemon/manager-jobs.h"
#include "daemon/object-path.h"
#include "daemon/plan-bus.h"
#include "daemon/start-job.h"
#include "vgpu-hibernate.h"

static int property_get_version(sd_bus *bus, const char *path, const char *interface, const char *property,
                                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        return sd_bus_message_append(reply, "s", VGPU_HIBERNATE_VERSION);
}

static int property_get_degraded(sd_bus *bus, const char *path, const char *interface, const char *property,
                                 sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const Manager *m = userdata;

        return sd_bus_message_append(reply, "b", m->degraded != NULL);
}

static int property_get_jobs_max(sd_bus *bus, const char *path, const char *interface, const char *property,
                                 sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const Manager *m = userdata;

        return sd_bus_message_append(reply, "u", (uint32_t) m->jobs_max);
}

static int reply_with_job(sd_bus_message *message, const ManagedJob *j)
{
        _cleanup_free_ char *path = NULL;
        int r;

        r = job_path_from_id(j->job->id, &path);
        if (r < 0)
                return r;

        return sd_bus_reply_method_return(message, "o", path);
}

static int start(sd_bus_message *message, Manager *m, JobKind kind, sd_bus_error *error)
{
        _cleanup_(job_options_done) JobOptions options = { 0 };
        const char *domain;
        Failure f = { 0 };
        ManagedJob *j;
        int r;

        r = sd_bus_message_read(message, "s", &domain);
        if (r < 0)
                return r;

        r = job_options_read(message, kind, &options, &f);
        options.uid = polkit_caller(m->polkit);
        if (r >= 0)
                r = start_job(m, domain, &options, &j, &f);
        if (r < 0)
                return bus_error_from_failure(error, &f);

        return reply_with_job(message, j);
}

static int start_hibernate(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return start(message, userdata, JOB_HIBERNATE, error);
}

static int start_resume(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return start(message, userdata, JOB_RESUME, error);
}

static int start_move(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return start(message, userdata, JOB_MOVE, error);
}

static int start_discard(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return start(message, userdata, JOB_DISCARD, error);
}

/* An administrator is asked about a domain by its name, and only about one that exists. */
static int authorize(sd_bus_message *message, Manager *m, const char *action, AuthorizedMethod method,
                     sd_bus_error *error)
{
        PolkitRequest request = {
                .action = action, .detail_key = "domain", .method = method, .userdata = m
        };
        const DomainView *d;
        const char *domain;
        Failure f = { 0 };
        int r;

        r = sd_bus_message_read(message, "s", &domain);
        if (r < 0)
                return r;

        r = find_domain(m, domain, &d, &f);
        if (r < 0)
                return bus_error_from_failure(error, &f);

        request.detail_value = d->name;
        return polkit_authorize(m->polkit, message, &request, error);
}

static int method_hibernate(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return authorize(message, userdata, POLKIT_ACTION_HIBERNATE, start_hibernate, error);
}

static int method_resume(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return authorize(message, userdata, POLKIT_ACTION_RESUME, start_resume, error);
}

static int method_move(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return authorize(message, userdata, POLKIT_ACTION_MOVE, start_move, error);
}

static int adopt(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        Manager *m = userdata;

        return adopter_answer(m->adopter, message, false, error);
}

static int method_adopt(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return authorize(message, userdata, POLKIT_ACTION_ADOPT, adopt, error);
}

static int disown(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        Manager *m = userdata;

        return adopter_answer(m->adopter, message, true, error);
}

static int method_disown(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return authorize(message, userdata, POLKIT_ACTION_DISOWN, disown, error);
}

static int method_discard(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return authorize(message, userdata, POLKIT_ACTION_DISCARD, start_discard, error);
}

static int start_explain(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        Manager *m = userdata;

        return explainer_answer(m->explainer, message, error);
}

static int method_explain(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return authorize(message, userdata, POLKIT_ACTION_EXPLAIN, start_explain, error);
}

static int method_get_domain(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        _cleanup_free_ char *path = NULL;
        const DomainView *d;
        const char *domain;
        Failure f = { 0 };
        int r;

        r = sd_bus_message_read(message, "s", &domain);
        if (r < 0)
                return r;

        r = find_domain(userdata, domain, &d, &f);
        if (r < 0)
                return bus_error_from_failure(error, &f);

        r = domain_path_from_uuid(d->uuid, &path);
        if (r < 0)
                return r;

        return sd_bus_reply_method_return(message, "o", path);
}

static int method_get_function(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        _cleanup_free_ char *path = NULL;
        const Manager *m = userdata;
        const char *text;
        Failure f = { 0 };
        PciAddress a;
        int r;

        r = sd_bus_message_read(message, "s", &text);
        if (r < 0)
                return r;

        if (pci_address_parse(text, &a) < 0 || !view_find_function(m->view, &a)) {
                (void) failure_set(&f, FAILURE_UNKNOWN_FUNCTION,
                                   "function '%s' is not in the pool; see 'vgpu-hibernatectl functions'",
                                   strlen(text) < PCI_ADDRESS_STRING_MAX ? text : "(too long)");
                return bus_error_from_failure(error, &f);
        }

        r = function_path_from_address(&a, &path);
        if (r < 0)
                return r;

        return sd_bus_reply_method_return(message, "o", path);
}

static int method_get_job(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        const Manager *m = userdata;
        const ManagedJob *j;
        Failure f = { 0 };
        uint64_t id;
        int r;

        r = sd_bus_message_read(message, "t", &id);
        if (r < 0)
                return r;

        j = manager_find_job(m, id);
        if (!j) {
                (void) failure_set(&f, FAILURE_UNKNOWN_JOB,
                                   "there is no job %" PRIu64 ", or its record is too old; see "
                                   "'vgpu-hibernatectl jobs'",
                                   id);
                return bus_error_from_failure(error, &f);
        }

        return reply_with_job(message, j);
}

static int method_get_inventory(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        _cleanup_(inventory_done) Inventory inv = { 0 };
        _cleanup_free_ char *text = NULL;
        const Manager *m = userdata;
        int r;

        if ((r = inventory_of(m, &inv)) < 0 || (r = inventory_text(&inv, &text)) < 0)
                return r;

        return sd_bus_reply_method_return(message, "s", text);
}

static int prepare_for_shutdown(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        Manager *m = userdata;

        return host_shutdown_prepare(m->shutdown, message, error);
}

static int method_prepare_for_shutdown(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        Manager *m = userdata;
        const PolkitRequest request = { .method = prepare_for_shutdown, .userdata = m };

        return polkit_authorize(m->polkit, message, &request, error);
}

static const sd_bus_vtable manager_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Hibernate", SD_BUS_ARGS("s", domain, "a{sv}", options),
                                SD_BUS_RESULT("o", job), method_hibernate, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Resume", SD_BUS_ARGS("s", domain, "a{sv}", options),
                                SD_BUS_RESULT("o", job), method_resume, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Move", SD_BUS_ARGS("s", domain, "a{sv}", options), SD_BUS_RESULT("o", job),
                                method_move, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Discard", SD_BUS_ARGS("s", domain, "a{sv}", options),
                                SD_BUS_RESULT("o", job), method_discard, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Reserve", SD_BUS_ARGS("s", pool, "u", count, "a{sv}", options),
                                SD_BUS_RESULT("s", cookie, "as", functions, "t", expires_usec),
                                method_reserve, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Release", SD_BUS_ARGS("s", cookie), SD_BUS_NO_RESULT, method_release,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Hold", SD_BUS_ARGS("s", domain, "a{sv}", options), SD_BUS_NO_RESULT,
                                method_hold, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Adopt", SD_BUS_ARGS("s", domain, "a{sv}", options),
                                SD_BUS_RESULT("a{sv}", change), method_adopt, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Disown", SD_BUS_ARGS("s", domain, "a{sv}", options),
                                SD_BUS_RESULT("a{sv}", change), method_disown, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Explain", SD_BUS_ARGS("s", domain, "a{sv}", options),
                                SD_BUS_RESULT("a{sv}", explanation), method_explain,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Plan", SD_BUS_ARGS("as", goals, "a{sv}", options), SD_BUS_RESULT("s", plan),
                                method_plan, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Apply", SD_BUS_ARGS("s", plan, "a{sv}", options),
                                SD_BUS_RESULT("o", job, "s", cookie), method_apply,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetDomain", SD_BUS_ARGS("s", name_or_uuid), SD_BUS_RESULT("o", domain),
                                method_get_domain, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetFunction", SD_BUS_ARGS("s", address), SD_BUS_RESULT("o", function),
                                method_get_function, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetJob", SD_BUS_ARGS("t", id), SD_BUS_RESULT("o", job), method_get_job,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("GetInventory", SD_BUS_NO_ARGS, SD_BUS_RESULT("s", json),
                                method_get_inventory, SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS(
                        "AnswerHook",
                        SD_BUS_ARGS("s", operation, "s", uuid, "s", name, "as", functions, "a{sv}", options),
                        SD_BUS_RESULT("as", targets), method_answer_hook, SD_BUS_VTABLE_UNPRIVILEGED),
        /* For vgpu-hibernate-shutdown.service alone, so root's. Without this flag sd-bus would find that out, but wait
         * for the bus's answer. */
        SD_BUS_METHOD("PrepareForShutdown", NULL, NULL, method_prepare_for_shutdown,
                      SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Version", "s", property_get_version, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("Degraded", "b", property_get_degraded, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("DegradedReason", "s", NULL, offsetof(Manager, degraded),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Reservations", "a(sasuts)", property_get_reservations, 0,
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("JobsMax", "u", property_get_jobs_max, 0, SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_SIGNAL_WITH_ARGS("JobNew", SD_BUS_ARGS("t", id, "o", job), 0),
        SD_BUS_SIGNAL_WITH_ARGS("JobRemoved", SD_BUS_ARGS("t", id, "o", job, "s", state), 0),
        SD_BUS_VTABLE_END,
};

int manager_bus_add(Manager *m)
{
        return sd_bus_add_object_vtable(m->bus, NULL, VGPU_HIBERNATE_ROOT_PATH,
                                        VGPU_HIBERNATE_MANAGER_INTERFACE, manager_vtable, m);
}
