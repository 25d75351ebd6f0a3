/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * Runs a program of the host's that is not ours, and expects nothing good of it: no shell, an empty environment but for
 * PATH and LANG, nothing on stdin, a deadline, and an end to what it may say. It is the leader of a process group, and
 * with it ends the whole group, also what it left running. (One that made a session of its own is out of reach, but
 * holds nothing up: its pipe is not waited for.)
 */

#include "core/failure.h"

#define COMMAND_OUTPUT_BYTES_MAX ((size_t) 1 << 20)
#define COMMAND_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
#define COMMAND_LINE_MAX (200U + 1) /* with the final NUL */

/* words[0]: the program's absolute path, or a name that is looked for in COMMAND_PATH. 0 when it exited with at
 * most status_max; what it wrote to stdout is in *ret_output (owned, NUL-terminated; both may be NULL: thrown away). -ENOENT: there is no such
 * file; one that is there and cannot be run gives another error. -ETIME: not by the deadline. Else it failed, and *reterr
 * says with the last line of its stderr how. */
int command_run(char *const *words, uint64_t deadline_usec, int status_max, char **ret_output,
                size_t *ret_size, Failure *reterr) _warn_unused_result_;

/* What a program said, as one line for people: its last one that is not empty, in ASCII that prints. */
void command_line_for_people(const char *text, size_t size, char ret[static COMMAND_LINE_MAX]);
