/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/failure-json.h"

#include "store/json-util.h"

int failure_to_json(const Failure *f, json_object *parent)
{
        json_object *o;

        if (f->code == FAILURE_NONE)
                return 0;

        o = json_object_new_object();
        if (json_add(parent, "failure", o) < 0)
                return -ENOMEM;

        if (json_add_string(o, "code", failure_code_to_string(f->code)) < 0)
                return -ENOMEM;
        return json_add_string(o, "message", failure_message(f));
}

int failure_from_json(json_object *o, const char *where, Failure *ret, Failure *reterr)
{
        const char *code_name, *message;
        json_object *failure;
        FailureCode code;
        int r;

        r = json_get_object(o, where, "failure", false, &failure, reterr);
        if (r <= 0)
                return r;

        if ((r = json_get_string(failure, "failure", "code", true, &code_name, reterr)) < 0 ||
            (r = json_get_string(failure, "failure", "message", true, &message, reterr)) < 0)
                return r;

        code = failure_code_from_string(code_name);
        if ((int) code < 0)
                return failure_set(reterr, FAILURE_INVALID_OPTION,
                                   "'failure.code' has the unknown value '%s'", code_name);

        (void) failure_set(ret, code, "%s", message);
        return 1;
}
