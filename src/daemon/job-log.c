/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "daemon/job-log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "basic/log.h"

void job_log(const Job *j, int level, const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);

        /* The fields are the process's, and this one works on many jobs: they are set for one message. */
        log_set_job(j->id, j->domain_uuid, j->domain_name);
        log_message(level, "Job %" PRIu64 " (%s of domain '%s'): %s", j->id, job_kind_to_string(j->kind),
                    j->domain_name, text ? text : "out of memory");
        log_set_job(0, NULL, NULL);
}
