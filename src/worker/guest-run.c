/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/guest-run.h"

#include "core/job-walk.h"

bool step_may_have_happened(const JobStep *s)
{
        return s && (s->state == STEP_STARTED || s->state == STEP_DONE || s->state == STEP_FAILED);
}

int ask_guest_run(Executor *e, size_t from, GuestRun *ret, Failure *reterr)
{
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };
        const JobStep *begin = job_find_step(e->job, STEP_RESTORE);
        bool was_running = strategy_saves_running(e->job->strategy);
        /* What the guest's first instruction follows from, and QEMU's status before it. */
        bool woken = step_may_have_happened(job_find_step(e->job, was_running ? STEP_CONTINUE : STEP_WAKE));
        QemuStatus before = was_running ? QEMU_PAUSED : QEMU_SUSPENDED;
        int r;

        if (!begin)
                begin = job_find_step(e->job, STEP_START);

        *ret = GUEST_NOT_RUN;
        if (!begin || begin->state == STEP_PENDING || begin->state == STEP_UNDONE ||
            job_plan_step(e->job, from)->stage !=
                            job_plan_step(e->job, (size_t) (begin - e->job->steps))->stage)
                return 0;

        r = e->ops->inspect(e->host, e->job->domain_uuid, false, &facts, reterr);
        if (r < 0)
                return r;

        if (facts.qemu == QEMU_RUNNING)
                *ret = GUEST_RAN;
        else if (woken && facts.qemu == QEMU_NONE)
                *ret = GUEST_MAY_HAVE_RUN;
        else if (woken && facts.qemu == before && !e->recovering)
                *ret = GUEST_NOT_RUN; /* this very process waited for it to run until now */
        else if (woken && facts.qemu == before)
                *ret = GUEST_ASLEEP;
        else if (woken)
                return failure_set(
                                reterr, FAILURE_WAKE_FAILED,
                                "the guest of domain '%s' was being woken, and QEMU is %s: it cannot be told whether "
                                "the guest ran; bring it to run (virsh resume, virsh dompmwakeup)",
                                e->job->domain_name, qemu_status_to_string(facts.qemu));
        return 0;
}
