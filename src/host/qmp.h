/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The JSON that is exchanged with QEMU's monitor (QMP): constant commands, parsed replies, whose form the guest agent's
 * (host/agent-json.h) share. Pure. The table is the whitelist: libvirt tracks the monitor's state, and a command behind
 * its back that changes what it tracks may crash it (libvirt docs, virDomainQemuMonitorCommand).
 */

#include <json-c/json.h>

#include "core/facts.h"
#include "core/failure.h"

typedef enum QmpCommand {
        QMP_QUERY_STATUS,
        QMP_QUERY_MIGRATE,
        QMP_SET_MODE_CPR_REBOOT,
        QMP_SET_MODE_NORMAL,
        /* Only one after the other, the first only on a QEMU in status "running", only to make libvirt notice that it
         * runs: suspend.c. "cont" in another state than the "paused" that the first leaves can abort QEMU. */
        QMP_STOP,
        QMP_CONT,
        _QMP_COMMAND_MAX,
} QmpCommand;

typedef struct QmpStatus {
        QemuStatus status;
        bool prelaunch; /* has neither run nor been restored: its first "cont" would be a boot */
        bool incoming;  /* is being restored */
} QmpStatus;

const char *qmp_command_text(QmpCommand c);

/* Is it a reply without an error? FAILURE_LIBVIRT with QEMU's own words otherwise: libvirt hands errors of
 * QEMU over as if they were results. */
int qmp_check_reply(const char *reply, Failure *reterr) _warn_unused_result_;
int qmp_parse_status(const char *reply, QmpStatus *ret, Failure *reterr) _warn_unused_result_;
/* Is the outgoing migration, which is what a save is, complete? */
int qmp_parse_migrate_completed(const char *reply, bool *ret, Failure *reterr) _warn_unused_result_;
/* Why QEMU would refuse to save this guest as it is, in its own words; NULL: it would not. The caller frees. */
int qmp_parse_migration_blockers(const char *reply, char **ret, Failure *reterr) _warn_unused_result_;

static inline void qmp_reply_put(json_object **o)
{
        if (*o)
                (void) json_object_put(*o);
}

/* The value of "return", which lives as long as its owner. Replies are limited to 1 MiB and 16 levels. */
int qmp_parse_reply(const char *reply, json_object **ret_owner, json_object **ret_value,
                    Failure *reterr) _warn_unused_result_;
/* NULL unless `key` is there and a string. Lives as long as `o`. */
const char *qmp_get_string(json_object *o, const char *key);
