/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/adoption-json.h"

#include "store/json-util.h"

int adoption_change_to_json(const AdoptionChange *c, const Failure *why, json_object **ret)
{
        _cleanup_json_ json_object *o = json_object_new_object();

        if (!o)
                return -ENOMEM;

        if (why) {
                if (json_add_string(o, "error", failure_code_to_string(why->code)) < 0 ||
                    json_add_string(o, "message", failure_message(why)) < 0)
                        return -ENOMEM;
        } else if (json_add_string(o, "diff", c->diff) < 0 ||
                   json_add_bool(o, "autostart_before", c->autostart_before) < 0 ||
                   json_add_bool(o, "autostart_after", c->autostart_after) < 0)
                return -ENOMEM;

        *ret = TAKE_PTR(o);
        return 0;
}

static int code_from_string(const char *s)
{
        return (int) failure_code_from_string(s);
}

int adoption_change_from_json(json_object *o, AdoptionChange *ret, Failure *reterr)
{
        AdoptionChange c = { 0 };
        const char *message, *diff;
        int code, r;

        r = json_get_enum(o, "", "error", false, code_from_string, &code, reterr);
        if (r > 0) {
                r = json_get_string(o, "", "message", true, &message, reterr);
                return r < 0 ? r : failure_set(reterr, (FailureCode) code, "%s", message);
        }

        if (r < 0 || (r = json_get_string(o, "", "diff", true, &diff, reterr)) < 0 ||
            (r = json_get_bool(o, "", "autostart_before", true, &c.autostart_before, reterr)) < 0 ||
            (r = json_get_bool(o, "", "autostart_after", true, &c.autostart_after, reterr)) < 0)
                return r;

        if (free_and_strdup(&c.diff, diff) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot read a change");

        *ret = c;
        return 0;
}
