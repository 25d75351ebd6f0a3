/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* The verb "probe ADDRESS": is a function that nobody has fit to be given to a guest? */

#include "core/pci-address.h"
#include "store/config.h"

/* Resets it, reads its config space, asks its gate and has it cleaned, in this order and until one of it fails; prints what
 * failed as one line, in the form of a verdict. */
int probe_print(const Config *config, const PciAddress *a) _warn_unused_result_;
