/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hook/hook.h"

#include "basic/clock.h"
#include "hook/ask-daemon.h"
#include "hook/without-daemon.h"

/* What we cannot read no job of ours has hibernated, since it would have had to read the same: it is somebody else's. */
static int read_call(HookCall *c, int xml_fd, uint64_t deadline_usec)
{
        _cleanup_(failure_done) Failure ignored = { 0 };
        _cleanup_free_ char *xml = NULL;
        size_t size;
        int r;

        r = hook_call_read_xml(xml_fd, deadline_usec, &xml, &size);
        return r < 0 ? r : hook_call_parse_xml(c, xml, size, &ignored);
}

int hook_run(const HookPaths *paths, const char *name, const char *operation, const char *suboperation,
             int xml_fd, Failure *reterr)
{
        uint64_t deadline_usec = clock_monotonic_usec() + HOOK_DEADLINE_USEC;
        _cleanup_(hook_call_done) HookCall c = { 0 };
        _cleanup_(failure_done) Failure answer = { 0 };
        int r;

        if (hook_call_init(name, operation, suboperation, &c) == 0 ||
            read_call(&c, xml_fd, deadline_usec) < 0)
                return 0;

        /* libvirt 11.3 takes a hook that refuses this for a restore that succeeded, and unlinks the image
         * (src/qemu/qemu_driver.c, qemuDomainObjRestore()). "prepare" follows, and there a refusal is one. */
        if (c.operation == HOOK_RESTORE)
                return 0;

        if (c.domain.n_functions == 0 && without_daemon_is_hibernated(paths, c.domain.uuid) <= 0)
                return 0;

        r = ask_daemon(&c, paths->user_bus, deadline_usec, &answer);
        if (r >= 0)
                return 0;
        if (r == -EREMOTEIO)
                return failure_set(reterr, answer.code, "%s", failure_message(&answer));

        return without_daemon_judge(paths, &c, failure_message(&answer), reterr);
}
