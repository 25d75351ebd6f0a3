/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/worker-process.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/pidfd.h>

#include "basic/fileio.h"
#include "daemon/object-path.h"

#define PROC_STAT_BYTES_MAX 4096U
/* proc(5): field 22, counted from field 3, which follows the name in parentheses. */
#define PROC_STAT_START_TICKS (22 - 3)

struct WorkerProcess {
        sd_event_source *source; /* owns the pidfd */
        bool child;
        WorkerExitHandler handler;
        void *userdata;
};

WorkerProcess *worker_process_free(WorkerProcess *p)
{
        if (!p)
                return NULL;

        /* sd-event reaps a child also when its own handler frees the source. */
        sd_event_source_disable_unref(p->source);
        free(p);
        return NULL;
}

const char *worker_exit_format(const siginfo_t *how, char buf[static WORKER_EXIT_STRING_MAX])
{
        if (!how)
                return "ended";

        if (how->si_code == CLD_EXITED)
                (void) snprintf(buf, WORKER_EXIT_STRING_MAX, "exited with status %d", how->si_status);
        else
                (void) snprintf(buf, WORKER_EXIT_STRING_MAX, "was killed by signal %d", how->si_status);
        return buf;
}

static int on_child_exit(sd_event_source *s, const siginfo_t *si, void *userdata)
{
        WorkerProcess *p = userdata;

        p->handler(p, si, p->userdata);
        return 0;
}

static int on_adopted_exit(sd_event_source *s, int fd, uint32_t revents, void *userdata)
{
        WorkerProcess *p = userdata;

        (void) sd_event_source_set_enabled(s, SD_EVENT_OFF);
        p->handler(p, NULL, p->userdata);
        return 0;
}

static int worker_process_new(sd_event *event, int pidfd, bool child, WorkerExitHandler handler,
                              void *userdata, WorkerProcess **ret)
{
        _cleanup_(worker_process_freep) WorkerProcess *p = NULL;
        _cleanup_close_ int fd = pidfd;
        int r;

        p = malloc(sizeof(WorkerProcess));
        if (!p)
                return -ENOMEM;

        *p = (WorkerProcess) { .child = child, .handler = handler, .userdata = userdata };

        if (child)
                r = sd_event_add_child_pidfd(event, &p->source, fd, WEXITED, on_child_exit, p);
        else
                r = sd_event_add_io(event, &p->source, fd, EPOLLIN, on_adopted_exit, p);
        if (r < 0)
                return r;

        r = child ? sd_event_source_set_child_pidfd_own(p->source, true)
                  : sd_event_source_set_io_fd_own(p->source, true);
        if (r < 0)
                return r;

        TAKE_FD(fd);
        *ret = TAKE_PTR(p);
        return 0;
}

/* The daemon's own, without what systemd meant for the daemon alone. The strings stay where they are. */
static int environment_new(char *notify, char ***ret)
{
        static const char *const ours[] = { "NOTIFY_SOCKET=", "WATCHDOG_", "LISTEN_", "FDSTORE=" };
        size_t n = 0, k = 0;
        char **env;

        while (environ && environ[n])
                n++;

        env = calloc(n + 2, sizeof(char *));
        if (!env)
                return -ENOMEM;

        for (size_t i = 0; i < n; i++) {
                bool keep = true;

                for (size_t o = 0; o < ELEMENTSOF(ours); o++)
                        keep = keep && strncmp(environ[i], ours[o], strlen(ours[o])) != 0;
                if (keep)
                        env[k++] = environ[i];
        }

        env[k] = notify;
        *ret = env;
        return 0;
}

static void file_actions_donep(posix_spawn_file_actions_t *a)
{
        (void) posix_spawn_file_actions_destroy(a);
}

static void spawn_attributes_donep(posix_spawnattr_t *a)
{
        (void) posix_spawnattr_destroy(a);
}

/* posix_spawn() functions return a positive errno. */
static int spawn(const char *const *argv, char **env, int stdin_fd, int stdout_fd, pid_t *ret)
{
        _cleanup_(file_actions_donep) posix_spawn_file_actions_t actions;
        _cleanup_(spawn_attributes_donep) posix_spawnattr_t attributes;
        sigset_t requests, pipe_only;
        int r;

        (void) posix_spawn_file_actions_init(&actions); /* cannot fail in glibc */
        (void) posix_spawnattr_init(&attributes);
        (void) sigemptyset(&requests);
        (void) sigaddset(&requests, SIGTERM);
        (void) sigaddset(&requests, SIGUSR1);
        (void) sigemptyset(&pipe_only);
        (void) sigaddset(&pipe_only, SIGPIPE);

        r = stdin_fd >= 0 ? posix_spawn_file_actions_adddup2(&actions, stdin_fd, STDIN_FILENO)
                          : posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
                                                             0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, stdout_fd >= 0 ? stdout_fd : STDERR_FILENO,
                                                     STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
        if (r == 0)
                r = posix_spawnattr_setsigmask(&attributes, &requests);
        if (r == 0)
                r = posix_spawnattr_setsigdefault(&attributes, &pipe_only);
        if (r == 0)
                r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
        if (r == 0)
                r = posix_spawn(ret, argv[0], &actions, &attributes, (char *const *) argv, env);
        return -r;
}

