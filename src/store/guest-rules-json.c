/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/guest-rules-json.h"

#include "store/json-util.h"

/* Linux 6.12 include/linux/kallsyms.h, KSYM_NAME_LEN; PATH_MAX is more than any attribute needs. */
#define GUEST_WORD_BYTES_MAX 511U

static const char symbol_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$";
static const char version_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+~-";

static int copy_string(const char *s, char **ret, Failure *reterr)
{
        *ret = strdup(s);
        return *ret ? 0 : failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read it");
}

static bool is_word(const char *s, const char *letters)
{
        size_t n = strlen(s);

        return n > 0 && n <= GUEST_WORD_BYTES_MAX && strspn(s, letters) == n;
}

static int get_word(json_object *o, const char *where, const char *key, bool required, const char *letters,
                    char **ret, Failure *reterr)
{
        const char *s;
        int r;

        r = json_get_string(o, where, key, required, &s, reterr);
        if (r <= 0)
                return r;
        if (!is_word(s, letters))
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'%s.%s' must be letters, digits and the like, at most %u", where, key,
                                   GUEST_WORD_BYTES_MAX);

        return copy_string(s, ret, reterr);
}

/* No file but what the kernel shows: what a guest keeps for itself is none of a host's business. */
static bool is_guest_path(const char *s)
{
        const char *star = strchr(s, '*');

        return strlen(s) <= GUEST_WORD_BYTES_MAX &&
               (strncmp(s, "/sys/", strlen("/sys/")) == 0 || strncmp(s, "/proc/", strlen("/proc/")) == 0) &&
               !strstr(s, "/../") && !(star && strchr(star + 1, '*'));
}

static int get_path(json_object *o, const char *where, const char *key, bool required, char **ret,
                    Failure *reterr)
{
        const char *s;
        int r;

        r = json_get_string(o, where, key, required, &s, reterr);
        if (r <= 0)
                return r;
        if (!is_guest_path(s))
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'%s%s%s' must be a path below /sys or /proc, with at most one '*'",
                                   where, *where ? "." : "", key);

        return copy_string(s, ret, reterr);
}

static int get_file_rule(json_object *o, const char *where, GuestFileRule *ret, Failure *reterr)
{
        const char *line;
        int r;

        r = get_path(o, where, "path", true, &ret->path, reterr);
        if (r < 0)
                return r;

        r = json_get_string(o, where, "line", false, &line, reterr);
        if (r <= 0)
                return r;
        if (*line == '\0' || strchr(line, '\n') || strlen(line) > GUEST_WORD_BYTES_MAX)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s.line' must be one line of text",
                                   where);

        return copy_string(line, &ret->line, reterr);
}

static int get_symbols(json_object *o, const char *where, GuestProbe *p, Failure *reterr)
{
        json_object *array;
        size_t n;
        int r;

        r = json_get_array(o, where, "any", true, GUEST_SYMBOLS_MAX, &array, reterr);
        if (r < 0)
                return r;

        n = json_object_array_length(array);
        if (n == 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s.any' names none", where);

        p->any = calloc(n, sizeof(char *));
        if (!p->any)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read it");

        for (; p->n_any < n; p->n_any++) {
                json_object *s = json_object_array_get_idx(array, p->n_any);

                if (!json_object_is_type(s, json_type_string) ||
                    json_object_get_string_len(s) != (int) strlen(json_object_get_string(s)) ||
                    !is_word(json_object_get_string(s), symbol_letters))
                        return failure_set(reterr, FAILURE_INVALID_OPTION,
                                           "'%s.any[%zu]' must be the name of a symbol", where, p->n_any);

                r = copy_string(json_object_get_string(s), p->any + p->n_any, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int kind_from_name(const char *s)
{
        return (int) guest_probe_kind_from_string(s);
}

static int get_probe(json_object *o, const char *where, GuestProbe *p, Failure *reterr)
{
        static const char *const symbol_members[] = { "kind", "any", "module", NULL };
        static const char *const file_members[] = { "kind", "path", "line", NULL };
        static const char *const module_members[] = { "kind", "module", "minimum", NULL };
        static const char *const release_members[] = { "kind", "minimum", NULL };
        int r, kind = 0;

        r = json_get_enum(o, where, "kind", true, kind_from_name, &kind, reterr);
        if (r < 0)
                return r;
        p->kind = (GuestProbeKind) kind;

        switch (p->kind) {
        case PROBE_KERNEL_SYMBOL:
                if ((r = json_check_members(o, where, symbol_members, reterr)) < 0 ||
                    (r = get_symbols(o, where, p, reterr)) < 0)
                        return r;
                return get_word(o, where, "module", false, symbol_letters, &p->module, reterr);
        case PROBE_FILE:
                r = json_check_members(o, where, file_members, reterr);
                return r < 0 ? r : get_file_rule(o, where, &p->file, reterr);
        case PROBE_MODULE_VERSION:
                if ((r = json_check_members(o, where, module_members, reterr)) < 0 ||
                    (r = get_word(o, where, "module", true, symbol_letters, &p->module, reterr)) < 0)
                        return r;
                return get_word(o, where, "minimum", true, version_letters, &p->minimum, reterr);
        case PROBE_KERNEL_RELEASE:
                r = json_check_members(o, where, release_members, reterr);
                return r < 0 ? r : get_word(o, where, "minimum", true, version_letters, &p->minimum, reterr);
        case _GUEST_PROBE_KIND_MAX:
        case _GUEST_PROBE_KIND_INVALID:
                break;
        }

        return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s.kind' is not known", where);
}

static int get_probes(json_object *family, GuestRules *rules, Failure *reterr)
{
        json_object *array;
        size_t n;
        int r;

        r = json_get_array(family, "", "probes", false, GUEST_PROBES_MAX, &array, reterr);
        if (r <= 0)
                return r;

        n = json_object_array_length(array);
        rules->probes = calloc(n + 1, sizeof(GuestProbe));
        if (!rules->probes)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read it");

        for (size_t i = 0; i < n; i++) {
                rules->n_probes++;
                r = get_probe(json_object_array_get_idx(array, i), JSON_PATH_ELEMENT("", "probes", i),
                              rules->probes + i, reterr);
                if (r < 0)
                        return r;
        }

        return 0;
}

static int get_health(json_object *family, GuestRules *rules, Failure *reterr)
{
        static const char *const known[] = { "path", "line", NULL };
        json_object *array;
        size_t n;
        int r;

        r = json_get_array(family, "", "health", false, GUEST_HEALTH_MAX, &array, reterr);
        if (r <= 0)
                return r;

        n = json_object_array_length(array);
        rules->health = calloc(n + 1, sizeof(GuestFileRule));
        if (!rules->health)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read it");

        for (size_t i = 0; i < n; i++) {
                json_object *o = json_object_array_get_idx(array, i);
                const char *where = JSON_PATH_ELEMENT("", "health", i);

                rules->n_health++;
                if ((r = get_file_rule(o, where, rules->health + i, reterr)) < 0 ||
                    (r = json_check_members(o, where, known, reterr)) < 0)
                        return r;
        }

        return 0;
}

int guest_rules_from_json(json_object *family, GuestRules *ret, Failure *reterr)
{
        GuestRules rules = { 0 };
        int r;

        if ((r = get_probes(family, &rules, reterr)) < 0 ||
            (r = get_path(family, "", "vram_used", false, &rules.vram_used, reterr)) < 0 ||
            (r = get_health(family, &rules, reterr)) < 0) {
                guest_rules_done(&rules);
                return r;
        }

        *ret = rules;
        return 0;
}
