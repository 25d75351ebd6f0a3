/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "harness.h"

#include <assert.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "basic/clock.h"

#define DEADLINE_USEC (20 * USEC_PER_SEC)

static pid_t arg_bus = -1, arg_daemon = -1;
static char *arg_directory;

static void kill_child(pid_t *pid)
{
        if (*pid <= 0)
                return;

        assert(kill(*pid, SIGKILL) == 0);
        assert(waitpid(*pid, NULL, 0) == *pid);
        *pid = -1;
}

void daemon_kill(void)
{
        kill_child(&arg_daemon);
}

void bus_stop(void)
{
        daemon_kill();
        kill_child(&arg_bus);
        if (arg_directory) {
                _cleanup_free_ char *config = NULL, *socket = NULL;

                assert(asprintf(&config, "%s/bus.conf", arg_directory) > 0);
                assert(asprintf(&socket, "%s/bus", arg_directory) > 0);
                (void) unlink(config); /* whatever is left is a temporary directory's */
                (void) unlink(socket);
                (void) rmdir(arg_directory);
                free(arg_directory);
                arg_directory = NULL;
        }
}

/* Forks; the parent gets the reading end of the child's standard output. */
static pid_t spawn(const char *const *argv, int *ret_out)
{
        int fds[2];
        pid_t pid;

        assert(pipe2(fds, O_CLOEXEC) == 0);
        pid = fork();
        assert(pid >= 0);
        if (pid == 0) {
                if (dup2(fds[1], STDOUT_FILENO) >= 0)
                        execvp(argv[0], (char *const *) (uintptr_t) argv);
                _exit(errno == ENOENT ? TEST_SKIPPED : 1);
        }

        (void) close(fds[1]);
        *ret_out = fds[0];
        return pid;
}

/* Waits for one line. False: the other side has ended. */
static bool read_line(int fd)
{
        uint64_t deadline = clock_monotonic_usec() + DEADLINE_USEC;

        while (clock_monotonic_usec() < deadline) {
                struct pollfd p = { .fd = fd, .events = POLLIN };
                char c;

                if (poll(&p, 1, 100) <= 0)
                        continue;
                if (read(fd, &c, 1) != 1)
                        return false;
                if (c == '\n')
                        return true;
        }

        return false;
}

static const char bus_config[] = "<busconfig>\n"
                                 "<type>session</type>\n"
                                 "<listen>unix:path=%s/bus</listen>\n"
                                 "<auth>EXTERNAL</auth>\n"
                                 "<policy context='default'>\n"
                                 "<allow send_destination='*' eavesdrop='true'/>\n"
                                 "<allow eavesdrop='true'/>\n"
                                 "<allow own='*'/>\n"
                                 "</policy>\n"
                                 "</busconfig>\n";

void bus_start(void)
{
        _cleanup_free_ char *config = NULL, *address = NULL, *option = NULL;
        _cleanup_close_ int out = -EBADF;
        FILE *file;

        arg_directory = strdup("/tmp/test-ctl-XXXXXX");
        assert(arg_directory && mkdtemp(arg_directory));
        assert(asprintf(&config, "%s/bus.conf", arg_directory) > 0);
        assert(asprintf(&address, "unix:path=%s/bus", arg_directory) > 0);
        assert(asprintf(&option, "--config-file=%s", config) > 0);

        file = fopen(config, "we");
        assert(file && fprintf(file, bus_config, arg_directory) > 0 && fclose(file) == 0);

        arg_bus = spawn((const char *const[]) { "dbus-daemon", option, "--nofork", "--nopidfile",
                                                "--print-address", NULL },
                        &out);
        if (!read_line(out)) {
                bus_stop();
                (void) puts("dbus-daemon cannot be started: skipped");
                exit(TEST_SKIPPED);
        }
        assert(setenv("DBUS_SESSION_BUS_ADDRESS", address, 1) == 0);
}

void daemon_start(const char *program, const char *argument)
{
        _cleanup_close_ int out = -EBADF;

        daemon_kill();
        arg_daemon = spawn((const char *const[]) { program, argument, NULL }, &out);
        assert(read_line(out));
}

static void exec_ctl(const char *program, const char *const *arguments)
{
        const char *argv[32] = { program, "--user" };
        size_t n = 2;

        while (arguments[n - 2]) {
                assert(n + 1 < ELEMENTSOF(argv));
                argv[n] = arguments[n - 2];
                n++;
        }

        (void) unsetenv("NO_COLOR");
        (void) setenv("LC_ALL", "C.UTF-8", 1);
        execv(program, (char *const *) (uintptr_t) argv);
}

