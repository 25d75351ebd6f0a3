/* SPDX-License-Identifier: LGPL-2.1-or-later */

/* What the journal would get, with sd_journal_sendv() replaced. */
#include "store/job-log.h"

#include <sys/stat.h>
#include <sys/uio.h>

#include "test.h"
#include "vgpu-hibernate.h"

/* The last message: "FIELD=value\n" for each field, in order. */
static char sent[16384];

int __wrap_sd_journal_sendv(const struct iovec *iov, int n);

int __wrap_sd_journal_sendv(const struct iovec *iov, int n)
{
        sent[0] = '\0';
        for (int i = 0; i < n; i++) {
                CHECK(strlen(sent) + iov[i].iov_len + 2 <= sizeof(sent));
                (void) strncat(sent, iov[i].iov_base, iov[i].iov_len);
                (void) strcat(sent, "\n");
        }

        return 0;
}

/* As systemd does it for a service. */
static void connect_stderr_to_journal(void)
{
        char stream[64];
        struct stat st;

        CHECK(fstat(STDERR_FILENO, &st) >= 0);
        (void) snprintf(stream, sizeof(stream), "%llu:%llu", (unsigned long long) st.st_dev,
                        (unsigned long long) st.st_ino);
        CHECK(setenv("JOURNAL_STREAM", stream, true) >= 0);
        log_open();
}

static PciAddress address(const char *s)
{
        PciAddress a;

        CHECK(pci_address_parse(s, &a) >= 0);
        return a;
}

static Job *make_move(size_t n_functions)
{
        FunctionSwap swaps[JOB_FUNCTIONS_MAX] = { 0 };
        Job *j;

        for (size_t i = 0; i < n_functions; i++) {
                swaps[i] = (FunctionSwap) {
                        .has_from = true,
                        .from = address("0000:01:10.0"),
                        .has_to = true,
                        .to = address("0000:02:10.0"),
                };
                swaps[i].from.slot = swaps[i].to.slot = (uint8_t) (i % 32);
        }

        CHECK(job_new(7, JOB_MOVE, STRATEGY_SUSPEND_TO_RAM, "c0ffee", "vm1", &j) >= 0);
        CHECK(job_set_swaps(j, swaps, n_functions) >= 0);
        return j;
}

static void test_message_without_job(void)
{
        log_info("Ready");
        CHECK(streq(sent, "MESSAGE=Ready\nPRIORITY=6\n"));

        log_struct(LOG_WARNING, VGPU_HIBERNATE_MESSAGE_DEGRADED, LOG_FIELDS({ "A", "1" }, { "B", NULL }),
                   "%s", "two\nlines");
        CHECK(streq(sent, "MESSAGE=two\nlines\nPRIORITY=4\nMESSAGE_ID=" VGPU_HIBERNATE_MESSAGE_DEGRADED
                          "\nA=1\n"));

        log_debug("not asked for");
        CHECK(!strstr(sent, "not asked for"));
}

static void test_job_before_its_first_step(void)
{
        _cleanup_(job_freep) Job *j = make_move(2);

        job_log_struct(j, LOG_INFO, VGPU_HIBERNATE_MESSAGE_JOB_ACCEPTED, NULL, "accepted");
        CHECK(streq(sent, "MESSAGE=Job 7 (move of domain 'vm1'): accepted\nPRIORITY=6\n"
                          "MESSAGE_ID=" VGPU_HIBERNATE_MESSAGE_JOB_ACCEPTED
                          "\nJOB_ID=7\nDOMAIN_UUID=c0ffee\nDOMAIN_NAME=vm1\n"
                          "FUNCTION_FROM=0000:01:00.0\nFUNCTION_TO=0000:02:00.0\n"
                          "FUNCTION_FROM=0000:01:01.0\nFUNCTION_TO=0000:02:01.0\n"));
}

static void test_job_in_a_step(void)
{
        _cleanup_(job_freep) Job *j = make_move(1);

        j->steps[0].state = STEP_DONE;
        j->steps[1].state = STEP_STARTED;

        job_log_struct(j, LOG_ERR, NULL, JOB_LOG_ERROR(FAILURE_BIND_FAILED), "no");
        CHECK(strstr(sent, "\nSTEP=bind\n"));
        CHECK(strstr(sent, "\nERROR=BindFailed\n"));
        CHECK(!strstr(sent, "MESSAGE_ID="));
}

static void test_job_with_most_functions(void)
{
        _cleanup_(job_freep) Job *j = make_move(JOB_FUNCTIONS_MAX);

        job_log_struct(j, LOG_INFO, NULL, LOG_FIELDS({ "FUNCTION", "0000:01:1f.0" }), "x");
        CHECK(strstr(sent, "\nFUNCTION_TO=0000:02:1f.0\nFUNCTION=0000:01:1f.0\n"));
}

static void check_end(JobKind kind, StepId last_done, JobState state, FailureCode code, const char *id)
{
        _cleanup_(job_freep) Job *j = NULL;

        CHECK(job_new(7, kind, STRATEGY_SUSPEND_TO_RAM, "c0ffee", "vm1", &j) >= 0);
        for (size_t i = 0; i == 0 || j->steps[i - 1].id != last_done; i++)
                j->steps[i].state = STEP_DONE;

        if (code != FAILURE_NONE)
                (void) failure_set(&j->failure, code, "why");
        CHECK(job_set_state(j, JOB_RECOVERING) >= 0);
        CHECK(job_set_state(j, state) >= 0);

        job_log_end(j);
        CHECK(strstr(sent, id));
        CHECK(!strstr(sent, "\nERROR=") == (state == JOB_DONE));
}

static void test_end(void)
{
        check_end(JOB_MOVE, STEP_HEALTH, JOB_DONE, FAILURE_NONE, VGPU_HIBERNATE_MESSAGE_JOB_DONE);
        check_end(JOB_MOVE, STEP_SAVE, JOB_CANCELED, FAILURE_CANCELED, VGPU_HIBERNATE_MESSAGE_JOB_CANCELED);
        check_end(JOB_MOVE, STEP_SAVE, JOB_FAILED, FAILURE_NO_SPACE, VGPU_HIBERNATE_MESSAGE_JOB_FAILED);
        check_end(JOB_MOVE, STEP_SAVE, JOB_FAILED, FAILURE_LOST, VGPU_HIBERNATE_MESSAGE_GUEST_LOST);

        /* A damaged image matters when it is what the domain lives from. */
        check_end(JOB_MOVE, STEP_CHECK, JOB_FAILED, FAILURE_IMAGE_DAMAGED,
                  VGPU_HIBERNATE_MESSAGE_JOB_FAILED);
        check_end(JOB_MOVE, STEP_SYNC, JOB_FAILED, FAILURE_IMAGE_DAMAGED,
                  VGPU_HIBERNATE_MESSAGE_IMAGE_DAMAGED);
        check_end(JOB_RESUME, STEP_CHECK, JOB_FAILED, FAILURE_IMAGE_DAMAGED,
                  VGPU_HIBERNATE_MESSAGE_IMAGE_DAMAGED);
}

int main(void)
{
        connect_stderr_to_journal();
        test_message_without_job();
        test_job_before_its_first_step();
        test_job_in_a_step();
        test_job_with_most_functions();
        test_end();
        return EXIT_SUCCESS;
}
