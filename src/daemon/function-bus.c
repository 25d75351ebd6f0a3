/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* org.vgpu.Hibernate1.Function: one object for each function of the view. */

#include <stdio.h>

#include "core/family.h"
#include "daemon/daemon-bus.h"
#include "daemon/manager-store.h"
#include "daemon/object-path.h"
#include "vgpu-hibernate.h"

#define REASON_BYTES_MAX 1024U

static int property_get_address(sd_bus *bus, const char *path, const char *interface, const char *property,
                                sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        return sd_bus_message_append(reply, "s", PCI_ADDRESS_STR((const PciAddress *) userdata));
}

static int property_get_device(sd_bus *bus, const char *path, const char *interface, const char *property,
                               sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        char text[sizeof("ffff:ffff")];
        const Function *f = userdata;

        (void) snprintf(text, sizeof(text), "%04x:%04x", f->identity.vendor, f->identity.device);
        return sd_bus_message_append(reply, "s", text);
}

static int property_get_state(sd_bus *bus, const char *path, const char *interface, const char *property,
                              sd_bus_message *reply, void *userdata, sd_bus_error *error)
{
        const Function *f = userdata;

        return sd_bus_message_append(reply, "s", function_state_to_string(f->state));
}

/* The function of the object that the message was sent to. It may have gone while polkit was asked. */
static const Function *message_to_function(sd_bus_message *message, const Manager *m)
{
        PciAddress a;

        if (function_path_to_address(sd_bus_message_get_path(message), &a) < 0)
                return NULL;

        return view_find_function(m->view, &a);
}

static int gone(sd_bus_error *error)
{
        return sd_bus_error_set(error, VGPU_HIBERNATE_ERROR_UNKNOWN_FUNCTION,
                                "the function is no longer in the pool");
}

static bool reason_is_valid(const char *reason)
{
        for (const char *c = reason; *c; c++)
                if ((unsigned char) *c < ' ' || *c == 127)
                        return false;

        return reason[0] && strlen(reason) <= REASON_BYTES_MAX;
}

/* A probe ends in what becomes of its quarantine: till then that is nobody else's. */
static int check_not_probed(const Manager *m, const FunctionRef *f, Failure *reterr)
{
        if (!prober_has(m->prober, f))
                return 0;

        return failure_set(reterr, FAILURE_FUNCTION_BUSY,
                           "function %s is being probed; try again when that is over",
                           PCI_ADDRESS_STR(&f->address));
}

static int quarantine(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        const Function *function = message_to_function(message, userdata);
        const char *reason;
        Failure f = { 0 };
        FunctionRef ref;
        int r;

        r = sd_bus_message_read(message, "s", &reason);
        if (r < 0)
                return r;
        if (!function)
                return gone(error);

        ref = function_ref(function);

        if (!reason_is_valid(reason))
                r = failure_set(&f, FAILURE_INVALID_OPTION,
                                "a quarantine needs a reason: one line of at most %u bytes",
                                REASON_BYTES_MAX);
        else if (function->state == FUNCTION_ASSIGNED ||
                 (function->state == FUNCTION_LEASED && !function->is_returned))
                r = failure_set(&f, FAILURE_FUNCTION_BUSY,
                                "function %s is %s to domain '%s'; move the domain away first",
                                PCI_ADDRESS_STR(&function->address),
                                function_state_to_string(function->state), function->domain);
        else {
                r = check_not_probed(userdata, &ref, &f);
                if (r >= 0)
                        r = manager_quarantine(userdata, &ref, reason, &f);
        }
        if (r < 0)
                return bus_error_from_failure(error, &f);

        return sd_bus_reply_method_return(message, NULL);
}

static int clear(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        const Function *function = message_to_function(message, userdata);
        Failure f = { 0 };
        FunctionRef ref;

        if (!function)
                return gone(error);

        ref = function_ref(function);
        if (check_not_probed(userdata, &ref, &f) < 0 || manager_clear_quarantine(userdata, &ref, &f) < 0)
                return bus_error_from_failure(error, &f);

        return sd_bus_reply_method_return(message, NULL);
}

static int probe(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        const Function *function = message_to_function(message, userdata);
        const Manager *m = userdata;
        Failure f = { 0 };

        if (!function)
                return gone(error);
        if (prober_begin(m->prober, function, message, &f) < 0)
                return bus_error_from_failure(error, &f);

        return 1; /* the reply comes later */
}

