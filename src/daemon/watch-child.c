/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/watch-child.h"

#include <inttypes.h>
#include <stdio.h>

#include "daemon/worker-process.h"
#include "store/json-util.h"
#include "store/world-json.h"

#define LINE_BYTES_MAX JSON_FILE_BYTES_MAX
#define READ_BYTES_MIN (UINT64_C(64) << 10)
#define ARGV_MAX 16U

struct WatchChild {
        sd_event *event; /* not owned: it outlives us */
        char *argv[ARGV_MAX];
        char *notify_socket;
        WatchHandlers handlers;
        void *userdata;

        WorkerProcess *process;
        sd_event_source *output; /* owns the read end of the pipe */
        sd_event_source *restart;
        char *line; /* what came of the next line so far */
        size_t size, allocated, scanned;
        char *verdict; /* why it was ended by us; NULL: it ended by itself */
        uint64_t started_usec;
        uint64_t backoff_usec;
};

/* Everything of one child, so that nothing of it can be taken for the next one's. */
static void watch_child_drop(WatchChild *c)
{
        c->process = worker_process_free(c->process);
        c->output = sd_event_source_disable_unref(c->output);
        free(c->line);
        free(c->verdict);
        c->line = c->verdict = NULL;
        c->size = c->allocated = c->scanned = 0;
}

WatchChild *watch_child_free(WatchChild *c)
{
        if (!c)
                return NULL;

        if (c->process)
                (void) worker_process_signal(c->process,
                                             SIGTERM); /* it has ended then, or ends with its pipe */

        watch_child_drop(c);
        sd_event_source_disable_unref(c->restart);
        for (size_t i = 0; c->argv[i]; i++)
                free(c->argv[i]);
        free(c->notify_socket);
        free(c);
        return NULL;
}

static int on_restart(sd_event_source *s, uint64_t usec, void *userdata)
{
        watch_child_start(userdata);
        return 0;
}

/* Plans the next child; `why` is about the one that was. */
static void watch_child_ended(WatchChild *c, const char *why)
{
        uint64_t now = 0;

        (void) sd_event_now(c->event, CLOCK_MONOTONIC, &now); /* fails only after a fork */
        if (c->backoff_usec == 0 || now - c->started_usec >= WATCH_BACKOFF_MAX_USEC)
                c->backoff_usec = WATCH_BACKOFF_MIN_USEC;
        else if (c->backoff_usec < WATCH_BACKOFF_MAX_USEC / 2)
                c->backoff_usec *= 2;
        else
                c->backoff_usec = WATCH_BACKOFF_MAX_USEC;

        (void) sd_event_source_set_time(c->restart, now + c->backoff_usec);
        (void) sd_event_source_set_enabled(c->restart, SD_EVENT_ONESHOT);

        c->handlers.died(why, c->userdata);
        watch_child_drop(c);
}

static void on_exit_of_child(WorkerProcess *p, const siginfo_t *how, void *userdata)
{
        char text[WORKER_EXIT_STRING_MAX];
        WatchChild *c = userdata;

        watch_child_ended(c, c->verdict ? c->verdict : worker_exit_format(how, text));
}

/* Its exit follows, and with it the next one: only then is it reaped. It holds nothing that could be
 * lost. */
static void watch_child_kill(WatchChild *c, const Failure *why)
{
        (void) sd_event_source_set_enabled(c->output, SD_EVENT_OFF);
        if (why && asprintf(&c->verdict, "wrote what is no snapshot (%s)", failure_message(why)) < 0)
                c->verdict = NULL; /* without memory, less is said */
        (void) worker_process_signal(c->process, SIGKILL);
}

