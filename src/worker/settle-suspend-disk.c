/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "worker/steps.h"
#include "worker/walk.h"

/* The guest was told to hibernate to its own disk, and nobody saw whether it did: who listened for that died, or lost
 * libvirt. Without its QEMU nothing tells a hibernated guest from one that was shut down, so a start is left to whoever
 * asks for it: the guest's kernel knows whether there is an image. */
int walk_settle_suspend_disk(Executor *e, size_t i, bool again)
{
        _cleanup_(domain_facts_done) DomainFacts facts = { 0 };

        if (e->ops->inspect(e->host, e->job->domain_uuid, false, &facts, &e->stuck) < 0) {
                if (e->stuck.code != FAILURE_UNKNOWN_DOMAIN)
                        return -EAGAIN;
                failure_done(&e->job->failure);
                e->job->failure = e->stuck;
                e->stuck = (Failure) { 0 };
                return walk_undo_stage(e, i);
        }

        if (facts.qemu != QEMU_NONE && again) {
                failure_done(&e->job->failure);
                return walk_from(e, i);
        }
        if (facts.qemu != QEMU_NONE)
                return walk_undo_stage(e, i);

        if (e->store_ops->write_record(e->store, e->job, 0, &e->stuck) < 0)
                return -EAGAIN;

        for (size_t k = i; k-- > 0;)
                if (step_undo(e, e->job->steps[k].id, &e->stuck) < 0)
                        return -EAGAIN;

        if (step_free_sources(e, true, &e->stuck) < 0)
                return -EAGAIN;

        failure_append(&e->job->failure,
                       "'vgpu-hibernatectl resume' continues the guest if it came to the end of that, else it boots");
        return walk_finish(e, JOB_FAILED);
}
