/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "host/command.h"

#include <assert.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <sys/pidfd.h>
#include <sys/wait.h>

#include "basic/clock.h"

#define COMPLAINT_BYTES_MAX 4096U
/* SIGKILL works at once, but for a process that is in the kernel's hands. */
#define DEATH_USEC (2 * USEC_PER_SEC)
#define DEATH_POLL_MSEC 500
#define COMPLAINT_READS_MAX 64

typedef struct Run {
        const char *name; /* words[0] */
        int pidfd, out_fd, err_fd;
        pid_t pid;
        bool reaped;
        char *output;    /* COMMAND_OUTPUT_BYTES_MAX and one more, by which is known that it was too much */
        size_t n_output; /* bytes of it */
        char complaint[COMPLAINT_BYTES_MAX]; /* the end of stderr */
        size_t n_complaint;
} Run;

static void run_done(Run *c)
{
        if (c->pid > 0 && !c->reaped) {
                (void) kill(-c->pid, SIGKILL);
                /* Else it is in the kernel's hands, and the end of this worker's. */
                (void) waitpid(c->pid, NULL, WNOHANG);
        }

        closep(&c->pidfd);
        closep(&c->out_fd);
        closep(&c->err_fd);
        free(c->output);
}

void command_line_for_people(const char *text, size_t size, char ret[static COMMAND_LINE_MAX])
{
        size_t begin, n = 0;

        while (size > 0 && (unsigned char) text[size - 1] <= ' ')
                size--;
        for (begin = size; begin > 0 && text[begin - 1] != '\n'; begin--)
                ;

        for (size_t i = begin; i < size && n < COMMAND_LINE_MAX - 1; i++)
                ret[n++] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
        ret[n] = '\0';
}

/* -ENOENT only when there is nothing of this name: one that cannot be run, or leads nowhere, is not absent. */
static int check_program(const char *path)
{
        int error;

        if (access(path, X_OK) >= 0)
                return 0;

        error = errno;
        if (faccessat(AT_FDCWD, path, F_OK, AT_SYMLINK_NOFOLLOW) >= 0)
                return error == ENOENT ? -ENOEXEC : -error;
        return errno == ENOTDIR ? -ENOENT : -errno;
}

static int find_program(const char *name, char **ret, Failure *reterr)
{
        const char *dir = COMMAND_PATH;
        int found = -ENOENT;

        if (name[0] == '/') {
                found = check_program(name);
                if (found >= 0)
                        return free_and_strdup(ret, name);
        } else
                for (;;) {
                        _cleanup_free_ char *path = NULL;
                        size_t n = strcspn(dir, ":");
                        int r;

                        if (asprintf(&path, "%.*s/%s", (int) n, dir, name) < 0) {
                                path = NULL;
                                return failure_set_errno(reterr, FAILURE_HOST, ENOMEM, "cannot run '%s'",
                                                         name);
                        }
                        r = check_program(path);
                        if (r >= 0) {
                                *ret = TAKE_PTR(path);
                                return 0;
                        }
                        if (r != -ENOENT)
                                found = r;
                        if (dir[n] == '\0')
                                break;
                        dir += n + 1;
                }

        if (found != -ENOENT) {
                (void) failure_set_errno(reterr, FAILURE_HOST, found, "cannot run '%s'", name);
                return found;
        }

        (void) failure_set(reterr, FAILURE_HOST, "there is no program '%s'%s", name,
                           name[0] == '/' ? "" : " in " COMMAND_PATH);
        return -ENOENT;
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
static int spawn(const char *program, char *const *words, int out_fd, int err_fd, pid_t *ret)
{
        static char path[] = "PATH=" COMMAND_PATH, lang[] = "LANG=C";
        _cleanup_(file_actions_donep) posix_spawn_file_actions_t actions;
        _cleanup_(spawn_attributes_donep) posix_spawnattr_t attributes;
        char *const env[] = { path, lang, NULL };
        sigset_t none, all;
        int r;

        (void) posix_spawn_file_actions_init(&actions); /* cannot fail in glibc */
        (void) posix_spawnattr_init(&attributes);
        (void) sigemptyset(&none);
        (void) sigfillset(&all);

        r = posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, out_fd, STDOUT_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_adddup2(&actions, err_fd, STDERR_FILENO);
        if (r == 0)
                r = posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
        if (r == 0)
                r = posix_spawn_file_actions_addchdir_np(&actions, "/");
        if (r == 0)
                r = posix_spawnattr_setsigmask(&attributes, &none);
        if (r == 0)
                r = posix_spawnattr_setsigdefault(&attributes, &all);
        if (r == 0)
                r = posix_spawnattr_setpgroup(&attributes, 0);
        if (r == 0)
                r = posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
                                                                          POSIX_SPAWN_SETPGROUP);
        if (r == 0)
                r = posix_spawn(ret, program, &actions, &attributes, words, env);
        /* The program was found: what is not there is its interpreter. */
        return r == ENOENT ? -ENOEXEC : -r;
}

