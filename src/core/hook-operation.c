/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "core/hook-operation.h"

#include "core/enum-table.h"

static const char *const hook_operation_table[] = {
        [HOOK_RESTORE] = "restore",
        [HOOK_PREPARE] = "prepare",
        [HOOK_RELEASE] = "release",
};
DEFINE_ENUM_TABLE(hook_operation, HookOperation, _HOOK_OPERATION_MAX);
