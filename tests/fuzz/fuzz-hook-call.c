/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "fuzz.h"
#include "hook/hook-call.h"

/* The text up to the next line feed, which is what a domain's name cannot have. */
static char *take_line(const uint8_t **data, size_t *size)
{
        const uint8_t *end = *size > 0 ? memchr(*data, '\n', *size) : NULL;
        size_t n = end ? (size_t) (end - *data) : *size;
        char *line = strndup((const char *) *data, n);

        *data += end ? n + 1 : n;
        *size -= end ? n + 1 : n;
        return line;
}

/* Name, operation and suboperation in a line each, then the XML: nothing is taken for the domain's that is not. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *name = take_line(&data, &size), *operation = take_line(&data, &size),
                            *suboperation = take_line(&data, &size), *xml = malloc(size + 1);
        _cleanup_(hook_call_done) HookCall c = { 0 };
        _cleanup_(failure_done) Failure why = { 0 };

        if (!name || !operation || !suboperation || !xml)
                return 0;
        if (hook_call_init(name, operation, suboperation, &c) == 0)
                return 0;

        memcpy(xml, data, size);
        xml[size] = '\0';
        if (hook_call_parse_xml(&c, xml, size, &why) < 0) {
                FUZZ_CHECK(!c.domain.uuid && c.domain.n_functions == 0 && why.code != FAILURE_NONE);
                return 0;
        }

        FUZZ_CHECK(streq(c.domain.name, name) && c.domain.uuid && strlen(xml) == size);
        FUZZ_CHECK(c.domain.n_functions <= DOMAIN_XML_FUNCTIONS_MAX);
        return 0;
}
