/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What this host knows of families, for verbs that ask no daemon; or what is in --families-dir. */

#include "cli/ctl.h"

int local_families_load(const Ctl *c, Families *ret, Failure *reterr) _warn_unused_result_;
