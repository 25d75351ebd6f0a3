/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "basic/fileio.h"

#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <sys/stat.h>

#include "basic/clock.h"

#define READ_CHUNK_BYTES 4096U
/* A longer wait is begun again. */
#define POLL_USEC_MAX (60 * USEC_PER_SEC)

static int wait_readable(int fd, uint64_t deadline_usec)
{
        struct pollfd p = { .fd = fd, .events = POLLIN };

        for (;;) {
                uint64_t now = clock_monotonic_usec(), usec;
                int r;

                if (now >= deadline_usec)
                        return -ETIMEDOUT;

                usec = deadline_usec - now < POLL_USEC_MAX ? deadline_usec - now : POLL_USEC_MAX;
                r = poll(&p, 1, (int) (usec / USEC_PER_MSEC) + 1);
                if (r > 0)
                        return 0;
                if (r < 0 && errno != EINTR)
                        return -errno;
        }
}

int read_fd(int fd, size_t max, uint64_t deadline_usec, char **ret, size_t *ret_size)
{
        _cleanup_free_ char *buf = NULL;
        size_t size = 0, allocated = 0;

        for (;;) {
                ssize_t n;
                int r;

                if (allocated - size < 2) {
                        char *bigger;

                        allocated = allocated == 0 ? READ_CHUNK_BYTES : allocated * 2;
                        bigger = realloc(buf, allocated);
                        if (!bigger)
                                return -ENOMEM;
                        buf = bigger;
                }

                r = deadline_usec == UINT64_MAX ? 0 : wait_readable(fd, deadline_usec);
                if (r < 0)
                        return r;

                n = read(fd, buf + size, allocated - size - 1);
                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        break;

                size += (size_t) n;
                if (size > max)
                        return -EFBIG;
        }

        buf[size] = '\0';
        *ret = TAKE_PTR(buf);
        if (ret_size)
                *ret_size = size;
        return 0;
}

int read_file_at(int dir_fd, const char *name, size_t max, char **ret, size_t *ret_size)
{
        _cleanup_close_ int fd = -EBADF;
        struct stat st;

        /* A FIFO would be waited for. */
        fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
        if (fd < 0 || fstat(fd, &st) < 0)
                return -errno;
        if (S_ISDIR(st.st_mode))
                return -EISDIR;
        if (!S_ISREG(st.st_mode))
                return -EBADFD;

        return read_fd(fd, max, UINT64_MAX, ret, ret_size);
}

int read_attr_at(int dir_fd, const char *name, char **ret)
{
        _cleanup_free_ char *text = NULL;
        size_t size;
        int r;

        r = read_file_at(dir_fd, name, READ_CHUNK_BYTES, &text, &size);
        if (r < 0)
                return r;

        while (size > 0 && strchr(" \t\r\n", text[size - 1]))
                text[--size] = '\0';

        *ret = TAKE_PTR(text);
        return 0;
}

int read_hex_attr_at(int dir_fd, const char *name, unsigned bits, uint32_t *ret)
{
        _cleanup_free_ char *text = NULL;
        uint64_t value;
        int length = 0, r;

        r = read_attr_at(dir_fd, name, &text);
        if (r < 0)
                return r;

        if (sscanf(text, "0x%15" SCNx64 "%n", &value, &length) != 1 || text[length] || value >> bits != 0)
                return -EBADMSG;

        *ret = (uint32_t) value;
        return 0;
}

int write_attr_at(int dir_fd, const char *name, const char *value)
{
        _cleanup_close_ int fd = -EBADF;
        size_t size = strlen(value);
        ssize_t n;

        fd = openat(dir_fd, name, O_WRONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
                return -errno;

        do
                n = write(fd, value, size);
        while (n < 0 && errno == EINTR);

        if (n < 0)
                return -errno;

        return (size_t) n == size ? 0 : -EIO;
}

int write_all(int fd, const char *data, size_t size)
{
        while (size > 0) {
                ssize_t n = write(fd, data, size);

                if (n < 0 && errno == EINTR)
                        continue;
                if (n < 0)
                        return -errno;
                if (n == 0)
                        return -EIO;

                data += n;
                size -= (size_t) n;
        }

        return 0;
}

static int write_and_sync(int fd, const char *data, size_t size)
{
        int r = write_all(fd, data, size);

        if (r < 0)
                return r;

        return fsync(fd) < 0 ? -errno : 0;
}

int write_file_atomic_at(int dir_fd, const char *name, const char *data, size_t size)
{
        _cleanup_close_ int fd = -EBADF;
        _cleanup_free_ char *tmp = NULL;
        int r;

        /* Every file has one writer (the daemon, or the one worker that holds the job's lock), so that a fixed name
         * cannot collide, and what a killed writer left is overwritten by the next. */
        if (asprintf(&tmp, ".%s.tmp", name) < 0) {
                tmp = NULL;
                return -ENOMEM;
        }

        fd = openat(dir_fd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
        if (fd < 0)
                return -errno;

        r = write_and_sync(fd, data, size);
        if (r >= 0 && renameat(dir_fd, tmp, dir_fd, name) < 0)
                r = -errno;
        if (r < 0) {
                (void) unlinkat(dir_fd, tmp, 0);
                return r;
        }

        return fsync_directory_at(dir_fd, ".");
}

int fsync_directory_at(int dir_fd, const char *path)
{
        _cleanup_close_ int fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

        if (fd < 0)
                return -errno;

        return fsync(fd) < 0 ? -errno : 0;
}

int open_directory_at(int dir_fd, const char *path, bool create, int *ret_fd)
{
        int fd;

        if (create && mkdirat(dir_fd, path, 0700) < 0 && errno != EEXIST)
                return -errno;

        fd = openat(dir_fd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fd < 0)
                return -errno;

        *ret_fd = fd;
        return 0;
}

int readlink_basename_at(int dir_fd, const char *name, char **ret)
{
        char target[PATH_MAX];
        const char *slash;
        char *base;
        ssize_t n;

        n = readlinkat(dir_fd, name, target, sizeof(target) - 1);
        if (n < 0)
                return -errno;
        target[n] = '\0';

        slash = strrchr(target, '/');
        base = strdup(slash ? slash + 1 : target);
        if (!base)
                return -ENOMEM;

        *ret = base;
        return 0;
}
