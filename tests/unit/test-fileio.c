/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* Files that cannot be written to their end: the old content stays, and nothing lies about. Others that cannot be read. */

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "basic/clock.h"
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

/* Who never closes its end is not waited for longer; what it has written by then is not taken for the whole. */
static void test_deadline(void)
{
        _cleanup_close_ int read_end = -EBADF, write_end = -EBADF;
        _cleanup_free_ char *text = NULL;
        size_t size;
        int ends[2];

        CHECK(pipe2(ends, O_CLOEXEC) == 0);
        read_end = ends[0];
        write_end = ends[1];
        CHECK(write(write_end, "half", 4) == 4);
        CHECK(read_fd(read_end, 1 << 20, clock_monotonic_usec() + 20 * USEC_PER_MSEC, &text, &size) ==
                              -ETIMEDOUT &&
              !text);

        CHECK(write(write_end, "whole", 5) == 5);
        close(TAKE_FD(write_end));
        CHECK(read_fd(read_end, 1 << 20, clock_monotonic_usec() + 10 * USEC_PER_SEC, &text, &size) >= 0);
        CHECK(size == 5 && streq(text, "whole"));
}

static void test_hex_attributes(int dir_fd)
{
        static const struct {
                const char *text;
                unsigned bits;
                int64_t expect; /* negative: refused */
        } cases[] = {
                { "0x1002\n", 16, 0x1002 },
                { "0x030000\n", 24, 0x030000 },
                { "0xffffffff\n", 32, 0xffffffff },
                { "0x0\n", 16, 0 },
                { "0x11002\n", 16, -1 },
                { "0x1000000000001002\n", 16, -1 },
                { "0x1002 and more\n", 16, -1 },
                { "0x\n", 16, -1 },
                { "0x-1\n", 16, -1 },
                { "1002\n", 16, -1 },
                { "\n", 16, -1 },
        };

        for (size_t i = 0; i < ELEMENTSOF(cases); i++) {
                uint32_t value = 0;
                int r;

                CHECK(write_file_atomic_at(dir_fd, "id", cases[i].text, strlen(cases[i].text)) >= 0);
                r = read_hex_attr_at(dir_fd, "id", cases[i].bits, &value);
                CHECK(cases[i].expect < 0 ? r == -EBADMSG : r >= 0 && value == (uint32_t) cases[i].expect);
        }

        CHECK(unlinkat(dir_fd, "id", 0) == 0);
        CHECK(read_hex_attr_at(dir_fd, "id", 16, &(uint32_t) { 0 }) == -ENOENT);
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
        test_deadline();
        test_hex_attributes(dir_fd);

        CHECK(unlinkat(dir_fd, "file", 0) == 0 && rmdir(template) == 0);
        return EXIT_SUCCESS;
}
