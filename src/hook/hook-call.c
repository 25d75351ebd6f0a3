/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "hook/hook-call.h"

#include <assert.h>
#include <poll.h>

#include "basic/clock.h"

#define READ_BYTES (64U * 1024)

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

static int wait_readable(int fd, uint64_t deadline_usec)
{
        struct pollfd p = { .fd = fd, .events = POLLIN };
        uint64_t now = clock_monotonic_usec();
        int r;

        if (now >= deadline_usec)
                return -ETIMEDOUT;

        r = poll(&p, 1, (int) ((deadline_usec - now) / USEC_PER_MSEC) + 1);
        if (r < 0)
                return errno == EINTR ? 0 : -errno;
        return r;
}

int hook_call_read_xml(int fd, uint64_t deadline_usec, char **ret, size_t *ret_size)
{
        _cleanup_free_ char *text = NULL;
        size_t size = 0, allocated = 0;

        for (;;) {
                ssize_t n;
                int r;

                if (allocated - size < READ_BYTES) {
                        char *bigger = realloc(text, 2 * allocated + 2 * READ_BYTES);

                        if (!bigger)
                                return -ENOMEM;
                        text = bigger;
                        allocated = 2 * allocated + 2 * READ_BYTES;
                }

                r = wait_readable(fd, deadline_usec);
                if (r < 0)
                        return r;
                if (r == 0)
                        continue;

                n = read(fd, text + size, READ_BYTES - 1);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;
                size += (size_t) n;
                if (size > DOMAIN_XML_BYTES_MAX)
                        return -EFBIG;
        }

        text[size] = '\0';
        *ret = TAKE_PTR(text);
        *ret_size = size;
        return 0;
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
