/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/start.h"

#include "basic/log.h"
#include "core/verdict.h"
#include "host/domain-xml.h"
#include "host/real-host.h"
#include "host/scan.h"
#include "store/image-record.h"
#include "worker/explain.h"
#include "worker/host-settings.h"
#include "worker/job-store.h"

/* A guest that hibernated to its own disk has no image here, only a record. */
static int check_record(const char *state_dir, const char *uuid, Failure *reterr)
{
        _cleanup_(job_store_done)
                        JobStore store = { .jobs_fd = -EBADF, .images_fd = -EBADF, .survey_fd = -EBADF };
        _cleanup_(image_record_freep) ImageRecord *record = NULL;
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        r = job_store_open(state_dir, &store, reterr);
        if (r < 0)
                return r;

        r = image_record_read(store.images_fd, uuid, &record, &why);
        if (r == -ENOENT)
                return 0;
        if (r < 0)
                return failure_set(reterr, why.code, "%s", failure_message(&why));

        return failure_set(reterr, FAILURE_HIBERNATED, "domain '%s' is hibernated; resume it instead",
                           record->domain_name);
}

/* Its XML says managed='no': libvirt expects them on vfio-pci, and leaves them there. */
static int bind(RealHost *h, const DomainFacts *facts, Failure *reterr)
{
        PciAddress pooled[DOMAIN_XML_FUNCTIONS_MAX];
        size_t n = 0;
        int r;

        r = scan_pooled(&h->settings, facts->functions, facts->n_functions, pooled, &n, reterr);
        for (size_t i = 0; r >= 0 && i < n; i++) {
                bool bound;

                r = real_host_ops.function_bind(h, pooled + i, &bound, reterr);
        }

        return r;
}

static int start(const Config *config, const char *state_dir, const char *uuid, Failure *reterr)
{
        const RealHostSettings settings = host_settings(config, NULL);
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        _cleanup_(real_host_freep) RealHost *host = NULL;
        int r;

        if ((r = check_record(state_dir, uuid, reterr)) < 0 ||
            (r = real_host_new(&settings, &host, reterr)) < 0 ||
            (r = real_host_ops.inspect(host, uuid, false, &facts, reterr)) < 0 ||
            (r = bind(host, &facts, reterr)) < 0)
                return r;

        return real_host_ops.start(host, uuid, reterr);
}

int start_print(const Config *config, const char *state_dir, const char *uuid)
{
        _cleanup_(verdict_done) Verdict v = { .strategy = STRATEGY_AUTO };
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        if (start(config, state_dir, uuid, &why) < 0)
                (void) findings_block(&v.findings, why.code, FINDING_GUEST, "%s", failure_message(&why));

        r = verdict_print(&v);
        return r < 0 ? log_error_errno(r, "Cannot print what was found: %m") : 0;
}
