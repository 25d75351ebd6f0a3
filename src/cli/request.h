/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What is asked of a domain: the arguments (s, a{sv}) of Hibernate, Resume, Move and Explain. */

#include "cli/ctl.h"

int request_append(sd_bus_message *m, const Ctl *c) _warn_unused_result_;
