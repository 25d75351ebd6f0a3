/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Calls to the daemon. Errors: negative with *e filled. */

#include "cli/ctl.h"
#include "cli/snapshot.h"

/* The person in front of a password prompt needs longer than D-Bus's usual 25 seconds. */
#define CLIENT_CALL_TIMEOUT_USEC (120 * USEC_PER_SEC)

/* Connects to the bus that the options name, once. */
int client_connect(Ctl *c, sd_bus_error *e) _warn_unused_result_;

/* A call of a method that changes something: polkit may ask for a password unless --no-ask-password. */
int client_new_call(Ctl *c, const char *path, const char *interface, const char *member,
                    sd_bus_message **ret) _warn_unused_result_;
int client_call(Ctl *c, sd_bus_message *m, sd_bus_error *e, sd_bus_message **ret_reply) _warn_unused_result_;
/* Of a method that may take longer. UINT64_MAX: as long as it takes. */
int client_call_within(Ctl *c, sd_bus_message *m, uint64_t timeout_usec, sd_bus_error *e,
                       sd_bus_message **ret_reply) _warn_unused_result_;

/* Manager.<member>(argument) -> object path; the type is 's', or 't' for the digits of a number. */
int client_find(Ctl *c, const char *member, char type, const char *argument, char **ret_path,
                sd_bus_error *e) _warn_unused_result_;
/* Every property of one interface of one object. *ret_reply stands before the a{sv}. */
int client_get_all(Ctl *c, const char *path, const char *interface, sd_bus_message **ret_reply,
                   sd_bus_error *e) _warn_unused_result_;
int client_get_job(Ctl *c, const char *path, JobInfo *ret, sd_bus_error *e) _warn_unused_result_;
int client_get_snapshot(Ctl *c, Snapshot *ret, sd_bus_error *e) _warn_unused_result_;

/* The daemon said something that the contract does not know. */
int client_set_protocol_error(sd_bus_error *e, int error);