static int authorize(sd_bus_message *message, const char *action, AuthorizedMethod method,
                     sd_bus_error *error)
{
        /* A handler's userdata is what function_find() found; the manager is that of the vtable itself. */
        Manager *m = sd_bus_slot_get_userdata(sd_bus_get_current_slot(sd_bus_message_get_bus(message)));
        const Function *function = message_to_function(message, m);
        PolkitRequest request = {
                .action = action,
                .detail_key = "function",
                .method = method,
                .userdata = m,
        };

        if (!function)
                return gone(error);

        request.detail_value = PCI_ADDRESS_STR(&function->address);
        return polkit_authorize(m->polkit, message, &request, error);
}

static int method_quarantine(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return authorize(message, POLKIT_ACTION_QUARANTINE, quarantine, error);
}

static int method_clear(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return authorize(message, POLKIT_ACTION_CLEAR, clear, error);
}

static int method_probe(sd_bus_message *message, void *userdata, sd_bus_error *error)
{
        return authorize(message, POLKIT_ACTION_CLEAR, probe, error);
}

static int function_find(sd_bus *bus, const char *path, const char *interface, void *userdata,
                         void **ret_found, sd_bus_error *error)
{
        const Manager *m = userdata;
        const Function *f;
        PciAddress a;

        if (function_path_to_address(path, &a) < 0)
                return 0;

        f = view_find_function(m->view, &a);
        if (!f)
                return 0;

        *ret_found = (void *) f;
        return 1;
}

static int function_enumerate(sd_bus *bus, const char *prefix, void *userdata, char ***ret_nodes,
                              sd_bus_error *error)
{
        const Manager *m = userdata;
        size_t n = m->view->n_functions;
        char **nodes;

        nodes = calloc(n + 1, sizeof(char *));
        if (!nodes)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++)
                if (function_path_from_address(&m->view->functions[i].address, nodes + i) < 0)
                        break; /* bus_return_nodes() sees the gap */

        return bus_return_nodes(nodes, n, ret_nodes);
}

static const sd_bus_vtable function_vtable[] = {
        SD_BUS_VTABLE_START(0),
        SD_BUS_METHOD_WITH_ARGS("Quarantine", SD_BUS_ARGS("s", reason), SD_BUS_NO_RESULT, method_quarantine,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Clear", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_clear,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_METHOD_WITH_ARGS("Probe", SD_BUS_NO_ARGS, SD_BUS_NO_RESULT, method_probe,
                                SD_BUS_VTABLE_UNPRIVILEGED),
        SD_BUS_PROPERTY("Address", "s", property_get_address, offsetof(Function, address),
                        SD_BUS_VTABLE_PROPERTY_CONST),
        SD_BUS_PROPERTY("PhysicalFunction", "s", property_get_address, offsetof(Function, physical_function),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Device", "s", property_get_device, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Driver", "s", NULL, offsetof(Function, driver),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Pool", "s", NULL, offsetof(Function, pool), SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("State", "s", property_get_state, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Domain", "s", NULL, offsetof(Function, domain),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("HeldUntil", "t", NULL, offsetof(Function, held_until_usec),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("Reason", "s", NULL, offsetof(Function, reason),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_PROPERTY("QuarantinedSince", "t", NULL, offsetof(Function, quarantined_usec),
                        SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE),
        SD_BUS_VTABLE_END,
};

DEFINE_BUS_OPTIONAL_PROPERTY(family, "Family", "s", Function, function_find, o->family, o->family->name);
DEFINE_BUS_OPTIONAL_PROPERTY(iommu_group, "IommuGroup", "i", Function, function_find, o->iommu_group >= 0,
                             o->iommu_group);
DEFINE_BUS_OPTIONAL_PROPERTY(numa_node, "NumaNode", "i", Function, function_find, o->numa_node >= 0,
                             o->numa_node);

int function_bus_add(Manager *m)
{
        static const BusVtable vtables[] = {
                { function_vtable, function_find },
                { family_vtable, find_family },
                { iommu_group_vtable, find_iommu_group },
                { numa_node_vtable, find_numa_node },
        };
        int r;

        r = bus_add_vtables(m, VGPU_HIBERNATE_FUNCTION_PATH, VGPU_HIBERNATE_FUNCTION_INTERFACE, vtables,
                            ELEMENTSOF(vtables));
        if (r < 0)
                return r;

        return sd_bus_add_node_enumerator(m->bus, NULL, VGPU_HIBERNATE_FUNCTION_PATH, function_enumerate, m);
}
