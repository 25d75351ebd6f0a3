/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * WorkerProcess: a process that works for the daemon, known by pidfd: a child that was spawned, or one that
 * an earlier daemon spawned and this one adopts. It survives the daemon: freeing lets go of it, it does not
 * end it.
 */

#include <signal.h>
#include <systemd/sd-event.h>

#include "basic/macro.h"

typedef struct WorkerProcess WorkerProcess;

/* `how` is NULL for an adopted process, whose exit status only its parent can learn. The handler may free
 * the process. */
typedef void (*WorkerExitHandler)(WorkerProcess *p, const siginfo_t *how, void *userdata);

/* argv[0] is the program's path. The child has `stdin_fd` (negative: /dev/null), `stdout_fd` (negative: the
 * daemon's stderr) and the daemon's stderr; no other descriptor. SIGTERM and SIGUSR1 are blocked: what is asked of it before it has its
 * handlers waits until it unblocks them. */
int worker_process_spawn(sd_event *event, const char *const *argv, const char *notify_socket, int stdin_fd,
                         int stdout_fd, WorkerExitHandler handler, void *userdata,
                         WorkerProcess **ret) _warn_unused_result_;
/* With its stdout on a pipe: `output_handler` reads the end that does not block, which the source owns. */
int worker_process_spawn_piped(sd_event *event, const char *const *argv, const char *notify_socket,
                               int stdin_fd, sd_event_io_handler_t output_handler,
                               WorkerExitHandler exit_handler, void *userdata, sd_event_source **ret_output,
                               WorkerProcess **ret) _warn_unused_result_;
/* -ESRCH: no such process, or another one that was given the same id since. */
int worker_process_adopt(sd_event *event, uint32_t pid, uint64_t start_ticks, WorkerExitHandler handler,
                         void *userdata, WorkerProcess **ret) _warn_unused_result_;
int worker_process_signal(WorkerProcess *p, int signal_number);
WorkerProcess *worker_process_free(WorkerProcess *p);
DEFINE_CLEANUP_FUNC(WorkerProcess *, worker_process_free);

#define WORKER_EXIT_STRING_MAX 64U
/* "exited with status 1", "was killed by signal 9", "ended". */
const char *worker_exit_format(const siginfo_t *how, char buf[static WORKER_EXIT_STRING_MAX]);