Child ctl_spawn(const char *program, bool terminal, const char *const *arguments)
{
        struct winsize size = { .ws_row = 24, .ws_col = 80 };
        int out[2], err[2];
        Child c = { .out_text = strdup(""), .err_text = strdup("") };

        assert(c.out_text && c.err_text);
        assert(pipe2(err, O_CLOEXEC) == 0);
        if (terminal) {
                assert(openpty(&out[0], &out[1], NULL, NULL, &size) == 0);
                assert(fcntl(out[0], F_SETFD, FD_CLOEXEC) == 0 && fcntl(out[1], F_SETFD, FD_CLOEXEC) == 0);
        } else
                assert(pipe2(out, O_CLOEXEC) == 0);

        c.pid = fork();
        assert(c.pid >= 0);
        if (c.pid == 0) {
                (void) setenv("TERM", "xterm", 1);
                if (dup2(out[1], STDOUT_FILENO) >= 0 && dup2(err[1], STDERR_FILENO) >= 0)
                        exec_ctl(program, arguments);
                _exit(99);
        }

        (void) close(out[1]);
        (void) close(err[1]);
        c.out = out[0];
        c.err = err[0];
        return c;
}

static void read_some(int *fd, char **text)
{
        char buf[4096];
        ssize_t n = read(*fd, buf, sizeof(buf) - 1);
        char *grown;

        if (n <= 0) { /* a terminal whose other side is gone says EIO */
                (void) close(*fd);
                *fd = -EBADF;
                return;
        }

        buf[n] = '\0';
        assert(strlen(buf) == (size_t) n); /* nothing prints NUL */
        assert(asprintf(&grown, "%s%s", *text, buf) >= 0);
        free(*text);
        *text = grown;
}

/* Reads both until one text is there, or (NULL) to the end. */
static void read_until(Child *c, char *const *text, const char *wanted)
{
        uint64_t deadline = clock_monotonic_usec() + DEADLINE_USEC;

        while (c->out >= 0 || c->err >= 0) {
                struct pollfd p[2] = { { .fd = c->out, .events = POLLIN },
                                       { .fd = c->err, .events = POLLIN } };

                if (wanted && strstr(*text, wanted))
                        return;
                if (clock_monotonic_usec() > deadline)
                        check_failed(c, __FILE__, __LINE__, wanted ? wanted : "it ends");
                if (poll(p, 2, 100) <= 0)
                        continue;
                if (p[0].revents)
                        read_some(&c->out, &c->out_text);
                if (p[1].revents)
                        read_some(&c->err, &c->err_text);
        }

        if (wanted && !strstr(*text, wanted))
                check_failed(c, __FILE__, __LINE__, wanted);
}

void child_wait_out(Child *c, const char *text)
{
        read_until(c, &c->out_text, text);
}

void child_wait_err(Child *c, const char *text)
{
        read_until(c, &c->err_text, text);
}

void child_wait(Child *c)
{
        int status;

        read_until(c, NULL, NULL);
        assert(waitpid(c->pid, &status, 0) == c->pid);
        c->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void child_done(Child *c)
{
        free(c->out_text);
        free(c->err_text);
}

Child ctl_run(const char *program, const char *const *arguments)
{
        Child c = ctl_spawn(program, false, arguments);

        child_wait(&c);
        return c;
}

void check_failed(const Child *c, const char *file, int line, const char *condition)
{
        (void) fprintf(stderr, "%s:%d: not so: %s\nexit status %d\n--- stdout\n%s\n--- stderr\n%s\n", file,
                       line, condition, c->status, c->out_text, c->err_text);
        bus_stop();
        abort();
}

json_object *child_json(const Child *c)
{
        enum json_tokener_error error;
        json_object *o = json_tokener_parse_verbose(c->out_text, &error);

        CHECK(c, error == json_tokener_success);
        return o;
}

json_object *json_at(const Child *c, json_object *o, const char *path)
{
        _cleanup_free_ char *copy = strdup(path);
        char *rest = copy, *part;

        assert(copy);
        while ((part = strsep(&rest, "."))) {
                if (json_object_is_type(o, json_type_array))
                        o = json_object_array_get_idx(o, strtoul(part, NULL, 10));
                else if (!json_object_object_get_ex(o, part, &o))
                        check_failed(c, __FILE__, __LINE__, path);
        }

        return o;
}

bool json_is(const Child *c, json_object *o, const char *path, const char *expected)
{
        json_object *at = json_at(c, o, path);
        const char *text = json_object_is_type(at, json_type_string) ? json_object_get_string(at)
                                                                     : json_object_to_json_string(at);

        if (!streq(text, expected))
                (void) fprintf(stderr, "%s is %s\n", path, text);
        return streq(text, expected);
}
