/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "store/job-log.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "vgpu-hibernate.h"

#define MORE_FIELDS_MAX 4U
#define FIELDS_MAX (4 + 2 * JOB_FUNCTIONS_MAX + MORE_FIELDS_MAX)

typedef struct JobFields {
        LogField fields[FIELDS_MAX + 1]; /* the last one ends the list */
        size_t n;
        char id[sizeof("18446744073709551615")];
        char addresses[2 * JOB_FUNCTIONS_MAX][PCI_ADDRESS_STRING_MAX];
        size_t n_addresses;
} JobFields;

static void add(JobFields *f, const char *name, const char *value)
{
        assert(f->n < FIELDS_MAX);

        f->fields[f->n++] = (LogField) { name, value };
}

static void add_address(JobFields *f, const char *name, const PciAddress *a)
{
        add(f, name, pci_address_format(a, f->addresses[f->n_addresses++]));
}

static void add_job(JobFields *f, const Job *j)
{
        const JobStep *step = job_current_step(j);

        (void) snprintf(f->id, sizeof(f->id), "%" PRIu64, j->id);

        add(f, "JOB_ID", f->id);
        add(f, "DOMAIN_UUID", j->apply ? NULL : j->domain_uuid);
        add(f, "DOMAIN_NAME", j->apply ? NULL : j->domain_name);
        add(f, "STEP", step ? step_id_to_string(step->id) : NULL);

        for (size_t i = 0; i < j->n_swaps; i++) {
                if (j->swaps[i].has_from)
                        add_address(f, "FUNCTION_FROM", &j->swaps[i].from);
                if (j->swaps[i].has_to)
                        add_address(f, "FUNCTION_TO", &j->swaps[i].to);
        }
}

void job_log_struct(const Job *j, int level, const char *message_id, const LogField *fields,
                    const char *format, ...)
{
        _cleanup_free_ char *text = NULL;
        JobFields f = { 0 };
        va_list ap;

        va_start(ap, format);
        if (vasprintf(&text, format, ap) < 0)
                text = NULL;
        va_end(ap);

        add_job(&f, j);
        for (; fields && fields->name; fields++)
                add(&f, fields->name, fields->value);

        if (j->apply)
                log_struct(level, message_id, f.fields, "Job %" PRIu64 " (%s): %s", j->id,
                           job_kind_to_string(j->kind), text ? text : "out of memory");
        else
                log_struct(level, message_id, f.fields, "Job %" PRIu64 " (%s of domain '%s'): %s", j->id,
                           job_kind_to_string(j->kind), j->domain_name, text ? text : "out of memory");
}

/* The most particular that is true. */
static const char *end_message_id(const Job *j)
{
        if (j->state == JOB_DONE)
                return VGPU_HIBERNATE_MESSAGE_JOB_DONE;
        if (j->state == JOB_CANCELED)
                return VGPU_HIBERNATE_MESSAGE_JOB_CANCELED;
        if (j->failure.code == FAILURE_LOST)
                return VGPU_HIBERNATE_MESSAGE_GUEST_LOST;
        /* Before its commit a hibernate or move has a guest that runs: its memory is not in that image. */
        if (j->failure.code == FAILURE_IMAGE_DAMAGED && (j->kind == JOB_RESUME || job_is_committed(j)))
                return VGPU_HIBERNATE_MESSAGE_IMAGE_DAMAGED;
        return VGPU_HIBERNATE_MESSAGE_JOB_FAILED;
}

void job_log_end(const Job *j)
{
        const char *state = job_state_to_string(j->state), *id = end_message_id(j);

        assert(job_state_is_final(j->state));

        if (j->state == JOB_DONE)
                job_log_struct(j, LOG_INFO, id, NULL, "%s", state);
        else
                job_log_struct(j, j->state == JOB_CANCELED ? LOG_NOTICE : LOG_ERR, id,
                               JOB_LOG_ERROR(j->failure.code), "%s: %s", state,
                               failure_message(&j->failure));
}
