/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/qmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
        _cleanup_free_ char *reply = strndup((const char *) data, size);
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_free_ char *blockers = NULL;
        QmpStatus status;
        bool completed;

        if (!reply)
                return 0;

        if (qmp_parse_status(reply, &status, &why) < 0 && why.code == FAILURE_NONE)
                abort();
        if (qmp_parse_migrate_completed(reply, &completed, NULL) >= 0 && qmp_check_reply(reply, NULL) < 0)
                abort();
        if (qmp_parse_migration_blockers(reply, &blockers, NULL) >= 0 && qmp_check_reply(reply, NULL) < 0)
                abort();
        return 0;
}
