/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/image-disk.h"

#include <fcntl.h>
#include <stdio.h>

#include "basic/fileio.h"

#define MOUNTINFO_BYTES_MAX (16U * 1024 * 1024)

/* proc_pid_mountinfo(5): white space and backslashes in names are "\040" and the like. In place. */
static void unescape(char *s)
{
        char *to = s;
        unsigned code;

        while (*s != '\0') {
                if (s[0] == '\\' && sscanf(s + 1, "%3o", &code) == 1) {
                        *to++ = (char) code;
                        s += 4;
                } else
                        *to++ = *s++;
        }

        *to = '\0';
}

static bool is_below(const char *dir, const char *mount_point)
{
        size_t n = strlen(mount_point);

        return strncmp(dir, mount_point, n) == 0 &&
               (dir[n] == '\0' || dir[n] == '/' || (n > 0 && mount_point[n - 1] == '/'));
}

/* "MAJOR:MINOR" of the file system that has `dir`: of the deepest mount point, and there of the last one, which hides
 * the others. NULL: none, no memory. */
static char *find_device(const char *mountinfo, const char *dir)
{
        char *device = NULL;
        size_t depth = 0;

        for (const char *line = mountinfo; line && *line; line = strchr(line, '\n'), line += line != NULL) {
                _cleanup_free_ char *number = NULL, *point = NULL;

                if (sscanf(line, "%*s %*s %m[0-9:] %*s %ms", &number, &point) != 2)
                        continue;

                unescape(point);
                if (!is_below(dir, point) || strlen(point) < depth)
                        continue;

                depth = strlen(point);
                free(device);
                device = TAKE_PTR(number);
        }

        return device;
}

static bool is_rotational(int block_fd, const char *device)
{
        /* A partition has the queue of the disk above it. */
        static const char *const queues[] = { "queue/rotational", "../queue/rotational" };
        _cleanup_close_ int fd = openat(block_fd, device, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        for (size_t i = 0; fd >= 0 && i < ELEMENTSOF(queues); i++) {
                _cleanup_free_ char *value = NULL;

                if (read_attr_at(fd, queues[i], &value) >= 0)
                        return streq(value, "1");
        }

        return false;
}

unsigned image_disk_jobs(const char *mountinfo, int block_fd, const char *dir)
{
        _cleanup_free_ char *device = find_device(mountinfo, dir);

        return device && is_rotational(block_fd, device) ? IMAGE_DISK_JOBS_ROTATIONAL
                                                         : IMAGE_DISK_JOBS_OTHER;
}

unsigned image_disk_jobs_of_host(const char *dir)
{
        _cleanup_close_ int block_fd = open("/sys/dev/block", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        _cleanup_free_ char *mountinfo = NULL;

        if (read_file_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_BYTES_MAX, &mountinfo, NULL) < 0)
                return IMAGE_DISK_JOBS_OTHER;

        return image_disk_jobs(mountinfo, block_fd, dir);
}