/* Takes the whole lines out of the buffer. Negative: the child speaks something else. */
static int watch_child_take_lines(WatchChild *c, Failure *reterr)
{
        char *end;

        while ((end = memchr(c->line + c->scanned, '\n', c->size - c->scanned))) {
                _cleanup_(world_freep) World *w = NULL;
                _cleanup_json_ json_object *o = NULL;
                size_t n = (size_t) (end - c->line);
                int r;

                r = json_parse(c->line, n, "the watch worker's line", &o, reterr);
                if (r < 0)
                        return r;

                r = world_from_json(o, &w, reterr);
                if (r < 0)
                        return r;

                c->size -= n + 1;
                memmove(c->line, end + 1, c->size);
                c->scanned = 0;
                c->handlers.snapshot(TAKE_PTR(w), c->userdata);
        }

        c->scanned = c->size;

        /* Snapshots are rare and may be large: an idle daemon keeps none of that memory. */
        if (c->size == 0) {
                free(c->line);
                c->line = NULL;
                c->allocated = 0;
        }

        return 0;
}

static int watch_child_read(WatchChild *c, int fd, Failure *reterr)
{
        ssize_t n;

        if (c->allocated - c->size < READ_BYTES_MIN) {
                size_t bigger = c->allocated == 0 ? READ_BYTES_MIN : c->allocated * 2;
                char *line;

                if (c->size > LINE_BYTES_MAX)
                        return failure_set(reterr, FAILURE_HOST, "a line is longer than %" PRIu64 " bytes",
                                           LINE_BYTES_MAX);

                line = realloc(c->line, bigger);
                if (!line)
                        return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "no memory for a line");
                c->line = line;
                c->allocated = bigger;
        }

        n = read(fd, c->line + c->size, c->allocated - c->size);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
                return 1;
        if (n < 0)
                return failure_set_errno(reterr, FAILURE_HOST, errno, "failed to read from it");
        if (n == 0)
                return 0;

        c->size += (size_t) n;
        return watch_child_take_lines(c, reterr) < 0 ? -EBADMSG : 1;
}

static int on_output(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
        WatchChild *c = userdata;
        Failure f = { 0 };
        int r;

        r = watch_child_read(c, fd, &f);
        if (r == 0)
                watch_child_kill(c, NULL); /* most likely it ended already: its status says more */
        else if (r < 0)
                watch_child_kill(c, &f);

        failure_done(&f);
        return 0;
}

void watch_child_start(WatchChild *c)
{
        int r;

        (void) sd_event_now(c->event, CLOCK_MONOTONIC, &c->started_usec);

        r = worker_process_spawn_piped(c->event, (const char *const *) c->argv, c->notify_socket, -EBADF,
                                       on_output, on_exit_of_child, c, &c->output, &c->process);
        if (r < 0) {
                Failure f = { 0 };

                (void) failure_set_errno(&f, FAILURE_HOST, r, "could not be started from '%s'", c->argv[0]);
                watch_child_ended(c, failure_message(&f));
                failure_done(&f);
        }
}

int watch_child_new(sd_event *event, const char *const *argv, const char *notify_socket,
                    const WatchHandlers *handlers, void *userdata, WatchChild **ret)
{
        _cleanup_(watch_child_freep) WatchChild *c = NULL;
        int r;

        c = malloc(sizeof(WatchChild));
        if (!c)
                return -ENOMEM;

        *c = (WatchChild) { .event = event, .handlers = *handlers, .userdata = userdata };

        for (size_t i = 0; argv[i]; i++) {
                if (i + 1 >= ARGV_MAX)
                        return -E2BIG;
                if (free_and_strdup(c->argv + i, argv[i]) < 0)
                        return -ENOMEM;
        }
        if (free_and_strdup(&c->notify_socket, notify_socket) < 0)
                return -ENOMEM;

        r = sd_event_add_time(event, &c->restart, CLOCK_MONOTONIC, 0, 0, on_restart, c);
        if (r < 0)
                return r;

        r = sd_event_source_set_enabled(c->restart, SD_EVENT_OFF);
        if (r < 0)
                return r;

        *ret = TAKE_PTR(c);
        return 0;
}
