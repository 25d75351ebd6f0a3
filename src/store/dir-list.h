/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* A directory of JSON files, one per entity: walking it, and setting aside what cannot be read. */

#include "core/failure.h"

/* One file of the directory; `key` is its name without ".json". Negative with *reterr: when its content is wrong
 * (json_error_is_content()) it is renamed to NAME.broken and the walk goes on, anything else ends the walk. */
typedef int (*DirListEntry)(int dir_fd, const char *key, void *userdata, Failure *reterr);

int dir_list(int dir_fd, DirListEntry entry, void *userdata, size_t *ret_broken,
             Failure *reterr) _warn_unused_result_;
/* Renames NAME to NAME.broken, durably. */
int dir_set_aside(int dir_fd, const char *name) _warn_unused_result_;
