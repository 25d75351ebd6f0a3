/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/* Small files, whole: directory descriptor first, so that every caller can be pointed at another tree. */

#include "basic/macro.h"

/* Reads what is left in `fd`, which stays open, as read_file_at(). -ETIMEDOUT: who writes into it did not come to an end
 * by `deadline_usec` (CLOCK_MONOTONIC; UINT64_MAX: none). */
int read_fd(int fd, size_t max, uint64_t deadline_usec, char **ret, size_t *ret_size) _warn_unused_result_;

/* Past interruptions and short writes. */
int write_all(int fd, const char *data, size_t size) _warn_unused_result_;

/* Reads at most `max` bytes; -EFBIG when there are more. *ret is NUL-terminated and owned by the caller. */
int read_file_at(int dir_fd, const char *name, size_t max, char **ret,
                 size_t *ret_size) _warn_unused_result_;
/* The same without the trailing white space: a sysfs attribute. */
int read_attr_at(int dir_fd, const char *name, char **ret) _warn_unused_result_;
/* "0x1002", as the ids of a PCI device are told. -EBADMSG: it is no such number, or one of more bits. */
int read_hex_attr_at(int dir_fd, const char *name, unsigned bits, uint32_t *ret) _warn_unused_result_;
/* One write() of the whole string, as sysfs attributes want it; the file must exist. */
int write_attr_at(int dir_fd, const char *name, const char *value) _warn_unused_result_;
/* Durable: temporary file, fsync, rename, fsync of the directory. The old content stays on every failure. */
int write_file_atomic_at(int dir_fd, const char *name, const char *data, size_t size) _warn_unused_result_;
int fsync_directory_at(int dir_fd, const char *path) _warn_unused_result_;
/* mkdir with parents left to the caller; an existing directory is success. Opens it O_DIRECTORY. */
int open_directory_at(int dir_fd, const char *path, bool create, int *ret_fd) _warn_unused_result_;
/* The last path element that the symbolic link points at ("vfio-pci" of ".../driver"). -ENOENT: no link. */
int readlink_basename_at(int dir_fd, const char *name, char **ret) _warn_unused_result_;
