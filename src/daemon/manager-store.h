/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * The manager's files: ledger, records, journals. The daemon writes the ledger, and each journal once,
 * before its worker starts; the rest it only reads.
 */

#include "daemon/manager.h"

/* Opens the directories, reads everything. Logs. */
int manager_store_load(Manager *m) _warn_unused_result_;
void manager_store_done(Manager *m);
/* The old ones stay when the new ones cannot be had: a hibernated domain must not be taken for a shut-off
 * one. Logs. */
int manager_load_records(Manager *m) _warn_unused_result_;
/* NULL when there is none. */
const ImageRecord *manager_find_record(const Manager *m, const char *uuid);

/* What an older version wrote names functions by addresses alone, which are good until the next boot: notes which these
 * are. Logs. */
void manager_learn_locators(Manager *m);

/* Durable. Also after a failure what is in memory counts: Manager.ledger_unsaved. */
int manager_save_ledger(Manager *m, Failure *reterr) _warn_unused_result_;
/* The next job's number, durably taken. */
int manager_take_job_id(Manager *m, uint64_t *ret, Failure *reterr) _warn_unused_result_;
/* Durable. */
int manager_quarantine(Manager *m, const FunctionRef *function, const char *reason,
                       Failure *reterr) _warn_unused_result_;
int manager_clear_quarantine(Manager *m, const FunctionRef *function, Failure *reterr) _warn_unused_result_;
