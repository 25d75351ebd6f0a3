/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/probe.h"

#include "basic/log.h"
#include "core/verdict.h"
#include "host/real-host.h"
#include "worker/explain.h"
#include "worker/host-settings.h"

static int probe(const Config *config, const PciAddress *a, Failure *reterr)
{
        const RealHostSettings settings = host_settings(config, NULL);
        _cleanup_(real_host_freep) RealHost *host = NULL;
        int r;

        r = real_host_new(&settings, &host, reterr);
        if (r < 0)
                return r;

        r = real_host_function_in_use(host, a, reterr);
        if (r > 0)
                return failure_set(reterr, FAILURE_FUNCTION_BUSY,
                                   "a domain has function %s; shut it down, or move it away",
                                   PCI_ADDRESS_STR(a));
        if (r < 0)
                return r;

        if ((r = real_host_ops.function_reset(host, a, reterr)) < 0 ||
            (r = real_host_ops.function_gate(host, a, GATE_WAIT, reterr)) < 0)
                return r;
        return real_host_ops.function_clean(host, a, reterr);
}

int probe_print(const Config *config, const PciAddress *a)
{
        _cleanup_(verdict_done) Verdict v = { .strategy = STRATEGY_AUTO };
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        if (probe(config, a, &why) < 0)
                (void) findings_block(&v.findings, why.code, FINDING_FUNCTION, "%s", failure_message(&why));

        r = verdict_print(&v);
        return r < 0 ? log_error_errno(r, "Cannot print what was found: %m") : 0;
}
