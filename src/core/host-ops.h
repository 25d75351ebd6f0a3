/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * HostOps: the port between the executor, which knows the order, and the host, which does the deeds. Implemented by
 * host/real-host.c (libvirt, sysfs) and tests/fake/fake-host.c (a model with fault injection).
 *
 * Contract of every operation: blocking, with a deadline of its own; idempotent (doing what is already so succeeds);
 * on error negative with *reterr filled, and the world as it was or as the operation's comment says.
 */

#include "core/facts.h"
#include "core/failure.h"
#include "core/job.h"

typedef struct HostOps HostOps;

/* What is to be known from the gate of a function's family: core/family.h. */
typedef enum GateQuestion {
        GATE_ANSWERS, /* can it be asked at all? */
        GATE_ACCEPTS, /* does it accept now? */
        GATE_WAIT,    /* until it accepts, or its deadline */
} GateQuestion;

/* Called from inside save() as libvirt's job statistics move. */
typedef void (*HostProgress)(uint64_t bytes, uint64_t bytes_total, void *userdata);

struct HostOps {
        /* What the world says; changes nothing in it. With `ask_guest` also what only the guest agent can answer (costs
         * up to the agent deadline). FAILURE_UNKNOWN_DOMAIN when libvirt has no such domain. */
        int (*inspect)(void *host, const char *uuid, bool ask_guest, DomainFacts *ret, Failure *reterr);

        /* Guest S3; returns when QMP says "suspended". FAILURE_SUSPEND_FAILED when it does not by the deadline:
         * the agent's own success proves nothing. */
        int (*suspend_to_ram)(void *host, const char *uuid, Failure *reterr);
        /* Guest S4; listens for PMSuspended-Disk before it asks; returns when the domain is inactive and that event
         * was seen. FAILURE_LOST: it was seen to shut off without it. FAILURE_SUSPEND_FAILED: it still runs. Any other
         * error says nothing of the guest. */
        int (*suspend_to_disk)(void *host, const char *uuid, Failure *reterr);
        /* Until no request to suspend is on its way to the guest, whoever made it: one that nobody waits for any more
         * still comes true. Success says nothing about whether it did. */
        int (*settle_suspend)(void *host, const char *uuid, Failure *reterr);
        /* system_wakeup when QEMU is suspended; returns when QMP says "running". */
        int (*wake)(void *host, const char *uuid, Failure *reterr);
        /* For a guest that has run: that libvirt sees that it runs, which it does not after a restart while the guest was
         * suspended. It takes QEMU through a pause; `again`: an earlier worker may have died in it. */
        int (*mend)(void *host, const char *uuid, bool again, Failure *reterr);

        /* QMP migrate-set-parameters mode: cpr-reboot or normal. */
        int (*set_cpr_mode)(void *host, const char *uuid, bool cpr, Failure *reterr);
        /* Managed save of a suspended guest, or with `running` of one that runs. On failure the QEMU lives on, as it was
         * or paused. */
        int (*save)(void *host, const char *uuid, bool running, HostProgress progress, void *userdata,
                    Failure *reterr);

        /* Asks a guest that runs to let go of these functions; returns when QEMU has none of them any more: libvirt's own
         * success proves nothing. FAILURE_UNPLUG_FAILED when it does not by the deadline: some may be gone, and the
         * guest may still let go of the others. */
        int (*unplug)(void *host, const char *uuid, const PciAddress *functions, size_t n, Failure *reterr);
        /* Gives a guest that runs or is paused one function for each of `devices` (DomainFacts.devices), in their order;
         * with `back` those that it had, after a while in which it may still let go of one. Those that it has are passed
         * by. FAILURE_PLUG_FAILED: libvirt or QEMU refuse one; FAILURE_LIBVIRT: who knows. */
        int (*plug)(void *host, const char *uuid, const char *devices, const PciAddress *functions, size_t n,
                    bool back, Failure *reterr);

        /* Until no save is under way, whoever asked for it: one may begin, go on, or be complete with nobody there who
         * ends its QEMU, after the worker that asked for it died. Success says nothing about what it left. */
        int (*settle_save)(void *host, const char *uuid, Failure *reterr);

