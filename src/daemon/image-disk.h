/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * How many jobs should run at once on the disk that images are on, when the configuration does not say. Writers that
 * share a spinning disk make it seek and all end later than one after the other would; anything else gains from a few.
 *
 * Neither the directory nor its file system is touched, since one of a network that is away would block: the kernel's
 * list of mounts names the device, and the device's queue in sysfs says whether it spins.
 */

#include "basic/macro.h"

#define IMAGE_DISK_JOBS_ROTATIONAL 2U
#define IMAGE_DISK_JOBS_OTHER 4U

/* mountinfo: the text of proc_pid_mountinfo(5); block_fd: /sys/dev/block. What cannot be found out does not spin. */
unsigned image_disk_jobs(const char *mountinfo, int block_fd, const char *dir);
/* The same for this host. */
unsigned image_disk_jobs_of_host(const char *dir);
