/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/start-check.h"

#include <assert.h>
#include <inttypes.h>

int start_check_domain(const StartCheck *c, Failure *reterr)
{
        assert(c);

        if (c->job && c->job_given_up)
                return failure_set(reterr, FAILURE_DOMAIN_BUSY,
                                   "job %" PRIu64 " of domain '%s' could not be recovered, so nobody knows "
                                   "what it left; 'systemctl restart vgpu-hibernated' tries again",
                                   c->job->id, c->name);

        /* Before the record: the start that a job asks for meets that of what it resumes. Only while its worker lives: in the
         * journal of one that died the step stays begun, and who starts the domain then boots it. */
        if (c->job && c->at_work && job_is_starting(c->job) && !c->job->by_libvirt)
                return 1;

        if (c->job)
                return failure_set(reterr, FAILURE_DOMAIN_BUSY,
                                   "domain '%s' has job %" PRIu64 " (%s), which starts it when that is due; "
                                   "wait for its end or cancel it",
                                   c->name, c->job->id, job_kind_to_string(c->job->kind));

        if (c->hibernated)
                return failure_set(
                                reterr, FAILURE_HIBERNATED,
                                "domain '%s' is hibernated, and to start it like this would lose its "
                                "memory; resume it with 'vgpu-hibernatectl resume', or give its memory up "
                                "with 'vgpu-hibernatectl discard'",
                                c->name);

        return 0;
}

static int refuse_owned(const Function *f, const char *what, const char *remedy, Failure *reterr)
{
        return failure_set(reterr, FAILURE_FUNCTION_BUSY, "function %s is %s domain '%s'; %s",
                           PCI_ADDRESS_STR(&f->address), what, f->domain, remedy);
}

int start_check_function(const Function *f, const char *name, Failure *reterr)
{
        assert(f);
        assert(name);

        if (f->state != FUNCTION_QUARANTINED && streq_ptr(f->domain, name))
                return 0;

        switch (f->state) {
        case FUNCTION_FREE:
        case FUNCTION_UNKNOWN: /* libvirt, which asks, knows itself whom it gave it to */
                return 0;
        case FUNCTION_LEASED:
                if (f->is_returned)
                        return failure_set(
                                        reterr, FAILURE_FUNCTION_BUSY,
                                        "function %s is not reset yet since domain '%s' gave it back; try "
                                        "again in a few seconds",
                                        PCI_ADDRESS_STR(&f->address), f->domain);
                return refuse_owned(f, "needed by a job of",
                                    "wait for the job's end, see 'vgpu-hibernatectl jobs'", reterr);
        case FUNCTION_ASSIGNED:
                return refuse_owned(f, "in use by", "shut that down or move it first", reterr);
        case FUNCTION_HELD:
                if (f->domain)
                        return refuse_owned(f, "kept for the hibernated",
                                            "'vgpu-hibernatectl hold --release' of that domain lets it go",
                                            reterr);
                return failure_set(reterr, FAILURE_FUNCTION_BUSY,
                                   "function %s is reserved; 'vgpu-hibernatectl status' says until when",
                                   PCI_ADDRESS_STR(&f->address));
        case FUNCTION_QUARANTINED:
                return failure_set(
                                reterr, FAILURE_FUNCTION_BUSY,
                                "function %s is quarantined: %s; 'vgpu-hibernatectl clear %s' puts it back "
                                "into use",
                                PCI_ADDRESS_STR(&f->address), f->reason ? f->reason : "no reason given",
                                PCI_ADDRESS_STR(&f->address));
        case _FUNCTION_STATE_MAX:
        case _FUNCTION_STATE_INVALID:
                break;
        }

        assert(false);
        return 0;
}
