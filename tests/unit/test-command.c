/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* The runner against programs that do what programs should not. The program is this test itself, told by its arguments
 * what to be. */
#include "host/command.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "basic/clock.h"
#include "test.h"

#define LONG_SECONDS 20U
#define SHORT_USEC (300 * USEC_PER_MSEC)

extern char **environ;

static char self[] = "/proc/self/exe", *program;

static int be(const char *what, const char *argument)
{
        if (streq(what, "environment")) {
                for (char **e = environ; *e; e++)
                        (void) printf("%s\n", *e);
                (void) printf("stdin %zd, fd 3 %d\n", read(STDIN_FILENO, &(char) { 0 }, 1),
                              fcntl(3, F_GETFD));
                return 0;
        }
        if (streq(what, "arguments")) {
                (void) fputs(argument, stdout);
                return 0;
        }
        if (streq(what, "fail")) {
                (void) fputs("first\nlast \x1b[31m\xc3\xa4 words\n\n", stderr);
                return 3;
        }
        if (streq(what, "signal"))
                return raise(SIGUSR2);
        if (streq(what, "ignore-sigterm"))
                (void) signal(SIGTERM, SIG_IGN);
        if (streq(what, "huge"))
                for (;;)
                        (void) fputs("all work and no play makes a dull tool\n", stdout);
        if (streq(what, "complain")) {
                for (unsigned i = 0; i < 50000; i++)
                        (void) fprintf(stderr, "complaint %u\n", i);
                return 1;
        }
        if (streq(what, "close-stdout")) {
                (void) printf("said");
                (void) fclose(stdout);
                clock_sleep_usec(100 * USEC_PER_MSEC);
                return 0;
        }
        if (streq(what, "leave-child")) {
                (void) printf("said");
                (void) fflush(stdout);
                if (fork() > 0)
                        _exit(0);
        }
        if (streq(what, "leave-session")) {
                (void) printf("said");
                (void) fflush(stdout);
                if (fork() > 0) {
                        clock_sleep_usec(100 * USEC_PER_MSEC); /* until it has its session */
                        _exit(0);
                }
                (void) setsid();
                clock_sleep_usec(500 * USEC_PER_MSEC);
                _exit(0);
        }

        (void) alarm(LONG_SECONDS); /* must not outlive a test that failed */
        for (;;)
                (void) pause();
}

static int run(const char *what, const char *argument, uint64_t deadline_usec, char **ret_output,
               size_t *ret_size, Failure *reterr)
{
        char *const words[] = { program, (char *) "be", (char *) what, (char *) argument, NULL };

        return command_run(words, deadline_usec, 0, ret_output, ret_size, reterr);
}

static void expect(const char *what, const char *argument, const char *output)
{
        _cleanup_free_ char *text = NULL;
        size_t size;

        CHECK(run(what, argument, LONG_SECONDS * USEC_PER_SEC, &text, &size, NULL) == 0);
        CHECK(size == strlen(output) && streq(text, output));
}

static void expect_failure(const char *what, int error, uint64_t deadline_usec, const char *words)
{
        _cleanup_(failure_done) Failure why = { 0 };
        uint64_t begin = clock_monotonic_usec();
        int r = run(what, "", deadline_usec, NULL, NULL, &why);

        CHECK(r < 0 && (error == 0 || r == error) && why.code == FAILURE_HOST);
        if (!strstr(failure_message(&why), words)) {
                (void) fprintf(stderr, "'%s' gave: %s\n", what, failure_message(&why));
                abort();
        }
        CHECK(clock_monotonic_usec() - begin < LONG_SECONDS * USEC_PER_SEC / 2);
}

/* No child is left: what was orphaned comes to us, as the subreaper, and has ended. */
static void check_no_children(void)
{
        pid_t pid;

        do
                pid = waitpid(-1, NULL, 0);
        while (pid > 0);
        CHECK(pid < 0 && errno == ECHILD);
}

static void test_good(void)
{
        expect("environment", "", "PATH=" COMMAND_PATH "\nLANG=C\nstdin 0, fd 3 -1\n");
        expect("arguments", "$(echo) '*'; {", "$(echo) '*'; {");
        expect("close-stdout", "", "said");
}

static void test_bad(void)
{
        expect_failure("fail", 0, LONG_SECONDS * USEC_PER_SEC, "exited with status 3: last ?[31m?? words");
        expect_failure("signal", 0, LONG_SECONDS * USEC_PER_SEC, "was killed by signal");
        expect_failure("complain", 0, LONG_SECONDS * USEC_PER_SEC, "status 1: complaint 49999");
        expect_failure("huge", -EFBIG, LONG_SECONDS * USEC_PER_SEC, "printed more than");
        expect_failure("slow", -ETIME, SHORT_USEC, "did not end within");
        expect_failure("ignore-sigterm", -ETIME, SHORT_USEC, "did not end within");
}

/* Who holds its pipe open after it ended holds nobody up. */
static void test_left_behind(void)
{
        uint64_t begin = clock_monotonic_usec();

        expect("leave-child", "", "said");
        check_no_children();
        expect("leave-session", "", "said");
        CHECK(clock_monotonic_usec() - begin < LONG_SECONDS * USEC_PER_SEC / 2);
        check_no_children();
}

static void test_absent(void)
{
        _cleanup_(failure_done) Failure why = { 0 };
        char *words[] = { (char *) "/nowhere/tool", NULL };

        CHECK(command_run(words, USEC_PER_SEC, 0, NULL, NULL, &why) == -ENOENT);
        CHECK(streq(failure_message(&why), "there is no program '/nowhere/tool'"));
        words[0] = (char *) "vgpu-hibernate-no-such-tool";
        CHECK(command_run(words, USEC_PER_SEC, 0, NULL, NULL, NULL) == -ENOENT);
        words[0] = (char *) "true";
        CHECK(command_run(words, LONG_SECONDS * USEC_PER_SEC, 0, NULL, NULL, NULL) == 0);
        words[0] = (char *) "/dev/null";
        CHECK(command_run(words, USEC_PER_SEC, 0, NULL, NULL, NULL) < 0);
}

static void test_line_for_people(void)
{
        char line[COMMAND_LINE_MAX], longest[3 * COMMAND_LINE_MAX];

        command_line_for_people("", 0, line);
        CHECK(streq(line, ""));
        command_line_for_people("\n \n", 3, line);
        CHECK(streq(line, ""));
        command_line_for_people("a\nb\0c\n", 6, line);
        CHECK(streq(line, "b?c"));
        memset(longest, 'x', sizeof(longest));
        command_line_for_people(longest, sizeof(longest), line);
        CHECK(strlen(line) == COMMAND_LINE_MAX - 1);
}

int main(int argc, char *argv[])
{
        if (argc >= 3 && streq(argv[1], "be"))
                return be(argv[2], argc >= 4 ? argv[3] : "");

        program = realpath(self, NULL);
        CHECK(program);
        CHECK(prctl(PR_SET_CHILD_SUBREAPER, 1) >= 0);

        test_good();
        test_bad();
        test_left_behind();
        test_absent();
        test_line_for_people();
        free(program);
        return EXIT_SUCCESS;
}
