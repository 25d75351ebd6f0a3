/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * libvirt's qemu hook: /etc/libvirt/hooks/qemu.d/vgpu-hibernate NAME OPERATION SUBOPERATION EXTRA, domain XML on stdin.
 * libvirt keeps the domain locked and waits, so nothing here asks libvirt, and all of it ends within HOOK_DEADLINE_USEC.
 *
 * Most calls are none of our business and end at once: other operations, and domains that have neither a PCI device nor
 * a record. For the others the daemon is asked. When there is none to answer, the files of the state directory and
 * sysfs decide: a domain that is hibernated, or that owns a function which the configuration matches, is refused; all
 * others start as if this program were not installed.
 *
 * libvirt asks twice before it starts a domain from an image. Refused is only the second time; at the first it would
 * unlink the image (hook.c).
 *
 * An image that libvirt is to restore may get other functions: the rewritten XML goes to stdout. Else nothing is printed,
 * which libvirt takes for the XML unchanged. A refusal is one line on stderr, which libvirt puts into its error, and
 * status 1.
 */

#include "core/failure.h"

#define HOOK_DEADLINE_USEC (2 * USEC_PER_SEC)

typedef struct HookPaths {
        const char *config;
        const char *state_dir;
        const char *pci_devices; /* of sysfs */
        bool user_bus;           /* the session's, for tests */
} HookPaths;

/* Reads the XML from `xml_fd`. 0, and *ret_xml is what takes its place, to be freed, NULL: as it is. Or -EREMOTEIO:
 * refused, *reterr says why. */
int hook_run(const HookPaths *paths, const char *name, const char *operation, const char *suboperation,
             int xml_fd, char **ret_xml, Failure *reterr) _warn_unused_result_;