/* Our end does not block, its own may. */
static int open_pipe(int *ret_read, int *ret_write)
{
        int fds[2];

        if (pipe2(fds, O_CLOEXEC) < 0)
                return -errno;

        *ret_read = fds[0];
        *ret_write = fds[1];
        return fcntl(fds[0], F_SETFL, O_NONBLOCK) < 0 ? -errno : 0;
}

static int run_start(Run *c, const char *program, char *const *words)
{
        _cleanup_close_ int out_fd = -EBADF, err_fd = -EBADF;
        int r;

        if ((r = open_pipe(&c->out_fd, &out_fd)) < 0 || (r = open_pipe(&c->err_fd, &err_fd)) < 0 ||
            (r = spawn(program, words, out_fd, err_fd, &c->pid)) < 0)
                return r;

        /* Nobody has reaped it, so that the id is still its own. */
        c->pidfd = pidfd_open(c->pid, 0);
        return c->pidfd < 0 ? -errno : 0;
}

/* All that is there. *fd is closed at the end of what there will be. */
static int read_output(Run *c)
{
        while (c->out_fd >= 0) {
                ssize_t n = read(c->out_fd, c->output + c->n_output,
                                 COMMAND_OUTPUT_BYTES_MAX + 1 - c->n_output);

                if (n < 0)
                        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
                if (n == 0) {
                        closep(&c->out_fd);
                        c->out_fd = -EBADF;
                }
                c->n_output += (size_t) n;
                if (c->n_output > COMMAND_OUTPUT_BYTES_MAX)
                        return -EFBIG;
        }

        return 0;
}

/* The end of it is kept. One read for each time it is asked for, since there may always be more. False: there is nothing
 * now. */
static bool read_complaint(Run *c)
{
        size_t keep = c->n_complaint < sizeof(c->complaint) / 2 ? c->n_complaint : sizeof(c->complaint) / 2;
        ssize_t n;

        memmove(c->complaint, c->complaint + c->n_complaint - keep, keep);
        c->n_complaint = keep;

        n = read(c->err_fd, c->complaint + keep, sizeof(c->complaint) - keep);
        if (n > 0) {
                c->n_complaint += (size_t) n;
                return true;
        }
        if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
                closep(&c->err_fd);
                c->err_fd = -EBADF;
        }
        return false;
}

/* Until it ends. */
static int run_wait(Run *c, uint64_t deadline_usec)
{
        uint64_t end = clock_monotonic_usec() + deadline_usec;

        for (;;) {
                /* What is closed is negative, and so left out. */
                struct pollfd p[] = {
                        { .fd = c->pidfd, .events = POLLIN },
                        { .fd = c->out_fd, .events = POLLIN },
                        { .fd = c->err_fd, .events = POLLIN },
                };
                uint64_t now = clock_monotonic_usec(), left_msec;
                int r;

                if (now >= end)
                        return -ETIME;

                left_msec = (end - now + USEC_PER_MSEC - 1) / USEC_PER_MSEC;
                if (poll(p, ELEMENTSOF(p), (int) left_msec) < 0) {
                        if (errno == EINTR)
                                continue;
                        return -errno;
                }

                if (p[1].revents != 0) {
                        r = read_output(c);
                        if (r < 0)
                                return r;
                }
                if (p[2].revents != 0)
                        (void) read_complaint(c);
                if (p[0].revents != 0)
                        return 0;
        }
}

