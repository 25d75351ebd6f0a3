/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * WorkerAnswer: a worker that is asked one thing, and says it in one go on stdout before a deadline. Unlike a job's
 * worker it has nothing that could be lost: it is killed when it takes too long, says too much, or nobody waits for it
 * any more. A process in the kernel's hands may outlive even that for a while, so that its answer and its end are two
 * things: who bounds how many there are counts until the end.
 */

#include <systemd/sd-event.h>

#include "core/verdict.h"

typedef struct WorkerAnswer WorkerAnswer;

typedef struct WorkerAnswerHandlers {
        /* At most once. NULL: there is none, and `why` says why not: `late` at the deadline, FAILURE_WORKER_DIED, or
         * FAILURE_HOST. */
        void (*answered)(const char *text, size_t size, const Failure *why, void *userdata);
        /* Once, and last: the process is gone. The handler is to free the answer. */
        void (*ended)(void *userdata);
        FailureCode late;
        const char *late_text, *late_remedy; /* "nobody did what was asked", and what helps */
} WorkerAnswerHandlers;

/* stdin_fd: as for worker_process_spawn(). */
int worker_answer_new(sd_event *event, const char *const *argv, const char *notify_socket, int stdin_fd,
                      uint64_t deadline_usec, size_t bytes_max, const WorkerAnswerHandlers *handlers,
                      void *userdata, WorkerAnswer **ret) _warn_unused_result_;
/* An answer that is a verdict (store/verdict-json.h). */
int worker_answer_read_verdict(const char *text, size_t size, Verdict *ret,
                               Failure *reterr) _warn_unused_result_;
/* Of such an answer: 0 when nothing in it blocks. */
int worker_answer_check(const char *text, size_t size, Failure *reterr) _warn_unused_result_;
/* Nobody wants to know any more: no handler but `ended` is called. */
void worker_answer_cancel(WorkerAnswer *a);
/* Before its end: kills, and calls nobody. */
WorkerAnswer *worker_answer_free(WorkerAnswer *a);
DEFINE_CLEANUP_FUNC(WorkerAnswer *, worker_answer_free);
