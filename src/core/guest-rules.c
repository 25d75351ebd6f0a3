/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/guest-rules.h"

#include "core/enum-table.h"

static const char *const guest_probe_kind_table[] = {
        [PROBE_KERNEL_SYMBOL] = "kernel-symbol",
        [PROBE_FILE] = "file",
        [PROBE_MODULE_VERSION] = "module-version",
        [PROBE_KERNEL_RELEASE] = "kernel-release",
};
DEFINE_ENUM_TABLE(guest_probe_kind, GuestProbeKind, _GUEST_PROBE_KIND_MAX);

void guest_file_rule_done(GuestFileRule *r)
{
        free(r->path);
        free(r->line);
        *r = (GuestFileRule) { 0 };
}

void guest_probe_done(GuestProbe *p)
{
        for (size_t i = 0; i < p->n_any; i++)
                free(p->any[i]);

        free(p->any);
        free(p->module);
        free(p->minimum);
        guest_file_rule_done(&p->file);
        *p = (GuestProbe) { 0 };
}

void guest_rules_done(GuestRules *r)
{
        for (size_t i = 0; i < r->n_probes; i++)
                guest_probe_done(r->probes + i);
        for (size_t i = 0; i < r->n_health; i++)
                guest_file_rule_done(r->health + i);

        free(r->probes);
        free(r->health);
        free(r->vram_used);
        *r = (GuestRules) { 0 };
}

bool guest_file_rule_matches(const GuestFileRule *r, const char *text)
{
        size_t size = r->line ? strlen(r->line) : 0;

        if (!r->line)
                return true;

        for (const char *line = text; *line != '\0'; line += *line == '\n') {
                size_t n = strcspn(line, "\n");

                if (n == size && memcmp(line, r->line, n) == 0)
                        return true;
                line += n;
        }

        return false;
}

GuestAnswer guest_version_reaches(const char *version, const char *minimum)
{
        if (*version < '0' || *version > '9')
                return GUEST_UNKNOWN;

        return strverscmp(version, minimum) >= 0 ? GUEST_YES : GUEST_NO;
}
