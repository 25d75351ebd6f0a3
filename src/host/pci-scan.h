/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Which virtual functions this host has. Physical functions and whole devices are never listed. */

#include "core/family.h"
#include "core/world.h"
#include "host/pci-identity.h"

typedef bool (*FunctionWanted)(const Function *f, void *userdata);

/* Adds every virtual function that `wanted` accepts to w->functions, by address, free and without an owner.
 * `devices_fd` is the directory /sys/bus/pci/devices; `identity` reads ids and BARs (pci_identity_read(), or
 * a test's own); `families` say which attributes there are, and may be NULL. A function that vanishes or cannot be read is left out. */
int pci_scan(int devices_fd, PciIdentityRead identity, void *identity_userdata, FunctionWanted wanted,
             void *wanted_userdata, const Families *families, World *w,
             Failure *reterr) _warn_unused_result_;
