/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include <stdarg.h>
#include <stdio.h>

#include "host/guest-files.h"
#include "host/guest-probe.h"

/* A distribution's kernel with its modules has some 10 MiB of them. */
#define SYMBOLS_BYTES_MAX (UINT64_C(64) << 20)
#define SYMBOLS_PATH "/proc/kallsyms"

/* Without memory there is none. */
static char *_printf_(1, 2) reason(const char *format, ...)
{
        va_list ap;
        char *text;
        int r;

        va_start(ap, format);
        r = vasprintf(&text, format, ap);
        va_end(ap);

        return r < 0 ? NULL : text;
}

static char *reason_unread(const char *path, int error)
{
        if (error == -EPERM)
                return reason("its agent may not read files");
        if (error == -ETIMEDOUT)
                return reason("its agent did not read %s in time", path);

        return reason("its agent cannot read %s", path);
}

static int read_module(const GuestReader *g, const char *module, const char *attribute, char **ret)
{
        _cleanup_free_ char *path = NULL;

        if (asprintf(&path, "/sys/module/%s/%s", module, attribute) < 0) {
                path = NULL;
                return -ENOMEM;
        }

        return guest_reader_text(g, path, ret, NULL);
}

static int search_piece(const char *bytes, size_t size, void *userdata)
{
        return symbol_search_feed(userdata, bytes, size);
}

static GuestAnswer ask_symbol(const GuestReader *g, const GuestProbe *p, char **ret_reason)
{
        _cleanup_(symbol_search_done)
                        SymbolSearch s = { .names = (const char *const *) p->any, .n = p->n_any };
        _cleanup_free_ char *state = NULL;
        int r;

        r = g->commands.read_files ? guest_agent_read(g->domain, SYMBOLS_PATH, SYMBOLS_BYTES_MAX,
                                                      g->deadline_usec, search_piece, &s)
                                   : -EPERM;
        if (r < 0 || !s.any_line) {
                *ret_reason = reason_unread(SYMBOLS_PATH, r);
                return GUEST_UNKNOWN;
        }
        if (s.found) {
                *ret_reason = reason("its kernel has %s", s.found);
                return GUEST_YES;
        }

        /* One that is not loaded has no symbols; the driver may be fit, but nobody can tell. */
        if (p->module && read_module(g, p->module, "initstate", &state) < 0) {
                *ret_reason = reason("its kernel has not loaded %s", p->module);
                return GUEST_UNKNOWN;
        }

        *ret_reason = reason("its kernel has no %s", p->any[0]);
        return GUEST_NO;
}

typedef struct FileSearch {
        const GuestFileRule *rule;
        bool matches;
} FileSearch;

static int match_file(const char *text, void *userdata)
{
        FileSearch *s = userdata;

        s->matches = s->matches || guest_file_rule_matches(s->rule, text);
        return 0;
}

static GuestAnswer ask_file(const GuestReader *g, const GuestProbe *p, char **ret_reason)
{
        FileSearch s = { .rule = &p->file };
        int r;

        r = guest_reader_each(g, p->file.path, match_file, &s);
        if (r < 0) {
                *ret_reason = reason_unread(p->file.path, r);
                return GUEST_UNKNOWN;
        }

        *ret_reason = reason("its %s %s", p->file.path,
                             s.matches ? "is as it should be" : "is not there, or not as it should be");
        return s.matches ? GUEST_YES : GUEST_NO;
}

static GuestAnswer ask_module(const GuestReader *g, const GuestProbe *p, char **ret_reason)
{
        _cleanup_free_ char *version = NULL;
        GuestAnswer a;
        int r;

        r = read_module(g, p->module, "version", &version);
        if (r == -ENOENT) {
                *ret_reason = reason("its module %s has no version", p->module);
                return GUEST_UNKNOWN;
        }
        if (r < 0) {
                *ret_reason = reason_unread(p->module, r);
                return GUEST_UNKNOWN;
        }

        version[strcspn(version, "\n")] = '\0';
        a = guest_version_reaches(version, p->minimum);
        *ret_reason = reason("its module %s is %.64s, and %s %s", p->module, version,
                             a == GUEST_YES ? "not below" : "not", p->minimum);
        return a;
}

/* Never more than a hint. */
static GuestAnswer ask_release(const GuestReader *g, const GuestProbe *p, char **ret_reason)
{
        _cleanup_free_ char *release = NULL;

        if (!g->commands.osinfo || guest_agent_osinfo(g->domain, g->deadline_usec, &release) < 0)
                return GUEST_UNKNOWN;

        *ret_reason = reason("its kernel %.64s %s %s, which proves nothing", release,
                             guest_version_reaches(release, p->minimum) == GUEST_YES ? "is not older than"
                                                                                     : "may be older than",
                             p->minimum);
        return GUEST_UNKNOWN;
}

static GuestAnswer ask_probe(const GuestReader *g, const GuestProbe *p, char **ret_reason)
{
        switch (p->kind) {
        case PROBE_KERNEL_SYMBOL:
                return ask_symbol(g, p, ret_reason);
        case PROBE_FILE:
                return ask_file(g, p, ret_reason);
        case PROBE_MODULE_VERSION:
                return ask_module(g, p, ret_reason);
        case PROBE_KERNEL_RELEASE:
                return ask_release(g, p, ret_reason);
        case _GUEST_PROBE_KIND_MAX:
        case _GUEST_PROBE_KIND_INVALID:
                break;
        }

        return GUEST_UNKNOWN;
}

GuestFixups guest_probe_fixups(const GuestReader *g, const GuestRules *rules, char **ret_reason)
{
        char *unknown = NULL;

        for (size_t i = 0; i < rules->n_probes; i++) {
                _cleanup_free_ char *why = NULL;
                GuestAnswer a = ask_probe(g, rules->probes + i, &why);

                if (a != GUEST_UNKNOWN) {
                        free(unknown);
                        *ret_reason = TAKE_PTR(why);
                        return a == GUEST_YES ? FIXUPS_YES : FIXUPS_NO;
                }

                if (why && unknown) {
                        _cleanup_free_ char *before = unknown;

                        unknown = reason("%s, and %s", before, why);
                } else if (why)
                        unknown = TAKE_PTR(why);
        }

        *ret_reason = unknown;
        return FIXUPS_UNKNOWN;
}