int worker_process_spawn(sd_event *event, const char *const *argv, const char *notify_socket, int stdin_fd,
                         int stdout_fd, WorkerExitHandler handler, void *userdata, WorkerProcess **ret)
{
        _cleanup_free_ char *notify = NULL;
        _cleanup_free_ char **env = NULL;
        int pidfd, r;
        pid_t pid;

        if (asprintf(&notify, "NOTIFY_SOCKET=%s", notify_socket) < 0) {
                notify = NULL;
                return -ENOMEM;
        }

        r = environment_new(notify, &env);
        if (r < 0)
                return r;

        r = spawn(argv, env, stdin_fd, stdout_fd, &pid);
        if (r < 0)
                return r;

        /* Nobody has reaped it, so that the id is still its own. */
        pidfd = pidfd_open(pid, 0);
        if (pidfd < 0)
                return -errno;

        return worker_process_new(event, pidfd, true, handler, userdata, ret);
}

int worker_process_spawn_piped(sd_event *event, const char *const *argv, const char *notify_socket,
                               int stdin_fd, sd_event_io_handler_t output_handler,
                               WorkerExitHandler exit_handler, void *userdata, sd_event_source **ret_output,
                               WorkerProcess **ret)
{
        _cleanup_(sd_event_source_disable_unrefp) sd_event_source *output = NULL;
        _cleanup_close_ int read_end = -EBADF, write_end = -EBADF;
        int pipe_fds[2], r;

        if (pipe2(pipe_fds, O_CLOEXEC) < 0)
                return -errno;
        read_end = pipe_fds[0];
        write_end = pipe_fds[1];

        /* Only our end: the worker may write as it likes. */
        if (fcntl(read_end, F_SETFL, O_NONBLOCK) < 0)
                return -errno;

        r = sd_event_add_io(event, &output, read_end, EPOLLIN, output_handler, userdata);
        if (r < 0)
                return r;

        r = sd_event_source_set_io_fd_own(output, true);
        if (r < 0)
                return r;
        TAKE_FD(read_end);

        r = worker_process_spawn(event, argv, notify_socket, stdin_fd, write_end, exit_handler, userdata,
                                 ret);
        if (r < 0)
                return r;

        *ret_output = TAKE_PTR(output);
        return 0;
}

/* -ESRCH for a zombie too: one whose new parent never reaps it would look alive for ever. */
static int read_start_ticks(uint32_t pid, uint64_t *ret)
{
        _cleanup_free_ char *path = NULL, *text = NULL;
        char *field, *state, *rest;
        int r;

        if (asprintf(&path, "/proc/%" PRIu32 "/stat", pid) < 0) {
                path = NULL;
                return -ENOMEM;
        }

        r = read_file_at(AT_FDCWD, path, PROC_STAT_BYTES_MAX, &text, NULL);
        if (r < 0)
                return r == -ENOENT ? -ESRCH : r;

        /* The name may hold spaces and parentheses; nothing after its end does. */
        field = strrchr(text, ')');
        state = field ? strtok_r(field + 1, " ", &rest) : NULL;
        if (!state)
                return -EBADMSG;
        if (streq(state, "Z") || streq(state, "X"))
                return -ESRCH;

        field = state;
        for (unsigned i = 0; i < PROC_STAT_START_TICKS && field; i++)
                field = strtok_r(NULL, " ", &rest);

        return field ? parse_u64(field, ret) : -EBADMSG;
}

int worker_process_adopt(sd_event *event, uint32_t pid, uint64_t start_ticks, WorkerExitHandler handler,
                         void *userdata, WorkerProcess **ret)
{
        _cleanup_close_ int pidfd = -EBADF;
        uint64_t ticks;
        int r;

        if (pid == 0 || pid > INT32_MAX)
                return -ESRCH;

        /* First hold on to the process, then ask who it is: the id cannot change hands in between. */
        pidfd = pidfd_open((pid_t) pid, 0);
        if (pidfd < 0)
                return -errno;

        r = read_start_ticks(pid, &ticks);
        if (r < 0)
                return r;
        if (ticks != start_ticks)
                return -ESRCH;

        return worker_process_new(event, TAKE_FD(pidfd), false, handler, userdata, ret);
}

int worker_process_signal(WorkerProcess *p, int signal_number)
{
        assert(p);

        if (p->child)
                return sd_event_source_send_child_signal(p->source, signal_number, NULL, 0);

        return pidfd_send_signal(sd_event_source_get_io_fd(p->source), signal_number, NULL, 0) < 0 ? -errno
                                                                                                   : 0;
}
