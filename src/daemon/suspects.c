/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/suspects.h"

#include <stdio.h>

#include "basic/clock.h"
#include "basic/log.h"
#include "daemon/manager-store.h"
#include "vgpu-hibernate.h"

static void save(Manager *m)
{
        _cleanup_(failure_done) Failure why = { 0 };

        if (manager_save_ledger(m, &why) < 0)
                log_error("Which functions are suspect is not on disk: %s", failure_message(&why));
}

static int note(Manager *m, const Function *f)
{
        const FunctionRef ref = function_ref(f);
        _cleanup_free_ char *reason = NULL;
        int r;

        if (asprintf(&reason, "its physical function %s does not answer: its config space reads as all ones",
                     PCI_ADDRESS_STR(&f->physical_function)) < 0) {
                reason = NULL;
                return -ENOMEM;
        }

        r = ledger_quarantine(&m->ledger, &ref, reason, clock_realtime_usec());
        if (r < 0)
                return r;

        ledger_set_suspect(&m->ledger, &ref, true);
        log_struct(LOG_WARNING, VGPU_HIBERNATE_MESSAGE_FUNCTION_QUARANTINED,
                   LOG_FIELDS({ "FUNCTION", PCI_ADDRESS_STR(&f->address) }),
                   "Function %s is quarantined: %s", PCI_ADDRESS_STR(&f->address), reason);
        return 0;
}

void suspects_note(Manager *m)
{
        bool any = false;

        for (size_t i = 0; m->world && i < m->world->n_functions; i++) {
                const Function *f = m->world->functions + i;
                const FunctionRef ref = function_ref(f);
                int r;

                if (!f->is_dead || ledger_find_quarantine(&m->ledger, &ref))
                        continue;

                r = note(m, f);
                if (r < 0)
                        (void) log_error_errno(r, "Failed to quarantine function %s: %m",
                                               PCI_ADDRESS_STR(&f->address));
                any = any || r >= 0;
        }

        if (any)
                save(m);
}

/* What cannot be begun now, because others are probed or a job is at work, is when that has ended. */
static void probe(Manager *m, const Function *f)
{
        _cleanup_(failure_done) Failure why = { 0 };

        if (prober_begin(m->prober, f, NULL, &why) < 0)
                log_debug("%s, ignoring", failure_message(&why));
}

void suspects_probe(Manager *m)
{
        /* Only what is seen now may be judged. */
        if (manager_check_world(m, NULL) < 0)
                return;

        for (size_t i = 0; i < m->view->n_functions; i++) {
                const Function *f = m->view->functions + i;
                const FunctionRef ref = function_ref(f);
                const LedgerQuarantine *q = ledger_find_quarantine(&m->ledger, &ref);

                if (q && q->suspect && !f->is_dead && !view_find_owner(m->view, &f->address))
                        probe(m, f);
        }
}

void suspects_settle(Manager *m, const FunctionRef *f, const char *found)
{
        if (ledger_quarantine(&m->ledger, f, found, clock_realtime_usec()) < 0)
                log_error("Why function %s stays in quarantine is not kept, for want of memory",
                          PCI_ADDRESS_STR(&f->address));

        ledger_set_suspect(&m->ledger, f, false);
        save(m);
        manager_changed(m);
}
