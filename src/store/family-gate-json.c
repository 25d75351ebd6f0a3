/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/family-gate-json.h"

#include "store/json-util.h"

#define ACCEPTS_MAX 16U
#define DEFAULT_DEADLINE_SECONDS UINT64_C(10)

/* An array of at least one string. */
static int get_words(json_object *o, const char *where, const char *key, size_t max, char ***ret,
                     Failure *reterr)
{
        _cleanup_(words_freep) char **words = NULL;
        json_object *array;
        size_t n;
        int r;

        r = json_get_array(o, where, key, true, max, &array, reterr);
        if (r < 0)
                return r;

        n = json_object_array_length(array);
        if (n == 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s.%s' names none", where, key);

        words = calloc(n + 1, sizeof(char *));
        if (!words)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read it");

        for (size_t i = 0; i < n; i++) {
                json_object *text = json_object_array_get_idx(array, i);

                if (!json_object_is_type(text, json_type_string) ||
                    strlen(json_object_get_string(text)) != (size_t) json_object_get_string_len(text))
                        return failure_set(reterr, FAILURE_INVALID_OPTION, "'%s.%s[%zu]' must be a string",
                                           where, key, i);
                if (free_and_strdup(words + i, json_object_get_string(text)) < 0)
                        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read it");
        }

        *ret = TAKE_PTR(words);
        return 0;
}

static int get_command(json_object *o, const char *where, HostCommand *ret, Failure *reterr)
{
        _cleanup_(host_command_done) HostCommand c = { 0 };
        uint64_t seconds = DEFAULT_DEADLINE_SECONDS;
        Failure why = { 0 };
        int r;

        if ((r = get_words(o, where, "command", HOST_COMMAND_WORDS_MAX, &c.words, reterr)) < 0 ||
            (r = json_get_u64(o, where, "deadline_seconds", false, 1, HOST_COMMAND_SECONDS_MAX, &seconds,
                              reterr)) < 0)
                return r;
        c.deadline_usec = seconds * USEC_PER_SEC;

        r = host_command_check(&c, &why);
        if (r < 0) {
                r = failure_set(reterr, why.code, "'%s.command': %s", where, failure_message(&why));
                failure_done(&why);
                return r;
        }

        *ret = c;
        c = (HostCommand) { 0 };
        return 0;
}

int family_gate_from_json(json_object *family, FamilyGate *ret, Failure *reterr)
{
        static const char *const known[] = {
                "command", "deadline_seconds", "path", "accepts", "optional", NULL,
        };
        _cleanup_(family_gate_done) FamilyGate g = { 0 };
        const char *path = NULL;
        json_object *o;
        int r;

        r = json_get_object(family, "", "gate", false, &o, reterr);
        if (r <= 0)
                return r;

        if ((r = json_check_members(o, "gate", known, reterr)) < 0 ||
            (r = get_command(o, "gate", &g.command, reterr)) < 0 ||
            (r = json_get_string(o, "gate", "path", true, &path, reterr)) < 0 ||
            (r = get_words(o, "gate", "accepts", ACCEPTS_MAX, &g.accepts, reterr)) < 0 ||
            (r = json_get_bool(o, "gate", "optional", false, &g.optional, reterr)) < 0)
                return r;

        /* "" is the whole of what is printed. */
        if (path[0] != '\0' && path[0] != '/')
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'gate.path' must be a JSON pointer like \"/0/state\"");

        r = free_and_strdup(&g.path, path);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read it");

        *ret = g;
        g = (FamilyGate) { 0 };
        return 0;
}

int family_clean_from_json(json_object *family, HostCommand *ret, Failure *reterr)
{
        static const char *const known[] = { "command", "deadline_seconds", NULL };
        json_object *o;
        int r;

        r = json_get_object(family, "", "clean", false, &o, reterr);
        if (r <= 0)
                return r;

        r = json_check_members(o, "clean", known, reterr);
        return r < 0 ? r : get_command(o, "clean", ret, reterr);
}
