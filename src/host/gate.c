/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/gate.h"

#include <json-c/json.h>
#include <json-c/json_pointer.h>

#include "host/command.h"

#define ANSWER_DEPTH_MAX 32

static void put_json(json_object **o)
{
        if (*o)
                (void) json_object_put(*o);
}

static void free_tokener(json_tokener **t)
{
        if (*t)
                json_tokener_free(*t);
}

static bool is_blank(const char *begin, const char *end)
{
        while (begin < end && strchr(" \t\r\n", *begin))
                begin++;

        return begin >= end;
}

int gate_read_answer(const FamilyGate *g, const char *text, size_t size, char **ret_answer, Failure *reterr)
{
        _cleanup_(put_json) json_object *o = NULL;
        _cleanup_(free_tokener) json_tokener *t = NULL;
        char line[COMMAND_LINE_MAX];
        json_object *answer = NULL;
        const char *word;
        int r;

        t = json_tokener_new_ex(ANSWER_DEPTH_MAX);
        if (!t)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read the gate's answer");

        if (size > COMMAND_OUTPUT_BYTES_MAX)
                return failure_set(reterr, FAILURE_HOST, "'%s' printed too much", g->command.words[0]);

        /* With the final NUL, else a bare number would count as unfinished. */
        o = json_tokener_parse_ex(t, text, (int) size + 1);
        if (json_tokener_get_error(t) != json_tokener_success ||
            !is_blank(text + json_tokener_get_parse_end(t), text + size))
                return failure_set(reterr, FAILURE_HOST, "'%s' printed no JSON", g->command.words[0]);

        if (json_pointer_get(o, g->path, &answer) < 0 || !json_object_is_type(answer, json_type_string))
                return failure_set(reterr, FAILURE_HOST, "what '%s' printed has no string at '%s'",
                                   g->command.words[0], g->path);

        word = json_object_get_string(answer);
        command_line_for_people(word, strlen(word), line);
        r = free_and_strdup(ret_answer, line);
        if (r < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot read the gate's answer");

        return family_gate_accepts(g, word);
}
