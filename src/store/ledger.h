/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Ledger: DIR/ledger.json, what the daemon alone decides and must not forget: the next job's number, the quarantined
 * functions, those that guests have had, holds and reservations, and which boot of the host has been dealt with. (Leases
 * are not here: a function is leased while an unfinished job's journal names it.)
 */

#include "core/claim.h"

typedef struct LedgerQuarantine {
        FunctionRef function;
        char *reason;
        uint64_t since_usec; /* CLOCK_REALTIME; 0: not known, an older version wrote it */
        bool suspect; /* for what befell its physical function: to be probed when that answers again */
} LedgerQuarantine;

/* A guest has the function, or had it, and nobody has reset it since. */
typedef struct LedgerUse {
        FunctionRef function;
        char *domain; /* owned; the name of that guest's domain */
        char *boot;   /* owned; id of the host's boot in which it was */
} LedgerUse;

typedef struct Ledger {
        uint64_t next_job;
        LedgerQuarantine *quarantines;
        size_t n_quarantines;
        LedgerUse *uses;
        size_t n_uses;
        Claims claims;
        char *boot; /* owned; id of the last boot of the host after which domains were brought back, NULL: none */
} Ledger;

void ledger_done(Ledger *l);
/* A missing file is an empty ledger. A broken one is renamed to ledger.json.broken and *ret_broken set; one
 * that cannot be read, or of a newer version, is an error. */
int ledger_load(int dir_fd, Ledger *ret, bool *ret_broken, Failure *reterr) _warn_unused_result_;
int ledger_save(int dir_fd, const Ledger *l, Failure *reterr) _warn_unused_result_;
/* NULL when it is not quarantined. */
const LedgerQuarantine *ledger_find_quarantine(const Ledger *l, const FunctionRef *f);
const char *ledger_quarantine_reason(const Ledger *l, const FunctionRef *f);
/* One that is in quarantine already gets another reason, and stays so since when it was. */
int ledger_quarantine(Ledger *l, const FunctionRef *f, const char *reason,
                      uint64_t since_usec) _warn_unused_result_;
/* One that is not in quarantine is no suspect. */
void ledger_set_suspect(Ledger *l, const FunctionRef *f, bool suspect);
/* The last one to use it is who counts. */
int ledger_use(Ledger *l, const FunctionRef *f, const char *domain, const char *boot) _warn_unused_result_;
/* It is as if no guest had ever had it. False: none has. */
bool ledger_drop_use(Ledger *l, const FunctionRef *f);
/* False when it was not. */
bool ledger_clear(Ledger *l, const FunctionRef *f);