/* What it said last may not have been read yet. Who still holds its pipes, out of the group's reach, is not waited for. */
static int run_settle(Run *c)
{
        for (unsigned i = 0; i < COMPLAINT_READS_MAX && c->err_fd >= 0 && read_complaint(c); i++)
                ;

        return read_output(c);
}

/* While the group's leader is not reaped, its id is nobody else's. */
static int run_kill(Run *c)
{
        struct pollfd p = { .fd = c->pidfd, .events = POLLIN };
        uint64_t end = clock_monotonic_usec() + DEATH_USEC;

        (void) kill(-c->pid, SIGKILL);

        /* A signal may end the wait early. */
        while (clock_monotonic_usec() < end)
                if (poll(&p, 1, DEATH_POLL_MSEC) > 0)
                        return 0;

        return -EBUSY;
}

static int fail(const Run *c, int r, uint64_t deadline_usec, Failure *reterr)
{
        if (r == -ETIME)
                (void) failure_set(reterr, FAILURE_HOST, "'%s' did not end within %" PRIu64 " s", c->name,
                                   deadline_usec / USEC_PER_SEC);
        else if (r == -EFBIG)
                (void) failure_set(reterr, FAILURE_HOST, "'%s' printed more than %zu bytes", c->name,
                                   COMMAND_OUTPUT_BYTES_MAX);
        else if (r == -EBUSY)
                (void) failure_set(reterr, FAILURE_HOST,
                                   "'%s' was killed and does not end, it is in the kernel's hands", c->name);
        else if (r == -ENOEXEC)
                (void) failure_set(reterr, FAILURE_HOST,
                                   "cannot run '%s': it is no program, or its interpreter is not there",
                                   c->name);
        else
                (void) failure_set_errno(reterr, FAILURE_HOST, r, "cannot run '%s'", c->name);
        return r;
}

static int check_status(const Run *c, int status, int status_max, Failure *reterr)
{
        char complaint[COMMAND_LINE_MAX];

        if (WIFEXITED(status) && WEXITSTATUS(status) <= status_max)
                return 0;

        command_line_for_people(c->complaint, c->n_complaint, complaint);
        return failure_set(reterr, FAILURE_HOST, "'%s' %s %d%s%s", c->name,
                           WIFEXITED(status) ? "exited with status" : "was killed by signal",
                           WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
                           complaint[0] == '\0' ? "" : ": ", complaint);
}

int command_run(char *const *words, uint64_t deadline_usec, int status_max, char **ret_output,
                size_t *ret_size, Failure *reterr)
{
        _cleanup_(run_done) Run c = {
                .name = words[0],
                .pidfd = -EBADF,
                .out_fd = -EBADF,
                .err_fd = -EBADF,
        };
        _cleanup_free_ char *program = NULL;
        int status, dead, r;

        r = find_program(words[0], &program, reterr);
        if (r < 0)
                return r;

        c.output = malloc(COMMAND_OUTPUT_BYTES_MAX + 1);
        r = c.output ? run_start(&c, program, words) : -ENOMEM;
        if (r < 0)
                return fail(&c, r, deadline_usec, reterr);

        r = run_wait(&c, deadline_usec);
        dead = run_kill(&c);
        if (r >= 0)
                r = dead;
        if (r >= 0)
                r = run_settle(&c);
        if (r < 0)
                return fail(&c, r, deadline_usec, reterr);

        if (waitpid(c.pid, &status, WNOHANG) != c.pid)
                return fail(&c, -ECHILD, deadline_usec, reterr);
        c.reaped = true;

        r = check_status(&c, status, status_max, reterr);
        if (r < 0)
                return r;

        c.output[c.n_output] = '\0';
        if (ret_size)
                *ret_size = c.n_output;
        if (ret_output)
                *ret_output = TAKE_PTR(c.output);
        return 0;
}
