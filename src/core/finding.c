/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/finding.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/enum-table.h"

static const char *const finding_scope_table[] = {
        [FINDING_HOST] = "host",   [FINDING_GUEST] = "guest",   [FINDING_FUNCTION] = "function",
        [FINDING_IMAGE] = "image", [FINDING_POLICY] = "policy",
};
DEFINE_ENUM_TABLE(finding_scope, FindingScope, _FINDING_SCOPE_MAX);

void findings_done(Findings *l)
{
        for (size_t i = 0; i < l->n; i++) {
                free(l->list[i].message);
                free(l->list[i].remedy);
        }

        free(l->list);
        *l = (Findings) { 0 };
}

Finding *findings_add(Findings *l, FailureCode code, FindingScope scope, bool blocking, const char *format,
                      ...)
{
        char *message;
        va_list ap;
        int r;

        assert(code < _FAILURE_CODE_MAX && (code > FAILURE_NONE || !blocking));

        if (!l)
                return NULL;

        va_start(ap, format);
        r = vasprintf(&message, format, ap);
        va_end(ap);
        if (r < 0)
                message = NULL;

        if (!message || l->n >= FINDINGS_MAX || !ARRAY_GROW(l->list, l->n)) {
                free(message);
                l->incomplete = true;
                return NULL;
        }

        l->list[l->n] = (Finding) { code, scope, blocking, message, NULL };
        return l->list + l->n++;
}

void finding_set_remedy(Finding *f, const char *format, ...)
{
        va_list ap;

        if (!f)
                return;

        free(f->remedy);
        va_start(ap, format);
        if (vasprintf(&f->remedy, format, ap) < 0)
                f->remedy = NULL;
        va_end(ap);
}

void findings_merge(Findings *l, const Findings *from)
{
        size_t n = l->n;

        l->incomplete = l->incomplete || from->incomplete;

        for (size_t i = 0; i < from->n; i++) {
                const Finding *f = from->list + i;
                bool said = false;
                Finding *copy;

                for (size_t k = 0; k < n && f->blocking; k++)
                        said = said || (l->list[k].blocking && l->list[k].code == f->code);
                if (said)
                        continue;

                copy = findings_add(l, f->code, f->scope, f->blocking, "%s", f->message);
                if (f->remedy)
                        finding_set_remedy(copy, "%s", f->remedy);
        }
}

bool findings_are_blocking(const Findings *l)
{
        return findings_check(l, NULL) < 0;
}

int findings_check(const Findings *l, Failure *reterr)
{
        for (size_t i = 0; i < l->n; i++) {
                const Finding *f = l->list + i;

                if (f->blocking)
                        return failure_set(reterr, f->code, "%s%s%s", f->message, f->remedy ? "; " : "",
                                           f->remedy ? f->remedy : "");
        }

        return l->incomplete ? failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot judge the request")
                             : 0;
}
