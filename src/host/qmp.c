/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/qmp.h"

#include <assert.h>
#include <stdio.h>

#define REPLY_BYTES_MAX (UINT64_C(1) << 20)
#define REPLY_DEPTH_MAX 16

static const char *const qmp_command_table[] = {
        [QMP_QUERY_STATUS] = "{\"execute\":\"query-status\"}",
        [QMP_QUERY_MIGRATE] = "{\"execute\":\"query-migrate\"}",
        [QMP_SET_MODE_CPR_REBOOT] =
                        "{\"execute\":\"migrate-set-parameters\",\"arguments\":{\"mode\":\"cpr-reboot\"}}",
        [QMP_SET_MODE_NORMAL] =
                        "{\"execute\":\"migrate-set-parameters\",\"arguments\":{\"mode\":\"normal\"}}",
        [QMP_STOP] = "{\"execute\":\"stop\"}",
        [QMP_CONT] = "{\"execute\":\"cont\"}",
};
static_assert(ELEMENTSOF(qmp_command_table) == _QMP_COMMAND_MAX, "a command without its text");

const char *qmp_command_text(QmpCommand c)
{
        assert(c < _QMP_COMMAND_MAX);
        return qmp_command_table[c];
}

static void free_tokener(json_tokener **t)
{
        if (*t)
                json_tokener_free(*t);
}

int qmp_parse_reply(const char *reply, json_object **ret_owner, json_object **ret_value, Failure *reterr)
{
        _cleanup_(qmp_reply_put) json_object *o = NULL;
        _cleanup_(free_tokener) json_tokener *t = NULL;
        size_t size = strlen(reply);
        json_object *value, *desc;

        if (size > REPLY_BYTES_MAX)
                return failure_set(reterr, FAILURE_LIBVIRT,
                                   "a monitor or agent reply is larger than %llu bytes",
                                   (unsigned long long) REPLY_BYTES_MAX);

        t = json_tokener_new_ex(REPLY_DEPTH_MAX);
        if (!t)
                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "monitor reply");

        /* With the final NUL, else a bare number would count as unfinished. */
        o = json_tokener_parse_ex(t, reply, (int) size + 1);
        if (!o || !json_object_is_type(o, json_type_object))
                return failure_set(reterr, FAILURE_LIBVIRT, "a monitor or agent reply is no JSON object");

        if (json_object_object_get_ex(o, "error", &value)) {
                const char *text = json_object_object_get_ex(value, "desc", &desc)
                                                   ? json_object_get_string(desc)
                                                   : NULL;

                return failure_set(reterr, FAILURE_LIBVIRT, "QEMU refuses: %s",
                                   text ? text : "no reason given");
        }

        if (!json_object_object_get_ex(o, "return", &value))
                return failure_set(reterr, FAILURE_LIBVIRT, "a monitor or agent reply has no result");

        *ret_owner = TAKE_PTR(o);
        *ret_value = value;
        return 0;
}

int qmp_check_reply(const char *reply, Failure *reterr)
{
        _cleanup_(qmp_reply_put) json_object *owner = NULL;
        json_object *value;

        assert(reply);

        return qmp_parse_reply(reply, &owner, &value, reterr);
}

const char *qmp_get_string(json_object *o, const char *key)
{
        json_object *value;

        if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, key, &value) ||
            !json_object_is_type(value, json_type_string))
                return NULL;

        return json_object_get_string(value);
}

int qmp_parse_status(const char *reply, QmpStatus *ret, Failure *reterr)
{
        _cleanup_(qmp_reply_put) json_object *owner = NULL;
        json_object *value;
        const char *status;
        int r;

        assert(reply);
        assert(ret);

        r = qmp_parse_reply(reply, &owner, &value, reterr);
        if (r < 0)
                return r;

        status = qmp_get_string(value, "status");
        if (!status)
                return failure_set(reterr, FAILURE_LIBVIRT, "QEMU's reply to query-status has no status");

        *ret = (QmpStatus) {
                .status = qemu_status_from_qmp(status),
                .prelaunch = streq(status, "prelaunch"),
                .incoming = streq(status, "inmigrate"),
        };
        return 0;
}

int qmp_parse_migrate_completed(const char *reply, bool *ret, Failure *reterr)
{
        _cleanup_(qmp_reply_put) json_object *owner = NULL;
        json_object *value;
        int r;

        assert(reply);
        assert(ret);

        r = qmp_parse_reply(reply, &owner, &value, reterr);
        if (r < 0)
                return r;

        /* No status at all: this QEMU has never migrated. */
        *ret = streq_ptr(qmp_get_string(value, "status"), "completed");
        return 0;
}

int qmp_parse_migration_blockers(const char *reply, char **ret, Failure *reterr)
{
        _cleanup_(qmp_reply_put) json_object *owner = NULL;
        _cleanup_free_ char *all = NULL;
        json_object *value, *reasons;
        int r;

        assert(reply);
        assert(ret);

        r = qmp_parse_reply(reply, &owner, &value, reterr);
        if (r < 0)
                return r;

        *ret = NULL;
        if (!json_object_is_type(value, json_type_object) ||
            !json_object_object_get_ex(value, "blocked-reasons", &reasons) ||
            !json_object_is_type(reasons, json_type_array))
                return 0;

        for (size_t i = 0; i < json_object_array_length(reasons); i++) {
                const char *reason = json_object_get_string(json_object_array_get_idx(reasons, i));
                char *longer;

                if (asprintf(&longer, "%s%s%s", all ? all : "", all ? "; " : "", reason ? reason : "?") < 0)
                        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "monitor reply");
                free(all);
                all = longer;
        }

        *ret = TAKE_PTR(all);
        return 0;
}
