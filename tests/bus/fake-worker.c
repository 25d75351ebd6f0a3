/* SPDX-License-Identifier: LGPL-2.1-or-later */

/*
 * A worker that does what the test says, over the daemon's real protocol: journals and records by the store,
 * lines of JSON on stdout, datagrams to NOTIFY_SOCKET. It obeys lines of text from named pipes in
 * STATE_DIR/fake: "world" for "watch" (which tells in "seen"), "job-ID" for "run ID" and "recover ID", "explain" for "explain", "probe" for "probe",
 * "plan" for "plan", "start" for "start", "adopt" for "adopt" and "disown". Without the pipe of "probe" nothing bad is found.
 */
#include <fcntl.h>
#include <getopt.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <systemd/sd-daemon.h>

#include "basic/clock.h"
#include "basic/fileio.h"
#include "store/families.h"
#include "store/image-record.h"
#include "store/journal.h"
#include "tests/unit/test.h"
#include "worker/make-plan.h"

#define WORKER_SECONDS_MAX 60U

static const char *families_dir;
static volatile sig_atomic_t canceled, asked_to_rest;

static void on_sigterm(int signal_number)
{
        canceled = 1;
}

static void on_sigusr1(int signal_number)
{
        asked_to_rest = 1;
}

static void await_request_to_rest(void)
{
        sigset_t none;

        (void) sigemptyset(&none);
        while (!asked_to_rest)
                (void) sigsuspend(&none);
}

/* Readable and writable, so that it never ends and its writer need not be there. */
static int open_pipe(int state_fd, const char *name)
{
        _cleanup_close_ int fake_fd = -EBADF;
        int fd;

        CHECK(open_directory_at(state_fd, "fake", true, &fake_fd) >= 0);
        CHECK(mkfifoat(fake_fd, name, 0600) >= 0 || errno == EEXIST);
        fd = openat(fake_fd, name, O_RDWR | O_CLOEXEC);
        CHECK(fd >= 0);
        return fd;
}

/* Until one of them is ready; false: interrupted. Signals come only here. */
static bool wait_ready(struct pollfd *p, size_t n)
{
        sigset_t none;

        (void) sigemptyset(&none);
        while (ppoll(p, n, NULL, &none) < 0)
                if (canceled)
                        return false;

        return true;
}

/* One line without its end; byte by byte, since what follows may be for another process. NULL:
 * interrupted. */
static char *read_line(int fd)
{
        char *line = NULL;
        size_t n = 0, allocated = 0;

        for (;;) {
                struct pollfd p = { .fd = fd, .events = POLLIN };

                if (n == 0 && !wait_ready(&p, 1))
                        return NULL;
                if (n + 1 >= allocated) {
                        allocated = allocated == 0 ? 256 : allocated * 2;
                        line = realloc(line, allocated);
                        CHECK(line);
                }
                CHECK(read(fd, line + n, 1) == 1);
                if (line[n] == '\n') {
                        line[n] = '\0';
                        return line;
                }
                n++;
        }
}

/* Until the daemon has read all that was written to it: what it is asked from then on, it answers with that in mind. */
static void await_reader(int seen_fd)
{
        struct pollfd gone = { .fd = STDOUT_FILENO };
        int unread;

        do {
                CHECK(ioctl(STDOUT_FILENO, FIONREAD, &unread) >= 0);
                if (unread == 0)
                        CHECK(write(seen_fd, "", 1) == 1);
        } while (unread > 0 && poll(&gone, 1, 1) == 0);
}

