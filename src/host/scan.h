/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* One snapshot of this host: its pooled functions, and libvirt's domains. */

#include "core/world.h"
#include "host/pci-scan.h"
#include "host/real-host.h"

/* libvirt being away is not an error: *ret says so, and has the functions. */
int host_scan(const RealHostSettings *settings, World **ret, Failure *reterr) _warn_unused_result_;
/* The same over a connection of the caller's; NULL with the reason in `away`. `identities` make the next one faster. */
int host_scan_over(const RealHostSettings *settings, PciIdentities *identities, virConnectPtr c,
                   const char *away, World **ret, Failure *reterr) _warn_unused_result_;

/* Which of them are pooled, in their order; `ret` has room for all. */
int scan_pooled(const RealHostSettings *settings, const PciAddress *functions, size_t n, PciAddress *ret,
                size_t *ret_n, Failure *reterr) _warn_unused_result_;
/* The domains of a snapshot. One that libvirt cannot describe leaves w->libvirt_ok false: which functions are free is then
 * unknown. `flags` are those of virConnectListAllDomains(). */
int scan_domains(virConnectPtr c, unsigned flags, World *w, Failure *reterr) _warn_unused_result_;
