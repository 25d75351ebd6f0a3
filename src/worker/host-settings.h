/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* What the host layer is told of the configuration: it knows no files of ours. */

#include "host/real-host.h"
#include "store/config.h"

/* Points into *config, which must outlive the result. `canceled` may be NULL. */
RealHostSettings host_settings(const Config *config, const volatile sig_atomic_t *canceled);
