/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files that cannot be written to their end: the old content stays, and nothing lies about. */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "basic/fileio.h"
#include "test.h"

#define OLD "what was there before"

static unsigned count_entries(int dir_fd)
{
        int fd = openat(dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        DIR *d = fdopendir(fd);
        unsigned n = 0;

        CHECK(d);
        for (const struct dirent *e; (e = readdir(d));)
                n += !streq(e->d_name, ".") && !streq(e->d_name, "..");
        CHECK(closedir(d) == 0);
        return n;
}

static void expect_old(int dir_fd)
{
        _cleanup_free_ char *text = NULL;
        size_t size;

        CHECK(read_file_at(dir_fd, "file", 1 << 20, &text, &size) >= 0);
        CHECK(streq(text, OLD));
        CHECK(count_entries(dir_fd) == 1);
}

/* The kernel takes what fits, and refuses the rest: a write that is short, and one that fails. */
static void test_short_writes(int dir_fd)
{
        const struct rlimit all = { RLIM_INFINITY, RLIM_INFINITY };
        char data[8192];

        memset(data, 'x', sizeof(data));
        for (rlim_t limit = 0; limit < sizeof(data); limit += 509) {
                CHECK(setrlimit(RLIMIT_FSIZE, &(struct rlimit) { limit, RLIM_INFINITY }) == 0);
                CHECK(write_file_atomic_at(dir_fd, "file", data, sizeof(data)) == -EFBIG);
                CHECK(setrlimit(RLIMIT_FSIZE, &all) == 0);
                expect_old(dir_fd);
        }
}

/* A name that is taken by something that no file replaces. */
static void test_rename_fails(int dir_fd)
{
        CHECK(mkdirat(dir_fd, "directory", 0700) == 0);
        CHECK(write_file_atomic_at(dir_fd, "directory", "x", 1) < 0);
        CHECK(unlinkat(dir_fd, "directory", AT_REMOVEDIR) == 0);
        expect_old(dir_fd);
}

/* Nobody writes into it: who waited would wait for ever. */
static void test_no_file(int dir_fd)
{
        _cleanup_free_ char *text = NULL;
        size_t size;

        CHECK(mkfifoat(dir_fd, "fifo", 0600) == 0);
        CHECK(read_file_at(dir_fd, "fifo", 1 << 20, &text, &size) == -EBADFD && !text);
        CHECK(unlinkat(dir_fd, "fifo", 0) == 0);
        CHECK(read_file_at(dir_fd, ".", 1 << 20, &text, &size) == -EISDIR && !text);
        CHECK(read_file_at(dir_fd, "fifo", 1 << 20, &text, &size) == -ENOENT && !text);
}

int main(void)
{
        char template[] = "/tmp/test-fileio-XXXXXX";
        _cleanup_close_ int dir_fd = -EBADF;

        CHECK(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
        CHECK(mkdtemp(template));
        dir_fd = open(template, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK(dir_fd >= 0);
        CHECK(write_file_atomic_at(dir_fd, "file", OLD, strlen(OLD)) >= 0);

        test_short_writes(dir_fd);
        test_rename_fails(dir_fd);
        test_no_file(dir_fd);

        CHECK(unlinkat(dir_fd, "file", 0) == 0 && rmdir(template) == 0);
        return EXIT_SUCCESS;
}
