/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hook/hook.h"

#include "basic/clock.h"
#include "basic/fileio.h"
#include "hook/ask-daemon.h"
#include "hook/without-daemon.h"

/* What we cannot read no job of ours has hibernated, since it would have had to read the same: it is somebody else's. */
static int read_call(HookCall *c, int xml_fd, uint64_t deadline_usec, char **ret_xml)
{
        _cleanup_(failure_done) Failure ignored = { 0 };
        _cleanup_free_ char *xml = NULL;
        size_t size;
        int r;

        r = read_fd(xml_fd, DOMAIN_XML_BYTES_MAX, deadline_usec, &xml,
                    &size); /* libvirt never writes more */
        if (r >= 0)
                r = hook_call_parse_xml(c, xml, size, &ignored);
        if (r < 0)
                return r;

        *ret_xml = TAKE_PTR(xml);
        return 0;
}

/* By the edit that jobs make. */
static int rewrite(const HookCall *c, const char *xml, const PciAddress *targets, size_t n, char **ret,
                   Failure *reterr)
{
        FunctionSwap swaps[JOB_FUNCTIONS_MAX];
        int r;

        if (n != c->domain.n_functions || n > JOB_FUNCTIONS_MAX)
                return failure_set(reterr, FAILURE_HOST,
                                   "vgpu-hibernated answered with %zu functions for %zu", n,
                                   c->domain.n_functions);

        for (size_t i = 0; i < n; i++)
                swaps[i] = (FunctionSwap) {
                        .has_from = true, .has_to = true, .from = c->domain.functions[i], .to = targets[i]
                };

        r = domain_xml_set_functions(xml, swaps, n, false, ret, reterr);
        return r < 0 ? r : 0;
}

/* What hook_run() returns, but for a restore. */
static int judge(const HookPaths *paths, const HookCall *c, const char *xml, uint64_t deadline_usec,
                 char **ret_xml, Failure *reterr)
{
        _cleanup_(failure_done) Failure answer = { 0 };
        _cleanup_free_ PciAddress *targets = NULL;
        size_t n = 0;
        int r;

        if (c->domain.n_functions == 0 && without_daemon_is_hibernated(paths, c->domain.uuid) <= 0)
                return 0;

        r = ask_daemon(c, paths->user_bus, deadline_usec, &targets, &n, &answer);
        if (r == -EREMOTEIO)
                return failure_set(reterr, answer.code, "%s", failure_message(&answer));
        if (r < 0)
                return without_daemon_judge(paths, c, failure_message(&answer), reterr);

        return c->operation == HOOK_RESTORE && n > 0 ? rewrite(c, xml, targets, n, ret_xml, reterr) : 0;
}

int hook_run(const HookPaths *paths, const char *name, const char *operation, const char *suboperation,
             int xml_fd, char **ret_xml, Failure *reterr)
{
        uint64_t deadline_usec = clock_monotonic_usec() + HOOK_DEADLINE_USEC;
        _cleanup_(hook_call_done) HookCall c = { 0 };
        _cleanup_free_ char *xml = NULL;

        *ret_xml = NULL;
        if (hook_call_init(name, operation, suboperation, &c) == 0 ||
            read_call(&c, xml_fd, deadline_usec, &xml) < 0)
                return 0;

        /* libvirt 11.3 takes a hook that refuses this for a restore that succeeded, and unlinks the image
         * (src/qemu/qemu_driver.c, qemuDomainObjRestore()). "prepare" follows, and there the same refusal is one. */
        if (c.operation == HOOK_RESTORE) {
                _cleanup_(failure_done) Failure too_early = { 0 };

                (void) judge(paths, &c, xml, deadline_usec, ret_xml, &too_early);
                return 0;
        }

        return judge(paths, &c, xml, deadline_usec, ret_xml, reterr);
}
