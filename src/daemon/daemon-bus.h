/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The daemon's side of the bus: the connection, the name, and the tree of objects. One file per kind of
 * object. */

#include "daemon/manager.h"

/* Connects, publishes the objects and asks for the name; manager_start() follows when that is ours, and the
 * event loop ends when it is not, or no longer. Logs. */
int daemon_bus_connect(Manager *m, bool user) _warn_unused_result_;

/* Publish one kind of object each. */
int manager_bus_add(Manager *m) _warn_unused_result_;
int domain_bus_add(Manager *m) _warn_unused_result_;
int function_bus_add(Manager *m) _warn_unused_result_;
int job_bus_add(Manager *m) _warn_unused_result_;
int pool_bus_add(Manager *m) _warn_unused_result_;

/* Several vtables make one interface: a property that not all of its objects have is in one of its own, whose `find` says
 * which do. */
typedef struct BusVtable {
        const sd_bus_vtable *vtable;
        sd_bus_object_find_t find; /* *ret_found: for the getters; userdata: the manager */
} BusVtable;

int bus_add_vtables(Manager *m, const char *path, const char *interface, const BusVtable *vtables,
                    size_t n) _warn_unused_result_;

/* What DEFINE_BUS_OPTIONAL_PROPERTY is made of. A Get() of what is absent is answered here: sd-bus would say that there is no
 * such object. */
bool bus_is_answering_get(sd_bus *bus);
int bus_error_not_known(sd_bus_error *error, const char *path, const char *property);

/* A property that is absent while it cannot be known: find_NAME() and NAME_vtable, for a BusVtable. `is_known` and `value`
 * are expressions of `o`, a const Type * that `find_object` finds. */
#define DEFINE_BUS_OPTIONAL_PROPERTY(name, property, signature, Type, find_object, is_known, value)       \
        static int find_##name(sd_bus *bus, const char *path, const char *interface, void *userdata,      \
                               void **ret_found, sd_bus_error *error)                                     \
        {                                                                                                 \
                int r = find_object(bus, path, interface, userdata, ret_found, error);                    \
                const Type *o = r > 0 ? *ret_found : NULL;                                                \
                                                                                                          \
                return o ? (is_known) || bus_is_answering_get(bus) : r;                                   \
        }                                                                                                 \
        static int get_##name(sd_bus *bus, const char *path, const char *interface, const char *member,   \
                              sd_bus_message *reply, void *userdata, sd_bus_error *error)                 \
        {                                                                                                 \
                const Type *o = userdata;                                                                 \
                                                                                                          \
                return (is_known) ? sd_bus_message_append(reply, signature, value)                        \
                                  : bus_error_not_known(error, path, member);                             \
        }                                                                                                 \
        static const sd_bus_vtable name##_vtable[] = {                                                    \
                SD_BUS_VTABLE_START(0),                                                                   \
                SD_BUS_PROPERTY(property, signature, get_##name, 0, SD_BUS_VTABLE_PROPERTY_EMITS_CHANGE), \
                SD_BUS_VTABLE_END,                                                                        \
        }

/* Fills *error from the failure, frees it, and returns what a method handler returns. */
int bus_error_from_failure(sd_bus_error *error, Failure *f);
/* Strings "0000:01:10.0". */
int bus_append_addresses(sd_bus_message *reply, const PciAddress *addresses, size_t n) _warn_unused_result_;
/* Calls `gone` when the sender leaves the bus. Without waiting for the bus: one that left before the match is in place is
 * missed, so what is done for it must end by itself. */
int bus_watch_caller(sd_bus_message *call, sd_bus_message_handler_t gone, void *userdata,
                     sd_bus_slot **ret) _warn_unused_result_;
/* For node enumerators: takes the n paths, each of which may be NULL after -ENOMEM. */
int bus_return_nodes(char **paths, size_t n, char ***ret_nodes) _warn_unused_result_;
