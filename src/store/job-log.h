/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

/*
 * What daemon and workers tell systemd's journal of a job, "Job 17 (move of domain 'vm1'): ...", with the job's fields,
 * so that JOB_ID=17 finds it. Here, since the journal outlives them like the rest of what a job leaves.
 */

#include "basic/log.h"
#include "core/job.h"

/* message_id and fields as for log_struct(); the fields come after the job's own. */
void job_log_struct(const Job *j, int level, const char *message_id, const LogField *fields,
                    const char *format, ...) _printf_(5, 6);

#define job_log(j, level, ...) job_log_struct(j, level, NULL, NULL, __VA_ARGS__)
/* The field of a message that names an error. */
#define JOB_LOG_ERROR(code) LOG_FIELDS({ "ERROR", failure_code_to_string(code) })

/* For whoever wrote the job's final state. */
void job_log_end(const Job *j);
