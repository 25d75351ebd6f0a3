/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/worker-answer.h"

#include <inttypes.h>

#include "daemon/worker-process.h"
#include "store/json-util.h"
#include "store/verdict-json.h"

struct WorkerAnswer {
        WorkerProcess *process;
        sd_event_source *output; /* owns the read end of the pipe */
        sd_event_source *deadline;
        uint64_t deadline_usec;
        char *text; /* bytes_max, and one more: by which is known that it was too much */
        size_t size, bytes_max;
        bool answered;
        WorkerAnswerHandlers handlers;
        void *userdata;
};

WorkerAnswer *worker_answer_free(WorkerAnswer *a)
{
        if (!a)
                return NULL;

        if (a->process)
                (void) worker_process_signal(a->process, SIGKILL); /* fails when it has ended */
        worker_process_free(a->process);
        sd_event_source_disable_unref(a->output);
        sd_event_source_disable_unref(a->deadline);
        free(a->text);
        free(a);
        return NULL;
}

static void worker_answer_tell(WorkerAnswer *a, const Failure *why)
{
        if (a->answered)
                return;

        a->answered = true;
        a->handlers.answered(why ? NULL : a->text, why ? 0 : a->size, why, a->userdata);
}

/* Its end follows. */
static void worker_answer_kill(WorkerAnswer *a, const Failure *why)
{
        a->output = sd_event_source_disable_unref(a->output);
        (void) sd_event_source_set_enabled(a->deadline, SD_EVENT_OFF);
        (void) worker_process_signal(a->process, SIGKILL);
        worker_answer_tell(a, why);
}

void worker_answer_cancel(WorkerAnswer *a)
{
        a->answered = true;
        worker_answer_kill(a, NULL);
}

/* -EAGAIN: there may be more later. 0: that was all. */
static int worker_answer_read(WorkerAnswer *a, int fd, Failure *reterr)
{
        for (;;) {
                ssize_t n = read(fd, a->text + a->size, a->bytes_max + 1 - a->size);

                if (n < 0 && (errno == EAGAIN || errno == EINTR))
                        return -EAGAIN;
                if (n < 0)
                        return failure_set_errno(reterr, FAILURE_HOST, errno, "cannot read from the worker");
                if (n == 0)
                        return 0;

                a->size += (size_t) n;
                if (a->size > a->bytes_max)
                        return failure_set(reterr, FAILURE_HOST, "the worker says more than %zu bytes",
                                           a->bytes_max);
        }
}

static int on_output(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
        _cleanup_(failure_done) Failure why = { 0 };
        WorkerAnswer *a = userdata;
        int r;

        r = worker_answer_read(a, fd, &why);
        if (r == 0) /* whether it meant what it said tells its exit status */
                a->output = sd_event_source_disable_unref(a->output);
        else if (r != -EAGAIN)
                worker_answer_kill(a, &why);
        return 0;
}

static int on_deadline(sd_event_source *s, uint64_t usec, void *userdata)
{
        _cleanup_(failure_done) Failure why = { 0 };
        WorkerAnswer *a = userdata;

        (void) failure_set(&why, a->handlers.late, "%s within %" PRIu64 " s; %s", a->handlers.late_text,
                           a->deadline_usec / USEC_PER_SEC, a->handlers.late_remedy);
        worker_answer_kill(a, &why);
        return 0;
}

static void on_exit_of_worker(WorkerProcess *p, const siginfo_t *how, void *userdata)
{
        _cleanup_(failure_done) Failure why = { 0 };
        char text[WORKER_EXIT_STRING_MAX];
        WorkerAnswer *a = userdata;
        int r = 0;

        /* What it said last may not have been read yet. */
        if (a->output)
                r = worker_answer_read(a, sd_event_source_get_io_fd(a->output), &why);

        if (how->si_code != CLD_EXITED || how->si_status != EXIT_SUCCESS)
                (void) failure_set(&why, FAILURE_WORKER_DIED,
                                   "the worker that was to find out %s; see the journal",
                                   worker_exit_format(how, text));
        else if (r == -EAGAIN) /* somebody else holds the pipe: no such worker is ours */
                (void) failure_set(&why, FAILURE_HOST, "the worker left before it had said all");

        worker_answer_tell(a, why.code != FAILURE_NONE ? &why : NULL);
        a->handlers.ended(a->userdata);
}

int worker_answer_new(sd_event *event, const char *const *argv, const char *notify_socket, int stdin_fd,
                      uint64_t deadline_usec, size_t bytes_max, const WorkerAnswerHandlers *handlers,
                      void *userdata, WorkerAnswer **ret)
{
        _cleanup_(worker_answer_freep) WorkerAnswer *a = NULL;
        int r;

        a = malloc(sizeof(WorkerAnswer));
        if (!a)
                return -ENOMEM;

        *a = (WorkerAnswer) {
                .text = malloc(bytes_max + 1),
                .bytes_max = bytes_max,
                .deadline_usec = deadline_usec,
                .handlers = *handlers,
                .userdata = userdata,
        };
        if (!a->text)
                return -ENOMEM;

        r = sd_event_add_time_relative(event, &a->deadline, CLOCK_MONOTONIC, deadline_usec, 0, on_deadline,
                                       a);
        if (r < 0)
                return r;

        r = worker_process_spawn_piped(event, argv, notify_socket, stdin_fd, on_output, on_exit_of_worker, a,
                                       &a->output, &a->process);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(a);
        return 0;
}

int worker_answer_read_verdict(const char *text, size_t size, Verdict *ret, Failure *reterr)
{
        _cleanup_(failure_done) Failure why = { 0 };
        _cleanup_json_ json_object *o = NULL;

        if (json_parse(text, size, "what the worker says", &o, &why) < 0 ||
            verdict_from_json(o, ret, &why) < 0)
                return failure_set(reterr, FAILURE_HOST, "the worker's answer is not understood: %s",
                                   failure_message(&why));

        return 0;
}

int worker_answer_check(const char *text, size_t size, Failure *reterr)
{
        _cleanup_(verdict_done) Verdict verdict = { 0 };
        int r;

        r = worker_answer_read_verdict(text, size, &verdict, reterr);
        return r < 0 ? r : findings_check(&verdict.findings, reterr);
}