/* "exit N", "die", "seen", or a line to pass on. */
static int watch(int state_fd)
{
        _cleanup_close_ int fd = open_pipe(state_fd, "world"), seen_fd = open_pipe(state_fd, "seen"),
                            lock_fd = -EBADF;

        /* One that an earlier daemon left behind would take the lines of this one. */
        lock_fd = openat(state_fd, "fake/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        CHECK(lock_fd >= 0 && flock(lock_fd, LOCK_EX) >= 0);

        for (;;) {
                struct pollfd p[] = { { .fd = STDOUT_FILENO }, { .fd = fd, .events = POLLIN } };
                _cleanup_free_ char *line = NULL;

                if (!wait_ready(p, ELEMENTSOF(p)) || p[0].revents != 0)
                        return 0;

                line = read_line(fd);
                if (!line)
                        return 0;
                if (strncmp(line, "exit ", 5) == 0)
                        return atoi(line + 5);
                if (streq(line, "die"))
                        (void) raise(SIGKILL);
                if (streq(line, "seen")) {
                        await_reader(seen_fd);
                        continue;
                }

                (void) printf("%s\n", line);
                (void) fflush(stdout);
        }
}

static uint64_t own_start_ticks(void)
{
        _cleanup_free_ char *text = NULL;
        unsigned long long ticks;
        const char *p;

        CHECK(read_file_at(AT_FDCWD, "/proc/self/stat", 4096, &text, NULL) >= 0);
        p = strrchr(text, ')');
        CHECK(p && sscanf(p + 2,
                          "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
                          &ticks) == 1);
        return ticks;
}

static void save(int jobs_fd, const Job *j)
{
        Failure f = { 0 };

        CHECK(journal_write(jobs_fd, j, &f) >= 0);
        (void) sd_notifyf(false, "X_VGPU_JOB=%" PRIu64, j->id);
}

static void end(int jobs_fd, Job *j, JobState state)
{
        if (state == JOB_CANCELED && j->state == JOB_RUNNING)
                CHECK(job_set_state(j, JOB_UNDOING) >= 0);
        CHECK(job_set_state(j, state) >= 0);
        for (size_t i = 0; state == JOB_DONE && i < j->n_steps; i++)
                j->steps[i].state = STEP_DONE;
        j->ended_usec = clock_realtime_usec();
        save(jobs_fd, j);
}

static void obey_step(Job *j, const char *rest)
{
        char name[32], state[32];
        JobStep *s;

        CHECK(sscanf(rest, "%31s %31s", name, state) == 2);
        s = job_find_step(j, step_id_from_string(name));
        CHECK(s);
        s->state = step_state_from_string(state);
        CHECK(s->state >= 0);
        if (s->state == STEP_STARTED || s->started_usec == 0)
                s->started_usec = clock_realtime_usec();
        if (s->state != STEP_STARTED)
                s->ended_usec = clock_realtime_usec();
}

/* The step failed with these targets, and all is undone up to the commit. */
static void obey_retry(Job *j, const char *rest)
{
        char step[32], code[64];
        int n = 0;

        CHECK(sscanf(rest, "%31s %63s %n", step, code, &n) == 2);
        failure_done(&j->failure);
        (void) failure_set(&j->failure, failure_code_from_string(code), "%s", rest + n);
        CHECK(job_add_attempt(j, clock_realtime_usec(), step_id_from_string(step), &j->failure) >= 0);
        CHECK(job_set_state(j, JOB_UNDOING) >= 0 && job_set_state(j, JOB_RETRYING) >= 0);
        j->retry = true;
        j->worker_pid = 0;
}

/* Whether the line was the last: then *ret_status is what to exit with. */
static bool obey(const char *line, int jobs_fd, int images_fd, Job *j, int *ret_status)
{
        const FunctionSwap none = { 0 }, *swap = j->n_swaps > 0 ? j->swaps : &none;
        const FunctionRef from = swap_source(swap), to = swap_target(swap);
        uint64_t bytes, total;
        char word[64];
        int n = 0;

        if (sscanf(line, "exit %d", ret_status) == 1)
                return true;
        if (streq(line, "die"))
                (void) raise(SIGKILL);

        if (sscanf(line, "strategy %63s", word) == 1)
                CHECK(job_set_strategy(j, strategy_from_string(word)) >= 0);
        else if (sscanf(line, "state-on-request %63s", word) == 1) {
                await_request_to_rest();
                CHECK(job_set_state(j, job_state_from_string(word)) >= 0);
        } else if (sscanf(line, "state %63s", word) == 1)
                CHECK(job_set_state(j, job_state_from_string(word)) >= 0);
        else if (strncmp(line, "step ", 5) == 0)
                obey_step(j, line + 5);
        else if (sscanf(line, "bytes %" SCNu64 " %" SCNu64, &bytes, &total) == 2) {
                (void) sd_notifyf(false,
                                  "X_VGPU_JOB=%" PRIu64 "\nX_VGPU_BYTES=%" PRIu64
                                  "\nX_VGPU_BYTES_TOTAL=%" PRIu64,
                                  j->id, bytes, total);
                return false;
        } else if (sscanf(line, "predicted %" SCNu64 " %" SCNu64, &bytes, &total) == 2)
                j->predicted = (JobPrediction) { .save_usec = bytes, .resume_usec = total };
        else if (sscanf(line, "bytes-total %" SCNu64, &bytes) == 1)
                j->bytes = j->bytes_total = bytes;
        else if (sscanf(line, "fixups %63s", word) == 1)
                CHECK((int) (j->fixups = guest_fixups_from_string(word)) >= 0);
        else if (sscanf(line, "record %" SCNu64, &bytes) == 1)
                CHECK(image_record_write(images_fd, j, bytes, NULL) >= 0);
        else if (streq(line, "unrecord"))
                CHECK(image_record_remove(images_fd, j->domain_uuid, NULL) >= 0);
        else if (strncmp(line, "quarantine ", 11) == 0)
                CHECK(job_quarantine(j, &from, line + 11) >= 0);
        else if (strncmp(line, "quarantine-target ", 18) == 0)
                CHECK(job_quarantine(j, &to, line + 18) >= 0);
        else if (strncmp(line, "stuck ", 6) == 0)
                CHECK(free_and_strdup(&j->stuck, line + 6) >= 0);
        else if (strncmp(line, "retry ", 6) == 0) {
                obey_retry(j, line + 6);
                save(jobs_fd, j);
                *ret_status = 75;
                return true;
        } else if (sscanf(line, "fail %63s %n", word, &n) == 1) {
                (void) failure_set(&j->failure, failure_code_from_string(word), "%s", line + n);
                end(jobs_fd, j, JOB_FAILED);
                *ret_status = 1;
                return true;
        } else if (sscanf(line, "end %63s", word) == 1) {
                end(jobs_fd, j, job_state_from_string(word));
                *ret_status = 0;
                return true;
        } else
                CHECK(!"a command that the fake worker does not know");

        save(jobs_fd, j);
        return false;
}

static int work(int state_fd, uint64_t id, bool recover)
{
        _cleanup_close_ int jobs_fd = -EBADF, images_fd = -EBADF, lock_fd = -EBADF, fd = -EBADF;
        _cleanup_(job_freep) Job *j = NULL;
        char name[64];

        CHECK(open_directory_at(state_fd, "jobs", false, &jobs_fd) >= 0);
        CHECK(open_directory_at(state_fd, "images", false, &images_fd) >= 0);
        (void) snprintf(name, sizeof(name), "job-%" PRIu64, id);
        fd = open_pipe(state_fd, name);

        lock_fd = journal_lock(jobs_fd, id);
        if (lock_fd < 0)
                return 75;

        CHECK(journal_read(jobs_fd, id, &j, NULL) >= 0);
        CHECK(job_set_state(j, recover ? JOB_RECOVERING : JOB_RUNNING) >= 0);
        j->worker_pid = (uint32_t) getpid();
        j->worker_start_ticks = own_start_ticks();
        if (j->fixups == FIXUPS_UNKNOWN && j->kind != JOB_RESUME)
                j->fixups = FIXUPS_YES; /* unless the test says otherwise */
        save(jobs_fd, j);

        for (;;) {
                _cleanup_free_ char *line = read_line(fd);
                int status;

                if (!line) {
                        (void) failure_set(&j->failure, FAILURE_CANCELED, "canceled");
                        end(jobs_fd, j, JOB_CANCELED);
                        return 1;
                }

                if (obey(line, jobs_fd, images_fd, j, &status))
                        return status;
        }
}

static int make_plan(char *const *words)
{
        Config config = { 0 };
        int r;

        CHECK(families_load((const char *const[]) { families_dir, NULL }, &config.families, NULL) >= 0);
        r = make_plan_print(&config, words);
        families_done(&config.families);
        return r < 0;
}

/* What is found of a function where the test does not mind. */
static int find_nothing(void)
{
        (void) printf("{\"strategy\":\"auto\",\"findings\":[]}\n");
        return 0;
}

/* Obeys as answer(), but "echo" says what was asked in the place of a diff. */
static int adopt(int state_fd, char *const *words, bool dry_run)
{
        _cleanup_close_ int fd = open_pipe(state_fd, "adopt");
        _cleanup_free_ char *line = read_line(fd);

        if (!line)
                return 1;
        if (streq(line, "die"))
                (void) raise(SIGKILL);
        if (!streq(line, "echo")) {
                (void) printf("%s\n", line);
                return 0;
        }

        (void) printf("{\"diff\":\"%s", dry_run ? "dry " : "");
        for (size_t i = 0; words[i]; i++)
                (void) printf("%s%s", i > 0 ? " " : "", words[i]);
        (void) printf("\",\"autostart_before\":true,\"autostart_after\":false}\n");
        return 0;
}

/* Answers as the one line that it reads says: "exit N", "die", "flood", "hang", "echo" (with the words of the command
 * line), "make-plan" (as the real one does), or by that line itself. */
static int answer(int state_fd, const char *verb, char *const *words)
{
        _cleanup_close_ int fd = open_pipe(state_fd, verb), lock_fd = -EBADF;
        _cleanup_free_ char *line = NULL;
        char lock[64];

        /* Each takes a whole line. */
        (void) snprintf(lock, sizeof(lock), "fake/%s-lock", verb);
        lock_fd = openat(state_fd, lock, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        CHECK(lock_fd >= 0 && flock(lock_fd, LOCK_EX) >= 0);
        line = read_line(fd);
        if (!line)
                return 1;
        CHECK(flock(lock_fd, LOCK_UN) >= 0);

        if (strncmp(line, "exit ", 5) == 0)
                return atoi(line + 5);
        if (streq(line, "die"))
                (void) raise(SIGKILL);
        while (streq(line, "flood"))
                (void) printf("all work and no play makes a dull worker\n");
        while (streq(line, "hang"))
                (void) pause();

        if (streq(line, "make-plan"))
                return make_plan(words);
        if (streq(line, "echo"))
                (void) printf("{\"strategy\":\"suspend-to-ram\",\"fixups\":\"yes\",\"bytes_needed\":1000,\"bytes_available\":5000,"
                              "\"findings\":[{\"scope\":\"policy\",\"blocking\":false,"
                              "\"message\":\"%s %s %s\"}]}\n",
                              words[0], words[1], words[2]);
        else
                (void) printf("%s\n", line);
        return 0;
}

int main(int argc, char *argv[])
{
        static const struct option options[] = {
                { "config", required_argument, NULL, 'c' },
                { "state-dir", required_argument, NULL, 's' },
                { "families-dir", required_argument, NULL, 'f' },
                { "dry-run", no_argument, NULL, 'n' },
                { 0 },
        };
        const struct sigaction term = { .sa_handler = on_sigterm }, usr1 = { .sa_handler = on_sigusr1 };
        _cleanup_close_ int state_fd = -EBADF;
        const char *state_dir = NULL;
        bool dry_run = false;
        sigset_t blocked;
        int c;

        while ((c = getopt_long(argc, argv, "", options, NULL)) >= 0)
                if (c == 's')
                        state_dir = optarg;
                else if (c == 'f')
                        families_dir = optarg;
                else if (c == 'n')
                        dry_run = true;

        CHECK(state_dir && optind < argc);
        (void) sigemptyset(&blocked);
        (void) sigaddset(&blocked, SIGTERM);
        (void) sigaddset(&blocked, SIGUSR1);
        CHECK(sigprocmask(SIG_BLOCK, &blocked, NULL) >= 0);
        CHECK(sigaction(SIGTERM, &term, NULL) >= 0 && sigaction(SIGUSR1, &usr1, NULL) >= 0);
        CHECK(open_directory_at(AT_FDCWD, state_dir, false, &state_fd) >= 0);

        /* "inherit nothing else": only the three. */
        CHECK(fcntl(3, F_GETFD) < 0 || state_fd == 3);

        if (streq(argv[optind], "watch"))
                return watch(state_fd);

        /* It outlives the daemon, but must not outlive a test that failed. */
        (void) alarm(WORKER_SECONDS_MAX);
        CHECK(optind + 1 < argc);
        if (streq(argv[optind], "adopt") || streq(argv[optind], "disown")) {
                CHECK(optind + (streq(argv[optind], "adopt") ? 4 : 2) == argc);
                return adopt(state_fd, argv + optind, dry_run);
        }
        if (streq(argv[optind], "probe")) {
                CHECK(optind + 2 == argc);
                return faccessat(state_fd, "fake/probe", F_OK, 0) < 0
                                       ? find_nothing()
                                       : answer(state_fd, "probe", argv + optind + 1);
        }
        if (streq(argv[optind], "plan"))
                return answer(state_fd, "plan", argv + optind + 1);
        if (streq(argv[optind], "start")) {
                CHECK(optind + 2 == argc);
                return answer(state_fd, "start", argv + optind + 1);
        }
        if (streq(argv[optind], "explain")) {
                CHECK(optind + 4 == argc);
                return answer(state_fd, "explain", argv + optind + 1);
        }

        return work(state_fd, strtoull(argv[optind + 1], NULL, 10), streq(argv[optind], "recover"));
}
