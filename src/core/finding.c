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

static const char *const finding_rule_table[] = {
        [RULE_NONE] = "none",
        [RULE_PHYSICAL_FUNCTION] = "physical-function",
        [RULE_PHYSICAL_FUNCTION_DEAD] = "physical-function-dead",
        [RULE_IOMMU_GROUP] = "iommu-group",
        [RULE_IDENTITY_UNKNOWN] = "identity-unknown",
        [RULE_HOST] = "host",
        [RULE_POOL] = "pool",
        [RULE_KIND] = "kind",
        [RULE_VENDOR] = "vendor",
        [RULE_DEVICE] = "device",
        [RULE_SUBSYSTEM] = "subsystem",
        [RULE_REVISION] = "revision",
        [RULE_CLASS] = "class",
        [RULE_BAR_SIZE] = "bar-size",
        [RULE_BAR_KIND] = "bar-kind",
        [RULE_BAR_PREFETCH] = "bar-prefetch",
        [RULE_ROM_SIZE] = "rom-size",
        [RULE_MSIX_SIZE] = "msix-size",
        [RULE_ATTRIBUTE] = "attribute",
        [RULE_ATTRIBUTE_UNKNOWN] = "attribute-unknown",
        [RULE_NEVER] = "never",
        [RULE_SAME_FUNCTION] = "same-function",
        [RULE_PHYSICAL_NODE] = "physical-node",
        [RULE_GUEST_FIXUPS] = "guest-fixups",
        [RULE_GUEST_FIXUPS_UNKNOWN] = "guest-fixups-unknown",
};
DEFINE_ENUM_TABLE(finding_rule, FindingRule, _FINDING_RULE_MAX);

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

        l->list[l->n] = (Finding) { .code = code, .scope = scope, .blocking = blocking, .message = message };
        return l->list + l->n++;
}

void finding_set_rule(Finding *f, FindingRule rule)
{
        if (f)
                f->rule = rule;
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

/* "NoSpace" becomes "no-space". */
char *finding_code_format(const Finding *f, char buf[static FINDING_CODE_MAX])
{
        const char *name = f->rule != RULE_NONE ? finding_rule_to_string(f->rule)
                                                : failure_code_to_string(f->code);
        size_t n = 0;

        for (const char *s = name ? name : ""; *s != '\0' && n + 2 < FINDING_CODE_MAX; s++) {
                bool upper = *s >= 'A' && *s <= 'Z';

                if (upper && n > 0)
                        buf[n++] = '-';
                buf[n++] = upper ? (char) (*s - 'A' + 'a') : *s;
        }

        buf[n] = '\0';
        return buf;
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
                        said = said || (l->list[k].blocking && l->list[k].code == f->code &&
                                        l->list[k].rule == f->rule);
                if (said)
                        continue;

                copy = findings_add(l, f->code, f->scope, f->blocking, "%s", f->message);
                finding_set_rule(copy, f->rule);
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
