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

/* Fills *error from the failure, frees it, and returns what a method handler returns. */
int bus_error_from_failure(sd_bus_error *error, Failure *f);
/* Strings "0000:01:10.0". */
int bus_append_addresses(sd_bus_message *reply, const PciAddress *addresses, size_t n) _warn_unused_result_;
/* For node enumerators: takes the n paths, each of which may be NULL after -ENOMEM. */
int bus_return_nodes(char **paths, size_t n, char ***ret_nodes) _warn_unused_result_;
