/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/explain.h"

#include <stdio.h>

#include "basic/log.h"
#include "core/verdict.h"
#include "host/real-host.h"
#include "store/image-record.h"
#include "store/json-util.h"
#include "store/verdict-json.h"
#include "worker/host-settings.h"
#include "worker/job-store.h"

static int read_record(const JobStore *store, const char *uuid, VerdictRequest *ret, Failure *reterr)
{
        _cleanup_(image_record_freep) ImageRecord *record = NULL;
        int r;

        r = image_record_read(store->images_fd, uuid, &record, reterr);
        if (r == -ENOENT) {
                failure_done(reterr);
                return failure_set(reterr, FAILURE_NOT_HIBERNATED,
                                   "domain %s has no record of a hibernation", uuid);
        }
        if (r < 0)
                return r;

        ret->strategy = record->strategy;
        ret->image_bytes = record->bytes;
        return 0;
}

/* What the request is about, by what is on record. The other jobs go on meanwhile: nobody waits for one who asks. */
static int read_state(const char *state_dir, const char *uuid, VerdictRequest *ret, JobList *ret_others,
                      Failure *reterr)
{
        _cleanup_(job_store_done)
                        JobStore store = { .jobs_fd = -EBADF, .images_fd = -EBADF, .survey_fd = -EBADF };

        if (job_store_open(state_dir, &store, reterr) < 0 ||
            (ret->kind == JOB_RESUME && read_record(&store, uuid, ret, reterr) < 0) ||
            job_store_survey(&store, 0, ret_others, reterr) < 0)
                return -EREMOTEIO;

        return 0;
}

/* The mode that a running QEMU takes is not tried here, as the job's first step does: a job of this domain may begin
 * meanwhile, and set it. */
static int judge(const Config *config, const char *state_dir, const char *uuid, JobKind kind,
                 Strategy strategy, Verdict *ret, Failure *reterr)
{
        const RealHostSettings settings = host_settings(config, NULL);
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        _cleanup_(job_list_done) JobList others = { 0 };
        _cleanup_(real_host_freep) RealHost *host = NULL;
        VerdictRequest request = {
                .kind = kind,
                .strategy = strategy,
                .space.reserve_bytes = config->image_reserve_bytes,
        };

        if (read_state(state_dir, uuid, &request, &others, reterr) < 0 ||
            real_host_new(&settings, &host, reterr) < 0 ||
            real_host_ops.inspect(host, uuid, kind != JOB_RESUME, &facts, reterr) < 0)
                return -EREMOTEIO;

        verdict_request_set_others(&request, &others);
        verdict_judge(&request, &facts, ret);
        return 0;
}

int verdict_print(const Verdict *v)
{
        _cleanup_json_ json_object *o = NULL;
        const char *text;

        if (verdict_to_json(v, &o) < 0)
                return -ENOMEM;

        text = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE);
        if (!text)
                return -ENOMEM;

        return printf("%s\n", text) < 0 || fflush(stdout) == EOF ? -EPIPE : 0;
}

int explain_print(const Config *config, const char *state_dir, const char *uuid, JobKind kind,
                  Strategy strategy)
{
        _cleanup_(verdict_done) Verdict v = { .strategy = strategy };
        _cleanup_(failure_done) Failure why = { 0 };
        int r;

        if (judge(config, state_dir, uuid, kind, strategy, &v, &why) < 0)
                (void) findings_block(&v.findings, why.code, FINDING_HOST, "%s", failure_message(&why));

        r = verdict_print(&v);
        return r < 0 ? log_error_errno(r, "Cannot print the verdict: %m") : 0;
}
