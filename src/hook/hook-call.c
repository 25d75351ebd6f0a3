/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hook/hook-call.h"

#include <assert.h>

void hook_call_done(HookCall *c)
{
        if (c)
                domain_xml_done(&c->domain);
}

int hook_call_init(const char *name, const char *operation, const char *suboperation, HookCall *ret)
{
        HookOperation o = hook_operation_from_string(operation);

        if ((int) o < 0 || !streq(suboperation, o == HOOK_RELEASE ? "end" : "begin"))
                return 0;

        *ret = (HookCall) { .name = name, .operation = o };
        return 1;
}

int hook_call_parse_xml(HookCall *c, const char *xml, size_t size, Failure *reterr)
{
        _cleanup_(domain_xml_done) DomainXml x = { 0 };
        int r;

        assert(c);
        assert(xml);

        if (memchr(xml, '\0', size))
                return failure_set(reterr, FAILURE_LIBVIRT, "the domain's XML is not well-formed");

        r = domain_xml_parse(xml, &x, reterr);
        if (r < 0)
                return r;

        if (!streq(x.name, c->name))
                return failure_set(reterr, FAILURE_LIBVIRT, "the XML is that of another domain, '%s'",
                                   x.name);

        c->domain = x;
        x = (DomainXml) { 0 };
        return 0;
}