        /* Bytes that are free for root where libvirt writes managed saves. */
        int (*image_space)(void *host, uint64_t *ret_bytes, Failure *reterr);
        /* Makes the image durable (fsync of file and directory), checks that libvirt reads it as complete, and gives
         * it a second name so that libvirt cannot unlink its content: the guard link. Returns its size. */
        int (*image_guard)(void *host, const char *uuid, uint64_t *ret_bytes, Failure *reterr);
        /* The guard link gets back the name that libvirt starts from, should that be gone; and what a rewrite that was
         * cut short has torn is as before it. */
        int (*image_put_back)(void *host, const char *uuid, Failure *reterr);
        /* Removes libvirt's own image if there is one, then the guard link: the memory image is gone. */
        int (*image_discard)(void *host, const char *uuid, Failure *reterr);
        /* Image XML: hostdev sources from `from` to `to` (or back), managed='no'; durable. */
        int (*image_set_functions)(void *host, const char *uuid, const FunctionSwap *swaps, size_t n,
                                   bool back, Failure *reterr);
        /* The same in the persistent definition. */
        int (*definition_set_functions)(void *host, const char *uuid, const FunctionSwap *swaps, size_t n,
                                        bool back, Failure *reterr);

        /* virDomainCreate from a managed save image that was just proven valid: comes up paused. Success at once for one
         * that is so already. One that libvirt started anew instead, and that has not run, is ended first. */
        int (*restore)(void *host, const char *uuid, Failure *reterr);
        /* The same, by somebody else, who was let begin: returns when it has come up, paused, from the guarded image.
         * FAILURE_RESTORE_FAILED: it does not come up, or came from elsewhere. */
        int (*follow_restore)(void *host, const char *uuid, Failure *reterr);
        /* virDomainResume: libvirt running, QEMU suspended, or running if so it was saved. */
        int (*cont)(void *host, const char *uuid, Failure *reterr);
        /* virDomainCreate without any managed save image: a boot. */
        int (*start)(void *host, const char *uuid, Failure *reterr);
        /* Ends a QEMU whose guest has not run since it was restored; refuses one in status running. */
        int (*destroy_unwoken)(void *host, const char *uuid, Failure *reterr);
        /* Until the guest agent answers, and the guest is well as the families of its functions see it; a domain that has no
         * channel for an agent is not waited for. FAILURE_GUEST_UNHEALTHY at the deadline. */
        int (*wait_agent)(void *host, const char *uuid, Failure *reterr);

        /* The address at which this function is now. FAILURE_UNKNOWN_FUNCTION: it is not on this host any more, whoever has
         * the address where it was. */
        int (*function_find)(void *host, const FunctionRef *f, PciAddress *ret, Failure *reterr);
        /* Binds to vfio-pci, or leaves it there; *ret_bound: it had no driver before. Refuses a physical function.
         * FAILURE_FOREIGN_DRIVER: somebody else has it, or a member of its IOMMU group. FAILURE_UNKNOWN_FUNCTION: it is
         * gone. FAILURE_BIND_FAILED: vfio-pci does not take it. */
        int (*function_bind)(void *host, const PciAddress *a, bool *ret_bound, Failure *reterr);
        /* Can its driver put the state of another one into it? Else FAILURE_NOT_MIGRATABLE. */
        int (*function_takes_state)(void *host, const PciAddress *a, Failure *reterr);
        /* Back to no driver. Left alone: one that an active domain has. */
        int (*function_unbind)(void *host, const PciAddress *a, Failure *reterr);
        /* Resets and reads its config space: an error means quarantine. Left alone: one that an active domain has. */
        int (*function_reset)(void *host, const PciAddress *a, Failure *reterr);
        /* Success at once when its family has no gate. FAILURE_GATE_CLOSED: it does not accept. FAILURE_GATE_UNANSWERED: it
         * cannot be asked, or its answer is not understood. FAILURE_UNKNOWN_FUNCTION: the function is gone. Any other error
         * says nothing of the gate. */
        int (*function_gate)(void *host, const PciAddress *a, GateQuestion question, Failure *reterr);
        /* Until the gates of all accept, the deadline of each counted from the first question, or a cancellation or the
         * host's shutdown (FAILURE_CANCELED). Else as function_gate(). */
        int (*await_gates)(void *host, const PciAddress *functions, size_t n, Failure *reterr);
        /* The cleaning command of its family; success at once when there is none. FAILURE_HOST: it failed, and the function
         * is as a guest left it. FAILURE_UNKNOWN_FUNCTION: it is gone. Any other error: it was not tried. Left alone: one
         * that an active domain has. */
        int (*function_clean)(void *host, const PciAddress *a, Failure *reterr);
};
