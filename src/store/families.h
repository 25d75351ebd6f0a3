/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The families of devices: one JSON file for each, documented in vgpu-hibernate.json(5). */

#include "core/family.h"

#define FAMILIES_ADMIN_DIR "/etc/vgpu-hibernate/families.d"
#define FAMILIES_DIRS_MAX 3 /* with the final NULL */

/* All files NAME.json of the directories (NULL at the end), in which the family NAME is described. An earlier directory comes
 * first: its file stands for that of the same name in a later one, and what it says of a device for what a later one says.
 * A directory that is not there has none. What is wrong with a file is an error with its path and that of the member. */
int families_load(const char *const *dirs, Families *ret, Failure *reterr) _warn_unused_result_;
/* `where` is for messages. */
int family_parse(const char *text, size_t size, const char *where, const char *name, Family *ret,
                 Failure *reterr) _warn_unused_result_;
