/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/text-diff.h"

#include <stdio.h>
#include <sys/mman.h>

#include "basic/clock.h"
#include "basic/fileio.h"
#include "host/command.h"

#define DEADLINE_USEC (10 * USEC_PER_SEC)
#define STATUS_DIFFERENT 1 /* 2: trouble */
#define HEADER_LINES 2U

/* The program finds it among our own open files. */
static int open_text(const char *text, int *ret_fd, char **ret_path)
{
        _cleanup_close_ int fd = memfd_create("text", MFD_CLOEXEC);
        int r;

        if (fd < 0)
                return -errno;

        r = write_all(fd, text, strlen(text));
        if (r < 0)
                return r;

        if (asprintf(ret_path, "/proc/%d/fd/%d", getpid(), fd) < 0) {
                *ret_path = NULL;
                return -ENOMEM;
        }

        *ret_fd = TAKE_FD(fd);
        return 0;
}

int text_diff(const char *from, const char *to, char **ret, Failure *reterr)
{
        static char program[] = "diff", unified[] = "--unified";
        _cleanup_close_ int from_fd = -EBADF, to_fd = -EBADF;
        _cleanup_free_ char *from_path = NULL, *to_path = NULL, *output = NULL;
        char *words[] = { program, unified, NULL, NULL, NULL }, *hunks;
        int r;

        if ((r = open_text(from, &from_fd, &from_path)) < 0 || (r = open_text(to, &to_fd, &to_path)) < 0)
                return failure_set_errno(reterr, FAILURE_HOST, r, "cannot compare texts");

        words[2] = from_path;
        words[3] = to_path;
        r = command_run(words, DEADLINE_USEC, STATUS_DIFFERENT, &output, NULL, reterr);
        if (r < 0)
                return r;

        hunks = output;
        for (size_t i = 0; i < HEADER_LINES && *hunks; i++) {
                hunks += strcspn(hunks, "\n");
                hunks += *hunks == '\n';
        }

        *ret = strdup(hunks);
        return *ret ? 0 : failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot compare texts");
}
