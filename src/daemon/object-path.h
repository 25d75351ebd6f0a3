/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Object paths: a domain's UUID, a function's address, a job's number and a pool's name as the last element of a path, and
 * back. One thing has exactly one path: what does not encode back to the same text is not read.
 */

#include "core/pci-address.h"

#define UUID_STRING_MAX sizeof("00000000-0000-0000-0000-000000000000")

/* Lower-case hex with '-' in the four places, as libvirt prints it. */
bool uuid_is_valid(const char *s);

/* -ENOMEM. `uuid` must be valid. */
int domain_path_from_uuid(const char *uuid, char **ret) _warn_unused_result_;
/* -ENOENT for a path that no domain can have. */
int domain_path_to_uuid(const char *path, char ret[static UUID_STRING_MAX]) _warn_unused_result_;

int function_path_from_address(const PciAddress *a, char **ret) _warn_unused_result_;
int function_path_to_address(const char *path, PciAddress *ret) _warn_unused_result_;

int job_path_from_id(uint64_t id, char **ret) _warn_unused_result_;
int job_path_to_id(const char *path, uint64_t *ret) _warn_unused_result_;

/* Escaped as sd_bus_path_encode(3) does, for a name may have any character that a configuration allows. */
int pool_path_from_name(const char *name, char **ret) _warn_unused_result_;
int pool_path_to_name(const char *path, char **ret) _warn_unused_result_;

/* Decimal digits only, no sign, no white space. -EINVAL, -ERANGE. */
int parse_u64(const char *s, uint64_t *ret) _warn_unused_result_;
